"""Answers in files beside the notebook: which one counts, and what a person decides."""

from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader import assignment as assignments
from grader.datasets import fashion_mnist
from grader.judging.court import Case, Court
from grader.judging.rubric import loaded
from grader.judging.work import Reference, Work
from grader.model import Document, Ending, Execution, FoundBy, Outcome

TOML = """
id = "mini"
title = "A small one"
reference = "master.ipynb"
seeds = [1]
[[question]]
id = "1a"
title = "In words"
points = 1
[[question]]
id = "2"
title = "In code"
points = 1
"""
RUBRIC = '''
from grader import award, fail, question, review


@question("1a", points=1)
def test_words(student):
    """The words are right."""
    words = student.written("1a")
    if "right" in words:
        return
    if "half" in words:
        award(0.5, "Half of it.", actual=words)
    if "open" in words:
        review("Read it.", actual=words)
    fail("Wrong.", actual=words)


@question("2", points=1)
def test_code(student):
    """The code is right."""
    if "x = 1" not in student.own_source("2"):
        fail("No code.")
'''
BLANK = "*Your words here.*"


def marked(cell, question):
    cell.metadata["grader"], cell["id"] = {"question": question, "names": []}, f"q{question}"
    return cell


def notebook(words, code):
    return new_notebook(cells=[marked(new_markdown_cell(words), "1a"), marked(new_code_cell(code), "2")])


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mini")
    (folder / "assignment.toml").write_text(TOML + f'\n[kit]\nhints = {{ markdown = "{BLANK}" }}\n')
    (folder / "test_mini.py").write_text(RUBRIC)
    words = "<!-- BEGIN SOLUTION -->\nright\n<!-- END SOLUTION -->"
    nbformat.write(notebook(words, "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"), folder / "master.ipynb")
    return assignments.load(folder)


@pytest.fixture
def execution(tmp_path):
    def execution(words=BLANK, code="x = 1", files=(), ending=Ending.FINISHED):
        documents = tuple(
            each if isinstance(each, Document) else Document(name=each[0], text=each[1], digest="d")
            for each in files
        )
        run = Execution(
            student="ana",
            folder=tmp_path,
            ending=ending,
            documents=documents,
            beside=tuple(each.name for each in documents),
        )
        nbformat.write(notebook(words, code), run.notebook)
        return run

    return execution


@pytest.fixture
def judged(assignment, execution):
    def judged(*arguments, **facts):
        reference = Work.of(execution("right"), assignment, profile="full")
        data = fashion_mnist.Dataset(name="none", root=None, complete=True, provenance="a test")
        with loaded(assignment) as rubric:
            court = Court(assignment, "full", Reference((reference,)), data, rubric)
            return court.judge(Case(execution=execution(*arguments, **facts)))

    return judged


RIGHT, HALF, WRONG, OPEN = (
    ("hw1.tex", f"\\section{{1a}} {words}") for words in ("right", "half", "wrong", "open")
)
OTHER = ("other.md", "# 1a\nwrong")
ANOTHER = "hw1.tex, line 1 answers this differently."
COMPARE = f"{ANOTHER} A person has to compare."


@pytest.mark.parametrize(
    ("words", "files", "ended", "found_by"),
    [
        pytest.param(BLANK, [RIGHT], ("passed", 1, ""), "heading", id="in a file"),
        pytest.param("", [RIGHT], ("passed", 1, ""), "heading", id="the cell is empty"),
        pytest.param(BLANK, [HALF], ("partial", 0.5, "Half of it."), "heading", id="half right in a file"),
        pytest.param(BLANK, [WRONG], ("failed", 0, "Wrong."), "heading", id="wrong in a file"),
        pytest.param(BLANK, [OPEN], ("review", 0, "Read it."), "heading", id="open in a file"),
        pytest.param("right", [], ("passed", 1, ""), "metadata", id="in the notebook"),
        pytest.param(
            "right", [("hw1.tex", "\\section{1b} x")], ("passed", 1, ""), "metadata", id="no other answer"
        ),
        pytest.param("$right$", [RIGHT], ("passed", 1, ""), "metadata", id="the same in both"),
        pytest.param("right too", [RIGHT], ("passed", 1, ""), "metadata", id="other words, worth the same"),
        pytest.param("wrong too", [WRONG], ("failed", 0, "Wrong."), "metadata", id="both wrong"),
        pytest.param("wrong", [RIGHT], ("review", 0, COMPARE), "metadata", id="the file is better"),
        pytest.param("right", [WRONG], ("review", 0, COMPARE), "metadata", id="the notebook is better"),
        pytest.param("half", [RIGHT], ("review", 0, COMPARE), "metadata", id="the notebook is half right"),
        pytest.param("open too", [OPEN], ("review", 0, f"Read it. {ANOTHER}"), "metadata", id="both open"),
        pytest.param(
            BLANK,
            [RIGHT, OTHER],
            (
                "review",
                0,
                "hw1.tex, line 1 and other.md, line 1 answer this differently. A person has to compare.",
            ),
            "heading",
            id="two files",
        ),
        pytest.param(
            BLANK,
            [("hw1.tex", "\\section{1a} wrong \\input{rest}")],
            (
                "review",
                0,
                "The answer in hw1.tex, line 1 includes another file, so a person has to read it. Wrong.",
            ),
            "heading",
            id="it includes another file",
        ),
        pytest.param(
            BLANK,
            [("notes.md", "right")],
            ("review", 0, "Not answered in the notebook; it may be answered in notes.md."),
            "metadata",
            id="no heading",
        ),
        pytest.param(
            BLANK,
            [Document(name="hw1.pdf", problem="has no text layer, so it is probably a scan")],
            (
                "review",
                0,
                (
                    "Not answered in the notebook; it may be answered in "
                    "hw1.pdf (it has no text layer, so it is probably a scan)."
                ),
            ),
            "metadata",
            id="a scan",
        ),
        pytest.param(
            BLANK,
            [("README.md", "# 1a\nright")],
            ("review", 0, "Not answered in the notebook; it may be answered in README.md."),
            "metadata",
            id="a README",
        ),
        pytest.param(BLANK, [], ("failed", 0, "Not answered."), "metadata", id="nowhere"),
    ],
)
def test_which_answer_counts(judged, words, files, ended, found_by):
    question = judged(words, files=files).questions[0]
    (check,) = question.checks
    assert (check.outcome, float(check.earned), check.message) == ended
    assert question.found_by == FoundBy(found_by)


