"""The zoo in tests/notebooks: which files are read, which are refused, and with which messages."""

import json
import os
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import notebook
from grader.errors import NotebookError
from grader.limits import Limits

ZOO = Path(__file__).parent / "notebooks"
LIMITS = Limits(notebook_file=1 << 20)
REKERNEL = "choose a Python kernel, save it, and hand in that copy"
RESAVE = "open it in Jupyter or Colab, save it, and hand in that copy"

READ = {
    "format_4_5": (["intro", "first", "last"], ["# Homework", "a = 1\nprint(a)", "raw words"]),
    "format_4_0_without_ids": (["cell-0", "cell-1"], ["# Homework\nQuestion 4.1", "a = 1\nprint(a)"]),
    "format_3": (["cell-0", "cell-1", "cell-2"], ["## Homework", "a = 1\nprint(a)", "b = 2"]),
    "duplicate_ids": (["same", "cell-1-1", "cell-1"], ["a = 1", "a = 2", "a = 3"]),
    "invalid_ids": (["cell-0", "cell-1", "cell-2"], ["a = 1", "a = 2", "a = 3"]),
    "bom": (["cell-0", "cell-1"], ["# Homework\nQuestion 4.1", "a = 1\nprint(a)"]),
    "crlf": (["cell-0", "cell-1"], ["# Homework\nQuestion 4.1", "a = 1\nprint(a)"]),
    "missing_execution_counts": (["one", "two"], ["a = 1", "a = 2"]),
    "missing_metadata": (["cell-0", "cell-1"], ["a = 1", "words"]),
    "missing_version": (["cell-0"], ["a = 1\nprint(a)"]),
    "minor_of_the_future": (["one"], ["a = 1"]),
    "broken_outputs": (["one"], ["a = 1"]),
    "broken_metadata": (["one", "two"], ["a = 1", "x"]),
    "lone_surrogate": (["one"], ["s = 'half of \ufffd an emoji, and a whole \U0001f600'"]),
    "no_cells": ([], []),
    "environment_of_its_owner": (["cell-0"], ["a = 1\nprint(a)"]),
    "format_2": ([], []),
    "endless_number": ([], []),
    "latin_1": (["cell-0"], ["café"]),
    "utf_16": (["cell-0", "cell-1"], ["# Homework\nQuestion 4.1", "a = 1\nprint(a)"]),
    "nul_bytes": (["cell-0", "cell-1"], ["# Home\x00work\nQuestion 4.1", "a = 1\nprint(a)"]),
    "cells_are_no_cells": (
        ["cell-0", "cell-1"],
        ["a = 1\nprint(a)", "[This cell could not be read: it is text, not a cell.]"],
    ),
    "unknown_cell_type": (
        ["cell-0", "cell-1"],
        ["a = 1\nprint(a)", "x\n\n[This cell could not be read: its type `'slide\\x1b[31m'` is unknown.]"],
    ),
    "source_is_no_text": (
        ["cell-0", "cell-1"],
        ["a = 1\nprint(a)", "[This cell could not be read: its source is an object, not text.]"],
    ),
    "source_holds_numbers": (["cell-0"], ["[This cell could not be read: its source is a list, not text.]"]),
    "format_3_of_nonsense": (["cell-0"], ["[This cell could not be read: it is text, not a cell.]"]),
}
REFUSED = {
    "empty": "the file is empty; save the notebook again and hand in that copy",
    "blank": "the file is empty; save the notebook again and hand in that copy",
    "truncated": "its JSON breaks off at line 22, column 4; "
    "the file was probably truncated in transfer, so hand it in again",
    "python_script": f"it is not JSON (Expecting value: line 1, column 1); {RESAVE}",
    "trailing_words": f"it is not JSON (Extra data: line 36, column 1); {RESAVE}",
    "web_page": "this is a web page, not a notebook; download the .ipynb file itself",
    "pdf": "this is a PDF document, not a notebook; download the .ipynb file itself",
    "zip": "this is a zip archive, not a notebook; download the .ipynb file itself",
    "gzip": "this is a gzip archive, not a notebook; download the .ipynb file itself",
    "picture": "this is a picture, not a notebook; download the .ipynb file itself",
    "json_list": f"it is JSON but not a notebook; {RESAVE}",
    "json_object": f"it is JSON but not a notebook: it has no list of cells; {RESAVE}",
    "cells_are_no_list": f"it is JSON but not a notebook: it has no list of cells; {RESAVE}",
    "nested_too_deep": f"its JSON is nested more than 100 levels deep, unlike any genuine notebook; {RESAVE}",
    "kernel_r": f"it is written for R, and only Python notebooks are graded; {REKERNEL}",
    "kernel_julia": f"it is written for Julia, and only Python notebooks are graded; {REKERNEL}",
    "kernel_by_language_info": f"it is written for scala, and only Python notebooks are graded; {REKERNEL}",
    "format_5": f"notebook format 5 is newer than 4, the newest known; {RESAVE}",
}


