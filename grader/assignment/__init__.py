"""`assignment.toml` and the master notebook, as one checked `Assignment`."""
