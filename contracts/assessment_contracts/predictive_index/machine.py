"""Callers who do whatever comes to their mind, in any order, beside a model that says what must come of it."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, moments, refusals, strategies
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.model import Model
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.settings import furnished
from assessment_contracts.predictive_index.states import ACTIONS
from assessment_contracts.property import Need, contract_machine
from assessment_contracts.sources import Standing

_BEGUN = "2031-01-01T00:00:00Z"
_IDS = ("externalId", "externalPersonId")
_any = st.integers(0, 30)
_SPANS = st.sampled_from((1, moments.HOUR, moments.DAY, 4 * moments.DAY, 10 * moments.DAY, 1_234_567))
_there = precondition(lambda self: bool(self.model.faces))


class Callers(RuleBasedStateMachine):
    """Creations, readings, changes, archivings, what takers do, and time that passes, one after the other."""

    context: Context

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = furnished(self.context.fresh())
        self.sandbox.config(default_webhook_url=self.context.listener.url)
        self.sandbox.freeze(_BEGUN)
        self.model = Model(moments.ticks(_BEGUN))
        self.model.settings["default_webhook_url"] = self.context.listener.url
        self.gone: list[str] = []

    def one(self, place: int) -> str:
        """One of the assessments that are there."""
        ids = [*self.model.faces]
        return ids[place % len(ids)]

    @rule(body=strategies.account_bodies, notify=st.sampled_from((0, 1)))
    def create(self, body: Face, notify: int) -> None:
        """Somebody new is invited."""
        body = {n: v for n, v in calls.own(body).items() if n != "assessmentStatusWebHook"}
        body["notifyAssessmentAvailableUsingEmail"] = notify
        shown = calls.made(self.sandbox, body)
        calls.same(shown, self.model.created(body, shown))

    @_there
    @rule(place=_any, by=st.sets(st.sampled_from(_IDS), min_size=1), wrong=st.booleans())
    def again(self, place: int, by: set[str], wrong: bool) -> None:
        """Somebody known is invited again, or somebody without a name; rightly, or by a name that must not be sent."""
        face = self.model.faces[self.one(place)]
        person = self.model.people[face["assessmentUserId"]]
        known = {"externalId": face["externalId"], "externalPersonId": person["externalPersonId"]}
        body = {name: known[name] for name in sorted(by)}
        sent = {**body, "firstName": "X"} if wrong else body
        if rules := self.model.broken_rules(sent):
            refusals.refused(calls.create(self.sandbox, sent), 400, *rules)
            return
        shown = calls.made(self.sandbox, body)
        calls.same(shown, self.model.created(body, shown))

    @_there
    @rule(place=_any, change=strategies.changes, more=strategies.account_members, ids=st.sets(st.sampled_from(_IDS)))
    def change(self, place: int, change: Face, more: Face, ids: set[str]) -> None:
        """An assessment is changed."""
        change = {n: v for n, v in change.items() if n != "assessmentStatusWebHook"}
        # What becomes of a position's score when the position changes is told elsewhere.
        more = {n: v for n, v in more.items() if n != "associatedPositionTitle"}
        change |= more | {name: calls.unique(name) for name in sorted(ids)}
        id = self.one(place)
        calls.same(calls.changed(self.sandbox, id, change), self.model.changed(id, change))

    @_there
    @rule(place=_any, body=st.sampled_from(({"expirationDateTime": "2030-12-31"}, {"gender": 7}, {"email": 5})))
    def change_wrongly(self, place: int, body: Face) -> None:
        """A change that must be refused."""
        answer = calls.change(self.sandbox, self.one(place), body)
        assert answer.status == 400, f"{body} is answered {answer.status}"
        refusals.legacy(answer)

    @_there
    @rule(place=_any)
    def archive(self, place: int) -> None:
        """An assessment is archived."""
        id = self.one(place)
        calls.archive(self.sandbox, id)
        self.model.archived(id)
        self.gone.append(id)

    @precondition(lambda self: bool(self.gone))
    @rule(place=_any, method=st.sampled_from(("GET", "DELETE")))
    def ask_for_what_is_gone(self, place: int, method: str) -> None:
        """What was archived is asked for."""
        answer = calls.ask(self.sandbox, method, f"{PATH}/{self.gone[place % len(self.gone)]}")
        refusals.refused(answer, 404, f"pi.{'get' if method == 'GET' else 'archive'}.known")

    @_there
    @rule(place=_any, action=st.sampled_from(ACTIONS))
    def act(self, place: int, action: str) -> None:
        """A taker does something, as far as that is possible."""
        id = self.one(place)
        answer = self.sandbox.control("POST", f"/invitations/{id}/{action}")
        possible = self.model.move(id, action)
        assert answer.status == (200 if possible else 409), f"{action} is answered {answer.status}: {answer.text}"
        if possible:
            read = calls.read(self.sandbox, id)
            calls.same(read, self.model.expected(read))

    @rule(span=_SPANS)
    def advance(self, span: int) -> None:
        """Time passes."""
        self.sandbox.advance(moments.lasting(span))
        self.model.pass_until(self.model.now + span)

    @_there
    @rule(place=_any)
    def look(self, place: int) -> None:
        """One is looked at, by its id and by its state."""
        face = self.model.faces[self.one(place)]
        calls.same(calls.read(self.sandbox, face["assessmentId"]), face)
        state = face["assessmentState"]
        alike = [one for one in self.model.faces.values() if one["assessmentState"] == state]
        calls.same(calls.listed(self.sandbox, filter=f"assessmentState eq {state}"), alike)

    @invariant()
    def as_the_model_says(self) -> None:
        """All that can be seen is what the model has: assessments, people, mails and webhooks."""
        calls.same(calls.listed(self.sandbox), [*self.model.faces.values()])
        assert calls.people(self.sandbox)["totalSearchResults"] == len(self.model.people), "people are lost or made up"

    @rule()
    def listen(self) -> None:
        """Each completion was told once by now, and each invitation that was to be mailed was mailed once."""
        self.sandbox.advance("PT0S")
        told = [(one["invitation"], one["url"]) for one in self.sandbox.control_json("GET", "/deliveries")]
        wanted = [(id, url) for _, id, url in self.model.webhooks]
        assert told == wanted, f"told of {told}, to be told {wanted}"
        caught = sorted(one.form["assessmentId"] for one in self.context.listener.received)
        assert caught == sorted(id for id, _ in told), "a webhook is lost, or was sent twice"
        mailed = [one["invitation"] for one in self.sandbox.control_json("GET", "/mail")]
        assert mailed == self.model.mailed, f"mailed were {mailed}, to be mailed {self.model.mailed}"


PROPERTIES = (
    contract_machine(
        "pi.machine.callers",
        "Whatever is asked in whatever order, the account is as a small model of it says",
        Callers,
        kept=("pi.get.known",),
        promises=("pi.list", "pi.get", "pi.archive", "pi.create.again", "pi.states", "pi.change.partial",
                  "pi.change.revives", "pi.webhook.once", "pi.create.mail"),
        standing=Standing.ASSUMED,
        needs={Need.CONTROL, Need.LISTENER},
        steps=30,
        examples=0.5,
    ),
)  # fmt: skip
