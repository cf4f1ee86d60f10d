"""What students see at once of questions 1a to 2c: whether an answer is there, in LaTeX. It costs no points."""

import importlib

import pytest

from grader.judging.api import CheckEnded

CHECKS = {
    "1a": "gradient", "1b": "best_constant", "2a": "l1_loss", "2b": "closed_form", "2c": "algorithm",
}  # fmt: skip
THERE, PICTURE, PLAIN = "", "The answer is a picture.", "The answer is typed, but not in LaTeX."
NONE = "There is no answer."


class Student:
    """One who wrote the same everywhere."""

    def __init__(self, text):
        self.text = text

    def written(self, _question):
        return self.text

    def answer(self, _question):
        return type("Answer", (), {"found": True})


@pytest.fixture
def said(request):
    request.config.addinivalue_line("markers", "question: what the rubric's plugin registers")
    rubric = importlib.import_module("hw1.test_1_2_theory")

    def said(question, student):
        try:
            getattr(rubric, f"test_{CHECKS[question]}_is_in_latex")(student)
        except CheckEnded as end:
            return end.message
        return THERE

    return said


@pytest.mark.parametrize(
    ("text", "formula", "words"),
    [
        pytest.param("The gradient is $2x$.", THERE, THERE, id="dollars"),
        pytest.param("$$\\nabla f(x) = 2x$$", THERE, THERE, id="displayed"),
        pytest.param("\\(2x\\)", THERE, THERE, id="parentheses"),
        pytest.param("\\begin{align} 2x \\end{align}", THERE, THERE, id="an environment"),
        pytest.param("![sketch](attachment:a.png) $2x$", THERE, THERE, id="beside a picture"),
        pytest.param("No, it is not differentiable.", PLAIN, THERE, id="words"),
        pytest.param("2x", PLAIN, THERE, id="plain"),
        pytest.param("np.sum(np.abs(X @ w - y))", PLAIN, THERE, id="code"),
        pytest.param("No, it costs $5.", PLAIN, THERE, id="a price"),
        pytest.param("![2x](attachment:image.png)", PICTURE, PICTURE, id="an attachment"),
        pytest.param('<img src="my $x$.jpg" alt="2x">', PICTURE, PICTURE, id="HTML"),
        pytest.param("![answer][1]\n<!-- $2x$ -->", PICTURE, PICTURE, id="by reference, and a comment"),
        pytest.param("", NONE, NONE, id="nothing"),
    ],
)
@pytest.mark.parametrize("question", CHECKS)
def test_whether_an_answer_is_there(said, question, text, formula, words):
    assert said(question, Student(text)) == (formula if question in ("1a", "1b", "2a") else words)


@pytest.mark.parametrize("question", CHECKS)
@pytest.mark.parametrize("unclosed", ["<!--", "![", r"\(", r"\[", "<img "])
def test_what_is_never_closed_is_not_searched_again_and_again(said, question, unclosed):
    """Without an end to the search, a megabyte would take hours."""
    assert said(question, Student(f"$2x$ {unclosed * 300_000}")) == THERE


@pytest.mark.parametrize(("question", "form"), [("1a", "in LaTeX"), ("2b", "in words or LaTeX")])
def test_a_missing_answer_is_asked_for_in_the_form_that_the_question_allows(question, form):
    rubric = importlib.import_module("hw1.test_1_2_theory")
    with pytest.raises(CheckEnded) as ended:
        rubric.written(Student(""), question)
    assert ended.value.expected == f"your answer, {form}"
    assert form in ended.value.hint
