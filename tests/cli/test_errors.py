"""Wrong use, and what nobody foresaw: one clear line, an exit code, nothing written."""

import shutil
import sys

import pytest

from grader.assignment import locate
from grader.cli.console import OURS, WRONG_USE, nearby
from grader.intake import collect
from grader.results.store import Store


def wrong(*, at, with_line):
    return pytest.param(at, with_line, id=" ".join(at))


WRONG_USES = [
    wrong(at=("run", "{tmp}/nowhere"), with_line="{tmp}/nowhere: "),
    wrong(
        at=("run", "{tmp}/nowhere", "-a", "{tmp}/none"), with_line="{tmp}/nowhere: "
    ),  # before it loads torch
    wrong(at=("run", "{tmp}/empty"), with_line="{tmp}/empty: "),
    wrong(
        at=("run", "{class}", "-a", "hw9"), with_line="There is no assignment 'hw9': no assignment.toml in "
    ),
    wrong(
        at=("export", "csv"), with_line="RESULTS is missing (results folder, as written by `grader run`). See"
    ),
    wrong(
        at=("export", "csv", "--autograder"),
        with_line="An autograder is for gradescope alone, and has no results folder; leave one out.",
    ),
    wrong(
        at=("export", "gradescope", "{class}", "--autograder"),
        with_line="An autograder is for gradescope alone, and has no results folder; leave one out.",
    ),
    wrong(
        at=("export", "gradescope", "{class}", "-a", "hw9"),
        with_line="Grades come from a results folder, as written by `grader run`: ",
    ),
    wrong(
        at=("run", "{class}", "--limit", "cell_floor"),
        with_line="--limit cell_floor: write NAME=NUMBER, for example cell_floor=60.",
    ),
    wrong(
        at=("run", "{class}", "--limit", "memory=nan"),
        with_line="--limit memory=nan: write NAME=NUMBER, for example cell_floor=60.",
    ),
    wrong(
        at=("run", "{class}", "--limit", "patience=3"),
        with_line="There is no limit 'patience'",
    ),
    wrong(
        at=("run", "{class}", "--limit", "memory=-1"),
        with_line="The limit 'memory' must be a positive number",
    ),
    wrong(
        at=("run", "{class}", "--only", "zoe"),
        with_line="--only zoe: no such student. Students are: ada, bob, cyd, dan.",
    ),
    wrong(
        at=("run", "{class}", "--only", "adda"), with_line="--only adda: no such student. Did you mean ada?"
    ),
    wrong(
        at=("run", "{class}", "--participation", "{tmp}/no.csv"),
        with_line="{tmp}/no.csv can't be read",
    ),
    wrong(
        at=("run", "{class}", "--participation", "{tmp}/binary.csv"),
        with_line="{tmp}/binary.csv is not a text file",
    ),
    wrong(
        at=("run", "{class}", "--participation", "{tmp}/names.csv", "--column", "posts"),
        with_line="{tmp}/names.csv has no column 'posts'; it has: name.",
    ),
    wrong(
        at=("run", "{class}", "--data", "{tmp}/empty", "--profile", "full"),
        with_line="--data names {tmp}/empty",
    ),
    wrong(
        at=("run", "{class}", "-o", "{class}/results"),
        with_line="The results folder {class}/results is inside the folder of submissions. Choose another",
    ),
    wrong(
        at=("run", "{class}", "-o", "{tmp}"),
        with_line="{tmp} holds other files",
    ),
    wrong(
        at=("check", "{tmp}/nowhere.ipynb"),
        with_line="{tmp}/nowhere.ipynb is not a file. Name the notebook to check.",
    ),
    wrong(at=("check", "{class}/dan/tiny.ipynb"), with_line="tiny.ipynb: its JSON breaks off at line 1"),
    wrong(
        at=("regrade", "{tmp}/empty"),
        with_line="{tmp}/empty is no",
    ),
    wrong(at=("regrade", "{results}", "-a", "hw9"), with_line="There is no assignment 'hw9'"),
    wrong(at=("regrade", "{results}", "--rulings", "{tmp}/no.csv"), with_line="{tmp}/no.csv can't be read"),
    wrong(at=("report", "{tmp}/nowhere"), with_line="{tmp}/nowhere is no"),
    wrong(at=("export", "csv", "{tmp}/empty"), with_line="{tmp}/empty is no"),
    wrong(
        at=("export", "canvas", "{results}"),
        with_line="canvas: grades are filled into a gradebook. Download it there, and name it with --fill.",
    ),
    wrong(
        at=("export", "moodle", "{results}"),
        with_line="moodle: grades are filled into a gradebook. Download it there, and name it with --fill.",
    ),
    wrong(
        at=("export", "canvas", "{results}", "--fill", "{tmp}/binary.csv"),
        with_line="{tmp}/binary.csv is not a text file; save it again as CSV in UTF-8.",
    ),
    wrong(
        at=("export", "moodle", "{results}", "--fill", "{tmp}/no.csv"),
        with_line="{tmp}/no.csv can't be read: No such file or directory. Check its name.",
    ),
    wrong(
        at=("export", "csv", "{results}", "--fill", "{tmp}/binary.csv"),
        with_line="csv: --fill and what belongs to it are for canvas, moodle, brightspace, blackboard. Leave",
    ),
    wrong(
        at=("export", "csv", "{results}", "-o", "{tmp}/names.csv/grades.csv"),
        with_line="{tmp}/names.csv/grades.csv can't be written: ",
    ),
    wrong(at=("kit", "hw9"), with_line="There is no assignment 'hw9'"),
    wrong(
        at=("kit", "{tiny}", "-o", "{tmp}/empty"),
        with_line="{tmp}/empty can't be written: Is a directory. Choose another place with -o.",
    ),
    wrong(at=("data", "fetch", "--data", "{tmp}/empty"), with_line="--data names {tmp}/empty"),
    wrong(
        at=("guide", "instructor"),
        with_line="The guide has no page 'instructor'. Did you mean instructors?",
    ),
    wrong(at=("guide", "zzz"), with_line="The guide has no page 'zzz'. The pages are: "),
]


