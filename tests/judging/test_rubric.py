"""Rubrics as tests: what is refused, what each ending of a test says, and that no test can stop the judge."""

import contextlib
import json
import math
import multiprocessing
import re
import sys
import textwrap
import time
import zlib
from dataclasses import dataclass, field, replace
from decimal import Decimal

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from grader import assignment, evidence
from grader.datasets import fashion_mnist as datasets
from grader.errors import HarnessError, RubricError
from grader.judging import court as courts
from grader.judging import modules
from grader.judging.api import question
from grader.judging.court import Bench, Case, Court
from grader.judging.exhibits import Exhibits
from grader.judging.rubric import loaded
from grader.judging.server import Judge
from grader.judging.work import Band, Reference, Work
from grader.kernel.inside.probe.log import Arrays
from grader.kernel.inside.probe.values import encode
from grader.model import Document, Ending, Execution, Flag, FlagKind, FoundBy, Gap, Outcome, combine, start_of
from grader.reports.classroom import Classroom

TOML = """
id = "mini"
title = "A small one"
reference = "master.ipynb"
seeds = [1]
[limits]
judge = 3
[settings]
epochs = 3
[[question]]
id = "1"
title = "First"
points = 1
[[question]]
id = "2"
title = "Second"
points = 0.5
"""
CELLS = (
    new_markdown_cell("**1.** Say x.", metadata={"grader": {"prompt": "1"}}),
    new_code_cell("x = 1", metadata={"grader": {"question": "1", "names": ["x"]}}),
    new_code_cell("y = 1", metadata={"grader": {"question": "2", "names": ["y"]}}),
)
SECOND = '@question("2", points=0.5)\ndef test_two(): pass\n'
HEAD = "import os, sys, time\nimport pytest\nfrom grader import award, fail, question, read, review, skip\n"


def sample(*, complete):
    return datasets.Dataset(name="none", root=None, complete=complete, provenance="a test")


@dataclass
class Place:
    """A folder with an assignment, and executions of notebooks."""

    folder: object
    runs: int = field(default=0)

    def rubric(self, text, *, head=HEAD, name="test_rubric.py"):
        (self.folder / name).write_text(head + textwrap.dedent(text), encoding="utf-8")
        return assignment.load(self.folder)

    def check(self, body, *, points=1, more=SECOND):
        """A rubric whose first question has one test with this body."""
        return self.rubric(
            f'@question("1", points={points})\ndef test_one(student, reference, settings, exhibits):\n'
            f'    """What it says."""\n{textwrap.indent(textwrap.dedent(body), "    ")}\n{more}'
        )

    def run(self, cells=CELLS, *, stored=None, ending=Ending.FINISHED, **facts):
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        (folder / "evidence").mkdir(parents=True)
        execution = Execution(student="ana", folder=folder, ending=ending, **facts)
        nbformat.write(new_notebook(cells=list(cells)), execution.notebook)
        if stored is not None:
            execution.evidence.write_bytes(stored)
        return execution

    @contextlib.contextmanager
    def court(self, rubric, *, complete=True):
        reference = Work.of(self.run(), rubric, profile="full")
        with loaded(rubric) as tests:
            yield Court(rubric, "full", Reference((reference,)), sample(complete=complete), tests)

    def grade(self, rubric, execution=None):
        with self.court(rubric) as court:
            return court.judge(Case(execution=execution or self.run()))

    def bench(self, rubric, dataset):
        return Bench(assignment=rubric.folder, profile="full", reference=(self.run(),), dataset=dataset)


@pytest.fixture
def place(tmp_path):
    nbformat.write(new_notebook(cells=list(CELLS)), tmp_path / "master.ipynb")
    (tmp_path / "assignment.toml").write_text(TOML)
    return Place(tmp_path)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return datasets.subset(tmp_path_factory.mktemp("cache"))


def records(*facts):
    frames = []
    for one in facts:
        text = json.dumps(one).encode()
        frames.append(evidence.HEADER.pack(len(text), 0, zlib.crc32(text)) + text)
    return evidence.MAGIC + b"".join(frames)


def cell(index, **values):
    return {
        "kind": "cell",
        "cell": index,
        "values": {k: {"type": "number", "value": v} for k, v in values.items()},
    }


# --- refused rubrics ------------------------------------------------------------------------------------


def one(points=1, name="test_one", **more):
    extra = "".join(f", {key}={value!r}" for key, value in more.items())
    return f'@question("1", points={points}{extra})\ndef {name}(): pass\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            one(0.75) + SECOND,
            r"test_rubric\.py:\d+: the points of question 1's checks add up to 0\.75; assignment\.toml says 1\.",
            id="too few",
        ),
        pytest.param(
            one(0.75) + one(0.5, "test_b") + SECOND, r"question 1's checks add up to 1\.25;", id="too many"
        ),
        pytest.param(one(), "Question 2 has no check", id="none"),
        pytest.param("", "Question 1 has no check. Question 2 has no check", id="an empty rubric"),
        pytest.param(
            one() + SECOND.replace('"2"', '"9"'),
            "test_two is for question '9', which assignment.toml does not have",
            id="unknown question",
        ),
        pytest.param(
            one() + SECOND + "def test_three(): pass",
            r"test_rubric\.py:\d+: test_three has no @question mark",
            id="unmarked",
        ),
        pytest.param(
            one(visibility="secret") + SECOND,
            "test_one has the visibility 'secret'; it must be one of visible, hidden, after_due_date",
            id="visibility",
        ),
        pytest.param(one() + "def broken(:\n", r"test_rubric\.py:\d+: invalid syntax", id="syntax error"),
        pytest.param(
            "import no_such_module",
            r"test_rubric\.py:\d+: ModuleNotFoundError: No module named 'no_such_module'\.$",
            id="import error",
        ),
        pytest.param(
            "1/0", r"test_rubric\.py:\d+: ZeroDivisionError: division by zero\.$", id="a crash at import"
        ),
        pytest.param("sys.exit(0)", "pytest could not collect the rubric", id="an exit at import"),
        pytest.param(one("'abc'") + SECOND, "ConversionSyntax", id="points that are no number"),
        pytest.param(
            one("'nan'") + SECOND,
            "test_one is worth NaN points; it must be 0 or more",
            id="nan points",
        ),
        pytest.param(
            one(1.5) + one(-0.5, "test_b") + SECOND, "test_b is worth -0.5 points", id="negative points"
        ),
    ],
)
def test_a_rubric_that_contradicts_itself_is_refused(place, text, message):
    with pytest.raises(RubricError, match=message) as refused:
        courts.check_rubric(place.rubric(text))
    assert str(place.folder) in str(refused.value)


