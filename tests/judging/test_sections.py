"""The answers in files beside a notebook: which heading names which question, and what is left to a person."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader import assignment as assignments
from grader.judging import latex, sections
from grader.model import Document

QUESTIONS = {
    "1a": "Gradient of the squared norm",
    "1b": "The best constant",
    "2a": "A loss",
    "3": "A network",
    "4.1": "An array",
}
PROMPT = "Derive the gradient of the squared norm of a vector in any dimension, step by step."


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("theory")
    parts = [
        f'[[question]]\nid = "{name}"\ntitle = "{title}"\npoints = 1\n' for name, title in QUESTIONS.items()
    ]
    head = 'id = "theory"\ntitle = "Theory"\nreference = "master.ipynb"\nseeds = [1]\n'
    (folder / "assignment.toml").write_text(head + "".join(parts))
    cells = [new_markdown_cell(PROMPT, metadata={"grader": {"prompt": "1a"}})]
    cells += [
        (new_code_cell if name in ("3", "4.1") else new_markdown_cell)(
            "words", metadata={"grader": {"question": name, "names": []}}
        )
        for name in QUESTIONS
    ]
    nbformat.write(new_notebook(cells=cells), folder / "master.ipynb")
    return assignments.load(folder)


@pytest.fixture
def read(assignment):
    """The answers in files, given by their names: where each begins, and what it says."""

    def read(**texts):
        documents = [Document(name=name.replace("_", "."), text=text) for name, text in texts.items()]
        found = sections.found(documents, assignment)
        return {
            question: [(each.line, each.text) for each in passages] for question, passages in found.items()
        }

    return read


def document(body, preamble=""):
    return f"\\documentclass{{article}}\n{preamble}\\begin{{document}}\n{body}\n\\end{{document}}\nafter"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("# 1a\n$2x$", {"1a": (1, "$2x$")}, id="a heading"),
        pytest.param("text\n\n## Question 1 (a)\n$2x$", {"1a": (3, "$2x$")}, id="a word, and parentheses"),
        pytest.param("# 1a\none\n# 1b\ntwo\n", {"1a": (1, "one"), "1b": (3, "two")}, id="two"),
        pytest.param("# Problem 1\n## (a)\none\n## b\ntwo", {"1a": (2, "one"), "1b": (4, "two")}, id="parts"),
        pytest.param(
            "**Problem 1**\n\n(a) one\n(b) two", {"1a": (3, "one"), "1b": (4, "two")}, id="parts in text"
        ),
        pytest.param("# Aufgabe 1a\none", {"1a": (1, "one")}, id="a word of another language"),
        pytest.param("# Aufgabe 3\none", {"3": (1, "one")}, id="a number behind such a word"),
        pytest.param("3) one\n(3) two", {}, id="the number of a list"),
        pytest.param("# Step 3\none", {}, id="the number of something else"),
        pytest.param("Question 3\n==========\none", {"3": (1, "one")}, id="underlined"),
        pytest.param(
            "3\n---\none\n\n1a\n---\ntwo", {"3": (1, "one"), "1a": (5, "two")}, id="underlined twice"
        ),
        pytest.param("## 1a\none\n---\ntwo", {"1a": (1, "one\n---\ntwo")}, id="a rule within an answer"),
        pytest.param("# 1a\n$$\nb\n=\nc\n$$", {"1a": (1, "$$\nb\n=\nc\n$$")}, id="an equation in lines"),
        pytest.param("# Lösung zu Aufgabe 1a\none", {"1a": (1, "one")}, id="several words"),
        pytest.param("# The Best Constant\none", {"1b": (1, "one")}, id="a title"),
        pytest.param("# 3 A network\n$W=1$", {"3": (1, "$W=1$")}, id="a number and its title"),
        pytest.param("# 1a: Gradient of the squared norm\none", {"1a": (1, "one")}, id="an id and its title"),
        pytest.param("# Question 3\none", {"3": (1, "one")}, id="a number alone with a word"),
        pytest.param("# 4.1\none", {"4.1": (1, "one")}, id="a number with a dot"),
        pytest.param("1a) $2x$\n1b) $\\mu$", {"1a": (1, "$2x$"), "1b": (2, "$\\mu$")}, id="in text"),
        pytest.param(
            "**1a.** $\\nabla f = 2x$", {"1a": (1, "$\\nabla f = 2x$")}, id="bold, the answer behind it"
        ),
        pytest.param(
            "# 1a\none\n### Proof\nmore", {"1a": (1, "one\nProof\nmore")}, id="a heading within an answer"
        ),
        pytest.param("# 1a\none\n# References\nmore", {"1a": (1, "one")}, id="another heading ends it"),
        pytest.param("# 1a\none\n# 1a\nmore", {"1a": (1, "one\nmore")}, id="one question twice"),
        pytest.param("# 1a\n```\n# 1b\n```\n", {"1a": (1, "```\n# 1b\n```")}, id="a comment in code"),
        pytest.param("2a + b = c", {}, id="a formula"),
        pytest.param("# Homework 3\none", {}, id="the number of the homework"),
        pytest.param("# Notes\none", {}, id="no question"),
        pytest.param("Just $2x$.", {}, id="no heading"),
        pytest.param(f"# 1a\n{PROMPT}", {}, id="the question again"),
        pytest.param(f"# 1a\n{PROMPT}\n$2x$", {"1a": (1, "$2x$")}, id="the question and its answer"),
        pytest.param("# 1a\n\n# 1b\n$$ $$", {}, id="nothing below"),
    ],
)
def test_markdown(read, text, expected):
    assert read(answers_md=text) == {name: [passage] for name, passage in expected.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(r"\section{1a} $2x$", (3, "$2x$"), id="section"),
        pytest.param("\\subsection*{Problem 1 (a)}\n$2x$", (3, "$2x$"), id="subsection"),
        pytest.param(r"\section*{Problem 1}\subsection*{(a)} $2x$", (3, "$2x$"), id="one line"),
        pytest.param(r"\paragraph{1a.} $2x$", (3, "$2x$"), id="paragraph"),
        pytest.param(r"\section*{\textbf{Question~1\,(a)}} $2x$", (3, "$2x$"), id="commands in a heading"),
        pytest.param(r"\textbf{1a.} $\nabla f = 2x$", (3, r"$\nabla f = 2x$"), id="bold"),
        pytest.param(r"\item[(1a)] $2x$", (3, "$2x$"), id="item"),
        pytest.param("\\section{Problem 1}\n\\item[(a)] $2x$", (4, "$2x$"), id="item of a problem"),
        pytest.param("\\section{1a}\n$2x$ % \\section{1b}\n", (3, "$2x$"), id="comment"),
        pytest.param(r"\section{1a} $2\%$", (3, r"$2\%$"), id="a percent sign"),
        pytest.param(
            "\\section{1a}\n\\begin{comment}\n$3x$\n\\end{comment}\n$2x$",
            (3, "$2x$"),
            id="comment environment",
        ),
        pytest.param("\\section{1a}\n\\iffalse $3x$\n\\fi $2x$", (3, "$2x$"), id="iffalse"),
        pytest.param("\\section{1a}\n\\iffalse $3x$ \\fi $2x$", (3, "$2x$"), id="iffalse in one line"),
        pytest.param(r"\section[One]{1a} $2x$", (3, "$2x$"), id="a short title"),
        pytest.param(
            "\\section{1a} asks\n\\begin{solution}\n\\begin{align}x\\end{align}\n\\end{solution}",
            (3, "\\begin{align}x\\end{align}"),
            id="solution environment",
        ),
        pytest.param(
            "\\section{1a} x\n\\begin{verbatim}\n\\section{1b}\n\\end{verbatim}",
            (3, "x\n\\begin{verbatim}\n\\section{1b}\n\\end{verbatim}"),
            id="verbatim",
        ),
        pytest.param(
            "\\begin{enumerate}[label=(a)]\n\\item[1a] $2x$\n\\end{enumerate}",
            (4, "$2x$"),
            id="a list around it",
        ),
        pytest.param("\\section{1a}\\label{a}\n\\newpage $2x$", (3, "$2x$"), id="layout"),
        pytest.param(r"\section{1a} \input{gradient}", (3, r"\input{gradient}"), id="input is not followed"),
        pytest.param(r"\section{1a $\{{{{$" + "{" * 5000 + "\n$2x$", None, id="braces that never close"),
    ],
)
def test_latex(read, text, expected):
    found = read(hw1_tex=document(text))
    assert "1b" not in found
    assert expected is None or found == {"1a": [expected]}


@pytest.mark.parametrize(
    ("preamble", "body", "expected"),
    [
        pytest.param(r"\newcommand{\g}{\nabla f}", r"$\g = 2x$", r"$\nabla f  = 2x$", id="newcommand"),
        pytest.param(r"\newcommand*{\g}[1]{2 #1}", r"$\g{x}$", "$2  x  $", id="with an argument"),
        pytest.param(
            r"\newcommand{\g}{2x}", r"The \g{} is", "The 2x  is", id="with braces that only end its name"
        ),
        pytest.param(r"\def\g{2x}", r"$\g$", "$2x $", id="def"),
        pytest.param(
            r"\newcommand{\a}{2}\newcommand{\g}{\a x}", r"$\g$", "$2  x $", id="a macro that calls another"
        ),
        pytest.param(r"\newcommand{\g}{2x}", "$3x$", "$3x$", id="not used"),
        pytest.param(
            r"\newcommand{\g}{\g\g}", r"$\g$", "\\newcommand{\\g}{\\g\\g}\n$\\g$", id="one that calls itself"
        ),
        pytest.param(r"\newcommand{\g}{2x", r"$\g$", r"$\g$", id="never closed"),
    ],
)
def test_macros_of_the_preamble_are_carried_out(read, preamble, body, expected):
    ((_, text),) = read(hw1_tex=document(f"\\section{{1a}} {body}", f"{preamble}\n"))["1a"]
    assert text == expected


def test_files_are_merged_and_keep_their_names(read):
    found = read(a_md="# 1a\none", b_tex="\\section{1b} two\n\\section{1a} three")
    assert found == {"1a": [(1, "one"), (2, "three")], "1b": [(1, "two")]}


@pytest.mark.parametrize("name", ["README_md", "readme_md", "hw1_pdf"])
def test_some_files_are_never_read_by_headings(read, name):
    assert read(**{name: "# 1a\n$2x$"}) == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("# 1a\n" * 100_000, id="100,000 headings"),
        pytest.param("\n".join(["x"] * 30_000) + "\n# 1a\nx", id="too many lines"),
    ],
)
def test_what_nobody_wrote_by_hand_is_left_to_a_person(read, text):
    assert read(a_md=text, b_tex=text) == {}


@pytest.mark.parametrize(
    "unit",
    [
        "# 1a ",
        "\\section{1a}",
        "{",
        "\\begin{solution}",
        "\\newcommand{\\a}{",
        "% ",
        "\\iffalse ",
        "x\\\\",
        "- ",
        "**1a",
    ],
)
@pytest.mark.parametrize("end", ["", "\n"])
def test_a_file_of_a_mebibyte_is_read(read, unit, end):
    text = unit + end
    read(a_md=text * ((1 << 20) // len(text)), b_tex=text * ((1 << 20) // len(text)))


def test_a_document_ends_where_it_says(read):
    assert read(a_tex=document(r"\section{1a} $2x$") + "\n\\section{1b} $3x$").keys() == {"1a"}


def test_macros_are_counted():
    source = "".join(f"\\newcommand{{\\m{letter}}}{{x}}\n" for letter in ("a" * n for n in range(1, 50))) * 9
    assert len(latex.macros(source)) == 49
