"""What version 2 of the API adds: other rules, and factor and capability content."""
