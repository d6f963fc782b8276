"""The properties of one module: a decorator makes a plain test function one of them.

Its id is the module's prefix and the function's name. The first paragraph of its docstring states the behaviour, the
rest says why it matters. What it shows is named by the ids of facts, without the vendor; `*` is allowed.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from assessment_contracts.property import Drawn, Need, Property, contract, contract_machine
from assessment_contracts.sources import Fact, Standing

CONTROL = frozenset({Need.CONTROL})
WRITES = frozenset({Need.WRITES})
MAIL = frozenset({Need.MAIL})
WEBHOOKS = frozenset({Need.CONTROL, Need.LISTENER})
ASSUMED, OBSERVED = Standing.ASSUMED, Standing.OBSERVED


class Registry:
    """Collects the properties of a module. `needs` and `standing` are theirs unless they say otherwise."""

    def __init__(
        self, prefix: str, facts: Iterable[Fact], needs: Collection[Need] = (),
        standing: Standing = Standing.DOCUMENTED,
    ) -> None:  # fmt: skip
        self.prefix = prefix
        self.properties: list[Property] = []
        self._facts = tuple(facts)
        self._needs = needs
        self._standing = standing

    def __call__(
        self, shows: str = "", *, accepts: str = "", refuses: str = "", needs: Collection[Need] | None = None,
        standing: Standing | None = None, examples: float = 1.0, name: str = "",
    ) -> Callable[[Callable[..., None] | Drawn], Property]:  # fmt: skip
        """Register a test. `shows` are guarantees, `accepts` rules that valid requests pass, `refuses` violated ones.

        `standing` is given where the test assumes more than these facts do, `name` where it is no name of a function.
        """

        def register(test: Callable[..., None] | Drawn) -> Property:
            inner = test.test if isinstance(test, Drawn) else test
            statement, why = documented(inner)
            made = contract(
                f"{self.prefix}.{name or inner.__name__}", statement, kept=self._ids(accepts, True),
                broken=self._ids(refuses, True), promises=self._ids(shows, False), standing=standing or self._standing,
                examples=examples, needs=self._needs if needs is None else needs,
            )(test)  # fmt: skip
            self.properties.append(replace(made, why=why))
            return self.properties[-1]

        return register

    def machine(self, name: str, machine: type[RuleBasedStateMachine], shows: str, **more: Any) -> None:
        """Register a state machine."""
        statement, why = documented(machine)
        more = {"needs": self._needs, "standing": Standing.ASSUMED, "promises": self._ids(shows, False)} | more
        self.properties.append(contract_machine(f"{self.prefix}.{name}", statement, machine, why=why, **more))

    def _ids(self, patterns: str, rules: bool) -> tuple[str, ...]:
        """The ids of the rules, or guarantees, that these patterns name."""
        vendor = self.prefix.partition(".")[0]
        found: list[str] = []
        for pattern in patterns.split():
            ids = [fact.id for fact in self._facts if fact.is_rule is rules]
            matching = [id for id in ids if fnmatchcase(id, f"{vendor}.{pattern}")]
            assert matching, f"no fact of {vendor} is called {pattern}"
            found += matching
        return tuple(dict.fromkeys(found))


def documented(test: Any) -> tuple[str, str]:
    """The statement and the reason that a docstring gives."""
    statement, _, why = (test.__doc__ or "").strip().partition("\n\n")
    return " ".join(statement.split()).removesuffix("."), " ".join(why.split())
