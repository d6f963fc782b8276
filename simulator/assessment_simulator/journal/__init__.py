"""The request journal of a sandbox, and what is read from it."""
