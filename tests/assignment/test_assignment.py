"""assignment.toml and its master notebook: what is read, and each way of contradicting itself."""

from decimal import Decimal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.assignment import loading as assignment
from grader.errors import NotebookError, RubricError, UsageError
from grader.limits import Limits
from grader.places import CHECKOUT

TOML = """
id = "mini"
title = "A small one"
reference = "master.ipynb"
seeds = [1, 2]

[settings]
epochs = 3

[[question]]
id = "1"
title = "First"
points = 0.5

[[question]]
id = "2"
title = "Second"
points = 2
"""


def marked(source="", cell=new_code_cell, **facts):
    return cell(source, metadata={"grader": facts})


CELLS = (
    marked("**1.** Say x.", new_markdown_cell, prompt="1"),
    marked("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", question="1", names=["x"]),
    marked("net = 1", names=["net"]),
    marked("y = 2", question="2", names=["y", "z"]),
    marked("z = 2", question="2", names=["z"]),
)


@pytest.fixture
def make(tmp_path):
    """Write an assignment and give its folder."""

    def make(toml=TOML, cells=CELLS):
        nbformat.write(new_notebook(cells=list(cells)), tmp_path / "master.ipynb")
        (tmp_path / "assignment.toml").write_text(toml, encoding="utf-8")
        return tmp_path

    return make


def test_an_assignment_is_read(make):
    mini = assignment.load(make())
    assert (mini.id, mini.title, mini.seeds) == ("mini", "A small one", (1, 2))
    assert [(one.id, one.title, one.points) for one in mini.questions] == [
        ("1", "First", Decimal("0.5")),
        ("2", "Second", Decimal(2)),
    ]
    assert mini.max == Decimal("2.5")
    assert mini.settings == {"epochs": 3}
    assert mini.limits == Limits()


def test_inputs_are_lines_of_text(make):
    assert assignment.load(make()).inputs == ()
    assert assignment.load(make('inputs = ["20", "y"]\n' + TOML)).inputs == ("20", "y")
    with pytest.raises(RubricError, match="inputs must be a list of texts, not 20"):
        assignment.load(make("inputs = 20\n" + TOML))


def test_points_are_exact(make):
    mini = assignment.load(make(TOML.replace("points = 0.5", "points = 0.1")))
    assert str(mini.questions[0].points) == "0.1"


def test_names_come_from_the_master(make):
    mini = assignment.load(make())
    assert mini.names == {"1": ("x",), "2": ("y", "z", "z")}
    assert mini.watched == ("x", "net", "y", "z")


def test_the_template_has_no_solutions(make):
    mini = assignment.load(make())
    assert [cell.source for cell in mini.template.cells][:2] == ["**1.** Say x.", "# Your answer here"]
    assert "x = 1" in mini.reference.cells[1].source


def test_probes_are_optional(make):
    folder = make()
    assert assignment.load(folder).probes == ""
    (folder / "probes.py").write_text("PROBES = {}")
    assert assignment.load(folder).probes == "PROBES = {}"


def test_the_rubrics_key_changes_with_what_judges_and_nothing_else(make):
    folder = make()

    def key():
        return assignment.load(folder).rubric_key

    first = key()
    (folder / "notes.txt").write_text("not read by any test")
    assert key() == first
    (folder / "test_1.py").write_text("")
    second = key()
    assert second != first
    (folder / "test_1.py").rename(folder / "test_2.py")
    assert len({first, second, key()}) == 3


# --- refusals -------------------------------------------------------------------------------------------


