"""Behaviour flags: where the vendor's pages contradict each other, each value of a flag has its effect."""

import json
from typing import Any

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors, oracle, strategies
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.predictive_index.webhooks import pairs
from assessment_contracts.registry import ASSUMED, CONTROL, WEBHOOKS, Registry
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.webhooks import settled

contract = Registry("pi.switch", FACTS, CONTROL, ASSUMED)

_TITLED = {**TAKER, "associatedPositionTitle": strategies.POSITIONS[0]}


def switched(context: Context, **switches: Any) -> Sandbox:
    """A sandbox with these behaviour flags; `person_type` stands for `pi.person_type`."""
    behaviour = {f"pi.{name}": value for name, value in switches.items()}
    return context.fresh({**strategies.SETTINGS, "behaviour": behaviour})


@contract("face.members")
def state_member(context: Context) -> None:
    """The state can be called assessmentStatus.

    The state stands in assessmentStatus, at the same place, and filters know it by that name.
    """
    sandbox = switched(context, state_member="assessmentStatus")
    face = calls.completed(sandbox, TAKER)
    renamed = ["assessmentStatus" if name == "assessmentState" else name for name in oracle.MEMBERS]
    assert [*face] == renamed, [*face]
    assert calls.listed(sandbox, filter="assessmentStatus eq 40") == [face]
    refused = calls.ask(sandbox, "GET", PATH, query={"$filter": "assessmentState eq 40"})
    errors.refused(refused, 400, "pi.list.filter.member")


@contract("face.members")
def response_members(context: Context) -> None:
    """Answers can have the members of the response table alone.

    The members of the response table alone are shown, here and in lists.
    """
    sandbox = switched(context, response_members="table")
    wanted = [name for name in oracle.MEMBERS if name not in oracle.OUTSIDE_THE_TABLE]
    face = calls.made(sandbox, TAKER)
    calls.same([*face], wanted)
    calls.same([*calls.read(sandbox, face["assessmentId"])], wanted)
    calls.same([[*one] for one in calls.listed(sandbox)], [wanted])


@contract()
def person_type(context: Context) -> None:
    """personType can be a number.

    Numbers 1 to 5, in requests and in answers; names are then of a wrong type.
    """
    sandbox = switched(context, person_type="numbers")
    faces = [calls.made(sandbox, {**TAKER, "personType": number}) for number in (None, 1, 2, 3, 4, 5)]
    calls.same([face["personType"] for face in faces], [1, 1, 2, 3, 4, 5])
    calls.same(calls.changed(sandbox, faces[0]["assessmentId"], {"personType": 4})["personType"], 4)
    assert len(calls.listed(sandbox, filter="personType eq 4")) == 2
    for call, value, rule in (
        (calls.create, "Employee", "type"),
        (calls.create, 6, "value"),
        (calls.create, 0, "value"),
    ):
        errors.refused(call(sandbox, {**TAKER, "personType": value}), 400, f"pi.create.person_type.{rule}")
    names = switched(context)
    shown = {calls.made(names, {**TAKER, "personType": name})["personType"] for name in strategies.PERSON_TYPES}
    assert shown == {*strategies.PERSON_TYPES}


@contract("webhook.once", needs=WEBHOOKS)
def webhook_member(context: Context) -> None:
    """The webhook's URL can have its other name.

    The URL is sent as assessmentStatusWebHookUrl; the other name is undocumented then.
    """
    sandbox = switched(context, webhook_member="assessmentStatusWebHookUrl")
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHookUrl": f"{context.listener.url}?new"})
    assert face["assessmentStatusWebHook"] == f"{context.listener.url}?new"
    other = calls.create(sandbox, {**TAKER, "assessmentStatusWebHook": 80})
    assert calls.shown(other, 201)["assessmentStatusWebHook"] is None
    assert "assessmentStatusWebHook" in other.headers.get("simulator-note", ""), "the other name is not noted"
    for value, rule in ((80, "type"), ("ftp://x", "url")):
        answer = calls.create(sandbox, {**TAKER, "assessmentStatusWebHookUrl": value})
        errors.refused(answer, 400, f"pi.create.webhook.{rule}")
    sandbox.act(face["assessmentId"], "complete")
    assert [received.path for received in settled(context, sandbox)] == ["/webhook?new"]


