"""One local server that behaves like two vendors' assessment APIs: pymetrics (Mercury) and The Predictive Index.

To read the code, begin with `simulator.core` (what rules, calls and decisions are), go on to
`simulator.vendors.pymetrics` and `simulator.vendors.predictive_index` (what is known of each vendor: the same file
names in both), then `simulator.server` (memory, time, HTTP, webhooks), and go on to `simulator.app`, where all of it
is put together. `simulator.client` holds it from outside, over HTTP; `simulator.pytest_plugin` puts that into tests.
"""

__version__ = "0.1.0"
