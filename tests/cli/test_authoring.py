"""`kit`; `validate` is tested beside its room."""

import json
import zipfile

import pytest

from grader.cli import conditions
from grader.cli.console import WRONG_USE
from grader.errors import RubricError
from grader.execution import worker


def test_the_kit_has_the_questions_and_no_solution(graded, call, tmp_path):
    said = call("kit", graded.assignment, "-o", tmp_path / "kit.zip")
    assert (said.code, said.out) == (0, f"Wrote {tmp_path}/kit.zip\n")
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        texts = {
            name: kit.read(name).decode(errors="replace")
            for name in kit.namelist()
            if not name.endswith(".whl")
        }
    (notebook,) = (text for name, text in texts.items() if name.endswith(".ipynb"))
    assert [cell["metadata"]["grader"]["question"] for cell in json.loads(notebook)["cells"]] == [
        "1",
        "2",
        "3",
    ]
    master = (graded.assignment / "master.ipynb").read_text()
    for solution in ("6 * 7", "3.0, 2.0", "Because it is so"):
        assert solution in master
        assert not any(solution in text for text in texts.values())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(
            "import os; os._exit(0)", "can't be loaded. The worker process died with exit code 0.", id="exit"
        ),
        pytest.param(
            "while True: pass", "can't be loaded. The worker process did not finish in time.", id="no end"
        ),
        pytest.param("import os; os.kill(os.getpid(), 9)", "process died by signal 9.", id="killed"),
        pytest.param("raise SystemExit(0)", "/tiny: SystemExit: 0", id="SystemExit"),
        pytest.param("def broken(:", "test_tiny.py:1: invalid syntax", id="syntax"),
    ],
)
def test_a_rubric_that_cannot_be_imported_is_one_clear_line(assignment, call, monkeypatch, line, said):
    monkeypatch.setattr(conditions, "MOST_COLLECTING", 2.0 if "while" in line else 60.0)
    path = assignment / "test_tiny.py"
    path.write_text(f"{line}\n{path.read_text()}")
    ended = call("kit", assignment, "-o", assignment.parent / "kit.zip")
    assert (ended.code, ended.out) == (WRONG_USE, "")
    assert said in ended.error
    assert "Traceback" not in ended.err
    assert not (assignment.parent / "kit.zip").exists()


def test_a_rubric_is_collected_once_until_it_changes(assignment, monkeypatch):
    collected = []
    call = worker.call

    def counting(function, *arguments, **options):
        collected.append(function)
        return call(function, *arguments, **options)

    monkeypatch.setattr(worker, "call", counting)
    for _ in range(2):
        conditions.assignment_of(str(assignment))
    assert len(collected) == 1
    path = assignment / "test_tiny.py"
    path.write_text(f"{path.read_text()}\ndef broken(:\n")
    for _ in range(2):  # what was refused is collected again
        with pytest.raises(RubricError):
            conditions.assignment_of(str(assignment))
    assert len(collected) == 3
