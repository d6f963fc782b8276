"""Where the vendor's pages contradict each other, the other reading can be had: each switch does what it says."""

import json
from typing import Any

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, moments, oracle, refusals, strategies
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.oracle import Face
from assessment_contracts.predictive_index.scene import TAKER
from assessment_contracts.predictive_index.webhooks import pairs, settled
from assessment_contracts.property import Need, Property, contract
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing

_MAILED = {**TAKER, "notifyAssessmentAvailableUsingEmail": 1}
_TITLED = {**TAKER, "associatedPositionTitle": strategies.POSITIONS[0]}


def switched(context: Context, **switches: Any) -> Sandbox:
    """A sandbox with these switches thrown; `person_type` stands for `pi.person_type`."""
    behaviour = {f"pi.{name}": value for name, value in switches.items()}
    return context.fresh({**strategies.SETTINGS, "behaviour": behaviour})


def created_state(context: Context) -> None:
    """The answer to a creation shows the state as it was saved: 10 once the e-mail went out."""
    sandbox = switched(context, created_state="sent")
    assert [calls.made(sandbox, body)["assessmentState"] for body in (_MAILED, TAKER)] == [10, 0]


def unsent_state(context: Context) -> None:
    """Whoever was not mailed counts as sent."""
    sandbox = switched(context, unsent_state=10)
    face = calls.made(sandbox, TAKER)
    found = (face["assessmentState"], calls.read(sandbox, face["assessmentId"])["assessmentState"])
    assert found == (0, 10), f"the states are {found}"


def state_member(context: Context) -> None:
    """The state stands in assessmentStatus, at the same place, and filters know it by that name."""
    sandbox = switched(context, state_member="assessmentStatus")
    face = calls.completed(sandbox, TAKER)
    renamed = ["assessmentStatus" if name == "assessmentState" else name for name in oracle.MEMBERS]
    assert [*face] == renamed, [*face]
    assert calls.listed(sandbox, filter="assessmentStatus eq 40") == [face]
    refused = calls.ask(sandbox, "GET", PATH, query={"$filter": "assessmentState eq 40"})
    refusals.refused(refused, 400, "pi.list.filter.member")


def response_members(context: Context) -> None:
    """The members of the response table alone are shown, here and in lists."""
    sandbox = switched(context, response_members="table")
    wanted = [name for name in oracle.MEMBERS if name not in oracle.OUTSIDE_THE_TABLE]
    face = calls.made(sandbox, TAKER)
    calls.same([*face], wanted)
    calls.same([*calls.read(sandbox, face["assessmentId"])], wanted)
    calls.same([[*one] for one in calls.listed(sandbox)], [wanted])


def person_type(context: Context) -> None:
    """Numbers 1 to 5, in requests and in answers; names are then of a wrong type."""
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
        refusals.refused(call(sandbox, {**TAKER, "personType": value}), 400, f"pi.create.person_type.{rule}")
    names = switched(context)
    shown = {calls.made(names, {**TAKER, "personType": name})["personType"] for name in strategies.PERSON_TYPES}
    assert shown == {*strategies.PERSON_TYPES}


def webhook_member(context: Context) -> None:
    """The address is given as assessmentStatusWebHookUrl; under its other name it is a stranger."""
    sandbox = switched(context, webhook_member="assessmentStatusWebHookUrl")
    face = calls.made(sandbox, {**TAKER, "assessmentStatusWebHookUrl": f"{context.listener.url}?new"})
    assert face["assessmentStatusWebHook"] == f"{context.listener.url}?new"
    other = calls.create(sandbox, {**TAKER, "assessmentStatusWebHook": 80})
    assert calls.shown(other, 201)["assessmentStatusWebHook"] is None
    assert "assessmentStatusWebHook" in other.headers.get("simulator-note", ""), "the other name is not noted"
    for value, rule in ((80, "type"), ("ftp://x", "url")):
        answer = calls.create(sandbox, {**TAKER, "assessmentStatusWebHookUrl": value})
        refusals.refused(answer, 400, f"pi.create.webhook.{rule}")
    sandbox.act(face["assessmentId"], "complete")
    assert [caught.path for caught in settled(context, sandbox)] == ["/webhook?new"]


