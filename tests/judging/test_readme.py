"""The examples of rubric tests in the README and in the guide do what is said of them."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

import grader
from grader.judging.api import CheckEnded
from grader.model import Outcome
from grader.places import GUIDE

PAGES = (Path(__file__).parents[2] / "README.md", GUIDE / "rubrics.md")
EXAMPLES = [
    block
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.fixture
def example(monkeypatch):
    """The test of a name, from the code block that defines it; called like a function."""
    monkeypatch.setattr(
        grader, "question", lambda *_, **__: lambda test: test
    )  # a mark that these tests lack

    def example(name):
        (code,) = {block for block in EXAMPLES if f"def {name}(" in block}  # the same wherever it is shown
        names = {}
        exec(code, names)  # noqa: S102 - our own pages
        return names[name]

    return example


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (r"$2X^T(Xw - y) + 2\lambda w$", None),
        (r"$\nabla_w = 2 X^\top X w - 2 X^\top y + 2 \lambda w$", None),
        (r"$2X^T(Xw - y)$", Outcome.FAILED),
        ("I don't know.", Outcome.REVIEW),
    ],
)
def test_a_formula_is_judged_by_what_it_means(example, answer, outcome):
    student = SimpleNamespace(written=lambda _: answer)
    judge = example("test_the_gradient_of_ridge_regression")
    if outcome is None:
        assert judge(student) is None
        return
    with pytest.raises(CheckEnded) as ended:
        judge(student)
    assert ended.value.outcome is outcome


@pytest.mark.parametrize(("losses", "outcome"), [(20, None), (19, Outcome.FAILED), (None, Outcome.REVIEW)])
def test_a_history_is_as_long_as_the_training(example, losses, outcome):
    history = None if losses is None else SimpleNamespace(numbers=(0.5,) * losses)
    student = SimpleNamespace(value=lambda *_: history, answer=lambda _: SimpleNamespace(source=""))
    judge = example("test_histories_hold_twenty_losses")
    if outcome is None:
        assert judge(student, None, None) is None
        return
    with pytest.raises(CheckEnded) as ended:
        judge(student, None, None)
    assert ended.value.outcome is outcome
