import pytest
from nbformat import v4

from grader.reports import cells

from .conftest import code, displayed, notebook, picture, printed


def outputs_of(*outputs):
    (cell,) = cells.render(notebook(code("x", *outputs)))
    return [(output.form, output.content.striptags()) for output in cell.outputs]


def test_cells_are_counted_from_1(executed):
    assert [(cell.number, cell.form) for cell in cells.render(executed)][:2] == [(1, "markdown"), (2, "code")]


def test_consecutive_prints_are_one_output():
    assert outputs_of(printed("a\n"), printed("b\n"), printed("c", "stderr"), printed("d")) == [
        ("text", "a b"),
        ("stderr", "c"),
        ("text", "d"),
    ]


@pytest.mark.parametrize(
    ("data", "form", "text"),
    [
        pytest.param({"image_png": picture(9), "text_html": "<b>x</b>"}, "image", "", id="the picture first"),
        pytest.param({"text_html": "<b>x</b>", "text_plain": "y"}, "html", "x", id="then HTML"),
        pytest.param(
            {"text_html": "<script>1</script>", "text_plain": "Figure()"},
            "text",
            "Figure()",
            id="script only: its text",
        ),
        pytest.param(
            {"application_javascript": "1", "text_plain": "y"}, "text", "y", id="JavaScript: its text"
        ),
        pytest.param(
            {"image_png": "PHN2Zz4=", "text_plain": "y"},
            "note",
            "A picture that cannot be shown here; see executed.ipynb.",
            id="not really a picture",
        ),
        pytest.param({"text_html": ["<b>", "x"], "text_plain": "y"}, "text", "y", id="HTML that is a list"),
        pytest.param({}, "text", "[no text]", id="nothing"),
    ],
)
def test_the_richest_safe_form_is_shown(data, form, text):
    assert outputs_of(displayed(**data)) == [(form, text)]


def test_an_error_shows_its_traceback_or_at_least_its_name():
    error = v4.new_output(
        "error", ename="NameError", evalue="no x", traceback=["\x1b[31mline 1\x1b[0m", "end"]
    )
    bare = v4.new_output("error", ename="NameError", evalue="no x", traceback=[])
    assert outputs_of(error, bare) == [("error", "line 1 end"), ("error", "NameError: no x")]


def test_long_output_keeps_its_beginning_and_its_end():
    ((_, text),) = outputs_of(printed("first " + "x" * 1_000_000 + " last"))
    assert len(text) < cells.MOST_TEXT + 200
    assert text.startswith("first")
    assert text.endswith("last")
    assert "980,012 characters left out; see executed.ipynb" in text


def test_a_page_that_is_full_says_what_it_leaves_out(monkeypatch):
    monkeypatch.setattr(cells, "PAGE", 2_000)
    rendered = cells.render(
        notebook(code("a", printed("x" * 1_500), printed("y" * 1_500, "stderr")), code("b"))
    )
    assert [output.form for output in rendered[0].outputs] == ["text", "note"]
    assert "Left out to keep this page small" in rendered[1].source


@pytest.mark.parametrize(
    ("places", "numbers"),
    [
        pytest.param((1,), [2], id="one cell"),
        pytest.param((2, 1), [3, 2], id="in the answer's order"),
        pytest.param((0, 4), [], id="cells without a picture"),
        pytest.param((99, -1), [], id="cells that are not there"),
    ],
)
def test_figures_of_a_question(executed, places, numbers):
    assert [figure.cell for figure in cells.figures(executed, places)] == numbers


def test_there_are_no_figures_without_a_notebook():
    assert cells.figures(None, (0, 1)) == ()


def test_a_cell_that_shows_a_hundred_figures_shows_a_dozen():
    many = notebook(code("x", *[displayed(image_png=picture(9))] * 100))
    assert len(cells.figures(many, (0,))) == cells.MOST_FIGURES
