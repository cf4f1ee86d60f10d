"""What is written beside code: what counts, what does not, and how it is told."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from grader.analysis import explanation

TOPICS = {"falling": ["fall*", "decreas*"], "a gap": ["gap"]}
GIVEN = (
    new_markdown_cell("**4.5** Train the network.\n\nPrint the losses."),
    new_code_cell("# your code\nx"),
)
LONG = "The loss decreases quickly at first, and then more and more slowly."


def read(*cells):
    return explanation.read(cells, set(explanation.lines(GIVEN)), TOPICS)


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([new_markdown_cell(LONG)], id="a cell of its own"),
        pytest.param([new_markdown_cell(f"{GIVEN[0].source}\n\n{LONG}")], id="below the prompt"),
        pytest.param([new_code_cell(f"# your code\n# {LONG}\nx = '# no comment'")], id="a comment"),
        pytest.param([new_code_cell(f"x = 1\n# {LONG}\nif (:")], id="above a syntax error"),
        pytest.param([new_code_cell(f"!pip install x\n# {LONG}")], id="below a magic"),
    ],
)
def test_it_is_found(cells):
    found = read(*cells)
    assert found.text == LONG
    assert str(found) == f"12 words; mentioned: falling.\n\n{LONG}"


@pytest.mark.parametrize(
    "cells",
    [
        [],
        GIVEN,
        [new_code_cell("loss = 'The loss decreases, which is no comment'")],
        [new_code_cell('''"""unfinished''')],
        [new_markdown_cell("---\n\n***")],
    ],
)
def test_nothing_is_none(cells):
    assert str(read(*cells)) == "None was found."


def test_a_heading_explains_nothing():
    assert str(read(new_markdown_cell("## Training"))).startswith("1 word, too short to explain anything.")


def test_a_flood_is_cut():
    assert len(str(read(new_markdown_cell("word " * 10_000)))) < explanation.SHOWN + 100


@pytest.mark.parametrize("flood", [new_markdown_cell("word\n" * 50_000), new_code_cell("# word\n" * 50_000)])
def test_of_a_flood_only_the_beginning_is_read(flood):
    assert 0 < len(read(flood, flood).text) <= explanation.LONGEST
