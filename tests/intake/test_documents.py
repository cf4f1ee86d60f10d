"""The files in which questions may be answered are read whatever they are, and what is missing is said."""

import codecs
from dataclasses import replace

import pdfs
import pytest

from grader.intake import collect
from grader.intake.documents import decoded
from grader.intake.pdf import MOST_PAGES, MOST_TEXT, text_layer
from grader.intake.reading import Reader
from grader.limits import Limits

LIMITS = Limits(stage=5, stage_memory=64 << 20)
NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'
HANDWRITTEN = "has no text layer, so it is probably a scan"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("ä $2x$".encode(), "ä $2x$", id="UTF-8"),
        pytest.param(codecs.BOM_UTF8 + "ä".encode(), "ä", id="UTF-8 with its mark"),
        pytest.param("ä $2x$".encode("utf-16"), "ä $2x$", id="UTF-16 with its mark"),
        pytest.param("an answer, ä".encode("utf-16-le"), "an answer, ä", id="UTF-16, little end first"),
        pytest.param("an answer, ä".encode("utf-16-be"), "an answer, ä", id="UTF-16, big end first"),
        pytest.param("ä $2x$".encode("latin-1"), "ä $2x$", id="Latin-1"),
        pytest.param(b"", "", id="empty"),
    ],
)
def test_text_is_read_as_editors_save_it(content, expected):
    assert decoded(content) == expected


@pytest.fixture
def handed_in(tmp_path):
    """Hand in files beside a notebook; what was found in those that may hold answers."""

    def handed_in(files, *, notebook="ada/work/hw1.ipynb", **limits):
        given = {notebook: NOTEBOOK.encode(), "bob/hw1.ipynb": NOTEBOOK.encode(), **files}
        for name, content in given.items():
            path = tmp_path / "class" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        limits = replace(LIMITS, **limits)
        with Reader(limits, tmp_path / "cache") as read:
            (found,) = collect.collect(tmp_path / "class", limits=limits, read=read, only=["ada"]).submissions
        return found

    return handed_in


def test_documents_are_found_wherever_they_lie(handed_in):
    files = {
        "ada/Homework 1.tex": b"one",
        "ada/work/answers.MD": b"two",
        "ada/work/scans/page.pdf": pdfs.written("three"),
        "ada/work/data.csv": b"1,2",
    }
    found = handed_in(files).documents
    assert [(each.name, each.text) for each in found] == [
        ("Homework 1.tex", "one"),
        ("work/answers.MD", "two"),
        ("work/scans/page.pdf", "three"),
    ]
    assert len({each.digest for each in found}) == 3


OTHER = NOTEBOOK.replace(
    "[]", '[{"id": "a", "cell_type": "markdown", "metadata": {}, "source": "An answer."}]'
).encode()


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"theory/answers.docx": b"x"}, ["theory/answers.docx"]),
        ({"work/slides.pptx": b"x", "answers": b"x"}, ["answers", "work/slides.pptx"]),
        ({"photo.jpg": b"x" * (9 << 20)}, ["photo.jpg"]),
        ({".answers.md": b"x", "work/.a.docx": b"x"}, [".answers.md", "work/.a.docx"]),
        ({".gitignore": b"x", "._a.md": b"x", "data.csv": b"x", "work/help.py": b"x"}, []),
        ({"work/hw1.ipynb": OTHER, "part2.ipynb": OTHER.replace(b"An", b"Another")}, ["work/hw1.ipynb"]),
        ({"work/hw1.ipynb": OTHER, "copy.ipynb": OTHER}, []),
    ],
)
def test_every_file_that_may_hold_an_answer_is_named(handed_in, files, named):
    found = handed_in({f"ada/{name}": content for name, content in files.items()}, support_size=8 << 20)
    assert [each.name for each in found.documents] == named


def test_a_link_is_named_and_not_followed(handed_in, tmp_path):
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "class" / "ada" / "theory.md").symlink_to("/etc/passwd")
    (found,) = handed_in({}).documents
    assert (found.name, found.text, found.problem) == ("theory.md", "", "is a symbolic link")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        pytest.param("theory.tex", b"x" * (10 << 20), "is larger than 1 MiB", id="10 MB of text"),
        pytest.param("theory.tex", b"a\0\x01\x02bcdef\xff", "is not a text file", id="binary"),
        pytest.param("theory.pdf", b"x" * (33 << 20), "is larger than 32 MiB", id="a large PDF"),
        pytest.param("theory.pdf", pdfs.written("", ""), HANDWRITTEN, id="a scan"),
        pytest.param("theory.pdf", b"", "is damaged, or not a PDF", id="an empty PDF"),
        pytest.param("theory.pdf", b"%PDF-1.4\nhello", "is damaged, or not a PDF", id="a damaged PDF"),
        pytest.param("theory.pdf", b"<html>", "is damaged, or not a PDF", id="something else"),
        pytest.param(
            "theory.pdf", pdfs.written("x", trailer=pdfs.ENCRYPTED), "is encrypted", id="an encrypted PDF"
        ),
    ],
)
def test_a_file_that_cannot_be_read_has_a_problem_and_no_text(handed_in, name, content, problem):
    (found,) = handed_in({f"ada/{name}": content}).documents
    assert (found.text, found.problem) == ("", problem)


@pytest.mark.parametrize("content", [pdfs.BOMB, pdfs.packed(b"q " * (40 << 20))], ids=["spaces", "operators"])
def test_a_bomb_costs_only_itself(handed_in, content):
    found = handed_in({"ada/a.pdf": pdfs.written(content), "ada/b.pdf": pdfs.written("words")}).documents
    assert [each.text for each in found] == ["", "words"]
    assert found[0].problem


def test_a_hand_in_without_a_notebook_keeps_its_documents(handed_in):
    found = handed_in({"ada/hw1.pdf": pdfs.written("words")}, notebook="cyd/hw1.ipynb")
    assert found.notebook is None
    assert [(each.name, each.text) for each in found.documents] == [("hw1.pdf", "words")]


def test_more_files_than_anybody_hands_in_are_named_and_not_read(handed_in):
    found = handed_in({f"ada/{number:02}.md": b"words" for number in range(25)}).documents
    assert [bool(each.text) for each in found] == [True] * 20 + [False] * 5
    assert found[-1].problem == "was not read: more than 20 such files came with it"


@pytest.mark.parametrize(
    ("content", "length", "problem"),
    [
        (pdfs.written("one", "two"), 8, ""),
        (
            pdfs.written("one", pages=10_000),
            5 * MOST_PAGES - 2,
            "has more text than is shown: 10,000 pages in all",
        ),
        (pdfs.written("x" * 15_000, pages=3), MOST_TEXT, "has more text than is shown: 3 pages in all"),
        (
            pdfs.written("one", b"<< /Length 3 /Filter /Unheard >>\nstream\nabc\nendstream"),
            3,
            "is damaged after page 1",
        ),
    ],
    ids=["two pages", "10,000 pages", "long pages", "a damaged page"],
)
def test_as_much_of_a_text_layer_as_anybody_reads(tmp_path, content, length, problem):
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    layer = text_layer(path)
    assert (len(layer.text), layer.problem) == (length, problem)


def test_a_text_layer_is_read_once(tmp_path, monkeypatch):
    path = tmp_path / "ada-lima.pdf"
    path.write_bytes(pdfs.written("words"))
    with Reader(LIMITS, tmp_path / "cache") as read:
        before = read.text_layer(path)
        monkeypatch.setattr(read._pdfs, "ask", lambda _: pytest.fail("a process was asked"))
        assert read.text_layer(path) == before
