"""The public interface: what users may rely on from one version to the next, as far as possible read off the program.

`python -m tests.public_interface` renews `docs/public-interface.json`: lists of lines, one for each entry. The list
`removed` keeps each entry that was removed or changed since the interface was frozen (0.2.0); CHANGELOG.md must quote
each of them in backticks. Exit statuses and a few names of variables are written here by hand.
"""

import asyncio
import inspect
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from starlette.requests import Request

from assessment_contracts.clients import adapter
from assessment_contracts.clients.features import FEATURES
from assessment_contracts.target import KEYS
from assessment_simulator import aio, client, pytest_plugin
from assessment_simulator.app import VENDORS, documents
from assessment_simulator.cli import main
from assessment_simulator.control import server
from assessment_simulator.control.operation import ControlCall
from assessment_simulator.control.router import ControlApi
from assessment_simulator.core.faults import KINDS
from assessment_simulator.core.outcome_tags import TAGS
from assessment_simulator.counters import Meters
from assessment_simulator.dashboard.routes import PAGES
from assessment_simulator.http.asgi import REQUEST_ID
from assessment_simulator.http.base_url import BaseUrl
from assessment_simulator.http.cross_origin import EXPOSED
from assessment_simulator.sandbox.registry import Sandboxes
from assessment_simulator.settings import PREFIX, Settings
from assessment_simulator.testing import sandbox as parts
from assessment_simulator.testing import webhook_listener
from assessment_simulator.testing.calls import fetched
from assessment_simulator.webhooks.client import WebhookClient
from assessment_simulator.webhooks.egress import Policy
from assessment_simulator.webhooks.worker import WebhookWorker

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docs" / "public-interface.json"
Interface = dict[str, list[str]]

EXIT_STATUSES = {
    "clock": "0 advanced, 1 no server answers or it refuses, 2 wrong arguments",
    "complete": "0 completed, 1 no server answers or it refuses, 2 wrong arguments",
    "check": "0 nothing failed, 1 something failed, 2 could not be run",
    "demo": "0 finished, 1 the server did not start",
    "doctor": "0 nothing failed, 1 something failed",
    "env": "0 printed, 1 no server answers or it refuses, 2 wrong arguments",
    "http-file": "0 printed, 2 wrong arguments",
    "compare": "0 what was checked agrees, 1 something differs, 2 could not be read, 3 something could not be checked, "
    "4 nothing was exercised",
    "record": "0 stopped by a signal, 1 could not start, 2 wrong options",
    "redact": "0 redacted, 1 could not be read or written",
    "requests": "0 printed, 1 no server answers or it refuses, 2 wrong arguments",
    "openapi": "0 printed, 2 wrong arguments",
    "ready": "0 a server answers, 1 none does",
    "run": "that of the command, 128 and the signal's number if one ended it, 126 or 127 if it cannot be run",
    "serve": "0 stopped by a signal, 1 could not start or serve, 2 wrong options",
}
# Classes that tests reach from the fixture; those in `IMPORTED` are also imported by name.
HANDLE = (
    client.Simulator, client.SimulatorServer, client.SimulatorError, parts.Pymetrics, parts.PredictiveIndex,
    parts.Clock, parts.Deliveries, parts.Faults, parts.Invitations, parts.Journal,
    parts.Snapshot, webhook_listener.Webhook, parts.Webhooks,
)  # fmt: skip
IMPORTED = (client.Simulator, client.SimulatorServer, client.SimulatorError)
# Variables `SIMULATOR_…` that belong to no option.
OTHER_VARIABLES = ("CONTROL_TOKEN", "LISTENER_HOST", "LISTENER_URL", "URL")


