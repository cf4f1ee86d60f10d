"""`run` and `check`: what scripts and people rely on."""

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import nullcontext
from decimal import Decimal
from functools import cache
from pathlib import Path

import nbformat
import pytest

from grader import assignment as assignments
from grader import forks, notebook, zips
from grader.cli import conditions, tables, wiring
from grader.cli.console import BELOW, GRADED, OURS, WRONG_USE
from grader.datasets import fashion_mnist
from grader.errors import HarnessError, NoAssignmentError, NotebookError
from grader.execution import reference
from grader.handout import kit as kits
from grader.handout import pack as packs
from grader.judging.disclosure import Disclosure
from grader.kernel.cold import ColdLauncher
from grader.limits import Limits
from grader.model import Profile
from grader.results.store import Store

ZOO = Path(__file__).parents[1] / "notebooks"
QUICK = ("--profile", "quick", "--sandbox", "none")


class Broken(ColdLauncher):
    """A machine on which nothing starts."""

    def kernel(self, _request):
        raise HarnessError("no kernel starts on this machine")


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
        "? needs manual review * provisional total",
        "Mean 2 and median 2 of 2.5 points, so far: 2 of 2 totals are provisional.",
        "",
        "What to do next",
        "1 answer waits for a person",
        "Fill in the points in review.csv, and run `grader regrade . --rulings review.csv` in its folder.",
        "1 hand-in could not be read",
        "Ask for the notebook as an .ipynb file, or fill in the points in review.csv.",
        "",
        "PROVISIONAL GRADES: the quick profile trains on a small sample of the data set.",
        f"Report: {fresh.results}/index.html",
        "Next: the same command without `--profile quick`, for grades that count",
    ]
    said = done.stderr.splitlines()
    assert said[0] == "Assignment tiny. Plain files and folders: 2 students, 1 whose notebook can't be read."
    assert said[1].startswith("Sandbox: mode none")
    assert said[2] == "[1/2] [bold]: unreadable (nothing to run)" or said[2].startswith("reference: finished")
    assert said[-1].startswith("[2/2] ada: finished (")
    assert len(said) == 5
    assert sorted(path.name for path in fresh.results.iterdir()) == [
        "gradebook.sqlite", "grades.csv", "grades.json", "index.html", "junit.xml", "reference", "review.csv",
        "students",
    ]  # fmt: skip
    assert sorted(path.name for path in (fresh.results / "students/ada").iterdir()) == [
        "evidence", "executed.html", "executed.ipynb", "report.html", "result.json", "submitted.ipynb",
    ]  # fmt: skip


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

    def test_of_a_large_class_prints_no_row_for_each(self, run, monkeypatch):
        monkeypatch.setattr(tables, "MOST_ROWS", 3)
        monkeypatch.setattr(tables, "MOST_URGENT", 2)
        said = run("--only", "bob").out.splitlines()
        assert [line.split()[0] for line in said[:4]] == ["student", "dan", "cyd", "These"]
        assert said[3].startswith("These 2 of 4 students come first: ")

    def test_on_an_unchanged_class_asks_no_process(self, run, monkeypatch):
        run()
        for verb in ("start", "ask"):
            monkeypatch.setattr(forks.Server, verb, lambda *_: pytest.fail("a process was asked"))
        assert run().code == GRADED

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
        assert (
            "Note: list.csv: zoe (row 3) fits nobody who handed in: check the spelling or the id."
            in said.err.splitlines()
        )
        assert said.code == GRADED

    def test_says_how_it_read_a_list_that_names_strangers(self, run, tmp_path):
        table = tmp_path / "list.csv"
        table.write_bytes("student,participated\nbořek,yes\n".encode("cp1250"))
        said = run("--participation", table).err.splitlines()
        assert (
            "Note: list.csv: boøek (row 2) fits nobody who handed in: check the spelling or the id." in said
        )
        assert any(
            line.startswith("Note: list.csv is not in UTF-8, so it was read as Windows-1252") for line in said
        )

    def test_says_that_an_earlier_list_is_missing(self, run, graded):
        missing = "Note: the last run used a participation list, and this one has none, so points"
        assert missing not in run().err
        table = graded.hand_ins / "participation.csv"
        table.write_text("student,participated\nbob,no\n")
        assert missing not in run().err
        table.unlink()
        assert missing in run().err
        assert missing not in run().err

    def test_of_a_zip_asks_for_the_missing_list_by_its_option(self, run, graded, tmp_path):
        table = graded.hand_ins / "participation.csv"
        table.write_text("student,participated\nbob,no\n")
        run()
        graded.hand_ins = Path(shutil.make_archive(str(tmp_path / "class"), "zip", graded.hand_ins))
        said = run().err
        assert "Note: participation.csv was not read; " in said
        assert "so points that depend on it are taken back. Name the list with --participation.\n" in said

    def test_takes_the_participation_list_beside_the_hand_ins(self, run, graded):
        (graded.hand_ins / "participation.csv").write_text("student,participated\nbob,no\n")
        said = run()
        assert "participation.csv" not in said.err
        with Store.existing(graded.results) as store:
            assert {name: facts for name, _, facts in store.students()}["bob"] == {"participated": "no"}

    def test_of_one_student_keeps_the_others(self, run):
        said = run("--only", "bob")
        assert said.err.splitlines()[1:] == ["[1/1] bob: finished (nothing to run)"]
        assert [line.split()[0] for line in said.out.splitlines()[1:5]] == ["ada", "bob", "cyd", "dan"]

    @pytest.mark.parametrize(
        ("students", "more"), [(("dan",), ""), (("dan", "eli"), " The other 1 can't be read either.")]
    )
    def test_of_nothing_that_can_be_read_is_refused(self, run, graded, contents, students, more):
        """The class page of another class would be worth nothing: what is there stays."""
        shutil.rmtree(graded.hand_ins)
        for student in students:
            graded.hand_in(student, "{ this is no notebook")
        before = contents(graded.results)
        said = run()
        assert (said.code, said.out) == (WRONG_USE, "")
        assert said.error.startswith("error: There is no notebook that can be read. dan: ")
        assert said.error.endswith(
            f".{more} Is this the folder of submissions? Ask for the notebooks as .ipynb files."
        )
        assert contents(graded.results) == before

    def test_of_one_that_cannot_be_read_is_graded_where_others_can(self, run):
        assert run("--only", "dan").code == GRADED

    @pytest.mark.system
    def test_ends_with_3_when_we_failed(self, run, graded, notebook_of, monkeypatch):
        monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: nullcontext(Broken()))
        graded.hand_in("bob", notebook_of(number="number = 1"))
        said = run("--fail-under", "2.5")
        assert said.code == OURS
        assert "broken" in said.out
        assert [line for line in said.err.splitlines() if line.startswith("broken: ") and "(bob)" in line]
        monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: nullcontext(graded.kernels))
        assert run().code == GRADED


