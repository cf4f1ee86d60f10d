import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from grader.jupyter import table

from .conftest import CHECK, RESULT, WRONG

STATES = ("done", "missing", "unknown")


def shown(text):
    """What is below the first line, which says what was checked."""
    return text.splitlines()[1:]


def test_all_questions_take_a_line_each(kit, kernel):
    assert shown(kernel.run("%check")) == [
        "✓ passed   1a    A number",
        "✗ partial  1b    It is right. It is <b>wrong</b>. (1 more)",
        "? review   2     Words",
        "To see all that the checks say about question 1b: `%check 1b`",
    ]
    assert kit.called == ["-P", "-m", "grader", "check", str(kit.notebook), "--pack", str(kit.pack), "--json"]


def test_a_check_that_is_worth_nothing_does_not_say_that_the_question_is_right(kit, kernel):
    there = CHECK | {"title": "An answer is there.", "max": 0}
    kit.program(RESULT | {"questions": [RESULT["questions"][0] | {"checks": [there]}]})
    assert "✓ passed   1a    An answer is there." in kernel.run("%check").splitlines()


def test_one_question_shows_everything_that_its_checks_say(kernel):
    wrong = ["It is <b>wrong</b>.", "Expected: 42", "Found: 41", "Hint: Use `sum`."]
    assert [line.strip() for line in shown(kernel.run("%check 1b"))] == [
        "✓ passed   1b    It is right.",
        *["✗ failed   1b    It is right.", *wrong] * 2,
    ]


def test_in_html_it_is_a_table_in_which_nothing_of_a_notebook_is_html(kernel):
    kernel.run("%check 1b")
    page = kernel.pages[-1]["text/html"]
    assert page.count("<tr>") == 3
    assert "It is &lt;b&gt;wrong&lt;/b&gt;." in page
    assert "Hint: Use <code>sum</code>." in page


CAUSES = [
    {"text": "It is <b>wrong</b>.", "where": "Question 1b, cell 3", "expected": "42", "hint": "Use `sum`."},
    {"text": "Cell 4 ended with NameError.", "where": "Questions 1b, 2", "expected": "", "hint": ""},
]


def test_what_cost_most_comes_first(kit, kernel):
    kit.program(RESULT | {"causes": CAUSES})
    lines = shown(kernel.run("%check"))
    assert lines[:7] == [
        "Look at these first:",
        "1. It is <b>wrong</b>.",
        "   Question 1b, cell 3",
        "   Expected: 42",
        "   Hint: Use `sum`.",
        "2. Cell 4 ended with NameError.",
        "   Questions 1b, 2",
    ]
    assert lines[7].startswith("✓ passed   1a")
    page = kernel.pages[-1]["text/html"]
    assert (
        "<li>It is &lt;b&gt;wrong&lt;/b&gt;.<br>Question 1b, cell 3<br>Expected: 42<br>Hint: Use <code>"
        in page
    )
    assert page.index("</ol>") < page.index("<table")


def test_where_a_question_was_asked_for_it_alone_is_shown(kit, kernel):
    kit.program(RESULT | {"causes": CAUSES})
    assert "Look at" not in kernel.run("%check 1b")


def test_while_it_works_it_says_so_and_when_the_file_was_saved(kernel):
    kernel.run("%check")
    texts = [page["text/plain"] for page in kernel.pages]
    assert texts[0] == "Starting …"
    assert texts[1].startswith("Checking hw.ipynb, as saved on ")
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param(
            {"ending": "error", "ending_detail": "Cell 3: ValueError"},
            "The notebook did not run to its end (error): Cell 3: ValueError",
            id="ending",
        ),
        pytest.param({"notices": ["Your kit is old."]}, "Your kit is old.", id="notice"),
        pytest.param(
            {"hand_in": [{"state": state, "text": f"Is {state}.", "todo": "Do it."} for state in STATES]},
            "• Is missing. Do it.",
            id="to do",
        ),
    ],
)
def test_what_else_the_program_says_stands_below(kit, kernel, change, line):
    kit.program(RESULT | change)
    assert line in kernel.run("%check").splitlines()
    assert f">{line}</p>" in kernel.pages[-1]["text/html"]


def test_what_is_long_is_cut(kit, kernel):
    check = CHECK | WRONG | {"actual": "1.0 " * 1000}
    kit.program(RESULT | {"questions": [RESULT["questions"][1] | {"checks": [check]}]})
    assert len(kernel.run("%check 1b")) < 600
    kit.program(RESULT | {"causes": [CAUSES[0] | {"actual": "1.0 " * 1000}]})
    assert len(kernel.run("%check")) < 1000


