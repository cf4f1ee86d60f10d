"""Help, version and completion: what is said, and how little is imported for it."""

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup

from grader.cli.app import command

PROJECT = Path(__file__).parents[2]
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
        ("grader re", ["regrade", "review", "report", "release"]),
        ("grader data ", ["fetch", "where"]),
        ("grader run submissions/ --pro", ["--profile"]),
        ("grader run submissions/ --profile ", ["full", "quick"]),
        ("grader export c", ["canvas", "csv"]),
        ("grader guide in", ["instructors"]),
        ("grader run submissions/ --layout mo", ["moodle"]),
    ],
)
def test_completion_in_bash(line, completed):
    out, heavy = complete("bash", line)
    assert out.split() == completed
    assert not heavy


@pytest.mark.parametrize("before", ["grader validate ", "grader kit ", "grader run submissions/ -a "])
def test_completion_of_the_names_of_assignments(before, tmp_path, monkeypatch):
    for name in ("here/rubrics/cars", "shelf/flats", "shelf/no-assignment"):
        (tmp_path / name).mkdir(parents=True)
        if "no-" not in name:
            (tmp_path / name / "assignment.toml").touch()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("GRADER_RUBRICS", str(tmp_path / "shelf"))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    for typed, names in {"": {"cars", "flats"}, "fl": {"flats"}}.items():
        out, heavy = complete("bash", before + typed)
        assert names <= set(out.split())
        assert all(name.startswith(typed) for name in out.split())
        assert "no-assignment" not in out
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
    ("shell", "begin"),
    [("zsh", "#compdef grader"), ("fish", "complete --command grader"), ("bash", "_grader_completion() {")],
)
def test_completion_for_another_shell_is_printed_as_the_guide_says(shell, begin):
    said = subprocess.run(
        [sys.executable, "-m", "grader"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "_GRADER_COMPLETE": f"source_{shell}"},
    )
    assert said.stdout.strip().startswith(begin)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("fly", "There is no command 'fly'."),
        ("regrad x", "There is no command 'regrad'. Did you mean regrade?"),
        ("data wher", "There is no command 'wher'. Did you mean where?"),
        ("--versio", "There is no option --versio. Did you mean --version?"),
        ("run x --stric", "There is no option --stric. Did you mean --strict?"),
        ("run x -z", "There is no option -z."),
        ("run x -o", "-o needs a value: FOLDER."),
        ("run x --profile", "--profile needs a value: full or quick."),
        ("run x --strict=3", "--strict takes no value. Write just --strict."),
        (
            "export",
            "FORMAT is missing (target system: gradescope, canvas, moodle, brightspace, blackboard, csv, junit).",
        ),
        ("check", "NOTEBOOK is missing (your own notebook)."),
        ("run my class", "Too many arguments: class. Put a name that contains spaces in quotes."),
        ("run x --profile slow", "--profile: there is no 'slow'. Choose full or quick."),
        ("run x --profile ful", "--profile: there is no 'ful'. Did you mean full?"),
        (
            "export odt x",
            "FORMAT: there is no 'odt'. Choose gradescope, canvas, moodle, brightspace, blackboard, csv or junit.",
        ),
        ("run x -j 0", "-j/--jobs: must be 1 or more, not 0."),
        ("run x -j two", "-j/--jobs: 'two' is not a whole number."),
        ("run x --fail-under five", "--fail-under: 'five' is not a number."),
    ],
)
def test_words_that_no_command_knows_are_one_line_with_a_next_step(call, typed, line):
    said = call(*typed.split())
    known = next((name for name in map(" ".join, COMMANDS) if typed.startswith(name)), "")
    see = f"See `{f'grader {known}'.strip()} --help`."
    assert (said.code, said.out, said.err) == (2, "", f"error: {line} {see}\n")


OPTIONS = [
    (words, option)
    for words in SINGLE
    for parameter in COMMANDS[words].params
    if parameter.param_type_name == "option" and not parameter.is_flag
    for option in parameter.opts
]


@pytest.mark.parametrize(("words", "option"), OPTIONS, ids=str)
def test_every_option_without_its_value_says_what_it_needs(call, words, option):
    said = call(*words, option)
    assert said.code == 2
    path = f"grader {' '.join(words)}"
    assert re.fullmatch(rf"error: {option} needs a value: .+\. See `{path} --help`\.\n", said.err)


ARGUMENTS = [
    words
    for words in SINGLE
    if any(each.param_type_name == "argument" and each.required for each in COMMANDS[words].params)
]


@pytest.mark.parametrize("words", ARGUMENTS, ids=" ".join)
def test_every_command_without_its_argument_says_what_that_is(call, words):
    said = call(*words)
    assert said.code == 2
    assert re.fullmatch(
        rf"error: [A-Z]+ is missing \(.+\)\. See `grader {' '.join(words)} --help`\.\n", said.err
    )