def test_two_checks_of_one_id_are_refused_with_both_places(place):
    place.rubric(one(0.5), name="test_a.py")
    with pytest.raises(RubricError) as refused:
        courts.check_rubric(place.rubric(one(0.5) + SECOND))
    folder = place.folder
    assert re.search(
        rf"{folder}/test_\w+.py:\d+: two checks have the id test_one, this one and {folder}/test_a.py:\d+; "
        r"give one of them another with id=\.",
        str(refused.value),
    )


@pytest.mark.parametrize("name", ["two words", "a,b", "=a", "a;b", "-"])
def test_an_id_that_a_sheet_could_not_hold_is_refused(place, name):
    text = f'@question("1", points=1, id={name!r})\ndef test_one(): pass\n'
    with pytest.raises(RubricError, match="an id starts with a letter or digit"):
        courts.check_rubric(place.rubric(text + SECOND))


def test_an_id_survives_renaming_and_a_tests_parameters_are_part_of_it(place):
    text = """
@question("1", points=0.5, id="test_old")
@pytest.mark.parametrize("x", ["a", "b c"])
def test_renamed(x): pass
"""
    grade = place.grade(place.rubric(text + SECOND))
    assert [check.id for check in grade.checks] == ["test_old[a]", "test_old[b c]", "test_two"]


def test_a_good_rubric_is_not_refused_and_runs_no_test(place):
    ran = place.folder / "ran"
    courts.check_rubric(place.check(f"open({str(ran)!r}, 'w')"))
    assert not ran.exists()


def test_points_are_exact(request):
    request.config.addinivalue_line("markers", "question: what the plugin registers")
    assert question("1", points=0.1).kwargs["points"] == Decimal("0.1")


@pytest.mark.parametrize(("compare", "said"), [("true", True), ("false", False)])
def test_saved_outputs_are_compared_when_a_run_is_judged(place, compare, said):
    """So what a run recorded of them by an earlier comparison does not count, if the hand-in was kept."""
    old = Flag(kind=FlagKind.SAVED_OUTPUTS, message="found by an earlier release")
    shown = new_output("stream", text="1\n")
    execution = place.run([CELLS[0], new_code_cell("x = 1", execution_count=1), *CELLS[2:]], flags=(old,))
    toml = place.folder / "assignment.toml"
    toml.write_text(TOML.replace("[settings]", f"[saved]\ncompare = {compare}\n[settings]"))
    rubric = place.check("pass")
    assert place.grade(rubric, execution).flags == (old,)
    handed_in = new_notebook(cells=[CELLS[0], new_code_cell("x = 1", outputs=[shown]), *CELLS[2:]])
    nbformat.write(handed_in, execution.submitted)
    messages = [flag.message for flag in place.grade(rubric, execution).flags]
    assert messages == ["Cell 2: the cell has saved output; running the code showed none."] * said


@pytest.mark.parametrize(
    "contents", [b"", b"{", b'{"nbformat": 4, "cells": 7}', b"[" * 100_000, b"\xff\xfe\x00"]
)
def test_a_damaged_hand_in_costs_only_the_comparison_of_saved_outputs(place, contents):
    execution = place.run(flags=(Flag(kind=FlagKind.CHOICE, message="kept"),))
    execution.submitted.write_bytes(contents)
    grade = place.grade(place.check("pass"), execution)
    assert (grade.total, [flag.message for flag in grade.flags]) == (Decimal("1.5"), ["kept"])


@pytest.mark.parametrize(
    ("line", "said"),
    [("Collaborators: Ana", "Collaborators: Ana"), ("Hello", "No line about collaborators was found.")],
)
def test_a_note_says_whom_a_student_worked_with_where_the_assignment_asks_for_that(place, line, said):
    execution = place.run([new_markdown_cell(line), *CELLS])
    assert place.grade(place.check("pass"), execution).flags == ()
    toml = place.folder / "assignment.toml"
    toml.write_text(TOML.replace("[settings]", "[hand_in]\ncollaborators = true\n[settings]"))
    (note,) = place.grade(place.check("pass"), execution).flags
    assert (note.kind, note.message) == ("collaborators", said)


# --- a rubric's modules -----------------------------------------------------------------------------------

USES_A_SIBLING = """from grader import fail, question
from .wanted import ANSWER
@question("1", points=1)
def test_one(student):
    from .late import said
    fail(said(ANSWER))
"""
SIBLINGS = {
    "__init__.py": "",
    "wanted.py": "ANSWER = 42\n",
    "late.py": "from . import wanted\ndef said(answer): return f'{answer}, {wanted.ANSWER}'\n",
    "test_rubric.py": USES_A_SIBLING + SECOND,
}


@pytest.fixture
def package(tmp_path):
    """A rubric that is a package, in a folder of any name, with any change of its files."""

    def package(path, changes=None):
        folder = tmp_path / path
        folder.mkdir(parents=True)
        nbformat.write(new_notebook(cells=list(CELLS)), folder / "master.ipynb")
        (folder / "assignment.toml").write_text(TOML)
        for name, text in {**SIBLINGS, **(changes or {})}.items():
            (folder / name).write_text(text)
        return Place(folder)

    return package


def first_message(place):
    return place.grade(assignment.load(place.folder)).checks[0].message


