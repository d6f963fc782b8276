"""The attacks that are known to be tried on servers such as this one. Each must fail, and leave nothing behind."""
