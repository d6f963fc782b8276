"""The ways to break each demand, and no other: rows of plain data. What breaks a type stands in `types`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.predictive_index import option_rows
from assessment_contracts.predictive_index.calls import PATH
from assessment_contracts.predictive_index.facts import BLANKS
from assessment_contracts.predictive_index.strategies import ADMINISTRATOR
from assessment_contracts.predictive_index.wrong import Ways, Wrong, bodies, changes, gets, raws, typed, values
from assessment_contracts.property import Breach, Need
from assessment_contracts.sources import Standing
from assessment_contracts.wire import ABSENT


@dataclass(frozen=True)
class Row:
    """A demand, the status of its refusal, and ways to break it."""

    rule: str
    status: int
    ways: Ways
    needs: frozenset[Need] = frozenset()
    odd: bool = False
    name: str = "broken"

    @property
    def breach(self) -> Breach:
        """The row for `breaches`. What is wrong in a way that no page speaks of is assumed to be refused."""
        standing = Standing.ASSUMED if self.odd else Standing.DOCUMENTED
        name = "odd" if self.odd else self.name
        return Breach(self.rule, self.status, st.sampled_from(self.ways), standing, self.needs, name=name)


def row(rule: str, status: int, ways: Ways, *needs: Need, odd: bool = False, name: str = "broken") -> Row:
    """A row; `rule` without `pi.`."""
    return Row(f"pi.{rule}", status, ways, frozenset(needs), odd, name)


_NAMELESS = dict.fromkeys(("firstName", "lastName", "email"), ABSENT)


def _again(member: str, value: Any = None) -> Ways:
    """Somebody known is assessed again, and yet named."""
    rest = {name: words for name, words in _NAMELESS.items() if name != member}
    more = {} if value is None else {member: value}
    return bodies(
        {**rest, **more, "externalId": "{first}"},
        {**rest, **more, "externalPersonId": "{person}"},
        {**rest, **more, "externalId": "{first}", "externalPersonId": "{person}"},
    )


def _missing(member: str) -> Ways:
    return bodies(
        *({member: value} for value in (ABSENT, None, "")),
        {member: ABSENT, "externalId": "nobody's", "externalPersonId": "nobody's"},
        {member: "", "externalId": "", "externalPersonId": None},
    )


def _administrators(member: str) -> tuple[Mapping[str, Any], ...]:
    phone = {"administeredByPhone": "+1 781-235-8872"}
    return tuple({**ADMINISTRATOR, **more, member: value} for value in (ABSENT, None, "") for more in ({}, phone))


_UNREADABLE = (
    b"",
    b"{",
    b"{'firstName': 'Sam'}",
    b'{"firstName": }',
    b"[1,]",
    b"NaN",
    b'{"email": "\xff"}',
    b"firstName=Sam",
)
_NO_OBJECTS = (b"[]", b"null", b"1", b'"text"', b"true", b"[{}]")
_MEDIA_TYPES = ("application/xml", "text/plain", "text/json", "application/x-www-form-urlencoded", None)
_NO_DATES = ("31.01.2999", "2999-02-29", "2999-1-31", "", "tomorrow", "2999-13-01", "2999-01-31T24:00:00Z", "29990131")
_ODD_DATES = (
    "2999-01-31T23:59:59.01234567Z", "2999-01-31 00:00:00Z", " 2999-01-31", "2999-01-31T23:59:59",
    "2999-01-31T23:59:60Z", "2999-01-31T23:59Z", "2999-01-31T00:00:00.Z", "2999-01-31T00:00:00+24:00",
)  # fmt: skip
_PAST = (
    "2015-01-31",
    "2015-01-31T23:59:59.0123456Z",
    "1999-12-31",
    "2020-02-29T00:00:00Z",
    "2020-01-01T00:00:00+14:00",
)
_NO_PERSON_TYPES = ("candidate", "FORMER EMPLOYEE", "", "Former employee", "Employee ", "Nobody", "FormerEmployee", "3")
_NO_WEB_URLS = ("hooks.example.com", "ftp://example.com/", "", "http://", "//example.com/x", "http:/example.com", "/to",
                "https://exa mple.com", "mailto:ada@example.com", "javascript://example.com/%0Aalert(1)")  # fmt: skip
_NO_TAGS = ("en_US", "", "English (US)", "e", "en-US\n", "en--US", "-en", "en-", "12", "en-US-")

_VALUES: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("expiration.format", "expirationDateTime", _NO_DATES),
    ("expiration.future", "expirationDateTime", _PAST),
    ("position.exists", "associatedPositionTitle", ("Nobody's", "account executive", "Account Executive ", "")),
    ("gender.value", "gender", (3, -1, 99, 2147483648, 1e300)),
    ("person_type.value", "personType", _NO_PERSON_TYPES),
    ("webhook.url", "assessmentStatusWebHook", _NO_WEB_URLS),
    ("language.tag", "languageLocale", _NO_TAGS),
    ("notify.value", "notifyAssessmentAvailableUsingEmail", (2, -1, 10)),
    ("folder.exists", "folderPath", ("Nobody's", "", "\\Finance", "Example Company\\Finance", "\\Example Company\\",
                                     "/Example Company")),
    ("redirect.url", "redirectUrl", ("www.predictiveindex.com", "", "predictiveindex.com/thanks", "//example.com")),
    ("custom_fields.items", "customFields", (["Blue"], [None], [[]], [1], [{}, "x"], [{"fieldName": "a"}, False])),
)  # fmt: skip
"""(The rule's last words, the member, values that break it): the same for a creation and for a change."""
_ODD_VALUES: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("expiration.format", "expirationDateTime", _ODD_DATES),
    ("redirect.url", "redirectUrl", _NO_WEB_URLS),
)
"""Values of which no page says whether they will do: here they will not."""


