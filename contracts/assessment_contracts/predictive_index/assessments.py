"""Creating an assessment: what the response shows, what is filled in, and what is ignored."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from assessment_contracts import timestamps
from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, oracle, strategies
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.fixtures import furnished
from assessment_contracts.predictive_index.oracle import Account, Face
from assessment_contracts.predictive_index.strategies import TAKER
from assessment_contracts.property import given
from assessment_contracts.registry import ASSUMED, CONTROL, MAIL, Registry

contract = Registry("pi.assessment", FACTS)


@contract(
    "create.created get id id.case",
    accepts=(
        "access.key http.* get.known create.media_type create.body.* create.*.type create.*.blank "
        "create.*.required create.expiration.* create.gender.value create.person_type.value create.webhook.url "
        "create.language.tag create.notify.value create.redirect.url"
    ),
)
@given(body=strategies.bodies)
def echo(context: Context, body: Face) -> None:
    """A creation returns 201 with what was sent, and reading shows the same.

    Every member that was sent is in the response, unchanged: names in any script, long ones, URLs with all their
    characters.
    """
    body = calls.own(body)
    face = calls.made(context.sandbox, body)
    again = calls.read(context.sandbox, face["assessmentId"])
    told = [m for m in body if body[m] not in (None, "") and m not in ("languageLocale", "expirationDateTime")]
    for shown in (face, again):
        wrong = {member: shown.get(member) for member in told if shown.get(member) != body[member]}
        assert not wrong, f"not shown as sent: {wrong}"
        assert shown["assessmentId"] == face["assessmentId"]
    assert calls.read(context.sandbox, face["assessmentId"]) == again, "reading twice shows two things"
    if context.is_simulator:
        assert calls.read(context.sandbox, face["assessmentId"].upper()) == again, "an id in capitals is another one"


@contract(
    "face.members face.pending states.zero create.day face.instants face.instants.zeros states.sent "
    "create.language language.hidden",
)
@given(body=strategies.bodies)
def whole(context: Context, body: Face) -> None:
    """A new assessment has exactly the members of the example, each as the request or the account says.

    There are 38 members in one order, each of one type: pending URLs are empty, pending scores null, what was not sent
    is null, and the state is 0.
    """
    body = calls.own(body)
    face = calls.made(context.sandbox, body)
    calls.same(face, oracle.opened(body, face))
    oracle.check_drawn(face, body)
    calls.same(calls.read(context.sandbox, face["assessmentId"]), face)


@contract(
    "create.administrator create.custom_fields create.custom_fields.all create.folder create.expires",
    accepts="create.custom_fields.items create.folder.exists create.position.exists",
    needs=CONTROL,
)
@given(body=strategies.account_bodies)
def of_the_account(context: Context, body: Face) -> None:
    """What a request omits is taken from the account's settings.

    The API user administers, the default folder is shown, and the expiration is in ten days. All custom fields of the
    account are listed; names and values that the account does not have are not assigned.
    """
    body = calls.own(body)
    face = calls.made(furnished(context.sandbox), body)
    calls.same(face, oracle.opened(body, face, Account()))
    oracle.check_drawn(face, body)
    calls.same(calls.read(context.sandbox, face["assessmentId"]), face)


@contract("create.custom_fields create.custom_fields.all", needs=CONTROL)
def fields(context: Context) -> None:
    """A custom field is assigned where name and value are the account's, and ignored otherwise.

    Every name with every value, alone and then all at once, at a creation and at a change: the request goes through
    whatever they are, and an invalid value leaves a field as it was.
    """
    sandbox, account = furnished(context.sandbox), Account()
    first = [{"fieldName": name, "fieldValue": value} for name, value in _ASSIGNED]
    for name in strategies.FIELD_NAMES:
        for value in strategies.FIELD_VALUES:
            items = [{"fieldName": name, "fieldValue": value}, {}]
            face = calls.made(sandbox, {**TAKER, "customFields": items})
            calls.same(face["customFields"], account.fields(items))
            calls.same(calls.changed(sandbox, face["assessmentId"], {"customFields": first})["customFields"], first)
            wanted = account.fields(items, dict(_ASSIGNED))
            calls.same(calls.changed(sandbox, face["assessmentId"], {"customFields": items})["customFields"], wanted)


_ASSIGNED = (("Favorite Color", "Blue"), ("Notes", "x"), ("Größe", "1"))
"""A valid value for every custom field."""


@contract("create.administrator", needs=CONTROL, examples=0.5)
@given(sent=st.booleans(), name=strategies.visible)
def administrator(context: Context, sent: bool, name: str) -> None:
    """Without administeredBy members the API user's details are shown, with them those that were sent.

    The four members come from one person: those that were sent together, or the user whom the key belongs to, with the
    phone number too.
    """
    all_four = {**strategies.ADMINISTRATOR, "administeredByFirstName": name, "administeredByPhone": "+1 781-235-8872"}
    _administered(context, all_four if sent else {}, all_four if sent else Account().administrator)


@contract("create.administrator.empty create.administrator.phone", needs=CONTROL, examples=0.5)
@given(named=st.booleans(), blank=st.sampled_from((None, "")))
def administrator_in_part(context: Context, named: bool, blank: str | None) -> None:
    """Empty administeredBy members count as none, and names without a phone leave the phone null.

    No row says what an empty member means, nor where a missing phone number comes from.
    """
    if named:
        _administered(context, strategies.ADMINISTRATOR, {**strategies.ADMINISTRATOR, "administeredByPhone": None})
    else:
        _administered(context, dict.fromkeys(oracle.ADMINISTRATOR, blank), Account().administrator)


def _administered(context: Context, sent: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Create with these members, and find those."""
    face = calls.made(furnished(context.sandbox), {**TAKER, **sent})
    calls.same([face[m] for m in oracle.ADMINISTRATOR], [wanted[m] for m in oracle.ADMINISTRATOR])


