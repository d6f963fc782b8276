"""Runs examples in sandboxes that nothing else sees: the story of a vendor's document, and the two requests of a rule.

The clock stands and the seed is fixed, so the results are always the same. The requests of a rule go through the same
endpoint as those of callers; no metric, journal or log has them.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from assessment_simulator.core.config import Config
from assessment_simulator.core.instant import DAY
from assessment_simulator.core.request import MISSING, Credential, VendorRequest
from assessment_simulator.core.schema import Example, Step
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.vendor import Vendor, finish
from assessment_simulator.counters import Meters
from assessment_simulator.http.asgi import App, Scope
from assessment_simulator.journal.redaction import Mask
from assessment_simulator.journal.views import whole_call_view
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import Clock, State
from assessment_simulator.storage import json_codec

Json = dict[str, Any]
# Where the examples are served from: the address that a server without options has.
ADDRESS = "http://127.0.0.1:8787"
NOW = 20_454 * DAY  # 2026-01-01
NAME = "example"
# Seconds for the two requests of a rule.
WITHIN = 30.0
# Characters of a text that are shown.
_SHOWN = 200


class Story:
    """A sandbox in which the steps of a vendor are played; `answers` are the newest ones of each operation."""

    def __init__(self, vendor: Vendor, config: Config) -> None:
        self.vendor = vendor
        self.sandbox = Sandbox(NAME, 0, State(config, Clock().freeze(NOW)), {vendor.id: vendor})
        self.answers: Json = {}

    def play(self, step: Step) -> int:
        """Play a step, without HTTP; returns the status."""
        step, headers = self.filled(step), self.fill(dict(self.vendor.interface.headers))

        def at_time(now: int, random: SeededRandom, recent: int) -> VendorRequest:
            body = MISSING if step.body is None else step.body
            return VendorRequest(
                step.operation, now, random, ADDRESS, "POST", "", step.params, step.query, headers, step.media_type,
                body,
            )  # fmt: skip

        *_, response = finish(self.sandbox.handle(self.vendor, self.vendor.operations[step.operation], at_time))
        if step.operation not in self.vendor.actions:  # actions are not part of the vendor's API
            is_json = response.body is not None and response.media_type == "application/json"
            self.answers[step.operation] = self.value(response.body) if is_json else None
        return response.status

    def filled(self, step: Step) -> Step:
        """The step with members of earlier answers in place of what refers to them."""
        return replace(step, body=self.fill(step.body), params=self.fill(dict(step.params)), path=self.fill(step.path))

    def fill(self, value: Any) -> Any:
        """The value with every `=operation/member/…` in it replaced by that member of the operation's answer."""
        if isinstance(value, dict):
            return {name: self.fill(one) for name, one in value.items()}
        if not isinstance(value, str):
            return value
        before, found, path = value.partition("=")
        if not found or before not in ("", "Bearer ") or path.partition("/")[0] not in self.answers:
            return value
        result: Any = self.answers
        for name in path.split("/"):
            result = result[int(name) if isinstance(result, list) else name]
        return f"{before}{result}"

    def value(self, body: Any) -> Any:
        """The body of an answer as JSON values, with addresses."""
        return json_codec.loads(self.sandbox.links.fill_placeholders(json_codec.dumps(body), ADDRESS))


class _OneSandbox(Sandboxes):
    """A registry whose one sandbox is that of a story."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(sandbox.vendors, _attached, Meters())
        self._only = sandbox

    def cached_by(self, credential: Credential | None) -> Sandbox:
        name = None if credential is None else credential.id
        is_own = name == (NAME if credential is not None and credential.kind == "link" else f"sim-{NAME}")
        return self._only if is_own else self.anonymous

    async def find_by(self, credential: Credential | None, *, may_open: bool = True) -> Sandbox:
        return self.cached_by(credential)


def _attached(sandbox: Sandbox) -> Any:
    raise AssertionError("the sandbox of a story is never registered")


Changed = Callable[[Config, Mapping[str, Any]], Config]
"""Merges settings."""


async def run(vendor: Vendor, example: Example, changed: Changed, serve: Callable[[Sandboxes], App]) -> list[Json]:
    """Send the accepted and the refused request of a rule; each as the journal shows it, with nothing hidden.

    `serve` makes the vendors' endpoint over the one sandbox.
    """
    # In a task of its own: what is noted about these requests must not be taken for what the caller's request has done.
    return await asyncio.wait_for(asyncio.create_task(_run(vendor, example, changed, serve)), WITHIN)


async def _run(vendor: Vendor, example: Example, changed: Changed, serve: Callable[[Sandboxes], App]) -> list[Json]:
    story = Story(vendor, changed(Config(), example.config))
    sandbox, sandboxes = story.sandbox, _OneSandbox(story.sandbox)
    endpoint = serve(sandboxes)
    for step in vendor.interface.story:
        if step.operation == example.accepted.operation:
            break
        story.play(step)
    for step in example.before:
        story.play(step)

    shown = []
    for step, is_refused in ((example.accepted, False), (example.refused, True)):
        if is_refused:
            if example.changed:
                sandbox.configure(changed(sandbox.config, example.changed))
            for between in example.between:
                story.play(between)
            sandbox.set_clock(Clock().freeze(NOW + example.advance))
        recorded = len(sandbox.journal)
        await _send(endpoint, story, step)
        own = sandbox if len(sandbox.journal) > recorded else sandboxes.anonymous
        mask = Mask("", lambda name, secret: secret)
        shown.append(_short(whole_call_view(next(reversed(own.journal)), mask, own.links, None)))
    return shown


async def _send(endpoint: App, story: Story, step: Step) -> None:
    """Send a step over HTTP, but for the connection."""
    step = story.filled(step)
    (row,) = (one for one in story.vendor.endpoints if one.operation.name == step.operation)
    path = step.path.removeprefix(ADDRESS) or row.path.format_map(step.params)
    body = b"" if step.body is None else json_codec.dumps(step.body)
    body = body if step.raw is None else step.raw.encode()
    headers = {"host": ADDRESS.partition("://")[2], **story.fill(dict(story.vendor.interface.headers))}
    if body:
        headers |= {"content-type": step.media_type, "content-length": str(len(body))}
    headers |= step.headers
    scope: Scope = {
        "type": "http", "method": step.method or row.method, "path": path, "raw_path": quote(path).encode(),
        "query_string": urlencode(step.query).encode(), "scheme": "http", "server": ("127.0.0.1", 8787),
        "client": None,
        "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value is not None],
    }  # fmt: skip

    async def receive() -> Json:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        pass  # the journal has the response

    await endpoint(scope, receive, send)


def _short(value: Any) -> Any:
    """A value whose long texts are cut, with their length."""
    if isinstance(value, dict):
        return {name: _short(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_short(one) for one in value]
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"{value[:_SHOWN]}… ({len(value)} characters)"
    return value
