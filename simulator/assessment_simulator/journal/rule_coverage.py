"""Which rules a sandbox's traffic has kept and broken, worked out of the counts of its journal."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assessment_simulator.core.rules import Rule
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.journal.recorder import Tally

Stages = tuple[tuple[Rule, ...], ...]


def coverage_view(vendors: Mapping[str, Vendor], tally: Tally) -> dict[str, Any]:
    """Every rule with how often it was kept and broken, and how many were so at least once.

    A call that is accepted keeps every rule of its operation. One that is refused breaks those that it names, and keeps
    the others of their stage and all of the stages before. A rule that does not apply, because the optional member that
    it speaks of is not there, counts as kept.
    """
    kept, broken = Counter[str](), Counter[str]()
    for vendor in vendors.values():
        for operation, stages in _judged(vendor):
            _count(vendor.id, operation, stages, tally, kept, broken)
    rules = [(vendor.id, rule) for vendor in vendors.values() for rule in vendor.rules]
    return {
        "rules": [
            {
                "id": r.id, "vendor": vendor, "standing": r.standing.value, "kept": kept[r.id], "broken": broken[r.id],
                "status_standing": r.of_status.standing.value, "body_standing": r.of_body.standing.value,
            }
            for vendor, r in rules
        ],
        "kept": sum(kept[rule.id] > 0 for _, rule in rules),
        "broken": sum(broken[rule.id] > 0 for _, rule in rules),
        "of": len(rules),
    }  # fmt: skip


def _judged(vendor: Vendor) -> Iterator[tuple[str | None, Stages]]:
    """What a call is judged by: first at the door, then, if it leads to an operation, by the operation's stages."""
    route, verb, encoding, size = ((vendor.door[place],) for place in ("route", "verb", "encoding", "size"))
    yield None, (route, verb)
    for endpoint in vendor.endpoints:
        stages = endpoint.operation.stages  # one of them may repeat a rule of the door, which counts once
        within = (stage for stage in stages if stage not in (route, verb, encoding, size))
        yield endpoint.operation.name, (route, verb, encoding, size, *within)


def _count(
    vendor: str, operation: str | None, stages: Iterable[tuple[Rule, ...]], tally: Tally, kept: Counter[str],
    broken: Counter[str],
) -> None:  # fmt: skip
    """Let all calls of an operation go through its stages; each stage stops some."""
    stopped = [[tally.stopped.get((vendor, operation, rule.id), 0) for rule in stage] for stage in stages]
    calls = tally.accepted.get((vendor, operation), 0) + sum(map(sum, stopped))
    for stage, here in zip(stages, stopped, strict=True):
        for rule in stage:
            failed = tally.broken.get((vendor, operation, rule.id), 0)
            broken[rule.id] += failed
            kept[rule.id] += calls - failed
        calls -= sum(here)
