"""What a busy machine and `-j` change: nothing."""

import pytest

from . import load

STUDENTS = ("aisha-khan", "chloe-dubois", "diego-herrera", "sofia-rossi", "yuki-tanaka")
"""Three endings, and a mistake of most kinds."""


@pytest.mark.system
@pytest.mark.alone
def test_a_busy_machine_changes_no_grade(tmp_path):
    runs = load.graded(STUDENTS, tmp_path, rounds=1, profile="quick")
    assert [len(results) for results in runs.values()] == [len(STUDENTS)] * 2
    assert not (lines := load.differences(runs)), "\n".join(lines)


def test_every_difference_is_told():
    """The test of the test: another ending or outcome does not go by, nor a student who is missing."""
    quiet = {"ada": {"ending": "finished", "test_a": "passed, 1 points"}, "bob": {"ending": "error"}}
    busy = {"ada": {"ending": "timeout", "test_a": "review, 0 points"}}
    assert load.differences({"quiet": quiet, "same": quiet}) == []
    assert load.differences({"quiet": quiet, "busy": busy}) == [
        "busy: ada, ending: timeout instead of finished",
        "busy: ada, test_a: review, 0 points instead of passed, 1 points",
        "busy: bob, ending: missing instead of error",
    ]
