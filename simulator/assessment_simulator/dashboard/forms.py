"""What the forms of the pages do: each is one control call, and a sentence for when it was done."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from assessment_simulator.dashboard import tour
from assessment_simulator.dashboard.api_client import CONTROL
from assessment_simulator.dashboard.page import Form, Visit
from assessment_simulator.http.problem_details import Problem
from assessment_simulator.storage import json_codec

Act = Callable[[Visit, Form], Awaitable[str | None]]
"""Does it; gives the path to go to then, None for the page that the form stands on."""


class Deed(NamedTuple):
    """Something that a form does, and what is said when it was done."""

    act: Act
    said: str


async def _move(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "invitations", visit.id, _needed(form, "action"))


async def _replay(visit: Visit, form: Form) -> str:
    body = {"url": form["url"]} if form.get("url") else {}
    again = await visit.ask("POST", "deliveries", visit.id, "replay", body=body)
    return f"/sandboxes/{visit.name}/deliveries/{again['id']}"


async def _freeze(visit: Visit, form: Form) -> None:
    moment = form.get("moment") or (await visit.get("clock"))["now"]
    await visit.ask("POST", "clock", body={"freeze": moment})


async def _advance(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "clock", body={"advance": _needed(form, "advance")})


async def _until_idle(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "clock", body={"until_idle": True})


async def _run(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "clock", body={"run": True})


async def _snapshot(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "snapshots")


async def _restore(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "snapshots", _needed(form, "id"), "restore")


async def _delete_snapshot(visit: Visit, form: Form) -> None:
    await visit.ask("DELETE", "snapshots", _needed(form, "id"))


async def _reset(visit: Visit, form: Form) -> None:
    await visit.ask("POST", "reset")


async def _delete(visit: Visit, form: Form) -> str:
    await visit.ask("DELETE")
    return "/"


async def _fork(visit: Visit, form: Form) -> str:
    made = await visit.ask("POST", "fork", body={"name": form["name"]} if form.get("name") else {})
    return f"/sandboxes/{made['name']}"


_WORDS = ("vendor", "operation", "path", "invitation", "when", "duration")
_NUMBERS = {"times": int, "after": int, "probability": float, "status": int, "retry_after": int}


async def _plan(visit: Visit, form: Form) -> None:
    known = await visit.get("faults")
    on, _, do = _needed(form, "kind").partition(".")
    said = {name: form[name] for name in _WORDS if form.get(name)}
    counted = {name: _number(name, kind, form[name]) for name, kind in _NUMBERS.items() if form.get(name)}
    merged = {"merge": _json("merge", form["merge"])} if form.get("merge") else {}
    await visit.ask("PUT", "faults", body=[*known, {"on": on, "do": do, **said, **counted, **merged}])


async def _drop(visit: Visit, form: Form) -> None:
    known = await visit.get("faults")
    await visit.ask("PUT", "faults", body=[fault for fault in known if fault["id"] != form.get("id")])


async def _clear(visit: Visit, form: Form) -> None:
    await visit.ask("DELETE", "faults")


async def _configure(visit: Visit, form: Form) -> None:
    await visit.ask("PATCH", "config", body=_json("settings", _needed(form, "settings")))


async def _catch(visit: Visit, form: Form) -> None:
    query = f"?status={form['status']}" if form.get("status") else ""
    url = f"{visit.base}{CONTROL}/catch/{visit.name}{query}"
    await visit.ask("PATCH", "config", body={"webhook_url": url, "default_webhook_url": url})


async def _forget_caught(visit: Visit, form: Form) -> None:
    await visit.elsewhere("DELETE", f"{CONTROL}/catch/{visit.name}")


def _needed(form: Form, name: str) -> str:
    if not form.get(name):
        raise Problem(422, f"{name} is missing")
    return form[name]


def _number(name: str, kind: Callable[[str], float], value: str) -> float:
    try:
        return kind(value)
    except ValueError:
        raise Problem(422, f"{name}: {value[:40]!r} is no number") from None


def _json(name: str, text: str) -> Any:
    try:
        return json_codec.loads(text.encode())
    except ValueError as error:
        raise Problem(422, f"{name}: this is no JSON: {error}") from None


async def _begin(visit: Visit, form: Form) -> str:
    return await tour.begin(visit)


async def _fail(visit: Visit, form: Form) -> str:
    return await tour.fail(visit)


MOVES: Mapping[str, Deed] = {"move": Deed(_move, "Done.")}
REPLAYS: Mapping[str, Deed] = {"replay": Deed(_replay, "The webhook is sent again, as a delivery of its own.")}
CLOCK: Mapping[str, Deed] = {
    "freeze": Deed(_freeze, "The clock stands still."),
    "advance": Deed(_advance, "The clock was advanced, and what fell due has happened."),
    "until_idle": Deed(_until_idle, "Nothing is left to happen by itself."),
    "run": Deed(_run, "The clock runs."),
    "snapshot": Deed(_snapshot, "The present state is kept."),
    "restore": Deed(_restore, "The kept state is back."),
    "delete_snapshot": Deed(_delete_snapshot, "The snapshot is deleted."),
    "reset": Deed(_reset, "The sandbox is as it was when it was opened."),
    "fork": Deed(_fork, "This sandbox begins with the other's records."),
    "delete": Deed(_delete, "The sandbox is forgotten."),
}
FAULTS: Mapping[str, Deed] = {
    "plan": Deed(_plan, "The fault is set."),
    "drop": Deed(_drop, "The fault is taken away."),
    "clear": Deed(_clear, "Nothing goes wrong on purpose any more."),
}
SETTINGS: Mapping[str, Deed] = {"configure": Deed(_configure, "The settings are changed.")}
TOUR: Mapping[str, Deed] = {"begin": Deed(_begin, ""), "fail": Deed(_fail, "")}
CAUGHT: Mapping[str, Deed] = {
    "catch": Deed(_catch, "Webhooks without an address of their own go to the catcher now."),
    "forget": Deed(_forget_caught, "What was caught is forgotten."),
}
