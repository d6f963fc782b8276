"""`ready`: whether a simulator can serve requests, asked in bounded time and with an answer of bounded size."""

import http.client
import json
import threading
import urllib.error
import urllib.request
from ssl import SSLContext
from typing import Any

WITHIN = 5.0
"""Seconds that the whole answer may take."""
_MOST = 4_096
"""Bytes that a simulator needs for it, many times over."""


class Unready(Exception):
    """No simulator answers there, or it cannot serve requests now."""


def health(base: str, trusted: SSLContext | None) -> str:
    """What the simulator there says of itself; raises `Unready`.

    It is asked in a thread that is left behind when the time is up: a timeout of the socket counts each read anew, so
    whoever sends a letter now and then would never come to an end.
    """
    said, trouble = list[bytes](), list[str]()

    def ask() -> None:
        try:
            said.append(_answer(f"{base.rstrip('/')}/_simulator/ready", trusted))
        except (OSError, ValueError, http.client.HTTPException) as problem:
            trouble.append(f"{problem}")

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(WITHIN)
    if trouble:
        raise Unready(trouble[0])
    if not said:
        raise Unready(f"no whole answer came within {WITHIN:g} seconds")
    if not _is_ours(said[0]):
        raise Unready(f"no simulator answers so: {said[0][:80].decode(errors='replace')!r}")
    return said[0].decode()


def _answer(url: str, trusted: SSLContext | None) -> bytes:
    handler = urllib.request.HTTPSHandler(context=trusted)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), handler)
    try:
        answer = opener.open(url, timeout=WITHIN)
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise OSError(f"{refusal.code} {_detail(refusal.read(_MOST)) or refusal.reason}") from None
    with answer:
        read: bytes = answer.read(_MOST)
        return read


def _detail(said: bytes) -> str | None:
    """What a problem document says."""
    try:
        detail = json.loads(said.decode())["detail"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return detail if isinstance(detail, str) else None


def _is_ours(said: bytes) -> bool:
    try:
        return is_health(json.loads(said.decode()))
    except (ValueError, RecursionError):
        return False


def is_health(told: Any) -> bool:
    """Whether that is what a simulator says of its health."""
    return isinstance(told, dict) and told.get("status") == "ok" and isinstance(told.get("version"), str)
