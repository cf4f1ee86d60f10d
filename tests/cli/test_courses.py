"""`run` with what a course knows besides: a roster, who took part, due times, several attempts."""

import zipfile
from decimal import Decimal

import pytest

from grader.cli.console import GRADED, WRONG_USE
from grader.model import Identity
from grader.results.store import Store

RULES = """
[rules]
due = 2026-02-12T23:59:00Z
penalty = {penalty}
attempt = "{attempt}"
"""
IN_TIME, LATE = "2026-02-12-20-00-00", "2026-02-13-10-00-00"
ROSTER = """name,username,email,extension
"Lima, Ana",ana,a@x.edu,
Bo Li,bo,b@x.edu,2 days
Zoe Yu,zoe,z@x.edu,
"""
FIRST, LAST = (f"tiny_ana_attempt_{at}_tiny.ipynb" for at in (IN_TIME, LATE))


@pytest.fixture
def course(graded, notebook_of, tmp_path, run):
    """`run` on a Blackboard download: ana's second attempt is late and says more, bo has more time."""
    path = tmp_path / "tiny_submissions.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(FIRST, notebook_of(words=""))
        archive.writestr(LAST, notebook_of(words="Because."))
        archive.writestr(f"tiny_bo_attempt_{LATE}_tiny.ipynb", notebook_of(words=""))
    graded.hand_ins = path
    (roster := tmp_path / "roster.csv").write_text(ROSTER)

    def course(*options, attempt="last", penalty="1"):
        toml = graded.assignment / "assignment.toml"
        rules = RULES.format(attempt=attempt, penalty=penalty)
        toml.write_text(toml.read_text().partition(RULES.splitlines()[1])[0] + rules)
        return run("--drop", "--roster", roster, *options)

    return course


def grades(graded):
    with Store.existing(graded.results) as store:
        return {grade.student: grade for grade in store.grades()}


@pytest.mark.usefixtures("warm")
def test_a_roster_says_who_it_is_who_had_more_time_and_who_is_missing(graded, course, call):
    said = course()
    assert said.code == GRADED, said.err
    assert "Blackboard download: 2 students, 1 late, 1 of the roster handed in nothing." in said.err
    ana, bo = grades(graded).values()
    assert (ana.identity, bo.late) == (Identity(name="Lima, Ana", id="ana", email="a@x.edu"), None)
    assert (ana.origin, ana.late.points, ana.total) == (LAST, 1, 1)
    with Store.existing(graded.results) as store:
        assert store.missing() == [Identity(name="Zoe Yu", email="z@x.edu")]
    assert course("--only", "bo").code == GRADED
    with Store.existing(graded.results) as store:
        assert len(store.missing()) == 1
    assert "Zoe Yu" in (graded.results / "grades.csv").read_text()
    said = call("forget", "Zoe Yu", graded.results)
    assert "1 roster row" in said.out
    assert said.err == "Take them out of the roster file: the next run would name them again.\n"
    assert not [
        path for path in graded.results.rglob("*") if path.is_file() and b"Zoe Yu" in path.read_bytes()
    ]


@pytest.mark.usefixtures("warm")
def test_a_run_that_forgets_the_roster_says_what_it_takes_back(course, run):
    note = (
        "Note: the last run used a roster, and this one has none, so these are taken back: due times or extensions "
        "of their own (1), students who handed in nothing (1). To keep them, "
    )
    course()
    assert "the last run used a roster" not in course().err
    assert note in run().err
    assert "the last run used a roster" not in run().err


def test_a_run_that_forgets_times_of_the_roster_says_so(run, tmp_path):
    (roster := tmp_path / "roster.csv").write_text("login,submitted\nada,2021-02-12 20:00\n")
    run("--roster", roster)
    assert "so these are taken back: times of submission (1). To keep them" in run().err


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("attempt", "penalty", "origin", "total"),
    [
        ("last", "1", LAST, 1),
        ("last in time", "1", FIRST, 2),
        ("best", "1", FIRST, 2),
        ("best", "0", LAST, 2),
    ],
)
def test_the_attempt_that_the_course_wants_counts(graded, course, attempt, penalty, origin, total):  # noqa: PLR0917
    assert course(attempt=attempt, penalty=penalty).code == GRADED
    ana = grades(graded)["ana"]
    assert (ana.origin, ana.total) == (origin, total)


@pytest.mark.usefixtures("warm")
def test_the_best_attempt_is_named_with_the_others_and_not_run_again(graded, course, call):
    said = course(attempt="best")
    assert "Note: ana handed in 2 attempts; all are run, and the best counts." in said.err
    assert [line.partition(" (")[0] for line in said.err.splitlines() if line.startswith("[")] == [
        "[1/3] ana: finished", "[2/3] ana: finished", "[3/3] bo: finished",
    ]  # fmt: skip
    ana = grades(graded)["ana"]
    assert [flag.message for flag in ana.flags if flag.kind == "choice"] == [
        f"{FIRST} (2.00 points) was taken as the best of 2 attempts, not {LAST} (1.00 to 1.50 points)."
    ]
    again = course(attempt="best")
    assert again.err.count("nothing to run") == 3
    assert grades(graded)["ana"] == ana
    assert course("--only", "bo", attempt="best").code == GRADED
    assert grades(graded)["ana"] == ana, "it is not the last attempt, which was late"
    call("forget", "ana", graded.results)
    assert not [path for path in graded.results.rglob("*") if b"ana" in path.name.encode()]


@pytest.mark.usefixtures("warm")
def test_a_regrade_says_that_attempts_must_be_chosen_again_until_they_are(graded, course, call):
    again = "Changed in [rules] since the last run: `attempt`. Run `grader run` so that attempts are chosen again."
    course()
    toml = graded.assignment / "assignment.toml"
    toml.write_text(toml.read_text().replace('"last"', '"last in time"'))
    assert again in call("regrade", graded.results, "--dry-run").out.splitlines()
    for _ in range(2):
        assert again in call("regrade", graded.results).out.splitlines()
    course(attempt="last in time")
    assert "Changed in [rules]" not in call("regrade", graded.results).out


@pytest.mark.usefixtures("warm")
def test_an_open_attempt_counts_in_full_until_a_person_decides(graded, course, call, tmp_path):
    course(attempt="best", penalty="0.25")
    assert (grades(graded)["ana"].origin, grades(graded)["ana"].provisional) == (LAST, True)
    sheet = (graded.results / "review.csv").read_text()
    header, *rows = sheet.splitlines()
    points = header.split(",").index("points")
    ruled = [row.split(",") for row in rows if ",ana," in row]
    for cells in ruled:
        cells[points] = "0"
    (filled := tmp_path / "review.csv").write_text("\n".join([header, *map(",".join, ruled)]))
    assert call("regrade", graded.results, "--rulings", filled).code == GRADED
    course(attempt="best", penalty="0.25")
    assert (grades(graded)["ana"].origin, grades(graded)["ana"].total) == (FIRST, Decimal("2.00"))


@pytest.mark.parametrize("option", ["--roster", "--participation"])
def test_a_list_of_another_class_is_refused(graded, run, contents, tmp_path, option):
    (path := tmp_path / "other.csv").write_text("Name\nSomebody Else\n")
    before = contents(graded.results)
    said = run(option, path)
    assert said.code == WRONG_USE
    assert str(path) in said.error
    assert contents(graded.results) == before


def test_a_column_needs_a_list(run):
    said = run("--column", "posts")
    assert said.code == WRONG_USE
    assert "there is no participation list; name it with --participation" in said.error
