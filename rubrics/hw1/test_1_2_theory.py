"""Parts 1 and 2: theory. Formulas are judged by what they compute; what can't be read is a person's."""

import re

from grader import award, fail, question, review
from grader.theory import Verdict, judge_derivation, judge_formula, tags, themes

from .closed_form import YesNo, leaning, yes_no
from .formulas import GRADIENT, L1_LOSS, MEAN
from .themes import of_algorithm, of_reason

LATEX = re.compile(r"\$[^$]+\$|\\[a-zA-Z(\[]")
MATH = re.compile(r"\$\$.*?\$\$|\$.*?\$|\\\((?:(?!\\\().)*?\\\)|\\\[(?:(?!\\\[).)*?\\\]", re.DOTALL)
STEPS = re.compile(
    r"\\(?:nabla|partial|implies|Rightarrow|iff|Leftrightarrow|text|frac\{?d)|=\s*0|\\\\|'|\bd/d"
)
PICTURE = re.compile(
    r"!\[[^\]]{0,500}+\](?:\((?:(?!!\[)[^)])*+\)|\[[^\]]{0,500}+\])|<img\b[^<>]*>|<!--(?:(?!<!--|-->).)*+-->",
    re.IGNORECASE | re.DOTALL,
)
"""A picture in Markdown or HTML; comments say as little."""

IN_WORDS = ("2b", "2c")
"""Questions whose answers need no formula."""
LONGEST_SHOWN = 300
LONGEST_SEARCHED = 5000
"""Characters, the first ones: the patterns above go through a text once for each thing in it that is not closed."""


@question("1a", points=0)
def test_gradient_is_in_latex(student):
    """An answer is there, in LaTeX."""
    expect_latex(student, "1a")


@question("1a", points=0.75, visibility="after_due_date")
def test_gradient_of_the_squared_norm(student):
    """The gradient of the squared norm is right for every dimension."""
    judge(
        written(student, "1a"),
        GRADIENT,
        hint="Write the norm as a sum of squares and differentiate with respect to one $x_k$.",
    )


@question("1b", points=0)
def test_best_constant_is_in_latex(student):
    """An answer is there, in LaTeX."""
    expect_latex(student, "1b")


@question("1b", points=0.5, visibility="after_due_date")
def test_best_constant_vector(student):
    """The formula for the best constant vector is right."""
    judge(written(student, "1b"), MEAN, hint="Find where the gradient of the objective is zero.")


@question("1b", points=0.25, visibility="after_due_date")
def test_best_constant_vector_is_derived(student):
    """The best constant vector is derived, step by step."""
    answer = written(student, "1b")
    derived = judge_derivation(answer, MEAN)
    if derived.verdict is not Verdict.ACCEPT:
        review(
            sentence(derived.reason),
            actual=answer,
            meaning=f"theme of 1b, result only: {derived.normal_form}"
            if derived.normal_form and only_formula(answer)
            else "",
            tags=derived.tags,
        )


@question("2a", points=0)
def test_l1_loss_is_in_latex(student):
    """An answer is there, in LaTeX."""
    expect_latex(student, "2a")


@question("2a", points=0.5, visibility="after_due_date")
def test_l1_training_loss(student):
    """The loss is an l1 norm of the model's errors, written with X, w and y."""
    judged = judge(
        written(student, "2a"),
        L1_LOSS,
        hint="Write what the model predicts for all rows of X at once, then measure its errors.",
    )
    if "no X and w" in judged.tags:
        award(
            0.25,
            "This is an l1 loss, but it does not say what the prediction is.",
            expected="the loss in terms of X, w and y",
            actual=excerpt(written(student, "2a")),
            hint="Write the prediction as a function of X and w.",
        )


@question("2b", points=0)
def test_closed_form_is_in_latex(student):
    """An answer is there, in words or LaTeX."""
    expect_typed(student, "2b")


