"""Failures of servers, of the database and of the network between them, and what callers and listeners see of them.

`cluster` starts several servers on one database, behind a balancer that sends each request to the next server. `load`
calls them and notes what was acknowledged. `verdict` compares that with what is there afterwards, and with the webhooks
that came. The tests are named by what fails. `scripts/crash --engine` repeats them,
with more timers.
"""
