import io
import math
from base64 import b64decode

import pytest
from PIL import Image

from grader.model import Exhibit
from grader.reports import drawing

from .conftest import CURVES, IMAGES


def exhibit(kind, **data):
    return Exhibit(question="4.5", kind=kind, title="Losses", data=data)


def line(**data):
    return {"label": "train", "who": "student", "y": [3.0, 2.0, 1.0], **data}


def test_curves_fill_the_frame():
    plot = drawing.curves({"series": [line()]})
    right, bottom = drawing.WIDTH - drawing.RIGHT, drawing.HEIGHT - drawing.BOTTOM
    middle = (drawing.LEFT + right) / 2, (drawing.TOP + bottom) / 2
    expected = [(drawing.LEFT, drawing.TOP), middle, (right, bottom)]
    assert plot.lines[0].paths == (" ".join(f"{float(x)},{float(y)}" for x, y in expected),)


def test_curves_of_student_and_reference_are_distinguished_and_described():
    plot = drawing.draw(CURVES).curves
    assert [(one.name, one.dashed, bool(one.band)) for one in plot.lines] == [
        ("yours, train", False, False),
        ("yours, test", True, False),
        ("reference, train", False, True),
        ("reference, test", True, False),
    ]
    assert plot.description.startswith(
        "cross-entropy by epoch. yours, train: from 1.01 to 0.468 over 20 values."
    )


@pytest.mark.parametrize("gap", [None, math.nan, math.inf, 1e200])
def test_a_value_that_is_not_finite_leaves_a_gap(gap):
    (curve,) = drawing.curves({"series": [line(y=[1, 2, gap, 3, 4])]}).lines
    assert [len(path.split()) for path in curve.paths] == [2, 2]


def test_a_long_curve_is_thinned_out():
    (curve,) = drawing.curves({"series": [line(y=list(range(18_760)))]}).lines
    assert len(curve.paths[0].split()) <= drawing.MOST_POINTS


@pytest.mark.parametrize(
    ("y", "labels"),
    [
        pytest.param([0.447, 0.967], ["0.5", "0.6", "0.7", "0.8", "0.9"], id="losses"),
        pytest.param([0, 10], ["0", "2", "4", "6", "8", "10"], id="whole"),
        pytest.param([0.3, 0.3], ["0.3"], id="all the same"),
        pytest.param([0, 3e-323], ["0"], id="too small to draw"),
        pytest.param([1, math.nextafter(1, 2)], ["1"], id="as close as numbers are"),
        pytest.param([-1e-7, 1e-7], ["-1e-07", "-5e-08", "0", "5e-08", "1e-07"], id="tiny"),
    ],
)
def test_ticks_are_round_numbers(y, labels):
    assert [label for _, label in drawing.curves({"series": [line(y=y)]}).y_ticks] == labels


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        pytest.param(exhibit("curves", series=[line(y=[])]), "no value is a finite number", id="no value"),
        pytest.param(exhibit("curves", series=[]), "no value is a finite number", id="no series"),
        pytest.param(exhibit("curves"), "'series'", id="no key"),
        pytest.param(exhibit("curves", series=[line(y=["x"])]), "could not convert", id="text for a number"),
        pytest.param(exhibit("curves", series=[line(y=3)]), "not iterable", id="number for a list"),
        pytest.param(exhibit("curves", series=["x"]), "could not be drawn", id="text for a series"),
        pytest.param(
            exhibit("images", series=[{"who": "student", "images": [[[1, 2], [3]]]}]),
            "equal length",
            id="ragged",
        ),
        pytest.param(
            exhibit("images", series=[{"who": "student", "images": [[[256]]]}]),
            "range(0, 256)",
            id="not grey",
        ),
        pytest.param(
            exhibit("images", series=[{"who": "student", "images": [[]]}]), "equal length", id="empty"
        ),
        pytest.param(exhibit("table", columns=["a"], rows=[]), "as long as its head", id="no row"),
        pytest.param(exhibit("table", columns=["a"], rows=[[1, 2]]), "as long as its head", id="a long row"),
        pytest.param(exhibit("table", columns=["a"], rows=3), "not iterable", id="a number for rows"),
        pytest.param(exhibit("table", columns=["a"], rows=[[{}]]), "'text'", id="a cell without text"),
        pytest.param(
            exhibit("table", columns=["a"], rows=[[{"text": 1, "shade": math.nan}]]), "NaN", id="no shade"
        ),
        pytest.param(exhibit("table", columns=["a"], rows=[["x"]] * 31), "at most 30 rows", id="many rows"),
        pytest.param(
            exhibit("table", columns=["a"] * 32, rows=[["x"] * 32]), "at most 30", id="many columns"
        ),
        pytest.param(exhibit("hologram"), "cannot draw exhibits of the kind “hologram”", id="unknown kind"),
    ],
)
def test_an_exhibit_that_cannot_be_drawn_says_so(broken, problem):
    assert problem in drawing.draw(broken).problem


