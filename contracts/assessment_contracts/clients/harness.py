"""One client in one sandbox: it is called, faults are injected, and its requests are read from the journal."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from assessment_contracts.clients.jsonl_process import Adapter, Broken, Failed, JsonlProcess, failed
from assessment_contracts.clients.recorder import OURS, Recorder
from assessment_contracts.context import Context
from assessment_contracts.kit import Listener, Received
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import MISSING, Answer, Exchange

LIMIT = 15.0
"""Seconds after which a call of the client hangs, whatever happens."""
TIMEOUT = 1.0
"""The seconds to wait for one response, as the client is told."""
BASIC = {"webhook_username": "vendor", "webhook_password": "p:ss@w/rd"}
"""User and password of the listener's URL, for a client that names these parameters."""


@dataclass(frozen=True)
class Call:
    """One call of the client: its result, or its error."""

    method: str
    result: Any = None
    error: Failed | None = None

    @property
    def outcome(self) -> str:
        """Result or error, for messages."""
        return f"an error ({self.error})" if self.error else f"{self.result!r}"[:400]

    def right(self) -> Any:
        """The result; if there is none, the contract fails."""
        assert self.error is None, f"{self.method} ended in {self.outcome}"
        return self.result


@dataclass
class Harness:
    """A client of a sandbox that no other client uses."""

    program: Adapter
    sandbox: Sandbox
    listener: Listener
    record: Callable[[Exchange], None]
    """Receives the client's exchanges."""
    has_basic: bool = False
    """Whether the client takes user and password of its webhooks."""
    _recorder: Recorder = field(default_factory=Recorder)

    def open(self, **changes: str) -> None:
        """A new client of this sandbox, with some of its credentials changed."""
        keys = self.sandbox.pymetrics
        opening: dict[str, Any] = {
            "base_url": self.sandbox.connection.base, "client_id": keys.client_id,
            "client_secret": keys.client_secret, "api_key": keys.api_key, "timeout": TIMEOUT,
        }  # fmt: skip
        if self.has_basic:
            opening |= BASIC
        self.program.call("open", opening | changes, LIMIT)

    def try_(self, method: str, **params: Any) -> Call:
        """Call the client, which may report an error. If it hangs or dies, the contract fails."""
        try:
            return Call(method, self.program.call(method, params, LIMIT))
        except Failed as problem:
            return Call(method, error=problem)
        finally:
            self.look()

    def ask(self, method: str, **params: Any) -> Any:
        """The client's result; if it reports an error, the contract fails."""
        return self.try_(method, **params).right()

    def at_once(self, *calls: tuple[str, Mapping[str, Any]]) -> list[Call]:
        """Call the client several times at the same time."""
        asked = [{"method": method, "params": params} for method, params in calls]
        found = self.ask("at_once", calls=asked)
        return [
            Call(method, one.get("result"), failed(one["error"]) if "error" in one else None)
            for (method, _), one in zip(calls, found, strict=True)
        ]

    # The vendor, through the control API.

    def faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace the injected faults by these; without any the vendor behaves."""
        self.sandbox.control_json("PUT", "/faults", list(faults))

    def invitations(self) -> list[dict[str, Any]]:
        """The invitations of the sandbox."""
        with self._unrecorded():
            return list(self.sandbox.control_json("GET", "/invitations"))

    def deliveries(self) -> list[dict[str, Any]]:
        """The deliveries of webhooks, also those that are pending."""
        with self._unrecorded():
            return list(self.sandbox.control_json("GET", "/deliveries"))

    def look(self) -> None:
        """Record the requests that the client has made since the last look."""
        with self._unrecorded():
            new = self._recorder.look(self.sandbox)
        for call in new:
            self.record(call.exchange)

    def calls(self, *operations: str) -> list[Mapping[str, Any]]:
        """The client's calls so far, oldest first, as the journal shows each; those of `operations`, if given."""
        return [call.entry for call in self._recorder.calls if not operations or call.entry["operation"] in operations]

    def order(self, id: str) -> dict[str, Any]:
        """An order as the vendor shows it now; looking at it moves Completed to Fulfilled."""
        with self._unrecorded():
            return self._pymetrics("GET", f"/mercury/getOrder/{id}")

    def new_order(self, wish: Mapping[str, Any]) -> str:
        """An order that the client did not ask for; gives its id."""
        return str(self._pymetrics("POST", "/mercury/order", wish)["order"]["id"])

    def assessment(self, id: str) -> dict[str, Any]:
        """An assessment of The Predictive Index as the vendor shows it now."""
        with self._unrecorded():
            return self._pi("GET", f"/{id}")

    def new_assessment(self, wish: Mapping[str, Any]) -> str:
        """An assessment that the client did not ask for; gives its id."""
        return str(self._pi("POST", "", wish)["assessmentId"])

    def _pymetrics(self, method: str, path: str, body: Any = MISSING) -> dict[str, Any]:
        keys = self.sandbox.pymetrics
        client = {
            "client_id": keys.client_id, "client_secret": keys.client_secret, "grant_type": "client_credentials",
        }  # fmt: skip
        token = self._suite("POST", "/mercury/oauth/token", {}, client)["access_token"]
        return self._suite(method, path, {"X-Api-Key": keys.api_key, "Authorization": f"Bearer {token}"}, body)

    def _pi(self, method: str, rest: str, body: Any = MISSING) -> dict[str, Any]:
        headers = {"api-key": self.sandbox.predictive_index.api_key}
        return self._suite(method, f"/api/v1/behavioralassessments{rest}", headers, body)

    def _suite(self, method: str, path: str, headers: Mapping[str, str], body: Any = MISSING) -> dict[str, Any]:
        answer = self.sandbox.call(method, path, json=body, headers={**OURS, **headers})
        assert answer.status in (200, 201), f"the suite itself was answered {answer.status}: {answer.text[:200]}"
        return dict(answer.json)

    @contextmanager
    def _unrecorded(self) -> Iterator[None]:
        """Keep the requests of the suite out of the script of a failure."""
        connection = self.sandbox.connection
        before, connection.record = connection.record, lambda exchange: None
        try:
            yield
        finally:
            connection.record = before

    # Webhooks.

    def listens(self, vendor: str) -> str:
        """Let the client receive the webhooks that come to the URL that this returns."""

        def respond(received: Received) -> int:
            request = {
                "method": received.method, "path": received.path, "headers": dict(received.headers),
                "body": received.body.decode("utf-8", "replace"),
            }  # fmt: skip
            return self.receive(vendor, request)

        self.listener.answers = respond
        if not self.has_basic:
            return self.listener.url
        user, password = (quote(word, safe="") for word in BASIC.values())
        return self.listener.url.replace("://", f"://{user}:{password}@", 1)

    def post(self, vendor: str, request: Mapping[str, Any], *, authentic: bool = False) -> int:
        """The same, for a webhook that the vendor did not send; `authentic` ones have the vendor's credentials."""
        if self.has_basic and authentic:
            request = {**request, "headers": {**request["headers"], "authorization": _basic()}}
        status = self.receive(vendor, request)
        answer = Answer(status, {}, b"") if status else None
        body = request["body"].encode()
        self.record(Exchange(request["method"], "", request["headers"], body, answer, "no answer came", to_client=True))
        return status

    def receive(self, vendor: str, request: Mapping[str, Any]) -> int:
        """The status with which the client answers a webhook; 0, which closes the connection, when it hangs or dies."""
        # Asked from the listener's thread while the suite waits for the vendor: so nothing is looked up here.
        try:
            status = self.program.call("receive", {"vendor": vendor, "request": request}, LIMIT)
        except Failed:
            return 500
        except Broken:
            return 0
        return status if isinstance(status, int) and 100 <= status <= 599 else 500


def _basic() -> str:
    words = ":".join(BASIC.values())
    return f"Basic {b64encode(words.encode()).decode()}"


@dataclass(repr=False)
class ClientContext(Context):
    """For one contract of a client: also opens clients of sandboxes."""

    program: Adapter = field(default_factory=lambda: JsonlProcess(()))
    has_basic: bool = False

    def harness(self, **config: Any) -> Harness:
        """A sandbox of this example alone, with these settings, and a new client of it."""
        sandbox = self.fresh(config or None)
        harness = Harness(self.program, sandbox, self.listener, self.exchanges.append, self.has_basic)
        harness.open()
        return harness
