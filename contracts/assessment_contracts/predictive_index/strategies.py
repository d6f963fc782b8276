"""What callers send: right bodies, from hand-made odd values and a little chance, and accounts to send them to.

All of it is cheap to draw: a property may be asked ten thousand times. Addresses carry no tag that steers a simulator
and end in example.com; ids are stems, which `calls.own` makes unique.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from unicodedata import category

from hypothesis import strategies as st

Body = dict[str, Any]

PERSON_TYPES = ("Unknown", "Candidate", "Other", "Employee", "Former Employee")

ODD = (
    "Ada", "Jörg", "李小龙", "O'Brien", "N" * 300, " ", "null", "0", "🦊", "e\u0301", "\u202eleft", '<b>&amp;"',
    "a\nb\tc", "back\\slash", "50 %20+&=", "zero\u200bwidth", "Ǆ",
)  # fmt: skip
"""Texts that servers have been known to spoil."""

texts = st.one_of(
    st.sampled_from(ODD), st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=8)
)
visible = texts.filter(lambda text: any(not (c.isspace() or category(c) == "Cf") for c in text))
"""Texts that show something, as names must."""
emails = st.builds(
    "{}{}@example.com".format,
    st.sampled_from(("ada", "grace.hopper", "o'brien", "用户", "A_B", "x" * 60, "sam+news", "sam%40")),
    st.integers(0, 999),
)
languages = st.sampled_from((
    "en-US", "fr-CA", "de", "zh-Hant-TW", "sr-Latn-RS", "zu-ZA", "es-419", "x-ours", "de-1996-u-co-x-y", "EN-us",
))  # fmt: skip
days = st.dates(min_value=date(2999, 1, 1), max_value=date(3010, 12, 31))
expirations = st.one_of(
    days.map(str),
    st.sampled_from((
        "2999-12-31", "3000-02-28", "9999-12-31", "2999-12-31T23:59:59.0123456Z", "2999-01-01T00:00:00Z",
        "2999-06-30T12:00:00.5Z", "2999-06-30T23:30:00-02:00", "2999-01-01T00:30:00.1234567+05:30",
        "2999-06-30T12:00:00.9999999Z", "2999-06-30T12:00:00.000001Z",
    )),
)  # fmt: skip
urls = st.sampled_from((
    "https://example.com", "http://www.predictiveindex.com", "https://example.com/thanks?a=1&b=%20#end",
    "https://user:pass%40word@hooks.example.com:8443/pi?a=1", "http://127.0.0.1:9/x", "https://example.com/ä/李",
    "HTTPS://EXAMPLE.COM/Path",
))  # fmt: skip

TAKER = {"firstName": "Sam", "lastName": "Flynn", "email": "sam@example.com"}
"""The least that must be sent."""
ADMINISTRATOR: Mapping[str, str] = {
    "administeredByFirstName": "Rita",
    "administeredByLastName": "Recruiter",
    "administeredByEmail": "rita@example.com",
}
_ADMINISTRATORS: tuple[Body, ...] = (
    {**ADMINISTRATOR},
    {**ADMINISTRATOR, "administeredByPhone": "+1 781-235-8872"},
    {**ADMINISTRATOR, "administeredByPhone": "", "administeredByLastName": "李"},
    {**ADMINISTRATOR, "administeredByPhone": None},
    dict.fromkeys((*ADMINISTRATOR, "administeredByPhone"), ""),
    dict.fromkeys((*ADMINISTRATOR, "administeredByPhone")),
)


def _member(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    return values.map(lambda value: {name: value})


names = st.fixed_dictionaries({"firstName": visible, "lastName": visible, "email": emails})
"""What must be sent of a taker who was never assessed."""

_members: st.SearchStrategy[Body] = st.one_of(
    _member("middleName", st.none() | st.just("") | visible),
    _member("expirationDateTime", st.none() | expirations),
    st.sampled_from(_ADMINISTRATORS),
    _member("gender", st.sampled_from((0, 1, 2, 1.0, None))),
    _member("personType", st.sampled_from((*PERSON_TYPES, None))),
    _member("languageLocale", st.none() | languages),
    _member("notifyAssessmentAvailableUsingEmail", st.sampled_from((0, None))),
    _member("externalId", st.none() | st.just("") | texts),
    _member("externalPersonId", st.none() | st.just("") | texts),
    _member("redirectUrl", st.none() | urls),
    _member("assessmentStatusWebHook", st.none() | urls),
)


def _merged(parts: list[Body]) -> Body:
    return {name: value for part in parts for name, value in part.items()}


members = st.lists(_members, max_size=6).map(_merged)
"""Members that need not be sent, in any order, some of them null."""
changes = members.map(lambda drawn: {n: v for n, v in drawn.items() if n not in ("externalId", "externalPersonId")})
"""Changes of an assessment that leave the caller's ids alone."""
bodies: st.SearchStrategy[Body] = st.builds(lambda one, other: {**one, **other}, names, members)
"""Whole bodies for a taker who was never assessed. They send no e-mail and name nothing of an account's own."""

