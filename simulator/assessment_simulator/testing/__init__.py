"""Parts of `assessment_simulator.pytest_plugin`: a server in its own process, its keeper, and the coverage of rules."""
