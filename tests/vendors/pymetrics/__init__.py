"""pymetrics without a server: a call goes in, a decision comes out."""
