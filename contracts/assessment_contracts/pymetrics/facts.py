"""The facts of pymetrics (`sources.toml`), and its tables of members (`tables.toml`)."""

from pathlib import Path

from assessment_contracts.sources import facts
from assessment_contracts.tables import Tables

FOLDER = Path(__file__).parent
FACTS = facts("pymetrics", FOLDER)
TABLES = Tables(FOLDER)
LIST_FIELDS = tuple(member.name for member in TABLES.requests["list"].members)
