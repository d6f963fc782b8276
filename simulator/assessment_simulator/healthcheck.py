"""`ready`: whether a simulator can serve requests, found out in bounded time from a response of bounded size."""

import http.client
import json
import ssl
import threading
import urllib.error
import urllib.request
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.settings import from_environment
from assessment_simulator.testing.connection import is_health

# Seconds that the whole response may take.
WITHIN = 5.0
# Far more than the response of a simulator has.
_MAX_BYTES = 4_096


class Unready(Exception):
    """No simulator answers there, or it cannot serve requests now."""


def health(base: str, trusted: ssl.SSLContext | None) -> str:
    """The response of the simulator at `base`; raises `Unready`.

    A thread sends the request, and is left behind when the time is up: a socket's timeout starts again with each read,
    so a server that sends a byte now and then would never time out.
    """
    answer = Future[tuple[int, str, bytes]]()

    def request() -> None:
        handler = urllib.request.HTTPSHandler(context=trusted)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
        try:
            try:
                response = opener.open(f"{base.rstrip('/')}/_simulator/ready", timeout=WITHIN)
            except urllib.error.HTTPError as refusal:
                response = refusal
            with response:
                answer.set_result((response.status, response.reason, response.read(_MAX_BYTES)))
        except (OSError, ValueError, http.client.HTTPException) as problem:
            answer.set_exception(problem)

    threading.Thread(target=request, daemon=True).start()
    try:
        status, reason, body = answer.result(WITHIN)
    except TimeoutError:
        raise Unready(f"no whole answer came within {WITHIN:g} seconds") from None
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise Unready(f"{problem}") from None
    value: Any = None
    with suppress(ValueError, RecursionError):
        value = json.loads(body.decode())
    if not 200 <= status < 300:
        detail = value.get("detail") if isinstance(value, dict) else None
        raise Unready(f"{status} {detail if isinstance(detail, str) else reason}")
    if not is_health(value):
        raise Unready("another program responds there, no simulator")
    return body.decode()


def trust(url: str, authority: Path | None, *, own: bool) -> ssl.SSLContext | None:
    """The authorities to trust for a URL: the given one, or the usual ones.

    `own` says that it is the server of the same environment: its certificate is accepted under every name, and checked
    only if its local authority is known.
    """
    if urlsplit(url).scheme != "https":
        return None
    folder = from_environment("tls_dir")
    if authority is None and own and folder:
        authority = Path(folder) / "ca.pem"
    context = ssl.create_default_context(cafile=authority)
    if own and authority is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
