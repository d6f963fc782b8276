"""Orders that invalid requests refer to, and that they must not change."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.strategies import PLAIN
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.tables import LONGEST_URL
from assessment_contracts.wire import Answer

LONGEST = "https://example.com/" + "a" * (LONGEST_URL - 20)


def known(sandbox: Sandbox) -> dict[str, Any]:
    """An order that was only created; made once."""
    if "known" not in sandbox.memo:
        sandbox.memo["known"] = api.order(sandbox, api.own(sandbox, PLAIN))
    shown: dict[str, Any] = sandbox.memo["known"]
    return shown


def finished(sandbox: Sandbox) -> str:
    """The id of an order that was completed and read, with a report; made once."""
    if "finished" not in sandbox.memo:
        id = api.order(sandbox, api.own(sandbox, PLAIN))["id"]
        sandbox.act(id, "complete")
        api.read(sandbox, id, report="true")
        sandbox.memo["finished"] = id
    return str(sandbox.memo["finished"])


def link(sandbox: Sandbox) -> str:
    """The path of that order's report, as it is shown now."""
    return urlsplit(str(api.read(sandbox, finished(sandbox))["reports"][0]["download_url"])).path


def words(sandbox: Sandbox) -> Mapping[str, str]:
    """What `{words}` in invalid requests stand for; at a vendor there is no order unless `known` has created one."""
    found: dict[str, str] = {
        "token": sandbox.token(), "key": sandbox.pymetrics.api_key, "longest URL": LONGEST, "500 letters": "x" * 500,
        "assessment": api.assessments(sandbox)[0]["id"],
    }  # fmt: skip
    if sandbox.control_headers is None:
        id = sandbox.memo["known"]["id"] if "known" in sandbox.memo else "x"
        return found | {"known": id, "finished": id, "application": PLAIN["application_id"]}
    if "known words" not in sandbox.memo:
        report, _, ticket = link(sandbox).rpartition("/")
        shown = {"known": known(sandbox)["id"], "finished": finished(sandbox)}
        shown |= {"application": known(sandbox)["application_id"], "report": f"{report}/", "ticket": ticket}
        sandbox.memo["known words"] = shown
    return {**found, **sandbox.memo["known words"]}


def readable(sandbox: Sandbox) -> Any:
    """What a refused request must not change: at a simulator every invitation, at a vendor what a list finds."""
    if sandbox.control_headers is None:
        return api.find(sandbox, job_application_id=PLAIN["application_id"])
    words(sandbox)
    return api.look(sandbox, known(sandbox)), sandbox.control_json("GET", "/invitations")


def guarded(sandbox: Sandbox) -> dict[str, Callable[..., Answer]]:
    """Every request that needs key and token, valid in all other respects; each takes the headers to send."""
    id, shown = finished(sandbox), known(sandbox)
    application = shown["application_id"]
    body = api.filled(sandbox, {**PLAIN, "candidate": shown["candidate"], "application_id": application})
    table: tuple[tuple[str, str, dict[str, Any]], ...] = (
        *(("GET", version.configuration, {}) for version in api.VERSIONS),
        *(("POST", version.create, {"json": body}) for version in api.VERSIONS),
        *(("GET", f"{version.read}/{id}", {}) for version in api.VERSIONS),
        ("POST", "/mercury/orders", {"json": {"job_application_id": application}}),
        ("GET", "/mercury/v2/orders", {"query": {"job_application_id": application}}),
        ("GET", f"/mercury/v2/factorContent/{id}", {}),
        ("GET", f"/mercury/v2/capabilityContent/{id}/talent", {}),
    )
    return {f"{row[0]} {row[1]}": _caller(sandbox, *row) for row in table}


def _caller(sandbox: Sandbox, method: str, path: str, sent: Mapping[str, Any]) -> Callable[..., Answer]:
    def call(headers: Mapping[str, str | None] | None = None) -> Answer:
        return sandbox.call(method, path, headers=headers, auth="pymetrics", **sent)

    return call
