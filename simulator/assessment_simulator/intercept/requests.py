"""Requests for a vendor's host, as requests to the server's own address."""

from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.asgi import App, Receive, Scope, Send, respond
from assessment_simulator.http.cross_origin import split_authority

_TEXT = (b"content-type", b"text/plain; charset=utf-8")


class InterceptedRequests:
    """The ASGI app of intercepted connections: `inner` answers for the `hosts`, each with its vendor.

    `own` is the base URL of the server.
    """

    def __init__(self, inner: App, hosts: Mapping[str, Vendor], own: str) -> None:
        self._inner = inner
        self._hosts = hosts
        parts = urlsplit(own)
        self._scheme, self._host = parts.scheme, parts.netloc.encode()
        self._server = (parts.hostname, parts.port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        named = [value for name, value in scope["headers"] if name == b"host"]
        parts = split_authority(named[0].decode("latin-1")) if len(named) == 1 else None
        vendor = self._hosts.get(parts[0]) if parts else None
        if scope["scheme"] == "http":  # clients send requests for several hosts on one connection to a proxy
            send = _closing(send)
        if vendor is None:
            await _answer(send, 421, "This connection is for the hosts of vendors: the Host header names none of them.")
            return
        path = "/" + scope["path"].lstrip("/")
        spelt = path.lower() if vendor.ignores_path_case else path
        if not any(f"{spelt}/".startswith(f"{root}/") for root in vendor.roots):
            known = ", ".join(vendor.roots)
            await _answer(
                send, 404, f"The simulator knows no such path of {vendor.title}; its paths begin with {known}."
            )
            return
        scope["scheme"], scope["server"] = self._scheme, self._server
        scope["headers"] = [(n, self._host if n == b"host" else value) for n, value in scope["headers"]]
        await self._inner(scope, receive, send)


async def _answer(send: Send, status: int, text: str) -> None:
    body = f"{text}\n".encode()
    await respond(send, status, [_TEXT, (b"content-length", b"%d" % len(body))], body)


def _closing(send: Send) -> Send:
    async def closing(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return closing
