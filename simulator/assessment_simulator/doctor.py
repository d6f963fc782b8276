"""`doctor`: checks a running server from outside, and prints a line for each thing that people get wrong.

It checks the server, its log and its access first, then the client's keys, then the sandbox. A check is a tuple:
`ok`, `note` (worth knowing, and perhaps intended) or `failed`; the subject; and what was found, with what to do.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from assessment_simulator import __version__
from assessment_simulator.testing.connection import SANDBOXES, Connection, SimulatorError

if TYPE_CHECKING:
    from ssl import SSLContext

# Seconds that a sandbox's clock may differ from this machine's without a note.
MAX_CLOCK_DIFFERENCE = 60.0
_KEYS_HINT = (
    "in open access keys are sim-<name>; in closed access they are those that opening the sandbox answered, "
    "and a fault, maintenance or a rate limit can refuse too"
)
Check = tuple[Literal["ok", "note", "failed"], str, str]


class NotASimulator(Exception):
    """No simulator answers there."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """What to check: a server, and in it a sandbox, which the keys should open. `listener` is a webhook address."""

    url: str
    control_token: str | None = None
    trusted: "SSLContext | None" = None
    sandbox: str | None = None
    listener: str | None = None
    pymetrics_client_id: str | None = None
    pymetrics_client_secret: str | None = None
    pymetrics_api_key: str | None = None
    pi_api_key: str | None = None

    def run(self, say: Callable[[str], None]) -> int:
        """Say every check. Returns the exit status: 0 if none failed, 1 if one did, 2 if no simulator answers."""
        status = 0
        with Connection(self.url, self.control_token, self.trusted) as server:
            try:
                for verdict, subject, text in self._checks(server):
                    status = 1 if verdict == "failed" else status
                    say(f"{verdict:7} {subject:10} {text}")
            except NotASimulator as problem:
                say(f"failed  server     {problem}")
                return 2
            except (LookupError, TypeError, AttributeError, ValueError) as problem:  # responses may be of any form
                error = f"{type(problem).__name__}: {problem}"
                say(f"failed  server     {server.url} is no simulator: its responses differ ({error:.80})")
                return 2
        return status

    def _checks(self, server: Connection) -> Iterator[Check]:
        # The server.
        try:
            health = server.health()
        except (SimulatorError, ValueError) as problem:
            raise NotASimulator(f"{problem}; is it running there, and is --url right?") from None
        text = f"{server.url} answers, version {health['version']}"
        if health["version"] == __version__:
            yield "ok", "server", text
        else:
            yield "note", "server", f"{text}; this command is of {__version__}"
        try:
            server.call("GET", "/_simulator/ready", within=10)
            yield "ok", "log", "can be written, or the server has none"
        except SimulatorError as problem:
            yield "failed", "log", f"{problem.detail}"
        access = self._access(server)
        yield access
        if access[0] == "failed" or self.sandbox is None:
            return

        # The keys.
        if self.pi_api_key is not None:
            path = "/api/v1/behavioralassessments?$top=1"
            yield self._key(server, "PI keys", path, {"api-key": self.pi_api_key})
        client = (self.pymetrics_client_id, self.pymetrics_client_secret, self.pymetrics_api_key)
        if any(client) and not all(client):
            yield "failed", "pymetrics", "its client id, client secret and API key are needed together"
        elif any(client):
            body = {"client_id": client[0], "client_secret": client[1], "grant_type": "client_credentials"}
            try:
                token = server.call("POST", "/mercury/oauth/token", body)["access_token"]
            except SimulatorError as problem:
                yield "failed", "pymetrics", f"no token: {problem.status}; {_KEYS_HINT}"
            else:
                headers = {"Authorization": f"Bearer {token}", "X-Api-Key": str(client[2])}
                yield self._key(server, "pymetrics", "/mercury/configuration", headers)

        try:
            yield from self._sandbox(server, f"{SANDBOXES}/{self.sandbox}")
        except SimulatorError as problem:
            yield "failed", "sandbox", f"{problem.detail}"

    def _access(self, server: Connection) -> Check:
        # Access is open if the control API needs no token.
        with Connection(self.url, None, self.trusted) as without_token:
            try:
                listed = without_token.call("GET", SANDBOXES)
            except SimulatorError as refusal:
                if refusal.status != 401:
                    return "failed", "access", str(refusal)
            else:
                if not isinstance(listed, list):
                    raise NotASimulator(f"{server.url} is no simulator: {SANDBOXES} lists no sandboxes")
                return "ok", "access", "open: any credential sim-<name> opens the sandbox <name>"
        if self.control_token is None:
            return "failed", "access", "closed; set SIMULATOR_CONTROL_TOKEN here for further checks"
        try:
            server.call("GET", SANDBOXES)
        except SimulatorError as refusal:
            return "failed", "access", f"closed; SIMULATOR_CONTROL_TOKEN is not this server's: {refusal.detail}"
        return "ok", "access", "closed, and the control token is accepted"

    def _key(self, server: Connection, subject: str, path: str, headers: dict[str, str]) -> Check:
        # Send a harmless request with the keys, and look for it in the sandbox's journal.
        id = f"doctor-{secrets.token_hex(8)}"
        answer = server.probe(path, {**headers, "x-request-id": id})
        if answer is None:
            return "failed", subject, "the connection was closed without an answer: a fault does that; see S/faults"
        status, rules = answer
        if status != 200:
            return "failed", subject, f"refused with {status}{f' ({rules})' if rules else ''}; {_KEYS_HINT}"
        wanted = {"request": {"request": {"headers": {"x-request-id": id}}}, "within": "PT0S"}
        try:
            server.call("POST", f"{SANDBOXES}/{self.sandbox}/await", wanted)
        except SimulatorError as problem:
            if problem.status == 408:
                config = server.call("GET", f"{SANDBOXES}/{self.sandbox}/config")
                if config["journal"].get("entries") == 0:
                    return "note", subject, "accepted; by which sandbox is unknown, because its journal is switched off"
            return "failed", subject, f"accepted, but not in {self.sandbox!r}: these keys open another sandbox"
        return "ok", subject, f"they open {self.sandbox!r}"

    def _sandbox(self, server: Connection, path: str) -> Iterator[Check]:
        sandbox, owner = server.call("GET", path), server.call("GET", f"{path}/owner")
        counts = ", ".join(f"{count} {name}" for name, count in sandbox["counts"].items())
        yield "ok", "sandbox", f"{self.sandbox!r}: {counts}"
        if owner["log"] == "memory":
            where = "is in the server's memory, and gone when it ends"
        elif owner["log"] == "sqlite":
            where = "is in the server's memory and its file"
        else:
            forwards = f"server {owner['server']}, where others forward requests to at {owner['address']}"
            where = f"belongs to {forwards}; no pooler takes its database session away"
        yield "ok", "owner", f"{self.sandbox!r} {where}"

        ahead = (datetime.fromisoformat(sandbox["now"]) - datetime.now(UTC)).total_seconds()
        if sandbox["mode"] == "frozen":
            yield "note", "clock", f'is frozen at {sandbox["now"]}; POST S/clock {{"run": true}} lets it run'
        elif abs(ahead) > MAX_CLOCK_DIFFERENCE:
            way = "ahead of" if ahead > 0 else "behind"
            yield "note", "clock", f"runs, {abs(ahead):,.0f} s {way} this machine's; a reset sets it right"
        else:
            yield "ok", "clock", f"runs, {abs(ahead):.1f} s from this machine's"

        if faults := server.call("GET", f"{path}/faults"):
            listed = ", ".join(f"{fault['id']} ({fault['do']}, met {fault['met']})" for fault in faults)
            yield "note", "faults", f"{len(faults)} planned: {listed}; DELETE S/faults removes them"
        else:
            yield "ok", "faults", "none are planned"

        config, limits = server.call("GET", f"{path}/config"), []
        if config["maintenance"]:
            limits.append('PI is in maintenance and answers 503: PATCH S/config {"maintenance": false}')
        if config["rate_limit"] is not None:
            limits.append(f"calls over {config['rate_limit']} a minute get a 429: see rate_limit in S/config")
        yield "note" if limits else "ok", "settings", "; ".join(limits) or "no maintenance, no rate limit"

        url = self.listener or config["default_webhook_url"] or config["webhook_url"]
        if url is None:
            yield "note", "listener", "not tried: give --listener, or set default_webhook_url or webhook_url"
            return
        tried = server.call("POST", f"{path}/webhook-test", {"url": url}, within=config["webhook_timeout"] + 10)
        status, error = tried["status"], tried["error"]
        if error is not None and error.startswith("refused by policy"):
            reason = "the server's --webhook-hosts does not name it, or it is a link-local or cloud-metadata address"
            yield "failed", "listener", f"{url} is refused by policy: {reason}"
        elif status is None:
            hint = "in a container 127.0.0.1 is the container itself"
            yield "failed", "listener", f"{url} cannot be reached from the server ({error}); {hint}"
        elif not 200 <= status < 300:
            yield "note", "listener", f"{url} is reached and answers {status} to a test; a webhook needs a 2xx"
        else:
            yield "ok", "listener", f"{url} is reached from the server and answers {status}"
