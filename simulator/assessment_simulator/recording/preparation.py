"""Prepares a sandbox from a recording: settings, credentials, invitations that the recording did not create, statuses.

A recording begins in the middle of an account's life, and candidates act between its calls. What the answers show of
this is applied to the sandbox before the call that shows it, so it is no difference.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from assessment_simulator.core.text import is_uuid
from assessment_simulator.core.vendor import Vendor
from assessment_simulator.http.problem_details import ROOT
from assessment_simulator.recording.difference import References
from assessment_simulator.recording.files import Answer, Call

if TYPE_CHECKING:
    import httpx2

_NAME = "compare"
# Headers that belong to the connection of the recording.
_LEFT_OUT = frozenset({"host", "content-length"})
_KEY_HEADERS = ("api-key", "x-api-key")
_LONGEST_LIST = 1_000


@dataclass(frozen=True, slots=True)
class _Words:
    """The names that a vendor has for what is prepared."""

    create: str  # the operation
    id: str
    status: tuple[str, ...]
    expiry: str = ""  # the time that a creation refuses once it is past


_WORDS = {
    "predictive_index": _Words(
        "create_assessment", "assessmentId", ("assessmentState", "assessmentStatus"), "expirationDateTime"
    ),
    "pymetrics": _Words("create_order", "id", ("status",)),
}  # fmt: skip
# What an older invitation is created with, where the simulator refuses all that the vendor shows of it.
_PERSON = ("firstName", "lastName", "email")
# Members that vary most between accounts.
_PECULIAR = frozenset({"customFields", "personType"})


def values_in(value: Any) -> Iterator[Any]:
    """A JSON value and all that it contains."""
    yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from values_in(one)


class Replay:
    """One sandbox of a running simulator, prepared from the calls of a recording.

    `client` sends the calls; `control` has the control token.
    """

    def __init__(
        self, client: "httpx2.Client", control: "httpx2.Client", vendor: Vendor, calls: Sequence[Call], seed: int,
        behaviour: Mapping[str, Any],
    ) -> None:  # fmt: skip
        self._client = client
        self._admin = control
        self._vendor = vendor
        self._words = _WORDS[vendor.id]
        self._behaviour = behaviour
        self._endpoints = {one.operation.name: one for one in vendor.endpoints}
        self.references = References()
        self._unprepared: set[str] = set()
        self._keys: set[str] = set()
        control.delete(f"{ROOT}/sandboxes/{_NAME}")
        # Without the settings where the recording shows some that no sandbox can have.
        for shown in (_settings(vendor.id, calls), {}):
            config = {**shown, "behaviour": dict(behaviour)}
            opened = control.post(f"{ROOT}/sandboxes", json={"name": _NAME, "seed": seed, "config": config})
            if opened.is_success:
                break
        self._credentials = opened.raise_for_status().json()["credentials"][vendor.id]
        self._now = ""
        for call in calls:
            self._accept_credentials(call)
        self._create_older(calls)

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request to the simulator."""
        given = {name: value for name, value in headers.items() if name not in _LEFT_OUT}
        answer = self._client.request(method, target, headers=given, content=body)
        return Answer(answer.status_code, {name.lower(): text for name, text in answer.headers.items()}, answer.content)

    def headers(self, call: Call) -> dict[str, str]:
        """The headers to send for a call: a key that the vendor accepted becomes that of the sandbox."""
        return {
            name: self._credentials["api_key"] if name in _KEY_HEADERS and value in self._keys
            else self.references.translated(value)
            for name, value in call.headers.items()
        }  # fmt: skip

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of a control call about the sandbox; None if it fails."""
        more = {} if body is None else {"json": body}
        answer = self._admin.request(method, f"{ROOT}/sandboxes/{_NAME}/{path}", **more)
        return answer.json() if answer.is_success else None

    def prepare(self, call: Call) -> str:
        """Bring the sandbox to the time and the statuses of a call. Returns why that cannot be done, or ""."""
        second = call.at[:19]
        if second > self._now:
            self._now = second
            self._control("POST", "clock", {"freeze": f"{second}Z"})
        answer = call.answer
        if answer is None or answer.status != 200:
            return ""
        self._accept_token(call)
        for item in self._invitations(answer.json):
            id = item[self._words.id]
            if id in self._unprepared:
                return f"the {self._vendor.record_kind} {id} could not be prepared"
            if call.method == "GET" or call.path.endswith("/orders"):
                self._move(item, call)
        return ""

    def _invitations(self, body: Any) -> Iterator[dict[str, Any]]:
        words = self._words
        for one in values_in(body):
            if (
                isinstance(one, dict)
                and isinstance(one.get(words.id), str)
                and any(name in one for name in words.status)
            ):
                yield one

    def _move(self, item: Mapping[str, Any], call: Call) -> None:
        """Act as the candidate did, as far as one action leads to the status that an answer shows."""
        id, machine = item[self._words.id], self._vendor.state_machine
        wanted = next(item[name] for name in self._words.status if name in item)
        ours = self.references.instead.get(id)
        shown = ours and self._control("GET", f"invitations/{ours}")
        if not shown or wanted not in machine.states:
            return
        # At pymetrics reading fulfils an order, and makes a report if one is asked for.
        target = "Completed" if wanted == "Fulfilled" else wanted
        for action in self._vendor.actions if shown["status"] not in (wanted, target) else ():
            steps = machine.steps(shown["status"], action)
            if steps and steps[-1] == target:
                self._control("POST", f"invitations/{ours}/{action}")
                break
        if item.get("reports") and "report=" not in call.target:
            self.send("GET", f"/mercury/getOrder/{ours}?report=true", self._own_headers(), b"")
        elif wanted == "Fulfilled" and id not in call.path:
            self.send("GET", f"/mercury/getOrder/{ours}", self._own_headers(), b"")

    def _accept_credentials(self, call: Call) -> None:
        """Translate the keys of a request that the vendor accepted to those of the sandbox."""
        if call.answer is None or call.answer.status in (401, 403) or call.answer.status >= 500:
            return
        instead, key = self.references.instead, self._credentials
        self._keys.update(call.headers[name] for name in _KEY_HEADERS if name in call.headers)
        if call.path.endswith("/oauth/token") and call.answer.status in (200, 201):
            sent = sent_values(call)
            for name in ("client_id", "client_secret"):
                if isinstance(sent.get(name), str) and name in key:
                    instead[sent[name]] = key[name]

    def _own_headers(self) -> dict[str, str]:
        key = self._credentials
        if self._vendor.id == "predictive_index":
            return {"api-key": key["api_key"], "content-type": "application/json"}
        body = {name: key[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
        headers = {"x-api-key": key["api_key"], "content-type": "application/json"}
        token = self.send("POST", "/mercury/oauth/token", headers, json.dumps(body).encode()).json["access_token"]
        return {**headers, "authorization": f"Bearer {token}"}

    def _accept_token(self, call: Call) -> None:
        """Translate a token that the vendor issued before the recording began."""
        token = call.headers.get("authorization", "").partition(" ")[2]
        if token and token not in self.references.instead and self._vendor.bearer_token is not None:
            self.references.instead[token] = self._own_headers()["authorization"].partition(" ")[2]

    def _create_older(self, calls: Sequence[Call]) -> None:
        """Create the invitations that the recording shows and did not create, in the order in which it shows them."""
        made, older = set[str](), dict[str, dict[str, Any]]()
        for call in calls:
            if call.answer is None or call.answer.status not in (200, 201):
                continue
            asked = [segment for segment in call.path.split("/") if is_uuid(segment)]
            for item in self._invitations(call.answer.json):
                id = item[self._words.id]
                if asked and id not in asked:  # another one than was asked for is a difference
                    continue
                if call.answer.status == 201:
                    made.add(id)
                elif id not in made and len(older) < _LONGEST_LIST:
                    older.setdefault(id, item)
        if not older:
            return
        self._now = next(call.at[:19] for call in calls)
        self._control("POST", "clock", {"freeze": f"{self._now}Z"})
        headers, path = self._own_headers(), self._endpoints[self._words.create].path
        content = self._vendor.interface.contents[self._words.create].body["application/json"]
        schema = self._vendor.interface.schemas.get(content.get("$ref", "").rpartition("/")[2], content)
        known = schema["properties"].keys() - {self._words.expiry}
        # Some first statuses are reached by no action, only by the flag that decides about the first one.
        first = next((flag for flag in self._vendor.behaviour_flags if flag.id.endswith(".initial_status")), None)
        usual = begin = None if first is None else self._behaviour.get(first.id, first.values[0])
        for id, item in older.items():
            if first is not None:
                status = item[self._words.status[0]]
                wanted = status if status in first.values else first.values[0]
                if wanted != begin:
                    begin = wanted
                    self._control("PATCH", "config", {"behaviour": {first.id: begin}})
            whole = {name: value for name, value in item.items() if name in known and value not in (None, "")}
            plain = {name: value for name, value in whole.items() if name not in _PECULIAR}
            person = {name: whole[name] for name in _PERSON if name in whole}
            for body in (whole, plain, person):
                answer = self.send("POST", path, headers, json.dumps(body).encode())
                if answer.status == 201:
                    found = (one.get(self._words.id) for one in values_in(answer.json) if isinstance(one, dict))
                    self.references.pair(self._words.id, id, next(one for one in found if isinstance(one, str)))
                    break
            else:
                self._unprepared.add(id)
        if first is not None and begin != usual:
            self._control("PATCH", "config", {"behaviour": {first.id: usual}})


def sent_values(call: Call) -> dict[str, Any]:
    """The members of a request's body, JSON or a form."""
    text = call.body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = {name: values[-1] for name, values in parse_qs(text).items()}
    return found if isinstance(found, dict) else {}


