"""The world around the vendors: HTTP, memory, time and webhooks. Nothing here knows a vendor by name.

Read in this order: `state` (what a sandbox remembers), `sandbox` (the one place where it changes), `http` (requests
in), `dispatcher` (webhooks out), `control` (the API by which people and tests turn the knobs).

Where to find what stands by its side:

- a call's way in and out: `protocol`, `joined`, `response`, `http`, `guard`, `address`, `routes`, `trouble`;
- memory: `memory` (the effects there are), `state`, `watched`, `sandbox`, `sandboxes`, `unreadable`, `log/`;
- time that is turned: `clock`, `clock_control`, `advance`;
- webhooks: `dispatcher`, `sender`, `egress` (where they may go), `owed` and `queue` (what waits), `catching`;
- what came in: `journal` and what shows it (`har`, `curl`, `exchanges`), `coverage`;
- an invitation's life: `lives` (its states), `history`, `timeline`;
- waiting and telling: `awaited` (what is waited for), `awaiting` (who waits), `news` (what they are told), `events` and
  `hub` (streams);
- other processes: `keeper` (the log's), `family` (asks them), `hearing` (listens to them), `peer_wire`;
- people: `dashboard/`, `candidate`, `frame` and `templates/` (pages), `press` (reports and pictures), `letter` (mails).
"""
