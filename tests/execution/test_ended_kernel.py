"""What a notebook did not show because it ended its own kernel costs nobody a point until a person has looked."""

import pytest

EXITS = {
    "exit()": "exit()",
    "import os\nos._exit(0)": "os._exit(0)",
    "import os\nos.kill(os.getpid(), 9)": "os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("source", EXITS)
def test_the_question_after_it_is_open_and_the_one_before_it_stands(grade_eve, source):
    grade, outcomes = grade_eve(losses=f"losses = [3.0, 2.0, 1.0]\n{source}", more=["1", "2"])
    said = f"The notebook ended its kernel with {EXITS[source]} in cell 2, so cells 4-5 did not run."
    assert grade.ending == "killed"
    assert grade.ending_detail == said
    assert outcomes["1"] == "passed"
    assert outcomes["2"] in ("review", "passed")  # exit() lets its own cell end


def test_a_mistake_before_it_is_still_one(grade_eve):
    _, outcomes = grade_eve(number="number = 41", losses="import os\nos._exit(0)\nlosses = [3.0, 2.0, 1.0]")
    assert outcomes == {"1": "failed", "2": "review", "3": "review"}


def test_sys_exit_ends_one_cell(grade_eve):
    grade, outcomes = grade_eve(number="import sys\nsys.exit()\nnumber = 42")
    assert outcomes == {"1": "review", "2": "passed", "3": "review"}
    assert grade.checks[0].message.startswith("Cell 1 stopped before its end with sys.exit() or the like.")


def test_what_was_to_come_from_the_network_is_open(grade_eve):
    fetch = "import urllib.request\nnumber = urllib.request.urlopen('http://nowhere.invalid/number').read()"
    grade, outcomes = grade_eve(number=fetch)
    assert grade.ending == "environment"
    assert outcomes == {"1": "review", "2": "passed", "3": "review"}
    assert grade.checks[0].message.startswith("Cell 1 needs the network, which notebooks cannot reach here.")
