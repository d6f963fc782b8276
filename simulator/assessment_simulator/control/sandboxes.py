"""Calls about whole sandboxes: create, show, reset, delete; credentials, settings, snapshots and forks."""

import secrets
from collections.abc import Iterator
from typing import Any

from assessment_simulator.control import settings
from assessment_simulator.control.models.sandboxes import Forking, Opening
from assessment_simulator.control.operation import ControlCall, no_sandbox
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import MAIL
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.sandbox.clock import Clock
from assessment_simulator.sandbox.credentials import Credentials
from assessment_simulator.sandbox.registry import AlreadyExists
from assessment_simulator.sandbox.sandbox import NAME, Sandbox
from assessment_simulator.sandbox.state import State
from assessment_simulator.storage import Listed, json_codec

View = dict[str, Any]


async def list_sandboxes(call: ControlCall) -> Iterator[View]:
    """The sandboxes."""
    return map(_view, await call.api.sandboxes.listed())


async def create(call: ControlCall, body: Opening) -> View:
    """Create a sandbox."""
    config = settings.changed(call.api.sandboxes.vendors, Config(), body.config)
    call.notes += settings.notes(config, body.config)
    # Without a seed closed access draws a random one; the model's default cannot say whether it was given.
    seed = body.seed if "seed" in body.model_fields_set else None
    return await _created(call, body.name, seed, config)


async def fork(call: ControlCall, body: Forking) -> View:
    """Create a sandbox that begins with this one's records."""
    return await _created(call, body.name, call.sandbox.seed, state=call.sandbox.state.forked())


async def _created(
    call: ControlCall, name: str | None, seed: int | str | None, config: Config | None = None,
    state: State | None = None,
) -> View:  # fmt: skip
    name = name or secrets.token_hex(8)
    try:
        sandbox = await call.api.sandboxes.open(name, seed, config, state)
    except AlreadyExists:
        raise Problem(409, f"there is a sandbox {name!r} already; choose another name, or DELETE it first") from None
    return _with_credentials(sandbox, await call.api.sandboxes.credentials(sandbox))


def _with_credentials(sandbox: Sandbox, credentials: Credentials) -> View:
    return {"name": sandbox.name, "seed": sandbox.seed, "credentials": credentials}


async def show(call: ControlCall) -> View:
    """A sandbox in short."""
    return _view(call.sandbox)


def _view(sandbox: Sandbox | Listed) -> View:
    """A sandbox in short: as it is in memory, or, where another process owns it, as the storage describes it."""
    if isinstance(sandbox, Listed):
        stored = sandbox.summary
        counts = {name: stored[name] for name in ("invitations", "deliveries", "mail")}
        clock, seed, snapshots = Clock(*stored["clock"]), sandbox.about["seed"], stored["snapshots"]
        return {
            "name": sandbox.name, "seed": seed, "now": clock.now(), "mode": clock.mode, "snapshots": snapshots,
            "counts": {**counts, "journal": 0},  # the journal is in the owner's memory
        }  # fmt: skip
    state = sandbox.state
    # Counted here and not in the storage: commits that are not written yet are part of the answer.
    return {
        "name": sandbox.name, "seed": sandbox.seed, "now": sandbox.now(), "mode": state.clock.mode,
        "snapshots": [*sandbox.snapshots],
        "counts": {
            "invitations": state.count(sandbox.kinds), "deliveries": len(state.deliveries),
            "journal": len(sandbox.journal), "mail": state.count((MAIL,)),
        },
    }  # fmt: skip


async def delete(call: ControlCall) -> None:
    """Delete a sandbox."""
    name, sandboxes = call.params["name"], call.api.sandboxes
    # In open access every valid name is that of a sandbox, which the next call would create.
    if not await sandboxes.delete(name) and not (sandboxes.open_access and NAME.fullmatch(name)):
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
    return _view(call.sandbox)


async def renew_credentials(call: ControlCall) -> View:
    """Create new credentials; the old ones, and the tokens issued for them, are no longer valid."""
    if call.api.sandboxes.open_access:  # the credential is the name
        raise Problem(409, f"in open access sim-{call.sandbox.name} opens this sandbox, and nothing can change that")
    return _with_credentials(call.sandbox, await call.api.sandboxes.renew(call.sandbox))


async def show_settings(call: ControlCall) -> bytes:
    """The settings."""
    return json_codec.dumps(settings.shown(call.api.sandboxes.vendors, call.sandbox.config))


async def change_settings(call: ControlCall, changes: dict[str, Any]) -> bytes:
    """Merge changes into the settings."""
    sandbox = call.sandbox
    sandbox.configure(settings.changed(sandbox.vendors, sandbox.config, changes))
    call.notes += settings.notes(sandbox.config, changes)
    return await show_settings(call)


async def create_snapshot(call: ControlCall) -> View:
    """Save the present state."""
    count, most = len(call.sandbox.snapshots), call.sandbox.config.snapshot_limit
    if count >= most:
        what = f"this sandbox has {count} snapshots, and its setting snapshot_limit is {most}"
        raise Problem(409, f"{what}; raise the setting, or DELETE a snapshot")
    return {"id": call.sandbox.snapshot()}


async def delete_snapshot(call: ControlCall) -> None:
    """Delete a saved state."""
    call.sandbox.delete_snapshot(_snapshot_id(call))


async def restore_snapshot(call: ControlCall) -> View:
    """Go back to a saved state."""
    call.sandbox.restore(_snapshot_id(call))
    return _view(call.sandbox)


def _snapshot_id(call: ControlCall) -> str:
    id, snapshots = call.params["id"], call.sandbox.snapshots
    if id not in snapshots:
        raise Problem(404, f"there is no snapshot {id!r}; there are {', '.join(snapshots) or 'none'}")
    return id