def read(name):
    return notebook.read(ZOO / f"{name}.ipynb", limits=LIMITS)


def built(*cells, **metadata):
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)}
    return notebook.parse(json.dumps(document).encode())


def cell(source, kind="code", **metadata):
    return {"cell_type": kind, "source": source, "metadata": metadata}


@pytest.mark.parametrize(
    ("name", "ids", "sources"), [(name, *row) for name, row in READ.items()], ids=READ.keys()
)
def test_it_reads_what_students_hand_in(name, ids, sources):
    book = read(name)
    assert [cell.id for cell in book.cells] == ids
    assert [cell.source for cell in book.cells] == sources
    nbformat.validate(book)
    assert (book.nbformat, book.nbformat_minor) == (4, 5)


@pytest.mark.parametrize("name", READ)
def test_it_reads_the_same_each_time(name):
    assert read(name) == read(name)


@pytest.mark.parametrize(("name", "message"), REFUSED.items(), ids=REFUSED.keys())
def test_it_refuses_the_rest_with_one_clear_line(name, message):
    with pytest.raises(NotebookError) as refusal:
        read(name)
    assert str(refusal.value) == f"{name}.ipynb: {message}"


def test_the_whole_zoo_is_in_the_two_tables():
    assert sorted([*READ, *REFUSED]) == sorted(path.stem for path in ZOO.glob("*.ipynb"))


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
def test_a_bomb_of_brackets_is_refused(opening):
    with pytest.raises(NotebookError, match="nested more than 100 levels deep"):
        notebook.parse(b'{"cells": ' + opening * 200_000)


def test_a_file_past_the_limit_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "huge.ipynb"
    with path.open("wb") as file:
        file.truncate(200 << 20)
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("the file was opened"))
    with pytest.raises(NotebookError) as refusal:
        notebook.read(path, limits=Limits())
    assert str(refusal.value) == (
        "huge.ipynb: its size of 200 MiB is over the limit of 64 MiB for a notebook; "
        "clear its outputs, save it, and hand in that copy"
    )


def test_a_file_that_grows_after_it_was_measured_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "growing.ipynb"
    path.write_bytes(b"")
    small = path.stat()
    path.write_bytes(b" " * ((1 << 20) + 1))
    monkeypatch.setattr(Path, "stat", lambda _: small)
    with pytest.raises(NotebookError, match="its size of 1 MiB is over the limit of 1 MiB"):
        notebook.read(path, limits=LIMITS)


def test_a_pipe_or_folder_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    for name in ("pipe.ipynb", "folder.ipynb"):
        with pytest.raises(NotebookError, match=f"^{name}: this is not a regular file; give the path of"):
            notebook.read(tmp_path / name, limits=LIMITS)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotebookError) as refusal:
        notebook.read(tmp_path / "gone.ipynb", limits=LIMITS)
    assert str(refusal.value) == (
        "gone.ipynb: it cannot be read (no such file or directory); check the path and its permissions"
    )


