"""What a client of The Predictive Index must cope with."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.clients.compare import true
from assessment_contracts.clients.harness import ClientContext
from assessment_contracts.clients.properties import wishes
from assessment_contracts.clients.properties.fault_scenarios import NETWORK
from assessment_contracts.clients.properties.report import asked_is_what_arrived, nulls_are_nulls
from assessment_contracts.clients.properties.trade import PREDICTIVE_INDEX, fault
from assessment_contracts.clients.property import contract
from assessment_contracts.property import Property, given
from assessment_contracts.sources import Source, Standing, ours

_POST = "POST behavioralassessments"
_SAMPLE = Source(_POST, "example response: pending addresses are empty, pending scores null")
_MAINTENANCE = Source("API Guide", "error handling: 503, number 27, which integrations must handle")
_CHANGES = ("change_assessment", "change_by_external_id")


@contract("predictive_index.assessments", "assessment_arrives_as_asked", "What was asked is what arrives",
       Source(_POST, "request table"), Standing.DOCUMENTED)  # fmt: skip
@given(wish=wishes.assessments())
def assessment_arrives(context: ClientContext, wish: dict[str, Any]) -> None:
    """Every member reaches the vendor as it was given, in any script: a folder's backslashes, an instant's seventh
    digit, a 0 that means Unknown. What was not given is not sent, or sent as null.
    """
    harness = context.harness()
    PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))
    asked_is_what_arrived(harness, PREDICTIVE_INDEX.creates, wish)


@contract("predictive_index.assessments", "assessment_is_reported_as_answered", "What was answered is what is reported",
       Source(_POST, "response table"), Standing.DOCUMENTED)  # fmt: skip
@given(wish=wishes.assessments(), reading=st.booleans())
def assessment_is_reported(context: ClientContext, wish: dict[str, Any], reading: bool) -> None:
    """A report that differs from the answer sends a taker to another link, or a manager to another result."""
    harness = context.harness()
    face = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))
    if reading:
        face = PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, face["assessmentId"]))
    seen = harness.assessment(face["assessmentId"])
    # A creation shows state 0 whatever was saved; to the instants another contract looks.
    loose = {"assessmentState", "assessmentDateTime", "expirationDateTime"} - (
        {"assessmentState"} if reading else set()
    )
    true(face, {name: value for name, value in seen.items() if name not in loose})


@contract("predictive_index.assessments", "seven_decimals_survive", "An instant is reported to its seventh decimal",
       Source("Common", "dates: UTC, up to seven decimals"), Standing.DOCUMENTED, examples=0.5)  # fmt: skip
@given(now=st.sampled_from(["2026-01-01T00:00:00.1234567Z", "2026-12-31T23:59:59.9999999Z"]), expires=wishes.INSTANTS)
def seven_decimals_survive(context: ClientContext, now: str, expires: str) -> None:
    """The vendor counts in ticks of 100 nanoseconds; most languages' types do not, and cut or round the last digit.
    Whoever compares such an instant with what the vendor shows tomorrow finds a change where there was none.
    """
    harness = context.harness()
    harness.sandbox.freeze(now)
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wishes.assessment(expirationDateTime=expires)))
    face = PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id["assessmentId"]))
    seen = harness.assessment(face["assessmentId"])
    true(face, {name: seen[name] for name in ("assessmentDateTime", "expirationDateTime")})


@contract("predictive_index.assessments", "empty_is_not_a_value", "What is empty until completion is not made up",
       _SAMPLE, Standing.OBSERVED, examples=0.4)  # fmt: skip
@given(wish=wishes.assessments())
def empty_is_not_a_value(context: ClientContext, wish: dict[str, Any]) -> None:
    """Before completion the vendor sends "" for an address and null for a score. An address that is "" leads nowhere,
    and a score that is null is not 0: a report that says otherwise judges a person who has answered nothing yet.
    """
    harness = context.harness()
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))["assessmentId"]
    nulls_are_nulls(PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id)), harness.assessment(id))


@contract("predictive_index.assessments", "scores_are_reported", "Scores are reported as they are",
       ours("the response table has the scores and calls each a Sigma Array; what one looks like is ours"),
       examples=0.4)  # fmt: skip
@given(wish=wishes.assessments())
def scores_are_reported(context: ClientContext, wish: dict[str, Any]) -> None:
    """After completion there are scores, a pattern and addresses of reports; negative scores are as good as others."""
    harness = context.harness()
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))["assessmentId"]
    harness.sandbox.act(id, "complete")
    face, seen = PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id)), harness.assessment(id)
    members = ("assessmentState", "patternNumber", "selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore",
               "positionSigmaScore", "patternFullUrl", "patternSelfUrl", "descriptiveReportUrl")  # fmt: skip
    true(face, {name: seen[name] for name in members})


@contract("predictive_index.changes", "only_what_was_asked_is_changed", "A change sends what is to be changed, no more",
       Source("PATCH behavioralassessments", "only members to be changed need to be sent"), Standing.DOCUMENTED,
       examples=0.5)  # fmt: skip
@given(
    wish=wishes.assessments(),
    changes=st.sampled_from([{"externalId": "new-1"}, {"lastName": "Zoë"}, {"gender": 0, "externalPersonId": "p 9"}]),
)
def only_what_was_asked(context: ClientContext, wish: dict[str, Any], changes: dict[str, Any]) -> None:
    """Members that were read a while ago and are sent back along with a change undo what others did meanwhile."""
    harness = context.harness()
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))["assessmentId"]
    face = harness.ask("change_assessment", id=id, changes=changes)
    asked_is_what_arrived(harness, _CHANGES, changes)
    true(face, {name: harness.assessment(id)[name] for name in changes})


@contract("predictive_index.assessments", "lost_answer_makes_no_second_assessment",
       "An answer that was lost leads to no second assessment", NETWORK, examples=0.7)  # fmt: skip
@given(
    wish=wishes.assessments(), times=st.sampled_from([1, None]), when=st.sampled_from(["after_commit", "before_commit"])
)
def lost_answer(context: ClientContext, wish: dict[str, Any], times: int | None, when: str) -> None:
    """The assessment is saved, and the connection breaks before the answer is read. The vendor does not compare names
    or addresses: a second POST is a second assessment, and the taker gets two invitations. So it must not be sent
    again blindly; it is looked for, or the caller is told that nobody knows.
    """
    harness = context.harness()
    harness.faults(*fault(PREDICTIVE_INDEX.creates, "drop", times=times, when=when))
    call = PREDICTIVE_INDEX.create(harness, wish)
    harness.faults()
    made = [one["id"] for one in harness.invitations()]
    assert len(made) <= 1, f"{len(made)} assessments exist after one creation"
    if call.error is None:
        id = PREDICTIVE_INDEX.made(call)["assessmentId"]
        assert made == [id], f"{id!r} is reported, and the vendor knows {made}"


@contract("predictive_index.recovery", "lost_assessment_is_found", "A creation that was never answered is found again",
       Source("Integration Best Practices", "search before creating; the externalId is the caller's own"),
       examples=0.4)  # fmt: skip
@given(external_id=wishes.TEXTS, do=st.sampled_from(["drop", "cut", "garble"]))
def lost_assessment_is_found(context: ClientContext, external_id: str, do: str) -> None:
    """The externalId is the caller's own name for the assessment, so what was made under it can be looked up, quotes
    and blanks in it or not. Then a lost answer costs one more request, and nobody's time.
    """
    harness = context.harness()
    harness.faults(*fault(PREDICTIVE_INDEX.creates, do, when="after_commit"))
    call = PREDICTIVE_INDEX.create(harness, wishes.assessment(externalId=external_id))
    id = PREDICTIVE_INDEX.made(call)["assessmentId"]
    assert [one["id"] for one in harness.invitations()] == [id], f"{id!r} is reported, another was made"


@contract("predictive_index.assessments", "maintenance_is_told_apart", "Maintenance is told from a refusal, and passes",
       _MAINTENANCE, Standing.DOCUMENTED, examples=0.4)  # fmt: skip
@given(reading=st.booleans())
def maintenance_is_told_apart(context: ClientContext, reading: bool) -> None:
    """PI makes handling this error mandatory. The request was right, the moment was not: the error says so
    (`unavailable`), and when maintenance is over the same client works again.
    """
    harness = context.harness()
    id = PREDICTIVE_INDEX.begun(harness)
    harness.sandbox.config(maintenance=True)
    call = PREDICTIVE_INDEX.read(harness, id) if reading else PREDICTIVE_INDEX.create(harness)
    assert call.error is not None, f"the API is down for maintenance, and this was reported: {call.told}"
    assert call.error.kind == "unavailable", f"the API is down for maintenance; the client says {call.told}"
    harness.sandbox.config(maintenance=False)
    PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id))


PROPERTIES: tuple[Property, ...] = (
    assessment_arrives, assessment_is_reported, seven_decimals_survive, empty_is_not_a_value, scores_are_reported,
    only_what_was_asked, lost_answer, lost_assessment_is_found, maintenance_is_told_apart,
)  # fmt: skip