@pytest.mark.system
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
    said = run("--drop", "--json")
    assert said.code == GRADED, said.err
    grades = {grade["student"]: grade for grade in json.loads(said.out)}
    assert grades.pop("the-good-one")["total"] == 2
    assert len(reasons) > 15
    assert {name: grade["ending_detail"] for name, grade in grades.items()} == reasons
    assert {grade["ending"] for grade in grades.values()} == {"unreadable"}
    outcomes = {question["outcome"] for grade in grades.values() for question in grade["questions"]}
    assert outcomes == {"review"}
    page = (graded.results / "index.html").read_text()
    assert all(name in page for name in reasons)


def test_check_says_of_another_file_that_it_is_no_notebook(call, tmp_path):
    (other := tmp_path / "hw.py").write_text("x = 1")
    assert (
        call("check", other).error
        == f"error: {other} is not a notebook (.ipynb). Name the notebook to check."
    )


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
        assert [line.rstrip() for line in said.out.splitlines()[:3]] == [
            "passed   1    The number is the reference's.",
            "passed   2    The losses fall.",
            "review   3    The words say why.",
        ]

    def test_of_a_bad_one_says_what_was_expected_and_seen_and_what_to_try(self, check, notebook_of):
        said = check(notebook_of(number="number = 41", losses="losses = [1, 2]", more=["1 / 0"]))
        assert said.code == BELOW
        assert [" ".join(line.split()) for line in said.out.splitlines()[:14]] == [
            "Look at these first",
            "1. Another number was found.",
            "Question 1, cell 1",
            "Expected: 42.0",
            "Found: 41.0",
            "Hint: Count again.",
            "2. Not every loss is below the one before.",
            "Question 2, cell 2",
            "Found: (1.0, 2.0)",
            "",
            "All checks",
            "failed 1 The number is the reference's.",
            "partial 2 The losses fall.",
            "review 3 The words say why.",
        ]
        assert any(line.startswith("The notebook did not finish (error): ") for line in said.out.splitlines())

    def test_shows_no_hidden_check(self, check, notebook_of):
        shown = json.loads(check(notebook_of(losses=""), "--json").out)
        titles = [item["title"] for question in shown["questions"] for item in question["checks"]]
        assert titles == ["The number is the reference's.", "The losses fall.", "The words say why."]
        assert [cause["text"] for cause in shown["causes"]] == ["Not answered."]

    def test_fails_nothing_that_a_person_reads(self, check, notebook_of):
        said = check(notebook_of(words="Too short?"))
        assert (said.code, "review   3" in said.out) == (GRADED, True)


