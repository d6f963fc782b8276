"""A vendor is a table: endpoints, rules, states and promises. `handle` is the only entry to it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import Decision
from assessment_simulator.core.questionnaire import Questionnaire
from assessment_simulator.core.request import VendorRequest, VendorResponse
from assessment_simulator.core.retry_schedule import Delivery, WebhookRequest
from assessment_simulator.core.rules import Rule, violated_rules
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.schema import Interface
from assessment_simulator.core.sources import Assumption, Document, Guarantee, Omission, Source, Standing
from assessment_simulator.core.states import DiagramPosition, State, StateMachine
from assessment_simulator.core.text import all_ignored

Decide = Callable[[VendorRequest, SandboxView], Decision]


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that can be asked of a vendor: rules in stages, then the decision.

    The stages are judged in order; the first with a violated rule refuses, and names all its violated rules.
    """

    name: str
    decide: Decide
    stages: tuple[tuple[Rule, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An operation that answers over HTTP at `method` and `path` (`{word}` stands for one segment).

    `statuses` are those that it can respond with, `summary` says what it does in a few words.
    """

    method: str
    path: str
    operation: Operation
    statuses: tuple[int, ...]
    summary: str


class Credential(NamedTuple):
    """What a caller shows to be let in: `id`, and a `secret` where the vendor asks for one.

    A link carries its sandbox's name as `id`, the seal as `secret`, and the id of the `invitation` it is sealed for.
    """

    kind: str
    id: str
    secret: str = ""
    invitation: str = ""


@dataclass(frozen=True, slots=True)
class BehaviourFlag:
    """A behaviour that the vendor's documents leave open or contradict; the first of `values` is the default."""

    id: str
    values: tuple[str | int | bool | None, ...]
    statement: str
    source: Source
    standing: Standing = Standing.ASSUMED


@dataclass(frozen=True, slots=True)
class Invitation:
    """A vendor's invitation in neutral words; `created` is in ticks, `links` may hold the tokens of `core.request`.

    `references` are the caller's own ids of what it is for, besides the candidate's.
    """

    id: str
    vendor: str
    status: str | int
    candidate: Mapping[str, str | None]
    created: int
    links: Mapping[str, str]
    references: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One invitation of the demo: the body that creates it, the switches set meanwhile, how long ago, what then."""

    operation: str
    body: Mapping[str, Any]
    age: int
    actions: tuple[str, ...] = ()
    behaviour: Mapping[str, str | int | bool | None] = field(default_factory=dict)


def _as_sent(call: VendorRequest, world: SandboxView) -> tuple[VendorRequest, tuple[str, ...]]:
    return call, ()


@dataclass(frozen=True, slots=True)
class Vendor:
    """All that is known of one vendor.

    `normalize` gives a call as the vendor reads it, before any rule is judged, and the notes about what it forgave.
    With `ignores_path_case` the letter case of a path, and one slash at its end, do not matter.
    `roots` are the path prefixes it answers under; `headers` those of a request it wants to see (lower case).
    `actions` are operations without an endpoint: what a candidate, an alarm or the control API does to an invitation,
    by name, with the invitation's id as the parameter `id`; they reply 200, or 409 with `{"detail": …}`.
    `sample_actions` are more of them, which only samples use.
    `http_rules` are the rules that the HTTP edge judges: `route`, `verb`, `encoding` and `size`.
    `guarantees` are what it does besides what it demands, `omissions` what of it is not simulated.
    `credential` finds the credential of a request: it gets the operation's name, the path's parameters, the headers and
    the parsed body.
    `credentials` names, for each kind of credential, the members that a caller is given: the id, then any secret.
    `render_failure` is the response when the vendor itself fails. `bearer_token` returns the id of the `TOKEN` record
    that a request carries (empty: none), and is None where there are no tokens.
    `questionnaire` is the candidate's part, behind the invitations' links; None where a vendor's links lead nowhere.
    `diagram_positions` are where the states of the `state_machine` are drawn.
    `interface` describes what goes over the wire, for the OpenAPI document.
    `publisher` and `api` are the words in which its `documents` name the vendor and the API that is simulated; `about`
    says which API that is, and how we know. `assumptions` are the choices of ours that callers can depend on.
    """

    id: str
    title: str
    roots: tuple[str, ...]
    headers: tuple[str, ...]
    endpoints: tuple[Endpoint, ...]
    actions: Mapping[str, Operation]
    sample_actions: Mapping[str, Operation]
    http_rules: Mapping[str, Rule]
    behaviour_flags: tuple[BehaviourFlag, ...]
    state_machine: StateMachine
    diagram_positions: Mapping[State, DiagramPosition]
    record_kind: str
    credentials: Mapping[str, tuple[str, ...]]
    credential: Callable[[str, Mapping[str, str], Mapping[str, str], Any], Credential | None]
    render_refusal: Callable[[tuple[Rule, ...], VendorRequest, SandboxView], VendorResponse]
    render_failure: Callable[[int, VendorRequest], VendorResponse]
    bearer_token: Callable[[VendorRequest], str] | None
    extra_headers: Callable[[SandboxView], tuple[tuple[str, str], ...]]
    to_invitation: Callable[[Stored], Invitation]
    webhook_request: Callable[[Delivery, int, Config], WebhookRequest]
    samples: Callable[[int], tuple[Sample, ...]]
    guarantees: tuple[Guarantee, ...]
    omissions: tuple[Omission, ...]
    questionnaire: Questionnaire | None = None
    interface: Interface = field(default_factory=Interface)
    normalize: Callable[[VendorRequest, SandboxView], tuple[VendorRequest, tuple[str, ...]]] = _as_sent
    ignores_path_case: bool = False
    publisher: str = ""
    api: str = ""
    about: str = ""
    documents: tuple[Document, ...] = ()
    assumptions: tuple[Assumption, ...] = ()

    @property
    def operations(self) -> dict[str, Operation]:
        """Every operation by name: endpoints', actions' and staged ones."""
        return {e.operation.name: e.operation for e in self.endpoints} | dict(self.actions) | dict(self.sample_actions)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule once, in the order in which a reader of the endpoints meets them."""
        found = [*self.http_rules.values()]
        for operation in self.operations.values():
            found += [rule for stage in operation.stages for rule in stage]
        return tuple({rule.id: rule for rule in found}.values())


def handle(vendor: Vendor, operation: Operation, call: VendorRequest, world: SandboxView) -> Decision:
    """What the vendor makes of a call. Pure: the same call and world give the same decision, and nothing happens."""
    call, forgiven = vendor.normalize(call, world)
    found = violated_rules(operation.stages, call, world)
    decision = Decision(refusal_response(vendor, found, call, world)) if found else operation.decide(call, world)
    more = vendor.extra_headers(world)
    # A decision may be a refusal too: that of a request whose path or size the HTTP layer refuses.
    notes = () if decision.response.rules else forgiven + _strange_parameters(vendor, operation, call)
    if notes:
        decision = decision._replace(response=decision.response._replace(notes=decision.response.notes + notes))
    return decision._replace(response=_with_headers(decision.response, more)) if more else decision


def _strange_parameters(vendor: Vendor, operation: Operation, call: VendorRequest) -> tuple[str, ...]:
    """Notes about query parameters that no document names, at most five."""
    content = vendor.interface.contents.get(operation.name) if call.query else None
    if content is None:
        return ()
    known = [one.name for one in content.parameters if one.place == "query"]
    return all_ignored("query", call.query, known, "parameter")


def refusal_response(
    vendor: Vendor, found: tuple[Rule, ...], call: VendorRequest, world: SandboxView
) -> VendorResponse:
    """The vendor's own response to a call that breaks these rules, with their ids and hints beside it."""
    hints = (rule.hint(call, world) for rule in found if rule.hint is not None)
    return vendor.render_refusal(found, call, world)._replace(
        rules=tuple(rule.id for rule in found), hints=tuple(dict.fromkeys(hint for hint in hints if hint))
    )


def failure_response(vendor: Vendor, status: int, call: VendorRequest, world: SandboxView) -> VendorResponse:
    """The vendor's own response with this status to a call that breaks no rule: it is the vendor who fails."""
    return _with_headers(vendor.render_failure(status, call), vendor.extra_headers(world))


def _with_headers(reply: VendorResponse, more: tuple[tuple[str, str], ...]) -> VendorResponse:
    return reply._replace(headers=reply.headers + more)


def behaviour_in_force(config: Config, switches: Iterable[BehaviourFlag]) -> dict[str, str | int | bool | None]:
    """Every switch with the value that is in force."""
    return {s.id: config.behaviour.get(s.id, s.values[0]) for s in switches}
