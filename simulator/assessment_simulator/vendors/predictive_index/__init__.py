"""The Predictive Index: behavioural assessments as the legacy API under `/api/v1` offers them.

A request is handled in this order: `access.normalize` applies what the vendor's framework forgives; the stages of rules
of its operation are judged (`access.ACCESS`, then `rules` or `odata.rules`), and the first stage with a violated rule
ends in `errors.render_refusal`; else the operation decides (`assessments`, `odata.lists`, `reports`). Nothing here
reads a clock or keeps state: time and random values come with the request, stored records with the sandbox view, and
all changes stand in the decision.

Begin with `rules` (what a request must be) and `states` (the state table), then read `assessments` (the operations),
`people` (who is assessed), `representations` (what answers show) and `webhooks`. `odata` reads the options of lists.
Where the vendor's pages contradict each other, see `behaviour_flags`; `examples` has for each rule a request that it
accepts and one that it refuses. `facts.toml` lists for `docs/fidelity.md` what
else the vendor does, what is assumed and what is not simulated, such as persons and cognitive assessments.
"""

from functools import partial

from assessment_simulator.core.vendor import Endpoint, Operation, Vendor
from assessment_simulator.vendors.predictive_index import access, assessments, errors, reports, rules, webhooks
from assessment_simulator.vendors.predictive_index.behaviour_flags import BEHAVIOUR_FLAGS
from assessment_simulator.vendors.predictive_index.examples import examples
from assessment_simulator.vendors.predictive_index.invitation_form import INVITATION_FORM
from assessment_simulator.vendors.predictive_index.odata import lists
from assessment_simulator.vendors.predictive_index.odata import rules as list_rules
from assessment_simulator.vendors.predictive_index.openapi import INTERFACE
from assessment_simulator.vendors.predictive_index.questionnaire import QUESTIONNAIRE
from assessment_simulator.vendors.predictive_index.samples import samples, seed
from assessment_simulator.vendors.predictive_index.states import (
    ACTIONS,
    DIAGRAM_POSITIONS,
    RECORD_KIND,
    STATE_MACHINE,
    VENDOR_ID,
)

_PATH = "/api/v1/behavioralassessments"

VENDOR = Vendor(
    id=VENDOR_ID,
    title="The Predictive Index",
    roots=("/api/v1", "/api/v2"),
    base_path="/api/v1",
    hosts=("pi.predictiveindex.com",),
    headers=("api-key",),
    endpoints=(
        Endpoint("POST", _PATH, Operation("create_assessment", assessments.create, access.ACCESS + rules.CREATE),
                 (201, 400, 401, 415, 429, 503), "Create an invitation to a behavioural assessment"),
        Endpoint("GET", f"{_PATH}/{{assessmentId}}",
                 Operation("get_assessment", assessments.read, access.ACCESS + rules.READ),
                 (200, 401, 404, 429, 503), "Show one assessment"),
        Endpoint("GET", _PATH, Operation("list_assessments", lists.list_assessments, access.ACCESS + list_rules.LIST),
                 (200, 400, 401, 429, 503), "List assessments, 50 at most, or those that OData options ask for"),
        Endpoint("PATCH", f"{_PATH}/{{assessmentId}}",
                 Operation("change_assessment", assessments.change, access.ACCESS + rules.CHANGE),
                 (200, 400, 401, 404, 415, 429, 503), "Change an assessment"),
        Endpoint("PATCH", _PATH, Operation("change_by_external_id", assessments.change, access.ACCESS + rules.CHANGE),
                 (200, 400, 401, 404, 415, 429, 503), "Change the latest assessment that has the externalId"),
        Endpoint("DELETE", f"{_PATH}/{{assessmentId}}",
                 Operation("archive_assessment", assessments.archive, access.ACCESS + rules.ARCHIVE),
                 (200, 204, 401, 404, 429, 503), "Archive an assessment"),
        Endpoint("GET", f"{_PATH}/{{assessmentId}}/patterns/{{patternType}}",
                 Operation("get_pattern", reports.get_pattern, access.ACCESS + reports.PATTERN),
                 (200, 400, 401, 404, 429, 503), "Draw the pattern of a completed assessment"),
        Endpoint("GET", f"{_PATH}/{{assessmentId}}/reports/{{reportType}}",
                 Operation("get_report", reports.get_report, access.ACCESS + reports.REPORT),
                 (200, 400, 401, 404, 429, 503), "Make a report on a completed assessment"),
        Endpoint("GET", "/api/v2/peopleandjobs",
                 Operation("search_people", lists.search_people, access.ACCESS + list_rules.SEARCH),
                 (200, 400, 401, 429, 503), "Search people by text or by filter"),
    ),
    actions={action: Operation(action, partial(assessments.move, action)) for action in ACTIONS},
    sample_actions={"fail": Operation("fail", partial(assessments.move, "fail"))},
    http_rules=errors.HTTP_RULES,
    behaviour_flags=BEHAVIOUR_FLAGS,
    state_machine=STATE_MACHINE,
    diagram_positions=DIAGRAM_POSITIONS,
    record_kind=RECORD_KIND,
    credentials={"predictive_index.key": ("api_key",)},
    credential=access.credential,
    render_refusal=errors.render_refusal,
    render_failure=errors.render_failure,
    bearer_token=None,
    extra_headers=access.rate_headers,
    to_invitation=assessments.as_invitation,
    to_results=reports.to_results,
    invitation_form=INVITATION_FORM,
    webhook_request=webhooks.post,
    webhook_status=webhooks.webhook_status,
    samples=samples,
    seed=seed,
    questionnaire=QUESTIONNAIRE,
    interface=INTERFACE,
    examples=examples,
    normalize=access.normalize,
    ignores_path_case=True,
)  # fmt: skip
