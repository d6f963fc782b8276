"""A webhook whose sender loses its lease while it connects is not sent."""

import asyncio

import pytest

from assessment_simulator.core.retry_schedule import WebhookRequest
from assessment_simulator.storage import Unusable
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.egress import Policy
from tests.servers import Listener

pytestmark = pytest.mark.anyio


async def test_no_webhook_is_sent_when_the_lease_ends_while_connecting() -> None:
    connected: list[bytes] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(await reader.read())
        writer.close()

    def refuse() -> None:
        raise Unusable("the lease has ended")

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    request = WebhookRequest(url, (("content-type", "text/plain"),), b"body")
    async with server:
        with pytest.raises(Unusable, match="lease"):
            await WebhookClient(Policy()).send(request, 5, confirm=refuse)
        while not connected:  # noqa: ASYNC110  the connection ends a moment later
            await asyncio.sleep(0.01)
    assert connected == [b""]


async def test_a_webhook_is_sent_while_the_lease_lasts() -> None:
    asked: list[bool] = []
    with Listener() as listener:
        request = WebhookRequest(listener.url, (("content-type", "text/plain"),), b"body")
        result = await WebhookClient(Policy()).send(request, 5, confirm=lambda: asked.append(True))
        assert result.answer is not None
    assert asked == [True]