def interface() -> Interface:
    """Every entry of the public interface, sorted within its kind."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    described = {name: documents().get(name) for name in documents().names}
    operations = [
        (f"{name}: {method.upper()} {path}", operation)
        for name, document in described.items()
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    found: dict[str, Iterator[str] | list[str]] = {
        "commands": _commands(main),
        "exit statuses": [f"{command}: {statuses}" for command, statuses in EXIT_STATUSES.items()],
        "environment variables": [
            *(f"{PREFIX}{one.name.upper()}" for one in main.commands["serve"].params if one.name),
            *(PREFIX + name for name in OTHER_VARIABLES),
            *(name for names in KEYS.values() for name in names),
        ],
        "extras": [*project["optional-dependencies"]],
        "console scripts": [*project["scripts"]],
        "pytest plugins": [*project["entry-points"]["pytest11"]],
        "paths": [f"{place} -> {' '.join(sorted(operation['responses']))}" for place, operation in operations],
        "parameters": [
            f"{place} {one['in']} {one['name']}{' (required)' if one.get('required') else ''}"
            for place, operation in operations
            for one in operation.get("parameters", ())
            if one["in"] != "path"
        ],
        "members": [
            line
            for name, document in described.items()
            for shape, schema in document["components"]["schemas"].items()
            for line in _within(f"{name}: {shape}", schema)
        ],
        "pages": ["/", *(f"/sandboxes/{{name}}{page.path}" for page in PAGES)],
        "response headers": [*EXPOSED],
        "request headers": [REQUEST_ID.decode()],
        "fixtures": _fixtures(),
        "handle": [
            *(line for kind in HANDLE for line in _public(kind)),
            f"assessment_simulator.aio.Simulator{_parameters(aio.Simulator)}",
        ],
        "server settings": [f"Settings({name})" for name in inspect.signature(Settings).parameters],
        "metrics": _metrics(),
        "rules": [rule.id for vendor in VENDORS.values() for rule in vendor.rules],
        "behaviour flags": [
            f"{switch.id}: {', '.join(json.dumps(value) for value in switch.values)}"
            for vendor in VENDORS.values()
            for switch in vendor.behaviour_flags
        ],
        "states and actions": [
            f"{vendor.id} {what}"
            for vendor in VENDORS.values()
            for what in (
                *(f"action {action}" for action in vendor.actions),
                *(f"state {state}" for state in vendor.state_machine.states),
            )
        ],
        "faults": [f"{on}: {do}" for on, kinds in KINDS.items() for do in kinds],
        "outcome tags": [*TAGS],
        "adapter": _adapter(),
    }
    return {kind: sorted(set(lines)) for kind, lines in found.items()}


def _commands(command: click.Command, path: str = "") -> Iterator[str]:
    """Every command with its arguments and options. Help texts and defaults are free to change."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):  # `check` is loaded on first use
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _commands(inner, f"{path} {name}".strip())
        return
    yield path
    for one in command.params:
        if isinstance(one, click.Option):
            takes = "" if one.is_flag else f" {one.type.name}"
            for name in one.opts:
                yield f"{path} {name}{takes}{' (several)' if one.multiple else ''}"
        else:
            yield f"{path} argument {one.name}{'' if one.required else ' (optional)'}"


def _within(place: str, schema: Mapping[str, Any]) -> Iterator[str]:
    """Every member of a JSON shape, with its types."""
    required = schema.get("required", ())
    for member, inner in schema.get("properties", {}).items():
        here = f"{place}.{member}"
        yield f"{here}: {_kind(inner)}{' (required)' if member in required else ''}"
        yield from _within(here, inner)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _within(place, one)
    if isinstance(schema.get("items"), Mapping):
        yield from _within(f"{place}[]", schema["items"])


