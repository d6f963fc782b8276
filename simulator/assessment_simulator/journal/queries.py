"""Which of the journal's calls somebody asks for: the parameters of its query."""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from assessment_simulator.core import instant
from assessment_simulator.http import query_parameters
from assessment_simulator.http.query_parameters import Reader
from assessment_simulator.journal.recorder import Exchange, number_of
from assessment_simulator.sandbox.sandbox import Sandbox

Query = Sequence[tuple[str, str]]
"""A query's parameters."""
UNANSWERED = "none"
"""In the place of a status: no answer left."""
Test = Callable[[Exchange], bool]
"""What an exchange must be."""


def filtered(sandbox: Sandbox, query: Query) -> list[Exchange]:
    """The exchanges that a query's filters ask for, oldest first; raises `Problem` 422 with all that is wrong."""
    tests = query_parameters.read_pairs(query, _filters(sandbox)).values()
    return [exchange for exchange in sandbox.journal if all(fits(exchange) for fits in tests)]


async def chosen(sandbox: Sandbox, query: Query) -> list[Exchange]:
    """The exchanges that a query asks for, which may be only the newest of those that its filters let through."""
    wish = query_parameters.read_pairs(query, _filters(sandbox) | _looks(sandbox))
    most, text = wish.pop("newest", None), wish.pop("q", "")
    found: Iterable[Exchange] = sandbox.journal.search(text) if text else reversed(sandbox.journal)
    return await query_parameters.page(
        (exchange for exchange in found if all(fits(exchange) for fits in wish.values())), most
    )


def _filters(sandbox: Sandbox) -> dict[str, Reader]:
    """The filters by name: each makes a test of its value."""
    return {name: partial(reader, sandbox) for name, reader in FILTERS.items()}


def _looks(sandbox: Sandbox) -> dict[str, Reader]:
    return {"newest": query_parameters.newest, "before": partial(_before, sandbox), "q": query_parameters.sought}


def _vendor(sandbox: Sandbox, value: str) -> Test:
    vendor = query_parameters.one_of(sandbox.vendors)(value)
    return lambda exchange: exchange.vendor == vendor


def _operation(sandbox: Sandbox, value: str) -> Test:
    known = {one.operation.name for vendor in sandbox.vendors.values() for one in vendor.endpoints}
    operation = query_parameters.one_of(sorted(known))(value)
    return lambda exchange: exchange.operation == operation


def _status(sandbox: Sandbox, value: str) -> Test:
    if value == UNANSWERED:
        return lambda exchange: exchange.status is None
    if not re.fullmatch("[1-5][0-9]{2}", value):
        raise ValueError(f"must be a number from 100 to 599, or {UNANSWERED}")
    return lambda exchange: exchange.status == int(value)


def _since(sandbox: Sandbox, value: str) -> Test:
    number, moment = number_of(value), instant.parse(value)
    if number:
        return lambda exchange: exchange.number > number
    if moment is None:
        raise ValueError("must be an instant such as 2026-01-01T00:00:00Z, or the id of a call, such as call-7")
    return lambda exchange: exchange.at >= moment.at


def _before(sandbox: Sandbox, value: str) -> Test:
    number = number_of(value)
    if not sandbox.journal.may_have(number):
        raise ValueError("must be the id of a call that came in, such as call-7")
    return lambda exchange: exchange.number < number


FILTERS: dict[str, Callable[[Sandbox, str], Test]] = {
    "vendor": _vendor, "operation": _operation, "status": _status, "since": _since,
}  # fmt: skip
"""The parameters by name: the test that one makes of its value."""
