"""A vendor is a table of plain data and pure functions. `handle` decides about every request.

Other entries: the vendor endpoint calls `credential` before it, and `refusal_response` or `failure_response` where the
vendor has nothing to decide; faults and limits of the sandbox call `failure_response`; sample data calls `decide` of an
operation, without its rules. `finish` works out what a decision has left `Unfinished`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import MAIL, Decision, Record, Unfinished, VendorResponse, WebhookEvent
from assessment_simulator.core.questionnaire import Questionnaire
from assessment_simulator.core.request import Credential, VendorRequest
from assessment_simulator.core.results import Results
from assessment_simulator.core.retry_schedule import Delivery, WebhookRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.schema import Example, Interface
from assessment_simulator.core.sources import BehaviourFlag, Verified
from assessment_simulator.core.states import DiagramPosition, State, StateMachine
from assessment_simulator.core.text import all_ignored


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that a vendor does on request: rules in stages, then the decision."""

    name: str
    decide: Callable[[VendorRequest, SandboxView], Decision]
    stages: tuple[tuple[Rule, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation that is available over HTTP; `{word}` in the path stands for one segment."""

    method: str
    path: str
    operation: Operation
    statuses: tuple[int, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A vendor's invitation in neutral words."""

    id: str
    vendor: str
    status: str | int
    candidate: Mapping[str, str | None]
    created: int  # in ticks
    links: Mapping[str, str]  # with the placeholders of `core.links`
    references: tuple[str | None, ...] = ()  # the caller's own ids of what it is for, besides the candidate's


@dataclass(frozen=True, slots=True)
class Sample:
    """One invitation of the sample data."""

    operation: str
    body: Mapping[str, Any]
    age: int  # in ticks
    actions: tuple[str, ...] = ()
    behaviour: Mapping[str, str | int | bool | None] = field(default_factory=dict)  # the flags when it is created


@dataclass(frozen=True, slots=True)
class InvitationForm:
    """How a form creates an invitation: the operation that it sends, and what can be chosen.

    `body` makes the operation's body of the filled fields: `first_name`, `last_name`, `email`, `external_id`, `subject`
    (one of `subjects`), `language`, `redirect`, `send_email`.
    """

    operation: str
    token_operation: str | None  # sent first, where the operation needs a bearer token
    subject: str  # what is chosen from the settings: the position, or the assessment
    subjects: Callable[[Config], Iterable[tuple[str, str]]]  # value and title
    languages: Mapping[str, str]  # titles by tag; none where the vendor's API takes no language
    body: Callable[[Mapping[str, str], Config], dict[str, Any]]
    created_id: Callable[[Any], str]  # of the invitation, from the response


@dataclass(frozen=True, slots=True)
class Vendor:
    """Everything that is known of one vendor."""

    id: str
    title: str
    roots: tuple[str, ...]  # path prefixes
    base_path: str  # of the base URL that clients are given
    hosts: tuple[str, ...]  # under which the vendor serves its API; `--intercept` answers for them
    headers: tuple[str, ...]  # the request headers that it reads, in lower case
    endpoints: tuple[Endpoint, ...]
    # Operations without an endpoint: what candidates, timers and the control API do to an invitation, whose id is the
    # parameter `id`. They respond 200, or 409 with `{"detail": …}`.
    actions: Mapping[str, Operation]
    sample_actions: Mapping[str, Operation]  # more of them, which only sample data uses
    http_rules: Mapping[str, Rule]  # those that the HTTP layer checks: `route`, `verb`, `encoding` and `size`
    behaviour_flags: tuple[BehaviourFlag, ...]
    state_machine: StateMachine
    diagram_positions: Mapping[State, DiagramPosition]
    record_kind: str  # of its invitations
    credentials: Mapping[str, tuple[str, ...]]  # by kind: the members that a caller is given, the id, then any secret
    # From the operation's name, the path's parameters, the headers and the parsed body.
    credential: Callable[[str, Mapping[str, str], Mapping[str, str], Any], Credential | None]
    render_refusal: Callable[[tuple[Rule, ...], VendorRequest, SandboxView], VendorResponse]
    render_failure: Callable[[int, VendorRequest], VendorResponse]  # with a status, when the vendor itself fails
    bearer_token: Callable[[VendorRequest], str] | None  # the id of the request's `TOKEN` record; empty: none
    extra_headers: Callable[[SandboxView], tuple[tuple[str, str], ...]]  # of every response
    to_invitation: Callable[[Stored], Invitation]
    to_results: Callable[[Stored], Results | None]  # of a completed invitation
    invitation_form: InvitationForm
    webhook_request: Callable[[Delivery, int, Config], WebhookRequest]
    webhook_status: Callable[[WebhookEvent], State]  # that a webhook announces
    samples: Callable[[int], tuple[Sample, ...]]
    # The invitation of a person (`email`, `first_name`, `last_name`, `external_id`), and its number in the sandbox.
    seed: Callable[[Mapping[str, str | None], Config, int], Sample]
    questionnaire: Questionnaire | None = None
    interface: Interface = field(default_factory=Interface)
    examples: Callable[[], Mapping[str, Example]] = dict  # of every rule, by its id
    # Returns the request as the vendor reads it, before any rule is checked, and notes about what it corrected.
    normalize: Callable[[VendorRequest, SandboxView], tuple[VendorRequest, tuple[str, ...]]] = (
        lambda request, view: (request, ())
    )  # fmt: skip
    # By the id of a rule the comparisons with the vendor in which it agreed; from `verified.json`.
    verified: Mapping[str, tuple[Verified, ...]] = field(default_factory=dict)
    ignores_path_case: bool = False  # of paths, and one slash at their end

    @property
    def operations(self) -> dict[str, Operation]:
        """Every operation by name: endpoints', actions' and those of sample data."""
        return {e.operation.name: e.operation for e in self.endpoints} | dict(self.actions) | dict(self.sample_actions)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule once, in the order in which a reader of the endpoints meets them."""
        found = [*self.http_rules.values()]
        for operation in self.operations.values():
            found += [rule for stage in operation.stages for rule in stage]
        return tuple({rule.id: rule for rule in found}.values())


def violated_rules(
    stages: Iterable[tuple[Rule, ...]], request: VendorRequest, view: SandboxView
) -> tuple[Rule, ...]:  # fmt: skip
    """All violated rules of the first stage that has any: later stages may rely on the earlier ones."""
    for stage in stages:
        # Nearly every request is valid: the inner loop creates nothing before the first violation.
        for rule in stage:
            if not rule.check(request, view):
                return tuple(rule for rule in stage if not rule.check(request, view))
    return ()


def handle(vendor: Vendor, operation: Operation, request: VendorRequest, view: SandboxView) -> Decision:
    """Return the vendor's decision about a request, and change nothing: equal arguments give equal decisions."""
    request, notes = vendor.normalize(request, view)
    violated = violated_rules(operation.stages, request, view)
    if violated:
        decision = Decision(refusal_response(vendor, violated, request, view))
    else:
        decision = operation.decide(request, view)
    response = decision.response
    # `decide` refuses too where the HTTP layer checked a rule. A refusal has hints, and no notes about ignored input.
    if not response.rules:
        content = vendor.interface.contents.get(operation.name) if request.query else None
        if content is not None:
            known = [one.name for one in content.parameters if one.place == "query"]
            notes += all_ignored("query", request.query, known, "parameter")
        if notes:
            response = response._replace(notes=response.notes + notes)
    if headers := vendor.extra_headers(view):
        response = response._replace(headers=response.headers + headers)
    return decision if response is decision.response else decision._replace(response=response)


def refusal_response(
    vendor: Vendor, violated: tuple[Rule, ...], request: VendorRequest, view: SandboxView
) -> VendorResponse:
    """The vendor's response to a request that violates these rules, with their ids and hints beside it."""
    hints = [rule.hint(request, view) for rule in violated if rule.hint is not None]
    return vendor.render_refusal(violated, request, view)._replace(
        rules=tuple(rule.id for rule in violated), hints=tuple(dict.fromkeys(hint for hint in hints if hint))
    )


def finish(response: VendorResponse) -> Iterator[VendorResponse]:
    """The response after each short step of working out its body, which takes long; the last is whole."""
    yield response
    if isinstance(response.body, Unfinished):
        for done in response.body.steps:
            if done is not None:
                body, notes = done
                response = response._replace(body=body, notes=notes + response.notes)
            yield response


def failure_response(vendor: Vendor, status: int, request: VendorRequest, view: SandboxView) -> VendorResponse:
    """The vendor's response with this status to a valid request: it is the vendor that fails."""
    response = vendor.render_failure(status, request)
    return response._replace(headers=response.headers + vendor.extra_headers(view))


def mail(request: VendorRequest, to: str, subject: str, text: str, invitation: str, link: str) -> Record:
    """The invitation e-mail that a vendor would have sent; `text` and `link` may hold placeholders of `core.links`."""
    id = request.random.uuid()
    public = {
        "id": id, "at": instant.seven_digits(request.now), "to": to, "subject": subject, "text": text,
        "invitation": invitation, "link": link,
    }  # fmt: skip
    return Record(MAIL, id, None, public, {"base": request.base_url})
