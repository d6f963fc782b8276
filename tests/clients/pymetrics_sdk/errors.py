"""Calls that must be refused; run by the SDK's own Python: `errors.py URL CREDENTIAL`.

Prints a JSON object: for each call its status, the type it was parsed as, and what the SDK makes of it.
"""

import json
import sys
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
    OAuthTokenRequest,
)

url, credential = sys.argv[1:]
anybody = Client(base_url=url)
right = {"client_id": credential, "client_secret": "any", "grant_type": "client_credentials"}
token = mercury_o_auth.sync(client=anybody, json_body=OAuthTokenRequest(**right)).access_token
known = {"client": AuthenticatedClient(base_url=url, token=token), "x_api_key": credential}
forged = {"client": AuthenticatedClient(base_url=url, token="forged"), "x_api_key": credential}
keyless = {"client": AuthenticatedClient(base_url=url, token=token)}


def keys(**change: str) -> Any:
    """A token request, changed."""
    return OAuthTokenRequest(**{**right, **change})


order = MercuryOrderRequest(
    candidate=MercuryCandidate(email="ada@example.com"), assessment_id="no such assessment", application_id="a-1"
)
nothing = "00000000-0000-4000-8000-000000000000"
refused = {
    "token, another grant": mercury_o_auth.sync_detailed(client=anybody, json_body=keys(grant_type="password")),
    "token, a stranger": mercury_o_auth.sync_detailed(client=anybody, json_body=keys(client_id="stranger")),
    "configuration, a forged token": mercury_get_config.sync_detailed(**forged),
    "create, an unknown assessment": mercury_create_order.sync_detailed(json_body=order, **known),
    "create, a forged token": mercury_create_order.sync_detailed(json_body=order, **forged),
    "create, no key": mercury_create_order.sync_detailed(json_body=order, **keyless),
    "get, an unknown order": mercury_retrieve_order.sync_detailed(uuid=nothing, **known),
    "list, no filter": mercury_list_orders.sync_detailed(json_body=MercuryListOrdersRequest(), **known),
}
print(
    json.dumps(
        {
            name: [answer.status_code, type(answer.parsed).__name__, answer.parsed and answer.parsed.to_dict()]
            for name, answer in refused.items()
        }
    )
)
