"""Whose page sent a request: another site's may change nothing here.

A browser lets any page post a form to any address, this machine's too, and sends the cookies along. It also says where
the form stood, in headers that no page can forge. Programs such as curl send none of them and are nobody's page.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from simulator.server.asgi import App, Receive, Scope, Send
from simulator.server.problems import Problem, answer

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({b"same-origin", b"none"})


def is_foreign(headers: Mapping[bytes, bytes], public: str | None = None) -> bool:
    """Whether a request was sent by a page of another origin than the one that it goes to.

    `Sec-Fetch-Site` says it plainly; browsers send it over HTTPS and to this machine. Elsewhere the `Origin` must be
    the host that was asked, or that of `public`, the address under which this server is known.
    """
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITES
    origin = headers.get(b"origin")
    if origin is None:
        return False
    # The scheme is left out: behind a proxy that speaks TLS the one that we see is not the browser's.
    scheme, _, host = origin.decode("latin-1").lower().partition("://")
    return scheme not in ("http", "https") or host not in _hosts(headers, public)


def _hosts(headers: Mapping[bytes, bytes], public: str | None) -> set[str]:
    known = {headers.get(b"host", b"").decode("latin-1").lower()} - {""}
    return known | {urlsplit(public).netloc.lower()} if public else known


class Fence:
    """Refuses whatever would change something and was sent by another site's page, before it is routed."""

    def __init__(self, inner: App, public: str | None = None) -> None:
        self._inner = inner
        self._public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let pass what changes nothing, what our own pages send, and what no page sent."""
        changes = scope["type"] == "http" and scope["method"] not in _SAFE
        if changes and is_foreign(dict(scope["headers"]), self._public):
            refusal = Problem(
                403,
                "a page of another site sent this (its Sec-Fetch-Site or Origin says so), and such a page may change "
                "nothing here; send it from this server's own pages, or with a program that sends neither header",
            )
            await answer(scope, refusal)(scope, receive, send)
            return
        await self._inner(scope, receive, send)
