"""What a terminal and a log show while a class is graded."""

import io

import pytest
from rich.console import Console

from grader.cli.progress import ClassProgress
from grader.model import Ending
from grader.session import Event


class Screen:
    def __init__(self, *, terminal, width=100):
        self.file = io.StringIO()
        self.console = Console(file=self.file, force_terminal=terminal, width=width, legacy_windows=False)

    @property
    def text(self):
        return self.file.getvalue()


@pytest.fixture
def log():
    return Screen(terminal=False)


def executed(student, seconds=10.0, ending=Ending.FINISHED):
    return Event("executed", student, ending=ending, seconds=seconds)


def test_a_log_gets_a_line_for_each_notebook(log):
    with ClassProgress(log.console, total=4, jobs=1) as show:
        show(Event("prepared", "reference", ending=Ending.FINISHED, seconds=8.0))
        show(Event("reused", "ada", ending=Ending.FINISHED))
        show(Event("cell", "bob", cell=1, cells=3))
        show(executed("bob"))
        show(executed("cyd", ending=Ending.TIMEOUT, seconds=20.0))
        show(Event("graded", "ada"))
    assert log.text.splitlines() == [
        "reference: finished (8.0 s)",
        "[1/4] ada: finished (nothing to run)",
        "[2/4] bob: finished (10.0 s), about 20 s left",
        "[3/4] cyd: timeout (20.0 s), about 15 s left",
    ]


@pytest.mark.parametrize(
    ("total", "jobs", "left"),
    [(3, 1, "about 20 s left"), (3, 2, "about 10 s left"), (3, 9, "about 10 s left"), (40, 2, "about 3 min left")],
)  # fmt: skip
def test_how_long_it_takes_follows_from_what_it_took(log, total, jobs, left):
    with ClassProgress(log.console, total=total, jobs=jobs) as show:
        show(executed("ada"))
    assert log.text.strip().endswith(left)


def test_a_name_that_looks_like_markup_is_shown_as_it_is(log):
    with ClassProgress(log.console, total=1, jobs=1) as show:
        show(executed("[bold]ada[red]"))
    assert "[1/1] [bold]ada[red]: finished" in log.text


def test_a_long_line_is_not_broken():
    narrow = Screen(terminal=False, width=30)
    with ClassProgress(narrow.console, total=2, jobs=1) as show:
        show(executed("a-student-with-a-name-of-some-length"))
    assert len(narrow.text.splitlines()) == 1


def test_a_terminal_shows_who_is_at_which_cell_until_that_one_is_done():
    screen = Screen(terminal=True)
    with ClassProgress(screen.console, total=2, jobs=2) as show:
        show(Event("cell", "reference", cell=2, cells=3))
        assert "reference" in shown(show)
        show(Event("prepared", "reference", ending=Ending.FINISHED))
        assert "reference" not in shown(show)
        show(Event("cell", "[ada]", cell=2, cells=3))
        assert "[ada]" in shown(show)
        assert "cell 2 of 3" in shown(show)
        show(executed("[ada]"))
        show(Event("graded", "[ada]"))
        assert "[ada]" not in shown(show)
        assert "1/2" in shown(show)
        assert "about 10 s left" in shown(show)


def shown(progress):
    """The display as it would be drawn now."""
    screen = Screen(terminal=False)
    screen.console.print(progress._display())
    return screen.text


def test_nothing_is_drawn_where_a_program_reads():
    quiet = Screen(terminal=True)
    quiet.console.quiet = True
    with ClassProgress(quiet.console, total=1, jobs=1) as show:
        show(executed("ada"))
    assert quiet.text == ""
