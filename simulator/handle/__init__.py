"""What `simulator.client` is made of: a connection, the knobs that it turns, and the webhooks that it catches."""