@contract("face.sigma")
def sigma_graphs(context: Context) -> None:
    """Every score can be the Self graph.

    Every score is the Self graph, as every description says; the position's stays its own.
    """
    sandbox = switched(context, sigma_graphs="self")
    scores = {graph: dict.fromkeys(strategies.FACTORS, place) for place, graph in enumerate(strategies.GRAPHS)}
    face = calls.completed(sandbox, _TITLED, scores=scores)
    for graph in strategies.GRAPHS:
        calls.same(face[graph], [scores["selfSigmaScore"]])
    oracle.check_sigma("positionSigmaScore", face["positionSigmaScore"], strategies.FACTORS[:4])


@contract("face.sigma")
def sigma_container(context: Context) -> None:
    """A score can be a bare object.

    A score is an object, not an array of one; filters find factors all the same.
    """
    sandbox = switched(context, sigma_container="object")
    pending = calls.made(sandbox, TAKER)
    assert pending["selfSigmaScore"] is None
    face = calls.completed(sandbox, _TITLED)
    for graph in strategies.GRAPHS:
        oracle.check_sigma(graph, [face[graph]], strategies.FACTORS)
    oracle.check_sigma("positionSigmaScore", [face["positionSigmaScore"]], strategies.FACTORS[:4])
    assert calls.listed(sandbox, filter="selfSigmaScore/aSigma ge -4") == [face]


@contract("create.folder")
def folder_path(context: Context) -> None:
    """folderPath can be the full path or the name.

    The folder is shown as its full path, or by its last name, whatever was sent.
    """
    for value, shown in (("full", strategies.FOLDERS), ("name", ("Sales & Süd", "Example Company", "Er"))):
        sandbox = switched(context, folder_path=value)
        faces = [calls.made(sandbox, {**TAKER, "folderPath": folder}) for folder in (None, *strategies.FOLDERS)]
        assert [face["folderPath"] for face in faces] == [shown[0], *shown], [face["folderPath"] for face in faces]
        assert len(calls.listed(sandbox, filter=f"folderPath eq '{shown[2]}'")) == 1
        named = calls.made(sandbox, {**TAKER, "folderPath": strategies.FOLDER_NAMES[2]})
        assert named["folderPath"] == shown[2], f"a folder that was named is shown as {named['folderPath']!r}"


@contract("list.limit")
def list_limit(context: Context) -> None:
    """A list can hold all assessments.

    All are listed at once, more than fifty too, unless $top asks for fewer.
    """
    sandbox = switched(context, list_limit=None)
    ids = [calls.made(sandbox, TAKER)["assessmentId"] for _ in range(52)]
    for options, wanted in (
        ({}, ids), ({"top": 51}, ids[:51]), ({"top": 1000}, ids), ({"skip": 1}, ids[1:]), ({"filter": "true"}, ids),
        ({"orderby": "gender", "skip": 1}, ids[1:]),
    ):  # fmt: skip
        found = [face["assessmentId"] for face in calls.listed(sandbox, **options)]
        assert found == wanted, f"{options} lists {len(found)}, not {len(wanted)}"


@contract("change.revives")
def revive_expired(context: Context) -> None:
    """An expired assessment can stay expired.

    A later date changes the date alone: what is expired stays so.
    """
    sandbox = switched(context, revive_expired=False)
    face = calls.made(sandbox, TAKER)
    sandbox.act(face["assessmentId"], "expire")
    shown = calls.changed(sandbox, face["assessmentId"], {"expirationDateTime": "2999-12-31"})
    calls.same(shown, {**face, "assessmentState": 50, "expirationDateTime": "2999-12-31T23:59:59.9999999Z"})


@contract("archive")
def archive_status(context: Context) -> None:
    """Archiving can answer 200 with the assessment.

    Archiving answers 200 with the assessment, isDeleted 1.
    """
    sandbox = switched(context, archive_status=200)
    face = calls.made(sandbox, TAKER)
    answer = calls.ask(sandbox, "DELETE", f"{PATH}/{face['assessmentId']}")
    calls.same(calls.shown(answer, 200), {**face, "isDeleted": 1})
    errors.refused(calls.ask(sandbox, "GET", f"{PATH}/{face['assessmentId']}"), 404, "pi.get.known")


