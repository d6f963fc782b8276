"""Reports as PDF files, and images."""