@contract("create.expires face.date face.instants face.instants.zeros", needs=CONTROL, examples=0.5)
@given(days=st.integers(4, 30), tick=st.sampled_from((0, 1, 10, 1_234_567, 9_999_999, 5_000_000)))
def lifetime(context: Context, days: int, tick: int) -> None:
    """Without a date an invitation is valid for as many days as the account has set.

    Both instants of a new assessment come from the account's clock, to the last of seven decimals: the creation
    itself, and exactly so many days later the end.
    """
    now = timestamps.ticks("2031-05-06T07:08:09Z") + tick
    context.sandbox.freeze(timestamps.seven_decimals(now))
    context.sandbox.config(invitation_days=days)
    face = calls.made(context.sandbox, TAKER)
    assert face["assessmentDateTime"] == timestamps.seven_decimals(now), f"created at {face['assessmentDateTime']}"
    assert face["expirationDateTime"] == timestamps.seven_decimals(now + days * timestamps.DAY), face[
        "expirationDateTime"
    ]


@contract("face.instants face.instants.zeros")
@given(day=strategies.days, fraction=st.integers(0, 9_999_999))
def expiration(context: Context, day: Any, fraction: int) -> None:
    """An expirationDateTime is shown as the same instant in UTC, with seven decimals; a date alone ends with its day.

    The page shows `2017-12-31` become that day's end, and instants keep every digit up to the seventh.
    """
    for sent, date in ((f"{day}T01:02:03.{fraction:07d}Z", ""), (f"{day}T23:59:59Z", ""), (str(day), str(day))):
        shown = calls.made(context.sandbox, {**TAKER, "expirationDateTime": sent})["expirationDateTime"]
        assert timestamps.SEVEN_DECIMALS.fullmatch(shown), f"{sent} is shown as {shown}: not seven decimals and Z"
        if date:
            assert shown.startswith(f"{date}T23:59:59"), f"{sent} does not end with its day: {shown}"
        else:
            assert timestamps.ticks(shown) == timestamps.ticks(sent), f"{sent} is shown as {shown}"


@contract(standing=ASSUMED, examples=0.5)
@given(members=strategies.members)
def nulls(context: Context, members: Face) -> None:
    """A member that is null is one that was not sent.

    Serialisers write null for what is not set; the answer must be the same as if it had been left out.
    """
    optional = ("middleName", "expirationDateTime", *strategies.ADMINISTRATOR, "administeredByPhone",
                "associatedPositionTitle", "gender", "personType", "assessmentStatusWebHook", "languageLocale",
                "notifyAssessmentAvailableUsingEmail", "externalId", "externalPersonId", "folderPath", "redirectUrl",
                "customFields")  # fmt: skip
    sent = {**TAKER, **{name: value for name, value in members.items() if value is not None}}
    full = {**dict.fromkeys(optional), **calls.own(sent)}
    lean = {**full, **calls.own(sent)}
    faces = [calls.made(context.sandbox, body) for body in (full, {n: v for n, v in lean.items() if v is not None})]
    for face, body in zip(faces, (full, lean), strict=True):
        calls.same(face, oracle.opened(body, face))
    alike = set(oracle.MEMBERS) - {*oracle.DRAWN, "externalId", "externalPersonId"}
    alike -= set() if sent.get("expirationDateTime") else {"expirationDateTime"}
    unlike = [member for member in oracle.MEMBERS if member in alike and faces[0][member] != faces[1][member]]
    assert not unlike, f"null and nothing differ in {unlike}"


