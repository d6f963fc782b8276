"""Calls that must be refused; run by the SDK's own Python: `refusals.py URL CREDENTIAL PACKAGE ASSESSMENT`.

`PACKAGE` is one of the two import packages that the SDK ships. Prints a JSON object: for each call the exception that
the SDK raised, its status, and the body that it carries.
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

url, credential, package, assessment = sys.argv[1:]
sdk = importlib.import_module(package)
configuration = importlib.import_module(f"{package}.configuration")
exceptions = importlib.import_module(f"{package}.exceptions")
models = importlib.import_module(f"{package}.models")
api = importlib.import_module(f"{package}.api.default_api").DefaultApi(
    sdk.ApiClient(configuration.Configuration(host=url))
)


def keys(**change: str) -> Any:
    """A token request, changed."""
    right = {"client_id": credential, "client_secret": "any", "grant_type": "client_credentials"}
    return models.OAuthRequest(**{**right, **change})


def wish(**change: Any) -> Any:
    """An order request, changed."""
    right = {"candidate": {"email": "ada@example.com"}, "assessment_id": assessment, "application_id": "a-1"}
    return {**right, **change}


token = api.mercury_o_auth_v2(o_auth_request=keys()).access_token
known = {"authorization": f"Bearer {token}", "x_api_key": credential}
forged = {**known, "authorization": "Bearer forged"}
keyless = {"authorization": known["authorization"]}
begun = api.mercury_create_order_v2(order_request=wish(), **known).order.id
nothing = "00000000-0000-4000-8000-000000000000"

CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "token, no body": (api.mercury_o_auth_v2, {}),
    "token, another grant": (api.mercury_o_auth_v2, {"o_auth_request": keys(grant_type="password")}),
    "token, a stranger": (api.mercury_o_auth_v2, {"o_auth_request": keys(client_id="stranger")}),
    "configuration, a forged token": (api.mercury_get_config_v2, forged),
    "create, no address": (api.mercury_create_order_v2, {"order_request": wish(candidate={}), **known}),
    "create, an unknown assessment": (api.mercury_create_order_v2, {"order_request": wish(assessment_id="x"), **known}),
    "create, no key": (api.mercury_create_order_v2, {"order_request": wish(), **keyless}),
    "get, an unknown order": (api.mercury_retrieve_order_v2, {"uuid": nothing, **known}),
    "list, no filter": (api.mercury_list_orders_v2, known),
    "list, an empty filter": (api.mercury_list_orders_v2, {"candidate_id": "", **known}),
    "factors, an unknown order": (api.mercury_retrieve_factor_content, {"uuid": "a/b", **known}),
    "factors, no results": (api.mercury_retrieve_factor_content, {"uuid": begun, **known}),
}
refused: dict[str, Any] = {}
for name, (operation, arguments) in CALLS.items():
    try:
        operation(**arguments)
    except exceptions.ApiException as raised:
        refused[name] = [type(raised).__name__, raised.status, json.loads(raised.body)]
print(json.dumps(refused))
