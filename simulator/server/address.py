"""Which address the links in an answer begin with."""

import re
from dataclasses import dataclass

from simulator.server.asgi import Scope

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Address:
    """The public address if one is set; else the header Host where that may be trusted; else where we listen."""

    public: str | None = None
    trust_host: bool = True

    def of(self, scope: Scope) -> str:
        """The base address for one request, without a slash at its end."""
        if self.public is not None:
            return self.public.rstrip("/")
        if self.trust_host:
            for name, value in scope["headers"]:
                if name == b"host" and _HOST.fullmatch(value):
                    return f"{scope['scheme']}://{value.decode()}"
        host, port = scope.get("server") or ("127.0.0.1", 80)
        return f"{scope['scheme']}://{f'[{host}]' if ':' in host else host}:{port}"