def changed(old, new):
    assert old in TOML
    return TOML.replace(old, new, 1)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        pytest.param("id = ", r"assignment\.toml: Invalid value", id="no toml"),
        pytest.param("", "the key 'id' is missing", id="empty"),
        pytest.param(changed('title = "A small one"', ""), "the key 'title' is missing", id="no title"),
        pytest.param(changed("seeds = [1, 2]", ""), "the key 'seeds' is missing", id="no seeds"),
        pytest.param(changed("points = 0.5", ""), "the key 'points' is missing", id="no points"),
        pytest.param(
            changed("[1, 2]", "[]"), "seeds is empty; the reference needs at least one run", id="empty seeds"
        ),
        pytest.param(changed("[1, 2]", "7"), "not iterable", id="a number as seeds"),
        pytest.param(changed("[1, 2]", '["one"]'), "invalid literal", id="a word as seed"),
        pytest.param(
            changed("points = 0.5", 'points = "0.5"'), "a number from 0 on, not '0.5'", id="text as points"
        ),
        pytest.param(
            changed("points = 0.5", "points = true"), "a number from 0 on, not True", id="true as points"
        ),
        pytest.param(
            changed("points = 0.5", "points = -1"), "a number from 0 on, not -1", id="negative points"
        ),
        pytest.param(changed("points = 0.5", "points = nan"), "assignment.toml: ", id="nan points"),
        pytest.param(changed("points = 0.5", "points = inf"), "a number from 0 on", id="infinite points"),
        pytest.param(changed('id = "2"', 'id = "1"'), "question 1 is listed twice", id="twice"),
        pytest.param(
            changed('id = "2"', 'id = "3"'),
            r"master\.ipynb: no cell answers question 3 of .*assignment\.toml",
            id="no cell",
        ),
        pytest.param(
            TOML[: TOML.rindex("[[")],
            r"master\.ipynb: question 2 has no entry in .*assignment\.toml",
            id="no entry",
        ),
        pytest.param(
            changed('"master.ipynb"', '"gone.ipynb"'),
            r"the reference notebook .*gone\.ipynb does not exist",
            id="no master",
        ),
        pytest.param(
            changed('"master.ipynb"', "7"), r"assignment\.toml: unsupported operand", id="a number as master"
        ),
        pytest.param(
            "question = 7\n" + TOML[: TOML.index("[settings]")], "not iterable", id="a number as questions"
        ),
        pytest.param(
            TOML + "[limits]\nspeed = 3",
            r"assignment\.toml: There is no limit 'speed'. The limits are: .*memory",
            id="unknown limit",
        ),
        pytest.param(
            TOML + "[limits]\nmemory = 0",
            "The limit 'memory' must be a positive number, not 0",
            id="no memory",
        ),
        pytest.param(
            TOML + "[limits]\njudge = true", "must be a positive number, not True", id="true as limit"
        ),
        pytest.param(TOML + '[limits]\njudge = "1"', "must be a positive number, not 1", id="text as limit"),
        pytest.param(
            TOML + "[limits]\njudge = inf", "must be a positive number, not Infinity", id="infinite limit"
        ),
        pytest.param(TOML + "[limits]\njudge = nan", "assignment.toml: ", id="nan limit"),
        pytest.param(
            TOML + "[limits]\nprocesses = 0.5",
            "'processes' must be a whole number, not 0.5",
            id="half a process",
        ),
        pytest.param("limits = 7\n" + TOML, "not iterable", id="a number as limits"),
        pytest.param(
            'settings = "x"\n' + TOML.replace("[settings]\nepochs = 3", ""),
            "assignment.toml: ",
            id="text as settings",
        ),
    ],
)
def test_a_toml_that_contradicts_itself_is_refused(make, toml, message):
    with pytest.raises(RubricError, match=message):
        assignment.load(make(toml))


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        pytest.param(
            new_code_cell("", metadata={"grader": "2"}),
            "cell 6: the metadata `grader` must be an object, not '2'",
            id="text",
        ),
        pytest.param(marked(question=2), "must name the question by a text, not 2", id="a number"),
        pytest.param(marked(question=["2"]), "must name the question by a text", id="a list"),
        pytest.param(
            marked("", new_markdown_cell, prompt=1), "must name the prompt by a text, not 1", id="prompt"
        ),
        pytest.param(
            marked(question="2", names="xy"), "must have a list of texts as names, not 'xy'", id="names"
        ),
        pytest.param(
            marked(question="2", names=[1]), "must have a list of texts as names", id="a number as name"
        ),
        pytest.param(marked(question="9"), r"master\.ipynb: question 9 has no entry in", id="unknown"),
        pytest.param(
            marked("### BEGIN SOLUTION", question="2"),
            r"master\.ipynb: cell 6 .*never ends",
            id="an open solution",
        ),
    ],
)
def test_a_master_that_contradicts_itself_is_refused(make, cell, message):
    with pytest.raises(RubricError, match=message):
        assignment.load(make(cells=(*CELLS, cell)))


def test_a_master_that_is_no_notebook_is_refused(make):
    folder = make()
    (folder / "master.ipynb").write_text("{")
    with pytest.raises(NotebookError, match=r"master\.ipynb"):
        assignment.load(folder)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "another encoding"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "assignment.toml").write_bytes(content)
    with pytest.raises(RubricError, match=r"assignment\.toml"):
        assignment.load(tmp_path)


# --- limits and places ----------------------------------------------------------------------------------


def test_limits_can_be_changed_in_the_toml(make):
    mini = assignment.load(make(TOML + "[limits]\njudge = 2\nmemory = 1_000\ncell_factor = 1.5"))
    assert (mini.limits.judge, mini.limits.memory, mini.limits.cell_factor) == (2.0, 1000, 1.5)
    assert mini.limits.output_cell == Limits().output_cell
    assert type(mini.limits.judge) is float


def test_limits_can_be_changed_again(make):
    changed = assignment.with_limits(assignment.load(make()).limits, {"memory": 5, "judge": 0.5})
    assert (changed.memory, changed.judge) == (5, 0.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_limit_from_the_command_line_is_checked_too(value):
    with pytest.raises(RubricError, match="'judge' must be a positive number"):
        assignment.with_limits(Limits(), {"judge": value})


def test_an_assignment_is_located_by_folder_or_by_id(make, tmp_path):
    folder = make()
    here = tmp_path / "here" / "rubrics" / "mini"
    here.mkdir(parents=True)
    (here / "assignment.toml").write_text(TOML)
    assert assignment.locate(str(folder)) == folder
    assert assignment.locate("mini", near=tmp_path / "here") == here
    assert assignment.locate("hw1", near=tmp_path) == CHECKOUT / "rubrics" / "hw1"


def test_an_unknown_assignment_names_those_that_are_known(tmp_path):
    with pytest.raises(UsageError, match=r"no assignment 'hw9': .*rubrics/hw9. Name its folder with -a\."):
        assignment.locate("hw9", near=tmp_path)
    for name in ("b", "a"):
        (tmp_path / "rubrics" / name).mkdir(parents=True)
        (tmp_path / "rubrics" / name / "assignment.toml").write_text(TOML)
    with pytest.raises(UsageError, match=r"Known here: a, b\."):
        assignment.locate("hw9", near=tmp_path)
