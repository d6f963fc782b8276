"""The SDK's six calls; run by the SDK's own Python: `six_calls.py URL CREDENTIAL PACKAGE ASSESSMENT`.

`PACKAGE` is one of the two import packages that the SDK ships. Prints a JSON object: for each call its status, the type
it was parsed as (or what the SDK raised after the answer had come), and what the SDK makes of it.
"""

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

url, credential, package, assessment = sys.argv[1:]
sdk = importlib.import_module(package)
configuration = importlib.import_module(f"{package}.configuration")
api_client = sdk.ApiClient(configuration.Configuration(host=url))
api = importlib.import_module(f"{package}.api.default_api").DefaultApi(api_client)
models = importlib.import_module(f"{package}.models")
said: dict[str, Any] = {}


def call(name: str, operation: Callable[..., Any], **arguments: Any) -> Any:
    """Make the call and note its outcome under `name`."""
    try:
        parsed, status, _ = operation(**arguments)
    except AttributeError as raised:
        said[name] = [api_client.last_response.status, f"{type(raised).__name__}: {raised}", None]
        return None
    said[name] = [status, type(parsed).__name__, parsed.to_dict()]
    return parsed


keys = models.OAuthRequest(client_id=credential, client_secret="any", grant_type="client_credentials")
token = call("token", api.mercury_o_auth_v2_with_http_info, o_auth_request=keys)
access = {"authorization": f"Bearer {token.access_token}", "x_api_key": credential}

call("configuration", api.mercury_get_config_v2_with_http_info, **access)
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
created = call("created", api.mercury_create_order_v2_with_http_info, order_request=wanted, **access)
call("repeated", api.mercury_create_order_v2_with_http_info, order_request=wanted, **access)
id = created.order.id
call("found", api.mercury_retrieve_order_v2_with_http_info, uuid=id, report=False, **access)
call("reported", api.mercury_retrieve_order_v2_with_http_info, uuid=id, report=True, **access)
for name, filters in {
    "listed": {"candidate_id": "c 1&x=é", "job_application_id": "a-1"},
    "listed by candidate": {"candidate_id": "c 1&x=é"},
    "listed by application": {"candidate_id": "", "job_application_id": "a-1"},
    "listed in vain": {"candidate_id": "nobody"},
}.items():
    call(name, api.mercury_list_orders_v2_with_http_info, **filters, **access)
call("factors", api.mercury_retrieve_factor_content_with_http_info, uuid=id, **access)
print(json.dumps(said, default=str))
