"""What homework 1's hints say: what to do next, and nothing of the solution."""

import ast
import re
from pathlib import Path

import pytest

from grader import assignment
from grader.analysis.diagnosis import Mistake
from grader.handout import scan

FOLDER = Path(__file__).parent.parent.parent.parent / "rubrics" / "hw1"
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$", re.DOTALL)


def written():
    """Every hint in the source of the checks, the parts of an f-string one by one."""
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
            values = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "hint"]
            if isinstance(node, ast.keyword) and node.arg == "hint":
                values.append(node.value)
            if isinstance(node, ast.Assign) and any(is_hint(target) for target in node.targets):
                values.append(node.value)
            for part in (part for value in values for part in ast.walk(value)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield pytest.param(part.value, id=f"{path.name}:{part.lineno}")


def is_hint(target):
    """Is this `details["hint"]`?"""
    return isinstance(target, ast.Subscript) and getattr(target.slice, "value", "") == "hint"


HINTS = [*written(), *(pytest.param(each.hint, id=each.name) for each in Mistake)]


def squeezed(text):
    return "".join(text.split())


def expressions(cell):
    """Of a solved cell: all sides of its formulas, or all of its code that computes something."""
    if cell.cell_type == "markdown":
        sides = [side for formula in FORMULA.findall(cell.source) for side in "".join(formula).split("=")]
        return [side for side in map(str.strip, sides) if len(side) > 1]
    nodes = ast.walk(ast.parse(cell.source))
    computes = ast.Call | ast.UnaryOp | ast.BinOp | ast.Compare | ast.Subscript | ast.List
    return [ast.get_source_segment(cell.source, node) for node in nodes if isinstance(node, computes)]


@pytest.fixture(scope="module")
def secrets():
    hw1 = assignment.load(FOLDER)
    given = squeezed("\n".join(cell.source for cell in hw1.template.cells))
    lines = [secret.text for secret in scan._of_solutions(hw1)]
    texts = {
        squeezed(text) for text in [*lines, *(one for cell in hw1.solved.cells for one in expressions(cell))]
    }
    return [scan.Secret(text, "a part of the solution") for text in texts if text not in given]


def leaks(hint, secrets):
    return [leak.secret.text for leak in scan.find({"hint": squeezed(hint).encode()}, secrets)]


@pytest.mark.parametrize("hint", HINTS)
def test_a_hint_holds_nothing_of_the_solution(hint, secrets):
    assert leaks(hint, secrets) == []


@pytest.mark.parametrize(
    ("hint", "held"),
    [
        ("Print `len( trainingdata )`.", "len(trainingdata)"),
        ("Print `evaluate(testDataLoader)`.", "evaluate(testDataLoader)"),
        ("It is $2 x$.", "2x"),
        (r"Is it $\|Xw-y\|_1$?", r"\|Xw-y\|_1"),
        ("Return `correct / total`.", "correct/total"),
        ("Take -3.5 for the bias.", "-3.5"),
    ],
)
def test_the_solution_would_be_found_in_a_hint(hint, held, secrets):
    assert held in leaks(hint, secrets)


@pytest.mark.parametrize("hint", HINTS)
def test_a_hint_says_what_to_do(hint):
    """A question alone leaves open what to do next."""
    assert any(not sentence.endswith("?") for sentence in re.split(r"(?<=[.:?]) ", hint)), hint


def test_all_hints_are_looked_at():
    assert len(HINTS) > 25
