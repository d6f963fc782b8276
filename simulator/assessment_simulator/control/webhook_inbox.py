"""`/catch/{name}`: a built-in receiver for webhooks, so that a demo needs no listener of its own."""

import re
from collections.abc import Callable
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import answer
from assessment_simulator.core import instant
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler
from assessment_simulator.journal.recorder import CAUGHT
from assessment_simulator.journal.redaction import Mask, headers_of
from assessment_simulator.journal.views import body_view
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.webhooks.inbox import Inbox


class InboxControl:
    """The handlers. `find` returns the sandbox of a request."""

    def __init__(self, find: Callable[[Request], Sandbox]) -> None:
        self._find = find
        self._inboxes: WeakKeyDictionary[Sandbox, Inbox] = WeakKeyDictionary()

    def table(self, root: str) -> tuple[tuple[str, str, Handler], ...]:
        """The calls by method and path."""
        path = f"{root}/catch/{{name}}"
        return (("POST", path, self.catch), ("GET", path, self.caught), ("DELETE", path, self.clear_caught))

    def _inbox(self, sandbox: Sandbox) -> Inbox:
        inbox = self._inboxes.get(sandbox)
        if inbox is None or inbox.generation != sandbox.generation:  # a reset empties it
            inbox = self._inboxes[sandbox] = Inbox(sandbox.generation)
        return inbox

    async def catch(self, request: Request) -> Response:
        """Keep a webhook, and answer with 200 or the status in the address."""
        status = request.query_params.get("status", "200")  # other parameters are the caller's own
        if not re.fullmatch("[2-5][0-9]{2}", status):
            what = "must be a number from 200 to 599"
            raise Problem(422, f"status {what}", errors=[{"where": "status", "what": what}])
        sandbox = self._find(request)
        headers = named_headers(request.scope)
        sandbox.tell(CAUGHT, self._inbox(sandbox).add(sandbox.now(), headers, request.state.body, int(status)))
        return Response(status_code=int(status))

    async def caught(self, request: Request) -> Response:
        """The received webhooks, newest first, secrets masked."""
        from assessment_simulator.control.models import journal as models

        sandbox = self._find(request)
        mask, views = Mask(sandbox.name), []
        for webhook in reversed(self._inbox(sandbox).webhooks):
            headers = headers_of(mask, webhook.headers)
            body = body_view(webhook.body, headers.get("content-type", ""), mask)
            views.append(
                {**webhook._asdict(), "at": instant.seven_digits(webhook.at), "headers": headers, "body": body}
            )
        return answer(list[models.Caught], views)

    async def clear_caught(self, request: Request) -> Response:
        """Delete the received webhooks."""
        sandbox = self._find(request)
        self._inbox(sandbox).webhooks.clear()
        sandbox.tell(CAUGHT)
        return Response(status_code=204)
