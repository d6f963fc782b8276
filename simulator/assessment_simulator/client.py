"""A handle on one sandbox of a running server, over HTTP: for tests, documents and notebooks.

    with Simulator("http://127.0.0.1:8787") as simulator:
        ...                             # call the vendors' APIs at simulator.pymetrics and simulator.predictive_index
        simulator.clock.advance("24h")
        simulator.webhooks.wait_for(1)

Values are the JSON of the control API (`docs/control.md`); its errors are `SimulatorError` with the server's reason.
What a sandbox offers is in `testing.sandbox`; here it is opened and closed. `aio` is the same with `await`.
"""

import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Self

from assessment_simulator.aio import Simulator as AsyncSimulator
from assessment_simulator.settings import Settings, from_environment
from assessment_simulator.testing.connection import Connection, SimulatorError
from assessment_simulator.testing.sandbox import Leaving, NotCaught, Sandbox
from assessment_simulator.testing.webhook_listener import Listener, Webhook, environment_listener

__all__ = ["NotCaught", "Simulator", "SimulatorError", "SimulatorServer", "Webhook"]


class Simulator(Sandbox[Connection], AbstractContextManager["Simulator"]):
    """A new sandbox on the server at `url`, deleted by `close` or at the end of a `with` block.

    `name` is 1 to 64 of a-z, 0-9 and -, by default a random one; `config` are its first settings. A `connection` and a
    `listener` may be shared with others; by default it has its own: at SIMULATOR_LISTENER_HOST, under the address in
    SIMULATOR_LISTENER_URL. Both vendors' webhook settings lead to the listener if the server reaches it. `leaving` is
    called before the sandbox is reset or deleted.
    """

    def __init__(
        self, url: str, name: str | None = None, *, seed: int | str = 0, config: Mapping[str, Any] | None = None,
        control_token: str | None = None, connection: Connection | None = None, listener: Listener | None = None,
        leaving: Leaving = None,
    ) -> None:  # fmt: skip
        with ExitStack() as stack:
            connection = connection or stack.enter_context(Connection(url, control_token))
            listener = listener or stack.enter_context(environment_listener())
            super().__init__(connection, name or secrets.token_hex(8), listener, leaving)
            connection.run(self._open(seed, config or {}))
            self._ending = stack.pop_all()

    @property
    def aio(self) -> AsyncSimulator:
        """The handle for asyncio on the same sandbox: `await simulator.aio.clock.advance("24h")`."""
        return AsyncSimulator.on(self)

    def fork(self, name: str | None = None) -> Self:
        """Open a copy of this sandbox, with its own list of webhooks; it is closed with this one."""
        return self._connection.run(self._forked(name))

    def close(self) -> None:
        """Delete the sandbox and its forks; a second call does nothing."""
        try:
            self._connection.run(self._closed())
        finally:
            self._ending.close()

    def __exit__(self, *_: object) -> None:
        self.close()


class SimulatorServer(AbstractContextManager["SimulatorServer"]):
    """A running server, whose sandboxes share a connection and a listener. Closing it does not stop the server.

    `settings` are those that it was started with, None if something else has started it.
    """

    def __init__(
        self, url: str, control_token: str | None = None, *, settings: Settings | None = None, leaving: Leaving = None
    ) -> None:
        self.url = url.rstrip("/")
        self.control_token = control_token
        self.settings = settings
        self._leaving = leaving
        self._ending = ExitStack()
        self._connection = self._ending.enter_context(Connection(url, control_token))
        self._listener = self._ending.enter_context(environment_listener())
        elsewhere = from_environment("listener_host") or from_environment("listener_url")
        if settings is not None and settings.webhook_hosts is None and not elsewhere:
            # Both are on this machine's loopback.
            self._listener.reached_by(self.url)

    def check(self) -> None:
        """Raise `SimulatorError` unless a simulator answers."""
        self._connection.health()

    def open(self, name: str | None = None, *, like: str = "", **opening: Any) -> Simulator:
        """Open a sandbox; by default with a new name that begins with `like`. `opening` are `seed` and `config`."""
        name = name or "-".join(filter(None, (like[:48].strip("-"), secrets.token_hex(6))))
        return Simulator(
            self.url, name, connection=self._connection, listener=self._listener, leaving=self._leaving, **opening
        )

    def __exit__(self, *_: object) -> None:
        self._ending.close()
