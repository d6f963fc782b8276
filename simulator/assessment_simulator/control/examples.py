"""Examples for the documents: a vendor's story is played in a sandbox of its own, and what went in and out is kept.

So no example can be untrue: it is what the program answered. The clock stands still and the seed is fixed, so they are
the same every time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.instant import DAY
from assessment_simulator.core.request import MISSING, VendorRequest, VendorResponse
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.schema import Step
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.vendor import Vendor, refusal_response
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.sandbox import Sandbox
from assessment_simulator.sandbox.state import State
from assessment_simulator.storage import json_codec

ADDRESS = "http://127.0.0.1:8787"
"""Where the examples are served from: the address that a server without options has."""
_NOW = 20_454 * DAY  # 2026-01-01
_HOOK = "https://client.example/hook"


@dataclass(frozen=True, slots=True)
class Examples:
    """What was sent, and what was answered by status, for each operation; the sandbox is as the story left it."""

    sandbox: Sandbox
    sent: dict[str, Step] = field(default_factory=dict)
    answered: dict[tuple[str, int], Any] = field(default_factory=dict)


def played(vendor: Vendor) -> Examples:
    """The vendor's story, played from its beginning to its end."""
    config = Config(default_webhook_url=_HOOK, webhook_url=_HOOK)
    sandbox = Sandbox("example", 0, State(config, Clock().freeze(_NOW)), {vendor.id: vendor})
    examples, said = Examples(sandbox), dict[str, Any]()
    for raw in vendor.interface.story:
        headers = _filled(dict(vendor.interface.headers), said)
        step = Step(
            raw.operation, _filled(raw.body, said), _filled(dict(raw.params), said), dict(raw.query), raw.media_type
        )
        reply = _play(vendor, sandbox, step, headers)
        if raw.operation not in vendor.actions:
            said[raw.operation] = value = _value(reply, sandbox)
            examples.sent.setdefault(raw.operation, step)
            examples.answered.setdefault((raw.operation, reply.status), value)
    return examples


def refused(vendor: Vendor, rule: Rule, examples: Examples) -> Any:
    """The body that the vendor answers to a call that breaks this rule."""
    call = VendorRequest("", _NOW, SeededRandom(b"example", 0), ADDRESS, "GET", f"{vendor.roots[0]}/…")
    return _value(refusal_response(vendor, (rule,), call, examples.sandbox), examples.sandbox)


def _play(vendor: Vendor, sandbox: Sandbox, step: Step, headers: Mapping[str, str]) -> VendorResponse:
    def ask(now: int, draw: SeededRandom, recent: int) -> VendorRequest:
        body = MISSING if step.body is None else step.body
        return VendorRequest(
            step.operation, now, draw, ADDRESS, "POST", "", step.params, step.query, headers, step.media_type, body
        )

    return sandbox.handle(vendor, vendor.operations[step.operation], ask)


def _filled(value: Any, said: Mapping[str, Any]) -> Any:
    """The value with every `=operation/member/…` in it replaced by what that operation answered."""
    if isinstance(value, dict):
        return {name: _filled(one, said) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    before, found, path = value.partition("=")
    if not found or before not in ("", "Bearer ") or path.partition("/")[0] not in said:
        return value
    result: Any = said
    for name in path.split("/"):
        result = result[name]
    return f"{before}{result}"


def _value(reply: VendorResponse, sandbox: Sandbox) -> Any:
    """An answer as JSON values; None where it is a file."""
    if reply.body is None or reply.media_type != "application/json":
        return None
    return json_codec.loads(sandbox.links.fill_placeholders(json_codec.dumps(reply.body), ADDRESS))
