"""The handle on a sandbox for asyncio: `assessment_simulator.client` with `await`.

    async with Simulator("http://127.0.0.1:8787") as simulator:
        ...                             # call the vendors' APIs at simulator.pymetrics and simulator.predictive_index
        await simulator.clock.advance("24h")
        await simulator.webhooks.wait_for(1)

In tests with the pytest fixture, `simulator.aio` is such a handle on the fixture's sandbox. Both handles have the same
members. Here attributes that are on the server are awaited (`await simulator.clock.now`), and lists are read with
`await simulator.invitations.all()`. The received webhooks are in memory, and are read as a list.
"""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Self

from assessment_simulator.testing.connection import AsyncConnection, Connection, SimulatorError
from assessment_simulator.testing.sandbox import NotCaught, Sandbox
from assessment_simulator.testing.webhook_listener import Listener, Webhook, environment_listener

__all__ = ["NotCaught", "Simulator", "SimulatorError", "Webhook"]


class Simulator(Sandbox[AsyncConnection], AbstractAsyncContextManager["Simulator"]):
    """A new sandbox on the server at `url`, opened and deleted by `async with`; see `client.Simulator`."""

    def __init__(
        self, url: str, name: str | None = None, *, seed: int | str = 0, config: Mapping[str, Any] | None = None,
        control_token: str | None = None, listener: Listener | None = None,
    ) -> None:  # fmt: skip
        used = listener or environment_listener()
        super().__init__(AsyncConnection(url, control_token), name or secrets.token_hex(8), used)
        if listener is None:
            self._ending.enter_context(used)
        self._opening = (seed, config or {})

    @classmethod
    def on(cls, sandbox: Sandbox[Connection]) -> Self:
        """A handle on a sandbox that is open already, and that the other handle closes."""
        handle = object.__new__(cls)
        connection = AsyncConnection(sandbox.url, sandbox._connection.control_token)
        Sandbox.__init__(handle, connection, sandbox.name, sandbox._listener, sandbox._leaving)
        handle._begin(sandbox._credentials, sandbox._inbox)
        handle._unreached = sandbox._unreached
        return handle

    async def __aenter__(self) -> Self:
        try:
            await self._connection.run(self._open(*self._opening))
        except BaseException:
            await asyncio.to_thread(self._ending.close)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def fork(self, name: str | None = None) -> "Simulator":
        """Open a copy of this sandbox, with its own list of webhooks; it is closed with this one."""
        return await self._connection.run(self._forked(name))

    async def close(self) -> None:
        """Delete the sandbox and its forks; a second call does nothing."""
        try:
            await self._connection.run(self._closed())
        finally:
            # In a thread, because it waits for that of the listener.
            await asyncio.to_thread(self._ending.close)
