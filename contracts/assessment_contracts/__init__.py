"""What the vendors guarantee, as properties that are checked at a server or at a client.

This package speaks HTTP only and imports nothing of the simulator: rule and test must not share one error. Read
`property` (a statement to check), `context` (what it receives) and `runner` (how it is run). A vendor's folder has data
and tests. Data: `sources.toml` (on which page each rule and guarantee stands), `tables.toml` (the vendor's tables of
members) and `invalid_requests.toml`. Tests: plain functions, in modules by topic, which `registry` collects.
`invalid_requests` sends what violates each rule, `webhooks` checks the schedule of webhooks, and `state_machine`
compares requests in any order with the vendors' plain models (`model`). `clients` grades code that calls the vendors.
"""
