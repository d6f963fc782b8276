"""What `simulator.pytest_plugin` is made of: a server of its own process, who keeps it, and the coverage of rules."""
