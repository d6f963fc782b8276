"""Which address the links in an answer begin with."""

import re
from collections.abc import Mapping

from simulator.server.asgi import Scope

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_MOST_KNOWN = 1_000


class Address:
    """The public address if one is set; else the header Host where that may be trusted; else where we listen."""

    def __init__(self, public: str | None = None, *, trust_host: bool = True) -> None:
        self._public = public.rstrip("/") if public else None
        self._trust_host = trust_host
        self._known: dict[tuple[str, bytes], str] = {}

    def of(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """The base address for one request, without a slash at its end."""
        if self._public is not None:
            return self._public
        host = headers.get(b"host", b"") if self._trust_host else b""
        return self._known.get((scope["scheme"], host)) or self._learn(scope, host)

    def _learn(self, scope: Scope, host: bytes) -> str:
        if not _HOST.fullmatch(host):
            return _listening(scope)
        address = f"{scope['scheme']}://{host.decode()}"
        if len(self._known) < _MOST_KNOWN:
            self._known[scope["scheme"], host] = address
        return address


def _listening(scope: Scope) -> str:
    host, port = scope.get("server") or ("127.0.0.1", 80)
    return f"{scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"
