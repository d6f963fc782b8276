"""What the contracts run against: a simulator, in sandboxes of their own, or a vendor, with an account's credentials.

A vendor is called no faster than `rate`. A request starts only if there is time for it and, afterwards, for removing
what exists by then: `deadline` is the end of all work. Removing may go on for `GRACE` seconds more, if the vendor has
become slow. An exchange is limited by the time that is left, so a response that never ends cannot exceed the deadline
either. What is missing for lack of time, or because the vendor is not available, is `Inconclusive`: it says nothing
about the contract. `ledger` lists what may exist at the vendor, at any moment.
"""

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_contracts.inconclusive import OUT_OF_TIME, Inconclusive
from assessment_contracts.ledger import Ledger, LimitReached
from assessment_contracts.sandbox import CONTROL, PiKeys, PymetricsKeys, Sandbox, dumps
from assessment_contracts.wire import Answer, Connection, Exchange, Unreachable, address

VENDORS = ("pymetrics", "predictive-index")
KEYS = {
    "pymetrics": ("PYMETRICS_CLIENT_ID", "PYMETRICS_CLIENT_SECRET", "PYMETRICS_API_KEY"),
    "predictive-index": ("PI_API_KEY",),
}
"""The environment's names for the credentials of a vendor's account."""
GRACE = 5.0
"""Seconds after the deadline, or after an interrupt, in which what was created is still removed."""
VERBS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"})
"""Methods that are sent to a vendor: others are answered by gateways, which proves nothing about its API."""
_PREFIXES = ("/mercury/v2", "/mercury", "/api/v1", "/api/v2")
"""What the vendors' documents add to the address of the server, and the paths of the contracts contain."""
_UNAVAILABLE = frozenset({502, 503, 504})
_PAUSE = 5.0
"""Seconds to wait after a 429 that does not say how long."""


class Unaskable(Exception):
    """The contracts cannot run: the target is not there, or is not what it was taken for."""


