"""What can go wrong, named by whose fault it is.

Each message says what happened, where, and what to do next; it is printed as one line.
"""

import errno

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of a disk, a quota or a limit that is reached."""


class GraderError(Exception):
    """The root of every error that this package raises on purpose."""


class UsageError(GraderError):
    """The person who called us has to change something: a path, an option, a file. Exit code 2."""


class NoAssignmentError(UsageError):
    """No assignment was named, and none is here."""


class NotebookError(UsageError):
    """A file that was handed in as a notebook is none. The rest of the class is still graded."""


class RubricError(UsageError):
    """The assignment or its rubric contradicts itself. Refused when loaded, before any student is graded."""


class DatasetError(UsageError):
    """The data set is missing, truncated or not the one the assignment names."""


class EvidenceError(GraderError):
    """Evidence that is corrupt or forged: its sizes, types or offsets do not fit."""


class HarnessError(GraderError):
    """Our own fault. Never a zero: the submission goes to a person. Exit code 3."""
