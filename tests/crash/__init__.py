"""Kills servers under load, again and again, and looks for lost changes: `scripts/crash`."""
