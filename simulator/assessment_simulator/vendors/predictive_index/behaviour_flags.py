"""The behaviour flags: one for each question that the vendor's pages leave open or answer twice.

The first value is the default.
"""

from assessment_simulator.core.sources import BehaviourFlag, Source, ours
from assessment_simulator.vendors.predictive_index.sources import (
    ARCHIVE,
    COMMON_PERSON_TYPES,
    COMMON_STATES,
    NEW_WEBHOOK,
    RESPONSE_TABLE,
    SAMPLE,
    row,
)

# One argument a line, without lines for the parentheses.
# fmt: off
CREATED_STATE = BehaviourFlag(
    "pi.created_state", ("sample", "sent"),
    "the 201 shows assessmentState 0 as the sample does, or the state as it was saved (10 once the e-mail went out)",
    SAMPLE)
UNSENT_STATE = BehaviourFlag(
    "pi.unsent_state", (0, 10),
    "the state of an invitation without notification, until its link is opened",
    ours("nothing was sent, so it is not yet 10 (Sent)"))
WEBHOOK_ON = BehaviourFlag(
    "pi.webhook_on", ("completion", "creation and completion"),
    "the row promises a call when the assessment is `created or completed`, its notes say `at the completion`",
    row("assessmentStatusWebHook"))
WEBHOOK_SOURCE = BehaviourFlag(
    "pi.webhook_source", ("sent", "omitted"),
    "the notes promise assessmentSource in the webhook's form, the example call lacks it; its value `API` is ours",
    row("assessmentStatusWebHook"))
WEBHOOK_MEMBER = BehaviourFlag(
    "pi.webhook_member", ("assessmentStatusWebHook", "assessmentStatusWebHookUrl"),
    "the request member that carries the webhook's address",
    Source("developers.predictiveindex.com/webhooks", "both names stand on the page"))
PERSON_TYPE = BehaviourFlag(
    "pi.person_type", ("strings", "numbers"),
    "personType is one of five names, or one of their numbers 1 to 5, in requests and answers",
    COMMON_PERSON_TYPES)
STATE_MEMBER = BehaviourFlag(
    "pi.state_member", ("assessmentState", "assessmentStatus"),
    "the name of the answer's member that holds the state; an older copy of the page has the other",
    COMMON_STATES)
RESPONSE_MEMBERS = BehaviourFlag(
    "pi.response_members", ("sample", "table"),
    "answers have all members of the example, or only those in the response table, which lacks 13 of them",
    RESPONSE_TABLE)
SIGMA_GRAPHS = BehaviourFlag(
    "pi.sigma_graphs", ("own", "self"),
    "each sigma array holds its own graph as its name says, or the Self graph as every description says",
    RESPONSE_TABLE)
SIGMA_CONTAINER = BehaviourFlag(
    "pi.sigma_container", ("array", "object"),
    "a sigma score is an array of one object, or that object itself",
    ours("the response table calls the type a Sigma Array and shows none"))
FOLDER_PATH = BehaviourFlag(
    "pi.folder_path", ("as sent", "full", "name"),
    "folderPath shows what was sent (unset: the default folder's name), always the full path, or always the name",
    SAMPLE)
LIST_LIMIT = BehaviourFlag(
    "pi.list_limit", (50, None),
    "how many assessments a list holds at most: 50, with the next ones after $skip, or all of them",
    Source("Common", "OData, $top: up to the maximum, usually 50; GET behavioralassessments says the entire set"))
WEBHOOK_FORMAT = BehaviourFlag(
    "pi.webhook_format", ("form", "json"),
    "the webhook posts the form of the legacy API, or the JSON of the newer portal", NEW_WEBHOOK)
REVIVE_EXPIRED = BehaviourFlag(
    "pi.revive_expired", (True, False),
    "a later expirationDateTime brings an expired assessment back to state 10, or changes the date alone",
    ours("no page says; a later date is the only way to extend that is documented"))
ARCHIVE_STATUS = BehaviourFlag(
    "pi.archive_status", (204, 200),
    "DELETE answers 204 without a body, or 200 with the assessment as it was archived", ARCHIVE)
PATCH_NULL = BehaviourFlag(
    "pi.patch_null", ("ignored", "cleared"),
    "null in a PATCH leaves the member as it is, or takes its value away (names and e-mail address are left always)",
    ours("no page says what null does in a PATCH; a vendor of a client says that names cannot be made blank"))
EXTERNAL_ID_MATCH = BehaviourFlag(
    "pi.external_id_match", ("externalId", "assessmentId"),
    "the externalId of a creation re-assesses a person if it is the externalId, or the assessmentId, of an assessment",
    ours("the row externalId says: matches an already existing person's assessmentId; both readings are possible"))
BYTE_ORDER_MARK = BehaviourFlag(
    "pi.byte_order_mark", ("accepted", "refused"),
    "whether a UTF-8 byte order mark may stand before the JSON of a body",
    ours("Json.NET's reader skips the mark; RFC 8259 lets a reader ignore it, and no page names it"))
URL_MATCH = BehaviourFlag(
    "pi.url_match", ("ignore case", "exact"),
    "whether letter case and a slash at the end of a path, and letter case in the names of query parameters, are "
    "ignored; names that begin with $ are always compared exactly",
    ours("the routes and the binding of query parameters of ASP.NET Web API ignore them; no page says so"))
# fmt: on

BEHAVIOUR_FLAGS = (
    CREATED_STATE, UNSENT_STATE, WEBHOOK_ON, WEBHOOK_SOURCE, WEBHOOK_MEMBER, PERSON_TYPE, STATE_MEMBER,
    RESPONSE_MEMBERS, SIGMA_GRAPHS, SIGMA_CONTAINER, FOLDER_PATH, LIST_LIMIT, WEBHOOK_FORMAT, REVIVE_EXPIRED,
    ARCHIVE_STATUS, PATCH_NULL, EXTERNAL_ID_MATCH, BYTE_ORDER_MARK, URL_MATCH,
)  # fmt: skip
