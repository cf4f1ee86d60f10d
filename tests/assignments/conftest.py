"""The rubrics in here are tests for `grader`, not for this suite."""

collect_ignore_glob = ["*/test_*.py"]
