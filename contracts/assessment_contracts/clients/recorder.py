"""What the server saw of a client: the journal, read as it grows, and turned into exchanges that can be repeated."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from assessment_contracts.sandbox import CONTROL, Sandbox
from assessment_contracts.wire import Answer, Exchange

OURS = {"User-Agent": "assessment-simulator-contracts"}
"""Marks the suite's own requests."""
MASK = "***"


@dataclass(frozen=True)
class Recorded:
    """One call of the client: the journal's view of it, and the exchange that repeats it."""

    entry: Mapping[str, Any]
    exchange: Exchange


@dataclass
class Recorder:
    """The client's calls, in the order in which they came."""

    calls: list[Recorded] = field(default_factory=list)
    _last: str = ""
    _tokens: int = 0

    def look(self, sandbox: Sandbox) -> list[Recorded]:
        """The calls that came since the last look."""
        since = {"since": self._last} if self._last else {}
        path, headers = f"{CONTROL}/sandboxes/{sandbox.name}/journal", sandbox.control_headers or {}
        new = []
        for line in sandbox.call("GET", path, query=since, headers=headers).json:
            self._last = line["id"]
            entry = sandbox.control_json("GET", f"/journal/{line['id']}")
            if entry["request"]["headers"].get("user-agent") != OURS["User-Agent"]:
                new.append(Recorded(entry, self._exchange(entry, sandbox)))
        self.calls += new
        return new

    def _exchange(self, entry: Mapping[str, Any], sandbox: Sandbox) -> Exchange:
        """The call as it was, with the secrets that the journal masks put in again."""
        request = entry["request"]
        token = f"sim-token-{self._tokens}"
        secrets = {
            "x-api-key": sandbox.pymetrics.api_key, "api-key": sandbox.predictive_index.api_key,
            "authorization": f"Bearer {token}",
        }  # fmt: skip
        wanted = ("content-type", "accept", *secrets)
        headers = {
            name: secrets.get(name, value) if MASK in value else value
            for name, value in request["headers"].items()
            if name in wanted
        }
        path = quote(entry["path"]) + (f"?{urlencode(entry['query'], doseq=True)}" if entry["query"] else "")
        answer = None
        if entry["status"] is not None:
            answer = Answer(entry["status"], entry["answer"]["headers"], self._body(entry["answer"]["body"]))
        body = request["body"]
        if isinstance(body, dict) and body.get("client_secret") == MASK:
            body = {**body, "client_secret": sandbox.pymetrics.client_secret}
        return Exchange(entry["method"], path, headers, _bytes(body), answer, "no answer came")

    def _body(self, body: Any) -> bytes:
        if isinstance(body, dict) and body.get("access_token") == MASK:
            self._tokens += 1
            body = {"access_token": f"sim-token-{self._tokens}"}  # all that later requests use
        return _bytes(body)


def _bytes(body: Any) -> bytes:
    if body is None or body == "":
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
