"""Ways to make a right call wrong, in one way each, and the records that wrong calls must leave alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from assessment_contracts.pymetrics import api
from assessment_contracts.pymetrics.strategies import PLAIN
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.wire import ABSENT, MISSING, Answer

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Sent:
    """A body as it goes over the wire: a JSON value, or octets of a media type."""

    json: Any = MISSING
    content: bytes | None = None
    media_type: str | None = None


Flaw = Callable[[Mapping[str, Any]], Sent]
"""Makes a wrong body of a right one."""


@dataclass(frozen=True)
class Put:
    """One member is something else, or is left out."""

    place: str
    value: Any

    def __call__(self, body: Mapping[str, Any]) -> Sent:
        *around, name = self.place.split(".")
        wrong: dict[str, Any] = {**body}
        inner = wrong
        for step in around:
            inner[step] = {**inner[step]}
            inner = inner[step]
        if self.value is ABSENT:
            inner.pop(name, None)
        else:
            inner[name] = self.value
        return Sent(wrong)


@dataclass(frozen=True)
class Bent:
    """A string member with something before or after it."""

    place: str
    before: str = ""
    after: str = ""

    def __call__(self, body: Mapping[str, Any]) -> Sent:
        return Put(self.place, f"{self.before}{body[self.place]}{self.after}")(body)


@dataclass(frozen=True)
class Whole:
    """Something else altogether, though JSON."""

    value: Any

    def __call__(self, body: Mapping[str, Any]) -> Sent:
        return Sent(self.value)


@dataclass(frozen=True)
class Raw:
    """Octets instead of JSON."""

    content: bytes

    def __call__(self, body: Mapping[str, Any]) -> Sent:
        return Sent(content=self.content, media_type="application/json")


@dataclass(frozen=True)
class Form:
    """The members as a form."""

    def __call__(self, body: Mapping[str, Any]) -> Sent:
        return Sent(content=urlencode({name: str(value) for name, value in body.items()}).encode(), media_type=FORM)


def put(place: str, *values: Any) -> st.SearchStrategy[Flaw]:
    """One of these values for a member."""
    return st.sampled_from([Put(place, value) for value in values])


def post(sandbox: Sandbox, path: str, sent: Sent, auth: bool = True) -> Answer:
    """Send a body."""
    return sandbox.call(
        "POST", path, json=sent.json, content=sent.content, media_type=sent.media_type,
        auth="pymetrics" if auth else None,
    )  # fmt: skip


def alike(answers: Mapping[str, Answer]) -> Answer:
    """One answer for all, which must be refused in the same way; the names say which call each belongs to."""
    kinds = {(answer.status, answer.rules) for answer in answers.values()}
    told = {name: f"{answer.status} {', '.join(answer.rules)}" for name, answer in answers.items()}
    assert len(kinds) == 1, f"the calls are not refused alike: {told}"
    return [*answers.values()][-1]


def known(sandbox: Sandbox) -> dict[str, Any]:
    """An order that nothing has happened to; made once."""
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
    """The address of that order's report, as it is shown now."""
    return str(api.read(sandbox, finished(sandbox))["reports"][0]["download_url"])


def state(sandbox: Sandbox) -> Any:
    """What a refused call must leave as it is: every invitation of a simulator, and an order by way of the list.

    At a vendor nothing is made for it, so there it is what such an order as is asked for would be found under.
    """
    if sandbox.control_headers is None:
        return api.find(sandbox, job_application_id=PLAIN["application_id"])
    shown = known(sandbox)
    finished(sandbox)
    return api.look(sandbox, shown), sandbox.control_json("GET", "/invitations")


def guarded(sandbox: Sandbox) -> dict[str, Callable[..., Answer]]:
    """Every call that asks for the key and a token, right in all else; each takes the headers to send."""
    # At a vendor nothing is made for calls that must all be refused before anybody looks at the id.
    simulated = sandbox.control_headers is not None
    id, shown = (finished(sandbox), known(sandbox)) if simulated else ("x", PLAIN)
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
