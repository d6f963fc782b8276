"""The SDK's five calls, and refusals of them; run by the SDK's own Python: `calls.py URL CREDENTIAL sync|asyncio`.

Prints a JSON object: for each call its status, the type it was parsed as, and what the SDK makes of it.
"""

import asyncio
import json
import sys
from types import ModuleType
from typing import Any

from pymetrics_assessment_api_client import AuthenticatedClient, Client
from pymetrics_assessment_api_client.api.default import (
    mercury_create_order,
    mercury_get_config,
    mercury_list_orders,
    mercury_o_auth,
    mercury_retrieve_order,
)
from pymetrics_assessment_api_client.models import (
    MercuryCandidate,
    MercuryListOrdersRequest,
    MercuryOrderRequest,
    MercuryOrderRequestMetadata,
    OAuthTokenRequest,
)

url, credential, style = sys.argv[1:]
said: dict[str, Any] = {}


def call(name: str, endpoint: ModuleType, **arguments: Any) -> Any:
    """Make the call in the chosen style and note its outcome under `name`."""
    if style == "sync":
        answer = endpoint.sync_detailed(**arguments)
    else:
        answer = asyncio.run(endpoint.asyncio_detailed(**arguments))
    said[name] = [answer.status_code, type(answer.parsed).__name__, answer.parsed and answer.parsed.to_dict()]
    return answer.parsed


keys = {"client_id": credential, "client_secret": "any", "grant_type": "client_credentials"}
anybody = {"client": Client(base_url=url)}
token = call("token", mercury_o_auth, json_body=OAuthTokenRequest(**keys), **anybody).access_token
known = {"client": AuthenticatedClient(base_url=url, token=token), "x_api_key": credential}
forged = {"client": AuthenticatedClient(base_url=url, token="forged"), "x_api_key": credential}
keyless = {"client": AuthenticatedClient(base_url=url, token=token)}

configuration = call("configuration", mercury_get_config, **known)
metadata = MercuryOrderRequestMetadata()
metadata["job_name"] = "accountant"
wanted = MercuryOrderRequest(
    candidate=MercuryCandidate(
        email="zoë+completes@example.com", first_name="Zoë", last_name="Exämple", external_id="c-1"
    ),
    assessment_id=configuration.assessments[0].id,
    application_id="a-1",
    requisition_id="r-1",
    requisition_title="Accountant",
    metadata=metadata,
    candidate_redirect_url="https://example.com/thanks",
)
created = call("created", mercury_create_order, json_body=wanted, **known)
call("repeated", mercury_create_order, json_body=wanted, **known)
call("found", mercury_retrieve_order, uuid=created.order.id, **known)
call("reported", mercury_retrieve_order, uuid=created.order.id, report=True, **known)
for name, filters in {
    "listed": {"candidate_id": "c-1", "job_application_id": "a-1"},
    "listed by candidate": {"candidate_id": "c-1"},
    "listed by application": {"job_application_id": "a-1"},
    "listed in vain": {"candidate_id": "nobody"},
}.items():
    call(name, mercury_list_orders, json_body=MercuryListOrdersRequest(**filters), **known)

for name, change in {"another grant": {"grant_type": "password"}, "a stranger": {"client_id": "stranger"}}.items():
    call(f"token, {name}", mercury_o_auth, json_body=OAuthTokenRequest(**{**keys, **change}), **anybody)
wanted.assessment_id = "no such assessment"
call("configuration, a forged token", mercury_get_config, **forged)
call("create, an unknown assessment", mercury_create_order, json_body=wanted, **known)
call("create, a forged token", mercury_create_order, json_body=wanted, **forged)
call("create, no key", mercury_create_order, json_body=wanted, **keyless)
call("get, an unknown order", mercury_retrieve_order, uuid="00000000-0000-4000-8000-000000000000", **known)
call("list, no filter", mercury_list_orders, json_body=MercuryListOrdersRequest(), **known)
print(json.dumps(said))
