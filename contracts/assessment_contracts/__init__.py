"""What the vendors promise, as properties that can be aimed at a server or at a client.

It speaks HTTP only and imports nothing of `simulator`: table and test must not share one error. Read `property` (a
promise), `context` (what it is given), `runner` (how it is asked), then a vendor's folder: `facts` (where each promise
stands), `strategies` (right bodies, and bodies wrong in one known way), `breaches` (what must be refused), `machine`
and `oracle` (any sequence of calls). `clients` turns it round and grades the code that calls the vendors.
"""
