"""`%load_ext grader` and `%check`: the public checks of the notebook that a student is working in.

All of this runs in the student's kernel, whatever is installed there, and may be imported from the wheel itself. So
it imports nothing else of ours, and of IPython only what 7.34 has. The checks run in a process of their own.
"""


class CheckError(Exception):
    """Nothing was checked. The message is one line: what happened, and what to do next."""