@question("2b", points=0.25, visibility="after_due_date")
def test_says_whether_a_closed_form_exists(student):
    """The answer says that there is no closed form."""
    answer = written(student, "2b")
    match yes_no(answer):
        case YesNo.NO:
            return
        case YesNo.YES:
            fail(
                "The answer says that there is a closed form.",
                expected="no",
                actual=excerpt(answer),
                hint="Look for where the loss has no gradient, and for what its gradient depends on elsewhere.",
            )
        case _:
            review("It is unclear whether this says yes or no.", actual=answer)


@question("2b", points=0.5, visibility="after_due_date")
def test_says_why_there_is_no_closed_form(student, settings):
    """The reason for it is right."""
    answer = written(student, "2b")
    review(
        "Reasons are not graded automatically.",
        actual=answer,
        meaning=of_reason(answer, settings["themes"]["2b"]),
        polarity=polarity(answer),
        tags=themes(answer, settings["themes"]["2b"]),
    )


@question("2c", points=0)
def test_algorithm_is_in_latex(student):
    """An answer is there, in words or LaTeX."""
    expect_typed(student, "2c")


@question("2c", points=0.75, visibility="after_due_date")
def test_names_an_algorithm_with_pros_and_cons(student, settings):
    """An algorithm is named, with its pros and cons."""
    answer = written(student, "2c")
    review(
        "This answer is not graded automatically.",
        actual=answer,
        meaning=of_algorithm(answer, settings["themes"]["2c"]),
        tags=(*themes(answer, settings["themes"]["2c"]), *tags(answer, settings["tags"]["2c"])),
    )


def expect_latex(student, name):
    """End the check unless the answer has a formula in LaTeX."""
    if not LATEX.search(expect_typed(student, name)):
        fail(
            "The answer is typed, but not in LaTeX.",
            expected="a formula between dollar signs",
            actual="plain text or code",
            hint="Put the formula between dollar signs. This check costs no points.",
        )


def expect_typed(student, name):
    """What was written beside pictures, or the end of the check if that is nothing. Words need no formula."""
    answer = PICTURE.sub(" ", written(student, name)[:LONGEST_SEARCHED])
    if not re.search(r"\w", answer):
        fail(
            "The answer is a picture.",
            expected=f"your answer, {form(name)}",
            actual="no text beside the picture",
            hint="Type your answer: photos and scans of handwriting are not graded.",
        )
    return answer


def written(student, name):
    """The student's words, or the end of this check if there are none."""
    answer = student.written(name)
    if answer:
        return answer
    return fail(
        "There is no answer.",
        expected=f"your answer, {form(name)}",
        actual="the cell of the blank notebook",
        hint=f"Write your answer, {form(name)}, into the cell below the question.",
    )


def form(name):
    """How a question may be answered."""
    return "in words or LaTeX" if name in IN_WORDS else "in LaTeX"


def judge(answer, spec, *, hint):
    """The judgement of an accepted formula, or the end of this check."""
    judged = judge_formula(answer, spec)
    if judged.verdict is Verdict.ACCEPT:
        return judged
    if judged.verdict is Verdict.REJECT:
        seen = judged.witness
        fail(
            sentence(judged.reason),
            expected=f"{seen.right} at {seen.place}",
            actual=f"{excerpt(answer)}\n(read as {judged.normal_form}, which gives {seen.theirs})",
            hint=hint,
        )
    return review(
        sentence(judged.reason), actual=answer, meaning=judged.normal_form or answer, tags=judged.tags
    )


def excerpt(answer):
    """The student's own words, cut short."""
    return answer if len(answer) <= LONGEST_SHOWN else f"{answer[:LONGEST_SHOWN]} …"


def sentence(text):
    return text[:1].upper() + text[1:].rstrip(".") + "."


def polarity(answer):
    said = leaning(answer)
    return "" if said is YesNo.UNCLEAR else str(said)


def only_formula(answer):
    """Is an answer one equation, without words or steps around it, so that its formula says all of it?"""
    if len(answer) > LONGEST_SEARCHED:
        return False
    math, words = "".join(MATH.findall(answer)), re.findall(r"[^\W\d_]{2,}", MATH.sub(" ", answer))
    return not words and math.count("=") == 1 and not STEPS.search(math)
