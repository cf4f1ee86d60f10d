"""The command line: what scripts and people rely on."""

import csv
import io
import json
import shutil
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from grader import notebook
from grader.cli import tables as terminal
from grader.cli import wiring as setting
from grader.cli.console import BELOW, GRADED, OURS, WRONG_USE
from grader.cli.grading import public_part
from grader.datasets import fashion_mnist as datasets
from grader.errors import HarnessError, NotebookError
from grader.execution import worker
from grader.intake import collect as intake
from grader.kernel.cold import ColdLauncher
from grader.limits import Limits
from grader.model import Outcome
from grader.results import codec as result
from grader.results.store import Store

COMMANDS = ["run", "check", "regrade", "report", "export", "kit", "doctor", "data fetch", "data where"]
ZOO = Path(__file__).parents[1] / "notebooks"
QUICK = ("--profile", "quick", "--sandbox", "none")


def files(root):
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


class Broken(ColdLauncher):
    """A machine on which nothing starts."""

    def kernel(self, _request):
        raise HarnessError("no kernel starts on this machine")


@pytest.fixture
def run(graded, call):
    """`grader run` on a class that is graded already, so that nothing has to be executed."""

    def run(*options):
        return call("run", graded.hand_ins, "-a", graded.assignment, "-o", graded.results, *QUICK, *options)

    return run


def test_a_class_from_hand_ins_to_reports(fresh, grader, notebook_of, tmp_path):
    """The real program, on a class and a reference that it has never seen."""
    fresh.hand_in("ada", notebook_of())
    fresh.hand_in("[bold]", "")
    done = grader(
        "run", fresh.hand_ins, "-a", fresh.assignment, "-o", fresh.results, "-j", 2, *QUICK, "--fail-under", 1,
        XDG_CACHE_HOME=str(tmp_path / "cache"),
    )  # fmt: skip
    assert done.returncode == BELOW, done.stderr
    assert [" ".join(line.split()) for line in done.stdout.splitlines()] == [
        "student 1 2 3 total ending",
        "[bold] 0? 0? 0? 0* unreadable",
        "ada 1 1.00 0? 2.00* finished",
        "? a person decides, * provisional until then",
        "PROVISIONAL GRADES: the quick profile trains on a small sample of the data set.",
        f"Report: {fresh.results}/index.html",
    ]
    said = done.stderr.splitlines()
    assert said[0] == "2 submissions in the layout plain, assignment tiny."
    assert said[1].startswith("Sandbox: mode none")
    assert said[2] == "[1/2] [bold]: unreadable (nothing to run)" or said[2].startswith("reference: finished")
    assert said[-1].startswith("[2/2] ada: finished (")
    assert len(said) == 5
    assert sorted(path.name for path in fresh.results.iterdir()) == [
        "gradebook.sqlite", "grades.csv", "grades.json", "index.html", "junit.xml", "reference", "review.csv",
        "students",
    ]  # fmt: skip
    assert sorted(path.name for path in (fresh.results / "students/ada").iterdir()) == [
        "evidence", "executed.ipynb", "report.html", "result.json",
    ]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_by_an_example(call, command):
    said = call(*command.split(), "--help")
    assert said.code == 0
    assert f"grader {command} " in said.out.partition("Example")[2].replace("\n", " \n")


def test_without_a_command_all_are_listed(call):
    listing = call("--help").out
    assert all(command.split()[0] in listing for command in COMMANDS)


