"""Which address the links in an answer begin with."""

from collections.abc import Mapping

from assessment_simulator.http.asgi import Scope
from assessment_simulator.http.proxy_headers import is_host, seen

_MOST_KNOWN = 1_000


class Address:
    """The public address if one is set; else the host of the request where that may be trusted; else where we listen.

    A host that a trusted proxy names may always be trusted.
    """

    def __init__(self, public: str | None = None, *, trust_host: bool = True) -> None:
        self._public = public.rstrip("/") if public else None
        self._trust_host = trust_host
        self._known: dict[tuple[str, bytes], str] = {}

    def of(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """The base address for one request, with the prefix of a proxy and without a slash at its end."""
        if self._public is not None:
            return self._public
        prefix, names_host = seen(scope)
        host = headers.get(b"host", b"") if self._trust_host or names_host else b""
        base = self._known.get((scope["scheme"], host)) or self._learn(scope, host)
        return base + prefix if prefix else base

    def _learn(self, scope: Scope, host: bytes) -> str:
        if not is_host(host):
            return _listening(scope)
        address = f"{scope['scheme']}://{host.decode()}"
        if len(self._known) < _MOST_KNOWN:
            self._known[scope["scheme"], host] = address
        return address


def _listening(scope: Scope) -> str:
    host, port = scope.get("server") or ("127.0.0.1", 80)
    return f"{scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"
