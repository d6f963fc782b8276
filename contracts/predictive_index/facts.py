"""Every demand and every promise of The Predictive Index, with our own reading of where it stands.

Ids are all that joins this list with the simulator's catalogue. What the pages say is `documented`, what only their
samples show is `observed`, all else is `assumed`, with the reason. That a refusal is a 400, a 404 or a 415 is said on
no page; the standing is that of the demand.
"""

from collections.abc import Iterator

from contracts.sources import Fact, Source, Standing, ours

_CREATE = "POST behavioralassessments"
_CHANGE = "PATCH behavioralassessments"
_COMMON = "Common"
_GUIDE = "API Guide"
_PATTERNS = "GET behavioralassessments pattern images"
_REPORTS = "GET behavioralassessments reports"
_PORTAL = "developers.predictiveindex.com/webhooks, as catalogued by github.com/api-evangelist"
_LIMITS = "developers.predictiveindex.com/getting-started"

MEMBERS = (
    "first_name", "middle_name", "last_name", "email", "expiration", "administered_by.first_name",
    "administered_by.last_name", "administered_by.email", "administered_by.phone", "position", "gender", "person_type",
    "webhook", "language", "notify", "external_id", "external_person_id", "folder", "redirect", "custom_fields",
)  # fmt: skip
"""What rule ids call the members of the request table, in its order."""

_ADMINISTERED = "administered_by.first_name administered_by.last_name administered_by.email"

# The page or sample, the place on it, and the ids that it speaks of, each without `pi.`.
_DOCUMENTED: tuple[tuple[str, str, str], ...] = (
    ("developers.predictiveindex.com/faqs", "the message for a missing or disabled key", "access.key"),
    (_GUIDE, "error handling, the maintenance answer", "access.maintenance"),
    (_LIMITS, "rate limits, as catalogued", "access.rate rate.header"),
    (_GUIDE, "JSON in and out, XML not supported", "create.media_type change.media_type"),
    (_GUIDE, "error handling", "errors"),
    (_CREATE, "request table, firstName", "create.first_name.required create.first_name.excluded"),
    (_CREATE, "request table, middleName", "create.middle_name.excluded"),
    (_CREATE, "request table, lastName", "create.last_name.required create.last_name.excluded"),
    (_CREATE, "request table, email", "create.email.required create.email.excluded"),
    (_CREATE, "request table, administeredBy rows",
     ("create.administered_by.first_name.required create.administered_by.last_name.required"
      " create.administered_by.email.required create.administrator")),
    (_CREATE, "request table, expirationDateTime", "create.expiration.format create.expiration.future"),
    (_CREATE, "request table, associatedPositionTitle", "create.position.exists"),
    (_CREATE, "request table, gender", "create.gender.value"),
    (_CREATE, "request table, personType", "create.person_type.value"),
    (_CREATE, "request table, notifyAssessmentAvailableUsingEmail", "create.notify.value create.mail"),
    (_CREATE, "request table, folderPath", "create.folder.exists"),
    (_CREATE, "request table, redirectUrl", "create.redirect.url"),
    (_CREATE, "request table, languageLocale", "create.language"),
    (_CREATE, "request table, customFields", "create.custom_fields"),
    (_CREATE, "request table, externalId and externalPersonId", "create.again"),
    (_CREATE, "request table, assessmentStatusWebHook", "webhook.form"),
    (_CREATE, "response", "create.created"),
    (_CREATE, "response table", "face.instants id"),
    (_CREATE, "both tables", "language.hidden"),
    ("GET behavioralassessments", "path parameter and response", "get list"),
    (_CHANGE, "either the path's id or the query's externalId", "change.locator"),
    (_CHANGE, "request body", "change.partial"),
    (_CHANGE, "request table, expirationDateTime", "change.expiration.format change.expiration.future"),
    (_CHANGE, "request table, administeredBy rows",
     " ".join(f"change.{member}.required" for member in _ADMINISTERED.split())),
    (_COMMON, "OData options",
     ("list.filter.member list.orderby.syntax list.orderby.member list.top.value list.skip.value list.select.member"
      " list.searchfields.member search.filter.member search.top.value search.skip.value search.searchfields.member"
      " list.options")),
    (_COMMON, "assessment states", "states"),
    (_PATTERNS, "patternType and format", "pattern.type pattern.format patterns face.patterns"),
    (_REPORTS, "reportType, format, gender and languageLocale",
     "report.type report.working report.format report.gender report.language reports reports.zip"),
    ("Integration Best Practices", "finding an existing person", "people"),
    ("believablemagic.com/articles/category/magictools", "a vendor of a client, on archiving", "archive"),
    ("Webhooks", "defining a webhook URL", "webhook.once"),
    (_PORTAL, "triggers, security and retries",
     "webhook.states webhook.basic webhook.tries webhook.success webhook.again"),
)  # fmt: skip

