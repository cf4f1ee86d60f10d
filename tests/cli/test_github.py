"""GitHub Actions: what is annotated there, and that nobody else's text is a command to the runner."""

import io
import json
import re
import sys
from types import SimpleNamespace

import pytest

from grader.cli import github
from grader.cli.console import BELOW, GRADED, OURS, WRONG_USE
from grader.legible import legible
from grader.validation import validate

COMMANDS = "error|warning|notice|debug|group|endgroup|add-mask|stop-commands|set-output|set-env|add-path"


def commands(log):
    """What the runner obeys in a log, by its own rules."""
    for line in re.split(r"\r\n|\n|\r", log):
        found = re.match(rf"\s*::({COMMANDS})( [^:]*)?::(.*)", line) or re.search(
            rf"##\[({COMMANDS})( [^\]]*)?\](.*)", line
        )
        if found:
            level, properties, text = found.groups(default="")
            yield level, properties.strip(), text


@pytest.fixture
def on_github(monkeypatch, graded):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(graded.folder))


@pytest.mark.usefixtures("on_github")
class TestAnnotations:
    def test_of_a_class(self, run):
        said = run("--fail-under", "2.5")
        assert said.code == BELOW
        totals = [f"{who} of 2.5 points" for who in ("ada: 2.00", "bob: 1.50", "cyd: 1", "dan: 0")]
        below, unreadable, waiting = commands(said.err)
        assert below == ("error", "title=Totals below --fail-under", "%0A".join(totals))
        assert unreadable[:2] == ("warning", "title=Notebooks that can't be read")
        assert unreadable[2].startswith("dan: tiny.ipynb: its JSON breaks off at line 1, column 3")
        assert waiting == ("notice", "title=Manual review", "Waiting for a person: 5 answers.")
        assert list(commands(said.out)) == []

    def test_of_a_broken_check(self, graded, run):
        graded.rubric("award(0.25", "raise RuntimeError  # ")
        said = run()
        assert said.code == OURS
        level, title, text = next(commands(said.err))
        assert (level, title) == ("error", "title=Internal errors")
        assert re.fullmatch(r"The check itself failed at test_tiny\.py:19: RuntimeError:  \(bob\)", text)

    @pytest.mark.usefixtures("warm")
    def test_of_a_reference_that_its_rubric_refuses(self, graded, run):
        graded.rubric("seen.number != wanted", "seen.number == wanted")
        said = run()
        assert said.code == WRONG_USE
        ((level, properties, text),) = commands(said.err)
        assert (level, properties) == ("error", "title=Error,file=tiny/test_tiny.py,line=4")
        assert "test_the_number: 0 of 1 points. Another number was found." in text

    def test_of_a_mistake_in_assignment_toml(self, graded, run):
        path = graded.assignment / "assignment.toml"
        path.write_text(path.read_text().replace("points = 0.5", "points = true"))
        line = path.read_text().splitlines().index("points = true") + 1
        ((_, properties, _),) = commands(run().err)
        assert properties == f"title=Error,file=tiny/assignment.toml,line={line}"

    @pytest.mark.usefixtures("warm")
    def test_of_mutants_whose_grades_are_not_as_expected(self, graded, call, monkeypatch):
        findings = [
            validate.Finding(mutant=name, expected="1", got="2", surprises=surprises, said=())
            for name, surprises in {"fine": (), "odd": ("1a: 2 of 2, not 1", "1b: 0")}.items()
        ]
        catalogue = SimpleNamespace(mutants=(), refuse_strangers=lambda _: None, position=findings.index)
        monkeypatch.setattr(validate, "load", lambda _: catalogue)
        monkeypatch.setattr(validate, "submissions", lambda *_: ())
        monkeypatch.setattr(validate, "validate", lambda *_: findings)
        said = call("validate", graded.assignment, "--profile", "quick")
        assert said.code == BELOW
        assert list(commands(said.err)) == [
            ("error", "title=Grades that are not as expected", "odd: 1a: 2 of 2, not 1; 1b: 0")
        ]

    def test_of_wrong_use(self, call):
        assert list(commands(call("fly").err)) == [
            ("error", "title=Error", "There is no command 'fly'. See `grader --help`.")
        ]


