"""The pages that the facts in this folder come from: how each is cited, whose it is, and how much of it could be read.

What the vendor's newer portal says of the newer API, applied here, is not documented for this API. No page of this API
names the status of a refusal, but for maintenance: `STATUS` and `BODY` are the bases of all others.
"""

from assessment_simulator.core.sources import Basis, Document, Source, Standing, assumed

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

PUBLISHER = "The Predictive Index"
API = "the first-generation API"
_NEWER = "the newer Integrations API"
_HELP = "the vendor's software"
_FORCE = "https://predictiveindex.force.com/developers/s/"
_SITE = "https://predictiveindex.my.site.com/developers/s/"
_PORTAL = "https://developers.predictiveindex.com/"
_MAGIC = "https://believablemagic.com/articles/"
_THIRD = "the first third"
_SAMPLED = "not known; its samples are of 2016 and 2017"
_NEWEST = "not known; newer than the other copy"

ABOUT = (
    "the **first-generation API** (`https://pi.predictiveindex.com/api/v1`), which the vendor is replacing: a vendor "
    "of a client for it (Believable Magic, MagicTools) writes that customers are being upgraded to PI2, where keys are "
    "made in another place, and Recruitee offers a second integration for upgraded accounts. What the vendor's newer "
    "portal says describes the newer Integrations API; where it is applied here, it is assumed if the vendor's own "
    "page says it, and third_party if another publisher retells it"
)

# Every copy that facts come from; a page that was read in two versions has a row for each.
DOCUMENTS = (
    Document(("POST behavioralassessments",), f"{_FORCE}POST%20behavioralassessments", PUBLISHER, API,
             "the whole page", _SAMPLED),
    Document(("GET behavioralassessments",), f"{_SITE}GET%20behavioralassessments", PUBLISHER, API, _THIRD),
    Document(("PATCH behavioralassessments",), f"{_SITE}PATCH%20behavioralassessments", PUBLISHER, API,
             f"{_THIRD}, to the row administeredByFirstName"),
    Document(("GET behavioralassessments reports",), f"{_SITE}GET%20behavioralassessments%20reports", PUBLISHER, API,
             "most, to the row languageLocale; not the response", "not known; after October 2018, which it names"),
    Document(("GET behavioralassessments pattern images",),
             f"{_FORCE}GET%20behavioralassessments%20pattern%20images", PUBLISHER, API, "nearly the whole page"),
    Document(("Common, older copy", "Common"), f"{_FORCE}Common", PUBLISHER, API,
             "the first part: statuses, dates, OData"),
    Document(("Common, newer copy", "Common"), f"{_SITE}Common", PUBLISHER, API,
             "the first part: states, person type, gender, impression",
             _NEWEST),
    Document(("Webhooks",), f"{_SITE}Webhooks", PUBLISHER, API, _THIRD),
    Document(("API Guide, older copy", "API Guide"), f"{_FORCE}API%20Guide", PUBLISHER, API,
             "to the first words of the section on rate limits"),
    Document(("API Guide, newer copy", "API Guide"), f"{_SITE}API%20Guide", PUBLISHER, API, "the introduction",
             _NEWEST),
    Document(("API Reference Explained",), f"{_SITE}API%20Reference%20Explained", PUBLISHER, API, "the first half"),
    Document(("Integration Best Practices, older copy", "Integration Best Practices"),
             f"{_FORCE}Integration%20Best%20Practices", PUBLISHER, API, "the first quarter"),
    Document(("Integration Best Practices, newer copy", "Integration Best Practices"),
             f"{_SITE}Integration%20Best%20Practices", PUBLISHER, API, "the first quarter",
             _NEWEST),
    Document(("Sandbox Accounts",), f"{_SITE}Sandbox%20Accounts", PUBLISHER, API, "the first half", read="2026-11-30"),
    Document(("Production Accounts",), f"{_SITE}Production%20Accounts", PUBLISHER, API, "the first half",
             read="2026-11-30"),
    Document(("developers.predictiveindex.com/getting-started",), f"{_PORTAL}getting-started", PUBLISHER, _NEWER,
             "the first half"),
    Document(("developers.predictiveindex.com/integration-examples",), f"{_PORTAL}integration-examples", PUBLISHER,
             _NEWER, "one example of a call", "not known; its sample is of 26 June 2024"),
    Document(("developers.predictiveindex.com/webhooks",), f"{_PORTAL}webhooks", PUBLISHER, _NEWER, _THIRD),
    Document(("developers.predictiveindex.com/faqs",), f"{_PORTAL}faqs", PUBLISHER, _NEWER, "nearly the whole page"),
    Document(("PI product documentation, assessment settings",),
             "https://docs.predictiveindex.com/en/articles/10579931-modifying-assessment-settings", PUBLISHER, _HELP,
             "the first part"),
    Document((CATALOGUE,), "https://github.com/api-evangelist/the-predictive-index", "API Evangelist", _NEWER,
             "the whole repository; it summarises the vendor's newer portal", "July 2026"),
    Document(("Believable Magic, articles on MagicTools",), f"{_MAGIC}category/magictools/", "Believable Magic", API,
             "several articles, in part"),
    Document(("Believable Magic, PI API key testing and troubleshooting",),
             f"{_MAGIC}pi-api-key-testing-and-troubleshooting/", "Believable Magic", API, "the first half",
             read="2026-11-30"),
    Document(("Recruitee, Predictive Index v2",), "https://support.recruitee.com/en/articles/15030809-the-predictive-index-v2-integration",
             "Recruitee", _NEWER, "the first half", read="2026-11-30"),
    Document(("A relay of live data (Java)",), "public code of the package com.fenintechnologies; repository not found",
             "its author", API, "three files, whole", code=True),
    Document(("A client of the v2 search (Node)",), "public code; address not kept", "its author", API, "whole", "2018",
             code=True),
)  # fmt: skip
