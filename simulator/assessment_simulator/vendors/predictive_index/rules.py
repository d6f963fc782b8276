"""The rules about creating, changing and reading an assessment, and the notes about accepted bodies.

Begin with `_TABLE`, the vendor's request table. `CREATE`, `CHANGE`, `ARCHIVE` and `READ` are the stages of the
operations: a stage is judged only if the one before has no violated rule, so a rule may rely on what earlier stages
have established. All rules about members stand in one stage, so that a response names all that are violated.

Of the page on changes, the table could be read as far as `administeredByFirstName`; from there on the rows of POST are
taken. Its note that names are left out when re-assessing is copied from POST and is no rule here. An assessment that
was read can be sent back: a member with the value that answers show is no change, so no rule about values refuses it
(a folder's name alone, a date in the past, a position that the account no longer has).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, cast

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.rules import (
    Check,
    Field,
    Hint,
    Json,
    Rule,
    is_type,
    media_type_hint,
    misspelt,
    misspelt_query,
    not_an_object,
    type_rules,
    unknown_id,
    unreadable,
)
from assessment_simulator.core.sandbox_view import SandboxView, Stored
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.core.text import PLUS, address_note, choice_of, ignored, is_blank, meant, plain, raw_value
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.vendors.predictive_index import languages, people, sources
from assessment_simulator.vendors.predictive_index.behaviour_flags import PERSON_TYPE, WEBHOOK_MEMBER
from assessment_simulator.vendors.predictive_index.people import PERSON_TYPES, given
from assessment_simulator.vendors.predictive_index.representations import find_folder, reshaped
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

Stages = tuple[tuple[Rule, ...], ...]

_TABLE: tuple[tuple[str, Json, str, str], ...] = (
    ("firstName", Json.STRING, "first_name", "The taker's first name; left out when re-assessing"),
    ("middleName", Json.STRING, "middle_name", "The taker's middle name; left out when re-assessing"),
    ("lastName", Json.STRING, "last_name", "The taker's last name; left out when re-assessing"),
    ("email", Json.STRING, "email", "The taker's e-mail address; left out when re-assessing"),
    ("expirationDateTime", Json.STRING, "expiration", "When the invitation expires: a date or an instant, in UTC"),
    ("administeredByFirstName", Json.STRING, "administered_by.first_name", "Who administers; else the API user"),
    ("administeredByLastName", Json.STRING, "administered_by.last_name", "Who administers; else the API user"),
    ("administeredByEmail", Json.STRING, "administered_by.email", "Who administers; else the API user"),
    ("administeredByPhone", Json.STRING, "administered_by.phone", "Who administers; else the API user"),
    ("associatedPositionTitle", Json.STRING, "position", "The name of an existing position"),
    ("gender", Json.INTEGER, "gender", "0 Unknown, 1 Male, 2 Female"),
    ("personType", Json.STRING, "person_type", f"One of {', '.join(PERSON_TYPES.values())}; case matters"),
    ("assessmentStatusWebHook", Json.STRING, "webhook", "The URL that is called when the assessment is complete"),
    ("languageLocale", Json.STRING, "language", "The invitation's language; en-US unless given"),
    ("notifyAssessmentAvailableUsingEmail", Json.INTEGER, "notify", "1 sends the taker an e-mail, 0 does not"),
    ("externalId", Json.STRING, "external_id", "The caller's id of the assessment; a known one re-assesses"),
    ("externalPersonId", Json.STRING, "external_person_id", "The caller's id of the taker; a known one re-assesses"),
    ("folderPath", Json.STRING, "folder", "The folder's full path, beginning with a backslash; its name is accepted"),
    ("redirectUrl", Json.STRING, "redirect", "Where the taker is sent after the assessment: a full URL"),
    ("customFields", Json.ARRAY, "custom_fields", "Objects of fieldName and fieldValue; what is unknown is ignored"),
)

# The request table by member.
FIELDS: dict[str, Field] = {name: Field((name,), kind, slug, text) for name, kind, slug, text in _TABLE}

_NUMBERED_PERSON_TYPE = replace(FIELDS["personType"], type=Json.INTEGER)
_RENAMED_WEBHOOK = replace(FIELDS["assessmentStatusWebHook"], path=("assessmentStatusWebHookUrl",))
_NAMES = ("firstName", "middleName", "lastName", "email")
_ADMINISTRATOR = ("administeredByFirstName", "administeredByLastName", "administeredByEmail", "administeredByPhone")


def expiry(text: str) -> int | None:
    """Return the instant that an expirationDateTime means; a date alone lasts until that day ends, as in the sample."""
    moment = instant.parse(text)
    if moment is None:
        return None
    return instant.end_of_day(moment.at) if moment.date_only else moment.at


def _field(member: str, config: Config) -> Field:
    """Return a member of the request table as the behaviour flags type and name it."""
    if member == "personType" and PERSON_TYPE.value(config) == "numbers":
        return _NUMBERED_PERSON_TYPE
    if member == "assessmentStatusWebHook" and WEBHOOK_MEMBER.value(config) != member:
        return _RENAMED_WEBHOOK
    return FIELDS[member]


def _value(member: str, test: Callable[[Any, VendorRequest, SandboxView], bool]) -> Check:
    """Return the check of a member's value, which passes where the member is absent, null or of another type."""

    def holds(request: VendorRequest, view: SandboxView) -> bool:
        field = _field(member, view.config)
        value = field.of(request.body)
        return value is None or not is_type(value, field.type) or test(value, request, view)

    return holds