_OBSERVED: tuple[tuple[str, str, str], ...] = (
    (_CREATE, "example request and response",
     "create.custom_fields.all create.folder face.members face.pending states.zero"),
)  # fmt: skip

_ASSUMED: tuple[tuple[str, str], ...] = (
    ("the one stock answer of ASP.NET Web API that is published, for the key, lets its others be expected",
     "door.route door.verb errors.transport"),
    ("no limit is published; a real server has one", "door.size list.filter.size search.filter.size"),
    ("a body that cannot be bound is refused so by ASP.NET Web API",
     "create.body.json create.body.object change.body.json change.body.object"),
    ("a server that coerced would hide its caller's bug",
     " ".join(f"{call}.{member}.type" for call in ("create", "change") for member in MEMBERS)),
    ("an address that can never be called is a mistake already when it is given",
     "create.webhook.url change.webhook.url"),
    ("RFC 5646 is named for reports, and the list of languages is not published",
     "create.language.tag change.language.tag"),
    ("what is no object has neither a name nor a value", "create.custom_fields.items change.custom_fields.items"),
    ("where the two ids lead to two persons, refusing is safer than guessing",
     "create.external_person_id.match change.external_id.free change.external_person_id.free"),
    ("no page names a status for what is not there; 404 is what HTTP has for it",
     "get.known change.known archive.known pattern.known report.known"),
    ("PATCH's page could be read in part; what POST asks of the member is taken",
     ("change.position.exists change.gender.value change.person_type.value change.notify.value"
      " change.folder.exists change.redirect.url")),
    ("which options a method takes stands in a reference that cannot be read",
     "list.option.known search.option.known"),
    ("the option is documented, its grammar is not: what OData 3 and 4 have in common is taken",
     "list.filter.syntax list.filter.type search.filter.syntax search.filter.type list.grammar"),
    ("OData 4 has $count; no page of this vendor names it", "list.count.value list.count"),
    ("a search for nothing is a mistake", "list.search.text search.search.text"),
    ("the addresses of pictures and reports are empty until then", "pattern.complete report.complete"),
    ("an account sets 4 to 30 days; 10 is the number in the page's examples", "create.expires"),
    ("the example response ends a date alone so", "create.day"),
    ("the type is called a Sigma Array; live data had five values, a position four", "face.sigma"),
    ("17 reference profiles exist; how they are numbered is not published", "face.pattern_number"),
    ("it is set before completion in the example", "face.date"),
    ("nothing was sent where nobody is notified", "states.sent"),
    ("60 is told of cognitive assessments alone", "states.failed"),
    ("a relay of live data has an array", "list.array"),
    ("one page says the entire set, another that the most is usually 50", "list.whole"),
    ("its sibling methods answer so", "change.whole"),
    ("no other lever to extend an invitation is documented", "change.revives"),
    ("exponential, nine tries, 24 hours: this ladder fits all three", "webhook.gaps"),
    ("the codes to repeat on are listed, and 408 among them suggests that time-outs count", "webhook.final"),
)  # fmt: skip


def _facts() -> Iterator[Fact]:
    for standing, rows in ((Standing.DOCUMENTED, _DOCUMENTED), (Standing.OBSERVED, _OBSERVED)):
        for title, where, ids in rows:
            yield from (Fact(f"pi.{id}", standing, Source(title, where)) for id in ids.split())
    for reason, ids in _ASSUMED:
        yield from (Fact(f"pi.{id}", Standing.ASSUMED, ours(reason)) for id in ids.split())


FACTS: tuple[Fact, ...] = tuple(_facts())
"""One for every rule and every promise."""
