"""`grader pdf`."""

import re
import stat

import nbformat
import pytest

from grader.cli.console import WRONG_USE

v4 = nbformat.v4


def saved(path, *cells):
    nbformat.write(v4.new_notebook(cells=list(cells)), path)
    return path


def text(source):
    return v4.new_markdown_cell(source)


def printing(source, output=None):
    outputs = [v4.new_output("stream", name="stdout", text=output)] if output else []
    return v4.new_code_cell(source, outputs=outputs)


@pytest.fixture
def browser(tmp_path, monkeypatch):
    """The only browser on the PATH, which does what it is told by a script."""

    def browser(script):
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / "chromium"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
        return program

    return browser


@pytest.mark.browser
def test_a_notebook_becomes_one_pdf_beside_it(call, tmp_path):
    path = saved(tmp_path / "hw.ipynb", text(r"so $\nabla f = 2x$"), printing("print(1)", "1\n" * 200))
    said = call("pdf", path)
    assert (said.code, said.out, said.err) == (0, f"Printed {path} to {tmp_path}/hw.pdf\n", "")
    content = (tmp_path / "hw.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert len(re.findall(rb"/Type /Page\b", content)) > 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hw.ipynb", "hw.pdf"]


def test_the_page_that_is_printed_has_cells_outputs_and_formulas(call, tmp_path, browser):
    browser(f'for last in "$@"; do :; done; cp "${{last#file://}}" {tmp_path}/page.html; exit 1')
    call("pdf", saved(tmp_path / "hw.ipynb", text("$x^2$"), printing("print(1)", "printed")))
    page = (tmp_path / "page.html").read_text()
    assert "<msup>" in page
    assert "printed" in page
    assert "default-src 'none'" in page


def test_outputs_that_are_missing_are_said(call, tmp_path, browser):
    browser('for each in "$@"; do case $each in --print-to-pdf=*) echo %PDF > "${each#*=}";; esac; done')
    path = saved(tmp_path / "hw.ipynb", printing("print(1)"))
    said = call("pdf", path, "-o", tmp_path / "other.pdf")
    assert (said.code, said.out) == (0, f"Printed {path} to {tmp_path}/other.pdf\n")
    assert said.err == "No cell has an output. Run all cells and save the notebook, then print it again.\n"


@pytest.mark.parametrize("name", ["hw.ipynb", "results.sqlite", "assignment.toml", "notes.csv"])
def test_a_pdf_replaces_nothing_but_a_pdf(call, tmp_path, name):
    path = saved(tmp_path / "hw.ipynb", text("a"))
    target = tmp_path / name
    target.write_bytes(before := path.read_bytes())
    said = call("pdf", path, "-o", target)
    assert (said.code, target.read_bytes()) == (WRONG_USE, before)
    assert said.error == (
        f"error: {target} was not written by this command, so it was not replaced. Name a new file with -o, or "
        "remove it first."
    )


def test_without_a_browser_it_says_what_to_install(call, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    said = call("pdf", saved(tmp_path / "hw.ipynb", text("a")))
    assert said.code == WRONG_USE
    assert said.error == (
        "error: Printing a PDF needs Chromium or Chrome, and neither was found. "
        "Install one (sudo apt install chromium)."
    )


def test_a_pdf_from_before_survives_a_browser_that_fails(call, tmp_path, browser):
    program = browser("echo some lines >&2; echo cannot open display >&2; exit 1")
    (tmp_path / "hw.pdf").write_bytes(b"%PDF-before")
    said = call("pdf", saved(tmp_path / "hw.ipynb", text("a")))
    assert said.code == WRONG_USE
    assert said.error == (
        f"error: {program} printed nothing (cannot open display); open the notebook in Jupyter, and print it from "
        "the browser."
    )
    assert (tmp_path / "hw.pdf").read_bytes() == b"%PDF-before"


@pytest.fixture
def here(tmp_path, monkeypatch, browser):
    """A folder to work in, with a notebook, and a browser that fails."""
    browser("exit 1")
    monkeypatch.chdir(tmp_path)
    saved(tmp_path / "hw.ipynb", text("a"))
    (tmp_path / "text.ipynb").write_text("text")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "error"),
    [
        pytest.param(
            ("none.ipynb",), "error: none.ipynb is not a file. Name the notebook to print.", id="no file"
        ),
        pytest.param(("hw.ipynb", "-o", "."), "error: . is a folder. Name a file with -o.", id="a folder"),
        pytest.param(
            ("hw.ipynb", "-o", "no/such/hw.pdf"),
            "error: {here}/no/such can't be written to: No such file or directory. Choose another place with -o.",
            id="nowhere",
        ),
        pytest.param(("text.ipynb",), "error: text.ipynb: it is not JSON", id="no notebook"),
    ],
)
def test_what_cannot_be_printed_is_one_line(call, here, words, error):
    said = call("pdf", *words)
    assert said.code == WRONG_USE
    assert said.error.startswith(error.format(here=here))
    assert "\n" not in said.error
