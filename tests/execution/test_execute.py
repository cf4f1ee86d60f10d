"""A notebook becomes an execution: its folder, its ending, what the evidence says, and the key of it all."""

import json
import struct
import zlib
from dataclasses import replace

import nbformat
import pytest

from grader import evidence
from grader.errors import NotebookError
from grader.execution import execute
from grader.kernel.cold import ColdLauncher
from grader.kernel.ending import CellRun, Run
from grader.model import Ending, Execution, FlagKind

pytestmark = pytest.mark.kernel


def run(source, plan, folder, **job):
    """Execute in this very process; the execution, its notebook, and what was told on the way."""
    told = []
    deadlines = {"cell_deadline": 300.0, "notebook_deadline": 600.0} | job
    execution = execute.execute(
        execute.Job(student="ada", source=source, folder=folder, plan=plan, **{"support": ()} | deadlines),
        ColdLauncher(),
        told.append,
    )
    return execution, nbformat.read(folder / "executed.ipynb", as_version=4), told


@pytest.fixture(scope="module")
def done(plan, tmp_path_factory, notebook_of):
    """One notebook that does a bit of everything, executed once."""
    folder = tmp_path_factory.mktemp("done")
    (folder / "table.csv").write_text("from the table")
    source = folder / "hw.ipynb"
    book = nbformat.reads(
        notebook_of(
            more=[
                "print(open('table.csv').read())",
                "undefined",
                "print(\"\N{GREEK SMALL LETTER ALPHA}\", 'half of a pair: \\ud83d')",
            ]
        ),
        as_version=4,
    )
    book.cells[0].outputs = [nbformat.v4.new_output("stream", text="handed in")]
    nbformat.write(book, source)
    support = (("table.csv", folder / "table.csv"),)
    execution, executed, told = run(source, plan, folder / "run", support=support)
    return execution, executed, told, folder / "run"


def test_a_file_that_is_gone_when_its_run_ends_was_kept_before(plan, tmp_path, notebook_of):
    source, text = tmp_path / "hw.ipynb", notebook_of()
    source.write_text(text)
    job = execute.Job(
        student="ada", source=source, folder=tmp_path / "run", plan=plan, support=(), cell_deadline=300.0,
        notebook_deadline=600.0,
    )  # fmt: skip
    execution = execute.execute(job, ColdLauncher(), lambda _: source.unlink(missing_ok=True))
    assert execution.ending is Ending.FINISHED
    assert execution.submitted.read_text() == text


HELPER = "import torch\n\ndef ones():\n    return torch.ones(3).cuda()\n"


@pytest.mark.system
def test_what_input_gives_and_what_an_imported_file_needs(plan, tmp_path, notebook_of):
    """As a hand-in with an old `utils.py` beside it that asks for its number of epochs."""
    for name, code in (("utils.py", HELPER), ("old.py", "print 'Python 2'"), ("unused.py", "x = 1")):
        (tmp_path / name).write_text(code)
    source = tmp_path / "hw.ipynb"
    source.write_text(
        notebook_of(
            more=[
                "print(int(input('epochs? ')) + 1, repr(input()))",
                "import utils\nprint(utils.ones().is_cuda)",
            ]
        )
    )
    support = tuple((path.name, path) for path in sorted(tmp_path.glob("*.py")))
    execution, executed, _ = run(source, replace(plan, inputs=("20",)), tmp_path / "run", support=support)
    assert execution.ending is Ending.FINISHED, execution.detail
    assert text(executed.cells[3]).endswith("21 ''\n")
    assert text(executed.cells[4]) == "True\n"
    assert len(execution.compat) == 2


def text(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


class TestExecution:
    def test_says_how_it_ended_and_how_long_it_took(self, done):
        execution = done[0]
        assert execution.ending is Ending.ERROR
        assert "NameError" in execution.detail
        assert 0 < execution.busiest_cell <= execution.cpu_seconds
        assert execution.sandbox["mode"] == "none"
        assert execution.flags == ()

    def test_puts_the_executed_notebook_and_the_evidence_into_its_folder(self, done):
        execution, executed, _, folder = done
        assert execution.folder == folder
        assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
            "evidence/evidence.bin",
            "executed.ipynb",
            "submitted.ipynb",
        ]
        nbformat.validate(executed)

    def test_keeps_no_output_that_was_handed_in(self, done):
        assert text(done[1].cells[0]) == ""

    def test_finds_the_files_beside_the_notebook(self, done):
        assert text(done[1].cells[3]) == "from the table\n"

    def test_goes_on_after_an_error(self, done):
        assert done[1].cells[4].outputs[0].ename == "NameError"
        assert done[1].cells[5].outputs

    def test_tells_which_cell_it_is_at(self, done):
        assert done[2] == [(0, 6), (1, 6), (3, 6), (4, 6), (5, 6)]

    def test_holds_the_values_of_the_answers(self, done):
        seen = evidence.load(done[3] / "evidence" / "evidence.bin")
        assert seen.value("number").number == 42
        assert seen.value("losses").numbers == (3.0, 2.0, 1.0)

    def test_stores_no_more_evidence_than_was_written(self, done):
        assert (done[3] / "evidence" / "evidence.bin").stat().st_size < 100_000


def test_the_notebook_is_kept_as_it_was_handed_in(plan, tmp_path, notebook_of):
    text = notebook_of().replace('"nbformat": 4', '"nbformat":  4')
    (tmp_path / "hw.ipynb").write_text(text)
    execution, *_ = run(tmp_path / "hw.ipynb", plan, tmp_path / "out")
    assert execution.submitted.read_text() == text


