"""Server-sent events of a sandbox's changes."""
