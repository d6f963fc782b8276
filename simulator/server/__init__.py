"""The world around the vendors: HTTP, memory, time and webhooks. Nothing here knows a vendor by name.

Read in this order: `state` (what a sandbox remembers), `sandbox` (the one place where it changes), `http` (requests
in), `dispatcher` (webhooks out), `control` (the API by which people and tests turn the knobs).
"""