def repack(path, name, new, old=b""):
    """Change a file in a pack, at its end if there is no `old`. A changed assignment.toml leaves the pack whole."""
    files = zips.read(path, most=1 << 26)
    files[name] = files[name].replace(old, new) if old else files[name] + new
    if name == "assignment.toml":
        said = packs.about(files)
        about = json.loads(files.pop("pack.json"))
        files["pack.json"] = json.dumps(about | {"version": packs._version(files, said)}).encode()
    path.write_bytes(zips.write(files))


@cache
def kit_of(graded):
    with Store.existing(graded.results) as store:
        runs = reference.stored(store)
    dataset = fashion_mnist.subset(graded.cache)
    return kits.kit(assignments.load(graded.assignment), runs, dataset, profile=Profile.QUICK)


def test_another_assignment_or_class_in_the_same_folder_is_refused_and_changes_nothing(graded, run):
    before = {path: path.read_bytes() for path in graded.results.rglob("*.*") if path.is_file()}
    toml = graded.assignment / "assignment.toml"
    toml.write_text(toml.read_text().replace('id = "tiny"', 'id = "other"'))
    other = run()
    assert (other.code, f"with `-o {graded.results}-other`" in other.error) == (WRONG_USE, True)
    toml.write_text(toml.read_text().replace('id = "other"', 'id = "tiny"'))
    shutil.rmtree(graded.hand_ins / "bob")
    fewer = run()
    assert (fewer.code, "1 of the students graded" in fewer.error, "--drop" in fewer.error) == (
        WRONG_USE,
        True,
        True,
    )
    assert {path: path.read_bytes() for path in before} == before
    assert run("--drop").code == GRADED
    assert not (graded.results / "students" / "bob").exists()


