"""`%check` in a real kernel, of a notebook that holds the cell that checks it."""

import io
import zipfile

import nbformat
from nbclient import NotebookClient

from grader import assignment as assignments
from grader.datasets import fashion_mnist
from grader.execution import reference
from grader.handout import kit as kits
from grader.model import Profile
from grader.results.store import Store

ANSWERS = ("number = 42", "losses = [1, 2]")


def test_a_notebook_checks_itself(graded_once, tmp_path):
    with Store.existing(graded_once.results) as store:
        runs = reference.stored(store)
    assignment = assignments.load(graded_once.assignment)
    kit = kits.kit(assignment, runs, fashion_mnist.subset(graded_once.cache), profile=Profile.QUICK)
    zipfile.ZipFile(io.BytesIO(kit)).extractall(tmp_path)
    notebook = nbformat.read(tmp_path / "tiny.ipynb", as_version=4)
    for cell, answer in zip(notebook.cells, ANSWERS, strict=False):
        cell.source = answer
    notebook.metadata.grader.kit = "old"
    notebook.cells.append(nbformat.v4.new_code_cell("%load_ext grader\n%check"))
    nbformat.write(notebook, tmp_path / "tiny.ipynb")
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    (output,) = notebook.cells[-1].outputs
    said, title, cause, where, found, *rows, hint = output.data["text/plain"].splitlines()
    assert (title, cause) == ("Look at this first:", "1. Not every loss is below the one before.")
    assert (where, found) == ("   Question 2, cell 2", "   Found: (1.0, 2.0)")
    rows, (sample, other_kit, *hand_in) = rows[:3], rows[3:]
    assert said.startswith("tiny.ipynb, as saved on ")
    assert [row.split()[1:3] for row in rows] == [["passed", "1"], ["partial", "2"], ["review", "3"]]
    assert sample.startswith("These checks use a small sample of the data")
    assert other_kit.startswith("Your notebook is from version old of the kit")
    assert [line for line in hand_in if "not all run once, from top to bottom" in line]
    assert hint.endswith("`%check 2`")
    assert output.data["text/html"].count("<tr>") == 3
