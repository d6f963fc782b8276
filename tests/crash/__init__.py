"""Kills the server in the middle of its work, again and again, and looks for what was lost: `scripts/crash`."""
