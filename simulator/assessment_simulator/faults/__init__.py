"""Injected faults. `core/faults` decides which fault applies.

`injector` applies faults to vendor requests. Faults on deliveries act in `Sandbox.claim_due` (delay, reorder),
`webhooks/worker` (drop) and `Sandbox.record_attempt` (duplicate).
"""
