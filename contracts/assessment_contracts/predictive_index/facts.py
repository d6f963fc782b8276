"""Every demand and every promise of The Predictive Index, with our own reading of where it stands.

Ids are all that joins this list with the simulator's catalogue. What the vendor's pages about this API, its first
generation, say is `documented`; what another publisher says, of it or of the newer API, is `third_party`; what only
samples show is `observed`; all else is `assumed`, with the reason. That a refusal is a 400, a 404 or a 415 is said on
no page: the standing is that of the demand, and `_STATUSES` has the few refusals of which more is known.
"""

from collections.abc import Iterator

from assessment_contracts.sources import Fact, Source, Standing, ours

_CREATE = "POST behavioralassessments"
_CHANGE = "PATCH behavioralassessments"
_COMMON = "Common"
_GUIDE = "API Guide"
_PATTERNS = "GET behavioralassessments pattern images"
_REPORTS = "GET behavioralassessments reports"
_CATALOGUE = "API Evangelist's catalogue of the newer API (GitHub)"

MEMBERS = (
    "first_name", "middle_name", "last_name", "email", "expiration", "administered_by.first_name",
    "administered_by.last_name", "administered_by.email", "administered_by.phone", "position", "gender", "person_type",
    "webhook", "language", "notify", "external_id", "external_person_id", "folder", "redirect", "custom_fields",
)  # fmt: skip
"""What rule ids call the members of the request table, in its order."""

BLANKS = (
    "first_name", "middle_name", "last_name", "email", "administered_by.first_name", "administered_by.last_name",
    "administered_by.email",
)  # fmt: skip
"""The names and addresses, none of which may be white space alone."""

_ADMINISTERED = "administered_by.first_name administered_by.last_name administered_by.email"

# The page or sample, the place on it, and the ids that it speaks of, each without `pi.`.
_DOCUMENTED: tuple[tuple[str, str, str], ...] = (
    (_GUIDE, "authentication", "access.key"),
    (_GUIDE, "error handling, the maintenance answer", "access.maintenance"),
    (_GUIDE, "JSON in and out, XML not supported", "create.media_type change.media_type"),
    (_CREATE, "request table, firstName", "create.first_name.required create.first_name.excluded"),
    (_CREATE, "request table, middleName", "create.middle_name.excluded"),
    (_CREATE, "request table, lastName", "create.last_name.required create.last_name.excluded"),
    (_CREATE, "request table, email", "create.email.required create.email.excluded"),
    (_CREATE, "request table, administeredBy rows",
     " ".join(f"create.{member}.required" for member in _ADMINISTERED.split())),
    (_CREATE, "request table, expirationDateTime", "create.expiration.format create.expiration.future"),
    (_CREATE, "request table, associatedPositionTitle", "create.position.exists"),
    (_CREATE, "request table, gender", "create.gender.value"),
    (_CREATE, "request table, personType", "create.person_type.value"),
    (_CREATE, "request table, notifyAssessmentAvailableUsingEmail", "create.notify.value"),
    (_CREATE, "request table, redirectUrl", "create.redirect.url"),
    (_CHANGE, "either the path's id or the query's externalId", "change.locator"),
    (_CHANGE, "request table, expirationDateTime", "change.expiration.format change.expiration.future"),
    (_COMMON, "OData options",
     ("list.filter.member list.orderby.syntax list.orderby.member list.select.member list.searchfields.member"
      " search.filter.member search.searchfields.member")),
    (_PATTERNS, "patternType and format", "pattern.type pattern.format"),
    (_REPORTS, "reportType, format, gender and languageLocale",
     "report.type report.working report.format report.gender report.language"),
)  # fmt: skip
"""What is demanded."""

_PROMISED: tuple[tuple[str, str, str], ...] = (
    (_GUIDE, "error handling", "errors"),
    (_CREATE, "request table, administeredBy rows", "create.administrator"),
    (_CREATE, "request table, notifyAssessmentAvailableUsingEmail", "create.mail"),
    (_CREATE, "request table, languageLocale", "create.language"),
    (_CREATE, "request table, customFields", "create.custom_fields"),
    (_CREATE, "request table, externalPersonId", "create.again"),
    (_CREATE, "response", "create.created"),
    (_CREATE, "response table", "face.instants id"),
    ("GET behavioralassessments", "path parameter, query parameters and response", "get list list.filter"),
    (_CHANGE, "request body", "change.partial"),
    (_COMMON, "assessment states", "states"),
    (_PATTERNS, "patternType and format", "patterns face.patterns"),
    (_REPORTS, "reportType, format, gender and languageLocale", "reports reports.zip"),
    ("Integration Best Practices", "finding an existing person", "people"),
    ("Webhooks", "defining a webhook URL", "webhook.once"),
)
"""What is promised."""

