"""Sample data: invitations that were created in the past."""

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.seeded_random import SeededRandom
from assessment_simulator.sandbox.sandbox import Sandbox


def reset(sandbox: Sandbox, *, with_samples: bool) -> None:
    """Reset a sandbox, and add the samples. No webhook is sent before both are done."""
    worker, sandbox.worker = sandbox.worker, None
    try:
        sandbox.reset()
        if with_samples:
            add_samples(sandbox)
    finally:
        sandbox.worker = worker
    sandbox.wake_worker()


def add_samples(sandbox: Sandbox) -> None:
    """Add every sample of every vendor, the oldest first, as the vendor decides it under the default settings."""
    now, config = sandbox.now(), sandbox.config
    for vendor in sandbox.vendors.values():
        for sample in sorted(vendor.samples(0), key=lambda sample: -sample.age):
            sandbox.configure(Config(behaviour=sample.behaviour))
            id, at = "", now - sample.age
            for name in (sample.operation, *sample.actions):
                random = SeededRandom(sandbox.secret, sandbox.state.sequence + 1)
                if name == sample.operation:
                    request = VendorRequest(name, at, random, "", body=sample.body)
                else:
                    request = VendorRequest(name, at, random, "", params={"id": id})
                decision = vendor.operations[name].decide(request, sandbox)._replace(webhook_events=())
                sandbox.commit(decision, request)
                id = id or next(record.id for record in decision.records if record.kind == vendor.record_kind)
            sandbox.configure(config)
