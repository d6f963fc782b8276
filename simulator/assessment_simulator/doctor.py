"""`doctor`: looks at a running server from outside, a line for each thing that people get wrong, with what to do."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from assessment_simulator import __version__
from assessment_simulator.healthcheck import is_health
from assessment_simulator.testing.connection import SANDBOXES, Connection, SimulatorError

if TYPE_CHECKING:
    from ssl import SSLContext

Verdict = Literal["ok", "note", "failed"]
"""As it should be; worth knowing, and perhaps meant; wrong."""
APART = 60.0
"""Seconds that a sandbox's clock may differ from this machine's without a note."""
_PI = "/api/v1/behavioralassessments?$top=1"


@dataclass(frozen=True, slots=True)
class Patient:
    """The server, the control token, the sandbox to look at, the address that webhooks should reach, and the keys.

    `trusted` says whom to trust, with https.
    """

    url: str
    control_token: str | None = None
    trusted: "SSLContext | None" = None
    sandbox: str | None = None
    listener: str | None = None
    pymetrics_client_id: str | None = None
    pymetrics_client_secret: str | None = None
    pymetrics_api_key: str | None = None
    pi_api_key: str | None = None


class Finding(NamedTuple):
    """One line."""

    verdict: Verdict
    what: str
    said: str


class Unasked(Exception):
    """There is no server that could be asked."""


def examine(patient: Patient, say: Callable[[str], None]) -> int:
    """Say every finding; the exit status is 0 where none has failed, 1 where one has, 2 where nobody could be asked."""
    failed = False
    with Connection(patient.url, patient.control_token, patient.trusted) as server:
        try:
            for finding in _findings(server, patient):
                failed |= finding.verdict == "failed"
                say(f"{finding.verdict:7} {finding.what:10} {finding.said}")
        except Unasked as problem:
            say(f"failed  server     {problem}")
            return 2
        except (LookupError, TypeError, AttributeError, ValueError) as problem:  # what is read below may be anything
            said = f"{type(problem).__name__}: {problem}"
            say(f"failed  server     {server.url} is no simulator: it answers otherwise than one does ({said:.80})")
            return 2
    return 1 if failed else 0


def _findings(server: Connection, patient: Patient) -> Iterator[Finding]:
    yield _server(server)
    yield _log(server)
    access = _access(server, patient)
    yield access
    if access.verdict == "failed" or patient.sandbox is None:
        return
    yield from _keys(server, patient)
    try:
        yield from _sandbox(server, patient)
    except SimulatorError as problem:
        yield Finding("failed", "sandbox", f"{problem.detail}")


# The server.


def _server(server: Connection) -> Finding:
    try:
        health = server.call("GET", "/_simulator/health", within=5)
    except (SimulatorError, ValueError) as problem:
        raise Unasked(f"{problem}; is it running there, and is --url right?") from None
    if not is_health(health):
        raise Unasked(f"{server.url} is no simulator: /_simulator/health answers {str(health)[:80]!r}")
    version = health["version"]
    if version != __version__:
        return Finding("note", "server", f"{server.url} answers, version {version}; this command is of {__version__}")
    return Finding("ok", "server", f"{server.url} answers, version {version}")


def _log(server: Connection) -> Finding:
    """Whether the log can be written."""
    try:
        server.call("GET", "/_simulator/ready", within=10)
    except SimulatorError as problem:
        return Finding("failed", "log", f"{problem.detail}")
    return Finding("ok", "log", "can be written, or the server has none")


def _access(server: Connection, patient: Patient) -> Finding:
    """Whether names open sandboxes: then the control API asks for no token."""
    with Connection(patient.url, None, patient.trusted) as stranger:
        try:
            listed = stranger.call("GET", SANDBOXES)
        except SimulatorError as refusal:
            if refusal.status != 401:
                return Finding("failed", "access", str(refusal))
        else:
            if not isinstance(listed, list):
                raise Unasked(f"{server.url} is no simulator: {SANDBOXES} answers {str(listed)[:80]!r}")
            return Finding("ok", "access", "open: any credential sim-<name> opens the sandbox <name>")
    if patient.control_token is None:
        return Finding("failed", "access", "closed; set SIMULATOR_CONTROL_TOKEN here to look further")
    try:
        server.call("GET", SANDBOXES)
    except SimulatorError as refusal:
        return Finding("failed", "access", f"closed; SIMULATOR_CONTROL_TOKEN is not this server's: {refusal.detail}")
    return Finding("ok", "access", "closed, and the control token opens it")


# The keys.


def _keys(server: Connection, patient: Patient) -> Iterator[Finding]:
    """Each vendor's keys: a harmless call is made with them, and looked for in the journal of the sandbox."""
    if patient.pi_api_key is not None:
        yield _call(server, patient, "PI keys", _PI, {"api-key": patient.pi_api_key})
    client = (patient.pymetrics_client_id, patient.pymetrics_client_secret, patient.pymetrics_api_key)
    if all(client):
        yield _pymetrics(server, patient)
    elif any(client):
        yield Finding("failed", "pymetrics", "its client id, client secret and API key are needed together")


def _pymetrics(server: Connection, patient: Patient) -> Finding:
    body = {
        "client_id": patient.pymetrics_client_id, "client_secret": patient.pymetrics_client_secret,
        "grant_type": "client_credentials",
    }  # fmt: skip
    try:
        token = server.call("POST", "/mercury/oauth/token", body)["access_token"]
    except SimulatorError as problem:
        return Finding("failed", "pymetrics", f"no token: {problem.status}; {_REMEDY}")
    headers = {"Authorization": f"Bearer {token}", "X-Api-Key": str(patient.pymetrics_api_key)}
    return _call(server, patient, "pymetrics", "/mercury/configuration", headers)


