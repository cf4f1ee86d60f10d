"""A package that is not installed here costs nobody a point until a person has looked."""

import pytest

from grader import keys

IMPORT = "import a_package_that_nobody_has as rare\n"


def test_the_question_whose_cell_needs_it_is_open_and_the_others_are_graded(grade_eve):
    grade, outcomes = grade_eve(number=f"{IMPORT}number = 42")
    assert grade.ending == "environment"
    assert grade.ending_detail == "cell 1: ModuleNotFoundError: No module named 'a_package_that_nobody_has'"
    assert outcomes == {"1": "review", "2": "passed", "3": "review"}
    check = grade.checks[0]
    assert check.message.startswith("Cell 1 needs a package that is not installed here. This needs review. ")
    assert (check.earned, grade.provisional) == (0, True)


def test_so_is_a_question_that_uses_what_was_to_be_made_of_it(grade_eve):
    grade, outcomes = grade_eve(number=f"{IMPORT}number = 42", losses="losses = [rare.of(1)]")
    assert grade.ending == "environment"
    assert outcomes == {"1": "review", "2": "review", "3": "review"}


def test_a_mistake_of_its_own_is_still_one(grade_eve):
    grade, outcomes = grade_eve(number=f"{IMPORT}number = 42", losses="losses = [1, 2, misspelt]")
    assert grade.ending == "error"
    assert outcomes == {"1": "review", "2": "failed", "3": "review"}


def test_what_was_right_before_the_import_stands(grade_eve):
    _, outcomes = grade_eve(number=f"number = 42\n{IMPORT}")
    assert outcomes["1"] == "passed"


def test_a_name_that_an_installed_package_does_not_have_is_no_missing_package(grade_eve):
    _, outcomes = grade_eve(number="import json.jason\nnumber = 42")
    assert outcomes["1"] == "failed"


@pytest.mark.system
def test_once_more_packages_are_installed_it_runs_again(fresh, notebook_of, monkeypatch):
    fresh.hand_in("eve", notebook_of(number=f"{IMPORT}number = 42"))
    fresh.hand_in("fay", notebook_of())
    fresh.grade()
    fresh.grade()
    assert fresh.executed == []
    monkeypatch.setattr(keys, "_installed", lambda: [("a_package_that_nobody_has", "1.0")])
    fresh.grade()
    assert fresh.executed == ["eve"]