@contract("change.null")
def patch_null(context: Context) -> None:
    """null in a change can clear a member.

    null clears what an assessment may lack; names, which it may not, stay.
    """
    sandbox = switched(context, patch_null="cleared")
    ids = {"externalId": calls.unique("a"), "externalPersonId": calls.unique("p")}
    urls = {"redirectUrl": "https://example.com/a", "assessmentStatusWebHook": "https://example.com/b"}
    field = {"fieldName": "Notes", "fieldValue": "one"}
    face = calls.made(sandbox, {**_TITLED, **ids, **urls, "middleName": "Kevin", "gender": 1, "customFields": [field]})
    names = ("middleName", "associatedPositionTitle", *ids, *urls)
    change: Face = {
        **dict.fromkeys((*names, "firstName")),
        "gender": None,
        "customFields": [{**field, "fieldValue": None}],
    }
    shown = calls.changed(sandbox, face["assessmentId"], change)
    fields = [{"fieldName": one["name"], "fieldValue": None} for one in strategies.FIELDS]
    cleared = {**dict.fromkeys(names), "gender": 0, "customFields": fields, "associatedPositionImageUrl": ""}
    calls.same(shown, {**face, **cleared})
    calls.same(calls.read(sandbox, face["assessmentId"]), shown)
    assert calls.create(sandbox, ids).status == 400, "an id that was cleared still leads to its person"


@contract("create.again.external_id")
def external_id_match(context: Context) -> None:
    """externalId can match an assessmentId.

    An assessmentId, sent as externalId, assesses that person again; an externalId that is known does not.
    """
    sandbox = switched(context, external_id_match="assessmentId")
    id = calls.unique("a")
    first = calls.made(sandbox, {**TAKER, "externalId": id, "gender": 2})
    again = calls.made(sandbox, {"externalId": first["assessmentId"]})
    for member in ("assessmentUserId", *oracle.TAKER):
        assert again[member] == first[member], f"{member} is {again[member]!r}, and was {first[member]!r}"
    refused = calls.create(sandbox, {**TAKER, "externalId": first["assessmentId"]})
    errors.refused(refused, 400, *(f"pi.create.{name}.excluded" for name in ("first_name", "last_name", "email")))
    other = calls.made(sandbox, {**TAKER, "externalId": id})
    assert other["assessmentUserId"] != first["assessmentUserId"], "a known externalId assesses its person again"


@contract("change.back")
def back(context: Context) -> None:
    """An assessment can be sent back in every shape.

    With each behaviour flag an assessment can be sent back as it was read, and stays unchanged, also after its date.
    """
    for name, value in (
        ("state_member", "assessmentStatus"), ("response_members", "table"), ("person_type", "numbers"),
        ("sigma_graphs", "self"), ("sigma_container", "object"), ("folder_path", "name"), ("folder_path", "full"),
        ("webhook_member", "assessmentStatusWebHookUrl"), ("patch_null", "cleared"), ("revive_expired", False),
    ):  # fmt: skip
        sandbox = switched(context, **{name: value})
        ids = [calls.made(sandbox, {**_TITLED, "expirationDateTime": days})["assessmentId"]
               for days in ("2999-12-31", "2031-01-31", "2031-01-31")]  # fmt: skip
        sandbox.act(ids[1], "complete")
        sandbox.freeze("2031-02-01T00:00:00Z")  # the dates of the last two are over
        for id in ids:
            face = calls.read(sandbox, id)
            calls.same(calls.changed(sandbox, id, face), face)
            calls.same(calls.read(sandbox, id), face)


@contract("webhook.form", needs=WEBHOOKS)
def webhook_source(context: Context) -> None:
    """assessmentSource can be left out of the form.

    The form lacks assessmentSource, as the page's sample does.
    """
    sandbox = switched(context, webhook_source="omitted")
    id = calls.unique("a")
    face = calls.made(sandbox, {**TAKER, "externalId": id, "assessmentStatusWebHook": context.listener.url})
    sandbox.act(face["assessmentId"], "complete")
    [received] = settled(context, sandbox)
    assert pairs(received) == [("assessmentId", face["assessmentId"]), ("assessmentState", "40"), ("externalId", id)]


