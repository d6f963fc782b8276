"""What the vendors promise, as properties that can be aimed at a server or at a client.

It speaks HTTP only and imports nothing of `simulator`: table and test must not share one error. The properties
themselves come in a later release; the package is here so that its place is.
"""
