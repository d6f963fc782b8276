"""The changes of a sandbox, for whoever reads its server-sent events."""
