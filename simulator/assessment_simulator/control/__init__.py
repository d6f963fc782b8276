"""The control API under /_simulator."""
