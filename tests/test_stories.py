"""Requests to both vendors in one sandbox, compared after each step with the models of the contracts.

The contracts' state machines (`assessment_contracts.state_machine`) try each vendor alone. Here both share a sandbox.
`STORIES=2000 scripts/test tests/test_stories.py` tries many and long sequences, and shrinks what fails.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from assessment_contracts.context import Context
from assessment_contracts.predictive_index import model as pi
from assessment_contracts.pymetrics import model as pymetrics
from assessment_contracts.state_machine import Assessments, Orders, configured
from assessment_contracts.target import Target
from assessment_contracts.wire import Exchange
from tests.servers import Sandbox, Server

LONG = int(os.environ.get("STORIES", "0"))
STORIES = settings(
    max_examples=LONG or 40, stateful_step_count=80 if LONG else 40, deadline=None, print_blob=True,
    phases=[phase for phase in Phase if LONG or phase is not Phase.shrink], suppress_health_check=[*HealthCheck],
)  # fmt: skip


class Both(Orders, Assessments):
    """Requests to both vendors in one sandbox."""

    def __init__(self) -> None:
        self.context.begin()
        super().__init__()

    def teardown(self) -> None:
        super().teardown()
        self.context.end()


def check_exchange(exchange: Exchange) -> None:
    """Only refusals name rules, and no URL has the placeholder for the server's own address."""
    if exchange.answer is not None:  # a fault may have dropped it
        assert not exchange.answer.rules or exchange.answer.status >= 400
        assert "simulator.invalid" not in exchange.answer.text


@pytest.mark.timeout(3_600 if LONG else 600)  # three servers behind a balancer need several times as long as one
def test_the_server_agrees_with_the_models(server: Server) -> None:
    context = Context(Target(server.url, record=check_exchange, patience=30))
    try:
        with context.listener:
            run_state_machine_as_test(type("Bound", (Both,), {"context": context}), settings=STORIES)
    finally:
        context.target.close()


def test_the_settings_of_the_models_begin_as_those_of_a_sandbox(sandbox: Sandbox) -> None:
    defaults = {**pymetrics.DEFAULTS, **pi.DEFAULTS}
    assert configured(sandbox.control_json("GET", "/config"), defaults) == defaults