every_member: Mapping[str, st.SearchStrategy[Any]] = {
    "firstName": visible, "middleName": visible, "lastName": visible, "email": emails,
    "expirationDateTime": expirations, **{name: st.just(value) for name, value in ADMINISTRATOR.items()},
    "administeredByPhone": visible,
    "gender": st.sampled_from((1, 2)), "personType": st.sampled_from(PERSON_TYPES[1:]),
    "assessmentStatusWebHook": urls, "languageLocale": languages, "externalId": visible, "externalPersonId": visible,
    "redirectUrl": urls,
}  # fmt: skip
"""Every member of a request with a value, but those that name something of an account."""

# An account whose settings we know, for a server that has a control API.

POSITIONS = ("Account Executive", "Übersetzer/in (m/w/d)", "C++ & C# Engineer", "position")
FOLDERS = ("\\Example Company\\Sales & Süd", "\\Example Company", "\\Other\\Deep\\Er")
FOLDER_NAMES = ("Sales & Süd", "Example Company", "Er")
"""The last parts of the folders' paths, as answers show them; requests may have either."""
COLOURS = ("Blue", "Rosé")
FIELDS: tuple[Body, ...] = ({"name": "Favorite Color", "values": [*COLOURS]}, {"name": "Notes"}, {"name": "Größe"})
API_USER = {"first_name": "Zoë", "last_name": "Admin", "email": "zoe@example.org", "phone": "+49 30 1"}
SETTINGS: Mapping[str, Any] = {
    "positions": [*POSITIONS], "folders": [*FOLDERS], "custom_fields": [*FIELDS], "api_user": API_USER,
}  # fmt: skip
"""Settings of an account, none of them a default."""

FIELD_NAMES: tuple[Any, ...] = (
    "Favorite Color", "Notes", "Größe", "favorite color", "Favorite ood", "", None, 1,
)  # fmt: skip
FIELD_VALUES: tuple[Any, ...] = (*COLOURS, "Green", "blue", "", "any thing", None, 5, [], True)
items: st.SearchStrategy[Body] = st.fixed_dictionaries(
    {},
    optional={
        "fieldName": st.sampled_from(FIELD_NAMES),
        "fieldValue": st.sampled_from(FIELD_VALUES),
    },
)
"""Custom fields, of which many name nothing or have no value that can be assigned."""


def _named(item: Body) -> str:
    # What becomes of a field that is named twice is said nowhere.
    return repr(item.get("fieldName"))


_furnished: st.SearchStrategy[Body] = st.one_of(
    _member("associatedPositionTitle", st.none() | st.sampled_from(POSITIONS)),
    _member("folderPath", st.none() | st.sampled_from((*FOLDERS, *FOLDER_NAMES))),
    _member("customFields", st.none() | st.lists(items, max_size=3, unique_by=_named)),
)
account_members = st.lists(_furnished, max_size=3).map(_merged)
account_bodies: st.SearchStrategy[Body] = st.builds(lambda one, other: {**one, **other}, bodies, account_members)
"""Whole bodies for an account with `SETTINGS`."""

# Scores, as whoever completes may give them.

FACTORS = ("aSigma", "bSigma", "cSigma", "dSigma", "eSigma")
GRAPHS = ("selfSigmaScore", "selfConceptSigmaScore", "synthesisSigmaScore")


def _each(names: tuple[str, ...], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    """An object with these members, always in this order."""
    return st.tuples(*(values for _ in names)).map(lambda drawn: dict(zip(names, drawn, strict=True)))


sigmas = _each(FACTORS, st.integers(-400, 400).map(lambda hundredths: hundredths / 100))
scores = _each(GRAPHS, sigmas)
"""A score for every graph, each factor with two decimals."""
