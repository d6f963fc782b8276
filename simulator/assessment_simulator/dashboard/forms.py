"""What the forms of the pages do: each action is a control call, and a message for the page afterwards."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from assessment_simulator.dashboard import tour
from assessment_simulator.dashboard.api_client import Form, PageRequest
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec

Run = Callable[[PageRequest, Form], Awaitable[str | None]]
"""Does it; returns the path to redirect to, None for the page that has the form."""


class FormAction(NamedTuple):
    """Something that a form does. An action that leads to another page has no message."""

    run: Run
    message: str = ""


def _call(
    message: str, method: str, path: str, body: Callable[[Form], Any] = lambda _: None,
    leads_to: Callable[[PageRequest, Any], str | None] = lambda page, response: None,
) -> FormAction:  # fmt: skip
    """An action that is one control call under the sandbox.

    `{field}` in the path is a parameter of the page's path or a field of the form. `leads_to` makes the path to
    redirect to of the response.
    """

    async def run(page: PageRequest, form: Form) -> str | None:
        fields = Form(b"")
        fields.update({**form, **page.request.path_params})
        response = await page.call(method, path.format_map(fields), body(form))
        return leads_to(page, response)

    return FormAction(run, message)


def _number(name: str, kind: Callable[[str], float], form: Form) -> float:
    try:
        return kind(form[name])
    except ValueError:
        raise Problem(422, f"{name}: {form[name][:40]!r} is no number") from None


def _json(name: str, form: Form) -> Any:
    try:
        return json_codec.loads(form[name].encode())
    except ValueError as error:
        raise Problem(422, f"{name}: this is no JSON: {error}") from None


async def _freeze(page: PageRequest, form: Form) -> None:
    at = form.get("moment") or (await page.get("clock"))["now"]
    await page.call("POST", "clock", {"freeze": at})


_FAULT_TEXTS = ("vendor", "operation", "path", "invitation", "when", "duration")
_FAULT_NUMBERS = {"times": int, "after": int, "probability": float, "status": int, "retry_after": int}


async def _add_fault(page: PageRequest, form: Form) -> None:
    faults = await page.get("faults")
    on, _, do = form["kind"].partition(".")
    fault: dict[str, Any] = {"on": on, "do": do, **{name: form[name] for name in _FAULT_TEXTS if name in form}}
    fault |= {name: _number(name, kind, form) for name, kind in _FAULT_NUMBERS.items() if name in form}
    if "merge" in form:
        fault["merge"] = _json("merge", form)
    await page.call("PUT", "faults", [*faults, fault])


async def _remove_fault(page: PageRequest, form: Form) -> None:
    faults = await page.get("faults")
    await page.call("PUT", "faults", [fault for fault in faults if fault["id"] != form.get("id")])


INVITATION = {"move": _call("Done.", "POST", "invitations/{id}/{action}")}
DELIVERY = {
    "replay": _call(
        "", "POST", "deliveries/{id}/replay", lambda form: {"url": form["url"]} if "url" in form else {},
        lambda page, again: f"/sandboxes/{page.name}/deliveries/{again['id']}",
    ),
}  # fmt: skip
CLOCK = {
    "freeze": FormAction(_freeze, "The clock is frozen."),
    "advance": _call(
        "The clock was advanced, and all events that were due have happened.",
        "POST", "clock", lambda form: {"advance": form["advance"]},
    ),
    "until_idle": _call("All pending events have happened.", "POST", "clock", lambda _: {"until_idle": True}),
    "run": _call("The clock is running.", "POST", "clock", lambda _: {"run": True}),
    "snapshot": _call("The snapshot is taken.", "POST", "snapshots"),
    "restore": _call("The snapshot is restored.", "POST", "snapshots/{id}/restore"),
    "delete_snapshot": _call("The snapshot is deleted.", "DELETE", "snapshots/{id}"),
    "reset": _call("The sandbox was reset to its opening state.", "POST", "reset"),
    "fork": _call(
        "", "POST", "fork", lambda form: {"name": form["name"]} if "name" in form else {},
        lambda page, opened: f"/sandboxes/{opened['name']}",
    ),
    "delete": _call("", "DELETE", "", leads_to=lambda page, _: "/"),
}  # fmt: skip
FAULTS = {
    "plan": FormAction(_add_fault, "The fault is added."),
    "drop": FormAction(_remove_fault, "The fault is removed."),
    "clear": _call("All faults are removed.", "DELETE", "faults"),
}
SETTINGS = {
    "configure": _call("The settings are changed.", "PATCH", "config", lambda form: _json("settings", form)),
}  # fmt: skip
TOUR = {"begin": FormAction(tour.begin), "fail": FormAction(tour.fail)}
INBOX = {
    "catch": FormAction(tour.use_inbox, "Webhooks without a URL of their own go to the built-in receiver now."),
    "forget": _call("The received webhooks are deleted.", "DELETE", "/catch/{name}"),
}
