"""Changing an assessment: what is named changes, nothing else does. And archiving it: it is gone."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, errors, oracle, strategies
from assessment_contracts.predictive_index.calls import PATH, unique
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.fixtures import apart, furnished
from assessment_contracts.predictive_index.oracle import Account, Body, Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, Registry

contract = Registry("pi.change", FACTS)

_PLAIN = (*oracle.PERSON, *oracle.ADMINISTRATOR, "externalId", "redirectUrl", "assessmentStatusWebHook",
          "associatedPositionTitle", "folderPath", "personType")  # fmt: skip


def after(face: Face, body: Body, account: Account | None = None) -> Face:
    """The assessment as it must be once this change was made: null and empty leave a member as it was."""
    new = {name: body[name] for name in _PLAIN if body.get(name)}
    new |= {
        name: int(body[name])
        for name in ("gender", "notifyAssessmentAvailableUsingEmail")
        if body.get(name) is not None
    }
    if body.get("expirationDateTime") and face["assessmentState"] not in (40, 65):
        new["expirationDateTime"] = timestamps.seven_decimals(timestamps.ticks(body["expirationDateTime"]))
    if body.get("customFields") is not None and account:
        old = {item["fieldName"]: item["fieldValue"] for item in face["customFields"]}
        new["customFields"] = account.fields(body["customFields"], old)
    if body.get("languageLocale"):
        new["assessmentUrl"] = face["assessmentUrl"].rpartition("lang=")[0] + f"lang={body['languageLocale']}"
    return of_taker({**face, **new}, new)


def of_taker(face: Face, new: Body) -> Face:
    """The assessment with other values of its taker's members; the report's address asks for the taker's gender."""
    face = {**face, **{name: value for name, value in new.items() if name in oracle.TAKER}}
    if face["descriptiveReportUrl"]:
        face["descriptiveReportUrl"] = f"{face['descriptiveReportUrl'].rpartition('gender=')[0]}gender={face['gender']}"
    return face


@contract(
    "change.partial change.whole",
    accepts=(
        "change.media_type change.body.* change.*.type change.*.blank change.*.required change.*.free "
        "change.expiration.* change.gender.value change.person_type.value change.webhook.url change.language.tag "
        "change.redirect.url change.known change.locator"
    ),
)
@given(body=strategies.bodies, change=st.one_of(strategies.members, strategies.names, strategies.bodies))
def named(context: Context, body: Face, change: Face) -> None:
    """A change returns 200 with the whole assessment, and changes only what was sent.

    An empty body, null and "" change nothing.
    """
    face = calls.made(context.sandbox, calls.own(body))
    change = calls.own(change)
    shown = calls.changed(context.sandbox, face["assessmentId"], change)
    calls.same(shown, after(face, change))
    calls.same(calls.read(context.sandbox, face["assessmentId"]), shown)


@contract("change.partial")
@given(text=strategies.visible, expires=strategies.expirations, url=strategies.urls)
def one(context: Context, text: str, expires: str, url: str) -> None:
    """Each member can be changed alone.

    Each change leaves the other members as they are.
    """
    face = calls.made(context.sandbox, {**TAKER, "externalId": unique("a")})
    for change in (
        {"firstName": text}, {"middleName": text}, {"lastName": text}, {"email": "other@example.com"},
        {"expirationDateTime": expires}, {"gender": 2}, {"personType": "Former Employee"}, {"redirectUrl": url},
        {"assessmentStatusWebHook": url}, {"languageLocale": "fr-CA"}, {"externalId": unique(text)}, {"gender": 0},
        {"externalPersonId": unique(text)}, {**strategies.ADMINISTRATOR, "administeredByPhone": text},
        {"notifyAssessmentAvailableUsingEmail": 0}, {"personType": "Unknown"},
    ):  # fmt: skip
        shown = calls.changed(context.sandbox, face["assessmentId"], change)
        calls.same(shown, after(face, change))
        face = shown
    calls.same(calls.read(context.sandbox, face["assessmentId"]), face)


@contract(
    "change.partial create.custom_fields",
    accepts="change.custom_fields.items change.folder.exists change.notify.value change.position.exists",
    needs=CONTROL,
    standing=ASSUMED,
)
@given(body=strategies.account_bodies, change=strategies.account_members, done=st.booleans())
def of_the_account(context: Context, body: Face, change: Face, done: bool) -> None:
    """Position, folder and custom fields change as the account's settings allow.

    Fields that are not named, or whose new value is invalid, keep their value. With the position, its picture and,
    after completion, its score change.
    """
    sandbox = furnished(context.sandbox)
    body = {name: value for name, value in calls.own(body).items() if name != "assessmentStatusWebHook"}
    face = calls.completed(sandbox, body) if done else calls.made(sandbox, body)
    shown = calls.changed(sandbox, face["assessmentId"], change)
    wanted = after(face, change, Account())
    followed = ("associatedPositionImageUrl", "positionSigmaScore")
    if change.get("associatedPositionTitle"):
        wanted |= {name: shown[name] for name in followed}
        assert shown["associatedPositionImageUrl"], "a position has no picture"
    calls.same(shown, wanted)
    if done:
        oracle.check_completed(shown)
    else:
        assert shown["positionSigmaScore"] is None, "there is a score before completion"


