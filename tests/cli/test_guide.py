"""The guide: its pages, how they are shown, and that they tell the truth about the commands."""

import io
import re
import shlex
from pathlib import Path

import pytest
from rich.console import Console
from typer.core import TyperGroup

from grader.cli import guide, reference
from grader.cli.app import command

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^()((?:    .*\n)+)", re.MULTILINE)
PAGES = guide.pages()
README = Path(__file__).parents[2] / "README.md"
EXAMPLES = [
    (name, line.strip())
    for name, path in {**PAGES, "README": README}.items()
    for language, block in [
        *FENCE.findall(path.read_text("utf-8")),
        *INDENTED.findall(path.read_text("utf-8")),
    ]
    if language in ("", "sh", "bash", "console")
    for line in block.splitlines()
    if line.strip().startswith("grader ")
]


def test_the_pages_for_each_reader_are_there():
    assert {"ci", "commands", "instructors", "result", "sandbox", "students"} <= set(PAGES)


def test_without_a_page_all_are_listed_with_a_line_each(call):
    lines = call("guide").out.splitlines()
    assert [line.split()[0] for line in lines[: len(PAGES)]] == list(PAGES)
    assert all(len(line.split(maxsplit=1)[1]) > 5 for line in lines[: len(PAGES)])


@pytest.mark.parametrize("name", PAGES)
def test_every_page_has_a_title(name):
    text = PAGES[name].read_text("utf-8")
    assert text.startswith("# ")
    assert "#" not in guide.title(PAGES[name])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_in_a_pipe_is_its_own_text(call, name):
    assert call("guide", name).out.rstrip() == PAGES[name].read_text("utf-8").rstrip()


@pytest.mark.parametrize("width", [80, 120])
def test_a_page_on_a_terminal_is_laid_out(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    screen = Console(file=io.StringIO(), width=width)
    shown = []
    monkeypatch.setattr(guide, "show", lambda page, *, width: shown.append((page, width)))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    call("guide", "instructors")
    ((page, wide),) = shown
    assert wide == min(width, guide.WIDTH)
    screen.print(page)
    assert "```" not in screen.file.getvalue()
    assert "grader run submissions/" in screen.file.getvalue()


def test_the_reference_is_written_from_the_commands():
    """After a change: python -m grader.cli.reference > grader/guide/commands.md."""
    assert PAGES["commands"].read_text("utf-8") == reference.page()


def named(group=None, path="grader"):
    """Every command with its options."""
    group = group or command()
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        if isinstance(found, TyperGroup):
            yield from named(found, f"{path} {name}")
        else:
            yield f"{path} {name}", found


COMMANDS = dict(named())


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_has_an_entry(path):
    """Also where the function that writes the page leaves something out."""
    section = PAGES["commands"].read_text("utf-8").partition(f"## {path}\n")[2].partition("\n## ")[0]
    for parameter in COMMANDS[path].params:
        words = [parameter.metavar] if parameter.param_type_name == "argument" else parameter.opts
        for word in words:
            assert re.search(rf"^\| `[^`]*{re.escape(word)}\b", section, re.MULTILINE), word


def test_there_are_examples_to_look_at():
    assert {name for name, _ in EXAMPLES} >= {
        "README",
        "ci",
        "commands",
        "instructors",
        "sandbox",
        "students",
    }


@pytest.mark.parametrize(("page", "line"), EXAMPLES)
def test_every_command_shown_exists(page, line):  # noqa: ARG001 - names the test
    """As the shell would read it, options and arguments included; nothing is run."""
    _, *words = shlex.split(re.split(r"\s[|>]\s|\s+#", line)[0])
    group = command()
    while isinstance(group, TyperGroup):
        name = words.pop(0)
        group = group.get_command(None, name)
        assert group is not None, name
    group.make_context(group.name, words).close()
