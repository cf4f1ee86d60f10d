"""Solutions become hints, and a marker that could leak one is refused."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from grader.assignment import strip_solutions
from grader.errors import RubricError


def stripped(*cells):
    return strip_solutions(new_notebook(cells=list(cells))).cells


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
            "Text\n*Your answer here.*",
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


def test_an_assignment_may_have_hints_of_its_own():
    notebook = new_notebook(cells=[new_markdown_cell("<!-- BEGIN SOLUTION -->\n1\n<!-- END SOLUTION -->")])
    hints = {"code": "", "markdown": "*In LaTeX.*", "raw": ""}
    assert strip_solutions(notebook, hints).cells[0].source == "*In LaTeX.*"


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
            "line 1: `# begin solution` looks like a solution marker but is not one; write `### BEGIN SOLUTION`",
            id="misspelt",
        ),
        pytest.param(
            new_markdown_cell("### BEGIN SOLUTION\n$2x$\n### END SOLUTION"),
            "line 1: `### BEGIN SOLUTION` looks like a solution marker but is not one; write `<!-- BEGIN",
            id="a code marker in markdown",
        ),
        pytest.param(
            new_code_cell("x = 1  ### BEGIN SOLUTION\n### END SOLUTION"),
            "but is not one; write `### BEGIN SOLUTION` or `### END SOLUTION` on a line of its own",
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
