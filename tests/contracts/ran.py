"""One run of all contracts against a simulator, with what its own coverage says of each property."""

from collections import Counter
from dataclasses import dataclass, field

from assessment_contracts.cli import PROPERTIES
from assessment_contracts.property import Property
from assessment_contracts.runner import PROFILES, Outcome, Runner
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.target import Target
from assessment_contracts.wire import Exchange


@dataclass
class Watching(Target):
    """A simulator that is asked, before a sandbox of it is forgotten, which rules its traffic has kept."""

    kept: Counter[str] = field(default_factory=Counter)

    def forget(self, sandbox: Sandbox) -> None:
        """Take down what was kept, then forget the sandbox."""
        for rule in sandbox.control_json("GET", "/coverage")["rules"]:
            if rule["kept"]:
                self.kept[rule["id"]] += rule["kept"]
        super().forget(sandbox)


@dataclass(frozen=True)
class Shown:
    """What a property really did: the rules that its accepted calls kept, and those that refused its others."""

    outcome: Outcome
    kept: frozenset[str]
    broken: frozenset[str]


def shown(url: str) -> dict[str, Shown]:
    """Every property with few examples; with more where those did not show all that it claims to show."""
    found = {property.id: _asked(url, property, "quick") for property in PROPERTIES}
    for property in PROPERTIES:
        few = found[property.id]
        if not (few.kept.issuperset(property.kept) and few.broken.issuperset(property.broken)):
            found[property.id] = _asked(url, property, "default")
    return found


def _asked(url: str, property: Property, profile: str) -> Shown:
    target, refused = Watching(url), set[str]()

    def observe(contract: str, exchange: Exchange) -> None:
        if exchange.answer is not None:
            refused.update(exchange.answer.rules)

    try:
        outcome = Runner(target, PROFILES[profile], observe=observe).run(property)
        return Shown(outcome, frozenset(target.kept), frozenset(refused))
    finally:
        target.close()
