"""Where the parts of this program lie, in a checkout and when installed: the one reader of `__file__`."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSIDE = PACKAGE / "kernel" / "inside"
"""All that runs in a kernel."""
EMBEDDED = PACKAGE / "datasets" / "data"
"""The sample of a data set that is shipped with the program."""
GUIDE = PACKAGE / "guide"
"""The pages that `grader guide` shows."""
AUTOGRADER = PACKAGE / "handout" / "gradescope"
"""The programs of an autograder for Gradescope."""
TEMPLATES = PACKAGE / "reports" / "templates"
"""Of the HTML pages."""
RESULT_PAGE = PACKAGE / "result.md"
"""What each key of `result.json` means."""
CHECKOUT = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else None
"""The repository, if this package is used from one; None where it is installed."""