def test_what_is_long_and_has_no_space_is_cut_within():
    assert table.shortened("Found: " + "[1,2,3]" * 100, 20) == "Found: [1,2,3][1,2 …"
    assert table.shortened("a\n  b") == "a b"


# ---- which notebook


def test_the_notebook_that_is_named_is_checked(kit, kernel):
    kit.save(path=kit.folder / "my own.ipynb")
    assert kernel.run('%check "my own.ipynb" 1a').startswith("my own.ipynb, as saved on ")
    assert kit.called[4] == "my own.ipynb"


@pytest.mark.parametrize("by", ["jupyter", "code"])
def test_the_notebook_that_the_kernel_was_told_is_checked(kit, kernel, monkeypatch, by):
    kit.save(path=kit.folder / "other.ipynb")
    if by == "jupyter":
        monkeypatch.setenv("JPY_SESSION_NAME", str(kit.notebook))
    else:
        monkeypatch.setenv(
            "JPY_SESSION_NAME", f"{kit.folder}/hw-jvsc-1.ipynb"
        )  # no file of that name is there
        kernel.user_ns["__vsc_ipynb_file__"] = str(kit.notebook)
    kernel.run("%check")
    assert kit.called[4] == str(kit.notebook)


def test_a_notebook_that_was_renamed_is_found_if_it_is_the_only_one(kit, kernel, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(kit.folder / "before.ipynb"))
    kernel.run("%check")
    assert Path(kit.called[4]).name == "hw.ipynb"


def test_the_pack_beside_a_notebook_elsewhere_is_taken(kit, kernel, tmp_path):
    (other := tmp_path / "other").mkdir()
    kit.save(path=other / "old.ipynb")
    (other / "old.pack").touch()
    kernel.run(f"%check {other}/old.ipynb")
    assert kit.called[6] == str(other / "old.pack")
    kernel.run(f"%check {other}/old.ipynb hw.pack")
    assert kit.called[6] == "hw.pack"


def test_colab_is_asked_for_the_notebook_even_where_a_file_has_its_name(kit, kernel, colab, tmp_path):
    cells = [{"cell_type": "code", "source": ["y = 2"]}]
    colab.answer = {"ipynb": {"cells": cells, "metadata": {"colab": {"name": "../hw.ipynb"}}}}
    assert kernel.run("%check").startswith("___hw.ipynb, as it is on your screen\n✓ passed   1a")
    assert colab.asked == [("get_ipynb", "")]
    assert json.loads(kit.kept("notebook"))["cells"] == cells
    assert kit.called[6] == str(kit.pack)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_in_colab_a_file_that_is_named_is_checked(kit, kernel, colab):
    kernel.run("%check hw.ipynb")
    assert (colab.asked, kit.called[4]) == ([], "hw.ipynb")


# ---- is the file what is on the screen


OLDER = (
    "The file is older than your screen: you ran “y = 3” after you saved it, and that cell is not in the file. "
    "Save your notebook, and run %check again."
)


@pytest.mark.parametrize(
    ("ran", "saved"),
    [
        pytest.param("y = 3\nz = 4", (["x = 1"], 60, True), id="new"),
        pytest.param("y = 3", (["x = 1", "y = 3\n"], 60, False), id="saved"),
        pytest.param("y = 3", (["x = 1"], -60, False), id="edited and saved"),
        pytest.param("%matplotlib inline", (["x = 1"], 60, False), id="magic"),
        pytest.param("", (["x = 1"], 60, False), id="empty"),
    ],
)
def test_a_cell_that_ran_since_and_is_not_in_the_file_is_told(kit, kernel, ran, saved):
    cells, age, older = saved
    kit.save(*cells, ago=age)
    kernel.run(ran)
    lines = kernel.run("%check").splitlines()
    assert (OLDER in lines) == older
    assert any("older" in line for line in lines) == older
    assert "older" not in "".join(lines[2:])  # it stands above the table


def test_of_a_notebook_that_is_named_nothing_is_claimed(kit, kernel):
    """It may be another one than that in which the cell ran."""
    os.utime(kit.notebook, (1, 1))
    kernel.run("y = 3")
    assert "older" not in kernel.run("%check hw.ipynb")


def test_of_a_file_that_can_not_be_read_nothing_is_claimed(kit, kernel):
    kit.notebook.write_text("[1, 2")
    os.utime(kit.notebook, (1, 1))
    kernel.run("y = 3")
    assert "older" not in kernel.run("%check")


# ---- what goes wrong


def without_environment(kit):
    (kit.python.parent / "grader").unlink()


