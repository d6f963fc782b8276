"""What The Predictive Index guarantees besides its rules, and what is not simulated."""

from assessment_simulator.core.sources import Guarantee, Omission, Source, Standing, ours
from assessment_simulator.vendors.predictive_index.sources import ARCHIVE, CATALOGUE

_POST = "POST behavioralassessments"


def _documented(id: str, statement: str, title: str, where: str) -> Guarantee:
    return Guarantee(f"pi.{id}", statement, Standing.DOCUMENTED, Source(title, where))


def _catalogued(id: str, statement: str, where: str) -> Guarantee:
    """What a third party reads on the newer portal about the newer API, applied to this one."""
    return Guarantee(f"pi.{id}", statement, Standing.THIRD_PARTY, Source(CATALOGUE, f"{where}; of the newer API"))


def _observed(id: str, statement: str, where: str) -> Guarantee:
    return Guarantee(f"pi.{id}", statement, Standing.OBSERVED, Source(_POST, where))


def _assumed(id: str, statement: str, reason: str) -> Guarantee:
    return Guarantee(f"pi.{id}", statement, Standing.ASSUMED, ours(reason))


# What the vendor does.
GUARANTEES = (
    _documented("create.created", "A creation answers 201 with the assessment", _POST, "response"),
    _documented("create.administrator", "Without administeredBy members the API user's details are used",
                _POST, "request table, administeredBy rows"),
    _assumed("create.administrator.empty", "administeredBy members that are all empty count as not given",
             "the rows of the taker's names say so of those; none says so of these"),
    _assumed("create.administrator.phone", "administeredByPhone is null where the other three are given without it",
             "the API user's details are documented for the case that no member is given"),
    _documented("create.language", "The language is en-US unless given", _POST, "request table, languageLocale"),
    _documented("create.mail", "notifyAssessmentAvailableUsingEmail 1 has the vendor mail the taker",
                _POST, "request table, notifyAssessmentAvailableUsingEmail"),
    _documented("create.custom_fields", "A custom field whose name or value is not valid is not assigned",
                _POST, "request table, customFields"),
    _observed("create.custom_fields.all", "Every custom field of the account is shown, unassigned ones as null",
              "example request against example response"),
    _documented("create.again", "A known externalPersonId makes the new assessment for that person",
                _POST, "request table, externalPersonId"),
    _assumed("create.again.external_id", "So does the externalId of an assessment (a behaviour flag)",
             "the row externalId says assessmentId; both readings are possible"),
    _assumed("taker", "Names, e-mail, gender, personType and externalPersonId are the same in all of a person's "
             "assessments", "a vendor of a client changes them on the person, never on an assessment"),
    _assumed("taker.again", "A re-assessment that names gender or personType changes the taker",
             "only names and e-mail must be left out when re-assessing"),
    _observed("create.folder", "Without folderPath the default folder is shown", "example response"),
    _assumed("create.expires", "Without expirationDateTime an invitation is valid for the account's days (default: 10)",
             "the account setting is documented, 4 to 30 days; its default is not"),
    _assumed("create.day", "A date alone ends with that day, at 23:59:59.9999999", "as in the example response"),
    _observed("face.members", "An assessment has the members of the example, in its order", "example response"),
    _observed("face.pending", 'Before completion pending addresses are "" and pending scores null',
              "example response"),
    _documented("face.instants", "Instants are UTC with Z, in ISO 8601, to seven decimals", _POST, "response table"),
    _assumed("face.instants.zeros", "All seven decimals are written, also where they are zero",
             "the examples have seven; .NET leaves zeros out"),
    _documented("face.patterns", "patternFullUrl and patternSelfUrl are calls for the patterns 0 and 1 as PNG",
                "GET behavioralassessments pattern images", "request"),
    _assumed("face.sigma", "Scores are an array of one object of aSigma to eSigma; a position has none of eSigma",
             "the page says Sigma Array; a relay of live data has five values and four"),
    _assumed("face.pattern_number", "patternNumber is 1 to 17, numbered in an order of our own",
             "17 reference profiles exist; their numbers are not published"),
    _assumed("face.date", "assessmentDateTime is the creation, and from completion on the completion",
             "it is set before completion in the example"),
    _documented("states", "10 Sent, 20 Opened, 30 Started, 40 Completed, 50 Expired, 60 Failed, 65 Aborted",
                "Common", "assessment states"),
    _assumed("states.moves",
             "A start leads from 0 and 10 to 30, also unopened; expiry and abort lead from any of 0 to 30 to 50 and 65",
             "the page lists the states and no moves"),
    _observed("states.zero", "A creation shows state 0 (a behaviour flag)", "example response"),
    _assumed("states.sent",
             "It is 10 when it was mailed, and stays 0 otherwise until the link is opened (a behaviour flag)",
             "nothing was sent without a notification"),
    _assumed("states.failed", "A behavioural assessment never fails by itself", "60 is known of cognitive ones only"),
    _documented("get", "Reading one answers 200 with the assessment", "GET behavioralassessments", "response"),
    _documented("list", "Reading without an id answers all that the key can see",
                "GET behavioralassessments", "path parameter assessmentId"),
    _assumed("list.array", "The list is a bare array in the order of creation", "a relay of live data has an array"),
    _documented("list.filter", "The list takes OData filters", "GET behavioralassessments", "query parameters"),
    _assumed("list.options", "$select, $search with searchfields, $orderby, $skip and $top are taken as well",
             "the page Common explains them and says that support differs by method; the method's page names filters"),
    _assumed("list.count", "$count=true leaves the bare array as it is; Simulator-Note says how many match",
             "OData 4 puts the number beside the array; no page names the option, and there is no room for it here"),
    _assumed("list.grammar", "A filter may use the operators eq, ne, gt, ge, lt, le, and, or, not, in, add, sub, mul, "
             "div, divby, mod and unary minus; the functions contains, startswith, endswith, substringof (OData 3), "
             "length, indexof, substring, concat, trim, tolower, toupper, year, month, day, hour, minute, second, "
             "fractionalseconds, date, round, floor, ceiling and now; and the literals of OData 4 and OData 3",
             "no list of operators could be read; one sample has eq, a string and a path with slashes"),
    _assumed("list.limit", "A list holds 50 assessments at most, and $skip leads to the next ones (a behaviour flag)",
             "one page says the entire set, another that the most is usually 50; a vendor of a client reads up to 50"),
    _documented("people", "api/v2/peopleandjobs finds people by e-mail or externalPersonId before creating",
                "Integration Best Practices", "finding an existing person"),
    _documented("change.partial", "A PATCH needs only the members that change",
                "PATCH behavioralassessments", "request body"),
    _assumed("change.latest", "A PATCH by an externalId that several assessments have changes the latest of them",
             "the page says the found assessment, and not which where there are several"),
    _assumed("change.whole", "A PATCH answers 200 with the whole assessment", "its sibling methods do"),
    _assumed("change.back", "An assessment that was read can be sent back: what does not change is not refused",
             "a client that reads, changes a member and writes is common"),
    _assumed("change.null", "null and empty texts in a PATCH leave a member as it is (a behaviour flag)",
             "no page says it; a vendor of a client says that names cannot be made blank"),
    _assumed("change.late", "A new expirationDateTime after completion is ignored", "there is nothing left to expire"),
    _assumed("change.revives", "A later expirationDateTime brings an expired one back to 10 (a behaviour flag)",
             "it is the only documented lever to extend an invitation"),
    Guarantee("pi.archive", "What is archived is gone from the API, from searches and from the rules of uniqueness",
            Standing.THIRD_PARTY, ARCHIVE),
    _documented("patterns", "Patterns 0 to 3 are all three graphs, Self, Self-Concept and Synthesis, as SVG or PNG",
                "GET behavioralassessments pattern images", "patternType and format"),
    _documented("reports", "Reports are named or numbered 1 to 6 and answered as PDF",
                "GET behavioralassessments reports", "reportType and format"),
    _documented("reports.zip", "For a language with gendered pronouns and gender 0 the answer is a ZIP of both",
                "GET behavioralassessments reports", "gender"),
    _assumed("create.again.blank", "In a re-assessment a blank name or e-mail address counts as empty",
             "empty ones are documented to be allowed; white space alone says no more"),
    _assumed("id.case", "A UUID is known in letters of either case, in paths and in filters",
             "ASP.NET binds an id in the path to a GUID, whose letters have no case"),
    _documented("id", "assessmentId is opaque: nothing may be assumed of its form", _POST, "response table"),
    _observed("language.hidden", "languageLocale is taken, and is no member of the answer",
              "request table against example response; the response table lacks other members too"),
    _documented("errors", "An error is one object of number, context, description and parameterErrors",
                "API Guide", "error handling"),
    _assumed("errors.transport", "Errors of transport have the stock bodies of ASP.NET Web API",
             "the newer API's FAQ shows the one for the key, and it is that framework's"),
    _documented("webhook.once", "The completion of an assessment is posted to its own address or the default one",
                "Webhooks", "defining a webhook URL"),
    _observed("webhook.form", "The body is a form of assessmentId, assessmentState, assessmentSource, externalId",
              "example web hook call; the members are those of the request table, row assessmentStatusWebHook"),
    _catalogued("webhook.states", "Completion (40) sends a webhook; sent, opened, started, expired and aborted do not",
                "triggers of the webhook"),
    _catalogued("webhook.basic", "User and password in the address become Basic authentication", "webhook, security"),
    _catalogued("webhook.tries", "At most nine tries within 24 hours, with exponential back-off", "webhook, retries"),
    _assumed("webhook.gaps", "The first gap is 5.625 minutes, each next twice the last",
             "nine tries then end 23.9 hours after the first"),
    _catalogued("webhook.success", "Any answer of the 200 class ends it", "webhook, retries"),
    _catalogued("webhook.again", "408, 429, 500, 502, 503 and 504 are tried again", "webhook, retries"),
    _assumed("webhook.final", "Any other answer is final; a time-out or a refused connection is tried again",
             "the list of codes is explicit, and 408 in it suggests that time-outs count"),
    _catalogued("rate.header", "X-RateLimit-Limit says how many calls are allowed in 60 seconds", "conventions"),
)  # fmt: skip

