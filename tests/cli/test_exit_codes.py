"""Every exit code that the guide documents, by the smallest input that leads to it."""

import re
import shutil
from dataclasses import replace

import pytest

from grader import run as pipeline
from grader.cli.console import BELOW, GRADED, INTERRUPTED, OURS, WRONG_USE
from grader.model import Outcome
from grader.places import PACKAGE
from grader.results.store import Store


def interrupt(*_, **__):
    raise KeyboardInterrupt


def as_it_is(_graded, _patch):
    pass


def interrupted(_graded, patch):
    for name in ("grade_all", "check", "regrade_all"):
        patch.setattr(pipeline, name, interrupt)


def a_rubric_that_does_not_add_up(graded, _patch):
    graded.rubric("points=0.75", "points=0.5")


def a_rubric_that_the_reference_fails(graded, _patch):
    graded.rubric("seen.number != wanted", "seen.number == wanted")


def a_check_that_breaks(graded, _patch):
    graded.rubric("award(0.25", "raise RuntimeError  # ")


def no_notebook_that_can_be_read(graded, _patch):
    for student in ("ada", "bob", "cyd"):
        shutil.rmtree(graded.hand_ins / student)


def judged(outcome):
    """The public checks of a notebook end like this."""

    def given(graded, patch):
        with Store.existing(graded.results) as store:
            grade = store.grade("ada")
        questions = [
            replace(each, checks=tuple(replace(check, outcome=outcome) for check in each.checks))
            for each in grade.questions
        ]
        patch.setattr(pipeline, "check", lambda *_: replace(grade, questions=tuple(questions)))

    given.__name__ = outcome.value
    return given


def row(command, code, given=as_it_is, *options):
    return pytest.param(
        command, code, given, options, id=f"{command} {code} {given.__name__.replace('_', ' ')}"
    )


EXITS = [
    row("run", GRADED),
    row("run", BELOW, as_it_is, "--fail-under", "2.5"),
    row("run", WRONG_USE, as_it_is, "--only", "nobody"),
    row("run", WRONG_USE, a_rubric_that_does_not_add_up),
    row("run", WRONG_USE, a_rubric_that_the_reference_fails),
    row("run", WRONG_USE, no_notebook_that_can_be_read),
    row("run", OURS, a_check_that_breaks),
    row("run", OURS, a_check_that_breaks, "--fail-under", "2.5"),
    row("run", INTERRUPTED, interrupted),
    row("check", GRADED, judged(Outcome.PASSED)),
    row("check", GRADED, judged(Outcome.REVIEW)),
    row("check", BELOW, judged(Outcome.PARTIAL)),
    row("check", BELOW, judged(Outcome.FAILED)),
    row("check", WRONG_USE, judged(Outcome.PASSED), "--pack", "gone.pack"),
    row("check", OURS, judged(Outcome.BROKEN)),
    row("check", INTERRUPTED, interrupted),
    row("regrade", GRADED),
    row("regrade", WRONG_USE, as_it_is, "--undo", "--dry-run"),
    row("regrade", WRONG_USE, a_rubric_that_does_not_add_up),
    row("regrade", WRONG_USE, a_rubric_that_the_reference_fails),
    row("regrade", OURS, a_check_that_breaks),
    row("regrade", INTERRUPTED, interrupted),
]
DOCUMENTED = {
    "run": {GRADED, BELOW, WRONG_USE, OURS, INTERRUPTED},
    "check": {GRADED, BELOW, WRONG_USE, OURS, INTERRUPTED},
    "regrade": {GRADED, WRONG_USE, OURS, INTERRUPTED},
}


@pytest.fixture
def command(graded, run, call, monkeypatch, warm):  # noqa: ARG001 - in place first
    def command(name, given, *options):
        given(graded, monkeypatch)
        match name:
            case "run":
                return run(*options)
            case "check":
                return call("check", graded.hand_ins / "ada/tiny.ipynb", "-a", graded.assignment, *options)
        return call(name, graded.results, *options)

    return command


@pytest.mark.parametrize(("name", "code", "given", "options"), EXITS)
def test_an_exit_code(command, name, code, given, options):
    said = command(name, given, *options)
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    if code == WRONG_USE:
        assert said.err.splitlines()[-1].startswith("error: ")
    if code == OURS and name != "check":
        assert said.err.splitlines()[-1].startswith("Run the same command again: ")


def test_every_documented_code_has_a_row():
    guide = (PACKAGE / "guide" / "ci.md").read_text()
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", guide, re.MULTILINE)}
    tested = {}
    for entry in EXITS:
        command, code, *_ = entry.values
        tested.setdefault(command, set()).add(code)
    assert tested == DOCUMENTED
    assert set.union(*DOCUMENTED.values()) == codes