@dataclass
class Target:
    """A server by its URL: with `keys` a vendor's, which has no control API; without, a simulator.

    `rate` is in requests per second, None for no limit. `deadline` is an instant of `time.monotonic`. `patience` is the
    longest time for one exchange, in seconds. `record` receives every exchange.
    """

    url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    control_token: str | None = None
    rate: float | None = None
    mail: bool = False
    deadline: float = float("inf")
    record: Callable[[Exchange], None] = lambda exchange: None
    patience: float = 10.0
    ledger: Ledger = field(default_factory=Ledger)
    requests: int = 0
    """How many were sent."""
    _opened: int = 0
    _next: float = 0.0
    _slow: float = 0.0
    _clearing: bool = False
    _connection: Connection | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.url = self.url.rstrip("/")
        self.url = next((self.url.removesuffix(prefix) for prefix in _PREFIXES if self.url.endswith(prefix)), self.url)

    @classmethod
    def from_environment(cls, url: str, environ: Mapping[str, str] = os.environ, **more: Any) -> "Target":
        """The target with the environment's credentials; raises `Unaskable` if some of a vendor's are missing."""
        keys: dict[str, str] = {}
        for vendor, names in KEYS.items():
            given = {name: environ[name] for name in names if environ.get(name)}
            if given and len(given) < len(names):
                missing = ", ".join(sorted(set(names) - set(given)))
                raise Unaskable(f"{vendor}: {', '.join(given)} is set, but {missing} is not; set all of them, or none")
            keys |= given
        return cls(url, keys, environ.get("SIMULATOR_CONTROL_TOKEN"), **more)

    @property
    def is_simulator(self) -> bool:
        """Whether the control API may be used."""
        return not self.keys

    @property
    def secrets(self) -> dict[str, str]:
        """The name of each value that no report may show."""
        known = {value: name for name, value in self.keys.items() if len(value) > 3}
        return known | ({self.control_token: "SIMULATOR_CONTROL_TOKEN"} if self.control_token else {})

    @property
    def vendors(self) -> tuple[str, ...]:
        """The vendors whose contracts can run here."""
        if self.is_simulator:
            return VENDORS
        return tuple(vendor for vendor in VENDORS if all(name in self.keys for name in KEYS[vendor]))

    @property
    def control_headers(self) -> dict[str, str]:
        """The credentials of the control API."""
        return {"Authorization": f"Bearer {self.control_token}"} if self.control_token else {}

    @property
    def connection(self) -> Connection:
        """The one connection to the target."""
        if self._connection is None:
            self._connection = _TargetConnection(self)
        return self._connection

    @property
    def end(self) -> float:
        """The instant at which the present work must end."""
        if self._clearing:
            return self.deadline + GRACE
        waiting = len(self.ledger.removable)
        each = self._slow + (1 / self.rate if self.rate else 0.0)
        return self.deadline - ((waiting + 2) * each if waiting else 0.0)

    def start_request(self) -> None:
        """Wait until the next request may be sent; raises `Inconclusive` if there is no time for it."""
        begin = max(self._next, time.monotonic())
        if begin >= self.end:
            raise Inconclusive(OUT_OF_TIME)
        time.sleep(max(0.0, begin - time.monotonic()))
        self._next = time.monotonic() + (1 / self.rate if self.rate else 0.0)
        self.requests += 1

    def finish_request(self, seconds: float) -> None:
        """Note how long a request took; a slow one counts for some time, not for the rest of the run."""
        self._slow = max(seconds, 0.9 * self._slow)

    def interrupt(self) -> None:
        """Start no more work: the deadline is now. After it, nothing more is removed either."""
        now = time.monotonic()
        self.deadline = now if now < self.deadline else now - GRACE

    def probe(self) -> None:
        """Check that the target can be used; raises `Unaskable` with the reason if not."""
        try:
            address(self.url)
            if not self.is_simulator:
                self._check_account()
                return
            answer = self.connection.request("GET", f"{CONTROL}/health", {})
            if answer.status == 200:
                answer = self.connection.request("GET", f"{CONTROL}/sandboxes", self.control_headers)
        except Unreachable as problem:
            raise Unaskable(f"no answer from {self.url}: {problem}") from None
        except ValueError as problem:
            raise Unaskable(str(problem)) from None
        except Inconclusive as problem:
            raise Unaskable(f"{self.url}: {problem}") from None
        if answer.status != 200:
            raise Unaskable(_unfit(self.url, answer))

    def _check_account(self) -> None:
        """Check that a vendor's API is here and accepts the credentials; raises `Unaskable` if not."""
        account = self.open()
        for vendor in self.vendors:
            answer = account.request_token() if vendor == "pymetrics" else account.list_assessments()
            names = ", ".join(KEYS[vendor])
            if answer.status in (400, 401, 403):
                raise Unaskable(f"{self.url} answers {answer.status} to {names}: {answer.text[:200]}")
            if answer.status >= 300:
                place = f" (Location: {answer.headers['location']})" if "location" in answer.headers else ""
                raise Unaskable(
                    f"{self.url} answers {answer.status}{place} where the API of {vendor} should be; is it the address "
                    "of the API's server?"
                )
            if "json" not in answer.headers.get("content-type", ""):
                raise Unaskable(f"{self.url} answers, but not with JSON, so it is not {vendor}: {answer.text[:100]!r}")

    def open(self, config: Mapping[str, Any] | None = None) -> Sandbox:
        """A new sandbox of a simulator, with this configuration; a vendor's account is always the same."""
        if not self.is_simulator:
            pymetrics = PymetricsKeys(*(self.keys.get(name, "") for name in KEYS["pymetrics"]))
            return Sandbox("account", pymetrics, PiKeys(self.keys.get("PI_API_KEY", "")), self.connection)
        self._opened += 1
        name = f"check-{secrets.token_hex(4)}-{self._opened}"
        body = {"name": name, "seed": 7} | ({"config": dict(config)} if config else {})
        headers = {"Content-Type": "application/json"} | self.control_headers
        answer = self.connection.request("POST", f"{CONTROL}/sandboxes", headers, dumps(body))
        assert answer.status == 201, f"no sandbox was created ({answer.status}): {answer.text[:300]}"
        keys = answer.json["credentials"]
        return Sandbox(
            name, PymetricsKeys(**keys["pymetrics"]), PiKeys(**keys["predictive_index"]), self.connection,
            self.control_headers,
        )  # fmt: skip

    def forget(self, sandbox: Sandbox) -> None:
        """Delete a sandbox; at a vendor, remove what was created. What cannot be removed stays in the ledger."""
        self._clearing = True
        try:
            if self.is_simulator:
                sandbox.control("DELETE")
                return
            for creation in self.ledger.removable:
                sandbox.call("DELETE", creation.removal, auth="predictive_index")
        except (Unreachable, Inconclusive):
            pass  # there is no time, or nobody answers: the next one would wait as long
        finally:
            self._clearing = False

    def close(self) -> None:
        """Try once more to remove what is left, and close the connection."""
        if self.ledger.removable:
            self.forget(self.open())
        self.connection.close()


