"""One unusual behaviour of a client fails one contract at most: the others do not depend on it."""

from pathlib import Path

import pytest

from tests.contracts.test_examples import violated
from tests.suites import run, written

SUITE = """
from base64 import b64encode
from assessment_contracts.examples.reference import Client as Reference
from assessment_contracts.pytest import client_contracts

{client}

test_client = client_contracts(Client, profile="quick")
"""
TOKENS_BY_URL = """
TOKENS = {}

class Client(Reference):
    def _new_token(self):
        return TOKENS.setdefault(self._base_url, super()._new_token() if self._base_url not in TOKENS else "")
"""
NO_FALSE = """
class Client(Reference):
    def create_order(self, order):
        return super().create_order({name: value for name, value in order.items() if value is not False})
"""
NO_PATIENCE = """
class Client(Reference):
    features = {"pymetrics.orders", "pymetrics.search", "pymetrics.assessments", "pymetrics.webhooks",
                "predictive_index.assessments", "predictive_index.changes", "predictive_index.webhooks"}

    def _patiently(self, ask, tries=1):
        return ask()
"""
BASIC = """
class Client(Reference):
    def __init__(self, webhook_username, webhook_password, **opening):
        super().__init__(**opening)
        word = b64encode(f"{webhook_username}:{webhook_password}".encode()).decode()
        self._basic = f"Basic {word}"

    def receive(self, vendor, request):
        if request["headers"].get("authorization") != self._basic:
            return 401
        return super().receive(vendor, request)
"""
SHORT_REPORT = """
class Client(Reference):
    def _of(self, order):
        return {name: order[name] for name in ("id", "status", "results", "reports") if name in order}

    def create_order(self, order):
        made = super().create_order(order)
        return {"order": self._of(made["order"]), "created": made["created"]}

    def get_order(self, id, report=False):
        return self._of(super().get_order(id, report))
"""
SLOW_TO_GIVE_UP = """
class Client(Reference):
    def __init__(self, **opening):
        super().__init__(**{**opening, "timeout": 3.4})
"""


@pytest.mark.parametrize(
    ("client", "found"),
    [
        pytest.param(TOKENS_BY_URL, {"pymetrics.accounts_are_kept_apart"}, id="a token cache keyed by URL"),
        pytest.param(NO_FALSE, set(), id="send_email false is omitted"),
        pytest.param(NO_PATIENCE, set(), id="nothing is retried, and patience is not claimed"),
        pytest.param(BASIC, set(), id="the receiver requires Basic"),
        pytest.param(SHORT_REPORT, {"pymetrics.order_is_reported_as_answered"}, id="reports lack members"),
        pytest.param(SLOW_TO_GIVE_UP, set(), id="four tries of three seconds"),
    ],
)
def test_an_unusual_client_fails_one_contract_at_most(client: str, found: set[str], tmp_path: Path) -> None:
    written(tmp_path, {"test_contracts.py": SUITE.format(client=client)})
    done = run(tmp_path, "--junitxml=report.xml", "-n", "2", "-rs")
    assert violated(tmp_path / "report.xml") == found, done.stdout
    if client == TOKENS_BY_URL:
        assert "the client mixes accounts, see client.pymetrics.accounts_are_kept_apart" in done.stdout