@pytest.mark.parametrize("name", ["mini", "mini-1", "2026.mini", "a/b/mini"])
def test_the_tests_of_a_package_import_their_siblings(package, name, monkeypatch, tmp_path_factory):
    """Wherever it lies, and without a change of the path on which Python looks for modules."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    before = list(sys.path)
    assert first_message(package(name)) == "42, 42"
    assert sys.path == before


def test_a_package_within_a_package_imports_its_siblings(package, tmp_path):
    place = package("rubrics/mini")
    (tmp_path / "rubrics" / "__init__.py").touch()
    assert first_message(place) == "42, 42"


def test_rubrics_whose_folders_have_the_same_name_do_not_see_each_other(package):
    one = package("spring/mini")
    other = package("autumn/mini", {"wanted.py": "ANSWER = 43\n"})
    lacking = package("winter/mini")
    (lacking.folder / "wanted.py").unlink()
    assert [first_message(place) for place in (one, other, one)] == ["42, 42", "43, 43", "42, 42"]
    with pytest.raises(RubricError, match=r"No module named 'mini\.wanted'"):
        courts.check_rubric(assignment.load(lacking.folder))


@pytest.mark.parametrize(
    "files", [SIBLINGS, {"test_rubric.py": HEAD + one() + SECOND}], ids=["package", "plain"]
)
def test_no_module_of_a_rubric_stays_loaded_and_those_of_others_do(package, monkeypatch, files):
    stranger = object()
    for name in ("mini", "mini.wanted", "test_rubric"):
        monkeypatch.setitem(sys.modules, name, stranger)
    before = dict(sys.modules)
    place = package("mini", files)
    if files is not SIBLINGS:
        (place.folder / "__init__.py").unlink()
    courts.check_rubric(assignment.load(place.folder))
    new = {name for name in sys.modules if name not in before}
    assert not [name for name in new if name.startswith("mini") or name in ("wanted", "late")]
    assert {sys.modules[name] for name in ("mini", "mini.wanted", "test_rubric")} == {stranger}


@pytest.mark.parametrize("name", ["random", "numpy", "grader"])
def test_a_package_that_would_hide_another_module_is_refused(package, name):
    place = package(name)
    with pytest.raises(RubricError, match=f"has the name of a Python module, {name}; rename its folder"):
        courts.check_rubric(assignment.load(place.folder))
    assert "site-packages" in sys.modules["numpy"].__file__


def test_a_package_that_cannot_be_imported_is_refused(package, capfd):
    place = package("mini", {"__init__.py": "print('noise')\n1/0"})
    with pytest.raises(RubricError, match=r"__init__\.py: ZeroDivisionError: division by zero"):
        courts.check_rubric(assignment.load(place.folder))
    assert capfd.readouterr() == ("", "")
    assert "mini" not in sys.modules


def test_another_module_of_a_package_imports_its_siblings_as_well(package):
    place = package("mini", {"mutants.py": "from .wanted import ANSWER\nCATALOGUE = [ANSWER]\n"})
    assert modules.namespace(place.folder / "mutants.py")["CATALOGUE"] == [42]
    assert "mini" not in sys.modules


# --- verdicts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "outcome", "earned", "message"),
    [
        pytest.param("pass", "passed", 1, "", id="returns"),
        pytest.param('fail("Wrong.")', "failed", 0, "Wrong.", id="fail"),
        pytest.param("award(0.25, 'Half right.')", "partial", "0.25", "Half right.", id="award"),
        pytest.param("award('0.3', 'x')", "partial", "0.3", "x", id="award in text"),
        pytest.param(
            "award(1.01, 'x')", "broken", 0, "The check awards 1.01 of 1 points.", id="award too much"
        ),
        pytest.param(
            "award(-1, 'x')", "broken", 0, "The check awards -1 of 1 points.", id="award below zero"
        ),
        pytest.param("award('nan', 'x')", "broken", 0, "The check awards NaN of 1 points.", id="award nan"),
        pytest.param('review("Who knows.")', "review", 0, "Who knows.", id="review"),
        pytest.param(
            'review("The rest?", points=0.5)', "review", "0.5", "The rest?", id="review keeps what is sure"
        ),
        pytest.param('skip("Lost before.")', "skipped", 0, "Lost before.", id="skip"),
        pytest.param('pytest.skip("Lost.")', "skipped", 0, "Lost.", id="pytest.skip"),
        pytest.param("assert 1 == 2, 'Not two.'", "failed", 0, "Not two.", id="assert"),
        pytest.param("assert 1 == 2", "failed", 0, "assert 1 == 2", id="a bare assert"),
        pytest.param("raise AssertionError", "failed", 0, "The check did not hold.", id="an empty assert"),
        pytest.param(
            "1 / 0",
            "broken",
            0,
            "The check itself failed at test_rubric.py:7: ZeroDivisionError: division by zero",
            id="a crash",
        ),
        pytest.param(
            "student.answer('9')",
            "broken",
            0,
            "The check itself failed at test_rubric.py:7: KeyError: '9'",
            id="a wrong name",
        ),
        pytest.param(
            "sys.exit(0)",
            "broken",
            0,
            "The check itself failed at test_rubric.py:7: SystemExit: 0",
            id="sys.exit",
        ),
        pytest.param(
            "raise RecursionError",
            "review",
            0,
            "This needs more memory than a check is given.",
            id="recursion",
        ),
    ],
)
def test_what_the_end_of_a_test_says(place, body, outcome, earned, message):
    first, second = place.grade(place.check(body)).checks
    assert (first.outcome, first.earned, first.message) == (outcome, Decimal(earned), message)
    assert (first.max, second.outcome) == (1, Outcome.PASSED)


def test_a_check_carries_what_the_student_needs(place):
    body = "fail('Wrong.', expected=[1], actual=None, hint='Look.')"
    text = place.check(body).folder.joinpath("test_rubric.py").read_text()
    rubric = place.rubric(text.replace("points=1)", 'points=1, visibility="hidden")'), head="")
    check = place.grade(rubric).checks[0]
    assert (check.id, check.question, check.title) == ("test_one", "1", "What it says.")
    assert (check.expected, check.actual, check.hint, check.visibility) == ("[1]", "None", "Look.", "hidden")


def test_without_a_docstring_the_name_is_the_title(place):
    grade = place.grade(place.check("pass"))
    assert grade.checks[1].title == "two"


def test_a_fixture_that_is_not_there_breaks_its_check(place):
    rubric = place.check("pass", more='@question("2", points=0.5)\ndef test_two(nothing): pass\n')
    check = place.grade(rubric).checks[1]
    assert check.outcome is Outcome.BROKEN
    assert check.message == (
        "The check itself failed at test_rubric.py:8: there is no fixture 'nothing'; "
        "there are student, reference, data, settings, exhibits"
    )


def test_settings_and_exhibits(place):
    body = """
    assert settings["epochs"] == 3
    exhibits.text("Seen", "text")
    exhibits.curves("Loss", x="epoch", y="loss", series=[{"label": "l", "who": "student", "y": [1.0]}])
    exhibits.images("Shown", series=[])
    exhibits.table("Seen", columns=["who", "what"], rows=[["you", 1]], note="So it is.")
    fail("Wrong.")
    """
    first, second = place.grade(place.check(body)).questions
    assert [(each.kind, each.title) for each in first.exhibits] == [
        ("text", "Seen"),
        ("curves", "Loss"),
        ("images", "Shown"),
        ("table", "Seen"),
    ]
    assert first.exhibits[1].data["series"][0]["y"] == [1.0]
    assert second.exhibits == ()


@pytest.mark.parametrize(("classes", "kind"), [(30, "table"), (31, "text")])
def test_a_confusion_matrix_has_a_size_that_people_read(classes, kind):
    exhibits = Exhibits()
    names = [f"class {number}" for number in range(classes)]
    exhibits.confusion("", classes=names, student=[[0] * classes] * classes)
    ((shown, _, data),) = exhibits.shown
    assert shown == kind
    assert "reference" not in str(data)


def test_what_a_check_prints_is_not_printed(place, capfd):
    place.grade(place.check("print('noise'); print('noise', file=sys.stderr)"))
    assert capfd.readouterr() == ("", "")


def test_no_conftest_and_no_plugin_takes_part(place, monkeypatch):
    (place.folder / "conftest.py").write_text("1/0")
    (place.folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    assert place.grade(place.check("pass")).total == Decimal("1.5")


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ("passed passed", "passed"),
        ("passed failed", "partial"),
        ("passed partial", "partial"),
        ("passed skipped", "partial"),
        ("partial", "partial"),
        ("failed skipped", "failed"),
        ("failed failed", "failed"),
        ("skipped", "skipped"),
        ("passed review", "review"),
        ("failed review", "review"),
        ("review broken", "broken"),
        ("passed broken", "broken"),
        ("", "broken"),
    ],
)
def test_a_questions_outcome_comes_from_its_checks(outcomes, expected):
    assert combine([Outcome(outcome) for outcome in outcomes.split()]) == expected


@pytest.mark.parametrize(
    ("scored", "unscored", "outcome", "said"),
    [
        pytest.param("pass", "fail('Untidy.')", "passed", "failed", id="failed"),
        pytest.param("fail('Wrong.')", "pass", "failed", "passed", id="passed"),
        pytest.param(
            "award(0.5, 'Half.')", "fail('Untidy.')", "partial", "failed", id="failed beside a part"
        ),
        pytest.param("pass", "review('Who knows.')", "passed", "skipped", id="left to nobody"),
        pytest.param("review('Who knows.')", "pass", "review", "passed", id="beside one that is a person's"),
        pytest.param("pass", "1 / 0", "broken", "broken", id="broken is ours"),
    ],
)
def test_a_check_worth_no_points_decides_nothing(place, scored, unscored, outcome, said):
    more = f'@question("1", points=0)\ndef test_tidy(student):\n    {unscored}\n{SECOND}'
    grade = place.grade(place.check(scored, more=more))
    tidy = next(check for check in grade.checks if check.id == "test_tidy")
    assert (grade.questions[0].outcome, tidy.outcome) == (outcome, said)
    assert (tidy.review, tidy.earned, grade.max) == (None, 0, Decimal("1.5"))
    assert grade.provisional == (outcome in ("review", "broken"))


def test_a_check_worth_no_points_is_not_left_open_where_the_machine_saw_nothing(place):
    more = f'@question("1", points=0)\ndef test_tidy(student):\n    fail("Untidy.")\n{SECOND}'
    gap = Gap(cells=(0,), ending=Ending.TIMEOUT, why="The deadline stopped this cell.")
    grade = place.grade(place.check("fail('Wrong.')", more=more), place.run(gaps=(gap,)))
    assert [check.outcome for check in grade.questions[0].checks] == [Outcome.REVIEW, Outcome.SKIPPED]


def test_the_reference_may_leave_open_what_is_worth_no_points(place):
    more = f'@question("1", points=0)\ndef test_tidy(student):\n    {{}}\n{SECOND}'
    with place.court(place.check("pass", more=more.format("review('Who knows.')"))) as court:
        court.approve(court.judge(Case(execution=place.run())))
    with (
        place.court(place.check("pass", more=more.format("fail('Untidy.')"))) as court,
        pytest.raises(RubricError, match="test_tidy: 0 of 0 points"),
    ):
        court.approve(court.judge(Case(execution=place.run())))


# --- grades ---------------------------------------------------------------------------------------------


def test_a_grade_sums_up_its_checks(place):
    grade = place.grade(place.check("review('x', points=0.25)"))
    assert (grade.total, grade.max, grade.provisional) == (Decimal("0.75"), Decimal("1.5"), True)
    first, second = grade.questions
    assert (first.outcome, first.points, second.outcome, second.points) == (
        "review",
        Decimal("0.25"),
        "passed",
        Decimal("0.5"),
    )
    assert (first.found_by, first.cells, first.reference_cells) == (FoundBy.METADATA, (1,), (1,))
    assert (grade.student, grade.assignment, grade.ending) == ("ana", "mini", Ending.FINISHED)


def test_a_final_grade_is_not_provisional(place):
    assert not place.grade(place.check("fail('x')")).provisional


def test_a_grade_on_a_sample_of_the_data_is(place):
    with place.court(place.check("pass"), complete=False) as court:
        grade = court.judge(Case(execution=place.run(), origin="zip", roster={"participated": "yes"}))
    assert grade.provisional
    assert [flag.kind for flag in grade.flags] == ["subset"]
    assert grade.origin == "zip"


def test_what_the_course_knows_reaches_the_check(place):
    with place.court(place.check("assert student.roster['participated'] == 'yes'")) as court:
        grade = court.judge(Case(execution=place.run(), roster={"participated": "yes"}))
    assert grade.checks[0].outcome is Outcome.PASSED


def test_an_unreadable_notebook_goes_to_a_person(place):
    execution = Execution(
        student="ana", folder=place.folder / "none", ending=Ending.UNREADABLE, detail="It is empty."
    )
    grade = place.grade(place.check("pass"), execution)
    assert {(check.outcome, check.earned, check.message) for check in grade.checks} == {
        (Outcome.REVIEW, 0, "It is empty.")
    }
    assert (grade.total, grade.max, grade.provisional) == (0, Decimal("1.5"), True)


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"no evidence",
        records([1]),
        records({"arrays": {"x": ["|u1", [9], 0]}}),
        records(cell(1)) + b"junk",
    ],
    ids=["empty", "other bytes", "a list", "a forged array", "junk behind it"],
)
def test_corrupt_evidence_is_never_a_zero(place, stored):
    grade = place.grade(place.check("pass"), place.run(stored=stored))
    if stored.endswith(b"junk"):
        assert grade.total == Decimal("1.5")
        return
    assert {check.outcome for check in grade.checks} == {Outcome.BROKEN}
    assert grade.checks[0].message.startswith("The stored evidence can't be read: ")


def test_evidence_that_was_forged_is_for_a_person_to_judge(place):
    """It is the student's doing, not our failure."""
    told = Flag(kind=FlagKind.TAMPERED, message="The evidence was tampered with: it is none.")
    grade = place.grade(place.check("pass"), place.run(stored=b"no evidence", flags=(told,)))
    assert {(check.outcome, check.message) for check in grade.checks} == {(Outcome.REVIEW, told.message)}
    assert grade.flags == (told,)