class TestPack:
    """What a student has: a kit, unpacked, and nothing of the assignment."""

    @pytest.fixture
    def check(self, graded_once, call, tmp_path, monkeypatch):
        """Check a notebook of the kit's; the place has nothing else than the kit, before and after."""
        (place := tmp_path / "place").mkdir()
        (temporary := tmp_path / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(temporary))
        monkeypatch.chdir(place)

        def check(*options, change=id, then=lambda: None):
            with zipfile.ZipFile(io.BytesIO(kit_of(graded_once))) as archive:
                archive.extractall(place)
            notebook = nbformat.read("tiny.ipynb", as_version=4)
            change(notebook)
            nbformat.write(notebook, "tiny.ipynb")
            then()
            before = sorted(place.iterdir())
            said = call("check", "tiny.ipynb", *options)
            assert sorted(place.iterdir()) == before
            assert list(temporary.iterdir()) == []
            return said

        return check

    def test_checks_with_the_pack_beside_the_notebook(self, check):
        def solve(notebook):
            notebook.cells[0].source, notebook.cells[1].source = "number = 42", "losses = [1, 2]"

        said = check(change=solve, then=lambda: Path().chmod(0o500))
        Path().chmod(0o700)
        points = said.out.partition("Before you hand in\n")[2].splitlines()
        assert [line[0] for line in points[:4]] == list("✗✗✓✓")
        assert "\x1b" not in said.out
        assert (said.code, said.err.splitlines()[0].split(", ")[0]) == (
            BELOW,
            "A tiny assignment: public checks",
        )
        assert [line.split()[:2] for line in said.out.partition("All checks\n")[2].splitlines()[:3]] == [
            ["passed", "1"],
            ["partial", "2"],
            ["review", "3"],
        ]

    @pytest.mark.system
    def test_runs_where_nothing_can_fork_as_it_does_here(self, check, tmp_path, notebook_of):
        """As on Windows: see `windows.py`, which takes away what is not there."""

        def solve(notebook):
            notebook.cells = nbformat.reads(
                notebook_of(losses="losses = [1, 2]", words="?"), as_version=4
            ).cells

        here = json.loads(check("--json", change=solve).out)
        python = tmp_path / "python"
        python.write_text(f"#!{sys.executable}\n{(Path(__file__).with_name('windows.py')).read_text()}")
        python.chmod(0o700)
        there = subprocess.run(
            [python, "-m", "grader", "check", "tiny.ipynb", "--json"],
            env={**os.environ, "PYTHONWARNDEFAULTENCODING": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (there.returncode, there.stderr) == (BELOW, "")
        found = json.loads(there.stdout)
        assert (found.pop("seconds") > 0, found.pop("sandbox")["memory"]) == (True, "not limited")
        assert here.pop("sandbox")["mode"] == "none"
        del here["seconds"]
        assert found == here
        assert {"passed", "partial", "review"} == {each["outcome"] for each in here["questions"]}

    def test_withholds_what_would_give_an_answer_away(self, check, monkeypatch):
        monkeypatch.setattr(Disclosure, "of", lambda _: Disclosure(frozenset()))
        said = check("--json")
        first = json.loads(said.out)["questions"][0]["checks"][0]
        assert (first["outcome"], first["expected"], "42" in said.out) == ("failed", "", False)

    def test_says_that_notebook_and_pack_are_of_different_kits(self, check):
        said = check(change=lambda notebook: notebook.metadata.grader.update(kit="old"))
        assert "Your notebook is from version old of the kit, and these checks are version " in said.out

    def test_refuses_the_notebook_of_another_assignment(self, check):
        said = check(change=lambda notebook: notebook.metadata.grader.update(assignment="optics"))
        assert said.code == WRONG_USE
        assert "was made for the assignment 'optics', not for 'tiny'" in said.err

    def test_needs_one_pack(self, check):
        said = check(change=lambda _: shutil.copy("tiny.pack", "copy.pack"))
        assert (said.code, said.error) == (
            WRONG_USE,
            "error: There are several check packs beside tiny.ipynb; name yours with --pack.",
        )

    @pytest.mark.parametrize(
        ("spoil", "says"),
        [
            pytest.param(
                lambda pack: pack.write_bytes(pack.read_bytes()[:-100]),
                "tiny.pack is not a check pack, or it is damaged; download the kit again.",
                id="cut off",
            ),
            pytest.param(
                lambda pack: repack(pack, "test_tiny.py", b"\n"),
                "tiny.pack was changed after it was made; download the kit again.",
                id="edited",
            ),
            pytest.param(
                lambda pack: repack(pack, "pack.json", b'"format": 2', b'"format": 1'),
                "and this is another version; install the wheel of its kit.",
                id="of another version",
            ),
            pytest.param(
                lambda pack: repack(pack, "assignment.toml", b"\nkernel.packages = ['nobodys-package>=2']\n"),
                "nobodys-package is not installed. Install with: ",
                id="for packages that are not here",
            ),
            pytest.param(
                lambda pack: pack.with_suffix(".ipynb").write_text("{ no notebook"),
                "tiny.ipynb: its JSON breaks off at line 1, column 3; the file was probably truncated in transfer",
                id="no notebook",
            ),
        ],
    )
    def test_says_in_one_line_what_is_wrong_and_what_to_do(self, check, spoil, says):
        said = check(then=lambda: spoil(Path("tiny.pack")))
        assert (said.code, said.out, says in said.error) == (WRONG_USE, "", True), said.error

    def test_takes_a_pack_or_an_assignment(self, check):
        said = check("--pack", "tiny.pack", "-a", "tiny")
        assert (said.code, said.error) == (
            WRONG_USE,
            "error: --pack and -a both say what to check; leave one of them out.",
        )

    def test_says_what_to_do_without_a_pack(self, check, monkeypatch):
        def nothing(_name):
            raise NoAssignmentError("There is no assignment here.")

        monkeypatch.setattr(conditions, "locate", nothing)
        said = check(change=lambda _: Path("tiny.pack").unlink())
        assert said.code == WRONG_USE
        assert said.error == (
            "error: There is no check pack beside tiny.ipynb. Put the file that ends with .pack, from your kit, "
            "into its folder, or name it with --pack. Without one: There is no assignment here."
        )
