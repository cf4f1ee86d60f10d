import io
import re
import zipfile

import nbformat
import pytest

from grader.assignment import load, locate
from grader.assignment.cells import kit_of, made_for
from grader.datasets import fashion_mnist
from grader.errors import RubricError
from grader.execution import reference
from grader.handout import blank as blanks
from grader.handout import wheel
from grader.handout.kit import kit, readme
from grader.model import Profile
from grader.places import CHECKOUT
from grader.results.store import Store

QUESTIONS = ["0", "1a", "1b", "2a", "2b", "2c", "3", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6"]
NAMES = {
    "3": ["W1", "b1", "w2", "b2"],
    "4.1": ["a", "b"],
    "4.2": ["trainingdata", "testdata"],
    "4.3": ["image", "label"],
    "4.4": ["trainDataLoader", "testDataLoader", "images", "labels"],
    "4.5": ["train_loss_history", "test_loss_history"],
    "4.6": ["evaluate"],
}


@pytest.fixture(scope="module")
def hw1():
    return load(locate("hw1"))


@pytest.fixture(scope="module")
def master(hw1):
    return nbformat.read(hw1.master, as_version=4)


@pytest.fixture(scope="module")
def blank(hw1):
    return blanks.notebook(hw1)


def answers(notebook, question):
    return [cell for cell in notebook.cells if cell.metadata.get("grader", {}).get("question") == question]


def solution_lines(notebook):
    inside = False
    for cell in notebook.cells:
        for line in cell.source.splitlines():
            if "BEGIN SOLUTION" in line:
                inside = True
            elif "END SOLUTION" in line:
                inside = False
            elif inside and len(line.strip()) > 1:  # a lone bracket gives nothing away
                yield line.strip()


def test_the_master_is_valid_and_its_cells_have_ids(master):
    nbformat.validate(master)
    assert (master.nbformat, master.nbformat_minor) == (4, 5)
    assert len({cell.id for cell in master.cells}) == len(master.cells)


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_one_prompt_with_a_visible_marker_and_answers_below_it(master, question):
    graded = [cell.metadata.get("grader", {}) for cell in master.cells]
    prompts = [index for index, facts in enumerate(graded) if facts.get("prompt") == question]
    places = [index for index, facts in enumerate(graded) if facts.get("question") == question]
    assert len(prompts) == 1
    assert places
    assert min(places) > prompts[0]
    shown = f"**{question}**" if "." in question else f"**{question}.**"
    assert master.cells[prompts[0]].source.startswith(shown)


def test_the_master_asks_no_other_question(master):
    assert [
        cell.metadata.grader.prompt for cell in master.cells if "prompt" in cell.metadata.get("grader", {})
    ] == QUESTIONS


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_answer_cell_lists_the_names_that_it_must_define(master, question):
    assert [name for cell in answers(master, question) for name in cell.metadata.grader.names] == NAMES.get(
        question,
        [],
    )


def test_only_evaluate_is_probed(master):
    probed = {
        cell.id: cell.metadata.grader.probes
        for cell in master.cells
        if "probes" in cell.metadata.get("grader", {})
    }
    assert probed == {"q46-answer": ["evaluate"]}


GIVEN = {
    "autograd": ("4.1", "z.backward()"),
    "loaders": ("4.3", "next(iter(trainDataLoader))"),
    "plot": ("4.5", "plt.plot(epochs, train_loss_history"),
    "prediction": ("4.5", "fit = Loss(predicted_output, labels)"),
}
"""Cells that ask for nothing, by id: the question whose answer they follow, and what they do."""


@pytest.mark.parametrize("name", GIVEN)
def test_the_kit_has_the_cells_that_ask_for_nothing(master, blank, name):
    question, does = GIVEN[name]
    ids = [cell.id for cell in blank.cells]
    cell = blank.cells[ids.index(name)]
    assert cell.cell_type == "code"
    assert does in cell.source
    assert cell.source == master.cells[ids.index(name)].source
    assert "grader" not in cell.metadata
    answered = [each.metadata.get("grader", {}).get("question") for each in blank.cells[: ids.index(name)]]
    assert [one for one in answered if one][-1] == question


def test_no_line_of_a_solution_is_in_the_blank_notebook(hw1, master, blank):
    given = {
        line.strip()
        for cell in master.cells
        if "SOLUTION" not in cell.source
        for line in cell.source.splitlines()
    }
    lines = [line for line in solution_lines(master) if line not in given]
    handed_out = {line.strip() for cell in blank.cells for line in cell.source.splitlines()}
    handed_out |= {line.strip() for line in readme(hw1, "1").splitlines()}
    assert len(lines) > 50
    assert [line for line in lines if line in handed_out] == []
    assert not any("SOLUTION" in line for line in handed_out)


def test_the_blank_kit_compiles_so_that_it_runs(blank):
    for cell in blank.cells:
        if cell.cell_type == "code":
            compile(cell.source, cell.id, "exec")


def test_the_blank_kit_keeps_ids_metadata_and_prompts(master, blank):
    assert [cell.id for cell in blank.cells] == [cell.id for cell in master.cells]
    assert [cell.metadata for cell in blank.cells] == [cell.metadata for cell in master.cells]
    for before, after in zip(master.cells, blank.cells, strict=True):
        if "SOLUTION" not in before.source:
            assert after.source == before.source


def made(graded):
    """The kit of the tiny assignment."""
    with Store.existing(graded.results) as store:
        runs = reference.stored(store)
    return kit(load(graded.assignment), runs, fashion_mnist.subset(graded.cache), profile=Profile.QUICK)


def opened(content):
    """The files of a kit."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_is_the_same_bytes_every_time(graded):
    content = made(graded)
    assert content == made(graded)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["tiny.ipynb", "README.txt", "tiny.pack", wheel.name()]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_kit_keeps_no_word_of_who_made_it():
    """Colab notes there who ran a cell, and when."""
    own = load(locate("hw1"))
    ran = {"executionInfo": {"user": {"displayName": "Ada L.", "userId": "4711"}}, "tags": ["answer"]}
    own.solved.cells[0].metadata.update(ran)
    own.solved.metadata["colab"] = {"authorship_tag": "Ada"}
    made = blanks.notebook(own)
    assert "Ada" not in nbformat.writes(made)
    assert made.cells[0].metadata["tags"] == ["answer"]


def test_the_readme_says_what_the_assignment_says(hw1):
    said = readme(hw1, "3f1c")
    assert said.startswith("Homework 1: gradients, perceptrons, a first classifier\n=====")
    assert "    1. Open hw1.ipynb in Jupyter, in VS Code or in Colab. It needs Python with torch," in said
    assert "version 3f1c of the kit" in said
    assert max(map(len, said.splitlines())) <= 100


def test_the_readme_installs_the_wheel_that_lies_beside_it(hw1):
    said = readme(hw1, "3f1c")
    assert f"checks/bin/pip install ./{wheel.name()}" in said
    assert "checks/bin/grader check hw1.ipynb" in said
    assert "checks/bin/grader pdf hw1.ipynb prints" in said
    assert "pip install grader" not in said


TEXTS = {".py", ".md", ".txt", ".toml", ".html", ".js", ".yml", ".yaml", ".ipynb", "", ".sh"}
INSTALLS_BY_NAME = re.compile(
    r"(?:pip\d?|uv) (?:install|add)\s+(?:-\S+\s+)*['\"]?grader(?!-\d)\b", re.IGNORECASE
)


@pytest.mark.parametrize(
    "place", ["grader", "rubrics", "reference", ".ci", "README.md", "CONTRIBUTING.md", "Makefile"]
)
def test_no_text_of_ours_installs_what_has_this_name_on_the_public_index(place):
    root = CHECKOUT / place
    files = [path for path in [root, *root.rglob("*")] if path.is_file() and path.suffix in TEXTS]
    assert files
    found = [
        path for path in files if INSTALLS_BY_NAME.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["pip install grader", "%pip install -q grader", "pip3 install --user 'grader[web]'"]
)
def test_the_line_that_is_looked_for_is_recognised(text):
    assert INSTALLS_BY_NAME.search(text)
    assert not INSTALLS_BY_NAME.search("pip install ./grader-0.1.0-py3-none-any.whl")


def test_the_notebook_says_which_assignment_and_which_kit_it_is_from(graded):
    files = opened(made(graded))
    notebook = nbformat.reads(files["tiny.ipynb"].decode(), as_version=4)
    assert made_for(notebook) == "tiny"
    assert f"version {kit_of(notebook)} of the kit" in files["README.txt"].decode()


def test_a_kit_has_the_names_files_and_texts_of_its_assignment(graded):
    folder = graded.assignment
    (folder / "flats.csv").write_text("area\n50\n")
    (folder / "secret.csv").write_text("area\n60\n")
    toml = (folder / "assignment.toml").read_text()
    toml = toml.replace('name = "fashion-mnist"', 'files = ["flats.csv"]\nhidden = ["secret.csv"]')
    texts = '[kit]\nnotebook = "flats.ipynb"\nintro = "Flats in Ulm."\n'
    (folder / "assignment.toml").write_text(toml + texts)
    files = opened(made(graded))
    assert set(files) == {"flats.ipynb", "README.txt", "flats.csv", "tiny.pack", wheel.name()}
    assert files["flats.csv"] == b"area\n50\n"
    said = files["README.txt"].decode()
    for text in ("A tiny assignment", "Flats in Ulm.", "Open flats.ipynb", "read by the notebook"):
        assert text in said


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("handed.csv", "Because it is so.\n", "a line of the solution"),
        ("handed.csv", "def test_there_are_three(student):", "a line of a hidden check"),
        ("start.txt", "### BEGIN HIDDEN TESTS\n1", ", line 1, marks what students must not see"),
    ],
)
def test_a_kit_that_would_hand_out_what_is_hidden_is_refused(graded, name, content, kind):
    (graded.assignment / name).write_text(content)
    toml = (graded.assignment / "assignment.toml").read_text()
    (graded.assignment / "assignment.toml").write_text(
        toml.replace('name = "fashion-mnist"', f'name = "fashion-mnist"\nfiles = ["{name}"]')
    )
    with pytest.raises(RubricError, match=rf"not written, because .*{re.escape(name)}( holds )?{kind}"):
        made(graded)
