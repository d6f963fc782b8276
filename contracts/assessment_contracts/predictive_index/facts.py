"""The facts of The Predictive Index (`sources.toml`), and its tables of members (`tables.toml`)."""

from pathlib import Path

from assessment_contracts.sources import facts
from assessment_contracts.tables import Tables

FOLDER = Path(__file__).parent
FACTS = facts("pi", FOLDER)
TABLES = Tables(FOLDER)
