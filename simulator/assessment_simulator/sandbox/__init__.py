"""Sandboxes: state, clock and changes."""