def test_a_file_name_cannot_break_the_line(tmp_path):
    (tmp_path / "a\n\x1b[31m.ipynb").touch()
    with pytest.raises(NotebookError, match=r"^'a\\n\\x1b\[31m.ipynb': the file is empty"):
        notebook.read(tmp_path / "a\n\x1b[31m.ipynb", limits=LIMITS)


def test_saved_outputs_are_kept():
    assert read("format_4_5").cells[1].outputs == [{"output_type": "stream", "name": "stdout", "text": "1\n"}]
    assert [output.output_type for output in read("format_3").cells[1].outputs] == [
        "stream",
        "execute_result",
    ]


def test_broken_outputs_are_dropped_and_the_rest_stays():
    only = read("broken_outputs").cells[0]
    assert (only.outputs, only.execution_count, only.metadata) == ([], None, {"tags": ["keep"]})


def test_broken_metadata_is_dropped_and_the_graders_stays():
    broken = read("broken_metadata")
    assert broken.metadata == {"grader": {"kit": "hw1"}}
    assert broken.cells[0].metadata == {"grader": {"question": "4.1"}}


def test_without_outputs_leaves_the_original_alone():
    original = read("format_4_5")
    bare = notebook.without_outputs(original)
    assert (bare.cells[1].outputs, bare.cells[1].execution_count) == ([], None)
    assert (len(original.cells[1].outputs), original.cells[1].execution_count) == (1, 3)


def test_the_key_ignores_what_a_run_does_not_depend_on():
    original = read("format_4_5")
    again = notebook.without_outputs(original)
    again.metadata["language_info"] = {"name": "python", "version": "3.12"}
    for position, changed in enumerate(again.cells):
        changed.update(id=f"other-{position}", metadata={"collapsed": True})
    assert notebook.content_key(again) == notebook.content_key(original)
    assert len(notebook.content_key(original)) == 64


@pytest.mark.parametrize(
    "other",
    [
        built(cell("b"), cell("a")),
        built(cell("a"), cell("b"), cell("")),
        built(cell("a"), cell("b", "markdown")),
        built(cell("a"), cell("b ")),
        built(cell("ab"), cell("")),
        built(cell("a"), cell("b", grader={"question": "4.1"})),
        built(cell("a"), cell("b", tags=["skip-execution"])),
        built(cell("a"), cell("b"), grader={"kit": "hw1"}),
    ],
    ids=["order", "one more", "type", "source", "boundary", "grader metadata", "tags", "notebook metadata"],
)
def test_the_key_includes_everything_that_a_run_depends_on(other):
    assert notebook.content_key(other) != notebook.content_key(built(cell("a"), cell("b")))


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        pytest.param(None, "it is null, not a cell", id="null"),
        pytest.param(7, "it is a number, not a cell", id="number"),
        pytest.param(["a = 2"], "it is a list, not a cell", id="list"),
        pytest.param({}, "its source is missing", id="nothing"),
        pytest.param(cell(None), "its source is missing", id="null source"),
        pytest.param(cell(3.5), "its source is a number, not text", id="number as source"),
        pytest.param(cell(True), "its source is true or false, not text", id="truth as source"),
        pytest.param(cell([None]), "its source is a list, not text", id="list of null"),
        pytest.param(cell([["a = 2"]]), "its source is a list, not text", id="nested list"),
        pytest.param(cell("a = 2", "sql"), "its type `sql` is unknown", id="unknown type"),
        pytest.param(cell("a = 2", None), "its type is missing", id="null type"),
        pytest.param({"source": "a = 2"}, "its type is missing", id="no type"),
        pytest.param({"cell_type": "code", "input": None}, "its source is missing", id="old, null input"),
    ],
)
def test_an_odd_cell_costs_that_cell_and_not_the_file(odd, why):
    book = built(cell("a = 1"), odd, cell("print(a)"))
    assert [each.source for each in book.cells][::2] == ["a = 1", "print(a)"]
    assert book.cells[1].cell_type == "raw"
    assert book.cells[1].source.endswith(f"[This cell could not be read: {why}.]")
    assert notebook.unread(book) == {1: why}
    assert notebook.told(notebook.unread(book)) == f"These cells could not be read: 2 ({why})."


