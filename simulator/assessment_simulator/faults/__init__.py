"""Injected faults: which request or delivery they match, and what they do."""