def _rule(
    slug: str, member: str, statement: str, holds: Check, assumed: str = "", reading: str = "", hint: Hint | None = None
) -> Rule:
    """A rule of a row of the request table: documented, unless it is `assumed` for the reason given there."""
    id, place = f"pi.create.{slug}", f"body.{member}"
    if assumed:
        return Rule(id, place, statement, 400, Standing.ASSUMED, ours(assumed), holds, hint)
    source = sources.row(member, reading)
    return Rule(
        id, place, statement, 400, Standing.DOCUMENTED, source, holds, hint,
        status_basis=sources.STATUS, body_basis=sources.BODY,
    )  # fmt: skip


def _reassesses(request: VendorRequest, view: SandboxView) -> bool:
    return people.reassessed(request.body, view) is not None


_HINTS: dict[str, Hint] = {member: misspelt(FIELDS[member]) for member in (*_NAMES, *_ADMINISTRATOR)}
# One hint about another reading of externalId is enough where all three names are missing.
_HINTS["firstName"] = lambda request, view: (
    people.other_match(request, view) or misspelt(FIELDS["firstName"])(request, view)
)


def _required(m: str) -> Rule:
    return _rule(
        f"{FIELDS[m].slug}.required", m, f"{m} is required unless an existing person is re-assessed",
        lambda request, view: request.body.get(m) not in (None, "") or _reassesses(request, view), hint=_HINTS[m],
    )  # fmt: skip


def _excluded(m: str) -> Rule:
    # Blank counts as empty here (assumed), and empty members are documented to be allowed.
    return _rule(
        f"{FIELDS[m].slug}.excluded", m, f"{m} must be left out, empty or null when re-assessing",
        lambda request, view:
            not given(text := request.body.get(m)) or is_blank(text) or not _reassesses(request, view),
    )  # fmt: skip


def _given_with_the_others(m: str) -> Rule:
    return _rule(
        f"{FIELDS[m].slug}.required", m, f"{m} is required with any other administeredBy member",
        lambda request, view: request.body.get(m) not in (None, "")
            or not any(given(request.body.get(other)) for other in _ADMINISTRATOR),
        hint=_HINTS[m],
    )  # fmt: skip


_NAME_RULES = (*map(_required, ("firstName", "lastName", "email")), *map(_excluded, _NAMES))
_ADMINISTRATOR_RULES = tuple(map(_given_with_the_others, _ADMINISTRATOR[:3]))


