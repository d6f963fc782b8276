"""Contracts of clients of The Predictive Index."""

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
_SAMPLE = Source(_POST, "example response: pending URLs are empty, pending scores null")
_MAINTENANCE = Source("API Guide", "error handling: 503, number 27, which integrations must handle")
_CHANGES = ("change_assessment", "change_by_external_id")


@contract("predictive_index.assessments", "assessment_arrives_as_asked", "A request has the caller's members",
       Source(_POST, "request table"), Standing.DOCUMENTED)  # fmt: skip
@given(wish=wishes.assessments())
def assessment_arrives(context: ClientContext, wish: dict[str, Any]) -> None:
    """Every member reaches the vendor unchanged, in any script: a folder's backslashes, the seventh decimal of a time,
    a 0 that means Unknown. What the caller omitted is not sent, or sent as null.
    """
    harness = context.harness()
    PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))
    asked_is_what_arrived(harness, PREDICTIVE_INDEX.creates, wish)


@contract("predictive_index.assessments", "assessment_is_reported_as_answered", "The response is reported unchanged",
       Source(_POST, "response table"), Standing.DOCUMENTED)  # fmt: skip
@given(wish=wishes.assessments(), reading=st.booleans())
def assessment_is_reported(context: ClientContext, wish: dict[str, Any], reading: bool) -> None:
    """Otherwise the taker receives another link, or the manager another result."""
    harness = context.harness()
    face = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))
    if reading:
        face = PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, face["assessmentId"]))
    seen = harness.assessment(face["assessmentId"])
    # A creation shows state 0 whatever was saved; another contract compares the times.
    loose = {"assessmentState", "assessmentDateTime", "expirationDateTime"} - (
        {"assessmentState"} if reading else set()
    )
    true(face, {name: value for name, value in seen.items() if name not in loose})


@contract("predictive_index.assessments", "seven_decimals_survive", "A time is reported to its seventh decimal",
       Source("Common", "dates: UTC, up to seven decimals"), Standing.DOCUMENTED, examples=0.5)  # fmt: skip
@given(now=st.sampled_from(["2026-01-01T00:00:00.1234567Z", "2026-12-31T23:59:59.9999999Z"]), expires=wishes.INSTANTS)
def seven_decimals_survive(context: ClientContext, now: str, expires: str) -> None:
    """The vendor counts in ticks of 100 nanoseconds. The types of most languages cut or round the last digit, so a
    later comparison with the vendor's value finds a change where there was none.
    """
    harness = context.harness()
    harness.sandbox.freeze(now)
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wishes.assessment(expirationDateTime=expires)))
    face = PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id["assessmentId"]))
    seen = harness.assessment(face["assessmentId"])
    true(face, {name: seen[name] for name in ("assessmentDateTime", "expirationDateTime")})


@contract("predictive_index.assessments", "empty_is_not_a_value", "What is empty before completion is reported so",
       _SAMPLE, Standing.OBSERVED, examples=0.4)  # fmt: skip
@given(wish=wishes.assessments())
def empty_is_not_a_value(context: ClientContext, wish: dict[str, Any]) -> None:
    """Before completion the vendor sends "" for a URL and null for a score. A score that is reported as 0 is a result
    of a person who has not answered yet.
    """
    harness = context.harness()
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))["assessmentId"]
    nulls_are_nulls(PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id)), harness.assessment(id))


@contract("predictive_index.assessments", "scores_are_reported", "Scores are reported unchanged",
       ours("the response table has the scores and calls each a Sigma Array; what one looks like is ours"),
       examples=0.4)  # fmt: skip
@given(wish=wishes.assessments())
def scores_are_reported(context: ClientContext, wish: dict[str, Any]) -> None:
    """After completion there are scores, which may be negative, a pattern and the URLs of reports."""
    harness = context.harness()
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))["assessmentId"]
    harness.sandbox.act(id, "complete")
    face, seen = PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id)), harness.assessment(id)
    members = ("assessmentState", "patternNumber", "selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore",
               "positionSigmaScore", "patternFullUrl", "patternSelfUrl", "descriptiveReportUrl")  # fmt: skip
    true(face, {name: seen[name] for name in members})


@contract("predictive_index.changes", "only_what_was_asked_is_changed", "A change sends only what is to be changed",
       Source("PATCH behavioralassessments", "only members to be changed need to be sent"), Standing.DOCUMENTED,
       examples=0.5)  # fmt: skip
