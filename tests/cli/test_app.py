"""Help, version and completion: what is said, and how little is imported for it."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys

import pytest
from typer.core import TyperGroup

from grader.cli.app import command

HEAVY = {"torch", "numpy", "pytest", "nbformat", "z3", "sqlite3", "rich", "pydantic", "libcst", "jinja2"}
IMPORTED = """
import json, runpy, sys
sys.argv[1:] = json.loads(sys.argv[1])
try:
    runpy.run_module("grader", run_name="__main__")
finally:
    sys.stderr.write(json.dumps(list(sys.modules)))
"""


def commands(group=None, path=()):
    """Each command by the words that call it, groups included."""
    group = group or command()
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield (*path, name), found
        if isinstance(found, TyperGroup):
            yield from commands(found, (*path, name))


COMMANDS = dict(commands())
SINGLE = [words for words, found in COMMANDS.items() if not isinstance(found, TyperGroup)]


def test_the_commands_are_those_that_scripts_rely_on():
    assert {
        "check", "run", "regrade", "report", "release", "export", "new", "validate", "kit", "doctor", "data fetch",
        "data where", "guide",
    } <= {" ".join(words) for words in COMMANDS}  # fmt: skip


@pytest.mark.parametrize("words", SINGLE, ids=" ".join)
def test_every_command_explains_itself_by_an_example(call, words):
    said = call(*words, "--help")
    assert said.code == 0
    examples = said.out.partition("\nExamples:\n")[2].splitlines()
    assert examples
    assert all(line.startswith(f"  grader {' '.join(words)}") for line in examples)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_list_of_commands_says_what_the_command_says_of_itself(call, words):
    listing = " ".join(call(*words[:-1], "--help").out.split())
    summary = COMMANDS[words].help.partition("\n")[0]
    assert f" {words[-1]} {summary}" in listing


@pytest.mark.parametrize("width", [80, 120])
def test_help_fits_the_terminal(grader, width):
    for words in [(), ("run",)]:
        lines = grader(*words, "--help", columns=width).stdout.splitlines()
        assert max(map(len, lines)) <= width


def test_help_has_a_short_name(call):
    assert call("run", "-h").out == call("run", "--help").out


@pytest.mark.parametrize("words", [(), ("data",)], ids=["grader", "grader data"])
def test_a_group_alone_lists_its_commands_as_wrong_use(call, words):
    said = call(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err == call(*words, "--help").out


def test_the_version(call):
    said = call("--version")
    assert (said.code, said.out) == (0, f"grader {importlib.metadata.version('grader')}\n")


def imported(*words, **environment):
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, json.dumps(words)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    return done.stdout, {name.partition(".")[0] for name in json.loads(done.stderr)} & HEAVY


@pytest.mark.parametrize(
    "words", [(), ("--version",), *COMMANDS], ids=lambda words: " ".join(words) or "grader"
)
def test_help_imports_nothing_that_takes_long(words):
    out, heavy = imported(*words, *(() if "--version" in words else ("--help",)))
    assert out
    assert not heavy


def complete(shell, line):
    words = line.split(" ")
    return imported(
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
        _TYPER_COMPLETE_ARGS=line,
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _GRADER_COMPLETE=f"complete_{shell}",
    )


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("grader re", ["regrade", "report", "release"]),
        ("grader data ", ["fetch", "where"]),
        ("grader run submissions/ --pro", ["--profile"]),
        ("grader run submissions/ --profile ", ["full", "quick"]),
        ("grader export c", ["canvas", "csv"]),
        ("grader guide in", ["instructors"]),
    ],
)
def test_completion_in_bash(line, completed):
    out, heavy = complete("bash", line)
    assert out.split() == completed
    assert not heavy


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "word", "explained"),
    [
        ("grader rep", "report", "Write the reports and tables again from the stored grades."),
        ("grader run x --dat", "--data", "Folder with the files of the data set."),
    ],
)
def test_completion_with_explanations(shell, line, word, explained):
    out, heavy = complete(shell, line)
    assert word in out
    assert explained in out
    assert not heavy


def test_completion_can_be_shown_and_installed(tmp_path):
    """As somebody types it into bash, with a home of its own."""

    def bash(line):
        return subprocess.run(
            ["bash", "--norc", "-c", f"{sys.executable} -m grader {line}; true"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "HOME": str(tmp_path)},
        ).stdout

    script = bash("--show-completion")
    assert "_GRADER_COMPLETE=complete_bash" in script
    assert "completion installed" in bash("--install-completion")
    assert (tmp_path / ".bash_completions" / "grader.sh").read_text().strip() == script.strip()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("fly",), "No such command 'fly'. See `grader --help`."),
        (("regrad", "x"), "No such command 'regrad'. Did you mean 'regrade'? See `grader --help`."),
        (("data", "wher"), "No such command 'wher'. Did you mean 'where'? See `grader data --help`."),
        (("run",), "Missing argument 'SUBMISSIONS'. See `grader run --help`."),
        (("run", "x", "--stric"), "No such option: --stric. Did you mean --strict? See `grader run --help`."),
        (("run", "x", "-z"), "No such option: -z. See `grader run --help`."),
        (("run", "x", "-o"), "Option '-o' requires an argument. See `grader --help`."),
        (("run", "x", "y"), "Got unexpected extra argument(s) (y). See `grader run --help`."),
        (
            ("run", "x", "--profile", "slow"),
            "Invalid value for '--profile': 'slow' is not one of 'full', 'quick'. See `grader run --help`.",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_words_that_no_command_knows_are_one_line_with_a_next_step(call, words, line):
    said = call(*words)
    assert (said.code, said.out, said.err) == (2, "", f"error: {line}\n")


def test_a_bad_number_says_what_is_wrong_with_it(call):
    said = call("run", "x", "-j", "0")
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(
        r"error: Invalid value for '-j' / '--jobs': .* equal to 1\. See `grader run --help`\.\n", said.err
    )
