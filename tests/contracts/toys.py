"""Small properties, right and wrong ones, to try the machinery of the contracts with."""

import time
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from assessment_contracts.context import Context
from assessment_contracts.property import Need, contract, contract_machine, given
from assessment_contracts.pymetrics.api import unused
from assessment_contracts.sandbox import Sandbox
from assessment_contracts.sources import Standing

ORDER = {
    "assessment_id": "6ac4d6b5-9a3e-4d0c-8f55-0d5a3f6d2b10",
    "application_id": "application",
}


def create(sandbox: Sandbox, **members: Any) -> Any:
    """The order that a creation answers with."""
    own = {"candidate": {"email": f"{unused(sandbox)}@example.com"}}
    answer = sandbox.call("POST", "/mercury/order", json=ORDER | own | members, auth="pymetrics")
    assert answer.status in (200, 201), answer.text
    return answer.json["order"]


def get(sandbox: Sandbox, id: str) -> Any:
    """The order as it is read."""
    return sandbox.call("GET", f"/mercury/getOrder/{id}", auth="pymetrics").json


@contract("pymetrics.toy.right", "What is created can be read", kept=("pymetrics.order.body.json",))
@given(application=st.text("abc", min_size=1))
def right(context: Context, application: str) -> None:
    """It would be lost otherwise."""
    id = create(context.sandbox, application_id=application)["id"]
    assert get(context.sandbox, id)["application_id"] == application


@contract("pymetrics.toy.wrong", "An application's id is short", kept=("pymetrics.order.body.object",))
@given(application=st.text("abc", min_size=1))
def wrong(context: Context, application: str) -> None:
    """It is not, so this does not hold; `<b>` & co. must not hurt a page."""
    id = create(context.sandbox, application_id=application)["id"]
    assert len(get(context.sandbox, id)["application_id"]) < 3, "<b>three & more</b>"


@contract("pi.toy.observed", "It answers", standing=Standing.OBSERVED)
def observed(context: Context) -> None:
    """Once is enough."""
    assert context.sandbox.call("GET", "/api/v1/behavioralassessments", auth="predictive_index").status == 200


@contract("pi.toy.mail", "It sends mail", standing=Standing.ASSUMED, needs={Need.MAIL})
def mailing(context: Context) -> None:
    """Only where that is allowed."""


@contract("pymetrics.toy.webhook", "A completion is told of", needs={Need.CONTROL, Need.LISTENER})
def telling(context: Context) -> None:
    """By a webhook."""
    sandbox = context.fresh({"webhook_url": context.listener.url})
    id = create(sandbox)["id"]
    sandbox.act(id, "complete")
    assert context.listener.wait_for(2)[-1].json


@contract("pymetrics.toy.slow", "It is quick")
@given(wait=st.floats(0.2, 0.3))
def slow(context: Context, wait: float) -> None:
    """It takes a while, and then it fails."""
    time.sleep(wait)  # a slow contract is what is tested
    raise AssertionError("late")


@contract("pymetrics.toy.remembering", "A remembered order is read with any token")
@given(application=st.text("abc", min_size=1))
def remembering(context: Context, application: str) -> None:
    """It is created once, for all examples."""
    if "order" not in context.sandbox.memo:
        context.sandbox.memo["order"] = create(context.sandbox)["id"]
    else:
        path, headers = f"/mercury/getOrder/{context.sandbox.memo['order']}", {"Authorization": "Bearer not-a-token"}
        answer = context.sandbox.call("GET", path, headers=headers, auth="pymetrics")
        assert answer.status == 200, application


class Counting(RuleBasedStateMachine):
    """Never more than two orders."""

    context: Context

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = self.context.fresh()
        self.orders = 0

    @rule()
    def create(self) -> None:
        """One more."""
        create(self.sandbox, application_id=str(self.orders))
        self.orders += 1
        assert self.orders < 3, "three orders"


machine = contract_machine("pymetrics.toy.machine", "There are at most two orders", Counting, steps=8)


class Moody(RuleBasedStateMachine):
    """Fails once, and never again: Hypothesis calls it flaky when it tries to make that smaller."""

    context: Context

    @rule()
    def ask(self) -> None:
        """Fail in the second example."""
        assert self.context.examples != 2, "in a mood"


moody = contract_machine("pymetrics.toy.moody", "It is always the same", Moody, steps=3)