_DETAILS = (
    "assessmentId", "externalAssessmentId", "assessmentSentDateTime", "assessmentCompletedDateTime",
    "referenceProfileName", "referenceProfileNumber", "languageLocale", "redirectURL", "behavioralFitRating",
    "assessmentState", "assessmentStateDescription", "person", "administeredBy", "job", "scoreId",
)  # fmt: skip


@contract("webhook.once", needs=WEBHOOKS)
def webhook_format(context: Context) -> None:
    """The webhook can be the newer portal's JSON.

    The newer portal's JSON: event and eventDetails, which agree with the assessment.
    """
    sandbox = switched(context, webhook_format="json")
    sandbox.freeze("2031-01-01T00:00:00Z")
    body = {
        **_TITLED,
        "externalId": calls.unique("a"),
        "assessmentStatusWebHook": context.listener.url,
        "languageLocale": "fr-CA",
    }
    face = calls.made(sandbox, body)
    sandbox.freeze("2031-01-02T00:00:00.1234567Z")
    sandbox.act(face["assessmentId"], "complete")
    after = calls.read(sandbox, face["assessmentId"])
    [received] = settled(context, sandbox)
    assert received.headers["content-type"].partition(";")[0] == "application/json", received.headers["content-type"]
    assert [*received.json] == ["event", "eventDetails"], [*received.json]
    assert [*received.json["event"]] == ["action", "id", "date"], received.json["event"]
    assert received.json["event"]["date"] == "2031-01-02T00:00:00.1234567Z", received.json["event"]
    details = received.json["eventDetails"]
    calls.same([*details], [*_DETAILS])
    calls.same({name: details[name] for name in _wanted(face, after)}, _wanted(face, after))
    assert details["referenceProfileName"], "the profile has no name"
    assert timestamps.SEVEN_DECIMALS.fullmatch(details["assessmentCompletedDateTime"])


def _wanted(before: Face, after: Face) -> Face:
    """What of the details is known by other members of the assessment."""
    return {
        "assessmentId": after["assessmentId"],
        "externalAssessmentId": after["externalId"],
        "assessmentSentDateTime": before["assessmentDateTime"],
        "assessmentCompletedDateTime": after["assessmentDateTime"],
        "referenceProfileNumber": after["patternNumber"],
        "languageLocale": "fr-CA",
        "redirectURL": after["redirectUrl"],
        "assessmentState": 40,
        "assessmentStateDescription": "Completed",
    }


@contract()
def byte_order_mark(context: Context) -> None:
    """A byte order mark can be refused.

    A byte order mark before JSON is refused, with a hint; by default it is accepted, with a note.
    """
    marked = b"\xef\xbb\xbf" + json.dumps(TAKER).encode()
    accepted = calls.ask(switched(context), "POST", PATH, content=marked, media_type="application/json")
    assert calls.shown(accepted, 201)["firstName"] == TAKER["firstName"]
    assert "byte order mark" in accepted.headers.get("simulator-note", ""), "an accepted mark is not noted"
    sandbox = switched(context, byte_order_mark="refused")
    refused = calls.ask(sandbox, "POST", PATH, content=marked, media_type="application/json")
    errors.refused(refused, 400, "pi.create.body.json")
    assert "byte order mark" in refused.headers.get("simulator-hint", ""), "a refused mark has no hint"


@contract()
def url_match(context: Context) -> None:
    """The spelling of paths and parameters can matter.

    Paths and names of query parameters must be spelt exactly; by default letter case does not matter.
    """
    sandbox, exact = switched(context), switched(context, url_match="exact")
    for path in (f"{PATH}/", "/api/v1/BehavioralAssessments", "/API/v2/PeopleAndJobs/"):
        accepted = calls.ask(sandbox, "GET", path)
        calls.shown(accepted, 200)
        assert path in accepted.headers.get("simulator-note", ""), f"{path} is not noted"
        errors.refused(calls.ask(exact, "GET", path), 404, "pi.http.route")
    for place, status in ((sandbox, 200), (exact, 400)):
        id = calls.completed(place, TAKER)["assessmentId"]
        image = calls.ask(place, "GET", f"{PATH}/{id}/patterns/1", query={"Format": "PNG"})
        assert image.status == status, f"Format is answered {image.status}"


PROPERTIES = contract.properties
