"""Simulators that are broken on purpose, each in one place: what is aimed at a simulator has to notice every one.

Read `mutant` (what one is), then any table; `loading` puts one into a process, `running` lets the contracts look at
them all, and `page` tells what came of it. `python -m tests.mutants` is the command, `scripts/mutants` calls it.
"""

from tests.mutants import (
    machinery,
    predictive_index_creating,
    predictive_index_reading,
    predictive_index_rules,
    pymetrics_access,
    pymetrics_orders,
    pymetrics_reading,
    webhooks,
)
from tests.mutants.mutant import Mutant

TABLES = (
    pymetrics_access,
    pymetrics_orders,
    pymetrics_reading,
    predictive_index_creating,
    predictive_index_rules,
    predictive_index_reading,
    webhooks,
    machinery,
)
"""The tables, in the order in which the vendors' pages speak of these things."""

MUTANTS: dict[str, Mutant] = {mutant.id: mutant for table in TABLES for mutant in table.MUTANTS}
"""Every mutant by its id."""

__all__ = ["MUTANTS", "TABLES", "Mutant"]