_THIRD_PARTY: tuple[tuple[str, str, str], ...] = (
    ("Believable Magic, articles on MagicTools", "on archiving", "archive"),
    (_CATALOGUE, "limits of the newer API", "access.rate rate.header"),
    (_CATALOGUE, "triggers, security and retries of the newer API's webhook",
     "webhook.states webhook.basic webhook.tries webhook.success webhook.again"),
)  # fmt: skip

_OBSERVED: tuple[tuple[str, str, str], ...] = (
    (_CREATE, "example request and response",
     "create.custom_fields.all create.folder face.members face.pending states.zero language.hidden"),
    (_CREATE, "example web hook call", "webhook.form"),
)  # fmt: skip

_ASSUMED: tuple[tuple[str, str], ...] = (
    ("the one stock answer of ASP.NET Web API that is published, for the key, lets its others be expected",
     "http.route http.verb errors.transport"),
    ("no coding is published; what is not decoded must not be read as JSON", "http.encoding"),
    ("no limit is published; a real server has one", "http.size list.filter.size search.filter.size"),
    ("a body that cannot be bound is refused so by ASP.NET Web API",
     "create.body.json create.body.object change.body.json change.body.object"),
    ("a server that coerced would hide its caller's bug",
     " ".join(f"{call}.{member}.type" for call in ("create", "change") for member in MEMBERS)),
    ("a name or an address that shows nothing is a caller's mistake",
     " ".join(f"{call}.{member}.blank" for call in ("create", "change") for member in BLANKS) + " create.again.blank"),
    ("ASP.NET binds an id in the path to a GUID, whose letters have no case", "id.case"),
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
      " change.redirect.url " + " ".join(f"change.{member}.required" for member in _ADMINISTERED.split()))),
    ("the row speaks of the path as it is displayed, and not of one that is unknown",
     "create.folder.exists change.folder.exists"),
    ("what the number is for is documented, and not which numbers are refused",
     "list.top.value list.skip.value search.top.value search.skip.value"),
    ("of these rows none says what an empty member, or a missing phone, means",
     "create.administrator.empty create.administrator.phone"),
    ("whether trailing zeros are written is said nowhere", "face.instants.zeros"),
    ("the page has a list of states, without moves", "states.moves"),
    ("the method's own page names filters only; the page Common says that support differs", "list.options"),
    ("which of several is found is said nowhere", "change.latest"),
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
    ("one page says the entire set, another that the most is usually 50, and a client's vendor reads up to 50",
     "list.limit"),
    ("the row externalId speaks of an assessmentId: it can be read in two ways", "create.again.external_id"),
    ("a client's vendor changes names, gender and type on the person", "taker"),
    ("only names and the address must be left out when a person is assessed again", "taker.again"),
    ("to read, change a member and write all of it back is common", "change.back"),
    ("no page says what null does; a client's vendor says that names cannot be blank", "change.null"),
    ("what is completed cannot expire", "change.late"),
    ("its sibling methods answer so", "change.whole"),
    ("no other lever to extend an invitation is documented", "change.revives"),
    ("exponential, nine tries, 24 hours: this ladder fits all three", "webhook.gaps"),
    ("the codes to repeat on are listed, and 408 among them suggests that time-outs count", "webhook.final"),
)  # fmt: skip


_STATUSES: dict[str, tuple[Standing, Standing]] = {
    # The error object is printed once, with its status: for maintenance.
    "access.maintenance": (Standing.DOCUMENTED, Standing.DOCUMENTED),
    # A user of the API saw the status; the body is the newer API's.
    "access.key": (Standing.THIRD_PARTY, Standing.ASSUMED),
    "access.rate": (Standing.THIRD_PARTY, Standing.ASSUMED),
}
"""How sure we are of a refusal's status and of its body, where not both are assumed."""


def _facts() -> Iterator[Fact]:
    for title, where, ids in _DOCUMENTED:
        for id in ids.split():
            status, body = _STATUSES.get(id, (Standing.ASSUMED, Standing.ASSUMED))
            yield Fact(f"pi.{id}", Standing.DOCUMENTED, Source(title, where), status, body)
    known = (
        (Standing.DOCUMENTED, _PROMISED), (Standing.THIRD_PARTY, _THIRD_PARTY), (Standing.OBSERVED, _OBSERVED),
    )  # fmt: skip
    for standing, rows in known:
        for title, where, ids in rows:
            for id in ids.split():
                yield Fact(f"pi.{id}", standing, Source(title, where), *_STATUSES.get(id, (None, None)))
    for reason, ids in _ASSUMED:
        yield from (Fact(f"pi.{id}", Standing.ASSUMED, ours(reason)) for id in ids.split())


FACTS: tuple[Fact, ...] = tuple(_facts())
"""One for every rule and every promise."""