def test_a_cell_that_cannot_be_read_stops_no_other_and_is_told(plan, tmp_path, notebook_of):
    book = json.loads(notebook_of(more=["print(6 * 7)"]))
    book["cells"].insert(0, None)
    (tmp_path / "hw.ipynb").write_text(json.dumps(book))
    execution, executed, _ = run(tmp_path / "hw.ipynb", plan, tmp_path / "run")
    assert execution.ending is Ending.FINISHED, execution.detail
    assert text(executed.cells[-1]) == "42\n"
    assert [(flag.kind, flag.message) for flag in execution.flags] == [
        (FlagKind.UNREAD, "These cells could not be read: 1 (it is null, not a cell).")
    ]


def test_half_a_character_spoils_no_file(tmp_path):
    """A forged message may hold a lone surrogate, which no file can."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("")])
    book.cells[0].outputs = [nbformat.v4.new_output("stream", text="\ud83d half")]
    execution = Execution(student="ada", folder=tmp_path / "run", ending=Ending.FINISHED)
    execute._write(execution, book, b"")
    stored = json.loads(execution.notebook.read_text(encoding="utf-8"))
    assert stored["cells"][0]["outputs"][0]["text"] in ("? half", ["? half"])


def test_a_kernel_that_dies_leaves_what_it_had_seen(plan, tmp_path, notebook_of):
    source = tmp_path / "hw.ipynb"
    source.write_text(notebook_of(more=["import os; os._exit(3)", "late = 1"]))
    execution, executed, _ = run(source, plan, tmp_path / "run")
    assert execution.ending is Ending.KILLED
    assert executed.cells[4].outputs == []
    assert evidence.load(tmp_path / "run/evidence/evidence.bin").value("number").number == 42


@pytest.mark.parametrize("tags", [["skip-execution"], "skip-execution", ["raises-exception"], 7])
def test_no_tag_changes_what_runs(plan, tmp_path, notebook_of, tags):
    """JupyterLab runs cells with such tags, and their authors may know nothing of them."""
    book = nbformat.reads(notebook_of(more=["print('ran')"]), as_version=4)
    book.cells[3].metadata["tags"] = tags
    source = tmp_path / "hw.ipynb"
    source.write_text(json.dumps(book))
    execution, executed, _ = run(source, plan, tmp_path / "run")
    assert execution.ending is Ending.FINISHED, execution.detail
    assert text(executed.cells[3]) == "ran\n"


def forged(facts_size):
    """Evidence that begins as such and then lies about itself."""
    body = b"{" * facts_size
    return b"GRADEREV" + struct.pack("<IQI", facts_size, 0, zlib.crc32(body)) + body


def test_evidence_that_does_not_fit_is_told_to_a_person():
    seen, (flag,) = execute._seen(forged(5), Run(ending=Ending.FINISHED, detail="", cells=()))
    assert seen is evidence.NOTHING
    assert flag.message.startswith("The evidence was tampered with: An evidence record is not valid JSON")
    assert flag.kind is FlagKind.TAMPERED


def test_cells_that_left_no_evidence_are_told_to_a_person():
    cells = (CellRun(index=0), CellRun(index=1))
    _, (flag,) = execute._seen(b"", Run(ending=Ending.FINISHED, detail="", cells=cells))
    assert flag.message == "No evidence from 2 of 2 cells, though the notebook finished."
    assert execute._seen(b"", Run(ending=Ending.KILLED, detail="", cells=cells))[1] == ()


def test_what_is_no_notebook_is_refused_before_a_kernel_starts(plan, tmp_path):
    source = tmp_path / "hw.ipynb"
    source.write_text("[]")
    with pytest.raises(NotebookError, match="it is JSON but not a notebook"):
        run(source, plan, tmp_path / "run")
    assert not (tmp_path / "run").exists()


class TestFilesBesideTheNotebook:
    """The assignment's own files, and those of a student who hands in others under their names."""

    @pytest.mark.parametrize(
        ("handed_in", "left"),
        [
            ("flats.csv", []),
            ("Flats.CSV", []),
            ("flats.csv/inside.txt", []),
            ("tables", []),
            ("tables/other.csv", ["tables/other.csv"]),
            ("mine.csv", ["mine.csv"]),
            ("data/flats.csv", []),
            ("data", []),
        ],
    )
    def test_nothing_handed_in_replaces_ours(self, plan, notebook, tmp_path, handed_in, left):
        ours = (("flats.csv", tmp_path / "flats.csv"), ("tables/prices.csv", tmp_path / "prices.csv"))
        job = execute.Job(
            student="ada",
            source=notebook,
            support=((handed_in, tmp_path / "handed-in"),),
            folder=tmp_path,
            plan=replace(plan, files=ours, folder="data"),
            cell_deadline=1.0,
            notebook_deadline=1.0,
        )
        laid_out = execute._laid_out(job)
        assert laid_out[:2] == ours
        assert [name for name, _ in laid_out[2:]] == left


@pytest.mark.parametrize(
    ("source", "change", "imports"),
    [
        ("print(1)", {}, ()),
        ("import torch", {}, execute.TORCH),
        ("print(1)", {"packages": ("torch",)}, execute.TORCH),
        ("print(1)", {"probes": "import torch"}, execute.TORCH),
    ],
)
def test_torch_is_imported_for_those_who_use_it(plan, source, change, imports):
    chosen = replace(plan, **change)
    assert execute._imports(source, chosen) == imports
    prelude = execute._prelude(imports, chosen)
    assert prelude == (("dataroot", "fastdata", "compat", "probe") if imports else ("compat", "probe"))


def test_without_data_none_is_redirected(plan):
    assert execute._prelude(execute.TORCH, replace(plan, data=None)) == ("fastdata", "compat", "probe")