def _not_blank(member: str) -> Check:
    shows = _value(member, lambda text, request, view: text == "" or not is_blank(text))
    if member not in _NAMES:
        return shows
    # In a re-assessment a blank name counts as empty.
    return lambda request, view: (
        shows(request, view) or (request.operation == "create_assessment" and _reassesses(request, view))
    )


# Names and addresses of white space alone are refused.
_BLANK_RULES = tuple(
    Rule(
        f"pi.create.{FIELDS[m].slug}.blank", f"body.{m}", f"{m} must not be white space alone", 400, Standing.ASSUMED,
        ours("no page names it; a name or address that shows nothing is a caller's mistake"), _not_blank(m),
    )
    for m in (*_NAMES, *_ADMINISTRATOR[:3])
)  # fmt: skip


def _zone_hint(request: VendorRequest, view: SandboxView) -> str | None:
    """Return what to send instead of a date-time without a zone."""
    text = FIELDS["expirationDateTime"].of(request.body)
    unzoned = r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,7})?"
    found = re.fullmatch(unzoned, text, re.ASCII) if isinstance(text, str) else None
    if found is None:
        return None
    right = f"{found[1]}T{found[2]}{found[3] or ':00'}{found[4] or ''}Z"
    return f"expirationDateTime has no zone; send it in UTC, as {right}" if instant.parse(right) else None


def _position_hint(request: VendorRequest, view: SandboxView) -> str:
    """Return the positions that exist, and how to add one."""
    title, known = FIELDS["associatedPositionTitle"].of(request.body), view.config.positions
    return f"{choice_of(title, known, 'positions here')}; the sandbox's setting positions adds others"


def _folder_hint(request: VendorRequest, view: SandboxView) -> str:
    """Return the folders that exist."""
    path = FIELDS["folderPath"].of(request.body)
    return f"{choice_of(path, view.config.folders, 'folders here')}; in JSON a backslash is written twice"


def _person_type_hint(request: VendorRequest, view: SandboxView) -> str | None:
    value = request.body.get("personType")
    right = meant(value, PERSON_TYPES.values()) if isinstance(value, str) else None
    return f"did you mean {right}?" if right else None


def _language_hint(request: VendorRequest, view: SandboxView) -> str | None:
    """Return the tag for a locale such as en_US."""
    tag = str(request.body.get("languageLocale")).replace("_", "-")
    return f"did you mean {tag}?" if len(tag) <= 40 and languages.TAG.fullmatch(tag) else None


def _url_hint(member: str) -> Hint:
    """Return the hint about an address that is no URL; it does not repeat what may hold a password."""

    def hint(request: VendorRequest, view: SandboxView) -> str | None:
        text = _field(member, view.config).of(request.body)
        if not isinstance(text, str) or "://" in text:
            return None
        return f"{member} has no scheme; a URL begins with http:// or https://"

    return hint


_NUMBERS = {
    "gender": "send the number: 0 Unknown, 1 Male, 2 Female",
    "notifyAssessmentAvailableUsingEmail": "send the number: 1 for yes, 0 for no",
}
_FLAGGED = {
    "personType": f" (integer where {PERSON_TYPE.id} says numbers)",
    "assessmentStatusWebHook": f" (under the name that {WEBHOOK_MEMBER.id} gives it)",
}


def _well_typed(member: str, request: VendorRequest, view: SandboxView) -> bool:
    return _field(member, view.config).well_typed(request, view)


def _type_rule(member: str, rule: Rule) -> Rule:
    """Return the rule about a member's type as the behaviour flags have it, with a hint where texts are sent."""
    if member in _FLAGGED:
        return replace(rule, statement=rule.statement + _FLAGGED[member], check=partial(_well_typed, member))
    return replace(rule, hint=lambda request, view: _NUMBERS.get(member))


