"""Calls about whole sandboxes: create, show, reset, delete; credentials, settings, snapshots, forks and undo.

An undo point is the whole sandbox, with its snapshots and credentials, in the memory of this process. Each sandbox has
one; it survives a reset and the deletion of the sandbox, but no restart of the server.
"""

import secrets
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from assessment_simulator.control import settings
from assessment_simulator.control.bodies import Answer, Body, Count, Moment, must, page
from assessment_simulator.control.operation import ControlCall, no_sandbox
from assessment_simulator.core import webhook_secret
from assessment_simulator.core.config import Config
from assessment_simulator.core.text import SANDBOX_NAME
from assessment_simulator.core.urls import CONTAINER_HINT, names_container_host
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.journal.search import older
from assessment_simulator.sandbox.commit_queue import summary_of
from assessment_simulator.sandbox.registry import AlreadyExists
from assessment_simulator.sandbox.sandbox import Sandbox as LiveSandbox
from assessment_simulator.sandbox.state import Clock, State
from assessment_simulator.storage import Listed, json_codec

View = dict[str, Any]
Seed = Annotated[
    Annotated[int, Field(json_schema_extra={"format": "int64"})] | str,
    # Before the union, whose errors name a member for each of its types.
    BeforeValidator(must("be an integer or a string", lambda value: type(value) in (int, str)).func),
    Field(description="all ids and scores are derived from it; default 0, in closed access a random one"),
]
Name = Annotated[
    str,
    # No constraint by a pattern: the dashboard shows this error to people.
    must("be 1 to 64 of a-z, 0-9 and -", SANDBOX_NAME.fullmatch),
    Field(description="1 to 64 of a-z, 0-9 and -", json_schema_extra={"pattern": f"^{SANDBOX_NAME.pattern}$"}),
]


class Opening(Body):
    """`POST /_simulator/sandboxes`."""

    name: Name | None = Field(None, description="default: a random name")
    seed: Seed = Field(default_factory=int)  # no default in the schema: in closed access it is random
    config: dict[str, Any] = Field({}, description="settings, which `Config` reads")


class Forking(Body):
    """`POST …/fork`."""

    name: Name | None = Field(None, description="default: a random name")


class Opened(Answer):
    """A sandbox that was created."""

    name: str
    seed: Seed
    credentials: dict[str, dict[str, str]] = Field(description="its credentials, by vendor and member")


class Counts(Answer):
    """The number of records in each list."""

    invitations: Count
    deliveries: Count
    journal: Count
    mail: Count


class Sandbox(Answer):
    """A sandbox in short."""

    name: str
    seed: Seed
    now: Moment
    mode: Literal["running", "frozen"]
    snapshots: list[str]
    counts: Counts


class Ownership(Answer):
    """The process that owns a sandbox."""

    log: Literal["memory", "sqlite", "postgresql"]
    server: int | None = Field(description="the id of its session with PostgreSQL")
    address: str | None = Field(description="where other servers forward requests to")


class Snapshot(Answer):
    """A saved state."""

    id: str


class Pending(Answer):
    """What is scheduled in a sandbox."""

    timers: dict[str, Count] = Field(description="how many invitations have each operation as their next event")
    deliveries: Count = Field(description="webhooks that are pending")
    until: Moment | None = Field(description="when the last of them is due, as far as it is known now")


class UndoPoint(Answer):
    """The state that an undo puts back."""

    at: Moment = Field(description="on the sandbox's clock")


async def list_sandboxes(call: ControlCall) -> Iterator[View]:
    """The sandboxes, in the order of their creation, or the newest of them."""
    text, before, newest = (call.query.get(name) for name in ("q", "before", "newest"))
    most = None if newest is None else newest + 1  # `before` is in the list, too
    newest_first = await call.api.sandboxes.listed(most, before, text or "")
    found = (one for one in older(newest_first, before, lambda one: one.name) if (text or "") in one.name)
    return map(sandbox_view, await page(found, newest))


def sandbox_view(sandbox: LiveSandbox | Listed) -> View:
    """A sandbox in short, as JSON values."""
    if isinstance(sandbox, Listed):
        # It is not in this process's memory: another process owns it, nobody does, or it was unloaded when idle. Only
        # an owner has a journal.
        summary, seed, calls = sandbox.summary, sandbox.about["seed"], 0
    else:
        # Read off the sandbox and not the storage: commits that are not written yet are part of the answer.
        summary, seed, calls = json_codec.loads(summary_of(sandbox)), sandbox.seed, len(sandbox.journal)
    clock = Clock(*summary["clock"])
    counts = {**{name: summary[name] for name in ("invitations", "deliveries", "mail")}, "journal": calls}
    return {
        "name": sandbox.name, "seed": seed, "now": clock.now(), "mode": clock.mode,
        "snapshots": summary["snapshots"], "counts": counts,
    }  # fmt: skip


async def create(call: ControlCall, body: Opening) -> View:
    """Create a sandbox."""
    config = settings.changed(call.api.sandboxes.vendors, Config(), body.config)
    if "webhook_secret" in body.config:
        call.notes += webhook_secret.notes(config.webhook_secret)
    # Without a seed closed access draws a random one; the model's default cannot say whether it was given.
    seed = body.seed if "seed" in body.model_fields_set else None
    return await _created(call, body.name, seed, config=config)


