"""The base URL of the links in a response."""

from collections.abc import Mapping

from assessment_simulator.http.asgi import Scope
from assessment_simulator.http.proxy_headers import is_host, proxy_info

_MOST_KNOWN = 1_000


class BaseUrl:
    """The public URL if one is set; else the host of the request if it may be trusted; else where the server listens.

    A host that a trusted proxy names may always be trusted.
    """

    def __init__(self, public: str | None = None, *, trust_host: bool = True) -> None:
        self._public = public.rstrip("/") if public else None
        self._trust_host = trust_host
        self._known: dict[tuple[str, bytes], str] = {}

    def of(self, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """The base URL for one request, with the prefix of a proxy and without a slash at its end."""
        if self._public is not None:
            return self._public
        prefix, names_host = proxy_info(scope)
        scheme, host = scope["scheme"], headers.get(b"host", b"") if self._trust_host or names_host else b""
        base = self._known.get((scheme, host))
        if base is None and is_host(host):
            base = f"{scheme}://{host.decode()}"
            if len(self._known) < _MOST_KNOWN:
                self._known[scheme, host] = base
        if base is None:
            name, port = scope.get("server") or ("127.0.0.1", 80)
            base = f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"
        return base + prefix if prefix else base