@given(
    wish=wishes.assessments(),
    changes=st.sampled_from([{"externalId": "new-1"}, {"lastName": "Zoë"}, {"gender": 0, "externalPersonId": "p 9"}]),
)
def only_what_was_asked(context: ClientContext, wish: dict[str, Any], changes: dict[str, Any]) -> None:
    """If members that were read earlier are sent back with a change, they undo the changes of others."""
    harness = context.harness()
    id = PREDICTIVE_INDEX.made(PREDICTIVE_INDEX.create(harness, wish))["assessmentId"]
    face = harness.ask("change_assessment", id=id, changes=changes)
    asked_is_what_arrived(harness, _CHANGES, changes)
    true(face, {name: harness.assessment(id)[name] for name in changes})


@contract("predictive_index.assessments", "lost_answer_makes_no_second_assessment",
       "A lost response leads to no second assessment", NETWORK, examples=0.7)  # fmt: skip
@given(
    wish=wishes.assessments(), times=st.sampled_from([1, None]), when=st.sampled_from(["after_commit", "before_commit"])
)
def lost_answer(context: ClientContext, wish: dict[str, Any], times: int | None, when: str) -> None:
    """The assessment is saved, and the connection breaks before the response is read. The vendor does not compare names
    or e-mail addresses: a second POST makes a second assessment, and the taker gets two invitations. So the client must
    search for it first, or report that the outcome is unknown.
    """
    harness = context.harness()
    harness.faults(*fault(PREDICTIVE_INDEX.creates, "drop", times=times, when=when))
    call = PREDICTIVE_INDEX.create(harness, wish)
    harness.faults()
    made = [one["id"] for one in harness.invitations()]
    assert len(made) <= 1, f"{len(made)} assessments exist after one creation"
    if call.error is None:
        id = PREDICTIVE_INDEX.made(call)["assessmentId"]
        assert made == [id], f"{id!r} is reported; the vendor has {made}"


@contract("predictive_index.recovery", "lost_assessment_is_found", "An assessment whose response was lost is found",
       Source("Integration Best Practices", "search before creating; the externalId is the caller's own"),
       examples=0.4)  # fmt: skip
@given(external_id=wishes.TEXTS, do=st.sampled_from(["drop", "cut", "garble"]))
def lost_assessment_is_found(context: ClientContext, external_id: str, do: str) -> None:
    """The externalId is the caller's own id of the assessment, so the client can search for it, also if it contains
    quotes or spaces. Then a lost response costs one more request.
    """
    harness = context.harness()
    harness.faults(*fault(PREDICTIVE_INDEX.creates, do, when="after_commit"))
    call = PREDICTIVE_INDEX.create(harness, wishes.assessment(externalId=external_id))
    id = PREDICTIVE_INDEX.made(call)["assessmentId"]
    assert [one["id"] for one in harness.invitations()] == [id], f"{id!r} is reported, and another one exists"


@contract("predictive_index.assessments", "maintenance_is_told_apart", "Maintenance leads to the error `unavailable`",
       _MAINTENANCE, Standing.DOCUMENTED, examples=0.4)  # fmt: skip
@given(reading=st.booleans())
def maintenance_is_told_apart(context: ClientContext, reading: bool) -> None:
    """The vendor requires integrations to handle this error. The request was valid, so the error is not `refused`;
    after the maintenance the same client works again.
    """
    harness = context.harness()
    id = PREDICTIVE_INDEX.begun(harness)
    harness.sandbox.config(maintenance=True)
    call = PREDICTIVE_INDEX.read(harness, id) if reading else PREDICTIVE_INDEX.create(harness)
    assert call.error is not None, f"the API is down for maintenance, and the client reported {call.outcome}"
    assert call.error.kind == "unavailable", f"the API is down for maintenance; the client reports {call.outcome}"
    harness.sandbox.config(maintenance=False)
    PREDICTIVE_INDEX.found(PREDICTIVE_INDEX.read(harness, id))


PROPERTIES: tuple[Property, ...] = (
    assessment_arrives, assessment_is_reported, seven_decimals_survive, empty_is_not_a_value, scores_are_reported,
    only_what_was_asked, lost_answer, lost_assessment_is_found, maintenance_is_told_apart,
)  # fmt: skip
