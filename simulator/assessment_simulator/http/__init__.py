"""The HTTP layer. So far: forwarding of requests between the processes that share a database (`forwarding`)."""