@contract(standing=ASSUMED)
@given(
    name=st.sampled_from(("favouriteColour", "assessmentId", "isDeleted", "firstname", "Größe", "a b", "__proto__")),
    value=st.sampled_from((None, 1, "x", [], {"deep": [1]}, True)),
    body=strategies.bodies,
)
def strangers(context: Context, name: str, value: Any, body: Face) -> None:
    """Undocumented members are ignored, with a note.

    The vendor's framework ignores unknown members. The header Simulator-Note names them, so that a misprint is found.
    """
    body = calls.own(body)
    answer = calls.create(context.sandbox, {**body, name: value})
    face = calls.shown(answer, 201)
    calls.same(face, oracle.opened(body, face))
    if context.is_simulator:
        note = answer.headers.get("simulator-note", "")
        assert "not a documented member" in note, f"the unknown member {name!r} is not noted: {note!r}"
        assert ("did you mean firstName" in note) == (name == "firstname"), f"the note about {name!r} is {note!r}"
        assert "simulator-hint" not in answer.headers, "an accepted call has a hint"
        clean = calls.create(context.sandbox, TAKER).headers
        assert "simulator-note" not in clean, "a known member is noted"


@contract("id", examples=0.5)
@given(body=strategies.bodies)
def unlike(context: Context, body: Face) -> None:
    """Every assessment has an id, a person and a link of its own.

    Equal names and e-mail addresses do not make two people one: the vendor leaves that to its caller.
    """
    faces = [calls.made(context.sandbox, calls.own(body)) for _ in range(2)]
    for member in ("assessmentId", "assessmentUserId", "assessmentUrl", "personPageUrl"):
        assert faces[0][member] != faces[1][member], f"two assessments share the {member} {faces[0][member]}"
    assert faces[0]["assessmentId"] != faces[0]["assessmentUserId"]


@contract(standing=ASSUMED, examples=0.1)
def passwords(context: Context) -> None:
    """Assessments have different passwords.

    Four digits may come twice, but eight assessments in a row do not share them.
    """
    found = {calls.made(context.sandbox, TAKER)["assessmentPassword"] for _ in range(8)}
    assert len(found) > 1, f"eight assessments have the password {found}"


@contract("create.language")
@given(language=strategies.languages)
def language(context: Context, language: str) -> None:
    """The invitation's language is en-US unless another is given.

    The link that the taker opens says the language, so that the taker meets the assessment in it.
    """
    links = [
        calls.made(context.sandbox, {**TAKER, **more})["assessmentUrl"] for more in ({}, {"languageLocale": language})
    ]
    for link, wanted in zip(links, ("en-US", language), strict=True):
        assert link.endswith(f"lang={wanted}"), f"the link is not in {wanted}: {link}"


@contract("create.mail states.sent states.zero", needs=CONTROL | MAIL)
@given(names=strategies.names, notify=st.sampled_from((1, 0, None, 1.0)))
def mail(context: Context, names: Face, notify: Any) -> None:
    """notifyAssessmentAvailableUsingEmail 1 mails the link to the taker, once; 0 sends no mail.

    With a mail the state is 10 from the first read on, although the response to the creation shows 0, as the page's
    sample does. Without one it stays 0 until the link is opened.
    """
    sandbox = context.fresh()
    face = calls.made(sandbox, {**names, "notifyAssessmentAvailableUsingEmail": notify})
    calls.same(face["notifyAssessmentAvailableUsingEmail"], int(notify or 0))
    assert face["assessmentState"] == 0, f"a creation shows the state {face['assessmentState']}"
    state = calls.read(sandbox, face["assessmentId"])["assessmentState"]
    assert state == (10 if notify else 0), f"notify {notify}, and the state is {state}"
    mails = sandbox.control_json("GET", "/mail")
    assert [m["to"] for m in mails] == ([names["email"]] if notify else []), f"mails: {mails}"
    for sent in mails:
        assert sent["link"] == face["assessmentUrl"], "the mail's link is another"
        assert sent["link"] in sent["text"], "the mail lacks the link"
        assert sent["invitation"] == face["assessmentId"]


PROPERTIES = contract.properties
