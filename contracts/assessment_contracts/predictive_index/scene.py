"""What is there before a wrong call is made, so that there is something to be wrong about and something to spoil."""

from typing import Any

from assessment_contracts.predictive_index import calls
from assessment_contracts.sandbox import Sandbox

TAKER = {"firstName": "Sam", "lastName": "Flynn", "email": "sam@example.com"}
"""The least that must be sent."""

Words = dict[str, str]


def scene(sandbox: Sandbox) -> Words:
    """Assessments of every kind, made once in a sandbox; the ids by the words that stand for them.

    `{pending}` is of a person with both ids, `{first}` and `{person}`; `{second}` and `{stranger}` are another's ids;
    `{lone}` is the id of an assessment whose person has none. `{gone}` was archived. `{done}` is completed.
    """
    found: Words | None = sandbox.memo.get("scene")
    if found is None:
        found = sandbox.memo["scene"] = _made(sandbox)
    return found


def _made(sandbox: Sandbox) -> Words:
    words = {name: calls.unique(name) for name in ("first", "person", "second", "stranger", "lone")}
    both = {**TAKER, "externalId": words["first"], "externalPersonId": words["person"]}
    others = {**TAKER, "externalId": words["second"], "externalPersonId": words["stranger"]}
    words["pending"] = calls.made(sandbox, both)["assessmentId"]
    calls.made(sandbox, others)
    calls.made(sandbox, {**TAKER, "externalId": words["lone"]})
    words["gone"] = calls.made(sandbox, TAKER)["assessmentId"]
    calls.archive(sandbox, words["gone"])
    words["done"] = calls.made(sandbox, TAKER)["assessmentId"]
    if sandbox.control_headers is not None:
        sandbox.act(words["done"], "complete")
    return words


def everything(sandbox: Sandbox) -> Any:
    """All that can be read in the sandbox; by the control API too, where there is one."""
    words = scene(sandbox)
    if sandbox.control_headers is None:
        return [calls.read(sandbox, words[name]) for name in ("pending", "done")]
    hidden = [sandbox.control_json("GET", part) for part in ("/mail", "/deliveries")]
    return [calls.listed(sandbox), calls.people(sandbox), *hidden]


def filled(value: Any, words: Words) -> Any:
    """A value with ids in the place of the words that stand for them."""
    if isinstance(value, dict):
        return {name: filled(inner, words) for name, inner in value.items()}
    if isinstance(value, str) and "{" in value:
        for word, meaning in words.items():
            value = value.replace(f"{{{word}}}", meaning)
    return value
