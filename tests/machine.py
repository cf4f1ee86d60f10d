"""What tests need of the machine that runs them, and when it is a failure that it is missing."""

import os
from typing import NoReturn

import pytest

PROMISES = {"sandbox": "GRADER_REQUIRE_SANDBOX", "package": "CI"}
"""The environment variables that say what is there: namespaces and control groups; a browser and the data set."""


def promised(kind: str) -> bool:
    """Whether tests may count on this machine to have what they need of a kind in `PROMISES`."""
    return os.environ.get(PROMISES[kind], "").lower() not in {"", "0", "false"}


def lacks(kind: str, reason: str) -> NoReturn:
    """Skip the test that needs what is missing, or fail it where it was promised."""
    if promised(kind):
        pytest.fail(f"{reason} ({PROMISES[kind]} is set, so this is not skipped)", pytrace=False)
    pytest.skip(reason)
