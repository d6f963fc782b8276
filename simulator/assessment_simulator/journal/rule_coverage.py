"""Which rules a sandbox's requests have passed and violated."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from assessment_simulator.core.vendor import Vendor
from assessment_simulator.sandbox.journal import RuleCounter


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
