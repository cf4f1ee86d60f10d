"""assignment.toml and its master notebook: what is read, and each way of contradicting itself."""

import json
import os
import re
import sys
from decimal import Decimal

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader import assignment
from grader.assignment import locate, locating, packages
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


def test_what_students_are_reminded_of_is_optional(make):
    plain = assignment.load(make()).hand_in
    assert (plain.collaborators, plain.latex, plain.explanation) == (False, (), ())
    asked = '[hand_in]\ncollaborators = true\nlatex = ["1"]\nexplanation = ["1", "2"]'
    asking = assignment.load(make(TOML + asked)).hand_in
    assert (asking.collaborators, asking.latex, asking.explanation) == (True, ("1",), ("1", "2"))


def test_inputs_are_lines_of_text(make):
    assert assignment.load(make()).inputs == ()
    assert assignment.load(make('inputs = ["20", "y"]\n' + TOML)).inputs == ("20", "y")
    with pytest.raises(RubricError, match=r"assignment\.toml:1: inputs must be a list of texts, not 20"):
        assignment.load(make("inputs = 20\n" + TOML))


def test_how_to_object_is_optional_text(make):
    assert assignment.load(make()).objections == ""
    text = "Write to a@example.org, or see https://example.org/regrade (https://example.org)."
    assert assignment.load(make(f'objections = "{text}"\n{TOML}')).objections == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("7", "objections must be a text, not 7"),
        ('""', "objections must be a text, not ''"),
        (
            '"See http://example.org."',
            "objections may name e-mail and https addresses, not 'http://example.org.'",
        ),
        (f'"{"a" * 501}"', "objections is longer than 500 characters; shorten it"),
    ],
    ids=["no text", "empty", "not https", "long"],
)
def test_how_to_object_is_refused_with_its_line(make, value, message):
    with pytest.raises(RubricError) as refused:
        assignment.load(make(f"objections = {value}\n{TOML}"))
    assert str(refused.value).endswith(f"assignment.toml:1: {message}.")


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
    assert "x = 1" in mini.solved.cells[1].source


def test_probes_are_optional(make):
    folder = make()
    loaded = assignment.load(folder)
    assert (loaded.probes, loaded.probe_inputs) == ("", "")
    (folder / "probes.py").write_text("PROBES = {}")
    (folder / "inputs.py").write_text("INPUTS = {}")
    loaded = assignment.load(folder)
    assert (loaded.probes, loaded.probe_inputs) == ("PROBES = {}", "INPUTS = {}")


# --- refusals -------------------------------------------------------------------------------------------

DUE = "[rules]\ndue = 2026-02-12T23:59:00Z\n"


