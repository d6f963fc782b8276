"""What every table of breaches is made of."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.property import Breach, Need
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import Answer

CONTROL = frozenset({Need.CONTROL})
WRITES = frozenset({Need.WRITES})
NOTHING: st.SearchStrategy[Any] = st.none()
"""For calls in which nothing is drawn that is right."""

Group = tuple[tuple[Breach, ...], Callable[[Sandbox, Any, Any], Answer], st.SearchStrategy[Any]]
"""Rules that are broken on the same call: the rows, the call, and what is right in it."""


def row(
    rule: str, status: int, wrong: st.SearchStrategy[Any], *also: str, needs: frozenset[Need] = frozenset()
) -> Breach:
    """A rule of pymetrics and the ways to break it; `also` may be broken by the same."""
    id = f"pymetrics.{rule}"
    return Breach(id, status, wrong, needs=needs, also=tuple(f"pymetrics.{one}" for one in also))


def any_of(*values: Any) -> st.SearchStrategy[Any]:
    """One of these values."""
    return st.sampled_from(values)
