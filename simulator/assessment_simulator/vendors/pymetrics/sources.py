"""Where each fact about pymetrics comes from; `facts.toml` lists what was read of each page.

The vendor's own pages, or what it publishes: the reference of the API 1.3.0 (version 1), 2.2.0 and 2.2.1 (version 2;
api.pymetrics.com/docs, and the Markdown generated from it in github.com/pymetrics/open_api_pymetrics_assessment_client,
commits 2eff9fb and 63a5c9f), and the Python clients. Where they are silent the rule is our choice, and its source gives
the reason.
"""

from assessment_simulator.core.sources import Source, assumed

BOTH = "pymetrics API 1.3.0 and 2.2.0"
V1 = "pymetrics Assessment API 1.3.0"
V2 = "pymetrics API 2.2.0"
V2_1 = "pymetrics API 2.2.1"

INTRODUCTION = Source(BOTH, "Introduction, authentication")
TOKEN_BODY = Source(BOTH, "Generate OAuth Token, request body")
TOKEN_400 = Source(BOTH, "Generate OAuth Token, response 400")
TOKEN_401 = Source(BOTH, "Generate OAuth Token, response 401")
CONFIGURATION_401 = Source(BOTH, "Get Assessment Configurations, response 401")
ORDER_BODY = Source(BOTH, "Create Assessment Order, request body")
ORDER_400 = Source(BOTH, "Create Assessment Order, response 400")
CANDIDATE = Source(V1, "MercuryCandidate, email")
GET_404 = Source(BOTH, "Get Assessment Order, response 404")
LIST_400 = Source(V1, "List Assessment Orders, response 400")
UNIQUENESS = Source(BOTH, "Create Assessment Order, description: the criteria of uniqueness")
LIST_BODY = Source(V1, "List Assessment Orders, request body")
SDK = "pymetrics-assessment-api-client 1.0.1 (PyPI)"
STATUSES = Source(SDK, "models/pontem_order_statuses.py")

CANDIDATE_V2 = Source(V2, "MercuryCandidate, email: generally required unless pymetrics says otherwise")
LIST_400_V2 = Source(V2, "List Assessment Orders, response 400")
FACTOR_400 = Source(V2, "Get Factor Content, response 400")
FACTOR_404 = Source(V2, "Get Factor Content, response 404")
CAPABILITY_TYPE = Source(V2_1, "Get Capability Content, path parameter type")

URL_LENGTH = Source(
    "pymetrics/open_api_pymetrics_assessment_client 2eff9fb (GitHub)",
    "OrderRequest, length checks; the same in pymetrics-soft-skills-sdk 1.0.2 (PyPI)",
)

# The basis of the 403 for the key, and of its body.
GATEWAY = assumed(
    "no page names it: Amazon API Gateway answers so for an invalid key, and the header's name is its own"
)
BEARER = assumed(
    "the 401 is documented for Get Assessment Configurations and Create Assessment Order; on get, list, factor and "
    "capability content it is taken to be the same"
)
UNLISTED = assumed("400 is the only documented status that fits; no page names it for this")
