"""Hostile notebooks beside honest ones: the class ends, the others keep their grades, and nothing is done twice."""

import re
import shutil
from pathlib import Path

import pytest

from grader import run
from grader.kernel.cold import ColdLauncher

ATTACKS = Path(__file__).parent / "attacks"
SVG = re.search(r"base64,([^\"]+)", (ATTACKS / "svgbomb.html").read_text())[1]
DISPLAYED = f"""\
import base64, struct
from IPython.display import display
header = b"\\x89PNG\\r\\n\\x1a\\n" + struct.pack(">I4sII", 13, b"IHDR", 20_000, 20_000) + bytes(50)
display({{"image/png": base64.b64encode(header).decode(), "text/plain": "a picture"}}, raw=True)
display({{"image/svg+xml": base64.b64decode("{SVG}").decode(), "text/plain": "a drawing"}}, raw=True)
raise ValueError("\\x1b[2J\\x1b]0;owned\\x07")
"""
NUMBERS = "print('1' + ',000' * 100000 + '1')"
READS_NUMBERS = """\
    from grader.analysis import numbers
    printed = student.text_with("print")
    assert not numbers.mentions(printed, 7)
    assert not numbers.lists(printed, [1.0, 2.0, 3.0])
    words = student"""


class Forbidden(ColdLauncher):
    def kernel(self, _request):
        raise AssertionError("a kernel was asked for")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory, new_class, notebook_of):
    grading = new_class(tmp_path_factory.mktemp("hostile"))
    grading.rubric("    words = student", READS_NUMBERS)
    for student in ("ann", "zoe"):
        grading.hand_in(student, notebook_of())
    for path in ATTACKS.glob("*.ipynb"):
        (grading.hand_ins / path.stem).mkdir()
        shutil.copy(path, grading.hand_ins / path.stem / "tiny.ipynb")
    grading.hand_in("displays", notebook_of(more=[DISPLAYED]))
    grading.hand_in("numbers", notebook_of(more=[NUMBERS]))
    grading.hand_in("nested", '{"cells": ' + "[" * 200_000)
    return grading, grading.grade()


def test_every_hand_in_is_graded_and_the_others_as_if_they_were_alone(hostile):
    _, grades = hostile
    assert {name: (str(grade.total), grade.ending.value) for name, grade in grades.items()} == {
        "ann": ("2.00", "finished"),
        "displays": ("2.00", "error"),
        "html_bomb_oom": ("0", "finished"),
        "html_divs": ("0", "finished"),
        "nested": ("0", "unreadable"),
        "numbers": ("2.00", "finished"),
        "zoe": ("2.00", "finished"),
    }
    assert not [check for grade in grades.values() for check in grade.checks if check.outcome == "broken"]


def test_no_page_holds_what_would_hang_a_browser_or_command_a_terminal(hostile):
    grading, grades = hostile
    pages = {
        path: path.read_text()
        for student in grades
        for path in (grading.results / "students" / student).glob("*.html")
    }
    for path, page in pages.items():
        assert "\x1b" not in page, path
        assert len(page) < 200_000, path
        assert page.count("<div>") < 100, path
    shown = pages[grading.results / "students/displays/executed.html"]
    assert "A picture that cannot be shown here" in shown


def test_a_rerun_starts_no_kernel_no_judge_and_draws_no_page(hostile, monkeypatch):
    grading, grades = hostile
    monkeypatch.setattr(run.Judge, "judge", lambda *_: pytest.fail("judged"))
    monkeypatch.setattr(run.Publisher, "student", lambda *_: pytest.fail("drawn"))
    again = grading.grade(launcher=Forbidden())
    assert again == grades
    assert grading.kinds == {"reused": len(grades), "graded": len(grades)}
