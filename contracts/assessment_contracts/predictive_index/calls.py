"""The calls of the API, each in one line, and what holds for all of their responses."""

import itertools
import json
import secrets
from collections.abc import Mapping
from typing import Any

from assessment_contracts.sandbox import ASSESSMENTS_PATH, Sandbox
from assessment_contracts.wire import Answer

PATH = ASSESSMENTS_PATH
PEOPLE = "/api/v2/peopleandjobs"

Body = Mapping[str, Any]
Face = dict[str, Any]
"""An assessment as answers show it."""

_RUN = secrets.token_hex(4)
_NUMBERS = itertools.count(1)


def unique(stem: str = "id") -> str:
    """A text that was not used before: the API recognises people and assessments by such texts."""
    return f"{stem}-{_RUN}-{next(_NUMBERS)}"


def own(body: Body) -> Face:
    """A body whose ids are its own, where it has any: drawn ones would meet those of other examples."""
    ids = {name: unique(body[name]) for name in ("externalId", "externalPersonId") if body.get(name)}
    return {**body, **ids}


def ask(sandbox: Sandbox, method: str, path: str, **more: Any) -> Answer:
    """One call with the account's key."""
    return sandbox.call(method, path, auth="predictive_index", **more)


def create(sandbox: Sandbox, body: Any) -> Answer:
    """Ask for an assessment."""
    return ask(sandbox, "POST", PATH, json=quiet(sandbox, body))


def quiet(sandbox: Sandbox, body: Any) -> Any:
    """The body as it may go to a vendor: what happens where the notification is not spoken of is said nowhere."""
    member = "notifyAssessmentAvailableUsingEmail"
    if sandbox.control_headers is None and isinstance(body, dict) and body.get(member) is None:
        return {**body, member: 0}
    return body


def made(sandbox: Sandbox, body: Body) -> Face:
    """Create an assessment, which must succeed."""
    return _face(create(sandbox, body), 201)


def read(sandbox: Sandbox, id: str) -> Face:
    """Read an assessment, which must be there."""
    return _face(ask(sandbox, "GET", f"{PATH}/{id}"), 200)


def change(sandbox: Sandbox, id: str, body: Any) -> Answer:
    """Ask for a change of an assessment."""
    return ask(sandbox, "PATCH", f"{PATH}/{id}", json=body)


def changed(sandbox: Sandbox, id: str, body: Body) -> Face:
    """Change an assessment, which must succeed."""
    return _face(change(sandbox, id, body), 200)


def archive(sandbox: Sandbox, id: str) -> None:
    """Archive an assessment, which must succeed: 204 without a body."""
    answer = ask(sandbox, "DELETE", f"{PATH}/{id}")
    assert (answer.status, answer.body) == (204, b""), f"archiving answered {answer.status}: {answer.text[:200]}"


def listed(sandbox: Sandbox, **options: Any) -> list[Face]:
    """Read the list; `filter="…"` stands for the option `$filter`, and so on."""
    query = {name if name == "searchfields" else f"${name}": value for name, value in options.items()}
    found = shown(ask(sandbox, "GET", PATH, query=query), 200)
    assert type(found) is list, f"the list is no bare array: {str(found)[:200]}"
    return found


def people(sandbox: Sandbox, **options: Any) -> Face:
    """Search for people; options as for the list."""
    query = {name if name == "searchfields" else f"${name}": value for name, value in options.items()}
    found = shown(ask(sandbox, "GET", PEOPLE, query=query), 200)
    assert [*found] == ["totalSearchResults", "peopleAndJobsSearchResult"], [*found]
    return dict(found)


def completed(sandbox: Sandbox, body: Body, **wishes: Any) -> Face:
    """Create an assessment and have its taker complete it; needs the control API."""
    id = made(sandbox, body)["assessmentId"]
    sandbox.act(id, "complete", **wishes)
    return read(sandbox, id)


def _face(answer: Answer, status: int) -> Face:
    found = shown(answer, status)
    assert isinstance(found, dict), f"an assessment is an object, not {str(found)[:200]}"
    return found


def shown(answer: Answer, status: int) -> Any:
    """The JSON of an answer that must have this status."""
    assert answer.status == status, f"{answer.status} instead of {status}: {answer.text[:300]}"
    kind = answer.headers.get("content-type", "none")
    assert kind.partition(";")[0] == "application/json", f"the content type is {kind}"
    assert not answer.rules, f"an accepted call names the rules {answer.rules}"
    return answer.json


def same(found: Any, expected: Any) -> None:
    """Equal as JSON: the order of members and the difference between 1, 1.0 and true count."""
    if isinstance(found, dict) and isinstance(expected, dict):
        assert [*found] == [*expected], f"the members are {[*found]}, not {[*expected]}"
        for name, value in found.items():
            assert json.dumps(value) == json.dumps(expected[name]), f"{name} is {value!r}, not {expected[name]!r}"
    assert json.dumps(found) == json.dumps(expected), f"found {str(found)[:500]}, expected {str(expected)[:500]}"
