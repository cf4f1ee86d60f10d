"""What runs inside a kernel, beside the student's code. Imports nothing of the rest of this package."""
