"""pymetrics Mercury, versions 1 and 2 of its Assessment API: orders of assessments, and their results.

Both versions show the same orders and accept the same tokens. Read in this order:

1. `states`: the statuses of an order and the moves between them;
2. `rules`: what a request must contain, in stages;
3. `orders`: what is decided about a valid request: create, get, list, and the actions of candidates and timers;
4. `access`: API key and bearer token, whose rules come before those of an operation; `errors`: refusals;
5. `results`, `reports`, `v2.factors`: what a completed order shows;
6. `webhooks`, `questionnaire`, `samples`: extensions of the simulator;
7. `sources`, `behaviour_flags`, `facts.toml` (for `docs/fidelity.md`): how sure we are of it; `openapi`: the shapes of
   bodies; `examples`: a request that each rule accepts, and one that it refuses.

An operation takes a request and a read-only sandbox, returns a decision, and changes nothing. This module is the table
that the rest of the program sees. A new endpoint is a row here, a decision, its shape in `openapi`, and its rules.
"""

from collections.abc import Callable

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.vendor import Endpoint, Operation, Vendor
from assessment_simulator.vendors.pymetrics import access, errors, orders, reports, rules, states, webhooks
from assessment_simulator.vendors.pymetrics.behaviour_flags import BEHAVIOUR_FLAGS
from assessment_simulator.vendors.pymetrics.examples import examples
from assessment_simulator.vendors.pymetrics.invitation_form import INVITATION_FORM
from assessment_simulator.vendors.pymetrics.openapi import INTERFACE
from assessment_simulator.vendors.pymetrics.questionnaire import QUESTIONNAIRE
from assessment_simulator.vendors.pymetrics.samples import samples, seed
from assessment_simulator.vendors.pymetrics.v2 import factors

_READ = (200, 400, 401, 403, 404, 429)
_LIST = (200, 400, 401, 403, 429)
_CREATE = (200, 201, 400, 401, 403, 429)


def _guarded(
    name: str, decide: Callable[[VendorRequest, SandboxView], Decision], stages: tuple[tuple[Rule, ...], ...] = ()
) -> Operation:
    return Operation(name, decide, (*access.ACCESS, *stages))


# In the order in which a caller needs them.
ENDPOINTS = (
    Endpoint("POST", "/mercury/oauth/token", Operation("create_token", access.issue, rules.TOKEN),
             (201, 400, 401), "Generate OAuth Token"),
    Endpoint("GET", "/mercury/configuration", _guarded("get_configuration", orders.show_assessments),
             (200, 401, 403, 429), "Get Assessment Configurations"),
    Endpoint("POST", "/mercury/order", _guarded("create_order", orders.create, rules.ORDER),
             _CREATE, "Create Assessment Order"),
    Endpoint("GET", "/mercury/getOrder/{uuid}", _guarded("get_order", orders.get, rules.GET),
             _READ, "Get Assessment Order"),
    Endpoint("POST", "/mercury/orders", _guarded("list_orders", orders.find, rules.LIST),
             _LIST, "List Assessment Orders"),
    Endpoint("POST", "/mercury/v2/oauth/token", Operation("create_token_v2", access.issue, rules.TOKEN),
             (201, 400, 401), "Generate OAuth Token (version 2)"),
    Endpoint("GET", "/mercury/v2/assessments", _guarded("get_configuration_v2", orders.show_assessments),
             (200, 401, 403, 429), "Get Assessment Configurations (version 2)"),
    Endpoint("POST", "/mercury/v2/orders", _guarded("create_order_v2", orders.create, rules.ORDER_V2),
             _CREATE, "Create Assessment Order (version 2)"),
    Endpoint("GET", "/mercury/v2/orders/{uuid}", _guarded("get_order_v2", orders.get, rules.GET),
             _READ, "Get Assessment Order (version 2)"),
    Endpoint("GET", "/mercury/v2/orders", _guarded("list_orders_v2", orders.find_v2, rules.LIST_V2),
             _LIST, "List Assessment Orders (version 2)"),
    Endpoint("GET", "/mercury/v2/factorContent/{uuid}", _guarded("get_factor_content", factors.show, factors.FACTOR),
             _READ, "Get Factor Content"),
    # The page documents this call's parameters; its path is assumed, by analogy with the call above.
    Endpoint("GET", "/mercury/v2/capabilityContent/{uuid}/{type}",
             _guarded("get_capability_content", factors.show_capabilities, factors.CAPABILITY),
             _READ, "Get Capability Content"),
    Endpoint("GET", "/pymetrics/reports/{ticket}", Operation("download_report", reports.download, reports.DOWNLOAD),
             (200, 403), "Download a report by the link in its order"),
)  # fmt: skip

VENDOR = Vendor(
    id="pymetrics",
    title="pymetrics Mercury",
    roots=("/mercury", "/pymetrics"),
    base_path="",
    hosts=("api.pymetrics.com", "staging.api.pymetrics.com"),
    headers=("authorization", "x-api-key"),
    endpoints=ENDPOINTS,
    actions=orders.ACTIONS,
    sample_actions=orders.SAMPLE_ACTIONS,
    http_rules=errors.HTTP_RULES,
    behaviour_flags=BEHAVIOUR_FLAGS,
    state_machine=states.STATE_MACHINE,
    diagram_positions=states.DIAGRAM_POSITIONS,
    record_kind=states.RECORD_KIND,
    credentials={"pymetrics.client": ("client_id", "client_secret"), "pymetrics.key": ("api_key",)},
    credential=access.credential,
    render_refusal=errors.render_refusal,
    render_failure=errors.render_failure,
    bearer_token=access.bearer,
    extra_headers=lambda view: (),
    to_invitation=orders.to_invitation,
    to_results=reports.to_results,
    invitation_form=INVITATION_FORM,
    webhook_request=webhooks.webhook_request,
    webhook_status=webhooks.webhook_status,
    samples=samples,
    seed=seed,
    questionnaire=QUESTIONNAIRE,
    interface=INTERFACE,
    examples=examples,
)
