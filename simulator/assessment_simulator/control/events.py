"""Server-sent events: a sandbox's changes as they happen."""

import asyncio

from starlette.responses import Response

from assessment_simulator.control.operation import ControlCall
from assessment_simulator.events.feed import ChangeFeed
from assessment_simulator.http.asgi import Receive, Scope, Send
from assessment_simulator.http.connection import connection_of

MEDIA_TYPE = "text/event-stream"
# Seconds of silence after which a comment is sent, so that no proxy takes the stream for dead.
PING = 15.0
# Milliseconds after which a reader should reconnect.
RETRY = 1_000
# Seconds for the last message when a stream ends; a reader that has stopped reading does not get it.
GRACE = 0.2


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

        # The stream ends when its reader leaves or the feed closes, which leaves a moment for the last message.
        with self._feed.reading():
            sending = asyncio.ensure_future(self._send_events(send))
            gone = asyncio.ensure_future(disconnected())
            closed = asyncio.ensure_future(self._feed.closed.wait())
            try:
                await asyncio.wait((sending, gone, closed), return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait((sending, gone), timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
                if sending.done():
                    sending.result()
                elif not gone.done() and (connection := connection_of(scope)):
                    # The reader has stopped reading, so nothing but the end of the connection can reach it.
                    connection.abort()
            finally:
                for task in (sending, gone, closed):
                    task.cancel()
                await asyncio.gather(sending, gone, closed, return_exceptions=True)

    async def _send_events(self, send: Send) -> None:
        async def write(text: bytes) -> None:  # returns when there is room for more: only a slow reader waits
            await send({"type": "http.response.body", "body": text, "more_body": True})

        feed = self._feed
        # A new reader begins with the next change, and learns the id of the last one, in case its connection breaks
        # before that.
        if self._last_event_id is None:
            number = feed.number
            await write(f"retry: {RETRY}\nid: {feed.event_id(number)}\n\n".encode())
        else:
            number = feed.number_of(self._last_event_id)
            await write(f"retry: {RETRY}\n\n".encode())
        is_closed = False
        while not is_closed:
            is_closed, next_wake = feed.closed.is_set(), feed.next_wake  # set during the write, it does not wait
            number, text = feed.message(number)
            if text:
                await write(text)
            if not is_closed:
                try:
                    async with asyncio.timeout(PING):
                        await next_wake.wait()
                except TimeoutError:
                    await write(b": ping\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})
