"""One local server that behaves like two vendors' assessment APIs: pymetrics (Mercury) and The Predictive Index.

To read the code, begin with `core` (rules, calls and decisions). Go on with `vendors.pymetrics` and
`vendors.predictive_index` (what is known of each vendor), then `server` (memory, time, HTTP, webhooks), then `app`,
where all of it is put together. `client` uses a running server over HTTP; `pytest_plugin` makes fixtures of it.
"""

__version__ = "0.2.0"
