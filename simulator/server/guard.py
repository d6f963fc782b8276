"""Who may use the control API in closed access: whoever shows the control token."""

from hmac import compare_digest

from simulator.server.asgi import App, Receive, Scope, Send
from simulator.server.problems import Problem

OPEN_PATH = "/_simulator/health"
"""The one path that asks for nothing, so that a container's health check needs no secret."""


class Guard:
    """Asks for the control token on every control path but `health`, before anything is routed."""

    def __init__(self, inner: App, token: str) -> None:
        self._inner = inner
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in who shows the token; the comparison takes the same time whatever is shown."""
        if scope["type"] == "http" and scope["path"] != OPEN_PATH:
            scheme, _, shown = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")
            if scheme.lower() != b"bearer" or not compare_digest(shown.strip(), self._token):
                challenge = {"www-authenticate": 'Bearer realm="simulator"'}
                refusal = Problem(401, "this server asks for Authorization: Bearer <control token>", challenge)
                await refusal.response()(scope, receive, send)
                return
        await self._inner(scope, receive, send)
