"""Every rule about the options of a list, kept once and broken once, as rows of the same kind as the others."""

from collections.abc import Mapping
from typing import Any, Final

from tests.vendors.predictive_index.rows import PATH, VALID, Row, Try

PEOPLE: Final = "/api/v2/peopleandjobs"
NAME: Final = "peopleAndJobsSearchResult/assessmentUser/firstName"


def _try(path: str, query: Mapping[str, str], behaviour: Mapping[str, Any]) -> Try:
    return Try(method="GET", path=path, query=query, config={"behaviour": behaviour} if behaviour else {})


def listed(rule: str, kept: Mapping[str, str], broken: Mapping[str, str], **switches: str) -> Row:
    """A row of the list of assessments; `pi_person_type` stands for the switch `pi.person_type`."""
    behaviour = {name.replace("_", ".", 1): value for name, value in switches.items()}
    return Row(f"pi.list.{rule}", _try(PATH, kept, behaviour), _try(PATH, broken, behaviour), (VALID,))


def filtered(rule: str, kept: str, broken: str, **switches: str) -> Row:
    return listed(f"filter.{rule}", {"$filter": kept}, {"$filter": broken}, **switches)


def searched(rule: str, kept: Mapping[str, str], broken: Mapping[str, str]) -> Row:
    """A row of the search for people."""
    return Row(f"pi.search.{rule}", _try(PEOPLE, kept, {}), _try(PEOPLE, broken, {}), (VALID,))


_NESTED = "not " * 40 + "true"
_GUID = "1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6"

FILTERS = [
    filtered("size", f"email eq '{'x' * 8_000}'", f"email eq '{'x' * 8_200}'"),
    filtered("size", " or ".join(["true"] * 500), " or ".join(["true"] * 501)),
    filtered("size", _NESTED.removeprefix("not "), _NESTED),
    filtered("size", f"{'(' * 39}true{')' * 39}", f"{'(' * 4_000}true{')' * 4_000}"),
    filtered("syntax", "externalId eq 'it''s'", "externalId eq 'it's'"),
    filtered("syntax", "gender eq 1", "gender EQ 1"),
    filtered("syntax", "gender eq 1", "gender = 1"),
    filtered("syntax", "(gender eq -1.5e1)", "(gender eq 1"),
    filtered("syntax", "gender eq 1L", "gender eq 1x"),
    filtered("syntax", "true", ""),
    filtered("syntax", "(gender eq 1) eq true", "gender eq 1 eq true"),
    filtered("syntax", "contains(email, 'sam')", "contains(email)"),
    filtered("syntax", "startswith(tolower(email), 'sam') eq true", "soundex(email) eq 'sam'"),
    filtered("syntax", "endswith(email, null)", "endswith(email, null"),
    filtered("syntax", "expirationDateTime gt 2026-01-31", "expirationDateTime gt 2026-01-32"),
    filtered("syntax", "expirationDateTime gt datetime'2026-01-31T12:00'", "expirationDateTime gt datetime'tomorrow'"),
    filtered("syntax", f"assessmentId eq guid'{_GUID}'", "assessmentId eq guid'1'"),
    filtered("syntax", f"assessmentId eq {_GUID}", f"assessmentId eq {_GUID}0"),
    filtered("syntax", "gender gt 0 and not (gender eq 2)", "gender gt 0 and not"),
    filtered("member", "firstName eq 'Sam'", "firstname eq 'Sam'"),
    filtered("member", "selfSigmaScore/eSigma gt 1", "positionSigmaScore/eSigma gt 1"),
    filtered("member", "selfSigmaScore eq null", "customFields eq null"),
    filtered("member", "assessmentStatus eq 40", "assessmentState eq 40", pi_state_member="assessmentStatus"),
    filtered("member", "gender eq 1", "isDeleted eq 0", pi_response_members="table"),
    filtered("type", "gender eq 1", "gender eq '1'"),
    filtered("type", "gender eq null", "gender"),
    filtered("type", "personType eq 5", "personType eq 'Employee'", pi_person_type="numbers"),
    filtered("type", "not (gender eq 1)", "not gender eq 1"),
    filtered("type", "true and gender eq 1", "gender and true"),
    filtered("type", "selfSigmaScore ne null", "selfSigmaScore eq selfConceptSigmaScore"),
    filtered("type", "null eq selfSigmaScore", "selfSigmaScore gt null"),
    filtered("type", "(gender eq 1) eq false", "(gender eq 1) gt false"),
    filtered("type", "expirationDateTime le '2026-01-31T00:00:00Z'", "expirationDateTime le 'tomorrow'"),
    filtered("type", "expirationDateTime ge assessmentDateTime", "expirationDateTime ge email"),
    filtered("type", f"{_GUID} eq externalId", f"{_GUID} gt externalId"),
    filtered("type", "substringof('am', firstName)", "substringof(1, firstName)"),
    filtered("syntax", "gender in (0, -1, null)", "gender in ()"),
    filtered("syntax", "substring(email, 1, 2) eq 'am'", "substring(email) eq 'am'"),
    filtered("syntax", "gender sub -1 eq 2", "gender -1 eq 2"),
    filtered("size", " add ".join(["1"] * 499) + " eq 1", " add ".join(["1"] * 501) + " eq 1"),
    filtered("size", f"{'-' * 39}gender eq 1", f"{'-' * 40}gender eq 1"),
    filtered("size", f"{'concat(email, ' * 38}email{')' * 38} ne ''", f"{'trim(' * 40}email{')' * 40} ne ''"),
    filtered("type", "gender in (1, 2.0)", "gender in (1, 'a')"),
    filtered("type", "gender div 1 eq 2", "gender div 0 eq 2"),
    filtered("type", "length(email) add 1 eq 2", "email add 1 eq 2"),
    filtered("type", "year(expirationDateTime) eq 2026", "year(email) eq 2026"),
    filtered("type", "substring(email, gender) eq 'a'", "substring(email, selfSigmaScore/aSigma) eq 'a'"),
]