class _TargetConnection(Connection):
    """The connection to a target, at its rate and within its time; at a vendor, the ledger follows every request."""

    def __init__(self, target: Target) -> None:
        super().__init__(
            target.url, lambda exchange: target.record(exchange),  # noqa: PLW0108  whatever it is by then
            lambda: max(0.001, min(target.patience, target.end - time.monotonic())),
        )  # fmt: skip
        self._target = target

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """One request, at a vendor sent again after a 429; `Inconclusive` if that says nothing about a contract."""
        if not self._target.is_simulator and method not in VERBS:
            raise Inconclusive(f"{method} is not sent to a vendor, because a gateway may answer it")
        while self._is_too_early(answer := self._once(method, path, headers, body)):
            pass
        return answer

    def body_of_head(self, path: str, headers: Mapping[str, str]) -> bytes:
        """What follows the head of the answer to HEAD."""
        self._target.start_request()
        try:
            return super().body_of_head(path, headers)
        except Unreachable as problem:
            self._explain(problem)
            raise

    def _once(self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes) -> Answer:
        target, ledger = self._target, self._target.ledger
        target.start_request()
        try:
            creation = None if target.is_simulator else ledger.begin(method, path, body)
        except LimitReached as problem:
            raise Inconclusive(str(problem)) from None
        began = time.monotonic()
        try:
            answer = super().request(method, path, headers, body)
        except Unreachable as problem:
            self._explain(problem)
            raise
        target.finish_request(time.monotonic() - began)
        if creation:
            ledger.end(creation, answer)
        elif not target.is_simulator:
            ledger.removed(method, path, answer.status)
        return answer

    def _explain(self, problem: Unreachable) -> None:
        """Raise `Inconclusive` if time has run out, or a vendor gave no answer: that is not the contract's failure."""
        if time.monotonic() >= self._target.end:
            raise Inconclusive(OUT_OF_TIME) from problem
        if not self._target.is_simulator:
            raise Inconclusive(f"the vendor is not available: {problem}") from problem

    def _is_too_early(self, answer: Answer) -> bool:
        """Whether a vendor wants the request again, after a pause; raises `Inconclusive` if that takes too long."""
        if self._target.is_simulator:
            return False
        if answer.status in _UNAVAILABLE:
            raise Inconclusive(f"the vendor is not available: it answers {answer.status}")
        if answer.status != 429:
            return False
        said = answer.headers.get("retry-after", "")
        seconds = float(said) if said.isascii() and said.isdecimal() else _PAUSE
        if time.monotonic() + seconds >= self._target.end:
            raise Inconclusive(f"the vendor answers 429, and {seconds:g} more seconds are not in the budget")
        time.sleep(seconds)
        return True


def _unfit(url: str, answer: Answer) -> str:
    if answer.status == 401:
        return f"{url} requires a control token; set SIMULATOR_CONTROL_TOKEN to it"
    return (
        f"{url} answers {answer.status} to the control API, so it is no simulator; to check a vendor's server set "
        f"{', '.join(name for names in KEYS.values() for name in names)}"
    )
