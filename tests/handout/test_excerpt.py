"""What public checks need of a rubric, and what stays at home."""

import pytest

from grader.errors import RubricError
from grader.handout.excerpt import excerpt

RUBRIC = '''
"""Checks of a lab. The answer is 42."""
import math
import re
from grader import fail, question
from .values import ANSWER, near, spread

LIMIT = 3
SECRET = 4711
# The right value is 42.


@question("1", points=1)
def test_public(student, settings, drawn):
    """It is near."""
    if not near(student.value("x"), settings["most"], LIMIT):
        fail("Too far.")


@question("1", points=1, visibility="hidden")
def test_hidden(student):
    """It is the answer."""
    assert student.value("x") == ANSWER + SECRET + spread(re)


def drawn():
    return math.pi
'''
VALUES = '''
ANSWER = 42
SCALE = 2


def near(value, most, limit):
    """Near the answer, 42."""
    return abs(value) * SCALE < scaled(most)


def scaled(most):
    return most


def spread(values):
    return ANSWER
'''


@pytest.fixture
def kept():
    modules = {"test_lab": RUBRIC, "values": VALUES, "other": "X = 1", "__init__": ""}
    return excerpt(modules, [("test_lab", "test_public")], package="lab")


def test_what_the_public_checks_mention_is_kept_and_nothing_else(kept):
    assert set(kept.kept) == {"test_lab", "values", "__init__"}
    for name in ("test_public", "LIMIT", "drawn", "math", "near", "question", "fail"):
        assert name in kept.kept["test_lab"], name
    for name in ("test_hidden", "SECRET", "ANSWER", "spread", "import re"):
        assert name not in kept.kept["test_lab"], name
    for name in ("near", "scaled", "SCALE"):
        assert name in kept.kept["values"], name
    for name in ("ANSWER", "spread", "42"):
        assert name not in kept.kept["values"], name


def test_comments_and_docstrings_stay_at_home_but_for_those_of_checks(kept):
    assert '"""It is near."""' in kept.kept["test_lab"]
    assert not any("42" in source for source in kept.kept.values())


def test_what_changes_a_kept_name_is_kept_with_it():
    changes = (
        "TABLE['a'] = 1", "TABLE['b'].x += 2", "del TABLE['c']", "TABLE.update(d=4)", "helper.limit = 5",
        "for each in 'xy':\n    TABLE[each] = 1",
    )  # fmt: skip
    others = ("OTHER['a'] = 4711", "OTHER.append(TABLE)", "OTHER = TABLE.copy()")
    rubric = "\n".join(
        ["TABLE = {}", "OTHER = []", "def helper(): pass", *changes, *others, "def test(): helper(TABLE)"]
    )
    text = excerpt({"test_lab": rubric}, [("test_lab", "test")], package="lab").kept["test_lab"]
    assert [each for each in changes if each not in text] == []
    assert "OTHER" not in text


def test_the_docstring_of_a_coroutine_stays_at_home_too():
    rubric = 'async def helper():\n    """It is 42."""\ndef test(): helper()'
    text = excerpt({"test_lab": rubric}, [("test_lab", "test")], package="lab").kept["test_lab"]
    assert "async def helper" in text
    assert "42" not in text


def test_what_is_kept_is_python_that_runs(kept):
    scope = {}
    exec(kept.kept["values"], scope)  # noqa: S102 - our own source, above
    assert scope["near"](1, 3, 0) is True
    compile(kept.kept["test_lab"], "test_lab.py", "exec")


def test_it_says_which_settings_and_whether_probes_are_used(kept):
    assert "most" in kept.texts
    assert not kept.asks_probes
    asking = "def test_a(student):\n    return student.rounds('f')"
    assert excerpt({"test_a": asking}, [("test_a", "test_a")], package="a").asks_probes


@pytest.mark.parametrize(
    "line", ["from . import values", "import values", "import lab.values", "from lab import values"]
)
def test_a_sibling_imported_as_a_whole_is_refused(line):
    modules = {"test_lab": f"{line}\ndef test_a(student):\n    values, lab", "values": VALUES}
    with pytest.raises(RubricError, match=r"test_lab\.py imports all of values"):
        excerpt(modules, [("test_lab", "test_a")], package="lab")


@pytest.mark.parametrize("module", [".values", "lab.values", "values"])
def test_a_sibling_is_found_by_any_of_its_names(module):
    modules = {"test_lab": f"from {module} import near\ndef test_a(student):\n    near(1)", "values": VALUES}
    assert "scaled" in excerpt(modules, [("test_lab", "test_a")], package="lab").kept["values"]


def test_a_module_in_a_folder_is_found():
    modules = {
        "test_lab": "from .sub.values import near\ndef test_a(student):\n    near(1)",
        "sub.values": "from ..more import LIMIT\ndef near(x):\n    return LIMIT",
        "more": "LIMIT, SECRET = 3, 4711\nOTHER = 5",
        "sub.__init__": "",
    }
    kept = excerpt(modules, [("test_lab", "test_a")], package="lab").kept
    assert set(kept) == {"test_lab", "sub.values", "more", "sub.__init__"}
    assert "OTHER" not in kept["more"]