class TestRun:
    def test_on_a_known_class_says_so_line_by_line(self, run):
        said = run()
        assert said.code == GRADED
        assert said.err.splitlines()[1:] == [
            "[1/4] ada: finished (nothing to run)",
            "[2/4] bob: finished (nothing to run)",
            "[3/4] cyd: error (nothing to run)",
            "[4/4] dan: unreadable (nothing to run)",
        ]
        assert "\x1b" not in said.out + said.err

    def test_as_json_prints_nothing_else(self, run):
        said = run("--json")
        grades = {grade["student"]: grade for grade in json.loads(said.out, parse_float=Decimal)}
        assert {name: grade["total"] for name, grade in grades.items()} == {
            "ada": Decimal("2.00"), "bob": Decimal("1.50"), "cyd": 1, "dan": 0,
        }  # fmt: skip
        assert '"total": 2.00' in said.out
        assert said.err == ""

    @pytest.mark.parametrize(("least", "code"), [("0", GRADED), ("0.5", BELOW), ("2.5", BELOW)], ids=str)
    def test_fails_under_a_bound(self, run, least, code):
        assert run("--fail-under", least).code == code

    def test_names_whom_the_participation_list_has_and_the_class_has_not(self, run, tmp_path):
        table = tmp_path / "list.csv"
        table.write_text("student,participated\nada,yes\nzoe,no\n")
        said = run("--participation", table)
        assert "Note: list.csv names zoe, who handed nothing in." in said.err.splitlines()
        assert said.code == GRADED

    def test_takes_the_participation_list_beside_the_hand_ins(self, run, graded):
        (graded.hand_ins / "participation.csv").write_text("student,participated\nbob,no\n")
        said = run()
        assert "left alone" not in said.err
        with Store.existing(graded.results) as store:
            assert {name: facts for name, _, facts in store.students()}["bob"] == {"participated": "no"}

    def test_of_one_student_keeps_the_others(self, run):
        said = run("--only", "bob")
        assert said.err.splitlines()[1:] == ["[1/1] bob: finished (nothing to run)"]
        assert [line.split()[0] for line in said.out.splitlines()[1:5]] == ["ada", "bob", "cyd", "dan"]

    def test_ends_with_3_when_we_failed(self, run, graded, notebook_of, monkeypatch):
        monkeypatch.setattr(setting, "best_launcher", lambda *_, **__: nullcontext(Broken()))
        graded.hand_in("bob", notebook_of(number="number = 1"))
        said = run("--fail-under", "2.5")
        assert said.code == OURS
        assert "broken" in said.out
        monkeypatch.setattr(setting, "best_launcher", lambda *_, **__: nullcontext(graded.kernels))
        assert run().code == GRADED


@pytest.fixture
def warm(graded, monkeypatch):
    """Cold kernels take seconds each; one test of them is enough."""
    monkeypatch.setattr(setting, "best_launcher", lambda *_, **__: nullcontext(graded.kernels))


@pytest.mark.usefixtures("warm")
def test_of_a_zoo_every_file_is_a_row_that_says_why(run, graded, notebook_of):
    """Each broken file of tests/notebooks as somebody's hand-in, and one that is right among them."""
    shutil.rmtree(graded.hand_ins)
    reasons = {}
    for path in sorted(ZOO.glob("*.ipynb")):
        try:
            notebook.read(path, limits=Limits())
        except NotebookError as error:
            reasons[path.stem] = str(error)
            (graded.hand_ins / path.stem).mkdir(parents=True)
            shutil.copy(path, graded.hand_ins / path.stem)
    graded.hand_in("the-good-one", notebook_of())
    said = run("--json")
    grades = {grade["student"]: grade for grade in json.loads(said.out)}
    assert said.code == GRADED
    assert grades.pop("the-good-one")["total"] == 2
    assert len(reasons) > 25
    assert {name: grade["ending_detail"] for name, grade in grades.items()} == reasons
    assert {grade["ending"] for grade in grades.values()} == {"unreadable"}
    outcomes = {question["outcome"] for grade in grades.values() for question in grade["questions"]}
    assert outcomes == {"review"}
    page = (graded.results / "index.html").read_text()
    assert all(name in page for name in reasons)


def wrong(*, at, with_line):
    return pytest.param(at, with_line, id=" ".join(at))


