"""Submission -> Execution: one notebook through nbclient, its outputs and evidence in a folder."""
