"""An assignment that is nothing like homework 1, graded by the real command line in real kernels."""

import json
import tomllib
import zipfile
from pathlib import Path

import pytest

from grader.handout import wheel

FLATS = Path(__file__).parent / "tiny"
EXPECTED = tomllib.loads((FLATS / "expected.toml").read_text())


@pytest.fixture(scope="module")
def graded(grader, tmp_path_factory):
    """The results folder of the class, and what the command said."""
    results = tmp_path_factory.mktemp("flats") / "results"
    said = grader("run", FLATS / "submissions", "-a", FLATS, "-o", results, "-j", 2, "--json")
    assert said.returncode == 0, said.stderr
    return results, said


@pytest.fixture(scope="module")
def grades(graded):
    return {each["student"]: each for each in json.loads(graded[1].stdout)}


def test_everybody_is_graded(grades):
    assert set(grades) == set(EXPECTED)


@pytest.mark.parametrize("student", EXPECTED)
def test_a_hand_in_gets_what_it_must(grades, student):
    grade, expected = grades[student], EXPECTED[student]
    assert {each["id"]: each["outcome"] for each in grade["questions"]} == expected["outcomes"]
    assert grade["total"] == float(expected["total"])


def test_nothing_is_provisional_for_want_of_data(graded, grades):
    assert "PROVISIONAL" not in graded[1].stderr
    assert not grades["dina"]["provisional"]
    assert [flag for grade in grades.values() for flag in grade.get("flags", [])] == []


def test_a_notebook_of_another_assignment_is_named_as_such(graded):
    result = json.loads((graded[0] / "students/eva/result.json").read_text())
    messages = {check["message"] for question in result["questions"] for check in question["checks"]}
    assert messages == {"This notebook was made for the assignment 'cars', not for 'flats'."}


@pytest.mark.system
def test_check_refuses_a_notebook_of_another_assignment(grader):
    said = grader("check", FLATS / "submissions/eva/flats.ipynb", "-a", FLATS)
    assert said.returncode == 2
    assert "was made for the assignment 'cars', not for 'flats'." in said.stderr


@pytest.mark.system
def test_the_kit_holds_what_is_handed_out_and_nothing_hidden(grader, tmp_path):
    said = grader("kit", FLATS, "-o", tmp_path / "kit.zip")
    assert said.returncode == 0, said.stderr
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        assert set(kit.namelist()) == {"flats.ipynb", "flats.csv", "README.txt", "flats.pack", wheel.name()}
        notebook = json.loads(kit.read("flats.ipynb"))
        assert "price / area" not in kit.read("flats.ipynb").decode()
    made_from = notebook["metadata"]["grader"]
    assert made_from == {"assignment": "flats", "kit": made_from["kit"]}
