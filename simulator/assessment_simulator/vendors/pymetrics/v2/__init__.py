"""What version 2 of the API adds: factor and capability content."""
