"""The vendor's public pages that the facts in this folder come from, and how each is cited."""

from simulator.core.sources import Source

SAMPLE = Source("POST behavioralassessments", "example response and example web hook call")
RESPONSE_TABLE = Source("POST behavioralassessments", "response table against the example response")
MAINTENANCE = Source(
    "API Guide",
    "error handling: 503, number 27; told after the key, because here a sandbox is known only by its key",
)
CONTENT = Source("API Guide", "JSON in and out, XML not supported; the status 415 is ASP.NET's")
RATE = Source(
    "developers.predictiveindex.com/getting-started",
    "X-RateLimit-Limit, counted over 60 seconds, and 429; as catalogued by github.com/api-evangelist",
)
KEY = Source(
    "developers.predictiveindex.com/faqs",
    "the message for a missing or disabled key; that its status is 401 is ASP.NET's habit",
)
GET_PAGE = Source(
    "GET behavioralassessments", "path parameter assessmentId; that an unknown one is a 404 is our reading"
)
PATCH_PAGE = Source(
    "PATCH behavioralassessments", "either the path's id or the query's externalId, never both; the status 400 is ours"
)
PATTERN_PAGE = Source("GET behavioralassessments pattern images", "parameters; the status 400 is our reading")
REPORT_PAGE = Source("GET behavioralassessments reports", "parameters; the status 400 is our reading")
ARCHIVE = Source(
    "believablemagic.com/articles/category/magictools",
    "what is archived is gone from access, searches and uniqueness; no status is named",
)
NEW_WEBHOOK = Source(
    "developers.predictiveindex.com/webhooks",
    "the members as catalogued by github.com/api-evangelist; the inner objects and all values are ours",
)
COMMON_STATES = Source("Common", "assessment states")
COMMON_PERSON_TYPES = Source("Common", "person type, against POST behavioralassessments, row personType")


def row(member: str, reading: str = "") -> Source:
    """The row of the request table, with what of it is our reading: always the status, which no page names."""
    ours = f"{reading}, and the status 400, are" if reading else "the status 400 is"
    return Source("POST behavioralassessments", f"request table, row {member}; {ours} our reading")
