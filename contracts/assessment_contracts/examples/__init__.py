"""Clients to read beside the client contracts: good ones, bad ones, and some with a few bugs planted.

`reference.py` and `adapter.mjs` keep every contract that they claim. `naive.py` is what many of us write first, and
violates a good part of them: its comments say what goes wrong where. The three `planted…` are clients as one finds them
in production, with three or four bugs each, and nothing else that is wrong; the Python ones need httpx and tenacity.
The two `…_sdk….py` put pymetrics' published SDKs behind the JSON lines; they run in the SDKs' own environments.
"""