def _kind(schema: Mapping[str, Any]) -> str:
    """The types of a value, in a word or two."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
    if choices:
        return "|".join(dict.fromkeys(_kind(one) for one in choices))
    if "enum" in schema:
        return "|".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    kind = schema.get("type", "any")
    kinds = [kind] if isinstance(kind, str) else kind
    named = [f"{one} of {_kind(schema.get('items') or {})}" if one == "array" else one for one in kinds]
    return "|".join(named)


def _fixtures() -> Iterator[str]:
    for name, value in vars(pytest_plugin).items():
        if name.startswith("simulator"):
            marker = getattr(value, "_fixture_function_marker", None) or getattr(value, "_pytestfixturefunction", None)
            scope = getattr(marker, "scope", "")
            yield f"{name} ({scope})"
    source = inspect.getsource(pytest_plugin)
    yield from re.findall(r'"(--[a-z-]+)"', source)


def _public(kind: type) -> Iterator[str]:
    """The public members of a documented class, methods with their parameters."""
    yield f"assessment_simulator.client.{kind.__name__}{_parameters(kind)}" if kind in IMPORTED else kind.__name__
    own = [one for one in kind.__mro__ if one.__module__.startswith("assessment_simulator")]
    source = "".join(map(inspect.getsource, own))
    names = {name for name in (*dir(kind), *getattr(kind, "__annotations__", ())) if not hasattr(Exception, name)}
    names |= {*re.findall(r"^        self\.(\w+)(?:: [^=]+)? = ", source, re.MULTILINE)}
    for name in sorted(names):
        if not name.startswith("_"):
            is_read = isinstance(inspect.getattr_static(kind, name, None), fetched)
            member = None if is_read else getattr(kind, name, None)
            yield f"{kind.__name__}.{name}{_parameters(member) if inspect.isfunction(member) else ''}"


def _parameters(function: Any) -> str:
    names = [
        ("*" if one.kind is one.VAR_POSITIONAL else "**" if one.kind is one.VAR_KEYWORD else "") + one.name
        + ("" if one.default is one.empty else "=")
        for one in inspect.signature(function).parameters.values()
        if one.name != "self"
    ]  # fmt: skip
    return f"({', '.join(names)})"


def _metrics() -> list[str]:
    client, meters = WebhookClient(Policy(())), Meters()
    sandboxes = Sandboxes(VENDORS, lambda sandbox: WebhookWorker(sandbox, client, meters), meters)
    call = ControlCall(ControlApi(sandboxes, client, BaseUrl(), "0"), Request({"type": "http"}), None)
    asyncio.run(server.metrics(call))
    found = meters.registry.collect() if meters.registry else ()
    return [f"{one.name} ({one.type})" for one in found if one.name.startswith("simulator")]


def _adapter() -> Iterator[str]:
    for protocol in (adapter.PymetricsClient, adapter.PredictiveIndexClient, adapter.WebhookReceiver):
        for name, member in vars(protocol).items():
            if not name.startswith("_"):
                yield f"{protocol.__name__}.{name}{_parameters(member)}"
    yield from (f"constructor {name}" for name in adapter.OPENING)
    yield from (f"ClientError kind {kind}" for kind in adapter.KINDS)
    yield f"ClientError{_parameters(adapter.ClientError.__init__)}"
    for shape in (adapter.Created, adapter.Request):
        yield from (f"{shape.__name__}.{member}" for member in shape.__annotations__)
    for feature in FEATURES.values():
        yield f"feature {feature.id}: {', '.join(feature.methods)}".rstrip(": ")


def renewed(known: Mapping[str, list[str]], now: Interface) -> Interface:
    """The file's new content: what is there now, and what was dropped since the interface was frozen."""
    gone = {f"{kind}: {line}" for kind, lines in known.items() if kind != "removed" for line in lines}
    gone -= {f"{kind}: {line}" for kind, lines in now.items() for line in lines}
    there = {f"{kind}: {line}" for kind, lines in now.items() for line in lines}
    return {**now, "removed": sorted((gone | {*known.get("removed", ())}) - there)}


if __name__ == "__main__":
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    FILE.write_text(json.dumps(renewed(known, interface()), indent=1, ensure_ascii=False) + "\n")
    print(FILE.relative_to(ROOT), file=sys.stderr)  # noqa: T201