def test_a_run_that_we_broke_says_how(place):
    execution = Execution(
        student="ana", folder=place.folder / "none", ending=Ending.BROKEN, detail="No kernel started."
    )
    assert {
        (check.outcome, check.message) for check in place.grade(place.check("pass"), execution).checks
    } == {(Outcome.BROKEN, "We could not run this notebook: No kernel started.")}


def test_evidence_that_is_gone_is_never_a_zero(place):
    execution = Execution(student="ana", folder=place.folder / "none", ending=Ending.FINISHED)
    assert {check.outcome for check in place.grade(place.check("pass"), execution).checks} == {Outcome.BROKEN}


@pytest.mark.parametrize(
    ("body", "outcome", "earned"),
    [
        ("pass", "passed", 1),
        ("fail('x')", "broken", 0),
        ("award(0.5, 'x')", "broken", 0),
        ("review('x')", "broken", 0),
    ],
)
def test_where_we_broke_the_run_only_what_is_right_stands(place, body, outcome, earned):
    check = place.grade(place.check(body), place.run(ending=Ending.BROKEN, detail="no kernel")).checks[0]
    assert (check.outcome, check.earned) == (outcome, earned)
    assert check.message == ("" if outcome == "passed" else "We could not run this notebook: no kernel")


def test_what_a_deadline_cut_off_is_open(place):
    gap = Gap(cells=(1,), ending=Ending.TIMEOUT, why="Cell 2 was interrupted after 31 s.")
    execution = place.run(ending=Ending.TIMEOUT, gaps=(gap,))
    check = place.grade(place.check("fail('Nothing there.')"), execution).checks[0]
    assert (check.outcome, check.message) == (
        Outcome.REVIEW,
        "Cell 2 was interrupted after 31 s. This needs review. Nothing there.",
    )


