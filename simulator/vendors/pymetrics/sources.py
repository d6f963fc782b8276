"""Where each fact about pymetrics comes from.

The vendor's own pages, or what it publishes: the reference of the API 1.3.0 (version 1), 2.2.0 and 2.2.1 (version 2;
api.pymetrics.com/docs, and the Markdown generated from it in github.com/pymetrics/open_api_pymetrics_assessment_client,
commits 2eff9fb and 63a5c9f), and the Python clients. Where they are silent the rule is our choice, and its source gives
the reason.
"""

from simulator.core.sources import Source

_BOTH = "pymetrics API 1.3.0 and 2.2.0"
_V1 = "pymetrics Assessment API 1.3.0"
_V2 = "pymetrics API 2.2.0"

INTRODUCTION = Source(_BOTH, "Introduction, authentication")
TOKEN_BODY = Source(_BOTH, "Generate OAuth Token, request body")
TOKEN_400 = Source(_BOTH, "Generate OAuth Token, response 400")
TOKEN_401 = Source(_BOTH, "Generate OAuth Token, response 401")
CONFIGURATION_401 = Source(_BOTH, "Get Assessment Configurations, response 401")
ORDER_BODY = Source(_BOTH, "Create Assessment Order, request body")
ORDER_400 = Source(_BOTH, "Create Assessment Order, response 400")
CANDIDATE = Source(_V1, "MercuryCandidate, email")
GET_404 = Source(_BOTH, "Get Assessment Order, response 404")
LIST_400 = Source(_V1, "List Assessment Orders, response 400")
UNIQUENESS = Source(_BOTH, "Create Assessment Order, description: the criteria of uniqueness")
STATUSES = Source(_BOTH, "PontemOrderStatuses")

CANDIDATE_V2 = Source(_V2, "MercuryCandidate, email: generally required unless pymetrics says otherwise")
LIST_400_V2 = Source(_V2, "List Assessment Orders, response 400")
FACTOR_400 = Source(_V2, "Get Factor Content, response 400")
FACTOR_404 = Source(_V2, "Get Factor Content, response 404")
CAPABILITY_TYPE = Source("pymetrics API 2.2.1", "Get Capability Content, path parameter type")

URL_LENGTH = Source(
    "pymetrics/open_api_pymetrics_assessment_client 2eff9fb (GitHub)",
    "OrderRequest, length checks; the same in pymetrics-soft-skills-sdk 1.0.2 (PyPI)",
)