def test_elsewhere_nothing_is_annotated(run, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    said = run("--fail-under", "2.5")
    assert list(commands(said.out + said.err)) == []


FORGERIES = [
    "::error::forged",
    "  \t::error title=x::forged",
    "\u2003\x85::warning::forged",
    "ok\n::error::forged",
    "ok\r::add-mask::forged",
    "ok\r\n\r\n ::notice::forged",
    "anything ##[error]forged",
    "###[error]##[error]forged",
]


@pytest.fixture
def log():
    stream = io.StringIO()
    return github.JobLog(stream)


@pytest.mark.parametrize("text", FORGERIES)
def test_a_text_is_no_command(log, text):
    log.write(text)
    assert list(commands(text))
    assert list(commands(log.stream.getvalue())) == []
    assert log.stream.getvalue().replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("text", [*FORGERIES, "100% of a, b: c", "%0A::error::forged"])
def test_an_annotation_is_one_command_that_says_what_was_meant(log, monkeypatch, text):
    monkeypatch.setattr(sys, "stderr", log)
    github.annotate(github.WARNING, text, [text, text])
    ((level, properties, data),) = commands(log.stream.getvalue())
    assert level == "warning"
    assert _unescaped(properties) == f"title={text}".strip()
    assert _unescaped(data) == legible(f"{text}\n{text}")


def _unescaped(text):
    """As the runner does it."""
    for escape, character in {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}.items():
        text = text.replace(escape, character)
    return text


def test_many_lines_are_one_annotation_that_says_how_many(log, monkeypatch):
    monkeypatch.setattr(sys, "stderr", log)
    github.annotate(github.WARNING, "Many", [str(number) for number in range(13)])
    assert (
        log.stream.getvalue() == "::warning title=Many::0%0A1%0A2%0A3%0A4%0A5%0A6%0A7%0A8%0A9%0Aand 3 more\n"
    )


@pytest.mark.parametrize(
    ("located", "shown"), [(True, "title=T,file=test_tiny.py,line=3"), (False, "title=T")]
)
def test_only_a_message_of_ours_says_at_which_line_it_is_shown(log, monkeypatch, tmp_path, located, shown):
    monkeypatch.setattr(sys, "stderr", log)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    path = tmp_path / "test_tiny.py"
    path.touch()
    github.annotate(github.WARNING, "T", [f"bob: {path}:3: no"], located=located)
    ((_, properties, _),) = commands(log.stream.getvalue())
    assert properties == shown


FORGED = "##[error]forged"


@pytest.mark.usefixtures("on_github")
def test_a_student_annotates_nothing(graded, notebook_of, grader, tmp_path):
    """By a name, by what an error says, or by what a notebook writes where its process prints."""
    says = (
        "import os\nfor fd in (1, 2): os.write(fd, b'\\n::error::forged\\n')\n"
        f"raise ValueError('{FORGED}\\n::error::forged')"
    )
    hand_ins = tmp_path / "class"
    for student, text in {
        FORGED: notebook_of(losses=says),
        f"{FORGED}2": f"::error::forged {FORGED}",
    }.items():
        (hand_ins / student).mkdir(parents=True)
        (hand_ins / student / "tiny.ipynb").write_text(text)
    options = ("-a", graded.assignment, "--profile", "quick", "-o", tmp_path / "results")
    said = grader("run", hand_ins, *options)
    assert said.returncode == GRADED, said.stderr
    assert "forged" in said.stdout
    assert [level for level, _, _ in commands(said.stdout + said.stderr)] == ["warning", "notice"]
    said = grader("run", hand_ins, *options, "--json")
    assert list(commands(said.stdout)) == []
    assert [grade["student"] for grade in json.loads(said.stdout)] == [FORGED, f"{FORGED}2"]


@pytest.mark.usefixtures("on_github")
def test_a_file_gets_the_text_as_it_is(monkeypatch, tmp_path):
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with github.guarded():
            sys.stdout.write(f"{FORGED}\n")
    assert (tmp_path / "out").read_text() == f"{FORGED}\n"