@pytest.mark.parametrize(
    ("question", "outcome"), [("1", Outcome.REVIEW), ("2", Outcome.FAILED), ("9", Outcome.REVIEW)]
)
@pytest.mark.parametrize("body", ["fail('Nothing there.')", ""])
def test_what_may_stand_in_a_cell_that_could_not_be_read_is_open(place, body, question, outcome):
    """In the question's own cell, in another question's, in one that may be anything while no other answers."""
    unread = new_raw_cell(
        "[?]", metadata={"unread": "its source is missing", "grader": {"question": question}}
    )
    answers = [] if question == "9" else [new_code_cell("x", metadata={"grader": {"question": "1"}})]
    check = place.grade(place.check(body or "pass"), place.run(cells=[unread, *answers])).checks[0]
    assert check.outcome == (outcome if body else Outcome.PASSED)
    assert check.message.startswith("A cell of the notebook could not be read") == (
        bool(body) and outcome is Outcome.REVIEW
    )


@pytest.mark.parametrize(
    ("stored", "later", "outcome"),
    [
        ({}, "x = 2", Outcome.REVIEW),  # what the question asks for may have been made there
        ({"x": 1}, "x = 2", Outcome.FAILED),  # it was seen, and is wrong
        ({}, "print('y')", Outcome.FAILED),
    ],
)
def test_what_a_kernel_ended_too_early_to_show_is_open(place, stored, later, outcome):
    gap = Gap(cells=(3,), ending=Ending.KILLED, why="The notebook ended its kernel with exit() in cell 4.")
    own = new_code_cell("x = 1 + 1", metadata=CELLS[1].metadata)
    run = place.run(
        (CELLS[0], own, CELLS[2], new_code_cell(later, metadata={"grader": {"question": "2"}})),
        stored=records(cell(1, **stored)),
        ending=Ending.KILLED,
        gaps=(gap,),
    )
    check = place.grade(place.check("fail('Nothing there.')"), run).checks[0]
    assert check.outcome is outcome
    assert check.message.startswith(gap.why) is (outcome is Outcome.REVIEW)


@pytest.mark.parametrize(
    ("later", "outcome"), [("helper = 3", Outcome.REVIEW), ("other = 3", Outcome.FAILED)]
)
def test_a_function_that_lacked_what_a_kernel_ended_too_early_to_make_is_open(place, later, outcome):
    gap = Gap(cells=(3,), ending=Ending.KILLED, why="The notebook ended its kernel with exit() in cell 4.")
    lacking = encode("x", {"error": "NameError: name 'helper' is not defined"}, Arrays())
    run = place.run(
        (*CELLS, new_code_cell(later)),
        stored=records(cell(1, x=1)),
        ending=Ending.KILLED,
        gaps=(gap,),
    )
    asked = {"probe": "x", "conversation": 1, "cell": 1, "inputs": None}
    run.probed.write_bytes(records(asked, {"outcome": lacking}))
    assert place.grade(place.check("fail('It raises an error.')"), run).checks[0].outcome is outcome


@pytest.mark.parametrize(
    ("body", "outcome", "message"),
    [
        ("pass", Outcome.PASSED, ""),
        (
            "fail('Nothing there.')",
            Outcome.REVIEW,
            "Cell 2 is a raw cell, not a code cell, so a person has to read it. Nothing there.",
        ),
    ],
)
def test_an_answer_in_a_cell_of_another_type_is_open_unless_it_is_right(place, body, outcome, message):
    raw = new_raw_cell("x = 2", metadata=CELLS[1].metadata)
    check = place.grade(place.check(body), place.run((CELLS[0], raw, CELLS[2]))).checks[0]
    assert (check.outcome, check.message) == (outcome, message)


MISSING = "Cell 2 ended with NameError: name 'helper' is not defined"


@pytest.mark.parametrize(
    ("beside", "outcome", "said"),
    [
        pytest.param(
            new_raw_cell("def helper():\n    return 2"),
            Outcome.REVIEW,
            "Cell 4, which defines `helper`, is a raw cell and did not run, so this needs review. Wrong.",
            id="raw",
        ),
        pytest.param(
            new_markdown_cell("helper = 2"),
            Outcome.REVIEW,
            "Cell 4, which defines `helper`, is a markdown cell and did not run, so this needs review. Wrong.",
            id="markdown",
        ),
        pytest.param(
            new_raw_cell("[?]", metadata={"unread": "its source is missing"}),
            Outcome.REVIEW,
            "A cell of the notebook could not be read, so this needs review. Wrong.",
            id="unread",
        ),
        pytest.param(
            new_raw_cell("def other(): pass"), Outcome.FAILED, f"{MISSING}. Wrong.", id="another name"
        ),
        pytest.param(
            new_markdown_cell("I wrote a helper."), Outcome.FAILED, f"{MISSING}. Wrong.", id="prose"
        ),
    ],
)
def test_what_code_lacked_that_stands_in_a_cell_which_does_not_run_is_open(place, beside, outcome, said):
    failed = new_output("error", ename="NameError", evalue="name 'helper' is not defined", traceback=[])
    own = new_code_cell("x = helper()", metadata=CELLS[1].metadata, outputs=[failed])
    run = place.run((CELLS[0], own, CELLS[2], beside))
    check = place.grade(place.check("fail('Wrong.')"), run).checks[0]
    assert (check.outcome, check.message) == (outcome, said)