_TYPE_RULES: tuple[Rule, ...] = tuple(map(_type_rule, FIELDS, type_rules("pi.create", FIELDS.values(), 400)))
_VALUES: tuple[Rule, ...] = (
    _rule("expiration.format", "expirationDateTime",
          'expirationDateTime must look like "2015-01-31" or "2015-01-31T23:59:59.0123456Z"',
          _value("expirationDateTime", lambda text, request, view: expiry(text) is not None), hint=_zone_hint),
    _rule("expiration.future", "expirationDateTime", "expirationDateTime must lie in the future",
          _value("expirationDateTime",
                 lambda text, request, view: (at := expiry(text)) is None or at > request.now)),
    _rule("position.exists", "associatedPositionTitle",
          "associatedPositionTitle must be the name of an existing position",
          _value("associatedPositionTitle", lambda title, request, view: title in view.config.positions),
          hint=_position_hint),
    _rule("gender.value", "gender", "gender must be 0, 1 or 2",
          _value("gender", lambda number, request, view: number in (0, 1, 2))),
    _rule("person_type.value", "personType", f"personType must be one of {', '.join(PERSON_TYPES.values())}",
          # The type of the member, which a flag gives, keeps names and numbers apart.
          _value("personType",
                 lambda value, request, view: value in PERSON_TYPES or value in PERSON_TYPES.values()),
          hint=_person_type_hint),
    _rule("webhook.url", "assessmentStatusWebHook",
          "assessmentStatusWebHook must be a complete http or https URL",
          _value("assessmentStatusWebHook", lambda url, request, view: is_web_url(url)),
          'the row says "the complete path"; an address that can never be called is refused when it is given',
          hint=_url_hint("assessmentStatusWebHook")),
    _rule("language.tag", "languageLocale", "languageLocale must be a language tag such as en-US",
          _value("languageLocale", lambda tag, request, view: languages.TAG.fullmatch(tag) is not None),
          "the list of languages is not published; RFC 5646 is named for reports, so its form is asked for",
          hint=_language_hint),
    _rule("notify.value", "notifyAssessmentAvailableUsingEmail",
          "notifyAssessmentAvailableUsingEmail must be 0 or 1",
          _value("notifyAssessmentAvailableUsingEmail", lambda number, request, view: number in (0, 1))),
    _rule("folder.exists", "folderPath", "folderPath must be the full path of an existing folder, or its name",
          _value("folderPath", lambda text, request, view: find_folder(text, view.config) is not None),
          "the row asks for the path as it is displayed; no page says that an unknown one is refused, or that a "
          "folder's name, which answers show, is accepted", hint=_folder_hint),
    _rule("redirect.url", "redirectUrl", "redirectUrl must be a full http or https URL",
          _value("redirectUrl", lambda url, request, view: is_web_url(url)),
          reading="that the protocol must be one that a browser follows", hint=_url_hint("redirectUrl")),
    _rule("custom_fields.items", "customFields", "customFields must hold objects only",
          _value("customFields", lambda items, request, view: all(isinstance(item, dict) for item in items)),
          "unknown names and values are documented to be ignored; an item that is no object has neither"),
)  # fmt: skip


def _body_stages(prefix: str) -> Stages:
    """Return the stages that require a JSON object."""

    def is_readable(request: VendorRequest, view: SandboxView) -> bool:
        return request.body is not MISSING and not isinstance(request.body, Unreadable)

    def is_object(request: VendorRequest, view: SandboxView) -> bool:
        return not is_readable(request, view) or isinstance(request.body, dict)

    unbound = ours("ASP.NET Web API answers so when it cannot bind a body")
    return (
        (Rule(f"{prefix}.media_type", "header.content-type", "the content type must be application/json", 415,
              Standing.DOCUMENTED, sources.CONTENT, lambda request, view: request.media_type == "application/json",
              media_type_hint, sources.STOCK, sources.STOCK),),
        (Rule(f"{prefix}.body.json", "request", "the body must be JSON", 400, Standing.ASSUMED, unbound, is_readable,
              unreadable),
         Rule(f"{prefix}.body.object", "request", "the body must be a JSON object", 400, Standing.ASSUMED, unbound,
              is_object, not_an_object)),
    )  # fmt: skip


