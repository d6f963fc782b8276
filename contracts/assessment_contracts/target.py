"""What is asked: a simulator, in sandboxes of the suite's own, or a vendor, with the credentials of an account."""

import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_contracts.inconclusive import Inconclusive
from assessment_contracts.sandbox import CONTROL, Auth, PiKeys, PymetricsKeys, Sandbox, dumps
from assessment_contracts.wire import Answer, Connection, Exchange, Unreachable, address

VENDORS = ("pymetrics", "predictive-index")
KEYS = {
    "pymetrics": ("PYMETRICS_CLIENT_ID", "PYMETRICS_CLIENT_SECRET", "PYMETRICS_API_KEY"),
    "predictive-index": ("PI_API_KEY",),
}
"""The environment's names for the credentials of a vendor's account."""
_AWAY = frozenset({502, 503, 504})
"""A vendor that answers so is not there just now."""
_UNSAID = 5.0
"""Seconds to wait where a vendor does not say for how long."""
_CLEARING = 90.0
"""Seconds for which a vendor that has had enough of us is waited for, so that what was created can be removed."""


class Unaskable(Exception):
    """The target cannot be asked at all: it is not there, or not what it is taken for."""


@dataclass
class Target:
    """A server by its URL. With `keys` it is a vendor's and has no control API; without, a simulator.

    `rate` is in requests a second, None for as fast as it goes. `deadline` is an instant of `time.monotonic`.
    """

    url: str
    keys: Mapping[str, str] = field(default_factory=dict)
    control_token: str | None = None
    rate: float | None = None
    mail: bool = False
    deadline: float = float("inf")
    record: Callable[[Exchange], None] = lambda exchange: None
    patience: float = 10.0
    broken_off: bool = False
    """Whether to ask for nothing more, but that what was created is removed."""
    left: list[str] = field(default_factory=list)
    """What was created at a vendor and could not be removed again, as the call that would."""
    _opened: int = 0
    _next: float = 0.0
    _clearing: float | None = None
    _connection: Connection | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, url: str, environ: Mapping[str, str] = os.environ, **more: Any) -> "Target":
        """The target that the environment's credentials make of a URL; raises `Unaskable` for half of a key."""
        keys: dict[str, str] = {}
        for vendor, names in KEYS.items():
            given = {name: environ[name] for name in names if environ.get(name)}
            if given and len(given) < len(names):
                missing = ", ".join(sorted(set(names) - set(given)))
                raise Unaskable(f"{vendor}: {', '.join(given)} is set, but {missing} is not; set all of them, or none")
            keys |= given
        return cls(url.rstrip("/"), keys, environ.get("SIMULATOR_CONTROL_TOKEN"), **more)

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
        """The vendors that can be asked here."""
        if self.is_simulator:
            return VENDORS
        return tuple(vendor for vendor in VENDORS if all(name in self.keys for name in KEYS[vendor]))

    @property
    def connection(self) -> Connection:
        """The one connection to the target."""
        if self._connection is None:
            self._connection = Connection(self.url, self._noted, self._left, self._wait, self._again)
        return self._connection

    def _noted(self, exchange: Exchange) -> None:
        self.record(exchange)  # whoever it is by now

    def _left(self) -> float:
        return max(0.5, min(self.patience, self.deadline - time.monotonic() + 1))

    def _wait(self) -> None:
        """Before a request: what an answer has told is noted by then, so here nothing is forgotten by breaking off."""
        if self._ends:
            raise KeyboardInterrupt
        if self.rate is None:
            return
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + 1 / self.rate

    def _again(self, answer: Answer) -> bool:
        """Whether to ask a vendor again, after as long as it wishes; raises `Inconclusive` where that is too long."""
        if self.is_simulator:
            return False
        if answer.status in _AWAY:
            raise Inconclusive(f"the server answers {answer.status}")
        if answer.status != 429:
            return False
        wished = answer.headers.get("retry-after", "")
        seconds = float(wished) if wished.isascii() and wished.isdecimal() else _UNSAID
        until = time.monotonic() + seconds
        if until > self._until:
            raise Inconclusive(f"the server answers 429, and {seconds:g} more seconds are not in the budget")
        while (left := until - time.monotonic()) > 0 and not self._ends:
            time.sleep(min(left, 0.1))
        return True

    @property
    def _ends(self) -> bool:
        return self.broken_off and self._clearing is None

    @property
    def _until(self) -> float:
        return self.deadline if self._clearing is None else self._clearing

    @property
    def control_headers(self) -> dict[str, str]:
        """What the control API wants to see."""
        return {"Authorization": f"Bearer {self.control_token}"} if self.control_token else {}

    def probe(self) -> None:
        """Ask once whether anybody is there; raises `Unaskable` with the reason if not."""
        try:
            address(self.url)
            answer = self.connection.request("GET", f"{CONTROL}/health" if self.is_simulator else "/", {})
            if not self.is_simulator:
                self._admitted()
            elif answer.status == 200:
                answer = self.connection.request("GET", f"{CONTROL}/sandboxes", self.control_headers)
        except Unreachable as problem:
            raise Unaskable(f"nobody answers at {self.url}: {problem}") from None
        except ValueError as problem:
            raise Unaskable(str(problem)) from None
        except Inconclusive as problem:
            raise Unaskable(f"{self.url}: {problem}") from None
        if self.is_simulator and answer.status != 200:
            raise Unaskable(_unfit(self.url, answer))

    def _admitted(self) -> None:
        """See whether a vendor knows the credentials; raises `Unaskable` where not."""
        account = self._account()
        for vendor in self.vendors:
            answer = account.admission() if vendor == "pymetrics" else account.look()
            if answer.status in (400, 401, 403):
                raise Unaskable(f"{self.url} answers {answer.status} to {', '.join(KEYS[vendor])}: {answer.text[:200]}")

    def open(self, config: Mapping[str, Any] | None = None) -> Sandbox:
        """A sandbox of our own in a simulator, with this configuration; a vendor's account is always the same."""
        if not self.is_simulator:
            return self._account()
        self._opened += 1
        name = f"check-{secrets.token_hex(4)}-{self._opened}"
        wish = {"name": name, "seed": 7} | ({"config": dict(config)} if config else {})
        headers = {"Content-Type": "application/json"} | self.control_headers
        answer = self.connection.request("POST", f"{CONTROL}/sandboxes", headers, dumps(wish))
        assert answer.status == 201, f"no sandbox was opened ({answer.status}): {answer.text[:300]}"
        keys = answer.json["credentials"]
        return Sandbox(
            name, PymetricsKeys(**keys["pymetrics"]), PiKeys(**keys["predictive_index"]), self.connection,
            self.control_headers,
        )  # fmt: skip

    def _account(self) -> Sandbox:
        pymetrics = PymetricsKeys(*(self.keys.get(name, "") for name in KEYS["pymetrics"]))
        return Sandbox("account", pymetrics, PiKeys(self.keys.get("PI_API_KEY", "")), self.connection)

    def forget(self, sandbox: Sandbox) -> None:
        """Delete a sandbox of our own; at a vendor, remove what was created."""
        if self.is_simulator:
            sandbox.control("DELETE")
            return
        self._clearing = time.monotonic() + _CLEARING
        try:
            while sandbox.undoing:
                self._undo(sandbox, *sandbox.undoing[-1])
                sandbox.undoing.pop()
        finally:
            self._clearing = None
            self.left += [f"{method} {path}" for method, path, _ in sandbox.undoing]

    def _undo(self, sandbox: Sandbox, method: str, path: str, auth: Auth) -> None:
        try:
            status = sandbox.call(method, path, auth=auth).status
            gone = status < 300 or status == 404
        except (Unreachable, Inconclusive, AssertionError):
            gone = False
        if not gone:
            self.left.append(f"{method} {path}")

    def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            self._connection.close()


def _unfit(url: str, answer: Answer) -> str:
    if answer.status == 401:
        return f"{url} asks for a control token; set SIMULATOR_CONTROL_TOKEN to it"
    return (
        f"{url} answers {answer.status} to the control API, so it is no simulator; to check a vendor's server set "
        f"{', '.join(name for names in KEYS.values() for name in names)}"
    )
