"""Where each fact about pymetrics comes from.

The vendor's own pages, or what it publishes: the reference of the Assessment API 1.3.0 (api.pymetrics.com/docs, and
the Markdown generated from it in github.com/pymetrics/open_api_pymetrics_assessment_client, commit 2eff9fb) and the
two Python clients. Where they are silent the rule is our choice, and its source gives the reason.
"""

from simulator.core.sources import Source

_API = "pymetrics Assessment API 1.3.0"

INTRODUCTION = Source(_API, "Introduction, authentication")
TOKEN_BODY = Source(_API, "Generate OAuth Token, request body")
TOKEN_400 = Source(_API, "Generate OAuth Token, response 400")
TOKEN_401 = Source(_API, "Generate OAuth Token, response 401")
CONFIGURATION_401 = Source(_API, "Get Assessment Configurations, response 401")
ORDER_BODY = Source(_API, "Create Assessment Order, request body")
ORDER_400 = Source(_API, "Create Assessment Order, response 400")
CANDIDATE = Source(_API, "MercuryCandidate, email")
GET_404 = Source(_API, "Get Assessment Order, response 404")
LIST_BODY = Source(_API, "List Assessment Orders, request body")
LIST_400 = Source(_API, "List Assessment Orders, response 400")
UNIQUENESS = Source(_API, "Create Assessment Order, description: the criteria of uniqueness")
STATUSES = Source(_API, "PontemOrderStatuses")

URL_LENGTH = Source("pymetrics/open_api_pymetrics_assessment_client 2eff9fb (GitHub)", "OrderRequest, length checks")
