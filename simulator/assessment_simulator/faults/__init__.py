"""Injected faults of vendor calls; `core/faults` decides which fault applies."""