def changed(old, new):
    assert old in TOML
    return TOML.replace(old, new, 1)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        pytest.param("id = ", r": Invalid value", id="not toml"),
        pytest.param(TOML + "x = = 1", r":19: Invalid value", id="not toml below"),
        pytest.param("", ": the key 'id' is missing.", id="empty"),
        pytest.param(changed('title = "A small one"', ""), ": the key 'title' is missing.", id="no title"),
        pytest.param(changed("seeds = [1, 2]", ""), ": the key 'seeds' is missing.", id="no seeds"),
        pytest.param(
            changed("points = 0.5", ""),
            r":10: the key 'points' is missing from \[\[question\]\]\.",
            id="no points",
        ),
        pytest.param(
            changed("[1, 2]", "[]"), ":5: seeds is empty; the reference needs at least one run", id="no seed"
        ),
        pytest.param(
            changed("points = 0.5", f"points = {'9' * 5000}"), ": Exceeds the limit", id="5000 digits"
        ),
        pytest.param(
            changed("points = 0.5", "points = 1e9999999999999999999"), "too large", id="an endless number"
        ),
        pytest.param(
            TOML + "[limits]\nmemory = 1e999999",
            ":20: The limit 'memory' is too large",
            id="an endless limit",
        ),
        pytest.param(
            changed('reference = "master.ipynb"', 'reference = "a\\u0000"'),
            ":4: reference must be the path of a notebook",
            id="a path that no file can have",
        ),
        pytest.param(
            TOML + "[rules]\ndue = 2026-02-12", ":20: due must be a date with a time", id="due all day"
        ),
        pytest.param(
            TOML + "[rules]\ndue = 2026-02-12T23:59:00", ":20: due has no time zone", id="due nowhere"
        ),
        pytest.param(
            TOML + "[rules]\ndue = 9999-12-31T23:00:00Z", ":20: due is in the year 9999", id="due never"
        ),
        pytest.param(TOML + "[rules]\nzone = '../UTC'", ":20: there is no time zone '../UTC'", id="zone"),
        pytest.param(TOML + "[rules]\npenalty = 1", ":20: penalty needs due", id="a penalty for what"),
        pytest.param(TOML + DUE + "cap = 1", ":21: cap needs penalty", id="a cap of what"),
        pytest.param(TOML + DUE + "penalty = '120 %'", ":21: penalty: write a number", id="more than all"),
        pytest.param(TOML + DUE + "penalty = nan", ":21: penalty: write a number", id="no number"),
        pytest.param(TOML + DUE + "grace = '15'", ":21: grace: write a number and min", id="grace of what"),
        pytest.param(TOML + "[rules]\nper = 'week'", ":20: per must be one of 'day', 'hour', not", id="per"),
        pytest.param(TOML + "[rules]\nattempts = 'last'", "did you mean 'attempt'?", id="another key"),
        pytest.param(
            TOML + "[hand_in]\nlatex = ['3']",
            ":20: there is no question '3'; known: 1, 2",
            id="latex for no question",
        ),
        pytest.param(
            TOML + "[hand_in]\ncollaborators = 'yes'",
            ":20: collaborators must be true or false, not",
            id="collaborators",
        ),
        pytest.param(
            TOML + f"[data]\nfiles = ['{'a' * 300}']",
            "which is not a file in",
            id="a name that no file can have",
        ),
        pytest.param(
            TOML + "[data]\nfiles = ['master.ipynb']",
            ":20: files names 'master.ipynb', which holds",
            id="solutions",
        ),
        pytest.param(
            TOML + "[data]\nfiles = ['assignment.toml']", "which holds solutions or checks", id="the rubric"
        ),
        pytest.param(
            TOML + "[data]\nfiles = ['assignment.toml']\nhidden = ['assignment.toml']",
            ":20: files names 'assignment.toml', which is hidden",
            id="handed out and hidden",
        ),
        pytest.param(changed("[1, 2]", "7"), ":5: seeds must be a list of whole numbers", id="one seed"),
        pytest.param(changed("[1, 2]", '["one"]'), ":5: seeds must be a list of whole", id="a word as seed"),
        pytest.param(changed("[1, 2]", "[true]"), ":5: seeds must be a list of whole", id="true as seed"),
        pytest.param(changed("[1, 2]", "[-1]"), ":5: seeds must be a list of whole", id="a negative seed"),
        pytest.param(
            changed("points = 0.5", 'points = "0.5"'), ":13: points must be 0 or more, not '0.5'", id="text"
        ),
        pytest.param(
            changed("points = 0.5", "points = true"), ":13: points must be 0 or more, not true", id="true"
        ),
        pytest.param(
            changed("points = 0.5", "points = -1"), ":13: .* 0 or more, not -1", id="negative points"
        ),
        pytest.param(
            changed("points = 0.5", "points = nan"), ":13: points must be 0 or more", id="nan points"
        ),
        pytest.param(changed("points = 0.5", "points = inf"), ":13: points must be 0 or more", id="infinite"),
        pytest.param(changed('id = "2"', 'id = "1"'), ":16: question 1 is listed twice", id="twice"),
        pytest.param(
            changed('id = "2"', 'id = "3"'), r":16: no cell of master\.ipynb answers question 3", id="no cell"
        ),
        pytest.param(
            TOML[: TOML.rindex("[[")],
            r"master\.ipynb: question 2 has no entry in .*assignment\.toml",
            id="no entry",
        ),
        pytest.param(
            changed('"master.ipynb"', '"gone.ipynb"'),
            r":4: the reference notebook .*gone\.ipynb does not exist",
            id="no master",
        ),
        pytest.param(changed('"master.ipynb"', "7"), ":4: reference must be a text, not 7", id="a number"),
        pytest.param(changed('"mini"', '"../mini"'), r":2: the id '../mini' names files", id="a path as id"),
        pytest.param(
            "question = 7\n" + TOML[: TOML.index("[settings]")],
            r":1: question must be a list of tables, each below \[\[question\]\]\.",
            id="a number as questions",
        ),
        pytest.param(TOML[: TOML.index("[[")], "toml: there is no question", id="no question"),
        pytest.param(
            changed("points = 0.5", "pionts = 0.5"),
            r":13: unknown key 'pionts' in \[\[question\]\]; did you mean 'points'\?",
            id="a misspelt key",
        ),
        pytest.param(
            "refrence = 1\n" + TOML,
            r":1: unknown key 'refrence'; did you mean 'reference'\?",
            id="at the top",
        ),
        pytest.param("zzz = 1\n" + TOML, r":1: unknown key 'zzz'; known: id, title, ", id="like none"),
        pytest.param(
            TOML + "[limits]\nnotebok_floor = 3",
            r":20: There is no limit 'notebok_floor'; did you mean 'notebook_floor'\?",
            id="unknown limit",
        ),
        pytest.param(
            TOML + "[limits]\nmemory = 0",
            ":20: The limit 'memory' must be a positive number, not 0",
            id="no memory",
        ),
        pytest.param(
            TOML + "[limits]\njudge = true", ":20: .* must be a positive number, not True", id="true as limit"
        ),
        pytest.param(TOML + '[limits]\njudge = "1"', "must be a positive number, not 1", id="text as limit"),
        pytest.param(
            TOML + "[limits]\njudge = inf", "must be a positive number, not Infinity", id="infinite limit"
        ),
        pytest.param(TOML + "[limits]\njudge = nan", ":20: judge must be a number", id="nan limit"),
        pytest.param(
            TOML + "[limits]\nprocesses = 0.5",
            ":20: .*'processes' must be a whole number, not 0.5",
            id="half a process",
        ),
        pytest.param("limits = 7\n" + TOML, r":1: limits must be a table, \[limits\], not 7", id="limits"),
        pytest.param(
            'settings = "x"\n' + TOML.replace("[settings]\nepochs = 3", ""),
            ":1: settings must be a table",
            id="text as settings",
        ),
        pytest.param(
            TOML + '[data]\nname = "fashion-mist"',
            r":20: there is no data set 'fashion-mist'; did you mean 'fashion-mnist'\?",
            id="unknown data set",
        ),
        pytest.param(
            TOML + '[data]\nnames = "none"', r":20: unknown key 'names' in \[data\]; did you", id="in data"
        ),
        pytest.param(
            TOML + '[data]\nname = "none"\n[[data.archive]]\nfile = "a.zip"',
            ":20: give a data set by its name, or archives, not both",
            id="a set and archives",
        ),
        pytest.param(
            TOML + '[[data.archive]]\nfile = "a.zip"',
            r":19: the key 'sha256' is missing from \[\[data\.archive\]\]",
            id="no sum",
        ),
        pytest.param(
            TOML + '[[data.archive]]\nfile = "a.zip"\nsha256 = "12"',
            ":21: sha256 must be 64 hexadecimal digits",
            id="half a sum",
        ),
        pytest.param(
            TOML + f'[[data.archive]]\nfile = "https://x/a.zip"\nsha256 = "{"0" * 64}"',
            ":20: file must be a plain file name, .* never downloaded",
            id="a URL",
        ),
        pytest.param(
            TOML + '[data]\nfiles = ["gone.csv"]',
            ":20: files names 'gone.csv', which is not a file in",
            id="gone",
        ),
        pytest.param(
            TOML + '[data]\nhidden = [\n  "gone.csv",\n]',
            ":20: hidden names 'gone.csv'",
            id="hidden and gone",
        ),
        pytest.param(
            TOML + '[data]\nfiles = ["../master.ipynb"]', ":20: files must name files below the", id="outside"
        ),
        pytest.param(
            TOML + '[kernel]\npackages = ["pandas=2"]',
            ":20: 'pandas=2' is not a requirement",
            id="requirement",
        ),
        pytest.param(
            TOML + '[kernel]\nwarm = ["a-b"]', ":20: 'a-b' is not the name of a module", id="module"
        ),
        pytest.param(
            TOML + '[kit]\nnotebook = "a/b.ipynb"',
            ":20: notebook must be a file name",
            id="a path in the kit",
        ),
        pytest.param(
            TOML + '[kit]\nhints = { marksdown = "x" }',
            r":20: unknown key 'marksdown' in \[kit\.hints\]; did you mean 'markdown'\?",
            id="unknown hint",
        ),
        pytest.param(
            TOML + '[saved]\ncompare = "no"', ":20: compare must be true or false, not 'no'", id="no"
        ),
    ],
)
def test_a_toml_that_contradicts_itself_is_refused_with_file_and_line(make, toml, message):
    with pytest.raises(RubricError, match=message) as refused:
        assignment.load(make(toml))
    assert re.match(r"\S+assignment\.toml(:\d+)?: |\S+master\.ipynb: ", str(refused.value))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        pytest.param(
            new_code_cell("", metadata={"grader": "2"}),
            "cell 6: the metadata `grader` must be an object, not '2'",
            id="text",
        ),
        pytest.param(marked(question=2), "must give the question as text, not 2", id="a number"),
        pytest.param(marked(question=["2"]), "must give the question as text", id="a list"),
        pytest.param(
            marked("", new_markdown_cell, prompt=1), "must give the prompt as text, not 1", id="prompt"
        ),
        pytest.param(
            marked(question="2", names="xy"), "must give names as a list of texts, not 'xy'", id="names"
        ),
        pytest.param(
            marked(question="2", names=[1]), "must give names as a list of texts", id="a number as name"
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


def test_a_master_with_a_cell_that_cannot_be_read_is_refused(make):
    folder = make()
    book = json.loads((folder / "master.ipynb").read_text())
    book["cells"].append(None)
    (folder / "master.ipynb").write_text(json.dumps(book))
    with pytest.raises(
        NotebookError, match=r"^master\.ipynb: These cells could not be read: \d \(it is null"
    ):
        assignment.load(folder)


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


# --- what notebooks need --------------------------------------------------------------------------------


def test_nothing_is_needed_unless_it_is_said(make):
    mini = assignment.load(make())
    assert (mini.data.source.name, mini.files, mini.data.hidden) == ("none", (), ())
    assert (mini.kernel.packages, packages.warm_modules(mini)) == ((), ())
    assert (mini.kit.title, mini.kit.notebook, mini.saved.compare) == ("A small one", "mini.ipynb", True)


def test_what_notebooks_need_is_read(make, tmp_path):
    (tmp_path / "flats.csv").write_text("area\n1\n")
    (tmp_path / "secret.csv").write_text("area\n2\n")
    mini = assignment.load(
        make(
            TOML
            + f"""
[data]
files = ["flats.csv"]
hidden = ["secret.csv"]
[[data.archive]]
file = "a.zip"
sha256 = "{"0" * 64}"
[kernel]
packages = ["numpy>=1.20", "pytest"]
[kit]
title = "The first one"
notebook = "first.ipynb"
hints = {{ markdown = "*Here.*" }}
[saved]
compare = false
"""
        )
    )
    assert mini.files == (("flats.csv", tmp_path / "flats.csv"),)
    assert mini.data.hidden == ("secret.csv",)
    assert mini.data.source.name == "a.zip"
    assert packages.names(mini.kernel.packages) == ("numpy", "pytest")
    assert {"numpy", "pytest"} <= set(packages.warm_modules(mini))
    assert (mini.kit.title, mini.kit.notebook) == ("The first one", "first.ipynb")
    assert mini.kit.hints == {"code": "# Your answer here", "markdown": "*Here.*", "raw": "Your answer here"}
    assert not mini.saved.compare
    packages.check(mini)


def test_what_is_warm_can_be_said(make):
    mini = assignment.load(make(TOML + '[kernel]\npackages = ["numpy"]\nwarm = ["numpy.linalg"]'))
    assert packages.warm_modules(mini) == ("numpy.linalg",)


def test_packages_that_are_missing_or_old_are_named_with_what_installs_them(make):
    wanted = '["numpy", "numpy<1", "no-such-package>=2", "nor-this; sys_platform == \'plan9\'"]'
    mini = assignment.load(make(TOML + f"[kernel]\npackages = {wanted}"))
    with pytest.raises(UsageError) as refused:
        packages.check(mini)
    said = str(refused.value)
    assert said.startswith("mini cannot be graded here: numpy is installed in version ")
    assert "not <1; no-such-package is not installed. " in said
    assert said.endswith(f"{sys.executable} -m pip install 'numpy<1' 'no-such-package>=2'")


def test_a_module_that_cannot_be_warm_is_named(make):
    mini = assignment.load(make(TOML + '[kernel]\nwarm = ["no_such_module.part"]'))
    with pytest.raises(
        UsageError, match=r"\[kernel\] warm names 'no_such_module\.part', which is not installed"
    ):
        packages.check(mini)


# --- limits and places ----------------------------------------------------------------------------------


def test_limits_can_be_changed_in_the_toml(make):
    mini = assignment.load(make(TOML + "[limits]\njudge = 2\nmemory = 1_000\ncell_factor = 2.3"))
    assert (mini.limits.judge, mini.limits.memory, mini.limits.cell_factor) == (2.0, 1000, 2.3)
    assert mini.limits.output_cell == Limits().output_cell
    assert type(mini.limits.judge) is float


def test_limits_can_be_changed_again(make):
    changed = assignment.with_limits(assignment.load(make()).limits, {"memory": 5, "judge": 0.5})
    assert (changed.memory, changed.judge) == (5, 0.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_limit_from_the_command_line_is_checked_too(value):
    with pytest.raises(RubricError, match="'judge' must be a positive number"):
        assignment.with_limits(Limits(), {"judge": value})


def shelve(folder, *names):
    """A folder of assignments."""
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "assignment.toml").write_text(TOML)
    return folder


def test_an_assignment_is_located_by_folder_or_by_name(make, tmp_path):
    folder = make()
    here = shelve(tmp_path / "here" / "rubrics", "mini")
    assert locate(str(folder)) == folder
    assert locate("mini", near=tmp_path / "here") == here / "mini"
    assert locate("hw1", near=tmp_path) == CHECKOUT / "rubrics" / "hw1"


def test_assignments_are_also_found_where_a_variable_says(tmp_path, monkeypatch):
    one, two = shelve(tmp_path / "one", "mini"), shelve(tmp_path / "two", "mini", "maxi")
    monkeypatch.setenv("GRADER_RUBRICS", f"{one}{os.pathsep}{two}")
    assert locate("mini", near=tmp_path) == one / "mini"
    assert locate("maxi", near=tmp_path) == two / "maxi"


def test_an_unknown_assignment_names_those_that_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr(locating, "CHECKOUT", None)
    with pytest.raises(
        UsageError, match=r"no assignment 'hw9': .*rubrics/hw9\. Give the path of its folder\."
    ):
        locate("hw9", near=tmp_path)
    shelve(tmp_path / "rubrics", "b", "a")
    with pytest.raises(UsageError, match=r"Known here: a, b\."):
        locate("hw9", near=tmp_path)


def test_without_a_name_it_is_the_only_one_there_is(tmp_path, monkeypatch):
    assert locate(None, near=tmp_path) == CHECKOUT / "rubrics" / "hw1"
    monkeypatch.setattr(locating, "CHECKOUT", None)
    with pytest.raises(
        UsageError, match=r"No assignment was found in .*rubrics\. .*, or set \$GRADER_RUBRICS"
    ):
        locate(None, near=tmp_path)
    monkeypatch.setenv("GRADER_RUBRICS", str(shelve(tmp_path / "shelf", "mini")))
    assert locate(None, near=tmp_path) == tmp_path / "shelf" / "mini"
    shelve(tmp_path / "rubrics", "mini", "other")
    with pytest.raises(
        UsageError, match=r"There are several assignments: mini, other\. Say which one: `-a mini`"
    ):
        locate(None, near=tmp_path)
