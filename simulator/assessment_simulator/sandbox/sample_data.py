"""Sample data: invitations that were created in the past."""

from assessment_simulator.core.config import Config
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.sandbox.sandbox import Sandbox


def add_samples(sandbox: Sandbox) -> None:
    """Add every sample of every vendor, the oldest first, as the vendor decides it under the default settings."""
    now, config = sandbox.now(), sandbox.config
    for vendor in sandbox.vendors.values():
        for sample in sorted(vendor.samples(0), key=lambda sample: -sample.age):
            sandbox.configure(Config(behaviour=sample.behaviour))
            id, at = "", now - sample.age
            for name in (sample.operation, *sample.actions):
                if name == sample.operation:
                    request = VendorRequest(name, at, sandbox.random(), "", body=sample.body)
                else:
                    request = VendorRequest(name, at, sandbox.random(), "", params={"id": id})
                decision = vendor.operations[name].decide(request, sandbox)._replace(webhook_events=())
                sandbox.commit(decision, request)
                id = id or next(record.id for record in decision.records if record.kind == vendor.record_kind)
            sandbox.configure(config)
