"""`POST S/webhook-test`: one attempt to reach a listener from where this server runs, outside any delivery.

The answer shows the attempt. Nothing is stored, and no injected fault applies.
"""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import read, values
from assessment_simulator.core.retry_schedule import Attempt, WebhookRequest
from assessment_simulator.core.urls import basic_auth
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.http.routing import Handler, json
from assessment_simulator.journal.redaction import ALONE
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.webhooks.sender import Sender

BODY = b'{"type":"simulator.test"}'
"""No vendor sends this, so a listener may well answer 400; the test shows that it answers."""


class WebhookTest:
    """The handler. `find` returns the sandbox of a request, `sender` the client that sends all webhooks."""

    def __init__(self, find: Callable[[Request], Sandbox], sender: Callable[[], Sender]) -> None:
        self._find = find
        self._sender = sender

    def table(self, under: str) -> tuple[tuple[str, str, Handler], ...]:
        """The call by method and path."""
        return (("POST", f"{under}/webhook-test", self.try_webhook),)

    async def try_webhook(self, request: Request) -> Response:
        """Make one attempt to post to a listener, as a webhook would be posted."""
        from assessment_simulator.control.models import deliveries as models

        sandbox = self._find(request)
        given = read(models.Trying, request.state.body).url
        url = given or sandbox.config.default_webhook_url or sandbox.config.webhook_url
        if url is None:
            raise Problem(409, "give a url: the sandbox has neither a default_webhook_url nor a webhook_url")
        bare, authorization = basic_auth(url)
        headers = [("content-type", "application/json"), ("simulator-test", "1")]
        if authorization is not None:
            headers.append(("authorization", authorization))
        post, at = WebhookRequest(bare, tuple(headers), BODY), sandbox.now()
        outcome = await self._sender().send(post, sandbox.config.webhook_timeout)
        attempt = Attempt(1, at, post, outcome.answer, outcome.error, outcome.duration)
        return json({"url": ALONE.plain(url), **values(models.WholeAttempt, attempt)})
