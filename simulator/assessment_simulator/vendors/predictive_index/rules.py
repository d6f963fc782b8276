"""Every demand on a request to create an assessment: the request table, and what its rows say."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.rules import Field, Hint, Holds, Json, Rule, misspelt, type_rules, unreadable
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.sources import Source, Standing, ours
from assessment_simulator.core.text import is_blank
from assessment_simulator.core.urls import is_web_url
from assessment_simulator.vendors.predictive_index.behaviour_flags import PERSON_TYPE, WEBHOOK_MEMBER, setting
from assessment_simulator.vendors.predictive_index.people import PERSON_TYPES, agree, given, other_reading, returning
from assessment_simulator.vendors.predictive_index.sources import BODY, CONTENT, GET_PAGE, STATUS, STOCK, row
from assessment_simulator.vendors.predictive_index.states import RECORD_KIND

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

FIELDS: dict[str, Field] = {name: Field((name,), kind, slug, text) for name, kind, slug, text in _TABLE}
"""The request table by member."""

_NUMBERED_PERSON_TYPE = replace(FIELDS["personType"], type=Json.INTEGER)
# One set serves both readings: the field's type keeps names and numbers apart.
_NAMES_AND_NUMBERS = frozenset[str | int]({*PERSON_TYPES, *PERSON_TYPES.values()})
_WEBHOOK_URL = replace(FIELDS["assessmentStatusWebHook"], path=("assessmentStatusWebHookUrl",))

# RFC 5646, section 2.1, without the grandfathered tags: well-formed, known or not.
LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?"
    r"|x(?:-[a-z\d]{1,8})+",
    re.ASCII | re.IGNORECASE,
)


def person_type_field(config: Config) -> Field:
    """The member personType, of the type that the switch gives it."""
    return _NUMBERED_PERSON_TYPE if setting(config, PERSON_TYPE) == "numbers" else FIELDS["personType"]


def webhook_field(config: Config) -> Field:
    """The webhook's address, under the name that the switch gives it."""
    renamed = setting(config, WEBHOOK_MEMBER) == "assessmentStatusWebHookUrl"
    return _WEBHOOK_URL if renamed else FIELDS["assessmentStatusWebHook"]


def expiry(text: str) -> int | None:
    """The instant that an expirationDateTime means; a date alone lasts until that day ends, as in the sample."""
    moment = instant.parse(text)
    if moment is None:
        return None
    return instant.end_of_day(moment.at) if moment.date_only else moment.at


def _required(member: str) -> Holds:
    def holds(call: VendorRequest, world: SandboxView) -> bool:
        return call.body.get(member) not in (None, "") or returning(call.body, world) is not None

    return holds


def _excluded(member: str) -> Holds:
    def holds(call: VendorRequest, world: SandboxView) -> bool:
        value = call.body.get(member)
        # Blank counts as empty here (assumed), and empty members are documented to be allowed.
        return not given(value) or is_blank(value) or returning(call.body, world) is None

    return holds


_ADMINISTRATOR = ("administeredByFirstName", "administeredByLastName", "administeredByEmail", "administeredByPhone")


def _with_the_others(member: str) -> Holds:
    def holds(call: VendorRequest, world: SandboxView) -> bool:
        return call.body.get(member) not in (None, "") or not any(given(call.body.get(m)) for m in _ADMINISTRATOR)

    return holds


def _in_future(call: VendorRequest, world: SandboxView) -> bool:
    def later(text: str) -> bool:
        at = expiry(text)
        return at is None or at > call.now

    return FIELDS["expirationDateTime"].passes(later)(call, world)


def _position_exists(call: VendorRequest, world: SandboxView) -> bool:
    return FIELDS["associatedPositionTitle"].passes(world.config.positions.__contains__)(call, world)


def folder_of(text: str, config: Config, present: str = "") -> str | None:
    """The full path of the folder that a folderPath names; None where the account has no such folder.

    Answers show a folder's name alone, so that form is accepted too. Of several folders with that name the `present`
    one is taken, else the first.
    """
    if text in config.folders:
        return text
    return next((path for path in (present, *config.folders) if text and folder_name(path) == text), None)


def folder_name(path: str) -> str:
    """The last part of a folder's path."""
    return path.rpartition("\\")[2]


def _folder_exists(call: VendorRequest, world: SandboxView) -> bool:
    return FIELDS["folderPath"].passes(lambda text: folder_of(text, world.config) is not None)(call, world)


def _known_person_type(call: VendorRequest, world: SandboxView) -> bool:
    return person_type_field(world.config).passes(_NAMES_AND_NUMBERS.__contains__)(call, world)