def known(id: str, source: Source = sources.GET_PAGE) -> tuple[Rule, ...]:
    """Return the stage that requires an existing assessment; an archived one does not exist."""
    statement = "assessmentId must be that of an assessment in this account"
    return (
        Rule(id, "path.assessmentId", statement, 404, Standing.ASSUMED, source,
             lambda request, view: view.get(RECORD_KIND, request.params["assessmentId"]) is not None,
             unknown_id(RECORD_KIND, "assessmentId")),
    )  # fmt: skip


READ: Stages = (known("pi.get.known"),)
ARCHIVE: Stages = (known("pi.archive.known", ours("what is archived is gone, so a second time is a 404")),)

_MATCH = _rule(
    "external_person_id.match", "externalPersonId",
    "externalPersonId must not name another person than the one whom externalId re-assesses",
    lambda request, view: people.ids_agree(request.body, view),
    "externalId decides who is re-assessed; where the two disagree, refusing is safer than guessing",
)  # fmt: skip
CREATE: Stages = (
    *_body_stages("pi.create"),
    _TYPE_RULES + _NAME_RULES + _BLANK_RULES + _ADMINISTRATOR_RULES + (*_VALUES, _MATCH),
)


def target(request: VendorRequest, view: SandboxView) -> Stored | None:
    """Return the assessment that the path's id or the query's `externalId` names."""
    id = request.params.get("assessmentId")
    if id is None:
        return people.latest_assessment(request.query.get("externalId"), view)
    return view.get(RECORD_KIND, id)


def differing(request: VendorRequest, view: SandboxView) -> dict[str, Any]:
    """Return the members of the body that differ from what answers show of the assessment."""
    # The stage before has found the assessment.
    stored = cast("Stored", target(request, view))
    shown = reshaped(stored.public, stored.internal, view.config)
    found = {}
    for member, value in request.body.items():
        present = shown.get(member)
        if isinstance(present, str):
            present = view.links.fill_text(present, request.base_url)
        # `True == 1`, but no answer shows a truth value. A member that is not shown has no value to be equal to.
        if member not in shown or type(value) is not type(present) or value != present:
            found[member] = value
    return found


def _change_rule(rule: Rule) -> Rule:
    """Return a rule about creating as one about the members that a request changes."""

    def holds(request: VendorRequest, view: SandboxView) -> bool:
        return rule.check(request, view) or rule.check(request._replace(body=differing(request, view)), view)

    changed = replace(rule, id=rule.id.replace("pi.create.", "pi.change.", 1), check=holds)
    if rule.standing is Standing.ASSUMED:
        return changed
    if rule.name == "expirationDateTime":
        return replace(changed, source=Source("PATCH behavioralassessments", f"request table, row {rule.name}"))
    reason = "the page could be read in part; what POST asks of the member is taken"
    return replace(changed, standing=Standing.ASSUMED, source=ours(reason), status_basis=None, body_basis=None)


def _is_own(owner: str | None, request: VendorRequest, view: SandboxView) -> bool:
    """Whether an id is free, or belongs to the person of the assessment that is changed."""
    return owner is None or owner == cast("Stored", target(request, view)).public["assessmentUserId"]


_FREE = (
    Rule("pi.change.external_id.free", "body.externalId",
         "externalId must not be that of another person's assessment", 400, Standing.ASSUMED,
         ours("externalId decides who is re-assessed, so it cannot lead to two persons"),
         lambda request, view: _is_own(people.by_external_id(request.body.get("externalId"), view), request, view)),
    Rule("pi.change.external_person_id.free", "body.externalPersonId",
         "externalPersonId must not be that of another person", 400, Standing.ASSUMED,
         ours("an assessment stays with its person; two persons cannot have one id"),
         lambda request, view: _is_own(
             people.by_external_person_id(request.body.get("externalPersonId"), view), request, view)),
)  # fmt: skip
# The stages of PATCH behavioralassessments, by either locator.
CHANGE: Stages = (
    *_body_stages("pi.change"),
    (Rule("pi.change.locator", "query.externalId",
          "give exactly one: the assessmentId in the path, or externalId in the query", 400,
          Standing.DOCUMENTED, sources.PATCH_PAGE,
          lambda request, view: ("assessmentId" in request.params) != given(request.query.get("externalId")),
          misspelt_query("externalId"), status_basis=sources.STATUS, body_basis=sources.BODY),),
    (Rule("pi.change.known", "path.assessmentId",
          "assessmentId or externalId must be that of an assessment in this account", 404, Standing.ASSUMED,
          ours("as for GET"), lambda request, view: target(request, view) is not None,
          lambda request, view: PLUS if "+" in raw_value(request.raw_query, "externalId") else None),),
    tuple(map(_change_rule,
              _TYPE_RULES + _ADMINISTRATOR_RULES + _VALUES + _BLANK_RULES + _FREE)),
)  # fmt: skip