WRONG_USES = [
    wrong(at=("run", "{tmp}/nowhere"), with_line="{tmp}/nowhere: "),
    wrong(at=("run", "{tmp}/empty"), with_line="{tmp}/empty: "),
    wrong(
        at=("run", "{class}", "-a", "hw9"), with_line="There is no assignment 'hw9': no assignment.toml in "
    ),
    wrong(
        at=("run", "{class}", "--limit", "cell_floor"),
        with_line="--limit cell_floor: write NAME=NUMBER, for example cell_floor=60.",
    ),
    wrong(
        at=("run", "{class}", "--limit", "memory=nan"),
        with_line="--limit memory=nan: write NAME=NUMBER, for example cell_floor=60.",
    ),
    wrong(
        at=("run", "{class}", "--limit", "patience=3"),
        with_line="There is no limit 'patience'. The limits are: cell_factor, ",
    ),
    wrong(
        at=("run", "{class}", "--limit", "memory=-1"),
        with_line="The limit 'memory' must be a positive number, not -1.0.",
    ),
    wrong(
        at=("run", "{class}", "--only", "zoe"),
        with_line="--only zoe: there is no such student. There are: ada, bob, cyd, dan.",
    ),
    wrong(
        at=("run", "{class}", "--participation", "{tmp}/no.csv"),
        with_line="{tmp}/no.csv can't be read: No such file or directory.",
    ),
    wrong(
        at=("run", "{class}", "--participation", "{tmp}/binary.csv"),
        with_line="{tmp}/binary.csv is not UTF-8 text; save it again as a CSV in UTF-8.",
    ),
    wrong(
        at=("run", "{class}", "--participation", "{tmp}/names.csv"),
        with_line="{tmp}/names.csv has no column `student` in its first row; it has: name.",
    ),
    wrong(
        at=("run", "{class}", "--data", "{tmp}/empty", "--profile", "full"),
        with_line="--data names {tmp}/empty",
    ),
    wrong(
        at=("run", "{class}", "-o", "{class}/results"),
        with_line="The results folder {class}/results lies among the hand-ins; name another one with -o.",
    ),
    wrong(
        at=("run", "{class}", "-o", "{tmp}"),
        with_line="{tmp} holds other files; name an empty or new folder with -o.",
    ),
    wrong(
        at=("check", "{tmp}/nowhere.ipynb"),
        with_line="{tmp}/nowhere.ipynb is no file; name the notebook that you want to check.",
    ),
    wrong(at=("check", "{class}/dan/tiny.ipynb"), with_line="tiny.ipynb: its JSON breaks off at line 1"),
    wrong(
        at=("regrade", "{tmp}/empty"),
        with_line="{tmp}/empty is no results folder: it has no gradebook.sqlite. Run `grader run` first.",
    ),
    wrong(at=("regrade", "{results}", "-a", "hw9"), with_line="There is no assignment 'hw9'"),
    wrong(at=("regrade", "{results}", "--rulings", "{tmp}/no.csv"), with_line="{tmp}/no.csv can't be read"),
    wrong(at=("report", "{tmp}/nowhere"), with_line="{tmp}/nowhere is no results folder"),
    wrong(at=("export", "csv", "{tmp}/empty"), with_line="{tmp}/empty is no results folder"),
    wrong(
        at=("export", "canvas", "{results}"),
        with_line="canvas fills a gradebook that you downloaded there: name it with --fill.",
    ),
    wrong(
        at=("export", "moodle", "{results}"),
        with_line="moodle fills a gradebook that you downloaded there: name it with --fill.",
    ),
    wrong(
        at=("export", "canvas", "{results}", "--fill", "{tmp}/binary.csv"),
        with_line="{tmp}/binary.csv can't be read as UTF-8 text: ",
    ),
    wrong(
        at=("export", "csv", "{results}", "-o", "{tmp}/names.csv/grades.csv"),
        with_line="{tmp}/names.csv/grades.csv can't be written: ",
    ),
    wrong(at=("kit", "hw9"), with_line="There is no assignment 'hw9'"),
    wrong(
        at=("kit", "{tiny}", "-o", "{tmp}/empty"), with_line="{tmp}/empty can't be written: Is a directory."
    ),
    wrong(at=("data", "fetch", "--data", "{tmp}/empty"), with_line="--data names {tmp}/empty"),
]


