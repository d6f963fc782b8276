"""One local server that behaves like two vendors' assessment APIs: pymetrics (Mercury) and The Predictive Index.

To read the code, begin with `core` (rules, requests and decisions) and `vendors` (what is known of each vendor), which
are pure. Go on with `sandbox` (state and clock), `storage`, `http`, `webhooks` and the other folders, each of which
opens with a description of how it works, then `app`, where all of it is put together, and `runner`, which serves it.
`cli` is the command. `client` uses a running server over HTTP; `pytest_plugin` makes fixtures of it.
"""

__version__ = "0.2.0"
