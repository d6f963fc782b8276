"""The SDK's six calls, and refusals of them; run by the SDK's own Python: `calls.py URL CREDENTIAL PACKAGE ASSESSMENT`.

`PACKAGE` is one of the two import packages that the SDK ships. Prints a JSON object: for each call its status, the type
it was parsed as (or what the SDK raised), and what the SDK makes of it.
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
api_client = sdk.ApiClient(configuration.Configuration(host=url))
api = importlib.import_module(f"{package}.api.default_api").DefaultApi(api_client)
token_call = api.mercury_o_auth_v2_with_http_info
create = api.mercury_create_order_v2_with_http_info
retrieve = api.mercury_retrieve_order_v2_with_http_info
find = api.mercury_list_orders_v2_with_http_info
factors = api.mercury_retrieve_factor_content_with_http_info
said: dict[str, Any] = {}


def call(name: str, operation: Callable[..., Any], **arguments: Any) -> Any:
    """Make the call and note its outcome under `name`."""
    try:
        parsed, status, _ = operation(**arguments)
    except exceptions.ApiException as raised:
        said[name] = [raised.status, type(raised).__name__, json.loads(raised.body)]
        return None
    except AttributeError as raised:
        said[name] = [api_client.last_response.status, f"{type(raised).__name__}: {raised}", None]
        return None
    said[name] = [status, type(parsed).__name__, parsed.to_dict()]
    return parsed


keys = {"client_id": credential, "client_secret": "any", "grant_type": "client_credentials"}
token = call("token", token_call, o_auth_request=models.OAuthRequest(**keys))
known = {"authorization": f"Bearer {token.access_token}", "x_api_key": credential}

call("configuration", api.mercury_get_config_v2_with_http_info, **known)
wanted = models.OrderRequest(
    candidate=models.MercuryCandidate(
        email="zoë+completes@example.com", first_name="Zoë", last_name="Exämple", external_id="c 1&x=é"
    ),
    assessment_id=assessment,
    application_id="a-1",
    requisition_id="r-1",
    requisition_title="Accountant",
    metadata={"job_name": "accountant"},
    candidate_redirect_url="https://example.com/thanks",
)
created = call("created", create, order_request=wanted, **known)
call("repeated", create, order_request=wanted, **known)
id = created.order.id
call("found", retrieve, uuid=id, report=False, **known)
call("reported", retrieve, uuid=id, report=True, **known)
for name, filters in {
    "listed": {"candidate_id": "c 1&x=é", "job_application_id": "a-1"},
    "listed by candidate": {"candidate_id": "c 1&x=é"},
    "listed by application": {"candidate_id": "", "job_application_id": "a-1"},
    "listed in vain": {"candidate_id": "nobody"},
}.items():
    call(name, find, **filters, **known)
call("factors", factors, uuid=id, **known)

forged = {**known, "authorization": "Bearer forged"}
keyless = {"authorization": known["authorization"]}
wish = {"candidate": {"email": "ada@example.com"}, "assessment_id": assessment, "application_id": "a-2"}
begun = create(order_request=wish, **known)[0].order.id
call("token, no body", token_call)
for name, change in {"another grant": {"grant_type": "password"}, "a stranger": {"client_id": "stranger"}}.items():
    call(f"token, {name}", token_call, o_auth_request=models.OAuthRequest(**{**keys, **change}))
call("configuration, a forged token", api.mercury_get_config_v2_with_http_info, **forged)
call("create, no address", create, order_request={**wish, "candidate": {}}, **known)
call("create, an unknown assessment", create, order_request={**wish, "assessment_id": "x"}, **known)
call("create, no key", create, order_request=wish, **keyless)
call("get, an unknown order", retrieve, uuid="00000000-0000-4000-8000-000000000000", **known)
call("list, no filter", find, **known)
call("list, an empty filter", find, candidate_id="", **known)
call("factors, an unknown order", factors, uuid="a/b", **known)
call("factors, no results", factors, uuid=begun, **known)
print(json.dumps(said, default=str))
