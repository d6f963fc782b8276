"""One attempt to reach a listener from where this server runs: outside of any delivery, and kept nowhere."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import read, values
from assessment_simulator.control.routing import Handler, json
from assessment_simulator.core.retry_schedule import Attempt, Post
from assessment_simulator.core.urls import basic_auth
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.redaction import ALONE
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.webhooks.sender import Sender

BODY = b'{"type":"simulator.test"}'
"""What is posted: no vendor sends it, so a listener may well answer 400; that it answers is what is asked."""


class HookTest:
    """The handler; `find` gives the sandbox that a request speaks of, `sender` what posts all webhooks."""

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
        asked = read(models.Trying, request.state.body).url
        url = asked or sandbox.config.default_webhook_url or sandbox.config.webhook_url
        if url is None:
            raise Problem(409, "give a url: the sandbox has neither a default_webhook_url nor a webhook_url")
        post, at = _post(url), sandbox.now()
        outcome = await self._sender().send(post, sandbox.config.webhook_timeout)
        attempt = Attempt(1, at, post, outcome.answer, outcome.error, outcome.duration)
        return json({"url": ALONE.plain(url), **values(models.WholeAttempt, attempt)})


def _post(url: str) -> Post:
    """User and password become Basic authentication, as they do in a webhook."""
    bare, authorization = basic_auth(url)
    access = () if authorization is None else (("authorization", authorization),)
    return Post(bare, (("content-type", "application/json"), ("simulator-test", "1"), *access), BODY)
