"""The id of the request that the current task responds to: in log lines, and in the header `Simulator-Request-Id`."""

import re
import secrets
from collections.abc import Mapping
from contextvars import ContextVar

HEADER = b"simulator-request-id"
_ACCEPTED = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:+/=@-]{0,127}")
_current: ContextVar[str] = ContextVar("request", default="")


def name_request(headers: Mapping[bytes, bytes]) -> str:
    """The id that the request has already, else its `X-Request-Id` if that is well-formed, else a new one."""
    id = _current.get()
    if not id:
        given = headers.get(b"x-request-id", b"")
        id = given.decode() if _ACCEPTED.fullmatch(given) else secrets.token_hex(8)
        _current.set(id)
    return id


def request_name() -> str:
    """The id of the request; "" if it has none yet."""
    return _current.get()


def take_request_name(id: str) -> None:
    """Use the id that another process has given to the request."""
    _current.set(id)
