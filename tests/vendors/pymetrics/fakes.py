"""A sandbox with one order in it, and requests made from `rows`."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from assessment_simulator.core import instant
from assessment_simulator.core.config import Config
from assessment_simulator.core.decision import VendorResponse
from assessment_simulator.core.links import LINK_TOKEN
from assessment_simulator.core.request import MISSING, Unreadable, VendorRequest
from assessment_simulator.core.urls import FORM
from assessment_simulator.core.vendor import handle
from assessment_simulator.vendors.pymetrics import VENDOR
from tests.fakes import FakeSandbox, FakeStored
from tests.vendors.pymetrics.rows import ABSENT, ORDER, REQUESTS, Change

SEALED = "test.seal"
"""What the HTTP layer puts in place of `LINK_TOKEN`."""


class PymetricsSandbox(FakeSandbox):
    """A sandbox that checks credentials before each request, as the HTTP layer does."""

    placeholders: dict[str, str]

    def __init__(self, **config: Any) -> None:
        super().__init__(config=replace(Config(), **config))
        self.placeholders = {"{name}": self.name, "{stranger}": self._token(FakeSandbox(name="other", secret=b"other"))}
        self.placeholders["{token}"] = self._token(self)

    @staticmethod
    def _token(sandbox: FakeSandbox) -> str:
        token: str = sandbox.handle(VENDOR, "create_token", dict(REQUESTS["create_token"].body)).body["access_token"]
        return token

    def send(self, operation: str, change: Change | None = None) -> VendorResponse:
        """One request, changed; its response, after its decision was applied."""
        change = dict(change or {})
        self.now += instant.parse_duration(change.pop("advance", "PT0S")) or 0
        call = self.request(operation, change)
        sandbox = self if self._opens(call) else FakeSandbox(name="")
        decision = handle(VENDOR, VENDOR.operations[operation], call, sandbox)
        sandbox.apply(decision)
        return decision.response

    def request(self, operation: str, change: Mapping[str, Any]) -> VendorRequest:
        """The valid request with the changes applied."""
        good = REQUESTS[operation]
        parts: dict[str, Any] = {
            "header": dict(good.headers), "path": dict(good.params), "query": dict(good.query),
            "body": deepcopy(good.body),
        }  # fmt: skip
        for place, value in change.items():
            _put(parts, place.split("."), value)
        parts = self._filled(parts)
        body = MISSING if parts["body"] is ABSENT else parts["body"]
        return self.call(
            operation,
            Unreadable("it ends too early") if "raw" in change else body,
            headers=parts["header"],
            params=parts["path"],
            query=parts["query"],
            media_type=FORM if "form" in change else "application/json",
            recent=change.get("recent", 0),
        )

    def act(self, action: str, body: Any = MISSING) -> VendorResponse:
        """Apply an action to the order."""
        return self.handle(VENDOR, action, body, params={"id": self.placeholders["{order}"]})

    def order(self, *actions: str, **members: Any) -> str:
        """Create the order that later requests refer to, and apply actions to it."""
        self.send("create_order", {"body": {**ORDER, **members}})
        self.placeholders["{order}"] = self.all("order")[-1].id
        for action in actions:
            assert self.act(action).status == 200
        return self.placeholders["{order}"]

    def ticket(self) -> str:
        """Have a report made, and take the last segment of its link."""
        link = shown(self.send("get_order", {"query.report": "true"}))["reports"][0]["download_url"]
        self.placeholders["{ticket}"] = link.rpartition("/")[2].replace(LINK_TOKEN, SEALED)
        return self.placeholders["{ticket}"]

    def _opens(self, call: VendorRequest) -> bool:
        shown = VENDOR.credential(call.operation, call.params, call.headers, call.body)
        if shown is None:
            return False
        return f"{shown.id}.{shown.secret}" == SEALED if shown.kind == "link" else shown.id == f"sim-{self.name}"

    def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._filled(inner) for name, inner in value.items()}
        if isinstance(value, str):
            for placeholder, meaning in self.placeholders.items():
                value = value.replace(placeholder, meaning)
        return value


def _put(parts: dict[str, Any], path: list[str], value: Any) -> None:
    if path[0] not in parts:
        return
    inner = parts
    for step in path[:-1]:
        inner = inner[step]
    if value is ABSENT and len(path) > 1:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = deepcopy(value)


def shown(response: VendorResponse) -> dict[str, Any]:
    """The order in a response, whether it comes as it was saved or made for this response."""
    body = response.body
    if isinstance(body, dict) and "created" in body:
        body = body["order"]
    order: dict[str, Any] = body.public if isinstance(body, FakeStored) else body
    return order