def _administered(call: str) -> Iterator[Row]:
    made = changes if call == "change" else bodies
    for member in ("first_name", "last_name", "email"):
        name = "administeredBy" + "".join(word.title() for word in member.split("_"))
        yield row(f"{call}.administered_by.{member}.required", 400, made(*_administrators(name)))


_BLANK = ("  ", "\t", "\u00a0", "\u3000\u2003", "\r\n")


def _member(slug: str) -> str:
    """The member that a rule id's word stands for: `administered_by.first_name` for administeredByFirstName."""
    first, *rest = slug.replace(".", "_").split("_")
    return first + "".join(word.title() for word in rest)


def _blanks(call: str) -> Iterator[Row]:
    made = changes if call == "change" else bodies
    for slug in BLANKS:
        around = ADMINISTRATOR if slug.startswith("administered") else {}
        yield row(f"{call}.{slug}.blank", 400, made(*({**around, _member(slug): blank} for blank in _BLANK)))


CREATE_HTTP = (
    row("create.media_type", 415, typed("POST", PATH, *_MEDIA_TYPES)),
    row("create.body.json", 400, raws("POST", PATH, *_UNREADABLE)),
    row("create.body.object", 400, raws("POST", PATH, *_NO_OBJECTS)),
)
CREATE = (
    row("create.first_name.required", 400, _missing("firstName")),
    row("create.last_name.required", 400, _missing("lastName")),
    row("create.email.required", 400, _missing("email")),
    row("create.first_name.excluded", 400, _again("firstName")),
    row("create.middle_name.excluded", 400, _again("middleName", "Kevin")),
    row("create.last_name.excluded", 400, _again("lastName")),
    row("create.email.excluded", 400, _again("email")),
    *_administered("create"),
    *_blanks("create"),
    *(row(f"create.{rule}", 400, values(member, *wrong)) for rule, member, wrong in _VALUES),
    *(row(f"create.{rule}", 400, values(member, *wrong), odd=True) for rule, member, wrong in _ODD_VALUES),
    row("create.external_person_id.match", 400, bodies(
        {**_NAMELESS, "externalId": "{first}", "externalPersonId": "{stranger}"},
        {**_NAMELESS, "externalId": "{first}", "externalPersonId": "nobody's"},
        {**_NAMELESS, "externalId": "{lone}", "externalPersonId": "{person}"},
    )),
)  # fmt: skip

_ONE = f"{PATH}/{{pending}}"


def _changed(member: str, wrong: tuple[Any, ...]) -> Ways:
    return changes(*({member: value} for value in wrong))


_NOWHERE = ("nobody", "00000000-0000-0000-0000-000000000000", "{gone}", "{pending}x", "{first}", "%7Bx%7D")

CHANGE_HTTP = (
    row("change.media_type", 415, typed("PATCH", _ONE, *_MEDIA_TYPES)),
    row("change.body.json", 400, raws("PATCH", _ONE, *_UNREADABLE)),
    row("change.body.object", 400, raws("PATCH", _ONE, *_NO_OBJECTS)),
)
CHANGE = (
    *_administered("change"),
    *_blanks("change"),
    *(row(f"change.{rule}", 400, _changed(member, wrong)) for rule, member, wrong in _VALUES),
    *(row(f"change.{rule}", 400, _changed(member, wrong), odd=True) for rule, member, wrong in _ODD_VALUES),
    row("change.external_id.free", 400, changes({"externalId": "{second}"}, {"externalId": "{lone}"})),
    row("change.external_person_id.free", 400, changes({"externalPersonId": "{stranger}"})),
    row("change.locator", 400, (
        Wrong(method="PATCH"), Wrong(method="PATCH", query={"externalId": ""}),
        Wrong(method="PATCH", path=_ONE, query={"externalId": "{first}"}),
        Wrong(method="PATCH", path=_ONE, query={"externalId": "nobody's"}),
        Wrong(method="PATCH", query={"external_id": "{first}"}),
    )),
    row("change.known", 404, (
        *(Wrong(method="PATCH", path=f"{PATH}/{id}") for id in _NOWHERE),
        *(Wrong(method="PATCH", query={"externalId": id}) for id in ("nobody's", "{person}", "{pending}")),
    )),
)  # fmt: skip

