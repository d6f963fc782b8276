"""Pictures of the pages: `shots` says of which, `__main__` takes them."""