def test_an_answer_that_no_cell_was_found_for_is_judged_by_what_the_run_defined(place):
    execution = place.run((CELLS[0], new_code_cell("make()")), stored=records(cell(1, x=7)))
    with place.court(place.check("fail('Wrong.')")) as court:
        check = court.judge(Case(execution=execution)).checks[0]
    assert (check.outcome, check.message) == (Outcome.FAILED, "Wrong.")


SOLUTION = "# your answer\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION"


@pytest.fixture
def fenced(place):
    """The same, with solutions that the blank notebook lacks."""
    prompt, *answers = CELLS
    cells = [prompt, *(new_code_cell(SOLUTION, metadata=answer.metadata) for answer in answers)]
    nbformat.write(new_notebook(cells=cells), place.folder / "master.ipynb")
    return place


@pytest.mark.parametrize(
    ("cells", "outcome", "message"),
    [
        pytest.param(("tagged", "blank"), Outcome.FAILED, "Not answered.", id="untouched"),
        pytest.param(("tagged", ""), Outcome.FAILED, "Not answered.", id="emptied"),
        pytest.param(("tagged", "x = 2"), Outcome.FAILED, "Nothing there.", id="answered"),
        pytest.param(("plain", "blank"), Outcome.FAILED, "Not answered.", id="untouched, without tags"),
        pytest.param(("gone", ""), Outcome.FAILED, "Not answered.", id="deleted"),
        pytest.param(
            ("foreign", "z = 1"),
            Outcome.REVIEW,
            "No cell was found that answers this question, and the notebook was not made from the assignment's.",
            id="another notebook",
        ),
    ],
)
@pytest.mark.parametrize("check", ["fail", "skip"])
def test_a_question_without_an_answer(place, cells, outcome, message, check):
    prompt, answer, other = CELLS
    nbformat.write(
        new_notebook(cells=[prompt, new_code_cell(SOLUTION, metadata=answer.metadata), other]),
        place.folder / "master.ipynb",
    )
    kind, source = cells
    source = place.check("pass").template.cells[1].source if source == "blank" else source
    tags = answer.metadata if kind == "tagged" else {}
    own = [new_code_cell(source, metadata=tags)]
    submitted = {"foreign": own, "gone": [prompt, other]}.get(kind, [prompt, *own, other])
    rubric = place.check(f"{check}('Nothing there.')")
    with place.court(rubric) as court:
        graded = court.judge(Case(execution=place.run(submitted)))
    if (check, message) == ("skip", "Nothing there."):
        outcome = Outcome.SKIPPED
    if (check, kind) == ("fail", "foreign"):
        message += " Nothing there."
    assert (graded.checks[0].outcome, graded.checks[0].message) == (outcome, message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "student.roster.get('participated') == 'no' and fail('No post.', actual='none')",
            ("No post.", "none"),
        ),
        ("student.value('x') or fail('No value.', actual='none')", ("Not answered.", "")),
        ("student.roster.get('participated') == 'no' and skip('No post.')", ("Not answered.", "")),
    ],
    ids=["by the roster", "by the notebook", "skipped by the roster"],
)
def test_a_check_that_fails_by_the_roster_keeps_its_message(place, body, message):
    second = SECOND.replace("pass", "fail('Nothing.')").replace("()", "(student)", 1)
    with place.court(place.check(body, more=second)) as court:
        grade = court.judge(Case(execution=place.run(CELLS[:1]), roster={"participated": "no"}))
    check, other = grade.checks
    assert (check.outcome, check.message, check.actual) == (Outcome.FAILED, *message)
    assert other.message == "Not answered."


@pytest.mark.parametrize(
    ("beside", "outcome", "message"),
    [
        ((), Outcome.FAILED, "Not answered."),
        (("data.csv", "helper.py", "data/raw/images-ubyte"), Outcome.FAILED, "Not answered."),
        *(
            ((name,), Outcome.REVIEW, f"Not answered in the notebook; it may be answered in {name}.")
            for name in (
                "a.pptx",
                "a.markdown",
                "a.rar",
                "a.7z",
                "a.xlsx",
                "a.org",
                "a.latex",
                "a.svg",
                "a.jfif",
                "answers",
            )
        ),
        (
            ("data.csv", "theory.pdf", "scans/Page 1.JPG"),
            Outcome.REVIEW,
            "Not answered in the notebook; it may be answered in theory.pdf, scans/Page 1.JPG.",
        ),
    ],
)
def test_an_answer_that_may_stand_in_another_file_is_a_persons(fenced, beside, outcome, message):
    rubric = fenced.check("fail('Nothing.')")
    check = fenced.grade(rubric, fenced.run(rubric.template.cells, beside=beside)).checks[0]
    assert (check.outcome, check.message) == (outcome, message)
    assert (check.review is not None and check.review.elsewhere) is (outcome is Outcome.REVIEW)


def test_all_answers_that_may_stand_elsewhere_are_one_task(fenced):
    second = '@question("2", points=0.5)\ndef test_two(student):\n    """Two."""\n    fail("Nothing.")\n'
    rubric = fenced.check("fail('Nothing.')", more=second)
    grade = fenced.grade(rubric, fenced.run(rubric.template.cells, beside=("all.pdf",)))
    one, two = grade.checks
    assert one.review == two.review
    (task,) = Classroom.of([grade]).tasks
    assert task.what == "1 hand-in may have answers in other files"


@pytest.mark.parametrize(
    ("body", "gaps"),
    [
        ("review('Look at the picture.')", ()),
        ("fail('Wrong.', actual='none')", (Gap(cells=(1,), ending=Ending.TIMEOUT, why="The deadline."),)),
    ],
    ids=["without the answer", "a gap"],
)
def test_what_is_left_open_without_the_students_words_has_a_code_of_the_hand_in(place, body, gaps):
    def code(student, source):
        cells = (CELLS[0], new_code_cell(source, id="x", metadata=CELLS[1].metadata), CELLS[2])
        run = replace(place.run(cells, gaps=gaps), student=student)
        with place.court(place.check(body)) as court:
            item = court.judge(Case(execution=run)).checks[0].review
        return item.code, item.group

    (ana, group), again, changed, bo = (
        code(*each) for each in (("ana", "x = 1"), ("ana", "x = 1"), ("ana", "x = 2"), ("bo", "x = 1"))
    )
    assert ana
    assert again == (ana, group)
    assert len({ana, changed[0], bo[0]}) == 3
    assert {group} == {changed[1], bo[1]}


def test_the_students_words_have_no_code_of_the_hand_in(place):
    check = place.grade(place.check("review('Read it.', actual='No.')")).checks[0]
    assert check.review.code == ""