@pytest.fixture
def names(graded, tmp_path):
    """What stands in braces above."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "names.csv").write_text("name\nada\n")
    return {"tmp": tmp_path, "class": graded.hand_ins, "results": graded.results, "tiny": graded.assignment}


@pytest.mark.parametrize(("arguments", "line"), WRONG_USES)
def test_wrong_use_is_one_clear_line(names, call, contents, arguments, line):
    words = [word.format_map(names) for word in arguments]
    if words[0] in ("run", "check"):
        words += [] if "-a" in words else ["-a", names["tiny"]]
    if words[0] == "run":
        words += [] if "--profile" in words else ["--profile", "quick"]
        words += [] if "-o" in words else ["-o", names["results"]]
    before = contents(names["results"])
    said = call(*words)
    assert said.code == WRONG_USE
    assert said.error.startswith(f"error: {line.format_map(names)}")
    assert said.out == ""
    assert contents(names["results"]) == before


class TestWithoutAnAssignment:
    """Nobody means homework 1 by saying nothing."""

    @pytest.fixture(autouse=True)
    def elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.setattr(sys.modules[locate.__module__], "CHECKOUT", None)
        monkeypatch.chdir(tmp_path)

    @pytest.fixture
    def rubrics(self, graded, tmp_path):
        def rubrics(*names):
            for name in names:
                shutil.copytree(graded.assignment, tmp_path / "rubrics" / name)

        return rubrics

    @pytest.mark.parametrize(
        "words", [("run", "{class}"), ("check", "{class}/ada/tiny.ipynb"), ("validate",), ("kit",)]
    )
    def test_several_are_named(self, graded, call, rubrics, words):
        rubrics("a", "b")
        said = call(*(word.format_map({"class": graded.hand_ins}) for word in words))
        assert (said.code, said.out) == (WRONG_USE, "")
        assert said.error == (
            "error: There are several assignments: a, b. Say which one: `-a a`, or just `a` after kit and validate."
        )

    def test_none_is_said_with_a_next_step(self, call, tmp_path):
        said = call("kit")
        assert said.code == WRONG_USE
        assert said.error.startswith(f"error: No assignment was found in {tmp_path}/rubrics. Give ")

    def test_the_only_one_is_taken(self, call, rubrics, tmp_path):
        rubrics("a")
        assert call("kit", "-o", tmp_path / "kit.zip").code == 0
        assert (tmp_path / "kit.zip").is_file()


def test_one_results_folder_has_one_grader_at_a_time(graded, run):
    with Store.existing(graded.results):
        said = run()
    assert said.code == WRONG_USE
    assert said.err.splitlines()[-1] == (
        f"error: Another grader is at work on {graded.results}; try again when it is done."
    )


def test_what_nobody_foresaw_is_an_internal_error(run, monkeypatch):
    """Python's own exit code, 1, would tell a script that the class was graded."""

    def surprise(*_, **__):
        raise RuntimeError("[a surprise]")

    monkeypatch.setattr(collect, "collect", surprise)
    said = run()
    assert said.code == OURS
    assert said.err.splitlines()[-1] == "internal error: RuntimeError: [a surprise]"
    assert "Traceback" in said.err


def test_a_name_like_no_other_gets_a_list_that_says_how_long_it_is():
    assert nearby("nobody", [f"{number:02}" for number in range(21)]) == (
        "Students are: 00, 01, 02, 03, 04, 05, 06, 07, 08, 09 and 11 more."
    )