@contract("change.partial change.whole change.late", needs=CONTROL)
@given(change=strategies.changes, gender=st.sampled_from((None, 0, 1, 2)))
def done(context: Context, change: Face, gender: int | None) -> None:
    """A change of a completed assessment changes what was sent, but no result and no expiration date.

    Names may still be corrected. The report's URL follows the gender.
    """
    face = calls.completed(context.sandbox, TAKER)
    change = {**change, "gender": gender, "expirationDateTime": change.get("expirationDateTime") or "2999-12-31"}
    answer = calls.change(context.sandbox, face["assessmentId"], change)
    shown = calls.shown(answer, 200)
    if context.is_simulator:
        assert "expirationDateTime was ignored" in answer.headers.get("simulator-note", ""), "the date is not noted"
    oracle.check_completed(shown)
    calls.same(shown, after(face, change))
    calls.same(calls.read(context.sandbox, face["assessmentId"]), shown)


@contract("change.whole change.latest", refuses="change.locator")
@given(text=strategies.texts, stem=strategies.texts)
def located(context: Context, text: str, stem: str) -> None:
    """An assessment is changed by its id or by its externalId, which means the latest assessment with it.

    Both, or neither, are refused. An externalId that was replaced is free again.
    """
    id = unique(stem)
    first = calls.made(context.sandbox, {**TAKER, "externalId": id})
    second = calls.made(context.sandbox, {"externalId": id})
    where: dict[str, Any] = {"query": {"externalId": id}}
    shown = calls.shown(
        calls.ask(context.sandbox, "PATCH", PATH, json={"redirectUrl": "https://example.com"}, **where), 200
    )
    calls.same(shown, {**second, "redirectUrl": "https://example.com"})
    calls.same(calls.read(context.sandbox, first["assessmentId"]), first)
    both = calls.ask(context.sandbox, "PATCH", f"{PATH}/{first['assessmentId']}", json={}, **where)
    errors.refused(both, 400, "pi.change.locator")
    errors.refused(calls.ask(context.sandbox, "PATCH", PATH, json={}), 400, "pi.change.locator")
    calls.changed(context.sandbox, second["assessmentId"], {"externalId": unique(text)})
    left = calls.shown(calls.ask(context.sandbox, "PATCH", PATH, json={}, **where), 200)
    assert left["assessmentId"] == first["assessmentId"], "an id that was given away still leads to its old assessment"
    calls.changed(context.sandbox, first["assessmentId"], {"externalId": unique(text)})
    errors.refused(calls.ask(context.sandbox, "PATCH", PATH, json={}, **where), 404, "pi.change.known")


@contract("create.again people taker")
@given(names=strategies.names)
def person(context: Context, names: Face) -> None:
    """A changed name appears in every assessment of the person.

    In the next assessment, in earlier ones and in the search for people.
    """
    id = unique("p")
    first = calls.made(context.sandbox, {**TAKER, "externalPersonId": id})
    second = calls.made(context.sandbox, {"externalPersonId": id})
    calls.changed(context.sandbox, second["assessmentId"], names)
    third = calls.made(context.sandbox, {"externalPersonId": id})
    assert {m: third[m] for m in names} == names, "the new name was not remembered"
    calls.same(calls.read(context.sandbox, first["assessmentId"]), {**first, **names})
    where = f"peopleAndJobsSearchResult/assessmentUser/externalPersonId eq '{id}'"
    [found] = calls.people(context.sandbox, filter=where)["peopleAndJobsSearchResult"]
    assert {m: found["assessmentUser"][m] for m in names} == names, f"the search shows {found}"
    new = unique("p")
    calls.changed(context.sandbox, third["assessmentId"], {"externalPersonId": new})
    assert calls.made(context.sandbox, {"externalPersonId": new})["assessmentUserId"] == first["assessmentUserId"]
    other = calls.made(context.sandbox, {**TAKER, "externalPersonId": id})
    assert other["assessmentUserId"] != first["assessmentUserId"], "an id that was given away still names its person"


@contract("change.back change.whole")
@given(
    body=strategies.account_bodies,
    action=st.sampled_from(("", "", "open", "complete", "expire", "abort")),
    change=strategies.changes,
)
def back(context: Context, body: Face, action: str, change: Face) -> None:
    """An assessment can be sent back as it was read: 200, unchanged.

    Folder names, past dates, scores and URLs are accepted as they were shown. With one member changed, only that
    member changes.
    """
    sandbox = context.sandbox
    if context.is_simulator:
        furnished(sandbox)
    else:
        body = {name: body[name] for name in TAKER}
    body = {name: value for name, value in calls.own(body).items() if name != "assessmentStatusWebHook"}
    id = calls.made(sandbox, body)["assessmentId"]
    if action and context.is_simulator:
        sandbox.act(id, action)
    face = calls.read(sandbox, id)
    answer = calls.change(sandbox, id, face)
    calls.same(calls.shown(answer, 200), face)
    assert "simulator-note" not in answer.headers, f"noted is {answer.headers.get('simulator-note')}"
    calls.same(calls.read(sandbox, id), face)
    account = Account() if context.is_simulator else None
    change = {n: v for n, v in change.items() if n not in ("assessmentStatusWebHook", "expirationDateTime")}
    shown = calls.changed(sandbox, id, {**face, **change})
    calls.same(shown, after(face, change, account))
    calls.same(calls.changed(sandbox, id, face), after(shown, face, account))


