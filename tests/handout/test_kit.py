import io
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from grader.errors import RubricError
from grader.handout.kit import kit, strip_solutions, template

MASTER = Path(__file__).parents[2] / "reference" / "hw1.ipynb"
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
def master():
    return nbformat.read(MASTER, as_version=4)


@pytest.fixture(scope="module")
def blank():
    return template(MASTER)


def answers(notebook, question):
    return [cell for cell in notebook.cells if cell.metadata.get("grader", {}).get("question") == question]


def stripped(*cells):
    return strip_solutions(new_notebook(cells=list(cells))).cells


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


def test_no_line_of_a_solution_is_in_the_kit(master):
    lines = list(solution_lines(master))
    with zipfile.ZipFile(io.BytesIO(kit(MASTER, "hw1"))) as archive:
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


def test_the_zip_is_the_same_bytes_every_time_and_holds_two_plain_files():
    made = kit(MASTER, "hw1")
    assert made == kit(MASTER, "hw1")
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        assert archive.namelist() == ["hw1.ipynb", "README.txt"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "grader check hw1.ipynb" in archive.read("README.txt").decode()


def test_the_kit_is_named_after_the_assignment():
    with zipfile.ZipFile(io.BytesIO(kit(MASTER, "hw9"))) as archive:
        assert archive.namelist()[0] == "hw9.ipynb"
        assert "grader check hw9.ipynb" in archive.read("README.txt").decode()


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        pytest.param(
            new_code_cell("a = 1\n### BEGIN SOLUTION\nprint(a)\n### END SOLUTION\nb = 2"),
            "a = 1\n# Your answer here\nb = 2",
            id="code around a solution stays",
        ),
        pytest.param(
            new_code_cell(
                "def f():\n    '''Doc.'''\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
            ),
            "def f():\n    '''Doc.'''\n    # Your answer here",
            id="the hint is indented like the solution",
        ),
        pytest.param(
            new_code_cell(
                "### BEGIN SOLUTION\n1\n### END SOLUTION\nx\n### BEGIN SOLUTION\n2\n### END SOLUTION"
            ),
            "# Your answer here\nx\n# Your answer here",
            id="two solutions in one cell",
        ),
        pytest.param(
            new_markdown_cell("Text\n<!-- BEGIN SOLUTION -->\n$2x$\n<!-- END SOLUTION -->"),
            "Text\n*Your answer in LaTeX here.*",
            id="markdown",
        ),
        pytest.param(new_code_cell("x = 1\n"), "x = 1\n", id="no solution, not a byte changed"),
        pytest.param(new_raw_cell("raw"), "raw", id="raw cell"),
        pytest.param(
            new_markdown_cell("The solution begins with a guess."),
            "The solution begins with a guess.",
            id="prose about solutions is no marker",
        ),
    ],
)
def test_solutions_become_hints(cell, left):
    assert stripped(cell)[0].source == left


def test_outputs_counts_attachments_and_widgets_go():
    code = new_code_cell("1", execution_count=3, outputs=[new_output("stream", name="stdout", text="secret")])
    solved = new_markdown_cell("<!-- BEGIN SOLUTION -->\n![](attachment:s.png)\n<!-- END SOLUTION -->")
    solved["attachments"] = {"s.png": {"image/png": "c2VjcmV0"}}
    prompt = new_markdown_cell("![](attachment:p.png)")
    prompt["attachments"] = {"p.png": {"image/png": "cHJvbXB0"}}
    notebook = new_notebook(cells=[code, solved, prompt], metadata={"widgets": {"state": "secret"}})
    blank = strip_solutions(notebook)
    assert (blank.cells[0].outputs, blank.cells[0].execution_count) == ([], None)
    assert "attachments" not in blank.cells[1]
    assert blank.cells[2].attachments == prompt["attachments"]
    assert "widgets" not in blank.metadata


def test_the_master_itself_is_left_as_it_was():
    notebook = new_notebook(
        cells=[new_code_cell("### BEGIN SOLUTION\n1\n### END SOLUTION", execution_count=1)]
    )
    strip_solutions(notebook)
    assert notebook.cells[0].source == "### BEGIN SOLUTION\n1\n### END SOLUTION"
    assert notebook.cells[0].execution_count == 1


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        pytest.param(
            new_code_cell("### BEGIN SOLUTION\n1"),
            "the solution from line 1 never ends; put `### END SOLUTION` after it",
            id="never ends",
        ),
        pytest.param(
            new_code_cell("1\n### END SOLUTION"),
            "line 2: this solution never began; put `### BEGIN SOLUTION` before it",
            id="never began",
        ),
        pytest.param(
            new_code_cell("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION\n### END SOLUTION"),
            "line 2: a solution begins inside the one from line 1; put `### END SOLUTION` before it",
            id="nested",
        ),
        pytest.param(
            new_markdown_cell("<!-- BEGIN SOLUTION -->\n$2x$"),
            "never ends; put `<!-- END SOLUTION -->` after it",
            id="never ends in markdown",
        ),
        pytest.param(
            new_code_cell("# begin solution\nx = 1\n# end solution"),
            "line 1: `# begin solution` is no marker, but looks like one; write `### BEGIN SOLUTION`",
            id="misspelt",
        ),
        pytest.param(
            new_markdown_cell("### BEGIN SOLUTION\n$2x$\n### END SOLUTION"),
            "line 1: `### BEGIN SOLUTION` is no marker, but looks like one; write `<!-- BEGIN SOLUTION -->`",
            id="a code marker in markdown",
        ),
        pytest.param(
            new_code_cell("x = 1  ### BEGIN SOLUTION\n### END SOLUTION"),
            "looks like one; write `### BEGIN SOLUTION` or `### END SOLUTION` on a line of its own",
            id="not on a line of its own",
        ),
    ],
)
def test_markers_that_could_leak_a_solution_are_refused(cell, message):
    cell["id"] = "the-cell"
    with pytest.raises(RubricError) as refused:
        stripped(new_markdown_cell("first"), cell)
    assert "cell 2 (id 'the-cell')" in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(b'{"cells": [', id="cut off"),
        pytest.param(b"\xff\xfe", id="not utf-8"),
        pytest.param(b'{"nbformat": 4, "nbformat_minor": 5}', id="no cells"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"nbformat": 99, "cells": []}', id="a format of the future"),
    ],
)
def test_an_unreadable_master_is_a_rubric_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "hw1.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RubricError, match=r"hw1\.ipynb can not be read as a master notebook: ."):
        template(path)
