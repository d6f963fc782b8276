"""How a server changes from run to run: by rule, when it last held; by answer, what it looks like.

Values that differ each time are compared by type, never letter by letter: an id by being an id, an instant by its form.
What only gives back what was asked counts as `echo`, whatever it is.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assessment_contracts.report import Report
from assessment_contracts.runner import Verdict
from assessment_contracts.sources import Fact
from assessment_contracts.wire import Exchange

FORMS = (
    ("uuid", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)),
    ("instant, 7 decimals", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")),
    ("instant", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("url", re.compile(r"https?://\S+")),
    ("empty string", re.compile("")),
)
_SEGMENT = re.compile(r"[0-9a-fA-F-]{16,}|\d+|[^/]{40,}")
Shape = dict[str, list[str]]
"""For each place in an answer (`candidate.email`, `results[].name`) the types seen there."""


class Unreadable(Exception):
    """The file of an earlier run is no drift report."""


def form(value: Any) -> str:
    """The type of a value, and of a string its form."""
    if isinstance(value, str):
        return next((name for name, pattern in FORMS if pattern.fullmatch(value)), "string")
    names = {bool: "boolean", int: "integer", float: "number", type(None): "null", list: "list", dict: "object"}
    return names[type(value)]


def shape(value: Any, asked: Any, place: str = "") -> dict[str, set[str]]:
    """The types at each place of a JSON value; `asked` is what was sent, member for member."""
    if isinstance(value, dict) and value != asked:
        found = {place or ".": {"object"}}
        for name, member in value.items():
            known = asked.get(name) if isinstance(asked, dict) else None
            _merge(found, shape(member, known, f"{place}.{name}" if place else name))
        return found
    if isinstance(value, list) and value and value != asked:
        found = {place or ".": {"list"}}
        for item in value[:20]:
            _merge(found, shape(item, None, f"{place}[]"))
        return found
    echoed = asked is not None and value == asked and isinstance(value, str | dict | list)
    return {place or ".": {"echo" if echoed else form(value)}}


def _merge(into: dict[str, set[str]], more: Mapping[str, set[str]]) -> None:
    for place, forms in more.items():
        into.setdefault(place, set()).update(forms)


@dataclass
class Shapes:
    """The shapes of a vendor's answers, by what was asked and the status."""

    found: dict[str, dict[str, set[str]]] = field(default_factory=dict)

    def observe(self, exchange: Exchange) -> None:
        """Take in one exchange."""
        answer = exchange.answer
        if answer is None or exchange.path.startswith("/_simulator"):
            return
        key = f"{exchange.method} {_template(exchange.path)} {answer.status}"
        try:
            body = json.loads(answer.body) if answer.body else None
        except ValueError:
            body = None
        media_type = answer.headers.get("content-type", "none").partition(";")[0]
        known = self.found.setdefault(key, {})
        _merge(known, {"content-type": {media_type}})
        if body is not None:
            _merge(known, shape(body, _sent(exchange)))

    def plain(self) -> dict[str, Shape]:
        """As JSON values, in order."""
        return {
            key: {place: sorted(forms) for place, forms in sorted(places.items())}
            for key, places in sorted(self.found.items())
        }


def _template(path: str) -> str:
    return "/".join("{}" if _SEGMENT.fullmatch(part) else part for part in path.partition("?")[0].split("/"))


def _sent(exchange: Exchange) -> Any:
    try:
        return json.loads(exchange.body)
    except ValueError:
        return None


def drift(report: Report, facts: Iterable[Fact], shapes: Shapes, before: Mapping[str, Any]) -> dict[str, Any]:
    """Each rule and promise with the day on which it last held, and what has changed since `before`."""
    earlier = {row["id"]: row for row in before.get("rules", ())}
    outcomes = _by_id(report)
    rules = [
        {
            "id": fact.id,
            "standing": fact.standing.value,
            "source": str(fact.source),
            "status_standing": fact.of_status.value,
            "body_standing": fact.of_body.value,
            "outcome": (outcome := outcomes.get(fact.id, Verdict.NOT_RUN)).value,
            "last_held": report.date[:10] if outcome is Verdict.PASSED else earlier.get(fact.id, {}).get("last_held"),
        }
        for fact in facts
    ]
    answers = dict(before.get("answers", {})) | shapes.plain()
    changes = list(_changes(before.get("answers", {}), shapes.plain()))
    lost = [
        row["id"]
        for row in rules
        if row["outcome"] == "failed" and earlier.get(row["id"], {}).get("outcome") in ("passed", "held")
    ]
    return {
        "target": report.base, "checked": report.date, "rules": rules, "no_longer_held": lost, "changes": changes,
        "answers": answers,
    }  # fmt: skip


def _by_id(report: Report) -> dict[str, Verdict]:
    """What became of each rule: broken where one property of it is, held where one held and none is broken."""
    found: dict[str, Verdict] = {}
    for outcome in report.outcomes:
        for id in outcome.property.ids:
            if outcome.verdict is Verdict.FAILED or (
                outcome.verdict is Verdict.PASSED and found.get(id) is not Verdict.FAILED
            ):
                found[id] = outcome.verdict
    return found


def _changes(before: Mapping[str, Shape], now: Mapping[str, Shape]) -> Iterable[dict[str, Any]]:
    """Where an answer that was seen before looks different now."""
    for key, places in now.items():
        known = before.get(key)
        if known is None:
            continue
        for place in sorted({*known, *places}):
            was, seen = known.get(place, []), places.get(place, [])
            if was != seen:
                yield {"answer": key, "member": place, "was": was, "now": seen}


def read(path: Path) -> dict[str, Any]:
    """The report of an earlier run; empty where there is none."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        known = {row["id"]: row.get("outcome") for row in found["rules"]}
        return {**found, "rules": [row for row in found["rules"] if row["id"] in known]}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable(f"{path} is no drift report; give another --drift FILE, or move it away") from None


def dumps(found: Mapping[str, Any]) -> str:
    """A drift report as text."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
