"""`record`, `redact` and `compare`: the commands that keep a vendor's answers and compare the simulator with them."""

import logging
import secrets
import signal
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import uvicorn

from assessment_simulator.app import VENDORS
from assessment_simulator.recording import report
from assessment_simulator.recording import verified as verified_rules
from assessment_simulator.recording.comparison import compare_all
from assessment_simulator.recording.files import Recording, read
from assessment_simulator.recording.preparation import Replay
from assessment_simulator.recording.recorder import Recorder
from assessment_simulator.recording.redaction import Redactor
from assessment_simulator.runner import listen, running, url_of
from assessment_simulator.settings import Settings


def record(
    vendor: str, upstream: str, folder: Path, settings: Settings, say: Callable[[str], None], **more: bool
) -> None:
    """Serve a recorder until a signal comes; raises OSError and ValueError."""
    recording = Recording.begin(folder, vendor, urlsplit(upstream).hostname or "")
    app = Recorder(recording, VENDORS[vendor], upstream, **more)
    listeners = listen(settings)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False, date_header=False, ws="none")
    say(f"listening on {url_of(settings, listeners)}")
    # uvicorn raises the signal again that has stopped it; SIGTERM would end this process before the last line.
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=listeners)
    finally:
        signal.signal(signal.SIGTERM, previous)
    say(f"{app.calls} {'call was' if app.calls == 1 else 'calls were'} recorded in {folder}")


def redact(folder: Path) -> int:
    """Redact the calls of a recording again, in place. Returns how many there are; raises OSError and ValueError."""
    recording = Recording(folder)
    redactor, paths = Redactor({str(recording.about.get("host"))}), recording.paths()
    # Twice: a value that a later call names is then replaced in the earlier ones, too.
    for path in paths:
        read(path).redacted(redactor)
    for path in paths:
        recording.write(path, read(path).redacted(redactor))
    return len(paths)


def compare(
    folder: Path,
    exclusions: Path | None,
    verified: Path | None,
    junit: Path | None,
    page: Path | None,
    say: Callable[[str], None],
) -> int:
    """Replay a recording, and report. Returns the exit status; raises OSError and ValueError."""
    recording = Recording(folder)
    about, calls = recording.about, [*recording]
    vendor = VENDORS.get(about["vendor"])
    if vendor is None:
        raise ValueError(f"{folder}: there is no vendor {about['vendor']!r}")
    excluded = {} if exclusions is None else _exclusions(exclusions)
    heads = [
        f"{vendor.title} and the simulator",
        f"{len(calls)} calls, recorded {about.get('recorded')} at {about.get('host')} by {about.get('version')}",
    ]
    if str(about.get("expires", "9999")) < datetime.now(UTC).isoformat():
        heads.append(f"the recording is old: it expired {about['expires']}")

    token = secrets.token_urlsafe(24)
    # Closed access, because it knows wrong keys. Webhooks go nowhere: their addresses may be those of the recording.
    settings = Settings(port=0, access="closed", control_token=token, webhook_hosts=("nowhere.invalid",))
    with _only_errors(), running(settings) as url, httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
        control = httpx2.Client(base_url=url, trust_env=False, timeout=30, headers={"authorization": f"Bearer {token}"})

        def start(seed: int, behaviour: Mapping[str, Any]) -> Replay:
            return Replay(client, control, vendor, calls, seed, behaviour)

        with control:
            found = compare_all(calls, vendor, start, excluded)
    for line in (*heads, *report.lines(found)):
        say(line)
    if junit is not None:
        junit.write_bytes(report.junit(found))
    if page is not None:
        page.write_text(report.page(found, heads), "utf-8")
    if verified is not None:
        say(f"{verified_rules.add(verified, found, about)} rules that agree were added to {verified}")
    return found.status


@contextmanager
def _only_errors() -> Iterator[None]:
    """Log no warnings, such as those about webhooks that are not sent."""
    log = logging.getLogger("simulator")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _exclusions(path: Path) -> dict[str, str]:
    """The places of a file that are not compared, each with its reason and date; raises ValueError."""
    found = {}
    listed = tomllib.loads(path.read_text("utf-8")).get("exclude", [])
    for one in listed if isinstance(listed, list) else [None]:
        if not isinstance(one, dict) or not all(one.get(name) for name in ("place", "reason", "date")):
            raise ValueError(f"{path}: each [[exclude]] needs a place, a reason and a date")
        day = one["date"] if isinstance(one["date"], date) else date.fromisoformat(str(one["date"]))
        found[str(one["place"])] = f"{one['reason']} ({day})"
    return found
