"""Changes of a notebook's code: found by meaning, made without touching the rest, refused if there is nothing."""

import ast

import nbformat
import pytest

from grader.errors import RubricError
from grader.validation.mutation import answer, blank, drop, insert, merge, mutated, swap, unmark, unprompt

LOOP = """\
total = 0
for x, y in data:  # every point
    if x > 0:
        total += f(x)
        print(f'{total:.2f}')
return_value = g(total,
                 1)
"""


def notebook(*sources, questions=None):
    names = questions or ["1"] * len(sources)
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(source, metadata={"grader": {"question": name}} if name else {})
            for source, name in zip(sources, names, strict=True)
        ]
    )


def sources(book):
    return [cell.source for cell in book.cells]


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        pytest.param("f(x)", "h(x)", 3, "        total += h(x)", id="an expression within a statement"),
        pytest.param("total", "sum_", 4, "        print(f'{sum_:.2f}')", id="a name within an f-string"),
        pytest.param("total", "sum_", 0, "sum_ = 0", id="a name that is assigned"),
        pytest.param("g( total,1 )", "1", 5, "return_value = 1", id="spacing and line breaks do not matter"),
        pytest.param("total = 0", "total = 5", 0, "total = 5", id="a statement"),
        pytest.param("total=0", "a = 1\nb = 2", 1, "b = 2", id="several for one"),
        pytest.param(
            "for x, y in data: ...", "for x, y in data[:3]: ...", 1, "for x, y in data[:3]:", id="a loop"
        ),
        pytest.param(
            "for x, y in data: ...", "if True:\n    ...\n    pass", 2, "    if x > 0:", id="its body kept"
        ),
        pytest.param("if x > 0: ...", "...", 2, "    total += f(x)", id="a body without its branch"),
    ],
)
def test_swapping(old, new, line, expected):
    (changed,) = sources(mutated(notebook(LOOP), [swap(old, new)]))
    assert changed.splitlines()[line] == expected


def test_what_is_not_swapped_keeps_its_comments_and_spacing():
    (changed,) = sources(mutated(notebook(LOOP), [swap("f(x)", "h(x)")]))
    assert changed == LOOP.replace("f(x)", "h(x)")


def test_a_body_whose_last_statement_is_dropped_still_compiles():
    (changed,) = sources(mutated(notebook("for x in y:\n    f(x)\n"), [drop("f(x)")]))
    assert ast.dump(ast.parse(changed)) == ast.dump(ast.parse("for x in y:\n    pass"))


def test_an_expression_is_dropped_as_a_statement_only():
    (changed,) = sources(mutated(notebook("f(x)\ny = f(x)\n"), [drop("f(x)")]))
    assert changed == "y = f(x)\n"


def test_a_change_may_be_bound_to_a_question():
    book = notebook("f(1)", "f(1)", questions=["1", "2"])
    assert sources(mutated(book, [swap("f(1)", "g(1)", within="2")])) == ["f(1)", "g(1)"]
    assert sources(mutated(book, [swap("f(1)", "g(1)")])) == ["g(1)", "g(1)"]


def test_changes_build_upon_each_other_and_leave_the_original_alone():
    book = notebook("f(1)")
    assert sources(mutated(book, [swap("f(1)", "g(2)"), swap("g(2)", "h(3)")])) == ["h(3)"]
    assert sources(book) == ["f(1)"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(swap("absent(1)", "2"), "there is no `absent(1)`.", id="no such code"),
        pytest.param(
            swap("f(1)", "2", within="2"), "there is no `f(1)` in the answer to 2.", id="no such code there"
        ),
        pytest.param(drop("f(1)", within="9"), "no cell answers question 9.", id="no such question"),
        pytest.param(answer("9", "x"), "no cell answers question 9.", id="no such answer"),
        pytest.param(swap("f(1)", "f(1)"), "a change leaves the notebook as it is.", id="the same code"),
        pytest.param(answer("1", "if"), "the changes leave code that does not compile: 'if'.", id="no code"),
    ],
)
def test_a_change_that_is_none_is_refused(change, message):
    with pytest.raises(RubricError) as refused:
        mutated(notebook("f(1)", "g(1)", questions=["1", "2"]), [change])
    assert str(refused.value) == message


def test_an_answer_takes_the_place_of_all_its_cells():
    book = notebook("old", "other", "old too", questions=["1", "2", "1"])
    changed = mutated(book, [answer("1", "\n    new = 1\n    if new: new = 2\n")])
    assert sources(changed) == ["new = 1\nif new: new = 2", "other"]


def test_a_cell_is_inserted_below_the_last_of_its_question():
    book = notebook("one", "two", "three", questions=["1", "1", "2"])
    changed = mutated(book, [insert("more", after="1")])
    assert sources(changed) == ["one", "two", "more", "three"]
    assert changed.cells[2].metadata == {}


def test_neighbouring_code_is_merged_into_the_last_question_of_it():
    book = notebook("one", "given", "two", questions=["1", "", "2"])
    book.cells.append(nbformat.v4.new_markdown_cell("words"))
    book.cells.append(nbformat.v4.new_code_cell("three"))
    merged = mutated(book, [merge])
    assert sources(merged) == ["one\n\n\ngiven\n\n\ntwo", "words", "three"]
    assert merged.cells[0].metadata["grader"]["question"] == "2"


def test_prompts_and_metadata_are_taken_away():
    book = notebook("one")
    book.cells.insert(0, nbformat.v4.new_markdown_cell("**1.** Do it", metadata={"grader": {"prompt": "1"}}))
    assert sources(mutated(book, [unmark])) == ["**1.** Do it", "one"]
    changed = mutated(book, [unprompt, unmark])
    assert sources(changed) == ["one"]
    assert changed.cells[0].metadata == {}


def test_the_blank_kit_has_no_solution(notebook_of):
    master = nbformat.reads(notebook_of(solved=True), as_version=4)
    assert "6 * 7" not in "".join(sources(mutated(master, [blank])))
