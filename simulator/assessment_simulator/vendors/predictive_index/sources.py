"""The pages that the facts in this folder come from, as they are cited; `facts.toml` lists what was read of each.

What the vendor's newer portal says of the newer API, applied here, is not documented for this API. No page of this API
names the status of a refusal, but for maintenance: `STATUS` and `BODY` are the bases of all others.
"""

from assessment_simulator.core.sources import Basis, Source, Standing, assumed

SAMPLE = Source("POST behavioralassessments", "example response and example web hook call")
RESPONSE_TABLE = Source("POST behavioralassessments", "response table against the example response")
MAINTENANCE = Source(
    "API Guide", "error handling: 503, number 27; checked after the key, because here only the key names the sandbox"
)
CONTENT = Source("API Guide", "JSON in and out, XML not supported")
CATALOGUE = "API Evangelist's catalogue of the newer API (GitHub)"
RATE = Source(CATALOGUE, "conventions: X-RateLimit-Limit, counted over 60 seconds, and 429; of the newer API")
KEY = Source("API Guide", "authentication: the header api-key on every request")
KEY_TESTING = Source(
    "Believable Magic, PI API key testing and troubleshooting", "a key that does not work gives 401", "2026-11-30"
)
GET_PAGE = Source(
    "GET behavioralassessments", "path parameter assessmentId; that an unknown one is a 404 is our reading"
)
PATCH_PAGE = Source("PATCH behavioralassessments", "either the path's id or the query's externalId, never both")
PATTERN_PAGE = Source("GET behavioralassessments pattern images", "parameters")
REPORT_PAGE = Source("GET behavioralassessments reports", "parameters")
ARCHIVE = Source(
    "Believable Magic, articles on MagicTools",
    "what is archived is gone from access, searches and uniqueness; no status is named",
)
NEW_WEBHOOK = Source(
    "developers.predictiveindex.com/webhooks",
    "the newer API's webhook, its members as API Evangelist lists them; the inner objects and all values are ours",
)
COMMON_STATES = Source("Common", "assessment states")
COMMON_PERSON_TYPES = Source("Common", "person type, against POST behavioralassessments, row personType")


# The basis of nearly every status.
STATUS = assumed("the API Guide says that errors are usually in the 400 or 500 range; no page names this status")
# The basis of nearly every body.
BODY = assumed("the object is the API Guide's; its number, its description and its parameterErrors are ours")
# The basis of status and body where the framework refuses before the vendor's own code does.
STOCK = assumed("ASP.NET Web API answers so")
KEY_STATUS = Basis(Standing.THIRD_PARTY, KEY_TESTING)
KEY_BODY = assumed("the newer API's FAQ has this message, which is ASP.NET Web API's own; this API is built on it too")


def row(member: str, reading: str = "") -> Source:
    """The row of the request table, with what of the demand is our reading."""
    return Source(
        "POST behavioralassessments", f"request table, row {member}" + (f"; {reading} is ours" * bool(reading))
    )


# The note about an instant that is not written in UTC, in a body or a filter.
OFFSET_NOTE = "no document names an offset; it was converted to UTC"
