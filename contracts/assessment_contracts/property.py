"""A contract as a property: what must hold, which rules and guarantees it shows, and what it needs."""

import functools
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

import hypothesis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from assessment_contracts.context import Context
from assessment_contracts.sources import Fact, Source, Standing

Test = Callable[[Context, settings], None]
"""Runs every example; Hypothesis' settings say how many."""


class Need(StrEnum):
    """What a contract needs of the target; without it the contract is not run."""

    CONTROL = "the control API"
    LISTENER = "a listener that the server can reach"
    MAIL = "leave to send e-mail (--allow-email)"
    WRITES = "leave to create what cannot be removed (--allow-writes)"


@dataclass(frozen=True)
class Property:
    """A contract. `examples` is a factor of the profile's number of examples.

    `standing` is the highest that it can have: `as_sure_as` lowers it to that of the least sure fact that it shows.
    """

    id: str
    statement: str
    why: str
    vendor: str
    test: Test
    kept: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()
    standing: Standing = Standing.DOCUMENTED
    needs: frozenset[Need] = frozenset()
    examples: float = 1.0
    source: Source | None = None
    feature: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Every rule and guarantee that it shows."""
        return (*self.kept, *self.broken, *self.promises)


@dataclass(frozen=True)
class Drawn:
    """A test, and what is drawn for it."""

    test: Callable[..., None]
    strategies: Mapping[str, st.SearchStrategy[Any]]


def given(**strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Drawn]:
    """What Hypothesis draws; as its own `given`, but bound when the contract is run, with the settings of that run."""
    return lambda test: Drawn(test, strategies)


_VENDORS = {"pi": "predictive-index"}


def vendor_of(id: str) -> str:
    """The vendor of an id, by its first word."""
    word = id.partition(".")[0]
    return _VENDORS.get(word, word)


def contract(
    id: str, statement: str, *, kept: Collection[str] = (), broken: Collection[str] = (),
    promises: Collection[str] = (), standing: Standing = Standing.DOCUMENTED, needs: Collection[Need] = (),
    examples: float = 1.0, source: Source | None = None, feature: str = "",
) -> Callable[[Callable[..., None] | Drawn], Property]:  # fmt: skip
    """Make a property of a test that takes a `context`, and whatever Hypothesis draws for it."""

    def made(test: Callable[..., None] | Drawn) -> Property:
        why = _plain(test.test.__doc__ if isinstance(test, Drawn) else test.__doc__)
        return Property(
            id, statement, why, vendor_of(id), _bound(test), tuple(kept), tuple(broken), tuple(promises), standing,
            frozenset(needs), examples, source, feature,
        )  # fmt: skip

    return made


def contract_machine(
    id: str, statement: str, machine: type[RuleBasedStateMachine], *, steps: int = 20, why: str = "", **more: Any
) -> Property:
    """Make a property of a state machine, whose class attribute `context` is set before it runs."""

    def run(context: Context, how: settings) -> None:
        watched = type(machine.__name__, (_Watched, machine), {"context": context})
        if context.seed is not None:
            watched = hypothesis.seed(context.seed)(watched)
        try:
            run_state_machine_as_test(watched, settings=settings(how, stateful_step_count=steps))
        except HypothesisException:
            raise  # an error of Hypothesis is no failure of the machine, and must not hide one
        except Exception as problem:
            context.failed("\n".join(getattr(problem, "__notes__", ())), problem)
            raise

    made = contract(id, statement, **more)(lambda context: None)
    return replace(made, test=run, why=_plain(why or machine.__doc__))


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


class _Watched(RuleBasedStateMachine):
    """A state machine each of whose runs is an example of its property."""

    context: Context

    def __init__(self) -> None:
        self.context.begin()
        super().__init__()

    def teardown(self) -> None:
        super().teardown()
        problem = sys.exc_info()[1]
        if isinstance(problem, Exception) and not isinstance(problem, HypothesisException):
            self.context.failed("", problem)
        self.context.end()


def _bound(test: Callable[..., None] | Drawn) -> Test:
    """The test, with each of its examples begun, ended, and kept when it fails."""
    inner, strategies = (test.test, test.strategies) if isinstance(test, Drawn) else (test, {})

    @functools.wraps(inner)
    def example(context: Context, **drawn: Any) -> None:
        context.begin()
        try:
            inner(context, **drawn)
        except Exception as problem:
            context.failed(", ".join(f"{name}={value!r}" for name, value in drawn.items()), problem)
            raise
        finally:
            context.end()

    def run(context: Context, how: settings) -> None:
        if strategies:
            test = how(hypothesis.given(**strategies)(example))
            (test if context.seed is None else hypothesis.seed(context.seed)(test))(context)
        else:
            example(context)

    return run


class Unmatched(ValueError):
    """A pattern that is the id of no contract."""


def select(
    properties: Iterable[Property], only: Collection[str] = (), exclude: Collection[str] = (),
    standing: Standing = Standing.ASSUMED,
) -> list[Property]:  # fmt: skip
    """Those of at least this standing whose id matches a pattern of `only`, if there are any, and none of `exclude`.

    Raises `Unmatched` for a pattern that matches no id at all: it is a misprint, or the contract was renamed.
    """
    known = [*properties]
    for pattern in (*only, *exclude):
        if not any(fnmatchcase(property.id, pattern) for property in known):
            raise Unmatched(f"no contract has an id like {pattern!r}; --list shows all")
    return [
        property
        for property in known
        if property.standing.strength >= standing.strength
        and (not only or any(fnmatchcase(property.id, pattern) for pattern in only))
        and not any(fnmatchcase(property.id, pattern) for pattern in exclude)
    ]


def as_sure_as(facts: Iterable[Fact], properties: Iterable[Property]) -> tuple[Property, ...]:
    """The properties, none surer than the least sure of its guarantees and of the refusals that it provokes.

    A property that fails at a vendor must not be called documented because one part of what it asserts is.
    """
    known = {fact.id: fact for fact in facts}

    def lowered(property: Property) -> Property:
        shown = [known[id].standing for id in property.promises if id in known]
        shown += [known[id].of_refusal for id in property.broken if id in known]
        return replace(property, standing=min([property.standing, *shown], key=lambda standing: standing.strength))

    return tuple(lowered(property) for property in properties)
