"""The code that runs inside a kernel, next to the student's. Imports nothing else from this package."""