_MAX_NOTES = 5


def body_notes(body: Mapping[str, Any], config: Config) -> tuple[str, ...]:
    """Return the notes about the body of an accepted creation or change: what was ignored or is not documented."""
    date, folder = body.get("expirationDateTime"), body.get("folderPath")
    webhook = WEBHOOK_MEMBER.value(config)
    documented = [webhook if name == "assessmentStatusWebHook" else name for name in FIELDS]
    notes = []
    for name in [name for name in body if name not in documented][:_MAX_NOTES]:
        if name in WEBHOOK_MEMBER.values:
            flag = f"{WEBHOOK_MEMBER.id} is {webhook}, so the address is read from that member"
            notes.append(f"body.{name} was ignored: {flag}")
        else:
            notes.append(ignored("body", name, documented))
    if folder and folder not in config.folders:
        notes.append("body.folderPath: a folder's name was accepted; the documents ask for its full path")
    notes += language_notes("body.languageLocale", body.get("languageLocale"))
    notes += address_note("body.email", body.get("email"))
    notes += address_note("body.administeredByEmail", body.get("administeredByEmail"))
    if date and re.search(r"T.*[+-]\d\d:\d\d$", date, re.ASCII):
        notes.append(f"body.expirationDateTime: {sources.OFFSET_NOTE}")
    notes += islice(_custom_field_notes(body.get("customFields") or (), config), _MAX_NOTES)
    return tuple(notes)


def language_notes(place: str, tag: str | None) -> tuple[str, ...]:
    """Return the note about a well-formed tag that is not known to be published."""
    if tag is None or tag.lower() in languages.NAMES:
        return ()
    return (f"{place} {tag[:40]} is not among the languages that the vendor is known to publish; it was accepted",)


def _custom_field_notes(items: Any, config: Config) -> Iterator[str]:
    """Yield a note about each custom field of a body that is not assigned."""
    fields = {field.name: field for field in config.custom_fields}
    last = {item["fieldName"]: at for at, item in enumerate(items) if isinstance(item.get("fieldName"), str)}
    for at, item in enumerate(items):
        name, value, reason = item.get("fieldName"), item.get("fieldValue"), None
        if not isinstance(name, str):
            other = next((one for one in item if meant(one, ["fieldName"])), None)
            hint = f"; did you mean fieldName instead of {plain(other)}?" if other else ""
            reason = f"it has no text as fieldName{hint}"
        elif name not in fields:
            right = meant(name, fields)
            hint = f"; did you mean {plain(right)}?" if right else ""
            reason = f"the account has no custom field {plain(name)}{hint}"
        elif last[name] != at:
            reason = f"{plain(name)} is given again later"
        elif value is None:
            other = next((one for one in item if meant(one, ["fieldValue"])), None)
            reason = f"did you mean fieldValue instead of {plain(other)}?" if other else None
        elif not isinstance(value, str):
            reason = f"the value of {plain(name)} must be a text"
        elif (allowed := fields[name].values) is not None and value not in allowed:
            reason = f"{plain(name)} cannot be {plain(value)}"
        if reason is not None:
            yield f"body.customFields[{at}] was not assigned: {reason}"
