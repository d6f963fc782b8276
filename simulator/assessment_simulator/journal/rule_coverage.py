"""Which rules a sandbox's requests have passed and violated."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.vendor import Vendor

_Operation = tuple[str, str | None]
"""A vendor's id and the operation's name; None where the path or the method is none of the vendor's."""


class RuleCounter:
    """Counts accepted requests, and refused ones by rule.

    `accepted` counts by operation, `stopped` refused requests by operation and the first rule that they violate,
    `violated` by operation and every rule. It grows with the vendors' tables, not with the requests.
    """

    __slots__ = ("accepted", "stopped", "violated")

    def __init__(self) -> None:
        self.accepted: Counter[_Operation] = Counter()
        self.stopped: Counter[tuple[_Operation, str]] = Counter()
        self.violated: Counter[tuple[_Operation, str]] = Counter()

    def count(self, vendor: str, operation: str | None, status: int | None, rules: tuple[str, ...]) -> None:
        """Count one request and the rules that refused it."""
        if rules:
            self.stopped[(vendor, operation), rules[0]] += 1
            for rule in rules:
                self.violated[(vendor, operation), rule] += 1
        elif status is not None and status < 400:  # the status of an injected fault says nothing about rules
            self.accepted[vendor, operation] += 1


def coverage_view(vendors: Mapping[str, Vendor], counter: RuleCounter) -> dict[str, Any]:
    """Every rule with how often it was passed (`kept`) and violated (`broken`), and how many were so at least once.

    An accepted request passes every rule of its operation. A refused one violates the rules that it names, and passes
    the others of their stage and all of the stages before. A rule about an optional member that is absent is passed.
    """
    kept, broken = Counter[str](), Counter[str]()
    for vendor in vendors.values():
        http = [(vendor.http_rules[place],) for place in ("route", "verb", "encoding", "size")]
        stages_of: dict[str | None, list[Any]] = {None: http[:2]}
        for endpoint in vendor.endpoints:
            # A stage of an operation may repeat a rule of the HTTP layer, which is counted once.
            own = [stage for stage in endpoint.operation.stages if stage not in http]
            stages_of[endpoint.operation.name] = [*http, *own]
        for name, stages in stages_of.items():
            operation = (vendor.id, name)
            stopped = [sum(counter.stopped[operation, rule.id] for rule in stage) for stage in stages]
            reached = counter.accepted[operation] + sum(stopped)
            for stage, stopped_here in zip(stages, stopped, strict=True):
                for rule in stage:
                    violated = counter.violated[operation, rule.id]
                    broken[rule.id] += violated
                    kept[rule.id] += reached - violated
                reached -= stopped_here
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
