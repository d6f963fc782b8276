"""Loads packages that a server needs late, without delaying the calls that it answers."""

import asyncio
import sys
from importlib import import_module

# The handlers of the control API and their models, which load pydantic.
CONTROL = ("assessment_simulator.control.operations", "assessment_simulator.control.openapi")


async def loaded(*modules: str) -> None:
    """Import these modules, in a thread unless they are there already: an import may take a fifth of a second."""
    for module in modules:
        if module not in sys.modules:
            await asyncio.to_thread(import_module, module)