def _webhook_is_url(call: VendorRequest, world: SandboxView) -> bool:
    return webhook_field(world.config).passes(is_web_url)(call, world)


def _ids_agree(call: VendorRequest, world: SandboxView) -> bool:
    return agree(call.body, world)


def _one_of(member: str, *values: int) -> Holds:
    return FIELDS[member].passes(values.__contains__)


def _not_blank(member: str, *, unless_returning: bool) -> Holds:
    shown = FIELDS[member].passes(lambda text: text == "" or not is_blank(text))

    def holds(call: VendorRequest, world: SandboxView) -> bool:
        return shown(call, world) or (unless_returning and returning(call.body, world) is not None)

    return holds


_UNZONED = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d)(:\d\d)?(\.\d{1,7})?", re.ASCII)


def _zone_hint(call: VendorRequest, world: SandboxView) -> str | None:
    """What to send instead of a date-time without a zone."""
    text = FIELDS["expirationDateTime"].of(call.body)
    found = _UNZONED.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    right = f"{found[1]}T{found[2]}{found[3] or ':00'}{found[4] or ''}Z"
    return f"expirationDateTime has no zone; send it in UTC, as {right}" if instant.parse(right) else None


def _objects(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items)


def _rule(
    slug: str, member: str, statement: str, holds: Holds, assumed: str = "", reading: str = "", hint: Hint | None = None
) -> Rule:
    """A row of the request table: documented, unless it is `assumed` for the reason given there."""
    standing = Standing.ASSUMED if assumed else Standing.DOCUMENTED
    source = ours(assumed) if assumed else row(member, reading)
    rule = Rule(f"pi.create.{slug}", f"body.{member}", statement, 400, standing, source, holds, hint)
    return rule if assumed else replace(rule, status_basis=STATUS, body_basis=BODY)


def _name_rules() -> tuple[Rule, ...]:
    required = tuple(
        _rule(
            f"{FIELDS[m].slug}.required",
            m,
            f"{m} is required unless an existing person is re-assessed",
            _required(m),
            hint=misspelt(FIELDS[m]),
        )
        for m in ("firstName", "lastName", "email")
    )

    def other_person(call: VendorRequest, world: SandboxView) -> str | None:
        return other_reading(call, world) or misspelt(FIELDS["firstName"])(call, world)

    # One hint about another reading of externalId is enough where all three names are missing.
    required = (replace(required[0], hint=other_person), *required[1:])
    excluded = tuple(
        _rule(f"{FIELDS[m].slug}.excluded", m, f"{m} must be left out, empty or null when re-assessing", _excluded(m))
        for m in _NAMES
    )
    return required + excluded


_NAMES = ("firstName", "middleName", "lastName", "email")


def blank_rules(prefix: str) -> tuple[Rule, ...]:
    """That no name and no e-mail address is white space alone; in a re-assessment a blank one counts as empty."""
    creates = prefix == "pi.create"
    return tuple(
        Rule(
            f"{prefix}.{FIELDS[m].slug}.blank", f"body.{m}", f"{m} must not be white space alone", 400,
            Standing.ASSUMED, ours("no page names it; a name or address that shows nothing is a caller's mistake"),
            _not_blank(m, unless_returning=creates and m in _NAMES),
        )
        for m in (*_NAMES, *_ADMINISTRATOR[:3])
    )  # fmt: skip


def _administrator_rules() -> tuple[Rule, ...]:
    return tuple(
        _rule(f"{FIELDS[m].slug}.required", m, f"{m} is required with any other administeredBy member",
              _with_the_others(m), hint=misspelt(FIELDS[m]))
        for m in _ADMINISTRATOR[:3]
    )  # fmt: skip


