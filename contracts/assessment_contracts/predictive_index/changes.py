"""Changing an assessment: what is named changes, nothing else does. And archiving it: it is gone."""

from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, moments, oracle, refusals, strategies
from assessment_contracts.predictive_index.assessments import SHOWN, TYPES
from assessment_contracts.predictive_index.calls import PATH, unique
from assessment_contracts.predictive_index.oracle import Account, Body, Face
from assessment_contracts.predictive_index.scene import TAKER
from assessment_contracts.predictive_index.settings import apart, furnished
from assessment_contracts.property import Need, contract, given
from assessment_contracts.sources import Standing

_KEPT = (
    *(rule.replace("create", "change") for rule in (*TYPES, *SHOWN)),
    *(f"pi.change.administered_by.{member}.required" for member in ("first_name", "last_name", "email")),
    *(f"pi.change.{words}" for words in (
        "media_type", "body.json", "body.object", "locator", "known", "expiration.format", "expiration.future",
        "gender.value", "person_type.value", "webhook.url", "language.tag", "redirect.url", "external_id.free",
        "external_person_id.free")),
)  # fmt: skip
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
        new["expirationDateTime"] = moments.written(moments.ticks(body["expirationDateTime"]))
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
    "pi.change.named",
    "A change answers 200 with the whole assessment, in which just what was sent is changed",
    kept=_KEPT,
    promises=("pi.change.partial", "pi.change.whole"),
    standing=Standing.ASSUMED,
)
@given(body=strategies.bodies, change=st.one_of(strategies.members, strategies.names, strategies.bodies))
def named(context: Context, body: Face, change: Face) -> None:
    """Whoever corrects a name does not lose the rest; an empty body changes nothing, null and "" neither."""
    face = calls.made(context.sandbox, calls.own(body))
    change = calls.own(change)
    shown = calls.changed(context.sandbox, face["assessmentId"], change)
    calls.same(shown, after(face, change))
    calls.same(calls.read(context.sandbox, face["assessmentId"]), shown)


@contract(
    "pi.change.one",
    "Each member can be changed alone",
    kept=_KEPT,
    promises=("pi.change.partial",),
)
@given(text=strategies.visible, expires=strategies.expirations, url=strategies.urls)
def one(context: Context, text: str, expires: str, url: str) -> None:
    """One member after the other, each in a change of its own, and each change leaves the others alone."""
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
    "pi.change.of_the_account",
    "Position, folder and custom fields change as the account's settings allow",
    kept=("pi.change.position.exists", "pi.change.folder.exists", "pi.change.custom_fields.items",
          "pi.change.notify.value"),
    promises=("pi.change.partial", "pi.create.custom_fields"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)  # fmt: skip
@given(body=strategies.account_bodies, change=strategies.account_members, done=st.booleans())
def of_the_account(context: Context, body: Face, change: Face, done: bool) -> None:
    """Fields that are not named, or whose new value is none, keep what they had. With another position the picture is
    another, and once completed the position's score too."""
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


