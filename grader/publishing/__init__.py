"""Which pages are written, and when."""
