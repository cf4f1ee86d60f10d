"""What a run depends on, and what not: two runs with one key would do the same."""

from dataclasses import replace

import nbformat
import pytest

from grader import keys
from grader.datasets import Dataset
from grader.errors import NotebookError
from grader.judging.court import Bench
from grader.limits import Limits
from grader.model import Document


def test_a_run_key_is_the_same_wherever_the_notebook_lies(plan, notebook, tmp_path):
    copy = tmp_path / "renamed.ipynb"
    copy.write_bytes(notebook.read_bytes())
    assert keys.of_run(plan, notebook) == keys.of_run(plan, copy)


def test_a_run_key_forgets_outputs_that_were_handed_in(plan, notebook):
    before = keys.of_run(plan, notebook)
    book = nbformat.read(notebook, as_version=4)
    book.cells[0].outputs = [nbformat.v4.new_output("stream", text="forged")]
    book.cells[0].execution_count = 99
    nbformat.write(book, notebook)
    assert keys.of_run(plan, notebook) == before


def test_a_run_key_changes_with_the_source(plan, notebook, notebook_of):
    before = keys.of_run(plan, notebook)
    notebook.write_text(notebook_of(number="number = 43"))
    assert keys.of_run(plan, notebook) != before


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"data_key": "all"},
        {"names": ("number",)},
        {"probes": "PROBES = {}"},
        {"probe_inputs": "INPUTS = {}"},
        {"strict": True},
        {"inputs": ("20",)},
        {"packages": ("pytest",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_run_key_changes_with_what_the_run_depends_on(plan, notebook, change):
    assert keys.of_run(replace(plan, **change), notebook) != keys.of_run(plan, notebook)


def test_a_run_key_changes_with_the_version_of_a_package_that_the_assignment_names(
    plan, notebook, monkeypatch
):
    named = replace(plan, packages=("pytest", "not-installed"))
    before = keys.of_run(named, notebook), keys.of_run(plan, notebook)
    keys._environment()  # kept from here on, so that only the named packages change
    monkeypatch.setattr(keys, "version_of", lambda _: "99")
    assert keys.of_run(named, notebook) != before[0]
    assert keys.of_run(plan, notebook) == before[1]


def test_a_run_key_does_not_change_with_how_long_it_may_take(plan, notebook):
    assert keys.of_run(replace(plan, limits=Limits(cell_floor=1.0)), notebook) == keys.of_run(plan, notebook)


def test_a_run_key_changes_with_a_support_files_content_and_name_but_not_its_place(plan, notebook, tmp_path):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("1")
    other.write_text("2")
    found = [
        keys.of_run(plan, notebook),
        keys.of_run(plan, notebook, [("data.csv", one)]),
        keys.of_run(plan, notebook, [("data.csv", other)]),
        keys.of_run(plan, notebook, [("renamed.csv", one)]),
        keys.of_run(plan, notebook, [("a.csv", one), ("b.csv", other)]),
        keys.of_run(plan, notebook, [("a.csv", other), ("b.csv", one)]),
    ]
    assert len(set(found)) == len(found)
    moved = tmp_path / "elsewhere.csv"
    moved.write_text("1")
    assert keys.of_run(plan, notebook, [("data.csv", moved)]) == found[1]


def test_a_file_that_is_not_a_notebook_has_no_key(plan, notebook):
    notebook.write_text("")
    with pytest.raises(NotebookError, match="the file is empty"):
        keys.of_run(plan, notebook)


@pytest.mark.parametrize("name", ["test_one.py", "assignment.toml", "truth.csv", "helpers/shared.py"])
def test_a_grade_depends_on_every_file_that_a_check_may_read(tmp_path, name):
    bench = Bench(assignment=tmp_path, profile="full", reference=(), dataset=Dataset(name="none", root=None))
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("1")
    before = keys.of_bench(bench)
    assert keys.of_bench(bench) == before
    path.write_text("2")
    assert keys.of_bench(bench) != before


def test_a_run_that_recorded_less_is_another_run(plan, notebook, monkeypatch):
    """Deadlines follow from what is recorded of the reference, so an older run of it must not be reused."""
    before = keys.of_run(plan, notebook)
    monkeypatch.setattr(keys, "RECORDED", "the next thing")
    assert keys.of_run(plan, notebook) != before


def test_code_counts_by_what_it_does():
    """A typo in a comment or docstring runs no class anew."""
    code = keys.of_code('def f(x):\n    """Doubel."""\n    return 2 * x  # twise\n')
    assert keys.of_code('# Ours.\ndef f(x):\n    """Double."""\n\n    return (2 * x)\n') == code
    assert keys.of_code("def f(x):\n    return 3 * x\n") != code


@pytest.mark.parametrize("name", keys.RUNNING)
def test_a_run_key_changes_with_the_code_outside_the_kernel_that_makes_an_execution(
    plan, notebook, monkeypatch, name
):
    keys._environment.cache_clear()
    before, read = keys.of_run(plan, notebook), keys.of_code
    assert (keys.PACKAGE / name).is_file()
    text = (keys.PACKAGE / name).read_text()
    monkeypatch.setattr(keys, "of_code", lambda source: "new" if source == text else read(source))
    keys._environment.cache_clear()
    assert keys.of_run(plan, notebook) != before
    monkeypatch.undo()
    keys._environment.cache_clear()


def test_conditions_name_what_an_assignment_gives_a_run(plan):
    before = keys.of_conditions(plan)
    for change, part in (
        ({"probes": "PROBES = {}"}, "probes.py"),
        ({"data_key": "all"}, "the data or the files"),
    ):
        after = keys.of_conditions(replace(plan, **change))
        assert [name.startswith(part) for name in before if before[name] != after[name]] == [True]


@pytest.mark.parametrize("change", [{"digest": "b"}, {"name": "b.tex"}, {"problem": "is encrypted"}])
def test_what_a_run_is_kept_under_changes_with_the_files_that_hold_answers(change):
    document = Document(name="a.tex", digest="a", text="words")
    before = keys.of_documents("run", [document])
    assert keys.of_documents("run", [replace(document, text="as read by another release")]) == before
    assert (
        len({before, keys.of_documents("run", [replace(document, **change)]), keys.of_documents("run", [])})
        == 3
    )
