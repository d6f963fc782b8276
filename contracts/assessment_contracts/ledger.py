"""What a run may have created at a vendor and has not removed: kept in memory, and in a file for the case of a crash.

A request that can create something is entered before it is sent, and leaves when the vendor refuses it or when what it
created is removed. So whatever ends the run (a budget, a signal, a lost response, SIGKILL), the ledger lists all that
may exist: too much rather than too little. A request without an answer, or with one that names no id, stays: it may
have created something that cannot be identified.
"""

import json
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assessment_contracts.sandbox import ASSESSMENTS_PATH
from assessment_contracts.wire import Answer

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "DELETE", "PATCH"})
_READS = re.compile(r"/mercury(/v2)?/oauth/token|/mercury/orders")
"""The paths to which POST creates nothing that lasts."""
_ID = re.compile(r"[\w-]{1,200}", re.ASCII)
_SHOWN = ("email", "firstName", "lastName", "externalId", "externalPersonId", "application_id")
"""The members of a request by which people find what it created."""


class LedgerError(Exception):
    """The ledger's file cannot be used."""


class LimitReached(Exception):
    """Nothing more may be created."""


@dataclass
class Creation:
    """A request that may have created something; `at` is ISO 8601, `id` is what the vendor calls it, if it said so."""

    request: str
    at: str
    sent: dict[str, Any]
    id: str = ""
    removable: bool = False
    state: str = "no answer came"

    @property
    def removal(self) -> str:
        """The path to delete."""
        return f"{ASSESSMENTS_PATH}/{self.id}"

    def __str__(self) -> str:
        sent = ", ".join(f"{name} {value!r}" for name, value in self.sent.items())
        request = f"{self.request} at {self.at} ({sent})"
        if not self.id:
            return f"unknown: {request} may have created something; {self.state}"
        return f"{self.id}: created by {request}; {self.state}"


@dataclass
class Ledger:
    """The creations at the vendor `url`; `path` is the file that lists them as long as there are any.

    `count` is the number of creations of this run, `limit` the largest number allowed.
    """

    url: str = ""
    path: Path | None = None
    limit: float = float("inf")
    count: int = 0
    entries: list[Creation] = field(default_factory=list)

    @classmethod
    def temporary(cls, url: str) -> "Ledger":
        """A ledger in a new file of the system's temporary folder."""
        return cls(url, Path(tempfile.gettempdir()) / f"assessment-contracts-{secrets.token_hex(4)}.json")

    @property
    def report(self) -> list[str]:
        """The lines that say what is left at the vendor."""
        lines = [f"left at the vendor: {creation}" for creation in self.entries]
        return [*lines, f"{len(lines)} creations are left at the vendor; {self.path} lists them"] if lines else []

    def load(self) -> None:
        """Take over what an earlier run left in the file; `LedgerError` if it is another vendor's, or no ledger."""
        if self.path is None or not self.path.exists():
            return
        try:
            found = json.loads(self.path.read_text("utf-8"))
            known, rows = found["target"], [Creation(**row) for row in found["creations"]]
        except (OSError, ValueError, TypeError, KeyError):
            raise LedgerError(f"{self.path} is not a list of creations; move it away or name another file") from None
        if known != self.url:
            raise LedgerError(f"{self.path} lists creations at {known}, not at {self.url}; name another file")
        self.entries = [row for row in rows if not row.removable or _ID.fullmatch(row.id)]

    @property
    def removable(self) -> list[Creation]:
        """What can be removed, newest first."""
        return [creation for creation in reversed(self.entries) if creation.removable]

    def begin(self, method: str, path: str, body: bytes) -> Creation | None:
        """Enter a request before it is sent; None if it can create nothing. `LimitReached` if it must not be sent."""
        path = f"/{path.partition('?')[0].strip('/')}"
        if method in _HARMLESS or (method == "POST" and _READS.fullmatch(path)):
            return None
        if self.count >= self.limit:
            raise LimitReached(f"no more than {self.limit:g} creations are allowed")
        creation = Creation(f"{method} {path}", datetime.now(UTC).isoformat(timespec="seconds"), _shown(body))
        self.entries.append(creation)
        self._write()
        return creation

    def end(self, creation: Creation, answer: Answer) -> None:
        """Note the answer of the vendor: what it refused, or had before, was not created."""
        told = _members(answer.body)
        order = told.get("order")
        refused = 400 <= answer.status < 500 and answer.status != 408
        if refused or (isinstance(order, dict) and told.get("created") is False):
            self._drop(creation)
            return
        self.count += 1
        creation.state = f"it was answered {answer.status}"
        id = str(told.get("assessmentId") or (order.get("id") if isinstance(order, dict) else ""))
        if answer.status < 300 and _ID.fullmatch(id):
            creation.id = id
            # Only 201 says that it is new. What another success shows is removed if it is what was sent.
            ours = answer.status == 201 or all(told.get(name) == value for name, value in creation.sent.items())
            creation.removable = "assessmentId" in told and ours
            creation.state = "it was not removed" if creation.removable else "it cannot be removed"
        self._write()

    def removed(self, method: str, path: str, status: int) -> None:
        """Note that the vendor has answered the removal of something; 404 means that it was removed before."""
        for creation in [one for one in self.removable if method == "DELETE" and one.removal == path]:
            if 200 <= status < 300 or status == 404:
                self._drop(creation)
            else:
                creation.state = f"its removal was answered {status}"
                self._write()

    def _drop(self, creation: Creation) -> None:
        self.entries.remove(creation)
        self._write()

    def _write(self) -> None:
        """Replace the file in one step: after a crash it has the list from before or the new one."""
        if self.path is None:
            return
        if not self.entries:
            self.path.unlink(missing_ok=True)
            return
        written = self.path.with_name(f"{self.path.name}.new")
        rows = {"target": self.url, "creations": [asdict(creation) for creation in self.entries]}
        written.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
        written.replace(self.path)


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _shown(body: bytes) -> dict[str, Any]:
    """What a request says of the person or the order, by which it can be found at the vendor."""
    members = _members(body)
    candidate = members.get("candidate")
    members = {**(candidate if isinstance(candidate, dict) else {}), **members}
    return {name: members[name] for name in _SHOWN if isinstance(members.get(name), str) and members[name]}
