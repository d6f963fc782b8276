"""A fuzzer: requests that nobody would send, to a server of its own. `scripts/fuzz` lets it run.

What it demands of the server is little, and of every request: an answer in time, none that says that the server failed,
no traceback on standard error, and afterwards a server that still answers.
"""