@pytest.mark.parametrize(("arguments", "line"), WRONG_USES)
def test_wrong_use_is_one_clear_line(graded, call, tmp_path, arguments, line):
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "names.csv").write_text("name\nada\n")
    names = {"tmp": tmp_path, "class": graded.hand_ins, "results": graded.results, "tiny": graded.assignment}
    words = [word.format_map(names) for word in arguments]
    if words[0] in ("run", "check"):
        words += [] if "-a" in words else ["-a", graded.assignment]
        words += [] if "--profile" in words else ["--profile", "quick"]
    if words[0] == "run":
        words += [] if "-o" in words else ["-o", graded.results]
    before = files(graded.results)
    said = call(*words)
    assert said.code == WRONG_USE
    assert said.error.startswith(f"error: {line.format_map(names)}")
    assert said.out == ""
    assert files(graded.results) == before


@pytest.mark.parametrize(
    "arguments",
    [("run",), ("run", "x", "-j", "0"), ("run", "x", "--profile", "slow"), ("fly",), ("export", "pdf", "x")],
    ids=" ".join,
)
def test_words_that_no_command_knows_are_wrong_use_too(call, arguments):
    said = call(*arguments)
    assert (said.code, said.out) == (WRONG_USE, "")
    assert "--help" in said.err


def test_one_results_folder_has_one_grader_at_a_time(graded, run):
    with Store.existing(graded.results):
        said = run()
    assert said.code == WRONG_USE
    assert said.err.splitlines()[-1] == (
        f"error: Another grader is at work on {graded.results}; try again when it is done."
    )


def test_what_nobody_foresaw_is_our_fault(run, monkeypatch):
    """Python's own exit code, 1, would tell a script that the class was graded."""

    def surprise(*_, **__):
        raise RuntimeError("[a surprise]")

    monkeypatch.setattr(intake, "collect", surprise)
    said = run()
    assert said.code == OURS
    assert said.err.splitlines()[-1] == "our fault: RuntimeError: [a surprise]"
    assert "Traceback" in said.err


class TestRegrade:
    @pytest.fixture(autouse=True)
    def generous(self, graded):
        graded.rubric("award(0.25", "award(0.5")

    def test_says_who_changes_by_how_much_and_why(self, graded, call):
        said = call("regrade", graded.results)
        assert said.code == GRADED
        assert [line.split() for line in said.out.splitlines()[:2]] == [
            ["student", "before", "after", "why"],
            ["bob", "1.50", "1.75", "2:", "The", "losses", "fall.", "partial", "->", "partial"],
        ]
        assert said.out.splitlines()[-1] == "4 grades judged again."
        assert json.loads((graded.results / "students/bob/result.json").read_text())["total"] == 1.75
        assert "bob,1,0.75" in (graded.results / "grades.csv").read_text()
        assert call("regrade", graded.results).out.splitlines()[0] == "No grade changes."

    def test_as_json(self, graded, call):
        (change,) = json.loads(call("regrade", graded.results, "--json").out)
        assert (change["student"], change["before"], change["after"]) == ("bob", 1.5, 1.75)
        assert len(change["why"]) == 1

    def test_dry_writes_nothing(self, graded, call):
        before = files(graded.results)
        said = call("regrade", graded.results, "--dry-run")
        assert said.code == GRADED
        assert "bob" in said.out
        assert said.out.splitlines()[-1] == "Nothing was written."
        assert files(graded.results) == before

    def test_starts_no_kernel(self, graded, call, monkeypatch):
        monkeypatch.setattr(setting, "best_launcher", lambda *_, **__: pytest.fail("a kernel"))
        monkeypatch.setattr(worker, "call", lambda *_, **__: pytest.fail("a worker"))
        assert call("regrade", graded.results).code == GRADED

    def test_works_wherever_the_results_are(self, graded, call, tmp_path):
        moved = tmp_path / "moved"
        graded.results.rename(moved)
        shutil.rmtree(graded.hand_ins)
        assert "1.75" in call("regrade", moved).out

    def test_of_a_rubric_that_moved_names_the_way_out(self, graded, call):
        moved = graded.assignment.rename(graded.folder / "moved")
        said = call("regrade", graded.results)
        assert said.code == WRONG_USE
        assert said.error == (
            f"error: The rubric of {graded.results} is no longer in {graded.assignment}; "
            "name its folder with -a."
        )
        assert "1.75" in call("regrade", graded.results, "-a", moved).out

    def test_refuses_a_rubric_that_does_not_add_up(self, graded, call):
        graded.rubric("points=0.75", "points=0.5")
        said = call("regrade", graded.results)
        assert said.code == WRONG_USE
        assert "The checks of question 2 are worth 0.75 points; assignment.toml says 1." in said.error

    def test_needs_the_data_that_the_class_trained_on(self, graded, call, monkeypatch):
        """Evidence from all of the data, held to a sample of it, would cost points for nothing."""
        with Store.existing(graded.results) as store:
            store.remember(complete=True)
        monkeypatch.setattr(datasets, "find", lambda *_, **__: None)
        said = call("regrade", graded.results)
        assert said.code == WRONG_USE
        assert said.error.endswith("the full data set, which is not here; `grader data fetch` gets it.")


