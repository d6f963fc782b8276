"""The bodies and the answers of the control API: one class each, which reads, shows and describes it.

These modules load pydantic. Handlers import them when they are called, so that a server starts without it.
"""
