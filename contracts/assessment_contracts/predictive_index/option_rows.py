"""The ways to break what is demanded of a list's options: $filter and its companions."""

from assessment_contracts.predictive_index.calls import PATH, PEOPLE
from assessment_contracts.predictive_index.wrong import Ways, options, sought

NAME = "peopleAndJobsSearchResult/assessmentUser/firstName"
_GUID = "1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6"

_TOO_MUCH = (
    f"email eq '{'x' * 8_200}'",
    " or ".join(["true"] * 501),
    "not " * 40 + "true",
    "(" * 41 + "true" + ")" * 41,
)
_NO_FILTERS = (
    "", "gender EQ 1", "gender = 1", "(gender eq 1", "gender eq 1)", "gender eq 1x", "gender eq", "eq 1", "gender 1",
    "gender eq 1 eq true", "contains(email)", "contains(email, 'a', 'b')", "trim(email, 'a') eq 'b'",
    "email eq 'it's'",
    "email eq 'open", "endswith(email, null", "expirationDateTime gt 2026-01-32", "gender gt 0 and not",
    "gender eq 1 or", "expirationDateTime gt datetime'tomorrow'", "assessmentId eq guid'1'", "gender eq 1;",
    f"assessmentId eq {_GUID}0", 'email eq "sam"', "gender plus 1 eq 2", "gender in ()",
    "gender in 1", "email has 'x'", "soundex(email) eq 'a'", "substring(email) eq 'a'", "gender sub", "length eq 1",
)  # fmt: skip
_NO_MEMBERS = (
    "firstname eq 'Sam'", "nobody eq 1", "positionSigmaScore/eSigma gt 1", "customFields eq null",
    "selfSigmaScore/a eq 1", "contains(mail, 'x')", "assessmentStatus eq 40", "languageLocale eq 'en-US'",
)  # fmt: skip
_UNLIKE = (
    "gender eq '1'", "gender", "email", "not gender eq 1", "gender and true", "selfSigmaScore eq selfConceptSigmaScore",
    "selfSigmaScore gt null", "(gender eq 1) gt false", "expirationDateTime le 'tomorrow'", "5",
    "expirationDateTime ge email", "substringof(1, firstName)", "email eq 1", "gender eq true",
    "tolower(gender) eq 'a'", f"{_GUID} gt externalId", "email add 1 eq 2", "gender div 0 eq 1", "gender in (1, 'a')",
    "substring(email, 'a') eq 'b'", "length(gender) eq 1", "year(email) eq 2026", "-email eq 1", "gender mod 0.0 eq 1",
    "selfSigmaScore in (null)", "expirationDateTime add 1 gt 2", "gender add 1",
)  # fmt: skip
_NO_ORDERS = ("lastName down", "gender,", "gender desc desc", "", ",email", "gender asc, ", "lastName desc asc")
_NO_ORDER = ("mail", "selfSigmaScore", "customFields", "selfSigmaScore/x", "Email desc", "email,nobody")
_NO_COUNTS = ("-1", "2147483648", "7 ", "", "1.0", "all", "+1", "0x1", "9" * 30, "\u0661")
_NO_CHOICE = ("firstName,", "selfSigmaScore/aSigma", "nobody", "", "email,Email", "$select")
_NO_WORDS = ("", " ", '"', ' "" ', "x" * 1_001)
_NO_FIELDS = ("email,gender", "nobody", "", "email,", "selfSigmaScore", "assessmentDateTime", "redirecturl")


def _unknown(*names: str, path: str = PATH) -> Ways:
    return tuple(way for name in names for way in options(name, "1", path=path))


ROWS: tuple[tuple[str, Ways], ...] = (
    ("list.option.known", _unknown("$Count", "$Top", "$inlinecount", "$expand", "$skiptoken", "$format", "$")),
    ("list.filter.size", options("$filter", *_TOO_MUCH)),
    ("list.filter.syntax", options("$filter", *_NO_FILTERS)),
    ("list.filter.member", options("$filter", *_NO_MEMBERS)),
    ("list.filter.type", options("$filter", *_UNLIKE)),
    ("list.orderby.syntax", options("$orderby", *_NO_ORDERS)),
    ("list.orderby.member", options("$orderby", *_NO_ORDER)),
    ("list.top.value", options("$top", *_NO_COUNTS)),
    ("list.skip.value", options("$skip", *_NO_COUNTS)),
    ("list.count.value", options("$count", "1", "", "True", "yes", "true ", "TRUE")),
    ("list.select.member", options("$select", *_NO_CHOICE)),
    ("list.search.text", options("$search", *_NO_WORDS)),
    ("list.searchfields.member", options("searchfields", *_NO_FIELDS)),
    ("search.option.known", _unknown("$count", "$orderby", "$select", "$TOP", path=PEOPLE)),
    ("search.filter.size", sought("$filter", f"{NAME} eq '{'x' * 8_200}'", *_TOO_MUCH[1:])),
    ("search.filter.syntax", sought("$filter", "", f"{NAME} eq Sam'", f"{NAME} like 'Sam'", f"({NAME} eq 'Sam'")),
    ("search.filter.member", sought("$filter", "firstName eq 'Sam'", f"{NAME}s eq 'Sam'", "assessmentUser/email eq 'a'",
                                    "peopleAndJobsSearchResult/assessmentUser/Email eq 'a'")),
    ("search.filter.type", sought("$filter", f"{NAME} eq 1", NAME, f"{NAME} eq true", f"{NAME} and true")),
    ("search.top.value", sought("$top", *_NO_COUNTS)),
    ("search.skip.value", sought("$skip", *_NO_COUNTS)),
    ("search.search.text", sought("$search", *_NO_WORDS)),
    ("search.searchfields.member", sought("searchfields", "email", "", f"{NAME},", "sortName", "gender")),
)  # fmt: skip
"""(A rule without `pi.`, the calls that break it)."""