def test_a_cell_of_an_unknown_type_keeps_its_text_and_its_question():
    odd = built(cell("select 1", "sql", grader={"question": "4.1"}, collapsed="perhaps")).cells[0]
    assert odd.source.startswith("select 1\n\n[This cell could not be read")
    assert odd.metadata["grader"] == {"question": "4.1"}


def test_no_cell_says_of_itself_that_it_could_not_be_read():
    assert notebook.unread(built(cell("a = 1", unread="so that a person decides"))) == {}


def test_only_a_few_unread_cells_are_named():
    assert notebook.told(dict.fromkeys(range(7), "it is null")) == (
        "These cells could not be read: 1 (it is null), 2 (it is null), 3 (it is null), 4 (it is null), "
        "5 (it is null) and 2 more."
    )


@pytest.mark.parametrize(
    ("odd", "kind", "source"),
    [
        pytest.param(cell("a = 1", "Code "), "code", "a = 1", id="type in capitals"),
        pytest.param({"source": "a = 1", "outputs": []}, "code", "a = 1", id="no type, with outputs"),
        pytest.param(cell("A title", "heading"), "markdown", "# A title", id="heading"),
        pytest.param(cell("T", "heading") | {"level": 3}, "markdown", "### T", id="heading of a level"),
        pytest.param(cell("T", "heading") | {"level": 2.0}, "markdown", "# T", id="heading of no level"),
        pytest.param(cell("<b>T</b>", "html"), "markdown", "<b>T</b>", id="html"),
        pytest.param({"cell_type": "code", "input": ["a\n", "b"]}, "code", "a\nb", id="input"),
        pytest.param(cell("a = 1") | {"outputs": "none"}, "code", "a = 1", id="outputs that are no list"),
        pytest.param(cell("a = 1") | {"execution_count": "7"}, "code", "a = 1", id="count as text"),
        pytest.param(cell("a = 1") | {"metadata": None}, "code", "a = 1", id="null metadata"),
        pytest.param(cell("a = 1") | {"id": 5}, "code", "a = 1", id="number as id"),
    ],
)
def test_what_is_odd_but_clear_is_read(odd, kind, source):
    book = built(odd)
    assert (book.cells[0].cell_type, book.cells[0].source) == (kind, source)
    assert notebook.unread(book) == {}


def test_what_is_invalid_is_dropped_from_its_own_cell_alone():
    output = {"output_type": "stream", "name": "stdout", "text": "1\n"}
    book = built(
        cell("a", tags=["kept"]) | {"outputs": [output]},
        cell("b", tags=["kept"]) | {"outputs": [{"output_type": "nonsense"}]},
        cell("c", tags="lost", grader={"question": "4.1"}) | {"outputs": [output]},
    )
    assert [len(each.outputs) for each in book.cells] == [1, 0, 0]
    assert [each.metadata for each in book.cells] == [
        {"tags": ["kept"]},
        {"tags": ["kept"]},
        {"grader": {"question": "4.1"}},
    ]


UMLAUTS = json.dumps({"cells": [cell("s = 'Übung · größer'")]}, ensure_ascii=False)


@pytest.mark.parametrize(
    "contents",
    [
        *(
            pytest.param(UMLAUTS.encode(name), id=name)
            for name in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252")
        ),
        pytest.param(b"\xfe\xff" + UMLAUTS.encode("utf-16-be"), id="utf-16-be with its mark"),
        pytest.param(UMLAUTS.encode() + bytes(500), id="NULs behind it"),
        pytest.param(UMLAUTS.encode("utf-16") + bytes(501), id="NULs behind utf-16"),
        pytest.param(UMLAUTS.replace("Ü", "*").encode().replace(b"*", b"\xdc"), id="one byte of cp1252"),
    ],
)
def test_the_text_is_read_in_any_encoding(contents):
    assert [each.source for each in notebook.parse(contents).cells] == ["s = 'Übung · größer'"]