def _settings(vendor: str, calls: Sequence[Call]) -> dict[str, Any]:
    """The settings of the account, as far as answers show them: a list that is empty is left as it is by default."""
    shown = [one for call in calls if call.answer and call.answer.status in (200, 201)
             for one in values_in(call.answer.json) if isinstance(one, dict)]  # fmt: skip
    if vendor == "pymetrics":
        lists = [item.get("assessments") or [item.get("assessment")] for item in shown]
        found = [one for listed in lists for one in _objects(listed)]
        types = ("games", "video_interview", "nlr")
        assessments = {
            str(one["id"]): {
                "id": str(one["id"]), "type": one["type"] if one.get("type") in types else "games",
                "description": str(one.get("description") or ""),
            }
            for one in found if one.get("id")
        }  # fmt: skip
        return {"assessments": [*assessments.values()]} if assessments else {}
    sent = [sent_values(call) for call in calls if call.answer and call.answer.status in (200, 201)]
    folders = _texts(item.get("folderPath") for item in (*shown, *sent))
    positions = _texts(item.get("associatedPositionTitle") for item in (*shown, *sent))
    fields = _texts(one.get("fieldName") for item in shown for one in _objects(item.get("customFields")))
    # The administrator of those who name none in their request is the user of the key.
    named = {sent_values(call).get("administeredByEmail") for call in calls}
    users = (item for item in shown if item.get("administeredByEmail") not in (None, "", *named))
    names = {
        "first_name": "administeredByFirstName", "last_name": "administeredByLastName",
        "email": "administeredByEmail", "phone": "administeredByPhone",
    }  # fmt: skip
    user = next(({name: str(item.get(member) or "") for name, member in names.items()} for item in users), None)
    found_settings = {
        "folders": folders, "positions": positions, "custom_fields": [{"name": name} for name in fields],
        "api_user": user,
    }  # fmt: skip
    return {name: value for name, value in found_settings.items() if value}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(values: Iterator[Any]) -> list[str]:
    return [*dict.fromkeys(value for value in values if isinstance(value, str) and value)]
