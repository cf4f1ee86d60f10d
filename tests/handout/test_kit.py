import io
import zipfile

import nbformat
import pytest

from grader.assignment import load, locate
from grader.assignment.cells import made_for
from grader.handout.kit import blank as blank_of
from grader.handout.kit import kit

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
    return blank_of(hw1)


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


def test_no_line_of_a_solution_is_in_the_kit(hw1, master):
    given = {
        line.strip()
        for cell in master.cells
        if "SOLUTION" not in cell.source
        for line in cell.source.splitlines()
    }
    lines = [line for line in solution_lines(master) if line not in given]
    with zipfile.ZipFile(io.BytesIO(kit(hw1))) as archive:
        notebook = nbformat.reads(archive.read("hw1.ipynb").decode(), as_version=4)
        readme = archive.read("README.txt").decode()
    handed_out = {line.strip() for cell in notebook.cells for line in cell.source.splitlines()}
    handed_out |= {line.strip() for line in readme.splitlines()}
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


def opened(assignment):
    """The files of an assignment's kit."""
    with zipfile.ZipFile(io.BytesIO(kit(assignment))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_the_zip_is_the_same_bytes_every_time_and_holds_two_plain_files(hw1):
    made = kit(hw1)
    assert made == kit(load(locate("hw1")))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["hw1.ipynb", "README.txt"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_readme_says_what_the_assignment_says(hw1):
    readme = opened(hw1)["README.txt"]
    assert readme.startswith("Homework 1: gradients, perceptrons, a first classifier\n=====")
    assert "    1. Open hw1.ipynb in Jupyter, in VS Code or in Colab. It needs Python with torch," in readme
    assert max(map(len, readme.splitlines())) <= 100


def test_the_notebook_says_which_assignment_it_is_for(blank):
    assert made_for(blank) == "hw1"


def test_a_kit_has_the_names_files_and_texts_of_its_assignment(assignment):
    (assignment / "flats.csv").write_text("area\n50\n")
    (assignment / "secret.csv").write_text("area\n60\n")
    with (assignment / "assignment.toml").open("a") as toml:
        toml.write('[kit]\nnotebook = "flats.ipynb"\nintro = "Flats in Ulm."\n')
    text = (assignment / "assignment.toml").read_text()
    data = 'files = ["flats.csv"]\nhidden = ["secret.csv"]'
    (assignment / "assignment.toml").write_text(text.replace('name = "fashion-mnist"', data))
    files = opened(load(assignment))
    assert set(files) == {"flats.ipynb", "README.txt", "flats.csv"}
    assert files["flats.csv"] == "area\n50\n"
    for said in (
        "A tiny assignment",
        "Flats in Ulm.",
        "Open flats.ipynb",
        "flats.csv     read by the notebook",
    ):
        assert said in files["README.txt"]
    assert "grader" not in files["README.txt"]  # students have no rubric to check themselves with
    assert "6 * 7" not in files["flats.ipynb"]
