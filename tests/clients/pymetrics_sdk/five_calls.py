"""The SDK's five calls; run by the SDK's own Python: `five_calls.py URL CREDENTIAL sync|asyncio`.

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


keys = OAuthTokenRequest(client_id=credential, client_secret="any", grant_type="client_credentials")
token = call("token", mercury_o_auth, client=Client(base_url=url), json_body=keys)
client = AuthenticatedClient(base_url=url, token=token.access_token)

configuration = call("configuration", mercury_get_config, client=client, x_api_key=credential)
metadata = MercuryOrderRequestMetadata()
metadata["job_name"] = "accountant"
wanted = MercuryOrderRequest(
    candidate=MercuryCandidate(email="zoë@example.com", first_name="Zoë", last_name="Exämple", external_id="c-1"),
    assessment_id=configuration.assessments[0].id,
    application_id="a-1",
    requisition_id="r-1",
    requisition_title="Accountant",
    metadata=metadata,
    candidate_redirect_url="https://example.com/thanks",
)
created = call("created", mercury_create_order, client=client, x_api_key=credential, json_body=wanted)
call("repeated", mercury_create_order, client=client, x_api_key=credential, json_body=wanted)
call("found", mercury_retrieve_order, client=client, x_api_key=credential, uuid=created.order.id)
call("reported", mercury_retrieve_order, client=client, x_api_key=credential, uuid=created.order.id, report=True)
for name, filters in {
    "listed": {"candidate_id": "c-1", "job_application_id": "a-1"},
    "listed by candidate": {"candidate_id": "c-1"},
    "listed by application": {"job_application_id": "a-1"},
    "listed in vain": {"candidate_id": "nobody"},
}.items():
    call(name, mercury_list_orders, client=client, x_api_key=credential, json_body=MercuryListOrdersRequest(**filters))
print(json.dumps(said))
