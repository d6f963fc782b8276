"""A fuzzer: invalid requests to a server of its own. `scripts/fuzz` runs it.

What it demands of the server is little, and of every request: an answer in time, none that says that the server failed,
no traceback on standard error, and afterwards a server that still answers.
"""
