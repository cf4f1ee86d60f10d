"""Turns a folder of submissions into one `Submission` per student."""
