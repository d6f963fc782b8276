"""pymetrics Mercury, versions 1 and 2 of its Assessment API: orders of assessments, and their results.

Read `states` (an order's life), then `rules` (what a request must be like), `orders` (what is decided about it) and
`access` (who is let in). The versions are two faces of the same orders and tokens: `rules_v2` says where the second
asks for something else, `factors` what it tells besides. This page is the table that the rest of the program sees.
"""

from collections.abc import Callable

from assessment_simulator.core.decision import Decision
from assessment_simulator.core.request import VendorRequest
from assessment_simulator.core.rules import Rule
from assessment_simulator.core.sandbox_view import SandboxView
from assessment_simulator.core.vendor import Endpoint, Operation, Vendor
from assessment_simulator.vendors.pymetrics import (
    access,
    assessments,
    behaviour_flags,
    errors,
    factors,
    orders,
    reports,
    rules,
    rules_v2,
    states,
    webhooks,
)
from assessment_simulator.vendors.pymetrics.assumptions import ASSUMPTIONS
from assessment_simulator.vendors.pymetrics.guarantees import GUARANTEES, OMISSIONS
from assessment_simulator.vendors.pymetrics.openapi import INTERFACE
from assessment_simulator.vendors.pymetrics.questionnaire import QUESTIONNAIRE
from assessment_simulator.vendors.pymetrics.samples import samples
from assessment_simulator.vendors.pymetrics.sources import ABOUT, API, DOCUMENTS, PUBLISHER


def _guarded(
    name: str, decide: Callable[[VendorRequest, SandboxView], Decision], stages: tuple[tuple[Rule, ...], ...] = ()
) -> Operation:
    return Operation(name, decide, (*access.ACCESS, *stages))


ENDPOINTS = (
    Endpoint(
        "POST", "/mercury/oauth/token", Operation("create_token", access.issue, rules.TOKEN),
        (201, 400, 401), "Generate OAuth Token",
    ),
    Endpoint(
        "GET", "/mercury/configuration", _guarded("get_configuration", assessments.show),
        (200, 401, 403, 429), "Get Assessment Configurations",
    ),
    Endpoint(
        "POST", "/mercury/order", _guarded("create_order", orders.create, rules.ORDER),
        (200, 201, 400, 401, 403, 429), "Create Assessment Order",
    ),
    Endpoint(
        "GET", "/mercury/getOrder/{uuid}", _guarded("get_order", orders.get, rules.GET),
        (200, 400, 401, 403, 404, 429), "Get Assessment Order",
    ),
    Endpoint(
        "POST", "/mercury/orders", _guarded("list_orders", orders.find, rules.LIST),
        (200, 400, 401, 403, 429), "List Assessment Orders",
    ),
    Endpoint(
        "POST", "/mercury/v2/oauth/token", Operation("create_token_v2", access.issue, rules.TOKEN),
        (201, 400, 401), "Generate OAuth Token (version 2)",
    ),
    Endpoint(
        "GET", "/mercury/v2/assessments", _guarded("get_configuration_v2", assessments.show),
        (200, 401, 403, 429), "Get Assessment Configurations (version 2)",
    ),
    Endpoint(
        "POST", "/mercury/v2/orders", _guarded("create_order_v2", orders.create, rules_v2.ORDER),
        (200, 201, 400, 401, 403, 429), "Create Assessment Order (version 2)",
    ),
    Endpoint(
        "GET", "/mercury/v2/orders/{uuid}", _guarded("get_order_v2", orders.get, rules.GET),
        (200, 400, 401, 403, 404, 429), "Get Assessment Order (version 2)",
    ),
    Endpoint(
        "GET", "/mercury/v2/orders", _guarded("list_orders_v2", orders.find_v2, rules_v2.LIST),
        (200, 400, 401, 403, 429), "List Assessment Orders (version 2)",
    ),
    Endpoint(
        "GET", "/mercury/v2/factorContent/{uuid}", _guarded("get_factor_content", factors.show, rules_v2.FACTOR),
        (200, 400, 401, 403, 404, 429), "Get Factor Content",
    ),
    # The page documents this call's parameters; its path is assumed, after the call above.
    Endpoint(
        "GET", "/mercury/v2/capabilityContent/{uuid}/{type}",
        _guarded("get_capability_content", factors.show_capabilities, rules_v2.CAPABILITY),
        (200, 400, 401, 403, 404, 429), "Get Capability Content",
    ),
    Endpoint(
        "GET", "/pymetrics/reports/{ticket}", Operation("download_report", reports.download, reports.DOWNLOAD),
        (200, 403), "Download a report by the link in its order",
    ),
)  # fmt: skip
"""Every endpoint, in the order in which a caller needs them."""

VENDOR = Vendor(
    id="pymetrics",
    title="pymetrics Mercury",
    roots=("/mercury", "/pymetrics"),
    headers=("authorization", "x-api-key"),
    endpoints=ENDPOINTS,
    actions=orders.ACTIONS,
    sample_actions=orders.SAMPLE_ACTIONS,
    http_rules=errors.HTTP_RULES,
    behaviour_flags=behaviour_flags.BEHAVIOUR_FLAGS,
    state_machine=states.STATE_MACHINE,
    diagram_positions=states.DIAGRAM_POSITIONS,
    record_kind=states.RECORD_KIND,
    credentials={"pymetrics.client": ("client_id", "client_secret"), "pymetrics.key": ("api_key",)},
    credential=access.credential,
    render_refusal=errors.render_refusal,
    render_failure=errors.render_failure,
    bearer_token=access.bearer,
    extra_headers=lambda world: (),
    to_invitation=orders.to_invitation,
    webhook_request=webhooks.post,
    samples=samples,
    guarantees=GUARANTEES,
    omissions=OMISSIONS,
    questionnaire=QUESTIONNAIRE,
    interface=INTERFACE,
    publisher=PUBLISHER,
    api=API,
    about=ABOUT,
    documents=DOCUMENTS,
    assumptions=ASSUMPTIONS,
)
"""All that is known of pymetrics."""