_VALUES: tuple[Rule, ...] = (
    _rule("expiration.format", "expirationDateTime",
          'expirationDateTime must look like "2015-01-31" or "2015-01-31T23:59:59.0123456Z"',
          FIELDS["expirationDateTime"].passes(lambda text: expiry(text) is not None), hint=_zone_hint),
    _rule("expiration.future", "expirationDateTime", "expirationDateTime must lie in the future", _in_future),
    _rule("position.exists", "associatedPositionTitle",
          "associatedPositionTitle must be the name of an existing position", _position_exists),
    _rule("gender.value", "gender", "gender must be 0, 1 or 2", _one_of("gender", 0, 1, 2)),
    _rule("person_type.value", "personType",
          f"personType must be one of {', '.join(PERSON_TYPES.values())}", _known_person_type),
    _rule("webhook.url", "assessmentStatusWebHook",
          "assessmentStatusWebHook must be a complete http or https URL", _webhook_is_url,
          'the row says "the complete path"; an address that can never be called is refused when it is given'),
    _rule("language.tag", "languageLocale", "languageLocale must be a language tag such as en-US",
          FIELDS["languageLocale"].passes(lambda tag: LANGUAGE.fullmatch(tag) is not None),
          "the list of languages is not published; RFC 5646 is named for reports, so its form is asked for"),
    _rule("notify.value", "notifyAssessmentAvailableUsingEmail",
          "notifyAssessmentAvailableUsingEmail must be 0 or 1", _one_of("notifyAssessmentAvailableUsingEmail", 0, 1)),
    _rule("folder.exists", "folderPath",
          "folderPath must be the full path of an existing folder, or its name", _folder_exists,
          "the row asks for the path as it is displayed; no page says that an unknown one is refused, or that a "
          "folder's name, which answers show, is accepted"),
    _rule("redirect.url", "redirectUrl", "redirectUrl must be a full http or https URL",
          FIELDS["redirectUrl"].passes(is_web_url),
          reading="that the protocol must be one that a browser follows"),
    _rule("custom_fields.items", "customFields", "customFields must hold objects only",
          FIELDS["customFields"].passes(_objects),
          "unknown names and values are documented to be ignored; an item that is no object has neither"),
)  # fmt: skip


_MATCH = _rule(
    "external_person_id.match", "externalPersonId",
    "externalPersonId must not name another person than the one whom externalId re-assesses", _ids_agree,
    "externalId decides who is re-assessed; where the two disagree, refusing is safer than guessing",
)  # fmt: skip


def _by_switch(field_of: Callable[[Config], Field]) -> Holds:
    def holds(call: VendorRequest, world: SandboxView) -> bool:
        return field_of(world.config).well_typed(call, world)

    return holds


_SWITCHED: dict[str, tuple[str, Holds]] = {
    "pi.create.person_type.type": (f" (integer where {PERSON_TYPE.id} says numbers)", _by_switch(person_type_field)),
    "pi.create.webhook.type": (f" (under the name that {WEBHOOK_MEMBER.id} gives it)", _by_switch(webhook_field)),
}


def _types() -> tuple[Rule, ...]:
    rules = {rule.id: rule for rule in type_rules("pi.create", FIELDS.values(), 400)}
    for id, (words, holds) in _SWITCHED.items():
        rules[id] = replace(rules[id], statement=rules[id].statement + words, check=holds)
    return tuple(rules.values())


def _is_json(call: VendorRequest, world: SandboxView) -> bool:
    return call.media_type == "application/json"


def _is_readable(call: VendorRequest, world: SandboxView) -> bool:
    return call.body is not MISSING and not isinstance(call.body, Unreadable)


def _is_object(call: VendorRequest, world: SandboxView) -> bool:
    return not _is_readable(call, world) or isinstance(call.body, dict)


def _is_known(call: VendorRequest, world: SandboxView) -> bool:
    return world.get(RECORD_KIND, call.params["assessmentId"]) is not None


_UNBOUND = ours("ASP.NET Web API answers so when it cannot bind a body")

MEMBERS: tuple[Rule, ...] = _types() + _administrator_rules() + _VALUES
"""What is asked of a member alone, whoever is assessed: of use wherever an assessment is written."""


def body_stages(prefix: str) -> tuple[tuple[Rule, ...], ...]:
    """That the body is a JSON object, and says so."""
    return (
        (Rule(f"{prefix}.media_type", "header.content-type", "the content type must be application/json", 415,
              Standing.DOCUMENTED, CONTENT, _is_json, status_basis=STOCK, body_basis=STOCK),),
        (Rule(f"{prefix}.body.json", "request", "the body must be JSON", 400, Standing.ASSUMED, _UNBOUND,
              _is_readable, unreadable),
         Rule(f"{prefix}.body.object", "request", "the body must be a JSON object", 400, Standing.ASSUMED, _UNBOUND,
              _is_object)),
    )  # fmt: skip


CREATE: tuple[tuple[Rule, ...], ...] = (
    *body_stages("pi.create"),
    _types() + _name_rules() + blank_rules("pi.create") + _administrator_rules() + (*_VALUES, _MATCH),
)
"""The stages of POST behavioralassessments; all rows of the table stand in one, so that a refusal names all at once."""


def known(id: str, source: Source = GET_PAGE) -> tuple[Rule, ...]:
    """The stage that asks for an assessment which is there; what is archived is not."""
    statement = "assessmentId must be that of an assessment in this account"
    return (Rule(id, "path.assessmentId", statement, 404, Standing.ASSUMED, source, _is_known),)


READ: tuple[tuple[Rule, ...], ...] = (known("pi.get.known"),)
"""The stages of GET behavioralassessments/{assessmentId}."""