def sigma_graphs(context: Context) -> None:
    """Every score is the Self graph, as every description says; the position's stays its own."""
    sandbox = switched(context, sigma_graphs="self")
    scores = {graph: dict.fromkeys(strategies.FACTORS, place) for place, graph in enumerate(strategies.GRAPHS)}
    face = calls.completed(sandbox, _TITLED, scores=scores)
    for graph in strategies.GRAPHS:
        calls.same(face[graph], [scores["selfSigmaScore"]])
    oracle.check_sigma("positionSigmaScore", face["positionSigmaScore"], strategies.FACTORS[:4])


def sigma_container(context: Context) -> None:
    """A score is an object, not an array of one; filters find factors all the same."""
    sandbox = switched(context, sigma_container="object")
    pending = calls.made(sandbox, TAKER)
    assert pending["selfSigmaScore"] is None
    face = calls.completed(sandbox, _TITLED)
    for graph in strategies.GRAPHS:
        oracle.check_sigma(graph, [face[graph]], strategies.FACTORS)
    oracle.check_sigma("positionSigmaScore", [face["positionSigmaScore"]], strategies.FACTORS[:4])
    assert calls.listed(sandbox, filter="selfSigmaScore/aSigma ge -4") == [face]


def folder_path(context: Context) -> None:
    """The folder is shown as its full path, or by its last name, whatever was sent."""
    for value, shown in (("full", strategies.FOLDERS), ("name", ("Sales & Süd", "Example Company", "Er"))):
        sandbox = switched(context, folder_path=value)
        faces = [calls.made(sandbox, {**TAKER, "folderPath": folder}) for folder in (None, *strategies.FOLDERS)]
        assert [face["folderPath"] for face in faces] == [shown[0], *shown], [face["folderPath"] for face in faces]
        assert len(calls.listed(sandbox, filter=f"folderPath eq '{shown[2]}'")) == 1
        named = calls.made(sandbox, {**TAKER, "folderPath": strategies.FOLDER_NAMES[2]})
        assert named["folderPath"] == shown[2], f"a folder that was named is shown as {named['folderPath']!r}"


def list_limit(context: Context) -> None:
    """All are listed at once, more than fifty too, unless $top asks for fewer."""
    sandbox = switched(context, list_limit=None)
    ids = [calls.made(sandbox, TAKER)["assessmentId"] for _ in range(52)]
    for options, wanted in (
        ({}, ids), ({"top": 51}, ids[:51]), ({"top": 1000}, ids), ({"skip": 1}, ids[1:]), ({"filter": "true"}, ids),
        ({"orderby": "gender", "skip": 1}, ids[1:]),
    ):  # fmt: skip
        found = [face["assessmentId"] for face in calls.listed(sandbox, **options)]
        assert found == wanted, f"{options} lists {len(found)}, not {len(wanted)}"


def revive_expired(context: Context) -> None:
    """A later date changes the date alone: what is expired stays so."""
    sandbox = switched(context, revive_expired=False)
    face = calls.made(sandbox, TAKER)
    sandbox.act(face["assessmentId"], "expire")
    shown = calls.changed(sandbox, face["assessmentId"], {"expirationDateTime": "2999-12-31"})
    calls.same(shown, {**face, "assessmentState": 50, "expirationDateTime": "2999-12-31T23:59:59.9999999Z"})


def archive_status(context: Context) -> None:
    """Archiving answers 200 with the assessment, isDeleted 1."""
    sandbox = switched(context, archive_status=200)
    face = calls.made(sandbox, TAKER)
    answer = calls.ask(sandbox, "DELETE", f"{PATH}/{face['assessmentId']}")
    calls.same(calls.shown(answer, 200), {**face, "isDeleted": 1})
    refusals.refused(calls.ask(sandbox, "GET", f"{PATH}/{face['assessmentId']}"), 404, "pi.get.known")


