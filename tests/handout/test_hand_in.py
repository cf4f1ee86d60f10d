"""The list of what to look through before handing in: each point, where it is done and where it is not."""

import json
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.assignment import load
from grader.handout import hand_in
from grader.handout.hand_in import State
from grader.model import Ending, Execution

NAMES = ("answered", "latex", "explanation", "collaborators", "run", "saved", "size")
ASKS = """
[hand_in]
collaborators = true
latex = ["3"]
explanation = ["2"]
"""


def code(source, question=None, count=None, printed="", error=False):
    outputs = [new_output("stream", text=printed)] if printed else []
    outputs += [new_output("error", ename="E", evalue="", traceback=[])] if error else []
    marks = {"grader": {"question": question}} if question else {}
    return new_code_cell(source, metadata=marks, execution_count=count, outputs=outputs)


def text(source, question=None):
    return new_markdown_cell(source, metadata={"grader": {"question": question}} if question else {})


NUMBER = code("number = 1", "1", 1)
LOSSES = code(
    "# Each loss is lower than the one before it, as it should.\nlosses = [3, 2]", "2", 2, "falling"
)
WORDS = text("Since $x^2 = 1$.", "3")
WHO = text("Collaborators: Ana and Bo")
GOOD = (NUMBER, LOSSES, WORDS, WHO)


@pytest.fixture
def look(assignment, tmp_path):
    """The list for these cells, which printed when they ran here what `ran` has."""
    with (assignment / "assignment.toml").open("a") as toml:
        toml.write(ASKS)
    chosen = load(assignment)

    def look(cells, ran=None, ending=Ending.FINISHED, chosen=chosen):
        path = tmp_path / "mine.ipynb"
        nbformat.write(new_notebook(cells=list(cells)), path)
        execution = Execution(student="me", folder=tmp_path / "run", ending=ending)
        if ran != ():
            execution.folder.mkdir(exist_ok=True)
            nbformat.write(new_notebook(cells=list(ran or cells)), execution.notebook)
        return {item.id: item for item in hand_in.items(path, execution, chosen)}

    look.assignment = chosen
    return look


def test_of_a_notebook_that_has_everything_is_all_done(look):
    found = look(GOOD)
    assert tuple(found) == NAMES
    assert {item.state for item in found.values()} == {State.DONE}
    assert not any(item.todo for item in found.values())
    assert found["collaborators"].text.endswith(": Collaborators: Ana and Bo")


BAD = {
    "no answer": (
        (NUMBER, code("# Your answer here", "2"), WORDS, WHO),
        "answered",
        State.MISSING,
        "Not answered: 2.",
    ),
    "not from the kit": (
        (code("number = 1", None, 1),),
        "answered",
        State.UNKNOWN,
        "No answer was found to: 2, 3.",
    ),
    "no latex": ((NUMBER, LOSSES, text("x is 1.", "3"), WHO), "latex", State.MISSING, "No LaTeX in: 3."),
    "no explanation": (
        (NUMBER, code("losses = [3, 2]  # losses", "2", 2), WORDS, WHO),
        "explanation",
        State.MISSING,
        "or more in: 2.",
    ),
    "no collaborators": (GOOD[:3], "collaborators", State.UNKNOWN, "No line about collaborators"),
    "not run": (
        (code("number = 1", "1"), LOSSES),
        "run",
        State.MISSING,
        "not all run once, from top to bottom",
    ),
    "run twice": (
        (code("number = 1", "1", 3), code("x = 1", None, 4)),
        "run",
        State.MISSING,
        "not all run once",
    ),
    "out of order": (
        (code("number = 1", "1", 2), code("x = 1", None, 1)),
        "run",
        State.MISSING,
        "not all run once",
    ),
    "an error": ((code("1 / 0", "1", 1, error=True),), "run", State.MISSING, "shows errors, in: [1]."),
    "an error without a number": (
        (code("1 / 0", "1", None, error=True),),
        "run",
        State.MISSING,
        "shows errors, in: [ ].",
    ),
}


@pytest.mark.parametrize(("cells", "name", "state", "says"), BAD.values(), ids=BAD)
def test_what_is_missing_is_named_with_what_to_do(look, cells, name, state, says):
    found = look(cells)[name]
    assert found.state is state
    assert says in found.text
    assert found.todo.endswith(".")


def test_a_check_in_the_notebook_may_run_again(look):
    cells = (code("%load_ext grader\n%check", None, 9), code("number = 1", "1", 2), code("x = 1", None, 3))
    assert look(cells)["run"].state is State.DONE


def test_outputs_that_a_run_has_and_the_file_has_not_were_not_saved(look):
    saved = (NUMBER, code(LOSSES.source, "2", 2), WORDS, WHO)
    found = look(saved, ran=GOOD)["saved"]
    assert (found.state, found.text) == (
        State.MISSING,
        "Cells that print something, but were saved without it: 2.",
    )


@pytest.mark.parametrize(("ran", "ending"), [((), Ending.BROKEN), (GOOD, Ending.TIMEOUT)])
def test_what_did_not_run_to_its_end_tells_nothing_of_saved_outputs(look, ran, ending):
    assert look(GOOD, ran=ran, ending=ending)["saved"].state is State.UNKNOWN


def test_a_file_that_is_too_large_for_course_systems_is_named(look, monkeypatch):
    monkeypatch.setattr(hand_in, "LARGEST", 100)
    assert look(GOOD)["size"].state is State.MISSING


def test_what_an_assignment_does_not_ask_for_is_not_listed(look):
    plain = replace(look.assignment, hand_in=type(look.assignment.hand_in)())
    assert not {"latex", "explanation", "collaborators"} & look(GOOD, chosen=plain).keys()


def test_an_item_is_plain_json(look):
    found = look(GOOD)["run"]
    assert json.loads(json.dumps([found.id, found.state, found.text, found.todo]))[1] == "done"
