"""What a server is like after long and heavy use. `scripts/soak` runs it.

Read in this order: `parts` (what is done and what must hold), `traffic` (the requests), `hooks` (the listeners).
"""
