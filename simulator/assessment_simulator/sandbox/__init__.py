"""Sandboxes: isolated data, clock and webhooks under one name.

Begin with `sandbox`, whose class handles a vendor request and makes every change; it opens with the theory of
operation. The others by what they hold:

- `state` is the part of a sandbox that a snapshot keeps, with the pending webhooks and the clock.
- `registry` finds, creates, loads, releases and deletes sandboxes, and knows their `credentials`; `maintenance` does
  the same for those that no request asks for.
- `commit_queue` holds the commits that are not durable yet; `codec` writes changes, and images of whole sandboxes, as
  bytes for the log (`storage`), and reads them again.
- `advance` moves the clock from one due timer or delivery to the next; `sample_data` creates the demo's invitations.
- `journal` records requests, `watchers` names what event streams and waits are told, and `request_changes` knows
  whether the request in progress has changed anything.

A sandbox belongs to one event loop and is never locked: between two `await`s nothing else can change it. What may fail
is the log (`storage.LogError`); then the data is read again before anything else is done.
"""
