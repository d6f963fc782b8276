"""Lets `pytest --pyargs contracts` take options of its own, which the `conftest.py` of a package comes too late for."""

import pytest


def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Load the options when the contracts are asked for; whoever else has an option `--target` keeps it."""
    named = any(word.partition("::")[0].split(".")[0] == "contracts" for word in args)
    if named and early_config.known_args_namespace.pyargs:
        early_config.pluginmanager.import_plugin("contracts.options")