@contract(
    "pi.change.done",
    "A change of a completed assessment changes what was sent, and no result; its date is over",
    kept=_KEPT,
    promises=("pi.change.partial", "pi.change.whole", "pi.change.late"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)
@given(change=strategies.changes, gender=st.sampled_from((None, 0, 1, 2)))
def done(context: Context, change: Face, gender: int | None) -> None:
    """Names may still be corrected. Of what gender the report is written follows the assessment's."""
    face = calls.completed(context.sandbox, TAKER)
    change = {**change, "gender": gender, "expirationDateTime": change.get("expirationDateTime") or "2999-12-31"}
    answer = calls.change(context.sandbox, face["assessmentId"], change)
    shown = calls.shown(answer, 200)
    if context.is_simulator:
        assert "expirationDateTime was ignored" in answer.headers.get("simulator-note", ""), "the date is not noted"
    oracle.check_completed(shown)
    calls.same(shown, after(face, change))
    calls.same(calls.read(context.sandbox, face["assessmentId"]), shown)


@contract(
    "pi.change.located",
    "An assessment is changed by its id or by its externalId, of which the latest assessment is meant",
    kept=("pi.change.locator", "pi.change.known"),
    broken=("pi.change.locator",),
    promises=("pi.change.whole", "pi.change.latest"),
    standing=Standing.ASSUMED,
)
@given(text=strategies.texts, stem=strategies.texts)
def located(context: Context, text: str, stem: str) -> None:
    """Exactly one of the two says which: both, or none, is refused even where both mean the same. An externalId that
    was given away is free: it leads to nothing any more."""
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
    refusals.refused(both, 400, "pi.change.locator")
    refusals.refused(calls.ask(context.sandbox, "PATCH", PATH, json={}), 400, "pi.change.locator")
    calls.changed(context.sandbox, second["assessmentId"], {"externalId": unique(text)})
    left = calls.shown(calls.ask(context.sandbox, "PATCH", PATH, json={}, **where), 200)
    assert left["assessmentId"] == first["assessmentId"], "an id that was given away still leads to its old assessment"
    calls.changed(context.sandbox, first["assessmentId"], {"externalId": unique(text)})
    refusals.refused(calls.ask(context.sandbox, "PATCH", PATH, json={}, **where), 404, "pi.change.known")


@contract(
    "pi.change.person",
    "A changed name is the person's from then on, in every assessment of the person",
    promises=("pi.create.again", "pi.people", "pi.taker"),
    standing=Standing.ASSUMED,
)
@given(names=strategies.names)
def person(context: Context, names: Face) -> None:
    """The next assessment, the earlier ones and the search for people have the new name."""
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


@contract(
    "pi.change.back",
    "An assessment that was read can be sent back: 200, and it is as it was",
    promises=("pi.change.back", "pi.change.whole"),
    standing=Standing.ASSUMED,
)
@given(
    body=strategies.account_bodies,
    action=st.sampled_from(("", "", "open", "complete", "expire", "abort")),
    change=strategies.changes,
)
def back(context: Context, body: Face, action: str, change: Face) -> None:
    """Folders by their names, dates that are over, scores and addresses come back as they were shown. With one member
    changed that member changes, and nothing else."""
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


@contract(
    "pi.change.null",
    "null and empty texts in a change leave what was set, and each is noted",
    promises=("pi.change.null", "pi.change.partial"),
    standing=Standing.ASSUMED,
)
@given(
    names=st.sets(st.sampled_from((*oracle.PERSON, "externalId", "redirectUrl", "assessmentStatusWebHook")), min_size=1)
)
def null(context: Context, names: set[str]) -> None:
    """Whoever wants to take a value away learns that it is still there."""
    ids = {"externalId": unique("a"), "externalPersonId": unique("p")}
    urls = {"redirectUrl": "https://example.com/a", "assessmentStatusWebHook": "https://example.com/b"}
    face = calls.made(context.sandbox, {**TAKER, **ids, **urls, "middleName": "Kevin"})
    texts = [*oracle.PERSON, "externalId"]
    for change in (dict.fromkeys(sorted(names)), {name: "" for name in sorted(names) if name in texts}):
        answer = calls.change(context.sandbox, face["assessmentId"], change)
        calls.same(calls.shown(answer, 200), face)
        if context.is_simulator:
            note = answer.headers.get("simulator-note", "")
            assert [name for name in change if f"body.{name}" not in note] == [], f"noted is {note!r}"
    calls.same(calls.read(context.sandbox, face["assessmentId"]), face)


@contract(
    "pi.change.revived",
    "A later date brings an expired assessment back to 10; the end is then that date, and no earlier one",
    promises=("pi.change.revives", "pi.states"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.5,
)
@given(way=st.sampled_from(("", "open", "start")), days=st.integers(1, 30))
def revived(context: Context, way: str, days: int) -> None:
    """It is the only lever to extend an invitation. What was put off before it expired is not expired at the old
    date; what is aborted or completed keeps its state and its date."""
    sandbox = context.fresh({"invitation_days": 4})
    sandbox.freeze("2031-01-01T00:00:00Z")
    made = [calls.made(sandbox, TAKER)["assessmentId"] for _ in range(4)]
    expired, put_off, aborted, done = made
    if way:
        sandbox.act(expired, way)
    sandbox.act(aborted, "abort")
    sandbox.act(done, "complete")
    later = moments.written(moments.ticks("2031-01-06T00:00:00Z") + days * moments.DAY)
    calls.changed(sandbox, put_off, {"expirationDateTime": later})
    sandbox.advance("P5D")
    assert [calls.read(sandbox, id)["assessmentState"] for id in made] == [50, 0, 65, 40]
    for id, state in ((expired, 10), (aborted, 65), (done, 40)):
        before = calls.read(sandbox, id)
        shown = calls.changed(sandbox, id, {"expirationDateTime": later, "lastName": "New"})
        wanted = {**before, "lastName": "New", "assessmentState": state}
        calls.same(shown, {**wanted, "expirationDateTime": later} if state == 10 else wanted)
    sandbox.advance(moments.lasting(days * moments.DAY - 1))
    assert [calls.read(sandbox, id)["assessmentState"] for id in made] == [10, 0, 65, 40]
    sandbox.advance(moments.lasting(1))
    assert [calls.read(sandbox, id)["assessmentState"] for id in made] == [50, 50, 65, 40]


@contract(
    "pi.change.archived",
    "What is archived is answered 204, and is gone: from readings, lists, searches and the rules of uniqueness",
    kept=("pi.archive.known",),
    broken=("pi.archive.known", "pi.get.known", "pi.change.known", "pi.pattern.known", "pi.report.known"),
    promises=("pi.archive",),
    standing=Standing.ASSUMED,
)
@given(names=strategies.names)
def archived(context: Context, names: Face) -> None:
    """A second time it is a 404, and so is whatever else is asked of it. Another assessment of the same person stays.
    The caller's id can be used for somebody new."""
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
        refusals.refused(answer, 404, f"pi.{rule}.known")
        refusals.legacy(answer)
    calls.same(calls.read(sandbox, kept["assessmentId"]), kept)
    for where in (f"assessmentId eq '{gone['assessmentId']}'", f"externalId eq '{id}'", "isDeleted eq 1 and true"):
        assert calls.listed(sandbox, filter=where) == [], f"what is archived is listed under {where}"
    mine = calls.listed(sandbox, filter=f"externalPersonId eq '{person}'")
    calls.same(mine, [kept])
    new = calls.made(sandbox, {**names, "externalId": id})
    assert new["assessmentUserId"] != gone["assessmentUserId"], "an archived id still names its person"


@contract(
    "pi.change.strangers",
    "Members of a change that no page names are taken, noted and ignored",
    standing=Standing.ASSUMED,
)
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
    """Least of all what only the vendor decides: a caller cannot complete an assessment by a change."""
    face = calls.made(context.sandbox, TAKER)
    answer = calls.change(context.sandbox, face["assessmentId"], {name: value, "middleName": "Kevin"})
    calls.same(calls.shown(answer, 200), {**face, "middleName": "Kevin"})
    if context.is_simulator and (name not in face or face[name] != value):  # what was read can be sent back
        assert name in answer.headers.get("simulator-note", ""), f"the unknown member {name!r} is not noted"
    calls.same(calls.read(context.sandbox, face["assessmentId"]), {**face, "middleName": "Kevin"})


PROPERTIES = (named, one, of_the_account, done, located, person, back, null, revived, archived, strangers)
