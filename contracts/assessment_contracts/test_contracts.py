"""Every contract as a test of pytest: `conftest.py` supplies contracts and runner, or the plugin of `suite`."""

import pytest

from assessment_contracts.property import Property
from assessment_contracts.runner import Runner
from assessment_contracts.suite import conclude


def test_contract(property: Property, runner: Runner, request: pytest.FixtureRequest) -> None:
    """The contract passes."""
    conclude(runner.run(property), runner, request.node)
