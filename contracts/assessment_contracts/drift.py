"""How a server changes from run to run: when each rule last held, and which members and types each response has.

Runs are compared contract by contract, because each contract causes responses of its own: a run of fewer contracts sees
less, and yet nothing has changed. What a run does not decide is remembered as it was. Shapes are compared only if the
contract passed before, and with the same examples. Values are compared by type: an id by being an id, a time by its
format. A value that repeats what was sent counts as `echo`.
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
    """The shapes of responses: by contract, then by request and status."""

    found: dict[str, dict[str, dict[str, set[str]]]] = field(default_factory=dict)

    def observe(self, contract: str, exchange: Exchange) -> None:
        """Add one exchange of the contract with this id."""
        answer = exchange.answer
        if answer is None or exchange.path.startswith("/_simulator"):
            return
        key = f"{exchange.method} {_template(exchange.path)} {answer.status}"
        known = self.found.setdefault(contract, {}).setdefault(key, {})
        _merge(known, {"content-type": {answer.headers.get("content-type", "none").partition(";")[0]}})
        try:
            if answer.body:
                _merge(known, shape(json.loads(answer.body), _sent(exchange)))
        except (ValueError, RecursionError):
            return  # it is no JSON, or none that can be described

    def plain(self, contract: str) -> dict[str, Shape]:
        """Those of one contract as JSON values, in order."""
        return {
            key: {place: sorted(forms) for place, forms in sorted(places.items())}
            for key, places in sorted(self.found.get(contract, {}).items())
        }


def _template(path: str) -> str:
    return "/".join("{}" if _SEGMENT.fullmatch(part) else part for part in path.partition("?")[0].split("/"))


def _sent(exchange: Exchange) -> Any:
    try:
        return json.loads(exchange.body)
    except ValueError:
        return None


def drift(
    report: Report, facts: Iterable[Fact], shapes: Shapes, before: Mapping[str, Any], examples: str = ""
) -> dict[str, Any]:
    """Each rule with the day on which it last held, and what has changed since `before`.

    `examples` says which examples were run; empty for random ones, whose shapes differ from run to run.
    """
    earlier = {row["id"]: row for row in before.get("rules", ())}
    verdicts = _by_id(report)
    rules = [
        {
            "id": fact.id,
            "standing": fact.standing.value,
            "source": str(fact.source),
            "status_standing": fact.of_status.value,
            "body_standing": fact.of_body.value,
            "outcome": (verdict := verdicts.get(fact.id, Verdict.NOT_RUN)).value,
            "last_held": report.date[:10] if verdict is Verdict.PASSED else earlier.get(fact.id, {}).get("last_held"),
        }
        for fact in facts
    ]
    contracts: dict[str, Any] = dict(before.get("contracts", {}))
    lost: dict[str, None] = {}
    changes: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for outcome in report.outcomes:
        id = outcome.property.id
        known, found = contracts.get(id, {}), shapes.plain(id)
        if outcome.verdict not in (Verdict.PASSED, Verdict.FAILED):
            continue
        if examples and known.get("examples") == examples:
            for answer, place, was, now in _changes(known["answers"], found):
                both = changes.setdefault((answer, place), (set(), set()))
                both[0].update(was)
                both[1].update(now)
        if outcome.verdict is Verdict.PASSED:
            contracts[id] = {"passed": True, "examples": examples, "answers": found if examples else {}}
        else:
            if known.get("passed"):
                lost |= dict.fromkeys(outcome.property.ids)
            contracts[id] = {"passed": False}
    return {
        "target": report.base, "checked": report.date, "rules": rules, "no_longer_held": sorted(lost),
        "changes": [
            {"answer": answer, "member": place, "was": sorted(was), "now": sorted(now)}
            for (answer, place), (was, now) in sorted(changes.items())
        ],
        "contracts": contracts,
    }  # fmt: skip


def _by_id(report: Report) -> dict[str, Verdict]:
    """What came of each rule: failed if one contract of it failed, passed if one passed and none failed."""
    found: dict[str, Verdict] = {}
    for outcome in report.outcomes:
        for id in outcome.property.ids:
            if outcome.verdict is Verdict.FAILED or (
                outcome.verdict is Verdict.PASSED and found.get(id) is not Verdict.FAILED
            ):
                found[id] = outcome.verdict
    return found


def _changes(before: Mapping[str, Shape], now: Mapping[str, Shape]) -> Iterable[tuple[str, str, list[str], list[str]]]:
    """Each answer that came before and now, and a place in it whose types differ."""
    for answer in sorted({*before} & {*now}):
        was, seen = before[answer], now[answer]
        for place in sorted({*was, *seen}):
            # A member is missing only where its object is there: an empty list says nothing of its items.
            parent = _parent(place)
            known = place == parent or place == "content-type" or (parent in was and parent in seen)
            items = place.endswith("[]") and (place not in was or place not in seen)
            if known and not items and was.get(place, []) != seen.get(place, []):
                yield answer, place, was.get(place, []), seen.get(place, [])


def _parent(place: str) -> str:
    """The place of the object or list that holds it."""
    return (place.removesuffix("[]") if place.endswith("[]") else place.rpartition(".")[0]) or "."


def read(path: Path) -> dict[str, Any]:
    """The report of an earlier run; empty where there is none."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
        for row in found["rules"]:
            row["id"], row.get("last_held")
        for contract in found.setdefault("contracts", {}).values():
            contract["passed"], contract.get("answers", {}).items()
        return dict(found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise Unreadable(f"{path} is no drift report; give another --drift FILE, or move it away") from None


def dumps(found: Mapping[str, Any]) -> str:
    """A drift report as text, with one line for each contract, or else it would have a hundred thousand lines."""
    rest = json.dumps({**found, "contracts": {}}, indent=1, ensure_ascii=False)
    rows = (f"  {json.dumps(id)}: {json.dumps(one, ensure_ascii=False)}" for id, one in found["contracts"].items())
    return rest.replace('"contracts": {}', '"contracts": {\n' + ",\n".join(rows) + "\n }") + "\n"
