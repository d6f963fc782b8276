"""Creating an assessment: what the answer shows, what is filled in, and what is taken without a word."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import calls, moments, oracle, strategies
from assessment_contracts.predictive_index.facts import BLANKS, MEMBERS
from assessment_contracts.predictive_index.oracle import Account, Face
from assessment_contracts.predictive_index.scene import TAKER
from assessment_contracts.predictive_index.settings import furnished
from assessment_contracts.property import Need, contract, given
from assessment_contracts.sources import Standing

TYPES = tuple(f"pi.create.{member}.type" for member in MEMBERS)
NAMES = tuple(f"pi.create.{member}.required" for member in ("first_name", "last_name", "email"))
ADMINISTERED = tuple(f"pi.create.administered_by.{member}.required" for member in ("first_name", "last_name", "email"))
SHOWN = tuple(f"pi.create.{member}.blank" for member in BLANKS)
VALUES = tuple(
    f"pi.create.{words}"
    for words in ("expiration.format", "expiration.future", "gender.value", "person_type.value", "webhook.url",
                  "language.tag", "notify.value", "redirect.url")
)  # fmt: skip
HTTP = ("pi.http.route", "pi.http.verb", "pi.http.encoding", "pi.http.size", "pi.access.key", "pi.create.media_type",
        "pi.create.body.json", "pi.create.body.object")  # fmt: skip


@contract(
    "pi.assessment.echo",
    "A creation answers 201 with what was sent, and reading shows the same",
    kept=(*HTTP, *TYPES, *NAMES, *SHOWN, *ADMINISTERED, *VALUES, "pi.get.known"),
    promises=("pi.create.created", "pi.get", "pi.id", "pi.id.case"),
)
@given(body=strategies.bodies)
def echo(context: Context, body: Face) -> None:
    """Whoever invites a taker finds every member that was sent in the answer, letter for letter, and later again:
    names in any script, long ones, addresses with all their marks."""
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
    "pi.assessment.whole",
    "A new assessment has exactly the members of the example, each as the request or the account says",
    promises=("pi.face.members", "pi.face.pending", "pi.states.zero", "pi.create.day", "pi.face.instants",
              "pi.face.instants.zeros", "pi.states.sent", "pi.create.language", "pi.language.hidden"),
    standing=Standing.ASSUMED,
)  # fmt: skip
@given(body=strategies.bodies)
def whole(context: Context, body: Face) -> None:
    """A caller who binds the answer to a class finds 38 members in one order, of one type each: pending addresses are
    empty, pending scores null, what was not sent is null, and a new assessment is in state 0."""
    body = calls.own(body)
    face = calls.made(context.sandbox, body)
    calls.same(face, oracle.opened(body, face))
    oracle.check_drawn(face, body)
    calls.same(calls.read(context.sandbox, face["assessmentId"]), face)


@contract(
    "pi.assessment.of_the_account",
    "What a request leaves out is filled in from the account's settings",
    kept=("pi.create.position.exists", "pi.create.folder.exists", "pi.create.custom_fields.items"),
    promises=("pi.create.administrator", "pi.create.custom_fields", "pi.create.custom_fields.all", "pi.create.folder",
              "pi.create.expires"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
)  # fmt: skip
@given(body=strategies.account_bodies)
def of_the_account(context: Context, body: Face) -> None:
    """Nobody named administers: the API user does. No folder: the default folder's name is shown. No date: ten days.
    Every custom field of the account is listed; a name or a value that the account does not have is not assigned."""
    body = calls.own(body)
    face = calls.made(furnished(context.sandbox), body)
    calls.same(face, oracle.opened(body, face, Account()))
    oracle.check_drawn(face, body)
    calls.same(calls.read(context.sandbox, face["assessmentId"]), face)


@contract(
    "pi.assessment.fields",
    "A custom field is assigned where name and value are the account's, and ignored otherwise",
    kept=("pi.create.custom_fields.items", "pi.change.custom_fields.items"),
    promises=("pi.create.custom_fields", "pi.create.custom_fields.all"),
    needs={Need.CONTROL},
)
def fields(context: Context) -> None:
    """Every name with every value, alone and then all at once, at a creation and at a change: the request goes through
    whatever they are, and an invalid value leaves a field as it was."""
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


@contract(
    "pi.assessment.administrator",
    "Without administeredBy members the API user's details are shown, with them those that were sent",
    promises=("pi.create.administrator",),
    needs={Need.CONTROL},
    examples=0.5,
)
@given(sent=st.booleans(), name=strategies.visible)
def administrator(context: Context, sent: bool, name: str) -> None:
    """The four members come from one person: those that were sent together, or the user whom the key belongs to, with
    the phone number too."""
    all_four = {**strategies.ADMINISTRATOR, "administeredByFirstName": name, "administeredByPhone": "+1 781-235-8872"}
    _administered(context, all_four if sent else {}, all_four if sent else Account().administrator)


@contract(
    "pi.assessment.administrator_in_part",
    "Empty administeredBy members count as none, and names without a phone leave the phone null",
    promises=("pi.create.administrator.empty", "pi.create.administrator.phone"),
    needs={Need.CONTROL},
    examples=0.5,
)
@given(named=st.booleans(), blank=st.sampled_from((None, "")))
def administrator_in_part(context: Context, named: bool, blank: str | None) -> None:
    """No row says what an empty member means, nor where a missing phone number comes from."""
    if named:
        _administered(context, strategies.ADMINISTRATOR, {**strategies.ADMINISTRATOR, "administeredByPhone": None})
    else:
        _administered(context, dict.fromkeys(oracle.ADMINISTRATOR, blank), Account().administrator)


def _administered(context: Context, sent: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Create with these members, and find those."""
    face = calls.made(furnished(context.sandbox), {**TAKER, **sent})
    calls.same([face[m] for m in oracle.ADMINISTRATOR], [wanted[m] for m in oracle.ADMINISTRATOR])


