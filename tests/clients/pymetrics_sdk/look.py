"""Look at one order; run by the SDK's own Python: `look.py URL CREDENTIAL ORDER`. Prints it as the SDK reads it."""

import json
import sys

from pymetrics_assessment_api_client import AuthenticatedClient, Client
from pymetrics_assessment_api_client.api.default import mercury_o_auth, mercury_retrieve_order
from pymetrics_assessment_api_client.models import OAuthTokenRequest

url, credential, order = sys.argv[1:]
keys = OAuthTokenRequest(client_id=credential, client_secret="any", grant_type="client_credentials")
token = mercury_o_auth.sync(client=Client(base_url=url), json_body=keys).access_token
client = AuthenticatedClient(base_url=url, token=token)
print(json.dumps(mercury_retrieve_order.sync(order, client=client, x_api_key=credential, report=True).to_dict()))
