"""The page `docs/fidelity.md`, written from the vendors' rules and their `facts.toml`."""
