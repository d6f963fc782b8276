"""The dashboard: pages for people who do not read JSON.

Begin with `board`, the table of pages. `asking` is how they ask: as a client of the control API, in this process; there
is nothing that a page can see or do and a script cannot. `deeds` says which control call each form is. `words` are the
words and marks of the templates.
"""

from assessment_simulator.dashboard.api_client import Control
from assessment_simulator.dashboard.routes import Board

__all__ = ["Board", "Control"]
