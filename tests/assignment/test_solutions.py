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
            new_markdown_cell("### BEGIN SOLUTION\n$2x$\n### END SOLUTION"),
            "*Your answer here.*",
            id="nbgrader's solution in markdown",
        ),
        pytest.param(
            new_code_cell("assert f\n### BEGIN HIDDEN TESTS\nassert f(2) == 4\n### END HIDDEN TESTS"),
            "assert f",
            id="nbgrader's hidden tests",
        ),
        pytest.param(
            new_markdown_cell("Why?\n=== BEGIN MARK SCHEME ===\n1 for ants\n=== END MARK SCHEME ==="),
            "Why?",
            id="nbgrader's mark scheme",
        ),
        pytest.param(
            new_code_cell(
                "pi = 3.14 # SOLUTION\nif pi == 3:\n    go(pi, 2)  # SOLUTION\n    x = 1 # SOLUTION NO PROMPT"
            ),
            "pi = ...\nif pi == 3:\n    ...",
            id="otter's solutions of a line",
        ),
        pytest.param(
            new_code_cell(
                '# BEGIN SOLUTION NO PROMPT\n3\n# END SOLUTION\n""" # BEGIN PROMPT\npi = ...\n"""; # END PROMPT'
            ),
            "pi = ...",
            id="otter's prompt",
        ),
        pytest.param(new_code_cell("# HIDDEN\nassert f(2) == 4"), "", id="otter's hidden test"),
        pytest.param(
            new_code_cell("### BEGIN SOLUTION\n# Solution\n# END OF EPOCH\n1\n### END SOLUTION"),
            "# Your answer here",
            id="a comment in a solution",
        ),
        pytest.param(
            new_markdown_cell("This test is about an end-to-end test, and the end of the prompt."),
            "This test is about an end-to-end test, and the end of the prompt.",
            id="prose about tests is no marker",
        ),
        pytest.param(
            new_markdown_cell("## SOLUTION\n# Solution"),
            "## SOLUTION\n# Solution",
            id="a heading is no marker",
        ),
        pytest.param(
            new_markdown_cell("The solution begins with a guess."),
            "The solution begins with a guess.",
            id="prose about solutions is no marker",
        ),
    ],
)
def test_solutions_become_hints(cell, left):
    assert stripped(cell)[0].source == left


def test_what_stands_in_a_block_of_otters_goes():
    cells = stripped(
        new_raw_cell("# BEGIN QUESTION\nname: q1\npoints: 2"),
        new_markdown_cell("**1.** How many?"),
        new_raw_cell("# BEGIN SOLUTION"),
        new_code_cell("legs = 6"),
        new_raw_cell("# END SOLUTION"),
        new_raw_cell("# BEGIN TESTS"),
        new_code_cell("legs == 6"),
        new_raw_cell("# END TESTS"),
        new_raw_cell("# END QUESTION"),
        new_code_cell("legs"),
    )
    assert [cell.source for cell in cells] == [
        "", "**1.** How many?", "", "# Your answer here", "", "", "", "", "", "legs",
    ]  # fmt: skip


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
            new_code_cell("### BEGIN HIDDEN TESTS\nassert f(2) == 4"),
            "the region of hidden tests from line 1 never ends; put `### END HIDDEN TESTS` after it",
            id="hidden tests never end",
        ),
        pytest.param(
            new_code_cell("### BEGIN SOLUTION\n1\n### END HIDDEN TESTS"),
            "line 3: this region of hidden tests never began; put `### BEGIN HIDDEN TESTS` before it",
            id="ends as something else",
        ),
        pytest.param(
            new_code_cell(
                "### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS\n### END SOLUTION"
            ),
            "line 2: a region of hidden tests begins inside the one from line 1; put `### END SOLUTION` before it",
            id="one in the other",
        ),
        pytest.param(
            new_code_cell("x = 1  # Solution"),
            "line 1: `x = 1  # Solution` looks like",
            id="misspelt at the end",
        ),
        pytest.param(
            new_code_cell("# Begin tests\nf(2)"),
            "line 1: `# Begin tests` looks like",
            id="tests in a code cell",
        ),
        pytest.param(
            new_markdown_cell("```otter\n# BEGIN TESTS\n```"), "line 1: ````otter` looks like", id="fenced"
        ),
        pytest.param(
            new_raw_cell("# BEGIN TESTS"),
            "this block never ends; put `# END TESTS` after it",
            id="block never ends",
        ),
        pytest.param(
            new_raw_cell("# END SOLUTION"),
            "this block never began; put `# BEGIN SOLUTION` before",
            id="block never began",
        ),
        pytest.param(
            new_markdown_cell("**SOLUTION:** $2x$"),
            "line 1: `**SOLUTION:** $2x$` looks like",
            id="a bold word",
        ),
        pytest.param(
            new_code_cell("x = 1", metadata={"nbgrader": {"solution": True}}),
            "nbgrader would hand out none of this cell",
            id="a solution by nbgrader's metadata",
        ),
        *(
            pytest.param(new_code_cell(source), "looks like a solution marker but is not one", id=source)
            for source in (
                "### BEGIN SOLUTON\n1\n### END SOLUTON",
                "### START SOLUTION\n1\n### STOP SOLUTION",
                "# SOLUTION BEGIN\n1\n# SOLUTION END",
                "### BEGIN S\u041eLUTION\n1",
                "# BEGIN YOUR SOLUTION\n1",
                "# BEGIN HIDEN TESTS\n1",
                "# HIDDEN TESTS:\n1",
                "# Hidden test 1\n1",
                "### HASHED AUTOTEST f(1)",
                "x = 1  # Solution: sum it",
                "x = 1  # SOLUTION - two points",
                "x = 1  # SOLUTIONS",
                "# SOLUTION\n1",
                "## SOLUTION\n1",
                "    ### SOLUTION\n    1",
                "# # SOLUTION NO PROMPT\n1",
            )
        ),
        *(
            pytest.param(new_markdown_cell(source), "looks like a solution marker but is not one", id=source)
            for source in ("__Solution:__ 1", "*Solution:* 1", "> **SOLUTION:** 1")
        ),
        pytest.param(
            new_code_cell("x = 1", metadata={"nbgrader": {"solution": 1}}),
            "nbgrader would hand out none of this cell",
            id="a solution by odd metadata of nbgrader's",
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


@pytest.mark.parametrize(
    "source",
    [
        "# start of the loop", "# the end of each epoch", "# Begin with zeros.", "# END", "BEGIN SOLUTON = 1",
        "# the solution of the system", "# hidden layers",
    ],
)  # fmt: skip
@pytest.mark.parametrize("metadata", [{}, {"nbgrader": None}, {"nbgrader": "x"}])
def test_an_ordinary_comment_is_no_marker(source, metadata):
    cell = new_code_cell(source, metadata=metadata)
    (left,) = stripped(cell)
    assert left.source == source
