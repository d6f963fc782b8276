"""The change feed of a sandbox, which its server-sent events read."""
