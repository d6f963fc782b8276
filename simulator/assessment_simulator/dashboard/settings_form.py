"""The settings as a form: a table of fields with labels and help, and what a sent form changes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from assessment_simulator.dashboard.api_client import Form, PageRequest
from assessment_simulator.dashboard.formatting import Vendors
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec


class Field(NamedTuple):
    """A setting in the form. `kind` is text, url, number, lines, or choice with its `choices`; empty means null."""

    name: str
    label: str
    kind: str
    help: str
    choices: tuple[tuple[str, str], ...] = ()


_YES_NO = (("false", "no"), ("true", "yes"))
FIELDS: Mapping[str, tuple[Field, ...]] = {
    "Invitations": (
        Field("progress", "Completes after", "text", "manual, or the time after which an invitation completes by "
              "itself on the sandbox's clock, such as 10s or 2d."),
        Field("invitation_limit", "Most invitations", "number", "A further one gets 503. Empty: no limit."),
        Field("snapshot_limit", "Most snapshots", "number", "A further one is refused."),
    ),
    "The Predictive Index": (
        Field("default_webhook_url", "Webhook URL", "url", "For assessments that name none. Empty: none are sent."),
        Field("positions", "Positions", "lines", "One title in each line; other titles are refused."),
        Field("folders", "Folders", "lines", "One full path in each line; the first is the default."),
        Field("invitation_days", "Days until expiry", "number", "4 to 30."),
        Field("maintenance", "Maintenance", "choice", "Whether every call gets the vendor's 503.", _YES_NO),
    ),
    "pymetrics": (
        Field("webhook_url", "Webhook URL", "url", "An extension of the simulator. Empty: no webhooks are sent."),
        Field("webhook_secret", "Webhook secret", "text", "Signs webhooks. Empty: the published secret."),
        Field("webhook_time", "Time stamp of webhooks", "choice", "The clock that signatures are stamped by.",
              (("sandbox", "the sandbox's clock"), ("real", "this machine's clock"))),
    ),
    "Speed and limits": (
        Field("rate_limit", "Calls per minute", "number", "For each vendor; more get 429. Empty: no limit."),
        Field("webhook_rate", "Webhook attempts per second", "number", "In real time. Empty: no limit."),
        Field("webhook_timeout", "Webhook timeout", "number", "Real seconds in which a listener must answer."),
    ),
}  # fmt: skip
_BEHAVIOUR = "behaviour."


def groups(config: Mapping[str, Any], vendors: Vendors) -> list[tuple[str, list[tuple[Field, str]]]]:
    """The fields by heading, each with its present value; behaviour flags are last."""
    shown = [(title, [(one, _text(config[one.name])) for one in fields]) for title, fields in FIELDS.items()]
    for title, flags in vendors.behaviour_flags:
        fields = [
            (Field(_BEHAVIOUR + flag.id, flag.id, "choice", flag.statement,
                   tuple((_text(value), _text(value) or "null") for value in flag.values)),
             _text(config["behaviour"][flag.id]))
            for flag in flags
        ]  # fmt: skip
        shown.append((f"Behaviour of {title}", fields))
    return shown


def _text(value: Any) -> str:
    """A value as a form shows it."""
    if isinstance(value, list):
        return "\n".join(value)
    return "" if value is None else value if isinstance(value, str) else json_codec.dumps(value).decode()


async def save(page: PageRequest, form: Form) -> None:
    """Change the settings whose fields are not as they were."""
    changes: dict[str, Any] = {}
    for _, fields in groups(await page.get("config"), page.vendors):
        for field, before in fields:
            text = form.get(field.name, "").replace("\r\n", "\n")
            if field.name not in form.sent or text == before.strip():
                continue
            value: Any = text or None
            if field.kind == "lines":
                value = [line.strip() for line in text.split("\n") if line.strip()]
            elif text and (field.kind == "number" or field.choices == _YES_NO):
                value = _number(field, text)
            elif field.name.startswith(_BEHAVIOUR):
                flag = page.vendors.flag(field.name.removeprefix(_BEHAVIOUR))
                value = next((one for one in flag.values if _text(one) == text), text)
                changes.setdefault("behaviour", {})[flag.id] = value
                continue
            changes[field.name] = value
    await page.call("PATCH", "config", changes)


def _number(field: Field, text: str) -> Any:
    try:
        return json_codec.loads(text.encode())
    except ValueError:
        raise Problem(422, f"{field.name}: {text[:40]!r} is no number") from None
