"""pymetrics Mercury, version 1 of its Assessment API: orders of assessments, and their results.

Read `states` (an order's life), then `rules` (what a request must be like), `orders` (what is decided about it) and
`access` (who is let in). This page is the table that the rest of the program sees.
"""

from collections.abc import Callable

from simulator.core.call import Call
from simulator.core.decision import Decision
from simulator.core.rules import Rule
from simulator.core.vendor import Endpoint, Operation, Vendor
from simulator.core.world import World
from simulator.vendors.pymetrics import access, assessments, errors, orders, reports, rules, states, switches, webhooks
from simulator.vendors.pymetrics.samples import samples


def _guarded(
    name: str, decide: Callable[[Call, World], Decision], stages: tuple[tuple[Rule, ...], ...] = ()
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
    staged=orders.STAGED,
    door=errors.DOOR,
    switches=switches.SWITCHES,
    machine=states.MACHINE,
    kind=states.KIND,
    credentials={"pymetrics.client": ("client_id", "client_secret"), "pymetrics.key": ("api_key",)},
    credential=access.credential,
    refuse=errors.refuse,
    every_reply=lambda world: (),
    view=orders.view,
    post=webhooks.post,
    samples=samples,
)
"""All that is known of pymetrics."""
