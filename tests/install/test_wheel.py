"""The installed program works away from the repository, and brings no solution along."""

import json
import shutil
import zipfile

import pytest
from environments import ROOT, Environment

FLATS = ROOT / "tests" / "assignments" / "tiny"


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """The wheel in an environment of its own, with an assignment and a class beside the empty folder."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copytree(FLATS, folder / "flats", ignore=shutil.ignore_patterns("submissions"))
    for student in ("ada", "dina"):
        shutil.copytree(FLATS / "submissions" / student, folder / "class" / student)
    return Environment(folder, wheel)


def test_the_wheel_holds_the_program_and_no_solution(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        held = {name: archive.read(name) for name in names}
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"grader"}
    for needed in (
        "guide/assignment.md",
        "guide/rubrics.md",
        "reports/templates/base.html",
        "reviewing/static/htmx.min.js",
        "reviewing/static/htmx-LICENSE",
        "reviewing/templates/layout.html",
        "datasets/data/t10k-labels-idx1-ubyte.gz",
        "py.typed",
    ):
        assert f"grader/{needed}" in names
    assert [
        name for name in names if name.endswith(".ipynb") or "rubrics/" in name or "reference/" in name
    ] == []
    # Where solutions begin is told in three places; none of them has one.
    marked = {name for name, content in held.items() if b"BEGIN SOLUTION" in content}
    assert marked <= {"grader/assignment/solutions.py", "grader/guide/assignment.md"}


def test_it_is_not_the_repositorys(installed):
    said = installed.run("python", "-c", "import grader; print(grader.__file__)")
    assert said.stdout.strip() == str(installed.site_packages / "grader" / "__init__.py")


def test_it_says_its_version(installed):
    said = installed.run("grader", "--version")
    assert said.returncode == 0, said.stderr
    assert said.stdout.split()[-1].count(".") == 2


def test_it_grades_a_class_by_the_path_of_its_rubric(installed):
    said = installed.run("grader", "run", "../class", "-a", "../flats", "-j", 2, "--json")
    assert said.returncode == 0, said.stderr
    totals = {grade["student"]: grade["total"] for grade in json.loads(said.stdout)}
    assert totals == {"ada": 4.0, "dina": 0.0}
    assert (installed.work / "results" / "index.html").is_file()


def test_it_makes_a_kit_of_an_assignment_that_a_variable_names(installed, wheel):
    said = installed.run("grader", "kit", "flats", GRADER_RUBRICS="..")
    assert said.returncode == 0, said.stderr
    with zipfile.ZipFile(installed.work / "kit.zip") as kit:
        (own,) = (name for name in kit.namelist() if name.endswith(".whl"))
        assert set(kit.namelist()) == {"flats.ipynb", "flats.csv", "README.txt", "flats.pack", own}
        kit.extractall(installed.work / "kit")
    said = installed.run("grader", "check", "kit/flats.ipynb")
    assert said.returncode == 1, said.stderr  # nothing is answered yet
    assert "public checks, version " in said.stderr
    with zipfile.ZipFile(wheel) as built, zipfile.ZipFile(installed.work / "kit" / own) as made:
        sources = {name for name in built.namelist() if name.startswith("grader/")}
        assert sources <= set(made.namelist())
        assert all(built.read(name) == made.read(name) for name in sources)


def test_without_any_assignment_it_says_where_it_looked(installed):
    said = installed.run("grader", "kit", "hw1")
    assert said.returncode == 2
    assert "There is no assignment 'hw1'" in said.stderr
