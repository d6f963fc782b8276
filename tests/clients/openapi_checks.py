"""Loaded by schemathesis: a request that fits its schema may be refused, but only by what no schema can say."""

import re
from typing import Any
from urllib.parse import urlencode

import schemathesis
from schemathesis.specs.openapi.checks import positive_data_acceptance

# The rules of the vendors that JSON Schema cannot state.
UNSTATED = re.compile(
    r"""
    # What depends on what the sandbox holds: its settings, its records, its time.
    pymetrics\.order\.assessment_id\.known
    | pymetrics\.v2\.(?:factor|capability)\.scores
    | pi\.(?:create|change)\.(?:position|folder)\.exists
    | pi\.(?:create|change)\.expiration\.(?:format|future)
    | pi\.create\.(?:first_name|middle_name|last_name|email)\.(?:required|excluded)
    | pi\.create\.external_person_id\.match
    | pi\.change\.external(?:_person)?_id\.free
    # What one member's presence asks of another, where null and "" count as absent.
    | pi\.(?:create|change)\.administered_by\.\w+\.required
    | pymetrics\.v2\.list\.filter
    # What is a URL to us; `format: uri` also takes those without a host.
    | pymetrics\.order\.candidate_redirect_url\.url
    | pi\.(?:create|change)\.(?:webhook|redirect)\.url
    # What has a grammar of its own.
    | pi\.(?:list|search)\.(?:filter|orderby|select|searchfields|search)\.\w+
    """,
    re.VERBOSE,
)
# The same of the control API's problems, by their detail.
UNSTATED_HERE = re.compile(
    r"(?:freeze|advance): .* is no (?:instant|duration)"  # the calendar, and its end
    r"|since must be an instant"
    r"|before must be the id of"
    r"|(?:default_webhook_|webhook_)?url: must be"
    r"|(?:assessments|custom_fields): must have different (?:ids|names)"
    r"|\d+\.(?:duration: must|id: two faults|operation: '\w+' is no operation of \w+;)"  # the vendor's own
    r"|progress: must be manual or a duration"  # at most ten years
    r"|(?:body|config|behaviour)[^ ]* ?:? .*(?:not JSON|settings must be JSON)"
)


@schemathesis.check
def refused_only_for_what_no_schema_can_say(ctx: Any, response: Any, case: Any) -> bool | None:
    """Schemathesis' own check, but for the rules above."""
    if response.status_code == 400:
        (named,) = response.headers.get("simulator-rule", [""])
        rules = [rule for rule in named.split(", ") if rule]
        if rules and all(UNSTATED.fullmatch(rule) for rule in rules):
            return None
    if response.status_code == 408:  # what was waited for did not happen: no schema can say that
        return None
    if response.status_code == 422 and UNSTATED_HERE.match(response.json()["detail"]):
        return None
    result: bool | None = positive_data_acceptance(ctx, response, case)
    return result


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    """What a call would wait for is not going to happen: a wait that may be long is made short.

    The webhook inbox is not asked to answer with an error, which would be taken for one.
    """
    if case.operation.path.endswith("/await") and isinstance(case.body, dict):
        within = case.body.get("within", "PT5S")
        if isinstance(within, str) and re.fullmatch(r"PT(?:[0-9.]+S|1M)", within):
            case.body = {**case.body, "within": "PT0S"}
    if "/catch/" in case.operation.path and re.fullmatch("[2-5][0-9]{2}", str((case.query or {}).get("status", ""))):
        case.query = {**case.query, "status": 200}


@schemathesis.hook
def filter_query(ctx: Any, query: Any) -> bool:
    """An address of more than 16 KiB is refused by the HTTP server itself, in words of its own."""
    return len(urlencode(query, doseq=True)) < 16_384 if isinstance(query, dict) else True
