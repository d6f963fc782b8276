"""HTTP: vendor requests in, responses out."""
