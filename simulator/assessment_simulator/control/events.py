"""Server-sent events: a sandbox's changes as they happen, to whoever reads on."""

import asyncio

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.events.feed import Change, Hub
from assessment_simulator.http.asgi import Receive, Scope, Send
from assessment_simulator.http.connection import connection_of
from assessment_simulator.storage import json_codec

MEDIA_TYPE = "text/event-stream"
PING = 15.0
"""Seconds of silence after which a comment is sent, so that nobody between takes the stream for dead."""
RETRY = 1_000
"""Milliseconds after which a reader whose stream broke off should come again."""
GAP = 0.05
"""Seconds between two messages to one reader: what happens meanwhile goes together, and costs the server little."""
GRACE = 0.2
"""Seconds for the last message when a stream ends; who has stopped reading does not get it."""


async def stream(call: ControlCall) -> Response:
    """What changes from now on, or from the event named in Last-Event-ID on, as server-sent events."""
    sandbox, hubs = call.sandbox, call.api.hubs
    hub = hubs.get(sandbox) or hubs.setdefault(sandbox, Hub(sandbox))
    return Stream(hub, call.request.headers.get("last-event-id"))


class Stream(Response):
    """A response that goes on until its reader leaves, the sandbox is deleted or the server closes."""

    media_type = MEDIA_TYPE

    def __init__(self, hub: Hub, mark: str | None) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._mark = mark

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what happens."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        with self._hub.reading() as news:
            telling = asyncio.ensure_future(self._tell(send, news))
            gone = asyncio.ensure_future(_hung_up(receive))
            closed = asyncio.ensure_future(self._hub.closed.wait())
            try:
                await asyncio.wait((telling, gone, closed), return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait((telling, gone), timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
                if telling.done():
                    telling.result()
                elif not gone.done() and (connection := connection_of(scope)):
                    connection.abort()
            finally:
                for task in (telling, gone, closed):
                    task.cancel()
                await asyncio.gather(telling, gone, closed, return_exceptions=True)

    async def _tell(self, send: Send, news: asyncio.Event) -> None:
        hub = self._hub
        place = hub.place if self._mark is None else hub.place_of(self._mark)
        here = f"id: {hub.mark(place)}\n" if self._mark is None else ""
        await _write(send, f"retry: {RETRY}\n{here}\n")
        closed = False
        while not closed:
            news.clear()
            closed = hub.closed.is_set()
            changes = hub.since(place)
            if changes:
                place = changes[-1].number
                await _write(send, "".join(_event(hub, change) for change in changes))
                await asyncio.sleep(GAP)
            elif not closed and not await _happened(news):
                await _write(send, ": ping\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _event(hub: Hub, change: Change) -> str:
    data = json_codec.dumps({"what": change.what, "id": change.id or None}).decode()
    return f"id: {hub.mark(change.number)}\nevent: {change.what}\ndata: {data}\n\n"


async def _write(send: Send, text: str) -> None:
    """Returns when there is room for more: a slow reader is waited for, and nobody else waits."""
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _happened(news: asyncio.Event) -> bool:
    """Whether there is something new within the time after which a ping is due."""
    try:
        async with asyncio.timeout(PING):
            await news.wait()
    except TimeoutError:
        return False
    return True


async def _hung_up(receive: Receive) -> None:
    """Returns when the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
