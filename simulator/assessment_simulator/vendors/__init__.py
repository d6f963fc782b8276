"""What is known of each vendor: one folder each, the same file names in all, and none knows another."""
