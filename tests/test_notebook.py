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
    "cells_are_no_cells": f"cell 2 is a str, not a cell; {RESAVE}",
    "unknown_cell_type": f"cell 2 has the unknown type `'slide\\x1b[31m'`; {RESAVE}",
    "source_is_no_text": f"the source of cell 2 is not text; {RESAVE}",
    "source_holds_numbers": f"the source of cell 1 is not text; {RESAVE}",
    "nul_bytes": f"it contains NUL bytes, so it is damaged or not UTF-8 text; {RESAVE}",
    "utf_16": f"it contains NUL bytes, so it is damaged or not UTF-8 text; {RESAVE}",
    "latin_1": f"it is not UTF-8 text (byte 244); {RESAVE}",
    "endless_number": f"its JSON contains an absurdly long number; {RESAVE}",
    "nested_too_deep": f"its JSON is nested more than 100 levels deep, unlike any genuine notebook; {RESAVE}",
    "kernel_r": f"it is written for R, and only Python notebooks are graded; {REKERNEL}",
    "kernel_julia": f"it is written for Julia, and only Python notebooks are graded; {REKERNEL}",
    "kernel_by_language_info": f"it is written for scala, and only Python notebooks are graded; {REKERNEL}",
    "format_2": f"notebook format 2 is neither 3 nor 4; {RESAVE}",
    "format_5": f"notebook format 5 is neither 3 nor 4; {RESAVE}",
    "format_3_of_nonsense": f"it claims notebook format 3, but its cells do not follow it; {RESAVE}",
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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
odd_outputs = st.fixed_dictionaries(
    {}, optional={"output_type": st.sampled_from(["stream", "error", "display_data"]), "data": json_values}
)
odd_cells = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw"])},
    optional={
        "id": json_values,
        "source": st.text() | st.lists(st.text()),
        "metadata": st.dictionaries(st.sampled_from(["tags", "name", "collapsed", "grader"]), json_values),
        "outputs": st.lists(odd_outputs | json_values),
        "attachments": json_values,
        "execution_count": json_values,
    },
)


@settings(deadline=None)
@given(cells=st.lists(odd_cells, max_size=4), metadata=json_values)
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
