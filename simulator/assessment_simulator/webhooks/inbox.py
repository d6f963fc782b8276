"""A built-in listener for webhooks: keeps what came, so that a demo needs none of its own."""

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import Response

from assessment_simulator.control.bodies import answer
from assessment_simulator.control.routing import Handler
from assessment_simulator.core import instant
from assessment_simulator.http.asgi import named_headers
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.recorder import CAUGHT
from assessment_simulator.journal.redaction import Mask, headers_of
from assessment_simulator.journal.views import body_view
from assessment_simulator.sandbox.sandbox import Sandbox

MOST = 100
"""So many of the last webhooks are kept for a sandbox,"""
LARGEST = 65_536
"""and so many bytes of each body."""


class Caught(NamedTuple):
    """A webhook as it came: when by the sandbox's clock, and the status that it was answered with."""

    number: int
    at: int
    headers: Mapping[bytes, bytes]
    body: bytes
    status: int

    def view(self, mask: Mask) -> dict[str, Any]:
        """It as JSON values, secrets masked."""
        headers = headers_of(mask, self.headers)
        return {
            "id": f"caught-{self.number}",
            "at": instant.seven_digits(self.at),
            "headers": headers,
            "body": body_view(self.body, headers.get("content-type", ""), mask),
            "status": self.status,
        }


class Catch:
    """What was caught for a sandbox since it was opened or reset."""

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.kept: deque[Caught] = deque(maxlen=MOST)
        self.number = 0
        """That of the last webhook."""


class CatchControl:
    """Handlers of the catcher; `find` gives the sandbox that a request speaks of."""

    def __init__(self, find: Callable[[Request], Sandbox]) -> None:
        self._find = find
        self._catches: WeakKeyDictionary[Sandbox, Catch] = WeakKeyDictionary()

    def _of(self, sandbox: Sandbox) -> Catch:
        """What was caught for a sandbox; a reset has forgotten it."""
        known = self._catches.get(sandbox)
        if known is None or known.generation != sandbox.generation:
            known = self._catches[sandbox] = Catch(sandbox.generation)
        return known

    def table(self, root: str) -> tuple[tuple[str, str, Handler], ...]:
        """The calls by method and path."""
        path = f"{root}/catch/{{name}}"
        return (("POST", path, self.catch), ("GET", path, self.caught), ("DELETE", path, self.clear_caught))

    async def catch(self, request: Request) -> Response:
        """Keep a webhook, and answer it with 200 or with the status that the address asks for."""
        status = _status(request)
        sandbox = self._find(request)
        catch = self._of(sandbox)
        catch.number += 1
        body, headers = request.state.body[:LARGEST], named_headers(request.scope)
        catch.kept.append(Caught(catch.number, sandbox.now(), headers, body, status))
        sandbox.tell(CAUGHT, f"caught-{catch.number}")
        return Response(status_code=status)

    async def caught(self, request: Request) -> Response:
        """The webhooks that were caught, newest first."""
        from assessment_simulator.control.models import journal as models

        sandbox = self._find(request)
        mask = Mask(sandbox.name)
        return answer(list[models.Caught], [one.view(mask) for one in reversed(self._of(sandbox).kept)])

    async def clear_caught(self, request: Request) -> Response:
        """Forget what was caught."""
        sandbox = self._find(request)
        self._of(sandbox).kept.clear()
        sandbox.tell(CAUGHT)
        return Response(status_code=204)


def _status(request: Request) -> int:
    """The status that the address asks for; all else in its query is the caller's own business."""
    asked = request.query_params.get("status", "200")
    if not re.fullmatch("[2-5][0-9]{2}", asked):
        what = "must be a number from 200 to 599"
        raise Problem(422, f"status {what}", errors=[{"where": "status", "what": what}])
    return int(asked)
