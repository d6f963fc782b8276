"""The list of all control calls: their routes, and what their OpenAPI document says. A new call is one row here."""

from collections.abc import Mapping
from typing import Annotated, Literal

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
    results,
    rules,
    sandboxes,
    server,
    settings,
    states,
    trace,
    waiting,
)  # fmt: skip
from assessment_simulator.control.bodies import Answer, Count, Object
from assessment_simulator.control.invitations import OF_INVITATION
from assessment_simulator.control.operation import Operation, Parameter, S, named, paging
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
_BINARY = Annotated[str, Field(json_schema_extra={"format": "binary"})]
_DOCUMENTS = {"document": text(enum=["pymetrics", "predictive-index", "control"])}


# The answers of `server`, which loads no pydantic, so that monitors are answered from the start on.


class Health(Answer):
    """Whether the server answers."""

    status: Literal["ok"] = "ok"
    version: str


class Counters(Answer):
    """What a process has counted."""

    sandboxes: Count = Field(description="in this process's memory and in the commit log")
    calls: dict[str, Count] = Field(description="by class of status, such as 4xx; none is those without an answer")
    webhook_attempts: dict[str, Count] = Field(description="by outcome")


def operations(vendors: Mapping[str, Vendor]) -> tuple[Operation, ...]:
    """Every call, in the order of the document. A path with an ending goes before the one without."""
    vendor = {"vendor": text(enum=[named(one) for one in vendors.values()])}
    of_invitations = invitations.filters(vendors) | paging(
        "id, names, e-mail, external ids or status", "an invitation's"
    )
    of_deliveries = {
        "state": Parameter(text("only those in this state", enum=["pending", "delivered", "failed"])),
        **OF_INVITATION, **paging("id, invitation, address or state", "a delivery's"),
    }  # fmt: skip
    of_mails = OF_INVITATION | paging("receiver or subject", "a mail's")
    of_calls = journal.filters(vendors)
    return (
        Operation("health", "GET", f"{ROOT}/health", server.health, Health),
        Operation("ready", "GET", f"{ROOT}/ready", server.ready, Health, 200, (503,)),
        Operation("metrics", "GET", f"{ROOT}/metrics", server.metrics, str, 200, (501,), media_type="text/plain"),
        Operation("rules", "GET", f"{ROOT}/rules", rules.show_all, list[rules.Rule]),
        Operation("rule", "GET", f"{ROOT}/rules/{{id}}", rules.show, rules.WholeRule, 200, (404,)),
        Operation("unattributed", "GET", f"{ROOT}/unattributed", journal.list_unattributed, list[journal.WholeCall],
                  query={"newest": journal.PAGING["newest"]}),
        Operation("counters", "GET", f"{ROOT}/counters", server.counters, Counters),
        Operation("every", "GET", f"{ROOT}/sandboxes", sandboxes.list_sandboxes, list[sandboxes.Sandbox],
                  query=paging("the name", "a sandbox's name")),
        Operation("open", "POST", f"{ROOT}/sandboxes", sandboxes.create, sandboxes.Opened, 201, (409,),
                  sandboxes.Opening, example={"name": "ci", "seed": 7}, links=_INTO),
        Operation("look", "GET", S, sandboxes.show, sandboxes.Sandbox),
        Operation("delete", "DELETE", S, sandboxes.delete, status=204),
        Operation("owner", "GET", f"{S}/owner", sandboxes.owner, sandboxes.Ownership),
        Operation("reset", "POST", f"{S}/reset", sandboxes.reset, sandboxes.Sandbox),
        Operation("renew", "POST", f"{S}/credentials", sandboxes.renew_credentials, sandboxes.Opened, 201, (409,)),
        Operation("config", "GET", f"{S}/config", sandboxes.show_settings, settings.Config),
        Operation("configure", "PATCH", f"{S}/config", sandboxes.change_settings, settings.Config, body=Object,
                  body_as=settings.Config, example=_CHANGES),
        Operation("pending", "GET", f"{S}/pending", sandboxes.show_pending, sandboxes.Pending),
        Operation("keep", "PUT", f"{S}/undo", sandboxes.keep, sandboxes.UndoPoint),
        Operation("undo", "POST", f"{ROOT}/undo/{{sandbox}}", sandboxes.undo, sandboxes.Sandbox, 200, (404,)),
        Operation("snapshot", "POST", f"{S}/snapshots", sandboxes.create_snapshot, sandboxes.Snapshot, 201, (409,),
                  links=_BACK),
        Operation("delete_snapshot", "DELETE", f"{S}/snapshots/{{id}}", sandboxes.delete_snapshot, status=204),
        Operation("restore", "POST", f"{S}/snapshots/{{id}}/restore", sandboxes.restore_snapshot, sandboxes.Sandbox),
        Operation("fork", "POST", f"{S}/fork", sandboxes.fork, sandboxes.Opened, 201, (409,), sandboxes.Forking,
                  example={"name": "ci-2"}, links=_INTO),
        Operation("clock", "GET", f"{S}/clock", clock.show, clock.Clock),
        Operation("turn", "POST", f"{S}/clock", clock.change, clock.Clock, 200, (409, 410), clock.Turning,
                  needs_body=True, example={"advance": "PT24H"}),
        Operation("invitations", "GET", f"{S}/invitations", invitations.list_invitations, list[invitations.Invitation],
                  query=of_invitations, has_links=True),
        Operation("timeline", "GET", f"{S}/invitations/{{id}}/timeline", invitations.show_timeline,
                  list[invitations.Entry]),
        Operation("results", "GET", f"{S}/invitations/{{id}}/results", results.show, results.InvitationResults),
        Operation("result_file", "GET", f"{S}/invitations/{{id}}/files/{{file}}", results.show_file, _BINARY,
                  media_type="*/*"),
        Operation("deliveries", "GET", f"{S}/deliveries", deliveries.list_deliveries, list[deliveries.Delivery],
                  query=of_deliveries),
        Operation("mail", "GET", f"{S}/mail", invitations.list_mails, list[invitations.Mail], query=of_mails,
                  has_links=True),
        Operation("one_mail", "GET", f"{S}/mail/{{id}}", invitations.show_mail, invitations.Mail, has_links=True),
        Operation("invitation", "GET", f"{S}/invitations/{{id}}", invitations.show, invitations.Invitation,
                  has_links=True),
        Operation("act", "POST", f"{S}/invitations/{{id}}/{{action}}", invitations.act, invitations.Invitation, 200,
                  (409,), Object, body_as=invitations.Outcome, example=_OUTCOME, parameters=_ACTIONS, has_links=True),
        Operation("delivery", "GET", f"{S}/deliveries/{{id}}", deliveries.show, deliveries.WholeDelivery),
        Operation("replay", "POST", f"{S}/deliveries/{{id}}/replay", deliveries.replay, deliveries.Delivery,
                  body=deliveries.Replaying, example=_HOOK),
        Operation("try_webhook", "POST", f"{S}/webhook-test", deliveries.send_test, deliveries.Tried, 200, (409,),
                  deliveries.Trying, example=_HOOK),
        Operation("faults", "GET", f"{S}/faults", faults.show, list[faults.MetFault]),
        Operation("set_faults", "PUT", f"{S}/faults", faults.replace, list[faults.MetFault], body=list[faults.Fault],
                  needs_body=True, example=_FAULTS),
        Operation("clear_faults", "DELETE", f"{S}/faults", faults.remove, status=204),
        Operation("journal", "GET", f"{S}/journal", journal.list_requests, list[journal.Call],
                  query=of_calls | journal.PAGING),
        Operation("har", "GET", f"{S}/journal.har", journal.export_har, journal.Archive, query=of_calls),
        Operation("script", "GET", f"{S}/journal/{{id}}.sh", journal.curl_script, str, media_type=curl.MEDIA_TYPE),
        Operation("call", "GET", f"{S}/journal/{{id}}", journal.show_request, journal.WholeCall),
        Operation("trace", "GET", f"{S}/trace.html", trace.save, str, media_type=trace.MEDIA_TYPE),
        Operation("wait", "POST", f"{S}/await", waiting.wait, Object, 200, (408, 410), waiting.Awaiting,
                  needs_body=True, example=_AWAITED),
        Operation("coverage", "GET", f"{S}/coverage", journal.rule_coverage, journal.Coverage),
        Operation("events", "GET", f"{S}/events", events.stream, str, media_type=events.MEDIA_TYPE),
        Operation("catch", "POST", f"{ROOT}/catch/{{name}}", inbox.receive, query=inbox.STATUS,
                  allows_other_parameters=True),
        Operation("caught", "GET", f"{ROOT}/catch/{{name}}", inbox.list_webhooks,
                  Annotated[list[inbox.Caught], Field(max_length=MAX_WEBHOOKS)]),
        Operation("clear_caught", "DELETE", f"{ROOT}/catch/{{name}}", inbox.clear, status=204),
        Operation("states", "GET", f"{ROOT}/states/{{vendor}}", states.show_table, states.States, 200, (404,),
                  parameters=vendor),
        Operation("diagram", "GET", f"{S}/states/{{vendor}}.svg", states.show_diagram, str, parameters=vendor,
                  media_type=states.MEDIA_TYPE),
        Operation("seen_states", "GET", f"{S}/states/{{vendor}}", states.show_counts, states.SeenStates,
                  parameters=vendor),
        Operation("document", "GET", f"{ROOT}/openapi/{{document}}.json", reference.show_document, Object, 200, (404,),
                  parameters=_DOCUMENTS),
        Operation("docs", "GET", f"{ROOT}/docs", reference.show_page, str, media_type="text/html"),
        Operation("static", "GET", f"{ROOT}/static/{{file}}", reference.show_file, _BINARY, 200, (404,),
                  media_type="*/*"),
    )  # fmt: skip