_PATHS = (PATH, _ONE, f"{_ONE}/patterns/1", f"{_ONE}/reports/1", "/api/v2/peopleandjobs")
_KEYLESS = tuple(
    Wrong(method=method, path=path, headers={"api-key": key})
    for method, path in (*(("GET", path) for path in _PATHS), ("POST", PATH), ("PATCH", _ONE), ("DELETE", _ONE))
    for key in (None, "", "1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6", "sim-", "sim-No_Body")
)
_VERBS = (("PUT", PATH), ("POST", _ONE), ("PUT", _ONE), ("POST", f"{_ONE}/patterns/1"), ("DELETE", f"{_ONE}/reports/1"),
          ("POST", "/api/v2/peopleandjobs"), ("PATCH", "/api/v2/peopleandjobs"))  # fmt: skip
# Gateways answer some verbs themselves, and a vendor might take DELETE of the list for all assessments.
_SIMULATOR_VERBS = (("OPTIONS", PATH), ("PROPFIND", _ONE), ("DELETE", PATH))
_LOST = (
    "/api/v1/cognitiveassessments", "/api/v1/behavioralassessment", "/api/v2/behavioralassessments", "/api/v1/jobs",
    "/api/v1", "/api/v2", f"{_ONE}/patterns", f"{_ONE}/reports", f"{_ONE}/patterns/1/2",
)  # fmt: skip

HTTP = (
    row("access.key", 401, _KEYLESS),
    row("http.route", 404, gets(*_LOST)),
    row("http.verb", 405, tuple(Wrong(method=method, path=path) for method, path in _VERBS)),
    row("http.verb", 405, tuple(Wrong(method=method, path=path) for method, path in _SIMULATOR_VERBS), Need.CONTROL,
        name="unusual"),
    row("http.encoding", 415, tuple(
        Wrong(method=method, path=path, headers={"Content-Encoding": coding})
        for method, path in (("POST", PATH), ("PATCH", _ONE)) for coding in ("gzip", "br", "GZIP", "deflate, gzip")
    ), Need.CONTROL),
    row("http.size", 413, (
        Wrong({"middleName": "x" * 1_100_000}), Wrong({"customFields": [{}] * 400_000}),
        Wrong({"middleName": "x" * 1_100_000}, "PATCH", _ONE),
    ), Need.CONTROL),
)  # fmt: skip

_DONE = f"{PATH}/{{done}}"
_NO_FORMATS = ("png", "GIF", "", "PDF", "PNG ")


def _asked(rule: str, path: str, right: Mapping[str, str], name: str, *wrong: str) -> Row:
    """A file asked with a wrong parameter, or without it."""
    without = {other: text for other, text in right.items() if other != name}
    queries = [{**right, name: text} for text in wrong] + ([without] if name in right else [])
    calls = [Wrong(method="GET", path=path, query=query) for query in queries]
    return row(rule, 400, tuple(calls), Need.CONTROL)


_PNG = {"format": "PNG"}
_PDF = {"format": "PDF", "gender": "1"}
_REPORT = f"{_DONE}/reports/1"

OTHERS = (
    row("get.known", 404, gets(*(f"{PATH}/{id}" for id in _NOWHERE))),
    row("archive.known", 404, gets(*(f"{PATH}/{id}" for id in _NOWHERE), method="DELETE")),
    row("pattern.known", 404, gets(*(f"{PATH}/{id}/patterns/1" for id in _NOWHERE), format="PNG")),
    row("pattern.type", 400, gets(*(f"{_DONE}/patterns/{kind}" for kind in ("4", "-1", "01", "self", "Position")),
                                  format="PNG"), Need.CONTROL),
    _asked("pattern.format", f"{_DONE}/patterns/0", _PNG, "format", *_NO_FORMATS),
    row("pattern.complete", 404, gets(*(f"{_ONE}/patterns/{kind}" for kind in "0123"), format="SVG")),
    row("report.known", 404, gets(*(f"{PATH}/{id}/reports/1" for id in _NOWHERE), **_PDF)),
    row("report.type", 400, gets(*(f"{_DONE}/reports/{kind}" for kind in ("0", "7", "placard", "01", "PlacardNextGen")),
                                 **_PDF), Need.CONTROL),
    row("report.working", 400, gets(f"{_DONE}/reports/5", f"{_DONE}/reports/ManagementStrategyGuide", **_PDF),
        Need.CONTROL),
    _asked("report.format", _REPORT, _PDF, "format", "pdf", "PNG", "", "HTML"),
    _asked("report.gender", _REPORT, _PDF, "gender", "3", "male", "", "-1", "Other"),
    _asked("report.language", _REPORT, _PDF, "languageLocale", *_NO_TAGS),
    row("report.complete", 404, gets(*(f"{_ONE}/reports/{kind}" for kind in ("1", "Placard", "6")), **_PDF)),
)  # fmt: skip

OPTIONS = tuple(row(rule, 400, wrong) for rule, wrong in option_rows.ROWS)
