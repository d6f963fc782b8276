"""Known attacks on HTTP servers. Each must fail and change nothing."""
