"""The list of all control calls: their routes, and what their OpenAPI document says. A new call is one row here."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from assessment_simulator.control import (
    clock,
    deliveries,
    events,
    faults,
    inbox,
    invitations,
    journal,
    reference,
    sandboxes,
    server,
    state_diagram,
    states,
    waiting,
)  # fmt: skip
from assessment_simulator.control.invitations import OF_INVITATION
from assessment_simulator.control.models.base import Binary, Object
from assessment_simulator.control.models.config import Config
from assessment_simulator.control.models.deliveries import Delivery, Replaying, Tried, Trying, WholeDelivery
from assessment_simulator.control.models.faults import Fault, MetFault
from assessment_simulator.control.models.invitations import Entry, Invitation, Mail, Outcome, SeenStates, States
from assessment_simulator.control.models.journal import Archive, Awaiting, Call, Caught, Coverage, WholeCall
from assessment_simulator.control.models.sandboxes import (
    Clock,
    Forking,
    Health,
    Opened,
    Opening,
    Ownership,
    Rule,
    Sandbox,
    Snapshot,
    Turning,
)  # fmt: skip
from assessment_simulator.control.operation import Operation, S
from assessment_simulator.control.query_parameters import paging
from assessment_simulator.control.vendor_openapi import named
from assessment_simulator.core.schema import text
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import ROOT
from assessment_simulator.journal import curl
from assessment_simulator.webhooks.inbox import MAX_WEBHOOKS

_NEXT = "look delete config configure snapshot fork clock turn invitations mail faults set_faults journal coverage"
_INTO = {call: {"name": "$response.body#/name"} for call in _NEXT.split()}
_BACK = {call: {"name": "$request.path.name", "id": "$response.body#/id"} for call in ("restore", "delete_snapshot")}
_HOOK = {"url": "https://client.example/hook"}
_FAULTS = [{"operation": "create_order", "times": 1, "do": "drop", "when": "after_commit"}]
_AWAITED = {"request": {"operation": "create_order", "status": 201}, "within": "PT5S"}
_CHANGES = {"progress": "PT10S", "rate_limit": 60}
_OUTCOME = {"results": [{"score": 71.5}]}
_ACTIONS = {"action": text(enum=["open", "accept", "reject", "start", "complete", "expire", "abort"])}
_DOCUMENTS = {"document": text(enum=["pymetrics", "predictive-index", "control"])}


def operations(vendors: Mapping[str, Vendor]) -> tuple[Operation, ...]:
    """Every call, in the order of the document. A path with an ending goes before the one without."""
    vendor = {"vendor": text(enum=[named(one) for one in vendors.values()])}
    of_invitations = invitations.filters(vendors) | paging(
        "id, names, e-mail, external ids or status", "an invitation's"
    )
    of_deliveries = deliveries.STATE | OF_INVITATION | paging("id, invitation, address or state", "a delivery's")
    of_mails = OF_INVITATION | paging("receiver or subject", "a mail's")
    of_calls = journal.filters(vendors)
    return (
        Operation("health", "GET", f"{ROOT}/health", server.health, Health),
        Operation("ready", "GET", f"{ROOT}/ready", server.ready, Health, 200, (503,)),
        Operation("metrics", "GET", f"{ROOT}/metrics", server.metrics, str, 200, (501,), media_type="text/plain"),
        Operation("rules", "GET", f"{ROOT}/rules", server.rules, list[Rule]),
        Operation("every", "GET", f"{ROOT}/sandboxes", sandboxes.list_sandboxes, list[Sandbox]),
        Operation("open", "POST", f"{ROOT}/sandboxes", sandboxes.create, Opened, 201, (409,), Opening,
                  example={"name": "ci", "seed": 7}, links=_INTO),
        Operation("look", "GET", S, sandboxes.show, Sandbox),
        Operation("delete", "DELETE", S, sandboxes.delete, status=204),
        Operation("owner", "GET", f"{S}/owner", sandboxes.owner, Ownership),
        Operation("reset", "POST", f"{S}/reset", sandboxes.reset, Sandbox),
        Operation("renew", "POST", f"{S}/credentials", sandboxes.renew_credentials, Opened, 201, (409,)),
        Operation("config", "GET", f"{S}/config", sandboxes.show_settings, Config),
        Operation("configure", "PATCH", f"{S}/config", sandboxes.change_settings, Config, body=Object, body_as=Config,
                  example=_CHANGES),
        Operation("snapshot", "POST", f"{S}/snapshots", sandboxes.create_snapshot, Snapshot, 201, (409,), links=_BACK),
        Operation("delete_snapshot", "DELETE", f"{S}/snapshots/{{id}}", sandboxes.delete_snapshot, status=204),
        Operation("restore", "POST", f"{S}/snapshots/{{id}}/restore", sandboxes.restore_snapshot, Sandbox),
        Operation("fork", "POST", f"{S}/fork", sandboxes.fork, Opened, 201, (409,), Forking, example={"name": "ci-2"},
                  links=_INTO),
        Operation("clock", "GET", f"{S}/clock", clock.show, Clock),
        Operation("turn", "POST", f"{S}/clock", clock.change, Clock, 200, (409, 410), Turning, needs_body=True,
                  example={"advance": "PT24H"}),
        Operation("invitations", "GET", f"{S}/invitations", invitations.list_invitations, list[Invitation],
                  query=of_invitations, has_links=True),
        Operation("timeline", "GET", f"{S}/invitations/{{id}}/timeline", invitations.show_timeline, list[Entry]),
        Operation("deliveries", "GET", f"{S}/deliveries", deliveries.list_deliveries, list[Delivery],
                  query=of_deliveries),
        Operation("mail", "GET", f"{S}/mail", invitations.list_mails, list[Mail], query=of_mails, has_links=True),
        Operation("invitation", "GET", f"{S}/invitations/{{id}}", invitations.show, Invitation, has_links=True),
        Operation("act", "POST", f"{S}/invitations/{{id}}/{{action}}", invitations.act, Invitation, 200, (409,), Object,
                  body_as=Outcome, example=_OUTCOME, parameters=_ACTIONS, has_links=True),
        Operation("delivery", "GET", f"{S}/deliveries/{{id}}", deliveries.show, WholeDelivery),
        Operation("replay", "POST", f"{S}/deliveries/{{id}}/replay", deliveries.replay, Delivery, body=Replaying,
                  example=_HOOK),
        Operation("try_webhook", "POST", f"{S}/webhook-test", deliveries.send_test, Tried, 200, (409,), Trying,
                  example=_HOOK),
        Operation("faults", "GET", f"{S}/faults", faults.show, list[MetFault]),
        Operation("set_faults", "PUT", f"{S}/faults", faults.replace, list[MetFault], body=list[Fault], needs_body=True,
                  example=_FAULTS),
        Operation("clear_faults", "DELETE", f"{S}/faults", faults.remove, status=204),
        Operation("journal", "GET", f"{S}/journal", journal.list_requests, list[Call], query=of_calls | journal.PAGING),
        Operation("har", "GET", f"{S}/journal.har", journal.export_har, Archive, query=of_calls),
        Operation("script", "GET", f"{S}/journal/{{id}}.sh", journal.curl_script, str, media_type=curl.MEDIA_TYPE),
        Operation("call", "GET", f"{S}/journal/{{id}}", journal.show_request, WholeCall),
        Operation("wait", "POST", f"{S}/await", waiting.wait, Object, 200, (408, 410), Awaiting, needs_body=True,
                  example=_AWAITED),
        Operation("coverage", "GET", f"{S}/coverage", journal.rule_coverage, Coverage),
        Operation("events", "GET", f"{S}/events", events.stream, str, media_type=events.MEDIA_TYPE),
        Operation("catch", "POST", f"{ROOT}/catch/{{name}}", inbox.receive, query=inbox.STATUS,
                  allows_other_parameters=True),
        Operation("caught", "GET", f"{ROOT}/catch/{{name}}", inbox.list_webhooks,
                  Annotated[list[Caught], Field(max_length=MAX_WEBHOOKS)]),
        Operation("clear_caught", "DELETE", f"{ROOT}/catch/{{name}}", inbox.clear, status=204),
        Operation("states", "GET", f"{ROOT}/states/{{vendor}}", states.show_table, States, 200, (404,),
                  parameters=vendor),
        Operation("diagram", "GET", f"{S}/states/{{vendor}}.svg", states.diagram, str, parameters=vendor,
                  media_type=state_diagram.MEDIA_TYPE),
        Operation("seen_states", "GET", f"{S}/states/{{vendor}}", states.show_counts, SeenStates, parameters=vendor),
        Operation("document", "GET", f"{ROOT}/openapi/{{document}}.json", reference.show_document, Object, 200, (404,),
                  parameters=_DOCUMENTS),
        Operation("docs", "GET", f"{ROOT}/docs", reference.show_page, str, media_type="text/html"),
        Operation("static", "GET", f"{ROOT}/static/{{file}}", reference.show_file, Binary, 200, (404,),
                  media_type="*/*"),
    )  # fmt: skip