def test_a_person_sees_every_answer(judged):
    item = judged("wrong", files=[RIGHT, OTHER]).checks[0].review
    assert item.answer == "wrong\n\nright"
    item = judged("open", files=[RIGHT]).checks[0].review
    assert item.answer == "open\n\nright"


def test_more_answers_than_are_judged_are_compared_by_a_person(judged):
    files = [(f"{name}.md", f"# 1a\nright {name}") for name in "abc"]
    assert judged("right", files=files[:2]).checks[0].outcome is Outcome.PASSED
    assert judged("right", files=files).checks[0].outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        ("x = 1", "# Question 2\nIt is 2.", Outcome.PASSED),
        ("x = 2", "# Question 2\nx = 1", Outcome.FAILED),
        ("", "# Question 2\nx = 1", Outcome.PASSED),
        ("", "# Question 2\nSee the picture.", Outcome.REVIEW),
    ],
    ids=["a report on right code", "a report on wrong code", "code in a file", "no code"],
)
def test_code_in_a_file_has_not_run(judged, code, text, outcome):
    grade = judged("right", code=code, files=[("report.md", text)])
    assert grade.checks[1].outcome is outcome
    assert [str(each) for each in grade.questions[1].passages if each.line] == ["report.md, line 1"]


def test_the_text_of_a_pdf_is_laid_before_a_person_once(judged):
    grade = judged(code="", files=[("hw1.pdf", "words " * 5000)])
    items = [check.review for check in grade.checks]
    assert items[0] == items[1]
    assert items[0].answer.startswith(
        "Not answered in the notebook; it may be answered in hw1.pdf.\n\nhw1.pdf:\nwords"
    )
    assert 20_000 <= len(items[0].answer) < 20_200
    assert [[str(each) for each in question.passages] for question in grade.questions] == [["hw1.pdf"], []]


def test_the_text_of_a_pdf_comes_before_a_long_readme(judged):
    item = judged(files=[("README.md", "x" * 30_000), ("hw1.pdf", "words")]).checks[0].review
    assert "hw1.pdf:\nwords\n\nREADME.md:\nx" in item.answer


def test_the_text_of_a_pdf_without_a_notebook_is_laid_before_a_person(judged):
    grade = judged(files=[("hw1.pdf", "words")], ending=Ending.UNREADABLE)
    assert [check.outcome for check in grade.checks] == [Outcome.REVIEW] * 2
    assert "hw1.pdf:\nwords" in grade.checks[0].review.answer
    assert grade.questions[0].passages[0].text == "words"


def test_what_is_wrong_with_a_file_is_said_though_all_is_answered(judged):
    scan = Document(name="hw1.pdf", problem="has no text layer, so it is probably a scan")
    grade = judged("right", files=[scan])
    assert [flag.message for flag in grade.flags] == ["hw1.pdf has no text layer, so it is probably a scan."]


def test_a_decision_holds_while_the_file_stays_as_it_is(judged):
    scan = Document(name="hw1.pdf", digest="one", problem="is encrypted")
    before, same, changed = (
        judged(files=[each]).checks[0].review.code for each in (scan, scan, replace(scan, digest="two"))
    )
    assert before == same != changed