# What is not simulated.
OMISSIONS = (
    Omission("Cognitive assessments, and with them state 60", "no page of their methods could be read"),
    Omission("Persons: persons/{id}, archiving persons, persons/PrintMSGs", "named, but not described"),
    Omission("Positions, folders and custom fields as resources", "named, but not described; they are settings here"),
    Omission("api/v2 by company, and the guidebook", "seen in one old client alone; no page describes them"),
    Omission("The newer Integrations API (jobs, candidates, employees)", "its bodies could not be read"),
    Omission("A second version of the list of assessments", "a third party names it; nothing else is known"),
    Omission("What a key may see by its owner's role, and access to cognitive results",
             "a third party says that it differs; here a key sees its whole sandbox"),
    Omission("The page /swagger with its error numbers", "it could not be read; numbers other than 27 are ours"),
    Omission("OData: `has`, `any` and `all` (and so filters by customFields), `isof`, `cast`, `case`, `time`, "
             "`totaloffsetminutes`, `matchesPattern`, durations and arithmetic of instants, geography, `INF`, `NaN`, "
             "the path `/$count`, and the options $expand, $inlinecount, $skiptoken, $apply, $compute and $format",
             "no page names them; each is refused with 400, but for the path, which is the id of no assessment"),
    Omission("`impression`", "named on the page Common as unfinished; in neither table nor example"),
    Omission("`scoringMethod` other than 1", "the list of values could not be read"),
    Omission("Report 5, ManagementStrategyGuide", "the vendor's page says that it does not work"),
    Omission("The source addresses of webhooks", "they are the vendor's; ours come from this machine"),
    Omission("The setting that allows webhooks in an account", "an account setting; leave the address out instead"),
    Omission("Reminder e-mails", "an account setting without published times"),
    Omission("XML", "the vendor says that it is not supported, though its reference offers it"),
    Omission("The assessment itself, its 68 languages, and what scores mean",
             "the taker's page has twenty words of ours, ticked twice, in four languages; scores follow from them, are "
             "drawn from the seed, or given"),
    Omission("The portal's pages behind personPageUrl and its siblings", "the addresses are there, a page is not"),
)  # fmt: skip