TRACEBACK = "Traceback (most recent call last):\n  File …\nModuleNotFoundError: No module named 'typer'\n"
ANEW = "Install them anew: %check --install."
FAILURES = {
    "no environment": (
        without_environment,
        "",
        "The checks are not installed yet. Run this once: %check --install.",
    ),
    "no pack": (
        lambda kit: kit.pack.unlink(),
        "",
        "There is no check pack. Put the file that ends with .pack, from your kit, into {folder}.",
    ),
    "several packs": (
        lambda kit: (kit.folder / "a.pack").touch(),
        "",
        "There are several check packs in {folder}. Name yours: %check a.pack.",
    ),
    "no notebook": (
        lambda kit: kit.notebook.unlink(),
        "",
        "There is no notebook in {folder}. Save yours, and name it: %check homework.ipynb.",
    ),
    "several notebooks": (
        lambda kit: kit.save(path=kit.folder / "more.ipynb"),
        "",
        "There are several notebooks in {folder}. Save yours, and name it: %check homework.ipynb.",
    ),
    "no such notebook": (
        id,
        "hw2.ipynb",
        "hw2.ipynb can't be read (No such file or directory). Check its name.",
    ),
    "no such question": (id, "7", "No public check is about 7. There are checks about 1a, 1b, 2."),
    "an option": (
        id,
        "--all",
        "Write %check, %check 4.6 for one question, or %check homework.ipynb for one notebook.",
    ),
    "a quote": (
        id,
        "'4.6",
        "Write %check, %check 4.6 for one question, or %check homework.ipynb for one notebook.",
    ),
    "refused": (
        lambda kit: kit.program(
            "", "Note\nerror: hw.pack was changed after it was made; download the kit again.\n", 2
        ),
        "",
        "hw.pack was changed after it was made; download the kit again.",
    ),
    "internal error": (
        lambda kit: kit.program("", "internal error: no kernel starts here.\n", 3),
        "",
        "The checks could not run: internal error: no kernel starts here. Install them anew: %check --install.",
    ),
    "crashed": (
        lambda kit: kit.program("", TRACEBACK, 1),
        "",
        "The checks could not run: ModuleNotFoundError: No module named 'typer'. " + ANEW,
    ),
    "killed": (
        lambda kit: kit.program("", more="kill -9 $$"),
        "",
        "The checks could not run: it said nothing. Install them anew: %check --install.",
    ),
    "not startable": (
        lambda kit: kit.python.chmod(0o644),
        "",
        "The checks could not run: [Errno 13] Permission denied: '{folder}/checks/bin/python'. " + ANEW,
    ),
    "another program": (
        lambda kit: kit.program({"questions": []}),
        "",
        "internal error, please report it: KeyError: 'ending'.",
    ),
}


@pytest.mark.parametrize("why", FAILURES)
def test_what_goes_wrong_is_one_line_with_the_next_step(kit, kernel, why):
    cause, line, text = FAILURES[why]
    cause(kit)
    assert kernel.run(f"%check {line}") == f"%check: {text.format(folder=kit.folder)}"
    assert set(kernel.pages[-1]) == {"text/plain"}


@pytest.mark.parametrize("answer", [None, {}, {"ipynb": None}, RuntimeError("no page")], ids=repr)
def test_where_colab_does_not_answer_it_says_what_to_do(kernel, colab, answer):
    colab.answer = answer
    assert kernel.run("%check") == (
        "%check: Colab did not hand over your notebook. Try again; or download it, upload it, "
        "and name it: %check homework.ipynb."
    )


def test_an_interrupt_stops_the_program_and_lets_it_clean_up(kit, kernel):
    kit.program(
        RESULT, more="trap 'touch cleaned; exit 130' INT\ntouch started\nsleep 60 >/dev/null 2>&1 & wait"
    )
    started, cleaned = (kit.folder / "checks" / name for name in ("started", "cleaned"))

    def interrupt():
        while not started.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # who runs us may ignore it, as nohup does
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        assert kernel.run("%check") == "%check: interrupted, so nothing was checked."
    finally:
        signal.signal(signal.SIGINT, before)
    assert cleaned.exists()


def test_the_program_gets_no_variable_that_colours_its_output(kit, kernel, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("MPLBACKEND", "module://nowhere")
    kernel.run("%check")
    variables = kit.kept("variables").splitlines()
    assert "NO_COLOR=1" in variables
    assert not any(line.startswith(("FORCE_COLOR=", "MPLBACKEND=")) for line in variables)


def test_nothing_is_written_into_the_folder(kit, kernel, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in kit.folder.iterdir() if path.name != "checks"}
    kernel.run("%check")
    assert {path: path.stat().st_mtime_ns for path in kit.folder.iterdir() if path.name != "checks"} == before
    assert list((tmp_path / "temporary").iterdir()) == []