@contract(
    "pi.assessment.lifetime",
    "Without a date an invitation lives as many days as the account has set",
    promises=("pi.create.expires", "pi.face.date", "pi.face.instants", "pi.face.instants.zeros"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL},
    examples=0.5,
)
@given(days=st.integers(4, 30), tick=st.sampled_from((0, 1, 10, 1_234_567, 9_999_999, 5_000_000)))
def lifetime(context: Context, days: int, tick: int) -> None:
    """Both instants of a new assessment come from the account's clock, to the last of seven decimals: the creation
    itself, and exactly so many days later the end."""
    now = moments.ticks("2031-05-06T07:08:09Z") + tick
    context.sandbox.freeze(moments.written(now))
    context.sandbox.config(invitation_days=days)
    face = calls.made(context.sandbox, TAKER)
    assert face["assessmentDateTime"] == moments.written(now), f"created at {face['assessmentDateTime']}"
    assert face["expirationDateTime"] == moments.written(now + days * moments.DAY), face["expirationDateTime"]


@contract(
    "pi.assessment.expiration",
    "An expirationDateTime is shown as the same instant in UTC, with seven decimals; a date alone ends with its day",
    promises=("pi.face.instants", "pi.face.instants.zeros"),
    kept=("pi.create.expiration.format", "pi.create.expiration.future"),
)
@given(day=strategies.days, fraction=st.integers(0, 9_999_999))
def expiration(context: Context, day: Any, fraction: int) -> None:
    """The page shows `2017-12-31` become that day's end, and instants keep every digit up to the seventh."""
    for sent, date in ((f"{day}T01:02:03.{fraction:07d}Z", ""), (f"{day}T23:59:59Z", ""), (str(day), str(day))):
        shown = calls.made(context.sandbox, {**TAKER, "expirationDateTime": sent})["expirationDateTime"]
        assert moments.WRITTEN.fullmatch(shown), f"{sent} is shown as {shown}: not seven decimals and Z"
        if date:
            assert shown.startswith(f"{date}T23:59:59"), f"{sent} does not end with its day: {shown}"
        else:
            assert moments.ticks(shown) == moments.ticks(sent), f"{sent} is shown as {shown}"