def patch_null(context: Context) -> None:
    """null clears what an assessment may lack; names, which it may not, stay."""
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


def external_id_match(context: Context) -> None:
    """An assessmentId, sent as externalId, assesses that person again; an externalId that is known does not."""
    sandbox = switched(context, external_id_match="assessmentId")
    id = calls.unique("a")
    first = calls.made(sandbox, {**TAKER, "externalId": id, "gender": 2})
    again = calls.made(sandbox, {"externalId": first["assessmentId"]})
    for member in ("assessmentUserId", *oracle.TAKER):
        assert again[member] == first[member], f"{member} is {again[member]!r}, and was {first[member]!r}"
    refused = calls.create(sandbox, {**TAKER, "externalId": first["assessmentId"]})
    refusals.refused(refused, 400, *(f"pi.create.{name}.excluded" for name in ("first_name", "last_name", "email")))
    other = calls.made(sandbox, {**TAKER, "externalId": id})
    assert other["assessmentUserId"] != first["assessmentUserId"], "a known externalId assesses its person again"


def back(context: Context) -> None:
    """Whatever shape a switch gives to an assessment, it can be sent back in that shape and is as it was, when its date
    is over too."""
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


def webhook_on(context: Context) -> None:
    """A creation is told too, with the state that the assessment has then."""
    sandbox = switched(context, webhook_on="creation and completion")
    ids = []
    for body, state in ((TAKER, "0"), (_MAILED, "10")):
        ids.append(calls.made(sandbox, {**body, "assessmentStatusWebHook": context.listener.url})["assessmentId"])
        assert pairs(settled(context, sandbox)[-1])[:2] == [("assessmentId", ids[-1]), ("assessmentState", state)]
    sandbox.act(ids[0], "complete")
    assert [dict(pairs(caught))["assessmentState"] for caught in settled(context, sandbox)] == ["0", "10", "40"]


def webhook_source(context: Context) -> None:
    """The form lacks assessmentSource, as the page's sample does."""
    sandbox = switched(context, webhook_source="omitted")
    id = calls.unique("a")
    face = calls.made(sandbox, {**TAKER, "externalId": id, "assessmentStatusWebHook": context.listener.url})
    sandbox.act(face["assessmentId"], "complete")
    [caught] = settled(context, sandbox)
    assert pairs(caught) == [("assessmentId", face["assessmentId"]), ("assessmentState", "40"), ("externalId", id)]


_DETAILS = (
    "assessmentId", "externalAssessmentId", "assessmentSentDateTime", "assessmentCompletedDateTime",
    "referenceProfileName", "referenceProfileNumber", "languageLocale", "redirectURL", "behavioralFitRating",
    "assessmentState", "assessmentStateDescription", "person", "administeredBy", "job", "scoreId",
)  # fmt: skip


def webhook_format(context: Context) -> None:
    """The newer portal's JSON: event and eventDetails, which agree with the assessment."""
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
    [caught] = settled(context, sandbox)
    assert caught.headers["content-type"].partition(";")[0] == "application/json", caught.headers["content-type"]
    assert [*caught.json] == ["event", "eventDetails"], [*caught.json]
    assert [*caught.json["event"]] == ["action", "id", "date"], caught.json["event"]
    assert caught.json["event"]["date"] == "2031-01-02T00:00:00.1234567Z", caught.json["event"]
    details = caught.json["eventDetails"]
    calls.same([*details], [*_DETAILS])
    calls.same({name: details[name] for name in _wanted(face, after)}, _wanted(face, after))
    assert details["referenceProfileName"], "the profile has no name"
    assert moments.WRITTEN.fullmatch(details["assessmentCompletedDateTime"])


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


