"""What the checks of parts 1 and 2 say to a student."""

# ruff: noqa: PLR0917 - columns of a table as arguments

import importlib
from types import SimpleNamespace

import pytest

from grader.judging.api import CheckEnded


@pytest.fixture
def ended(request):
    """What a check says of an answer that does not pass."""
    request.config.addinivalue_line("markers", "question: what the rubric's plugin registers")
    checks = importlib.import_module("hw1.test_1_2_theory")

    def ended(check, answer):
        with pytest.raises(CheckEnded) as caught:
            getattr(checks, f"test_{check}")(SimpleNamespace(written=lambda _: answer))
        return caught.value

    return ended


@pytest.mark.parametrize(
    ("check", "answer", "message", "expected", "actual"),
    [
        pytest.param(
            "gradient_of_the_squared_norm",
            r"$\nabla f(x) = 2\|x\|$",
            "At x = (1, 2, 3) the answer gives 2√14, but (2, 4, 6) is right.",
            "(2, 4, 6) at x = (1, 2, 3)",
            "$\\nabla f(x) = 2\\|x\\|$\n(read as ∇(f(x)) = 2·‖x‖, which gives 2√14)",
            id="1a",
        ),
        pytest.param(
            "best_constant_vector",
            r"So $c = \sum_{i=1}^N x_i$.",
            "At x_1 = (1, 2), x_2 = (3, 4), x_3 = (1, 2) the answer gives (5, 8), but (5/3, 8/3) is right.",
            "(5/3, 8/3) at x_1 = (1, 2), x_2 = (3, 4), x_3 = (1, 2)",
            "So $c = \\sum_{i=1}^N x_i$.\n(read as c = Σ_{i=1}^N x_i, which gives (5, 8))",
            id="1b",
        ),
        pytest.param(
            "l1_training_loss",
            r"$L(\beta) = \|y - X\beta\|_2$",
            "At X = [[1, 2], [3, 4], [1, 2]], β = (1, 3), y = (1, 4, 3) the answer gives √173, but 21 is right.",
            "21 at X = [[1, 2], [3, 4], [1, 2]], β = (1, 3), y = (1, 4, 3)",
            "$L(\\beta) = \\|y - X\\beta\\|_2$\n(read as L(β) = ‖y - X·β‖_2, which gives √173)",
            id="2a",
        ),
        pytest.param(
            "l1_training_loss",
            r"$L = \|y - \hat{y}\|_1$",
            "This is an l1 loss, but it does not say what the prediction is.",
            "the loss in terms of X, w and y",
            r"$L = \|y - \hat{y}\|_1$",
            id="2a-in-part",
        ),
    ],
)
def test_a_formula_that_fails_is_shown_as_it_was_written(ended, check, answer, message, expected, actual):
    found = ended(check, answer)
    assert (found.message, found.expected, found.actual) == (message, expected, actual)


def test_a_long_answer_is_cut_short(ended):
    found = ended("gradient_of_the_squared_norm", r"$\nabla f = 3x$" + " and so" * 100)
    assert found.actual.startswith(r"$\nabla f = 3x$ and so")
    assert " …\n(read as ∇(f) = 3·x, which gives (3, 6, 9))" in found.actual
    assert len(found.actual) < 400