async def fork(call: ControlCall, body: Forking) -> View:
    """Create a sandbox that begins with this one's records."""
    return await _created(call, body.name, call.sandbox.seed, state=call.sandbox.state.forked())


async def _created(
    call: ControlCall, name: str | None, seed: int | str | None, *, config: Config | None = None,
    state: State | None = None,
) -> View:  # fmt: skip
    name = name or secrets.token_hex(8)
    try:
        sandbox = await call.api.sandboxes.open(name, seed, config, state)
    except AlreadyExists:
        raise Problem(409, f"there is a sandbox {name!r} already; choose another name, or DELETE it first") from None
    credentials = await call.api.sandboxes.credentials(sandbox)
    return {"name": sandbox.name, "seed": sandbox.seed, "credentials": credentials}


async def show(call: ControlCall) -> View:
    """A sandbox in short."""
    return sandbox_view(call.sandbox)


async def delete(call: ControlCall) -> None:
    """Delete a sandbox."""
    name, sandboxes = call.params["name"], call.api.sandboxes
    # In open access every valid name is that of a sandbox, which the next call would create.
    if not await sandboxes.delete(name) and not (sandboxes.open_access and SANDBOX_NAME.fullmatch(name)):
        raise no_sandbox(name)


async def owner(call: ControlCall) -> View:
    """The process that owns a sandbox: this one, because others forward to it."""
    log = call.api.sandboxes.log
    if log is None:
        return {"log": "memory", "server": None, "address": None}
    return {"log": log.kind, "server": log.owner, "address": log.address or None}


async def reset(call: ControlCall) -> View:
    """Put a sandbox back to its opening state."""
    call.api.sandboxes.reset(call.sandbox)
    return sandbox_view(call.sandbox)


async def renew_credentials(call: ControlCall) -> View:
    """Create new credentials; the old ones, and the tokens issued for them, are no longer valid."""
    sandbox = call.sandbox
    if call.api.sandboxes.open_access:  # the credential is the name
        raise Problem(409, f"in open access sim-{sandbox.name} opens this sandbox, and nothing can change that")
    credentials = await call.api.sandboxes.renew(sandbox)
    return {"name": sandbox.name, "seed": sandbox.seed, "credentials": credentials}


async def show_settings(call: ControlCall) -> bytes:
    """The settings."""
    return json_codec.dumps(settings.shown(call.api.sandboxes.vendors, call.sandbox.config))


async def change_settings(call: ControlCall, changes: View) -> bytes:
    """Merge changes into the settings."""
    sandbox = call.sandbox
    sandbox.configure(settings.changed(sandbox.vendors, sandbox.config, changes))
    if "webhook_secret" in changes:
        call.notes += webhook_secret.notes(sandbox.config.webhook_secret)
    if any(names_container_host(str(changes.get(name))) for name in ("webhook_url", "default_webhook_url")):
        call.hints.append(CONTAINER_HINT)
    return await show_settings(call)


async def create_snapshot(call: ControlCall) -> View:
    """Save the present state."""
    count, most = len(call.sandbox.snapshots), call.sandbox.config.snapshot_limit
    if count >= most:
        what = f"this sandbox has {count} snapshots, and its setting snapshot_limit is {most}"
        raise Problem(409, f"{what}; raise the setting, or DELETE a snapshot")
    return {"id": call.sandbox.snapshot()}


def _snapshot_id(call: ControlCall) -> str:
    snapshots = call.sandbox.snapshots
    id: str = call.params["id"]
    if id not in snapshots:
        raise Problem(404, f"there is no snapshot {id!r}; there are {', '.join(snapshots) or 'none'}")
    return id


async def delete_snapshot(call: ControlCall) -> None:
    """Delete a saved state."""
    call.sandbox.delete_snapshot(_snapshot_id(call))


async def restore_snapshot(call: ControlCall) -> View:
    """Go back to a saved state."""
    call.sandbox.restore(_snapshot_id(call))
    return sandbox_view(call.sandbox)


async def show_pending(call: ControlCall) -> dict[str, Any]:
    """What is scheduled: timers of invitations and pending webhooks."""
    state = call.sandbox.state
    # An invitation has several timers; the first that ends it cancels the others, so only its next one is counted.
    following: dict[str, tuple[int, str]] = {}
    for (id, operation), (at, _, _) in state.timers.items():
        following[id] = min(following.get(id, (at, operation)), (at, operation))
    times = [at for at, _ in following.values()] + [one.due for one in state.pending.values() if one.due is not None]
    timers = Counter(operation for _, operation in following.values())
    return {"timers": timers, "deliveries": len(state.pending), "until": max(times, default=None)}


async def keep(call: ControlCall) -> dict[str, Any]:
    """Keep the present state as the sandbox's undo point, in place of an earlier one."""
    kept, inboxes = call.api.sandboxes.keep(call.sandbox), call.api.inboxes
    if call.sandbox in inboxes:
        inboxes[kept] = inboxes[call.sandbox].copy()
    return {"at": kept.now()}


async def undo(call: ControlCall) -> dict[str, Any]:
    """Put a sandbox back to its undo point, also after its deletion; the undo point is used up."""
    name = call.params["sandbox"]
    sandbox = await call.api.sandboxes.undo(name)
    if sandbox is None:
        raise Problem(404, f"there is nothing to undo in a sandbox {name[:64]!r}: this process has no undo point of it")
    return sandbox_view(sandbox)
