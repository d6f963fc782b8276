"""Every demand broken, one at a time: the vendor's refusal comes, names just that, and nothing has changed.

The calls are right but in one way. What rules a refusal names is told by a simulator alone; a vendor's own server is
asked for the status and the form of its error.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import breach_rows, refusals, strategies
from assessment_contracts.predictive_index.breach_rows import Row
from assessment_contracts.predictive_index.facts import FACTS
from assessment_contracts.predictive_index.scene import TAKER, everything
from assessment_contracts.predictive_index.wrong import Wrong, ask
from assessment_contracts.property import Need, Property, breaches, contract, given
from assessment_contracts.sources import Standing
from assessment_contracts.wire import Answer

Form = Callable[[Answer], None]

_BARE: st.SearchStrategy[Any] = st.just({})
_GROUPS: tuple[tuple[str, tuple[Row, ...], st.SearchStrategy[Any], Any, Form], ...] = (
    ("create.http", breach_rows.CREATE_HTTP, strategies.names, TAKER, refusals.stock),
    ("create", breach_rows.CREATE, strategies.names, TAKER, refusals.legacy),
    ("change.http", breach_rows.CHANGE_HTTP, strategies.changes, {}, refusals.stock),
    ("change", breach_rows.CHANGE, strategies.changes, {}, refusals.legacy),
    ("http", breach_rows.HTTP, _BARE, TAKER, refusals.stock),
    ("others", breach_rows.OTHERS, _BARE, {}, refusals.legacy),
    ("options", breach_rows.OPTIONS, _BARE, {}, refusals.legacy),
)
"""(A name, rows, right bodies and the plainest of them, how a refusal of theirs looks)."""


def _singly(rows: Iterable[Row], right: st.SearchStrategy[Any], form: Form) -> tuple[Property, ...]:
    single = breaches("pi", [row.breach for row in rows], ask, right, form, everything)
    # Few of each: every way is tried below.
    return tuple(replace(one, examples=1 / 6) for one in single)


_KNOWN = {fact.id: fact.standing for fact in FACTS}
_DOCUMENTED_WAYS = tuple(
    way
    for _, rows, *_ in _GROUPS
    for row in rows
    if _KNOWN.get(row.rule) is Standing.DOCUMENTED and not row.odd and not row.needs
    for way in row.ways
)


def _together(name: str, rows: Iterable[Row], plain: Any, form: Form) -> Property:
    """Every way of every row, one after the other in one sandbox: as many as there are is too many for each alone."""
    rows = tuple(rows)

    def every_way(context: Context) -> None:
        """A demand that is kept in most ways and not in one is not kept: each known way to break it is tried."""
        before = everything(context.sandbox)
        for row in rows:
            for way in row.ways:
                answer = ask(context.sandbox, plain, way)
                assert (answer.status, answer.rules) == (row.status, (row.rule,)), (
                    f"{way} is answered {answer.status} for {answer.rules}, not {row.status} for {row.rule}"
                )
                form(answer)
            assert everything(context.sandbox) == before, f"what was refused for {row.rule} has changed something"

    return contract(
        f"pi.refusals.{name}", f"Every known way to break a demand is refused for that alone ({name})",
        broken=tuple(dict.fromkeys(row.rule for row in rows)), standing=Standing.ASSUMED, needs={Need.CONTROL},
    )(every_way)  # fmt: skip


@contract(
    "pi.refusals.documented",
    "What breaks a documented demand is answered with an error, whichever it is",
    standing=Standing.DOCUMENTED,
    examples=2,
)
@given(way=st.sampled_from(_DOCUMENTED_WAYS))
def documented(context: Context, way: Wrong) -> None:
    """The API Guide says that errors are in the 400 or 500 range; which status a demand has is said nowhere, so the
    breaches, which ask for one, are assumed."""
    answer = ask(context.sandbox, TAKER if way.method == "POST" else {}, way)
    assert 400 <= answer.status < 600, f"{way} is answered {answer.status}: {answer.text[:200]}"


PROPERTIES = (
    documented,
    *(one for _, rows, right, _, form in _GROUPS for one in _singly(rows, right, form)),
    *(_together(name, rows, plain, form) for name, rows, _, plain, form in _GROUPS),
)
