"""Which of the journal's calls somebody asks for: the parameters of its query."""

import re
from collections import Counter
from collections.abc import Callable

from simulator.core import instant
from simulator.server.journal import Exchange, number_of
from simulator.server.problems import Problem
from simulator.server.sandbox import Sandbox

Test = Callable[[Exchange], bool] | str
"""What an exchange must be, or what is wrong with the wish."""


def filtered(sandbox: Sandbox, asked: list[tuple[str, str]]) -> list[Exchange]:
    """The exchanges that the pairs of a query ask for; raises `Problem` 422 with all that is wrong with them."""
    counts = Counter(name for name, _ in asked)
    tests = [(name, _test(sandbox, name, value, counts[name])) for name, value in asked]
    wrong = [{"where": name[:40], "what": test} for name, test in tests if isinstance(test, str)]
    if wrong:
        raise Problem(422, "; ".join(f"{one['where']} {one['what']}" for one in wrong), errors=wrong)
    demands = [test for _, test in tests if not isinstance(test, str)]
    return [exchange for exchange in sandbox.journal if all(holds(exchange) for holds in demands)]


def _test(sandbox: Sandbox, name: str, value: str, times: int) -> Test:
    if name not in FILTERS:
        return f"is unknown; known are {', '.join(FILTERS)}"
    return FILTERS[name](sandbox, value) if times == 1 else "is given more than once"


def _vendor(sandbox: Sandbox, value: str) -> Test:
    if value not in sandbox.vendors:
        return f"must be one of {', '.join(sandbox.vendors)}"
    return lambda exchange: exchange.vendor == value


def _operation(sandbox: Sandbox, value: str) -> Test:
    known = {one.operation.name for vendor in sandbox.vendors.values() for one in vendor.endpoints}
    if value not in known:
        return f"must be one of {', '.join(sorted(known))}"
    return lambda exchange: exchange.operation == value


def _status(sandbox: Sandbox, value: str) -> Test:
    if not re.fullmatch("[1-5][0-9]{2}", value):
        return "must be a number from 100 to 599"
    return lambda exchange: exchange.status == int(value)


def _since(sandbox: Sandbox, value: str) -> Test:
    number, moment = number_of(value), instant.parse(value)
    if number:
        return lambda exchange: exchange.number > number
    if moment is None:
        return "must be an instant such as 2026-01-01T00:00:00Z, or the id of a call, such as call-7"
    return lambda exchange: exchange.at >= moment.at


FILTERS: dict[str, Callable[[Sandbox, str], Test]] = {
    "vendor": _vendor, "operation": _operation, "status": _status, "since": _since,
}  # fmt: skip
"""The parameters by name: the test that one makes of its value."""