# --- answers that a person reads by items -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "start"),
    [({"says  what ": 0.5, "says whom": "0.5", "is kind": 1}, 0), ({"no reason": -0.5, "too long": -1}, 1)],
    ids=["giving", "taking"],
)
def test_an_answer_is_left_to_a_person_with_the_items_of_the_rubric(place, items, start):
    run = place.run((CELLS[0], new_code_cell("x = 2", metadata=CELLS[1].metadata)))
    check = place.grade(place.check(f"read(student, {items})"), run).checks[0]
    assert (check.outcome, check.earned, check.actual) == (Outcome.REVIEW, 0, "x = 2")
    found = check.review.items
    assert {each.words: str(each.points) for each in found} == {
        " ".join(words.split()): str(points) for words, points in items.items()
    }
    assert (check.review.answer, start_of(found, check.max)) == ("x = 2", start)


def test_a_question_without_an_answer_is_not_laid_before_a_person(place):
    rubric = place.check("read(student, {'says what': 1})")
    assert place.grade(rubric, place.run(CELLS[:1])).checks[0].message == "Not answered."


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("{'says what': 0.75, 'is long': -0.5}", "the items give 0.75 of the check's 1 points"),
        ("{'says what': 0}", "the items give 0 of the check's 1 points"),
        ("['says what']", "'list' object has no attribute 'items'."),
        ("{}", "a person needs 1 to 30 items, not 0"),
        ("{str(n): 1 for n in range(31)}", "a person needs 1 to 30 items, not 31"),
        ("{' ': 1}", "an item has no words"),
        ("{'a  b': 1, 'a b': 1}", "two items have the same words"),
        ("{'x' * 301: 1}", "has more than 300 characters"),
        ("{'says what': 'one'}", "'says what' needs a number of points"),
        ("{'says what': True}", "'says what' needs a number of points"),
        ("{'says what': float('nan')}", "'says what' needs a number of points"),
        ("{'says what': '1e99'}", "'says what' needs a number of points"),
    ],
)
def test_items_that_nobody_could_use_are_refused_with_file_and_line(place, items, message):
    rubric = place.check(f"read(student, {items})")
    with place.court(rubric) as court:
        grade = court.judge(Case(execution=place.run()))
        said = rf"test_rubric\.py:7: `read` can't be used like this: .*{re.escape(message)}"
        with pytest.raises(RubricError, match=said):
            court.approve(grade)


def test_a_check_says_which_answer_it_judged(place):
    """By the cells and files that answer its question; by the hand-in where there is no answer."""

    def code(*cells, theory=""):
        files = (Document(name="theory.md", text=theory, digest="d"),) if theory else ()
        run = place.run(cells, documents=files)
        return place.grade(rubric, run).checks[0].code

    def answer(source, new=new_code_cell):
        return new(source, metadata={"grader": {"question": "1"}})

    rubric = place.check("pass")
    first = code(answer("x = 2"))
    assert code(CELLS[0], answer("x = 2"), CELLS[2]) == first, "other cells are no part of it"
    assert code(answer("x = 2"), theory="**2.** Something else.") == first
    others = [
        code(answer("x = 3")),
        code(answer("x = 2", new_markdown_cell)),
        code(answer("x = 2"), theory="**1.** It is two."),
        code(CELLS[2]),
        code(CELLS[2], new_code_cell("z = 3")),
    ]
    assert len({first, *others}) == 6
    assert all(len(each) == 10 for each in others)


# --- a student's work -----------------------------------------------------------------------------------


@pytest.fixture
def work(place):
    """A run in which `x` changes in cells 1, 3 and 4, and `y` in cell 2."""
    extra = (new_code_cell("# 1\nx = 3"), new_code_cell("# 1\nx = 4"))
    stored = records(cell(1, x=1), cell(2, y=2), cell(3, x=3), cell(4, x=4, z=9))
    rubric = place.rubric(one() + SECOND)
    return Work.of(place.run((*CELLS, *extra), stored=stored), rubric, profile="full")


def test_a_value_is_that_of_its_own_question(work):
    assert work.answer("2").cells == (2,)
    assert work.value("x", "2").number == 1  # as it was when 2 had been answered
    assert work.value("y", "2").number == 2
    assert work.value("x").number == 4
    assert work.value("z", "2").number == 9  # made later, but found all the same
    assert work.value("nothing", "1") is None


def test_all_values_of_a_question_are_kept(work):
    assert [value.number for value in work.values("x", "1")] == [1, 3, 4]
    assert [value.number for value in work.values("x", "2")] == [1]


def test_an_answer_shows_what_it_printed(place):
    outputs = [
        new_output("stream", name="stdout", text="printed\n"),
        new_output("stream", name="stderr", text="x.py:1: UserWarning: 3\n"),
        new_output("execute_result", data={"text/plain": "returned"}),
        new_output("display_data", data={"text/plain": "<Figure>", "image/png": "AA=="}),
        new_output("display_data", data={"text/html": "<b>"}),
        new_output("error", ename="NameError", evalue="x", traceback=["trace"]),
        new_output("error", ename="Later", evalue="y", traceback=[]),
    ]
    shown = new_code_cell("x = 1", metadata={"grader": {"question": "1"}}, outputs=outputs)
    said = new_markdown_cell("In words.", metadata={"grader": {"question": "1"}})
    answer = Work.of(place.run((shown, said)), place.rubric(one() + SECOND), profile="full").answer("1")
    assert answer.text.split() == ["printed", "returned"]
    assert answer.error == "NameError: x"
    assert answer.pictures == 1
    assert (answer.markdown, answer.source) == ("In words.", "x = 1\n\nIn words.")


def test_text_with_finds_a_name_wherever_it_is_used(place):
    def printing(source, text):
        return new_code_cell(source, outputs=[new_output("stream", name="stdout", text=text)])

    cells = (printing("f(x)", "one"), printing("# g\nff(x)", "two"), printing("print(f)", "three"))
    work = Work.of(place.run(cells), place.rubric(one() + SECOND), profile="full")
    assert work.text_with("f") == "one\nthree"


@pytest.mark.parametrize(
    ("values", "floor", "low", "high"),
    [((1.0, 1.0, 1.0), 0.5, 0.5, 1.5), ((1.0,), 0.1, 0.9, 1.1), ((0.0, 1.0, 2.0), 0.1, -5.0, 7.0)],
    ids=["no spread", "one run", "six deviations"],
)
def test_a_band_is_measured_over_the_seeds(values, floor, low, high):
    band = Reference(values).band(float, floor=floor)
    assert (band.low, band.high) == pytest.approx((low, high))
    assert low in band
    assert high + 0.01 not in band
    assert math.nan not in band  # noqa: PLW0177 - it is the point


def test_a_reference_without_the_figure_is_our_fault():
    with pytest.raises(HarnessError, match="The reference has no such figure"):
        Reference((1.0, float("nan"))).band(float, floor=1)


def test_a_band_reads_well():
    assert str(Band(0.81234, 0.85)) == "0.812 to 0.85"