_REMEDY = (
    "in open access keys are sim-<name>; in closed access they are those that opening the sandbox answered, "
    "and a fault, maintenance or a rate limit can refuse too"
)


def _call(server: Connection, patient: Patient, what: str, path: str, headers: dict[str, str]) -> Finding:
    mark = f"doctor-{secrets.token_hex(8)}"
    answer = server.ask(path, {**headers, "x-request-id": mark})
    if answer is None:
        return Finding("failed", what, "the connection was closed without an answer: a fault does that; see S/faults")
    status, rules = answer
    if status != 200:
        return Finding("failed", what, f"refused with {status}{f' ({rules})' if rules else ''}; {_REMEDY}")
    wanted = {"request": {"request": {"headers": {"x-request-id": mark}}}, "within": "PT0S"}
    try:
        server.call("POST", f"{SANDBOXES}/{patient.sandbox}/await", wanted)
    except SimulatorError as missing:
        kept = server.call("GET", f"{SANDBOXES}/{patient.sandbox}/config")["journal"] if missing.status == 408 else {}
        if kept.get("entries") == 0:
            return Finding("note", what, "accepted; in which sandbox is not known, for its journal is switched off")
        return Finding("failed", what, f"accepted, but not in {patient.sandbox!r}: these keys open another sandbox")
    return Finding("ok", what, f"they open {patient.sandbox!r}")


# The sandbox.


def _sandbox(server: Connection, patient: Patient) -> Iterator[Finding]:
    under = f"{SANDBOXES}/{patient.sandbox}"
    seen = server.call("GET", under)
    counts = seen["counts"]
    yield Finding("ok", "sandbox", f"{patient.sandbox!r}: {', '.join(f'{n} {what}' for what, n in counts.items())}")
    yield _owner(patient.sandbox, server.call("GET", f"{under}/owner"))
    yield _clock(seen)
    yield _faults(server.call("GET", f"{under}/faults"))
    config = server.call("GET", f"{under}/config")
    yield _settings(config)
    yield _listener(server, under, patient.listener, config)


def _owner(name: str | None, owner: dict[str, Any]) -> Finding:
    """Who answers for the sandbox."""
    if owner["log"] == "memory":
        return Finding("ok", "owner", f"{name!r} is in the server's memory, and gone when it ends")
    if owner["log"] == "sqlite":
        return Finding("ok", "owner", f"{name!r} is in the server's memory and its file")
    said = f"server {owner['server']}, where others forward requests to at {owner['address']}"
    return Finding("ok", "owner", f"{name!r} belongs to {said}; no pooler takes its database session away")


def _clock(seen: dict[str, Any]) -> Finding:
    now = datetime.fromisoformat(seen["now"])
    ahead = (now - datetime.now(UTC)).total_seconds()
    if seen["mode"] == "frozen":
        return Finding("note", "clock", f'stands still at {seen["now"]}; POST S/clock {{"run": true}} lets it go on')
    if abs(ahead) > APART:
        way = "ahead of" if ahead > 0 else "behind"
        return Finding("note", "clock", f"runs, {abs(ahead):,.0f} s {way} this machine's; a reset sets it right")
    return Finding("ok", "clock", f"runs, {abs(ahead):.1f} s from this machine's")


def _faults(faults: list[dict[str, Any]]) -> Finding:
    if not faults:
        return Finding("ok", "faults", "none are planned")
    listed = ", ".join(f"{fault['id']} ({fault['do']}, met {fault['met']})" for fault in faults)
    return Finding("note", "faults", f"{len(faults)} planned: {listed}; DELETE S/faults takes them away")


def _settings(config: dict[str, Any]) -> Finding:
    said = []
    if config["maintenance"]:
        said.append('PI is in maintenance and answers 503: PATCH S/config {"maintenance": false}')
    if config["rate_limit"] is not None:
        said.append(f"calls over {config['rate_limit']} a minute get a 429: see rate_limit in S/config")
    return Finding("note" if said else "ok", "settings", "; ".join(said) or "no maintenance, no rate limit")


def _listener(server: Connection, under: str, url: str | None, config: dict[str, Any]) -> Finding:
    url = url or config["default_webhook_url"] or config["webhook_url"]
    if url is None:
        return Finding("note", "listener", "not tried: give --listener, or set default_webhook_url or webhook_url")
    tried = server.call("POST", f"{under}/webhook-test", {"url": url}, within=config["webhook_timeout"] + 10)
    return Finding(*_reached(url, tried["status"], tried["error"]))


def _reached(url: str, status: int | None, error: str | None) -> tuple[Verdict, str, str]:
    if error is not None and error.startswith("refused by policy"):
        why = "the server's --webhook-hosts does not name it, or it is a link-local or cloud-metadata address"
        return "failed", "listener", f"{url} is refused by policy: {why}"
    if status is None:
        why = "in a container 127.0.0.1 is the container itself"
        return "failed", "listener", f"{url} cannot be reached from the server ({error}); {why}"
    if not 200 <= status < 300:
        return "note", "listener", f"{url} is reached and answers {status} to a test; a webhook wants a 2xx"
    return "ok", "listener", f"{url} is reached from the server and answers {status}"
