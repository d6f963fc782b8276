"""What the forms of the pages do: each action is a control call, and a message for the page afterwards."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from assessment_simulator.dashboard import invite, settings_form, tour
from assessment_simulator.dashboard.api_client import Form, PageRequest
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec


class FormAction(NamedTuple):
    """Something that a form does.

    `run` returns the path to redirect to, which has no message; None for the page that has the form. Before an action
    that `can_undo`, the sandbox's state is kept, and the page then offers to put it back.
    """

    run: Callable[[PageRequest, Form], Awaitable[str | None]]
    message: str = ""
    can_undo: bool = False


def _call(
    message: str, method: str, path: str, body: Callable[[Form], Any] = lambda _: None, leads_to: str = "", *,
    can_undo: bool = False,
) -> FormAction:  # fmt: skip
    """An action that is one control call under the sandbox.

    `{field}` in the path is a parameter of the page's path or a field of the form. `leads_to` is the path to redirect
    to: in it, `{name}` is the sandbox, and other fields are members of the response.
    """

    async def run(page: PageRequest, form: Form) -> str | None:
        # A form, because one that lacks a field of the path is refused like any other.
        fields = Form(b"")
        fields.update({**form, **page.request.path_params})
        response = await page.call(method, path.format_map(fields), body(form))
        return leads_to.format_map({"name": page.name, **(response or {})}) if leads_to else None

    return FormAction(run, message, can_undo)


def _fields(*names: str) -> Callable[[Form], dict[str, str]]:
    return lambda form: {name: form[name] for name in names if name in form}


def read_json(name: str, form: Form) -> Any:
    """A field that holds JSON."""
    try:
        return json_codec.loads(form[name].encode())
    except ValueError as error:
        raise Problem(422, f"{name}: this is no JSON: {error}") from None


async def _freeze(page: PageRequest, form: Form) -> None:
    at = form.get("moment") or (await page.get("clock"))["now"]
    await page.call("POST", "clock", {"freeze": at})


async def _add_fault(page: PageRequest, form: Form) -> None:
    # The control API replaces the whole list, so the others are sent again; their counts begin at zero.
    faults = await page.get("faults")
    on, _, do = form["kind"].partition(".")
    texts = _fields("vendor", "operation", "path", "invitation", "when", "duration")
    fault: dict[str, Any] = {"on": on, "do": do, **texts(form)}
    for name, text in _fields("times", "after", "probability", "status", "retry_after")(form).items():
        try:
            fault[name] = float(text) if name == "probability" else int(text)
        except ValueError:
            raise Problem(422, f"{name}: {text[:40]!r} is no number") from None
    if "merge" in form:
        fault["merge"] = read_json("merge", form)
    await page.call("PUT", "faults", [*faults, fault])


async def _remove_fault(page: PageRequest, form: Form) -> None:
    faults = await page.get("faults")
    await page.call("PUT", "faults", [fault for fault in faults if fault["id"] != form.get("id")])


async def _delete(page: PageRequest, form: Form) -> str:
    await page.call("DELETE", "")
    return f"/?{urlencode({'deleted': page.name})}"


INVITATION = {"move": _call("Done.", "POST", "invitations/{id}/{action}")}
NEW = {"invite": FormAction(invite.create)}
DELIVERY = {
    "replay": _call("", "POST", "deliveries/{id}/replay", _fields("url"), "/sandboxes/{name}/deliveries/{id}"),
}  # fmt: skip
CLOCK = {
    "freeze": FormAction(_freeze, "The clock is frozen."),
    "advance": _call(
        "The clock was advanced, and all events that were due have happened.",
        "POST", "clock", lambda form: {"advance": form["advance"]}, can_undo=True,
    ),
    "until_idle": _call(
        "All pending events have happened.", "POST", "clock", lambda _: {"until_idle": True}, can_undo=True
    ),
    "run": _call("The clock is running.", "POST", "clock", lambda _: {"run": True}),
    "snapshot": _call("The snapshot is taken.", "POST", "snapshots"),
    "restore": _call("The snapshot is restored.", "POST", "snapshots/{id}/restore", can_undo=True),
    "delete_snapshot": _call("The snapshot is deleted.", "DELETE", "snapshots/{id}", can_undo=True),
    "reset": _call("The sandbox was reset to its opening state.", "POST", "reset", can_undo=True),
    "fork": _call("", "POST", "fork", _fields("name"), "/sandboxes/{name}"),
    "delete": FormAction(_delete, can_undo=True),
    "undo": _call("The change was undone.", "POST", "/undo/{name}"),
}  # fmt: skip
FAULTS = {
    "plan": FormAction(_add_fault, "The fault is added."),
    "drop": FormAction(_remove_fault, "The fault is removed."),
    "clear": _call("All faults are removed.", "DELETE", "faults"),
    "replace": _call("The faults are replaced.", "PUT", "faults", lambda form: read_json("faults", form)),
}
SETTINGS = {
    "configure": _call("The settings are changed.", "PATCH", "config", lambda form: read_json("settings", form)),
    "save": FormAction(settings_form.save, "The settings are changed."),
}
TOUR = {
    "begin": FormAction(tour.begin),
    "fail": FormAction(tour.fail, "The clock was advanced by a day.", can_undo=True),
}
INBOX = {
    "catch": FormAction(tour.use_inbox, "Webhooks without a URL of their own go to the built-in receiver now."),
    "forget": _call("The received webhooks are deleted.", "DELETE", "/catch/{name}"),
}