# --- the judge's own process ----------------------------------------------------------------------------

HOSTILE = """
match student.answer("1").source:
    case "exit": sys.exit(3)
    case "die": os._exit(0)
    case "kill": os.kill(os.getpid(), 9)
    case "hang": time.sleep(60)
    case "eat": held = [bytes(1 << 24) for _ in range(100)]
    case "abort": os.abort()
    case "recurse": nested = lambda: nested(); nested()
    case "stop": pytest.exit("enough", returncode=0)
    case "interrupt": raise KeyboardInterrupt
    case "leave": os.environ["LEFT"] = "1"; sys.modules["left"] = sys
    case "look": assert "LEFT" not in os.environ and "left" not in sys.modules
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("hostile")
    nbformat.write(new_notebook(cells=list(CELLS)), folder / "master.ipynb")
    (folder / "assignment.toml").write_text(TOML.replace("judge = 3", "judge = 2\nwall_factor = 2"))
    place = Place(folder)
    with Judge(place.bench(place.check(HOSTILE), dataset)) as court:

        def grade(source):
            return court.judge(
                Case(execution=place.run((new_code_cell(source, metadata=CELLS[1].metadata),)))
            )

        yield grade


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("exit", "The check itself failed at test_rubric.py:9: SystemExit: 3"),
        ("die", "Judging ended without an answer."),
        ("kill", "Judging ended without an answer."),
        ("hang", "Judging had not ended after 4 s."),
        ("eat", "This needs more memory than a check is given."),
        ("abort", "Judging took more than 1024 MiB of memory."),
        ("recurse", "This needs more memory than a check is given."),
        ("stop", "HarnessError: These checks did not end: test_one, test_two."),
        ("interrupt", "HarnessError: These checks did not end: test_one, test_two."),
    ],
)
def test_no_check_can_stop_the_judge(hostile, source, message):
    grade = hostile(source)
    exhausted = source in ("hang", "eat", "abort", "recurse")
    assert grade.questions[0].outcome is (Outcome.REVIEW if exhausted else Outcome.BROKEN)
    assert grade.checks[0].message == message
    assert grade.questions[0].max == 1
    assert hostile("x = 1").total == Decimal("1.5")


def test_no_check_leaves_anything_behind(hostile):
    assert hostile("leave").total == Decimal("1.5")
    assert hostile("look").total == Decimal("1.5")


REMEMBERS = """\
@cache
def computed(work):
    COUNT.write_text(COUNT.read_text() + "x")


@question("1", points=1)
def test_one(student, reference):
    computed(reference.first)
    computed(student)
"""


def test_what_is_cached_of_the_reference_is_computed_once(place, dataset):
    count = place.folder / "count"
    count.write_text("")
    head = f"from functools import cache\nfrom pathlib import Path\nCOUNT = Path({str(count)!r})\n"
    with Judge(place.bench(place.rubric(head + REMEMBERS + SECOND), dataset)) as court:
        court.judge(Case(execution=place.run()))
        before = len(count.read_text())
        for _ in range(3):
            assert court.judge(Case(execution=place.run())).total == Decimal("1.5")
    assert len(count.read_text()) == before + 3


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        pytest.param("while True: pass", r"Judging took longer than 1 s\.", id="hangs"),
        pytest.param("import os; os._exit(1)", r"Judging ended without an answer\.", id="crashes"),
        pytest.param("1 / 0", r"test_one: 0 of 1 points\. .*ZeroDivisionError", id="broken"),
        pytest.param("fail('No.', actual=3)", r"test_one: 0 of 1 points\. No\. .*Seen: 3\.", id="failed"),
        pytest.param("award(0.5, 'Half.')", r"test_one: 0\.5 of 1 points\. Half\.", id="partial"),
    ],
)
def test_a_check_that_takes_points_from_the_reference_is_named_and_nobody_is_graded(
    place, dataset, body, seen
):
    toml = place.folder / "assignment.toml"
    toml.write_text(TOML.replace("judge = 3", "judge = 1"))
    with Judge(place.bench(place.check(body), dataset)) as court:
        for _ in range(2):
            with pytest.raises(RubricError, match=f"(?s)reference master.ipynb full marks.*{seen}"):
                court.judge(Case(execution=place.run()))


def test_a_check_that_leaves_the_reference_to_a_person_is_fine(place, dataset):
    with Judge(place.bench(place.check("review('Read it.', actual='words')"), dataset)) as court:
        assert court.judge(Case(execution=place.run())).questions[0].outcome is Outcome.REVIEW


def test_the_reference_is_judged_with_every_seed(place, dataset):
    bench = place.bench(place.check("assert student.ending.value == 'finished', 'It did not end.'"), dataset)
    failed = replace(bench.reference[0], ending=Ending.ERROR)
    with (
        Judge(replace(bench, reference=(*bench.reference, failed))) as court,
        pytest.raises(RubricError, match=r"test_one: 0 of 1 points\. It did not end\."),
    ):
        court.start()


def test_a_check_that_stops_pytest_now_and_then_is_refused(place, dataset):
    """Its fork may fare better than the server, which then has to say so."""
    been = place.folder / "been"
    moody = f"""
from pathlib import Path
been = Path({str(been)!r})
if been.exists(): pytest.exit("enough")
been.touch()
"""
    with (
        Judge(place.bench(place.check(moody), dataset)) as court,
        pytest.raises(HarnessError, match="These checks did not end: test_one, test_two"),
    ):
        court.start()


def test_a_judge_that_cannot_open_says_why(place, dataset):
    bench = place.bench(place.check("pass"), dataset)
    (place.folder / "assignment.toml").write_text("")
    with Judge(bench) as court, pytest.raises(RubricError, match="the key 'id' is missing"):
        court.judge(Case(execution=place.run()))


def test_a_rubric_that_broke_meanwhile_is_refused_for_each_student(place, dataset):
    bench = place.bench(place.check("pass"), dataset)
    place.rubric(one(0.5) + SECOND)
    with Judge(bench) as court:
        for _ in range(2):
            with pytest.raises(RubricError, match=r"add up to 0\.5;"):
                court.judge(Case(execution=place.run()))


def test_a_judge_whose_process_was_killed_judges_the_next_one_all_the_same(place, dataset):
    with Judge(place.bench(place.check("pass"), dataset)) as court:
        grade = court.judge(Case(execution=place.run()))
        server = max(multiprocessing.active_children(), key=lambda child: child.pid)  # the last one started
        while not (waiting := psutil.Process(server.pid).children()):
            time.sleep(0.01)  # until a fork is ready for the next one
        server.kill()
        server.join()
        assert court.judge(Case(execution=place.run())) == grade
        assert not psutil.wait_procs(waiting, timeout=10)[1]
