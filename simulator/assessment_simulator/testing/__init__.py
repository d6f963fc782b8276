"""What `assessment_simulator.pytest_plugin` and `assessment_simulator.client` consist of."""