OTHERS = [
    listed("option.known", {"$top": "1"}, {"$expand": "true"}),
    listed("option.known", {"top": "x"}, {"$Top": "1"}),
    listed("orderby.syntax", {"$orderby": "lastName desc, firstName ASC,email"}, {"$orderby": "lastName down"}),
    listed("orderby.syntax", {"$orderby": " gender "}, {"$orderby": "gender,"}),
    listed("orderby.syntax", {"$orderby": "gender DeSc"}, {"$orderby": "gender desc desc"}),
    listed("orderby.member", {"$orderby": "selfSigmaScore/aSigma"}, {"$orderby": "selfSigmaScore"}),
    listed("orderby.member", {"$orderby": "email"}, {"$orderby": "mail"}),
    listed("top.value", {"$top": "0"}, {"$top": "-1"}),
    listed("top.value", {"$top": "2147483647"}, {"$top": "2147483648"}),
    listed("top.value", {"$top": "007"}, {"$top": "7 "}),
    listed("skip.value", {"$skip": "99999"}, {"$skip": "9" * 5_000}),
    listed("skip.value", {"$skip": "1"}, {"$skip": ""}),
    listed("count.value", {"$count": "true"}, {"$count": "1"}),
    listed("count.value", {"$count": "false"}, {"$count": "True"}),
    listed("select.member", {"$select": "firstName, customFields"}, {"$select": "firstName,"}),
    listed("select.member", {"$select": "*"}, {"$select": "selfSigmaScore/aSigma"}),
    listed("search.text", {"$search": "sam"}, {"$search": ' "'}),
    listed("search.text", {"$search": "\u0085 sam"}, {"$search": '\u200b "\u0085'}),
    listed("search.text", {"$search": "x" * 1_000}, {"$search": "x" * 1_001}),
    listed("searchfields.member", {"searchfields": "email, lastName"}, {"searchfields": "email,gender"}),
    listed("searchfields.member", {"searchfields": "email"}, {"searchfields": "peopleAndJobsSearchResult/sortName"}),
]

SEARCHES = [
    searched("option.known", {"$top": "1"}, {"$orderby": NAME}),
    searched("filter.size", {"$filter": f"{NAME} eq 'Sam'"}, {"$filter": f"{NAME} eq '{'x' * 8_200}'"}),
    searched("filter.syntax", {"$filter": f"{NAME} eq 'Sam'"}, {"$filter": f"{NAME} eq Sam'"}),
    searched("filter.member", {"$filter": f"{NAME} eq 'Sam'"}, {"$filter": "firstName eq 'Sam'"}),
    searched("filter.type", {"$filter": f"{NAME} eq null"}, {"$filter": f"{NAME} eq 1"}),
    searched("top.value", {"$top": "50"}, {"$top": "all"}),
    searched("skip.value", {"$skip": "0"}, {"$skip": "1.0"}),
    searched("search.text", {"$search": "sam@example.com"}, {"$search": ""}),
    searched("searchfields.member", {"searchfields": NAME}, {"searchfields": "email"}),
]

LIST_ROWS: list[Row] = [*FILTERS, *OTHERS, *SEARCHES]
