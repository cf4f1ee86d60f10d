"""The grader's own metadata, which a student may have replaced by anything."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.assignment import CellMarks, cells


def cell(**metadata):
    return new_code_cell("", metadata=metadata)


@pytest.mark.parametrize(
    ("made", "marks"),
    [
        pytest.param(cell(), CellMarks(), id="none"),
        pytest.param(
            cell(grader={"question": "1", "names": ["x", "y"]}),
            CellMarks(question="1", names=("x", "y")),
            id="answer",
        ),
        pytest.param(cell(grader={"prompt": "1"}), CellMarks(prompt="1"), id="prompt"),
        pytest.param(cell(grader="1"), CellMarks(), id="a text"),
        pytest.param(
            cell(grader={"question": 1, "prompt": ["1"], "names": "xy"}), CellMarks(), id="other types"
        ),
        pytest.param(
            cell(grader={"question": "1", "names": [1]}), CellMarks(question="1"), id="numbers as names"
        ),
    ],
)
def test_what_is_not_of_the_right_form_is_not_there(made, marks):
    assert CellMarks.of(made) == marks


def test_a_notebook_says_what_it_was_made_for():
    notebook = new_notebook()
    assert cells.made_for(notebook) is None
    cells.say_made_for(notebook, "hw1")
    assert cells.made_for(notebook) == "hw1"
    notebook.metadata["grader"] = ["hw1"]
    assert cells.made_for(notebook) is None
