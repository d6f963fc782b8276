"""pymetrics without a server: a request goes in, a decision comes out."""
