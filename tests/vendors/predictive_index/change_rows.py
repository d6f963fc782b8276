"""Every rule about changing, archiving and drawing assessments, kept once and broken once, as rows like the others."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from tests.vendors.predictive_index.rows import (
    ADMINISTERED_BY,
    BLANKS,
    BOTH_IDS,
    FIRST,
    LAST,
    OTHER,
    PATH,
    TYPES,
    VALID,
    VALUES,
    Row,
    Try,
)

OWN: Final = f"{PATH}/{FIRST}"
NOBODY: Final = f"{PATH}/nobody"


def _change(patch: Mapping[str, Any], path: str = OWN, query: Mapping[str, str] | None = None) -> Try:
    return Try(patch, method="PATCH", path=path, query=query or {})


def _again(row: Row) -> Row:
    """A row about creating as one about changing: the same members, and no others."""
    kept, broken = (replace(tried, method="PATCH", path=OWN) for tried in (row.kept, row.broken))
    return Row(row.rule.replace("create", "change", 1), kept, broken, (VALID,))


def located(rule: str, kept: Try, broken: Try) -> Row:
    return Row(f"pi.change.{rule}", kept, broken, (BOTH_IDS, OTHER))


_GOOD = _change({"gender": 1})
_BY_ID = _change({"gender": 1}, PATH, {"externalId": "a-1"})

CHANGES = [
    *map(_again, TYPES + BLANKS + ADMINISTERED_BY + VALUES),
    located("locator", _GOOD, replace(_GOOD, query={"externalId": "a-1"})),
    located("locator", _BY_ID, replace(_BY_ID, query={})),
    located("locator", replace(_GOOD, query={"externalId": ""}), replace(_BY_ID, query={"externalId": ""})),
    located("known", _GOOD, replace(_GOOD, path=NOBODY)),
    located("known", _BY_ID, replace(_BY_ID, query={"externalId": "nobody's"})),
    located("media_type", _GOOD, replace(_GOOD, media_type="text/plain")),
    located("body.json", _GOOD, replace(_GOOD, raw="{")),
    located("body.object", _GOOD, replace(_GOOD, raw="[]")),
    located("external_id.free", _change({"externalId": "a-1"}), _change({"externalId": "a-2"})),
    located("external_id.free", _change({"externalId": "new"}), _change({"externalId": "a-2"}, PATH, _BY_ID.query)),
    located("external_person_id.free", _change({"externalPersonId": "p-1"}), _change({"externalPersonId": "p-2"})),
    located("external_person_id.free", _change({"externalPersonId": ""}), _change({"externalPersonId": "p-2"})),
    Row("pi.archive.known", Try(method="DELETE", path=OWN), Try(method="DELETE", path=NOBODY), (VALID,)),
]


def _drawn(kind: str, own: str = OWN, **query: str) -> Try:
    return Try(method="GET", path=f"{own}/{kind}", query=query)


def _done(rule: str, kept: Try, broken: Try) -> Row:
    return Row(rule, kept, broken, (VALID,), ("complete",))


def _pattern(rule: str, kept: Try, broken: Try) -> Row:
    return _done(f"pi.pattern.{rule}", kept, broken)


def _report(rule: str, kept: Try, broken: Try) -> Row:
    return _done(f"pi.report.{rule}", kept, broken)


_IMAGE = _drawn("patterns/0", format="PNG")
_PDF = _drawn("reports/1", format="PDF", gender="0")
_LANGUAGE = {"format": "PDF", "gender": "1"}

PATTERNS = [
    _pattern("known", _IMAGE, replace(_IMAGE, path=f"{NOBODY}/patterns/0")),
    *(
        _pattern("type", _drawn(f"patterns/{good}", format="SVG"), _drawn(f"patterns/{bad}", format="SVG"))
        for good, bad in (("0", "4"), ("1", "-1"), ("2", "01"), ("3", "self"), ("Self-Concept", "Position"),
                          ("Full", "0.0"))
    ),
    _pattern("format", _IMAGE, replace(_IMAGE, query={})),
    _pattern("format", _drawn("patterns/3", format="SVG"), _drawn("patterns/3", format="svg")),
    _pattern("format", _IMAGE, _drawn("patterns/0", format="PDF")),
]  # fmt: skip
REPORTS = [
    _report("known", _PDF, replace(_PDF, path=f"{NOBODY}/reports/1")),
    *(
        _report("type", replace(_PDF, path=f"{OWN}/reports/{good}"), replace(_PDF, path=f"{OWN}/reports/{bad}"))
        for good, bad in (("2", "0"), ("Placard", "placard"), ("6", "7"))
    ),
    _report("working", replace(_PDF, path=f"{OWN}/reports/4"), replace(_PDF, path=f"{OWN}/reports/5")),
    _report("working", _PDF, replace(_PDF, path=f"{OWN}/reports/ManagementStrategyGuide")),
    _report("format", _PDF, replace(_PDF, query={"gender": "0"})),
    _report("format", _PDF, replace(_PDF, query={"format": "SVG", "gender": "0"})),
    _report("gender", _PDF, replace(_PDF, query={"format": "PDF"})),
    _report("gender", replace(_PDF, query={"format": "PDF", "gender": "Female"}),
            replace(_PDF, query={"format": "PDF", "gender": "3"})),
    _report("language", replace(_PDF, query={**_LANGUAGE, "languageLocale": "zu-ZA"}),
            replace(_PDF, query={**_LANGUAGE, "languageLocale": "zu_ZA"})),
    _report("language", _PDF, replace(_PDF, query={**_LANGUAGE, "languageLocale": ""})),
]  # fmt: skip


UNFINISHED = [
    Row(rule, tried, replace(tried, path=tried.path.replace(FIRST, LAST)), (VALID, VALID), ("complete",))
    for rule, tried in (("pi.pattern.complete", _IMAGE), ("pi.report.complete", _PDF))
]

CHANGE_ROWS: list[Row] = [*CHANGES, *PATTERNS, *REPORTS, *UNFINISHED]
