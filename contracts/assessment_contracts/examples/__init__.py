"""Clients to read beside the client contracts: one well-behaved, one that is not, and one in JavaScript.

`reference.py` and `adapter.mjs` keep every contract that they claim. `naive.py` is what many of us write first, and
breaks a good part of them: its comments say what goes wrong where. The two `…_sdk….py` put pymetrics' published SDKs
behind the JSON lines; they run in the SDKs' own environments, not in ours.
"""
