"""Examples for the vendors' documents: real requests and answers of a story that runs in a sandbox of its own.

The clock is frozen and the seed is fixed, so the examples are always the same.
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
    """Run the vendor's story."""
    config = Config(default_webhook_url=_HOOK, webhook_url=_HOOK)
    sandbox = Sandbox("example", 0, State(config, Clock().freeze(_NOW)), {vendor.id: vendor})
    examples, answers = Examples(sandbox), dict[str, Any]()
    for raw in vendor.interface.story:
        # Later steps name members of earlier answers, such as an id.
        headers = _filled(dict(vendor.interface.headers), answers)
        body, params = _filled(raw.body, answers), _filled(dict(raw.params), answers)
        step = Step(raw.operation, body, params, dict(raw.query), raw.media_type)
        response = _send(vendor, sandbox, step, headers)
        if raw.operation not in vendor.actions:  # actions are not part of the vendor's API
            answers[raw.operation] = value = _value(response, sandbox)
            examples.sent.setdefault(raw.operation, step)
            examples.answered.setdefault((raw.operation, response.status), value)
    return examples


def refused(vendor: Vendor, rule: Rule, examples: Examples) -> Any:
    """The body of the vendor's answer to a request that violates this rule."""
    request = VendorRequest("", _NOW, SeededRandom(b"example", 0), ADDRESS, "GET", f"{vendor.roots[0]}/…")
    return _value(refusal_response(vendor, (rule,), request, examples.sandbox), examples.sandbox)


def _send(vendor: Vendor, sandbox: Sandbox, step: Step, headers: Mapping[str, str]) -> VendorResponse:
    body = MISSING if step.body is None else step.body

    def at_time(now: int, random: SeededRandom, recent: int) -> VendorRequest:
        return VendorRequest(
            step.operation, now, random, ADDRESS, "POST", "", step.params, step.query, headers, step.media_type, body
        )

    return sandbox.handle(vendor, vendor.operations[step.operation], at_time)


def _filled(value: Any, answers: Mapping[str, Any]) -> Any:
    """The value with every `=operation/member/…` in it replaced by that member of the operation's answer."""
    if isinstance(value, dict):
        return {name: _filled(one, answers) for name, one in value.items()}
    if not isinstance(value, str):
        return value
    before, found, path = value.partition("=")
    if not found or before not in ("", "Bearer ") or path.partition("/")[0] not in answers:
        return value
    result: Any = answers
    for name in path.split("/"):
        result = result[name]
    return f"{before}{result}"


def _value(response: VendorResponse, sandbox: Sandbox) -> Any:
    """The body of an answer as JSON values; None for a file."""
    if response.body is None or response.media_type != "application/json":
        return None
    return json_codec.loads(sandbox.links.fill_placeholders(json_codec.dumps(response.body), ADDRESS))