def byte_order_mark(context: Context) -> None:
    """A byte order mark before JSON is refused, with a hint; by default it is accepted, with a note."""
    marked = b"\xef\xbb\xbf" + json.dumps(TAKER).encode()
    accepted = calls.ask(switched(context), "POST", PATH, content=marked, media_type="application/json")
    assert calls.shown(accepted, 201)["firstName"] == TAKER["firstName"]
    assert "byte order mark" in accepted.headers.get("simulator-note", ""), "an accepted mark is not noted"
    sandbox = switched(context, byte_order_mark="refused")
    refused = calls.ask(sandbox, "POST", PATH, content=marked, media_type="application/json")
    refusals.refused(refused, 400, "pi.create.body.json")
    assert "byte order mark" in refused.headers.get("simulator-hint", ""), "a refused mark has no hint"


def url_match(context: Context) -> None:
    """Paths and names of query parameters must be spelt exactly; by default letter case does not matter."""
    sandbox, exact = switched(context), switched(context, url_match="exact")
    for path in (f"{PATH}/", "/api/v1/BehavioralAssessments", "/API/v2/PeopleAndJobs/"):
        accepted = calls.ask(sandbox, "GET", path)
        calls.shown(accepted, 200)
        assert path in accepted.headers.get("simulator-note", ""), f"{path} is not noted"
        refusals.refused(calls.ask(exact, "GET", path), 404, "pi.http.route")
    for place, status in ((sandbox, 200), (exact, 400)):
        id = calls.completed(place, TAKER)["assessmentId"]
        image = calls.ask(place, "GET", f"{PATH}/{id}/patterns/1", query={"Format": "PNG"})
        assert image.status == status, f"Format is answered {image.status}"


_TOLD = {Need.CONTROL, Need.LISTENER}
_TABLE = (
    (created_state, "The 201 can show the state as it was saved", ("pi.states.zero",)),
    (unsent_state, "An invitation of which nobody was notified can be 10", ("pi.states.sent",)),
    (state_member, "The state can be called assessmentStatus", ("pi.face.members",)),
    (response_members, "Answers can have the members of the response table alone", ("pi.face.members",)),
    (person_type, "personType can be a number", ()),
    (sigma_graphs, "Every score can be the Self graph", ("pi.face.sigma",)),
    (sigma_container, "A score can be a bare object", ("pi.face.sigma",)),
    (folder_path, "folderPath can be the full path or the name", ("pi.create.folder",)),
    (list_limit, "A list can hold all assessments", ("pi.list.limit",)),
    (patch_null, "null in a change can clear a member", ("pi.change.null",)),
    (external_id_match, "externalId can match an assessmentId", ("pi.create.again.external_id",)),
    (back, "An assessment can be sent back in every shape", ("pi.change.back",)),
    (revive_expired, "An expired assessment can stay expired", ("pi.change.revives",)),
    (archive_status, "Archiving can answer 200 with the assessment", ("pi.archive",)),
    (byte_order_mark, "A byte order mark can be refused", ()),
    (url_match, "The spelling of paths and parameters can matter", ()),
    (webhook_on, "A creation can be told too", ("pi.webhook.states",)),
    (webhook_source, "assessmentSource can be left out of the form", ("pi.webhook.form",)),
    (webhook_member, "The webhook's address can have its other name", ("pi.webhook.once",)),
    (webhook_format, "The webhook can be the newer portal's JSON", ("pi.webhook.once",)),
)  # fmt: skip
"""(What to try, the sentence, the promises of which it is the other reading)."""


def _property(test: Any, statement: str, promises: tuple[str, ...]) -> Property:
    needs = _TOLD if test.__name__.startswith("webhook") else {Need.CONTROL}
    id = f"pi.switch.{test.__name__}"
    return contract(id, statement, promises=promises, standing=Standing.ASSUMED, needs=needs)(test)


PROPERTIES = tuple(_property(*row) for row in _TABLE)
