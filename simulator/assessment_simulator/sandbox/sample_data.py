"""Samples: invitations that happened in the past."""

from typing import Any

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.core.vendor import Sample, Vendor
from assessment_simulator.sandbox.sandbox import Sandbox


def begin_again(sandbox: Sandbox, *, sampled: bool) -> None:
    """Reset a sandbox, and plant its samples, if it has any; nobody looks at it before both are done."""
    worker, sandbox.worker = sandbox.worker, None
    try:
        sandbox.reset()
        if sampled:
            plant_all(sandbox)
    finally:
        sandbox.worker = worker
    sandbox.wake_worker()


def plant_all(sandbox: Sandbox) -> None:
    """Let every sample of every vendor have happened by now, the oldest first."""
    now = sandbox.now()
    for vendor in sandbox.vendors.values():
        for sample in sorted(vendor.samples(0), key=lambda sample: -sample.age):
            _plant(sandbox, vendor, sample, now - sample.age)


def _plant(sandbox: Sandbox, vendor: Vendor, sample: Sample, at: int) -> None:
    """Let a sample happen in the past, as the vendor decides it under the default settings; no webhook is sent."""
    config = sandbox.config
    sandbox.configure(Config(behaviour=sample.behaviour))
    created = _enact(sandbox, vendor, sample.operation, at, body=sample.body)
    for action in sample.actions:
        _enact(sandbox, vendor, action, at, params={"id": created})
    sandbox.configure(config)


def _enact(sandbox: Sandbox, vendor: Vendor, name: str, at: int, **asked: Any) -> str:
    operation = vendor.operations[name]
    call = VendorRequest(name, at, SeededRandom(sandbox.secret, sandbox.state.sequence + 1), "", **asked)
    decision = operation.decide(call, sandbox)._replace(webhook_events=())
    sandbox.commit(decision, call)
    return next((record.id for record in decision.records if record.kind == vendor.record_kind), "")