def test_reports_are_written_again(graded, call):
    for path in [*graded.results.glob("students/*/re*"), *graded.results.glob("*.csv")]:
        path.unlink()
    shutil.rmtree(graded.assignment)
    said = call("report", graded.results)
    assert (said.code, said.out) == (0, f"4 reports: {graded.results}/index.html\n")
    assert len(list(graded.results.glob("students/*/report.html"))) == 4
    assert (graded.results / "grades.csv").is_file()


class TestExport:
    def test_csv_goes_to_stdout_or_a_file(self, graded, call, tmp_path):
        said = call("export", "csv", graded.results)
        assert said.code == 0
        rows = list(csv.DictReader(io.StringIO(said.out)))
        assert [(row["student"], row["total"]) for row in rows] == [
            ("ada", "2.00"), ("bob", "1.50"), ("cyd", "1"), ("dan", "0"),
        ]  # fmt: skip
        target = tmp_path / "new" / "grades.csv"
        assert call("export", "csv", graded.results, "-o", target).out == ""
        assert target.read_text() == said.out

    def test_junit_is_xml(self, graded, call):
        assert call("export", "junit", graded.results).out.startswith("<?xml")

    def test_gradescope_gets_a_file_a_student(self, graded, call, tmp_path):
        said = call("export", "gradescope", graded.results, "-o", tmp_path / "gradescope")
        assert said.out == f"4 results.json below {tmp_path}/gradescope\n"
        results = sorted((tmp_path / "gradescope").glob("*/results.json"))
        assert [path.parent.name for path in results] == ["ada", "bob", "cyd", "dan"]
        assert all("tests" in json.loads(path.read_text()) for path in results)

    def test_canvas_fills_what_was_downloaded_there(self, graded, call, tmp_path):
        """Provisional totals are left to a person, with a note of each."""
        book = tmp_path / "book.csv"
        book.write_text(
            "Student,ID,SIS Login ID,Section,A tiny assignment (9)\nPoints Possible,,,,2.5\nAda,1,ada,A,\n"
        )
        said = call("export", "canvas", graded.results, "--fill", book)
        assert said.code == 0
        assert said.out.splitlines()[0] == "Student,ID,SIS Login ID,Section,A tiny assignment (9)"
        assert any(line.startswith("Note: ada") for line in said.err.splitlines())


def test_the_kit_holds_no_solution(graded, call, tmp_path):
    said = call("kit", graded.assignment, "-o", tmp_path / "kit.zip")
    assert (said.code, said.out) == (0, f"Wrote {tmp_path}/kit.zip\n")
    assert (tmp_path / "kit.zip").read_bytes().startswith(b"PK")


class TestData:
    def test_is_looked_for_in_places_that_are_listed(self, call, tmp_path):
        said = call("data", "where", "--data", tmp_path, "--json")
        places = json.loads(said.out)
        assert places[0] == {"name": "--data", "path": str(tmp_path), "found": False}
        listed = call("data", "where", "--data", tmp_path).out.splitlines()
        assert listed[0] == f"missing  --data: {tmp_path}"
        assert len(listed) == len(places)


@pytest.mark.slow
def test_the_doctor_says_what_works_here(call):
    findings = {finding["what"]: finding for finding in json.loads(call("doctor", "--json").out)}
    assert {"python", "memory", "data set fashion-mnist", "limit memory"} <= set(findings)
    assert findings["limit memory"]["detail"] == "12884901888"
    assert all(set(finding) == {"what", "works", "detail"} for finding in findings.values())