def test_a_picture_keeps_its_pixels():
    rows = IMAGES.data["series"][1]["images"][0]
    uri = drawing.grey_png(rows)
    image = Image.open(io.BytesIO(b64decode(uri.removeprefix("data:image/png;base64,"))))
    assert (image.mode, image.size) == ("L", (28, 28))
    assert image.tobytes() == b"".join(map(bytes, rows))


def cell(value):
    return drawing.draw(exhibit("table", columns=["a"], rows=[[value]])).table.rows[0][0]


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        pytest.param("x", ("x", "", ""), id="text"),
        pytest.param(7, ("7", "", "number"), id="number"),
        pytest.param({"text": 7, "beside": "+1"}, ("7", "+1", "number"), id="with another"),
        pytest.param({"text": "", "shade": 0.01, "marked": True}, ("", "", "shade-1 marked"), id="framed"),
        pytest.param({"text": "", "shade": 1}, ("", "", "shade-5"), id="the strongest shade"),
        pytest.param({"text": "", "shade": 1e300}, ("", "", "shade-5"), id="too strong a shade"),
        pytest.param({"text": "", "shade": -1, "marked": 0}, ("", "", ""), id="no shade, no frame"),
        pytest.param({"text": "x" * 9999}, ("x" * drawing.MOST_IN_CELL, "", ""), id="cut"),
        pytest.param(None, ("None", "", ""), id="nothing"),
    ],
)
def test_a_cell_of_a_table(value, drawn):
    seen = cell(value)
    assert (seen.text, seen.beside, seen.style) == drawn


def test_a_text_is_cut():
    assert len(drawing.draw(exhibit("text", text="x" * 10**6)).text) == drawing.MOST_TEXT


@pytest.mark.parametrize(
    ("scores", "maximum", "counts"),
    [
        pytest.param([0, 0.99, 1, 9.99, 10], 10, {"0 to 1": 2, "1 to 2": 1, "9 to 10": 2}, id="edges"),
        pytest.param([3.5], 3.5, {"3 to 3.5": 1}, id="round widths"),
        pytest.param([12, -1], 10, {"0 to 1": 1, "9 to 10": 1}, id="bonus and penalty"),
        pytest.param([0], 0, {"0 to 1": 1}, id="an assignment without points"),
    ],
)
def test_histogram_counts_everybody_once(scores, maximum, counts):
    bars = drawing.histogram([(score, False) for score in scores], maximum=maximum)
    assert {bar.label: bar.count for bar in bars if bar.count} == counts


def test_histogram_stacks_provisional_grades():
    bars = drawing.histogram([(1, False), (1, True), (5, True)], maximum=10)
    assert [(bar.height, bar.stacked) for bar in bars if bar.count] == [(0.5, 0.5), (0, 0.5)]