@pytest.mark.parametrize("version", [4, "4", "4.5", 4.0, None, "", "four", [], {}, True, 3, 2, 0, -1])
def test_the_cells_tell_the_format(version):
    document = {"nbformat": version, "cells": [cell("a = 1")]}
    assert notebook.parse(json.dumps(document).encode()).cells[0].source == "a = 1"


@pytest.mark.parametrize("version", [2, 3, "3", None])
def test_worksheets_are_read_one_after_the_other(version):
    code = {"cell_type": "code", "language": "python", "input": ["a = ", "1"], "prompt_number": 3}
    outputs = [
        {"output_type": "pyout", "prompt_number": 3, "text": ["1"]},
        {"output_type": "stream", "stream": "stdout", "text": "2"},
        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": []},
    ]
    first = {"cells": [{"cell_type": "heading", "level": 2, "source": ["A ", "title"]}, None]}
    second = {"cells": [code | {"outputs": outputs}]}
    document = {"nbformat": version, "metadata": {"name": "hw"}, "worksheets": [first, None, second]}
    book = notebook.parse(json.dumps(document).encode())
    assert [each.source for each in book.cells][::2] == ["## A title", "a = 1"]
    assert notebook.unread(book) == {1: "it is null, not a cell"}
    assert book.cells[2].execution_count == 3
    assert [output.output_type for output in book.cells[2].outputs] == ["execute_result", "stream", "error"]


def test_a_bomb_inside_an_old_output_is_not_opened():
    output = {"output_type": "pyout", "json": "[" * 200_000}
    book = built({"cell_type": "code", "input": "a = 1", "outputs": [output]})
    assert book.cells[0].outputs == []


def test_the_number_of_cells_is_limited():
    with pytest.raises(NotebookError, match="more than 5000 cells"):
        built(*[0] * 5001)


@pytest.mark.parametrize(
    ("kernel", "language"),
    [
        ({"name": "julia", "display_name": "Python (julia)"}, {"name": "python"}),
        ({"name": "bash-tools"}, {"name": "python", "version": "3.9.1"}),
        ({"name": "ir", "language": "python"}, {}),
        ({"name": "sagemath", "language": "sage"}, {"name": "python"}),
        ({"name": "julia", "language": "python"}, {"name": ""}),
        ({"name": 7, "language": 7}, {"name": "ipython"}),
    ],
)
def test_a_kernel_may_have_any_name_if_its_language_is_python(kernel, language):
    assert built(cell("a = 1"), kernelspec=kernel, language_info=language).cells[0].source == "a = 1"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
odd_outputs = st.fixed_dictionaries(
    {}, optional={"output_type": st.sampled_from(["stream", "error", "display_data"]), "data": json_values}
)
odd_cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.sampled_from(["code", "markdown", "raw", "heading"]) | json_values,
        "id": json_values,
        "source": st.text() | st.lists(st.text()) | json_values,
        "input": json_values,
        "level": json_values,
        "metadata": st.dictionaries(st.sampled_from(["tags", "name", "collapsed", "grader"]), json_values),
        "outputs": st.lists(odd_outputs | json_values),
        "attachments": json_values,
        "execution_count": json_values,
    },
)


@settings(deadline=None)
@given(cells=st.lists(odd_cells | json_values, max_size=4), metadata=json_values)
def test_odd_cells_become_a_valid_notebook_of_as_many_cells(cells, metadata):
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    read_back = notebook.parse(json.dumps(document).encode())
    nbformat.validate(read_back)
    assert len({cell.id for cell in read_back.cells}) == len(cells)
    nbformat.writes(read_back).encode()


@settings(deadline=None)
@given(contents=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_read_or_refused(contents):
    try:
        nbformat.validate(notebook.parse(contents))
    except NotebookError as refusal:
        assert "\n" not in str(refusal)  # noqa: PT017 - both outcomes are right
