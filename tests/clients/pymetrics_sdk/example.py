"""Run an example script of the SDK as it was shipped; run by the SDK's own Python.

`example.py URL NAME CONSTANT=VALUE…`: the constants are replaced before the example is imported, as its readers are
told to. After the example's own output comes a line of JSON: `sent`, the paths that it sent requests to, and `error`,
the TypeError that ended it, or null.
"""

import importlib
import json
import sys
from typing import Any
from urllib.parse import urlsplit

import httpx
from pymetrics_assessment_api_client.examples import constants

url, name, *changes = sys.argv[1:]
constants.BASE_URL = url
for change in changes:
    constant, value = change.split("=", 1)
    assert hasattr(constants, constant), constant
    setattr(constants, constant, value)

sent: list[str] = []
request = httpx.request


def noting(method: str, url: str, **more: Any) -> Any:
    """What `httpx.get` and `httpx.post` call, with the path noted."""
    sent.append(urlsplit(url).path)
    return request(method, url, **more)


vars(httpx._api)["request"] = noting  # whichever httpx the type checker may find
error = None
try:
    importlib.import_module(f"pymetrics_assessment_api_client.examples.{name}").main()
except TypeError as raised:
    error = f"TypeError: {raised}"
print(json.dumps({"sent": sent, "error": error}))