class TestCheck:
    @pytest.fixture
    def check(self, graded, call, tmp_path, monkeypatch):
        """Check a notebook in a folder where nothing else is; what was said, and what is there now."""
        (place := tmp_path / "place").mkdir()
        (temporary := tmp_path / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        monkeypatch.chdir(place)

        def check(text, *options):
            Path("mine.ipynb").write_text(text)
            said = call("check", "mine.ipynb", "-a", graded.assignment, *options)
            assert [path.name for path in place.iterdir()] == ["mine.ipynb"]
            assert list(temporary.iterdir()) == []
            return said

        return check

    def test_of_a_good_notebook_ends_with_0(self, check, notebook_of):
        said = check(notebook_of())
        assert said.code == GRADED
        assert said.out.splitlines()[:3] == [
            "passed   1    The number is the reference's.",
            "passed   2    The losses fall.",
            "review   3    The words say why.",
        ]

    @pytest.mark.usefixtures("warm")
    def test_of_a_bad_one_says_what_was_expected_and_seen_and_what_to_try(self, check, notebook_of):
        said = check(notebook_of(number="number = 41", losses="losses = [1, 2]", more=["1 / 0"]))
        assert said.code == BELOW
        assert [" ".join(line.split()) for line in said.out.splitlines()[:8]] == [
            "failed 1 The number is the reference's.",
            "Another number was found.",
            "expected 42.0",
            "seen 41.0",
            "try Count again.",
            "partial 2 The losses fall.",
            "Not every loss is below the one before.",
            "seen (1.0, 2.0)",
        ]
        assert any(line.startswith("The notebook ended as error: ") for line in said.out.splitlines())

    @pytest.mark.usefixtures("warm")
    def test_shows_no_hidden_check(self, check, notebook_of):
        shown = json.loads(check(notebook_of(losses=""), "--json").out)
        titles = [item["title"] for question in shown["questions"] for item in question["checks"]]
        assert titles == ["The number is the reference's.", "The losses fall.", "The words say why."]

    @pytest.mark.usefixtures("warm")
    def test_fails_nothing_that_a_person_reads(self, check, notebook_of):
        said = check(notebook_of(words="Too short?"))
        assert (said.code, "review   3" in said.out) == (GRADED, True)


def homework(graded_once, ids):
    """A grade with these questions, each worth a quarter of a point."""
    with Store.existing(graded_once.results) as store:
        grade = store.grade("ada")
    questions = tuple(
        replace(grade.questions[0], id=name, points=Decimal("0.25"), max=Decimal(1), outcome=Outcome.PARTIAL)
        for name in ids
    )
    return replace(grade, questions=questions, student="a-student-of-some-length")


HOMEWORK = ("0", "1a", "1b", "2a", "2b", "2c", "3", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "10")
PARTS = ("0", "1", "2", "3", "4", "10")


@pytest.mark.parametrize(("width", "columns"), [(200, HOMEWORK), (80, PARTS), (60, PARTS)], ids=[200, 80, 60])
def test_the_table_fits_the_terminal(graded_once, width, columns):
    console = Console(width=width, file=io.StringIO())
    console.print(terminal.class_table([homework(graded_once, HOMEWORK)], width))
    header, row, *more = console.file.getvalue().splitlines()
    assert header.split() == ["student", *columns, "total", "ending"]
    assert "".join(line.split()[0] for line in [row, *more]) == "a-student-of-some-length"
    assert row.split()[-1] == "finished"
    assert ("1.50" in row) == (width < 200)
    assert len(row) <= width


def test_a_table_of_nobody_is_empty():
    console = Console(width=80, file=io.StringIO())
    console.print(terminal.class_table([], 80))
    assert console.file.getvalue().split() == ["student", "total", "ending"]


def test_a_public_result_is_one_that_can_be_read_again(graded_once):
    with Store.existing(graded_once.results) as store:
        public = public_part(store.grade("ada"))
    assert result.loads(result.dumps(public)) == public
    assert all(check.visibility == "visible" for check in public.checks)