@contract("change.null change.partial")
@given(body=st.fixed_dictionaries(strategies.every_member))
def null(context: Context, body: Face) -> None:
    """null, and an empty text for a name, leave what was set, whichever member it is, and each is noted.

    A caller who wants to remove a value learns that it is still there. All members are set first; then each is sent
    alone, and at last all of them.
    """
    sandbox = context.sandbox
    if context.is_simulator:
        furnished(sandbox)
        body = {**body, "associatedPositionTitle": strategies.POSITIONS[0], "folderPath": strategies.FOLDERS[0]}
        body["customFields"] = [{"fieldName": "Notes", "fieldValue": "x"}]
    face = calls.made(sandbox, calls.own(body))
    changes: list[Face] = [{name: None} for name in body] + [{name: ""} for name in (*oracle.PERSON, "externalId")]
    for change in (*changes, dict.fromkeys(body)):
        answer = calls.change(sandbox, face["assessmentId"], change)
        calls.same(calls.shown(answer, 200), face)
        if context.is_simulator:
            note = answer.headers.get("simulator-note", "")
            assert [name for name in change if f"body.{name}" not in note] == [], f"noted is {note!r}"
    calls.same(calls.read(sandbox, face["assessmentId"]), face)


@contract("archive", accepts="archive.known", refuses="archive.known get.known change.known pattern.known report.known")
@given(names=strategies.names)
def archived(context: Context, names: Face) -> None:
    """Archiving returns 204 and removes the assessment from reads, lists, searches and uniqueness rules.

    Every further request for it returns 404. Other assessments of the person stay, and its externalId is free again.
    """
    sandbox = apart(context)
    id, person = unique("a"), unique("p")
    gone = calls.made(sandbox, {**names, "externalId": id, "externalPersonId": person})
    kept = calls.made(sandbox, {"externalPersonId": person})
    calls.archive(sandbox, gone["assessmentId"])
    one = f"{PATH}/{gone['assessmentId']}"
    files: dict[str, Any] = {"query": {"format": "PDF", "gender": "0"}}
    for method, path, rule, more in (
        ("GET", one, "get", {}), ("DELETE", one, "archive", {}), ("PATCH", one, "change", {"json": {}}),
        ("GET", f"{one}/patterns/1", "pattern", files), ("GET", f"{one}/reports/1", "report", files),
        ("PATCH", PATH, "change", {"json": {}, "query": {"externalId": id}}),
    ):  # fmt: skip
        answer = calls.ask(sandbox, method, path, **more)
        errors.refused(answer, 404, f"pi.{rule}.known")
        errors.vendor(answer)
    calls.same(calls.read(sandbox, kept["assessmentId"]), kept)
    for where in (f"assessmentId eq '{gone['assessmentId']}'", f"externalId eq '{id}'", "isDeleted eq 1 and true"):
        assert calls.listed(sandbox, filter=where) == [], f"what is archived is listed under {where}"
    mine = calls.listed(sandbox, filter=f"externalPersonId eq '{person}'")
    calls.same(mine, [kept])
    new = calls.made(sandbox, {**names, "externalId": id})
    assert new["assessmentUserId"] != gone["assessmentUserId"], "an archived id still names its person"


@contract(standing=ASSUMED)
@given(
    name=st.sampled_from(
        (
            "assessmentState",
            "assessmentId",
            "isDeleted",
            "selfSigmaScore",
            "firstname",
            "archive",
            "assessmentPassword",
            "assessmentUserId",
            "patternNumber",
        )
    ),
    value=st.sampled_from((40, 1, "x", None, [{"aSigma": 1}])),
)
def strangers(context: Context, name: str, value: Any) -> None:
    """Undocumented members of a change are ignored, with a note.

    A caller cannot complete an assessment by a change.
    """
    face = calls.made(context.sandbox, TAKER)
    answer = calls.change(context.sandbox, face["assessmentId"], {name: value, "middleName": "Kevin"})
    calls.same(calls.shown(answer, 200), {**face, "middleName": "Kevin"})
    if context.is_simulator and (name not in face or face[name] != value):  # what was read can be sent back
        assert name in answer.headers.get("simulator-note", ""), f"the unknown member {name!r} is not noted"
    calls.same(calls.read(context.sandbox, face["assessmentId"]), {**face, "middleName": "Kevin"})


PROPERTIES = contract.properties
