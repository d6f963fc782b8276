"""Server-sent events: a sandbox's changes as they happen."""

import asyncio
from contextlib import suppress

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.events.feed import ChangeFeed
from assessment_simulator.http.asgi import Receive, Scope, Send
from assessment_simulator.http.connection import connection_of
from assessment_simulator.storage import json_codec

MEDIA_TYPE = "text/event-stream"
PING = 15.0
"""Seconds of silence after which a comment is sent, so that no proxy takes the stream for dead."""
RETRY = 1_000
"""Milliseconds after which a reader should reconnect."""
INTERVAL = 0.05
"""Least seconds between two messages to one reader: what happens meanwhile goes together and costs little."""
GRACE = 0.2
"""Seconds for the last message when a stream ends; a reader that has stopped reading does not get it."""


async def stream(call: ControlCall) -> Response:
    """What changes from now on, or from the event named in Last-Event-ID on, as server-sent events."""
    sandbox, feeds = call.sandbox, call.api.feeds
    feed = feeds.get(sandbox) or feeds.setdefault(sandbox, ChangeFeed(sandbox))
    return EventStream(feed, call.request.headers.get("last-event-id"))


class EventStream(Response):
    """A response that goes on until its reader leaves, the sandbox is deleted or the server closes."""

    media_type = MEDIA_TYPE

    def __init__(self, feed: ChangeFeed, last_event_id: str | None) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._last_event_id = last_event_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the stream ends."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return

        async def disconnected() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        with self._feed.reading() as is_new:
            sending = asyncio.ensure_future(self._send_events(send, is_new))
            gone = asyncio.ensure_future(disconnected())
            closed = asyncio.ensure_future(self._feed.closed.wait())
            try:
                await asyncio.wait((sending, gone, closed), return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait((sending, gone), timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
                elif not gone.done() and (connection := connection_of(scope)):
                    connection.abort()
            finally:
                for task in (sending, gone, closed):
                    task.cancel()
                await asyncio.gather(sending, gone, closed, return_exceptions=True)

    async def _send_events(self, send: Send, is_new: asyncio.Event) -> None:
        async def write(text: str) -> None:  # returns when there is room for more: only a slow reader waits
            await send({"type": "http.response.body", "body": text.encode(), "more_body": True})

        feed = self._feed
        if self._last_event_id is None:
            number = feed.number
            await write(f"retry: {RETRY}\nid: {feed.event_id(number)}\n\n")
        else:
            number = feed.number_of(self._last_event_id)
            await write(f"retry: {RETRY}\n\n")
        is_closed = False
        while not is_closed:
            is_new.clear()
            is_closed = feed.closed.is_set()
            if changes := feed.since(number):
                number, text = changes[-1].number, ""
                for change in changes:
                    data = json_codec.dumps({"what": change.what, "id": change.id or None}).decode()
                    text += f"id: {feed.event_id(change.number)}\nevent: {change.what}\ndata: {data}\n\n"
                await write(text)
                await asyncio.sleep(INTERVAL)
            elif not is_closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PING):
                        await is_new.wait()
                if not is_new.is_set():
                    await write(": ping\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})
