"""Webhooks: send, retry and receive them.

`worker` is the whole story of a delivery; `client` makes one attempt, to an address that `egress` allows after the
top-level module `resolver` has looked it up. When a delivery is due, and what a response means, is in
`core/retry_schedule`; the pending deliveries are part of a sandbox's state (`sandbox/state`). `inbox` is the
built-in receiver, and `ca_certificates` checks the files that options name.
"""
