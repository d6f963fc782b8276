"""Filters: their meaning compared with the plain predicates of the contracts, their errors, and arbitrary input."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assessment_contracts.predictive_index import odata
from assessment_contracts.predictive_index.fixtures import EXPIRATIONS, FIRST_NAMES, MIDDLE_NAMES, SCORES
from assessment_contracts.predictive_index.odata import Piece
from assessment_simulator.core.config import Config
from assessment_simulator.vendors.predictive_index import VENDOR
from assessment_simulator.vendors.predictive_index.odata import entity_schemas, evaluation, rules
from tests.fakes import FakeSandbox, at
from tests.vendors.predictive_index.rows import VALID
from tests.vendors.predictive_index.test_assessments import created, post

SCHEMA = entity_schemas.assessments(Config())
NOW = "2998-01-01T00:00:00Z"
"""The value of `now()`, also in the contracts' predicates."""
Row = Mapping[str, Any]


def matches(text: str, row: Row) -> bool:
    query, errors = rules.read({"$filter": text}, SCHEMA)
    assert errors == ()
    assert query.filter is not None
    *_, passed = evaluation.compile_filter(query.filter, str, at(NOW))([row])
    return passed == [True]


@pytest.fixture(scope="module")
def faces() -> list[dict[str, Any]]:
    """Twelve assessments, half of them completed, that differ in the members that the predicates compare."""
    sandbox = FakeSandbox()
    for number in range(12):
        body = {
            "firstName": FIRST_NAMES[number % 8], "middleName": MIDDLE_NAMES[number % 4], "gender": number % 3,
            "email": f"{('sam', 'Sam', 'o')[number % 3]}{number % 5}@example.com",
            "expirationDateTime": EXPIRATIONS[number % 5], "languageLocale": ("en-US", "fr-CA")[number % 2],
            "personType": ("Candidate", "Employee")[number // 2 % 2],
            "associatedPositionTitle": (None, "Software Engineer")[number % 2],
        }  # fmt: skip
        id = post(sandbox, **{**VALID, **body}).body["assessmentId"]
        sigma = {factor: SCORES[(number + place) % 4] for place, factor in enumerate(("aSigma", "dSigma", "eSigma"))}
        if number % 2:
            sandbox.handle(VENDOR, "complete", {"scores": {"selfSigmaScore": sigma}}, params={"id": id})
    return [stored.public for stored in sandbox.all("assessment")]


def test_every_operator_and_function_means_what_a_plain_predicate_means(faces: list[dict[str, Any]]) -> None:
    for piece in odata.WHOLE:
        assert [matches(piece.text, face) for face in faces] == [piece.means(face) is True for face in faces], piece


@given(odata.filters)
def test_filter_matches_what_a_plain_predicate_matches(faces: list[dict[str, Any]], piece: Piece) -> None:
    assert [matches(piece.text, face) for face in faces] == [piece.means(face) is True for face in faces]


ONE: Row = {
    "firstName": "Sam", "middleName": None, "lastName": "O'Neil", "email": "Sam@example.com", "gender": 1,
    "patternNumber": None, "externalId": "AB-1", "expirationDateTime": "2026-11-11T23:59:59.9999999Z",
    "assessmentId": "1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6", "selfSigmaScore": [{"aSigma": -1.5}],
    "positionSigmaScore": None,
}  # fmt: skip
# What the contracts' predicates do not ask.
MEANINGS = [
    ("null eq null", True),
    ("null ne null", False),
    ("null gt null", False),
    ("not (middleName lt 'a')", True),
    ("lastName eq 'O''Neil'", True),
    ("email eq 'sam@example.com'", False),
    ("substringof(email, 'example')", False),
    ("gender eq 1 or gender eq 1 and false", True),
    ("not false and false", False),
    ("gender gt 0 eq true", True),
    ("positionSigmaScore/aSigma eq null", True),
    ("expirationDateTime gt 2026-11-11T23:59:59.9999998Z", True),
    ("expirationDateTime gt datetime'2026-11-11T23:59:59.9999999'", False),
    ("expirationDateTime ge '2026-11-12T01:59:59.9999999+02:00'", True),
    ("assessmentId eq 1A2BC3D4-E5F6-A7B8-C9D0-E1F2A3B4C5D6", True),
    ("guid'1A2BC3D4-E5F6-A7B8-C9D0-E1F2A3B4C5D6' eq '1a2bc3d4-E5F6-a7b8-c9d0-e1f2a3b4c5d6'", True),
    ("assessmentId eq '1A2BC3D4-E5F6-A7B8-C9D0-E1F2A3B4C5D6'", True),
    ("'1A2BC3D4-E5F6-A7B8-C9D0-E1F2A3B4C5D6' ne assessmentId", False),
    ("assessmentId eq '1A2BC3D4E5F6A7B8C9D0E1F2A3B4C5D6'", False),
    ("assessmentId in (null, 1A2BC3D4-E5F6-A7B8-C9D0-E1F2A3B4C5D6)", True),
    ("expirationDateTime in ('2026-11-11', 2026-11-11T23:59:59.9999999Z)", True),
    ("gender in (- 1, -2) or null in (1)", False),
    ("length(email) eq 15 and length('😀') eq 1", True),
    ("indexof(email, 'x@') eq -1 and indexof(email, '') eq 0", True),
    ("substring(email, null) eq null", True),
    # Instants, some before 1970.
    ("hour('2026-01-01T02:00:00+03:00') eq 23 and year('1969-12-31T23:59:59.9Z') eq 1969", True),
    ("year(0001-01-01) eq 1 and year(9999-12-31) eq 9999", True),
    ("now() eq 2998-01-01 and expirationDateTime lt now()", True),
    # Numbers, at the ends of their ranges, too.
    ("gender eq 9" + "9" * 5_000, False),
    ("gender lt 1e999", True),
    ("10 sub 2 sub 3 eq 5 and 100 div 10 div 5 eq 2 and 2 mul 7 mod 4 eq 2", True),
    ("7 div 2 eq 3 and -7 div 2 eq -3 and 7 div -2 eq -3 and -7 mod 2 eq -1 and 7 mod -2 eq 1", True),
    ("0.1 add 0.2 eq 0.3 and selfSigmaScore/aSigma add 0.1 eq -1.4", True),
    ("- (gender add 1) eq -2 and -(-gender) eq 1 and gender sub - 1 eq 2", True),
    ("null add 1 eq null and 1.0 div (gender sub 1) eq null and 1 mod (gender sub 1) eq null", True),
    ("positionSigmaScore/aSigma add 1.5 eq null and 1.5 add positionSigmaScore/aSigma eq null", True),
    ("9223372036854775807 add 1 eq null and -9223372036854775808 sub 1 eq null", True),
    ("9223372036854775808 sub 1 eq 9223372036854775807", True),
    ("1e6000 mul 1e6000 eq null and -1e99999 lt 0", True),
    ("round(-1.5) eq -2 and round(0.5) eq 1 and round(gender) div 2 eq 0", True),
    ("mul ".join(["9 "] * 400) + "eq null", True),
    ("concat(" * 30 + "email" + f", '{'x' * 8}')" * 30 + " ne null", True),
]


@pytest.mark.parametrize(("text", "keeps"), MEANINGS)
def test_filter_matches_a_record(text: str, keeps: bool) -> None:
    assert matches(text, ONE) is keeps


FUNCTIONS = (
    "contains, startswith, endswith, substringof, length, indexof, substring, concat, trim, tolower, toupper, year, "
    "month, day, hour, minute, second, fractionalseconds, date, round, floor, ceiling, now"
)
MESSAGES = [
    ("firstname eq 'x'", "`firstname` is no member that can be asked for; `firstName` is, and case matters"),
    ("f" * 50 + " eq 1", f"`{'f' * 40}`… is no member that can be asked for"),
    ("gender EQ 1", "at character 8, `EQ`, an operator or the end was expected; operators are in lower case"),
    ("gender 1", "at character 8, `1`, an operator or the end was expected"),
    ("gender eq", "at the end, a member, a value or a function was expected"),
    ("gender eq )", "at character 11, `)`, a member, a value or a function was expected"),
    ("(gender eq 1", "at the end, `)` was expected"),
    ("email eq 'it's'", "the text that begins at character 15 has no end: `'`"),
    ("gender = 1", "what begins at character 8 cannot be read: `= 1`"),
    ("gender eq '1'", "at character 8, `eq`, `gender` (an integer) `eq` a text makes no sense"),
    ("gender", "a filter wants a comparison or another truth value, not an integer"),
    ("expirationDateTime gt 'x'",
     "at character 20, `gt`, `x` is no date or instant, but `expirationDateTime` (an instant) is one"),
    ("soundex(email) gt 1", f"at character 1, `soundex`, there is no such function but {FUNCTIONS}"),
    ("customFields/any(f", f"at character 1, `customFields/any`, there is no such function but {FUNCTIONS}"),
    ("length eq 1", "at character 8, `eq`, `(` was expected"),
    ("substring(email) eq 'a'", "at character 1, `substring`, 2 or 3 arguments are wanted, not 1"),
    ("substring(email, 1.5) eq 'a'", "at character 1, `substring` takes an integer, not a number"),
    ("length(gender) eq 1", "at character 1, `length` takes a text, not `gender` (an integer)"),
    ("year('x') eq 1", "at character 1, `year`, `x` is no date or instant, but `year` takes one"),
    ("email add 1 eq 2", "at character 7, `add` wants numbers, not `email` (a text)"),
    ("now() sub assessmentDateTime eq 1", "at character 7, `sub` wants numbers, not an instant"),
    ("gender mod 0.0 eq 1", "at character 8, `mod` divides by zero"),
    ("gender in 1", "at character 11, `1`, `(` was expected"),
    ("gender in (1, email)", "at character 15, `email`, a value was expected"),
    ("externalId in ('a', guid'1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6')",
     "at character 21, `guid'1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d`…, a list wants values of one type"),
    ("selfSigmaScore in (null)", "at character 20, `null`, a list wants values of one type"),
    ("email has 'x'", "at character 7, `has`, an operator or the end was expected; `has` is not simulated"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), MESSAGES)
def test_filter_error_names_position_and_expectation(text: str, message: str) -> None:
    assert [error.message for error in rules.read({"$filter": text}, SCHEMA)[1]] == [message]


# Anything at all.

SCRAPS = st.sampled_from([
    "(", ")", ",", "'", "''", "'a'", " ", "/", "-", ".", "eq", "ne", "lt", "and", "or", "not", "null", "true", "gender",
    "add", "sub", "mul", "div", "divby", "mod", "in", "in (", "-", "length(", "substring(", "year(", "now()", "date(",
    "email", "selfSigmaScore", "selfSigmaScore/aSigma", "contains(", "substringof('a',", "tolower(", "guid'", "guid''",
    "datetime'2026", "2026-02-30", "2026-01-01", "1", "-1.5e-3", "1L", "1e999", "9999-12-31T23:59:59-14:00",
    "1a2bc3d4-e5f6-a7b8-c9d0-e1f2a3b4c5d6", "expirationDateTime", "customFields", "\x00", "é", "%27", "$filter", "desc",
])  # fmt: skip
SOUP = st.lists(SCRAPS, max_size=25).flatmap(lambda parts: st.sampled_from([" ", ""]).map(lambda gap: gap.join(parts)))
# A whole filter with a character taken out, put in or doubled.
HURT = st.tuples(odata.filters, st.integers(0, 200), st.sampled_from(["", "'", "(", ")", " ", "x", "1", "not "])).map(
    lambda made: made[0].text[: made[1]] + made[2] + made[0].text[made[1] + 1 :]
)
ANYTHING = st.text(max_size=80) | SOUP | HURT
NAMES = st.sampled_from([*entity_schemas.OPTIONS, "$expand", "", "$", "top", "é\r\n"])
OPERATIONS = st.sampled_from(["list_assessments", "search_people"])


@pytest.fixture(scope="module")
def sandbox() -> FakeSandbox:
    sandbox = FakeSandbox()
    id = created(sandbox, externalId="a-1", externalPersonId="p-1", gender=1)["assessmentId"]
    sandbox.handle(VENDOR, "complete", params={"id": id})
    created(sandbox, associatedPositionTitle="Software Engineer")
    return sandbox


@given(OPERATIONS, st.dictionaries(NAMES, ANYTHING, max_size=3) | ANYTHING.map(lambda text: {"$filter": text}))
@example("list_assessments", {"$filter": "(" * 8_000})
@example("list_assessments", {"$filter": "not " * 2_000})
@example("list_assessments", {"$filter": "contains(" * 900})
@example("list_assessments", {"$filter": "-" * 999})
@example("list_assessments", {"$filter": " mul ".join(["gender"] * 500)})
@example("list_assessments", {"$filter": " mul ".join(["gender"] * 499) + " eq 1"})
@example("list_assessments", {"$filter": "true or true and true eq 1 gt 1 add 1 mul (" * 40})
@example("list_assessments", {"$filter": f"gender in ({', '.join(['1'] * 490)})"})
@example("list_assessments", {"$filter": "1e999999999999999999999 mul -1e-999999999999999999999 eq gender"})
@example("list_assessments", {"$filter": " and ".join(["true"] * 500)})
@example("list_assessments", {"$filter": " eq ".join(["true"] * 500)})
@example("list_assessments", {"$filter": "'" * 8_001})
@example("list_assessments", {"$filter": "datetime'" * 900})
@example("list_assessments", {"$orderby": "," * 60_000})
@example("search_people", {"$search": '"' * 1_000})
def test_arbitrary_query_returns_200_or_400(sandbox: FakeSandbox, operation: str, query: dict[str, str]) -> None:
    before = sandbox.memory()
    response = sandbox.handle(VENDOR, operation, query=query)
    assert sandbox.memory() == before
    assert (response.status, bool(response.rules)) in ((200, False), (400, True))
    if response.status == 400:
        _names_parameter_and_remedy(response.body)
    assert all(note.isascii() and note.isprintable() for note in response.notes)
    assert len(response.notes) <= 5


def _names_parameter_and_remedy(body: Any) -> None:
    assert [*body] == ["number", "context", "description", "parameterErrors"]
    assert body["parameterErrors"]
    for item in body["parameterErrors"]:
        assert [*item] == ["parameter", "description"]
        assert " must " in item["description"]
        assert len(item["description"]) < 500