@contract(
    "pi.assessment.nulls",
    "A member that is null is one that was not sent",
    standing=Standing.ASSUMED,
    kept=TYPES,
    examples=0.5,
)
@given(members=strategies.members)
def nulls(context: Context, members: Face) -> None:
    """Serialisers write null for what is not set; the answer must be the same as if it had been left out."""
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


@contract(
    "pi.assessment.strangers",
    "Members that no page names are taken, noted and ignored",
    standing=Standing.ASSUMED,
)
@given(
    name=st.sampled_from(("favouriteColour", "assessmentId", "isDeleted", "firstname", "Größe", "a b", "__proto__")),
    value=st.sampled_from((None, 1, "x", [], {"deep": [1]}, True)),
    body=strategies.bodies,
)
def strangers(context: Context, name: str, value: Any, body: Face) -> None:
    """The vendor's framework ignores what it does not know, and so may a caller's newer version send more. A simulator
    tells of it in a header, so that a misspelt member is found."""
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


@contract(
    "pi.assessment.unlike",
    "Every assessment has an id, a person and a link of its own",
    promises=("pi.id",),
    examples=0.5,
)
@given(body=strategies.bodies)
def unlike(context: Context, body: Face) -> None:
    """Equal names and addresses make nobody one: the vendor leaves that to its caller."""
    faces = [calls.made(context.sandbox, calls.own(body)) for _ in range(2)]
    for member in ("assessmentId", "assessmentUserId", "assessmentUrl", "personPageUrl"):
        assert faces[0][member] != faces[1][member], f"two assessments share the {member} {faces[0][member]}"
    assert faces[0]["assessmentId"] != faces[0]["assessmentUserId"]


@contract(
    "pi.assessment.passwords",
    "Assessments have different passwords",
    standing=Standing.ASSUMED,
    examples=0.1,
)
def passwords(context: Context) -> None:
    """Four digits may come twice, but eight assessments in a row do not share them."""
    found = {calls.made(context.sandbox, TAKER)["assessmentPassword"] for _ in range(8)}
    assert len(found) > 1, f"eight assessments have the password {found}"


@contract(
    "pi.assessment.language",
    "The invitation's language is en-US unless another is given",
    promises=("pi.create.language",),
)
@given(language=strategies.languages)
def language(context: Context, language: str) -> None:
    """The link that the taker opens says the language, so that the taker meets the assessment in it."""
    links = [
        calls.made(context.sandbox, {**TAKER, **more})["assessmentUrl"] for more in ({}, {"languageLocale": language})
    ]
    for link, wanted in zip(links, ("en-US", language), strict=True):
        assert link.endswith(f"lang={wanted}"), f"the link is not in {wanted}: {link}"


@contract(
    "pi.assessment.mail",
    "notifyAssessmentAvailableUsingEmail 1 mails the taker the link, once; 0 mails nobody",
    promises=("pi.create.mail", "pi.states.sent", "pi.states.zero"),
    kept=("pi.create.notify.value", "pi.create.notify.type"),
    standing=Standing.ASSUMED,
    needs={Need.CONTROL, Need.MAIL},
)
@given(names=strategies.names, notify=st.sampled_from((1, 0, None, 1.0)))
def mail(context: Context, names: Face, notify: Any) -> None:
    """Whoever is mailed has been sent the invitation: state 10 from the first reading on, though the answer to the
    creation still shows 0, as the page's sample does. Whoever is not stays in 0 until the link is opened."""
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
        assert sent["link"] in sent["text"], "the mail does not tell the link"
        assert sent["invitation"] == face["assessmentId"]


PROPERTIES = (
    echo,
    fields,
    whole,
    of_the_account,
    administrator,
    administrator_in_part,
    lifetime,
    expiration,
    nulls,
    strangers,
    unlike,
    passwords,
    language,
    mail,
)
