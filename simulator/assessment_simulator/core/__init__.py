"""The functional core: how a vendor's request becomes a decision. Nothing here reads a clock, draws chance or does I/O.

A vendor is a table (`vendor.Vendor`): endpoints with rules, a state machine, behaviour flags. Its only entry is
`vendor.handle`, for HTTP requests, candidates' pages, timers and the control API alike:

1. the vendor normalizes the request (`request.VendorRequest`), which carries the time and a seeded random source;
2. `violated_rules` checks the operation's rules, stage by stage; the first stage with violations refuses;
3. otherwise the operation decides. It may look at the sandbox (`sandbox_view.SandboxView`), and changes nothing;
4. the `decision.Decision` holds the response, and the records, webhook events and timers that go with it. The sandbox
   applies them all or none.

Equal requests, settings and records give equal decisions: ids, tokens and scores come from the seed and the number of
the commit (`seeded_random`). Base URLs and link seals are placeholders in stored records, filled in when a response
leaves (`links`). Invalid input never raises, a rule refuses it: an exception here is a bug.

Beside it are the retry schedule of webhooks (`retry_schedule`), injected faults (`faults`), the candidate's
`questionnaire`, the `outcome_tags` in e-mail addresses, and the schemas of the OpenAPI documents (`schema`).
"""
