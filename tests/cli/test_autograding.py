"""The autograder's zip, unpacked and run as Gradescope does it: its folders, its metadata, its script."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from gradescope_specification import violations
from machine import in_reach_of_all, lacks, need_a_reachable_checkout

from grader import assignment as assignments
from grader.cli import autograding
from grader.datasets import user_cache
from grader.execution import reference
from grader.handout import autograder
from grader.model import Ending

pytestmark = [pytest.mark.kernel, pytest.mark.slow]
FLATS = Path(__file__).parents[1] / "assignments" / "tiny"
HAND_INS = FLATS / "submissions"
HIDDEN = "what a hidden check said last time"
METADATA = {
    "id": 123456,
    "created_at": "2026-07-01T14:22:32.365935-07:00",
    "assignment": {"due_date": "2026-07-31T23:00:00.000000-07:00", "group_size": None, "total_points": "5.0"},
    "users": [{"email": "ada@example.com", "id": 1234, "name": "Ada “<script>” Ü"}],
    "previous_submissions": [
        {
            "submission_time": "2026-06-30T14:24:48.087023-07:00",
            "score": 0.0,
            "results": {"output": HIDDEN},
        }
    ],
}


@pytest.fixture(scope="module")
def source(tmp_path_factory, grader):
    """The zip as the command writes it, unpacked."""
    folder = tmp_path_factory.mktemp("autograder")
    said = grader("export", "gradescope", "--autograder", "-a", FLATS, "-o", folder / "autograder.zip")
    assert said.stdout.startswith(f"Wrote {folder}/autograder.zip, for the course staff alone."), said.stderr
    with zipfile.ZipFile(folder / "autograder.zip") as archive:
        archive.extractall(folder / "source")
    return folder / "source"


class Autograder:
    """A folder laid out as /autograder."""

    def __init__(self, root, source):
        self.root = root
        self.script = root / "source/run_autograder"
        self.environment = {
            "AUTOGRADER_ROOT": str(root), "AUTOGRADER_PYTHON": sys.executable,
            "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
        }  # fmt: skip
        self.source = shutil.copytree(source, root / "source")
        self.submission = root / "submission"
        self.submission.mkdir()
        (root / "submission_metadata.json").write_text(json.dumps(METADATA))

    def hand_in(self, **files):
        for name, text in files.items():
            (self.submission / f"{name}.ipynb").write_text(text)

    def edit(self, name, before, after):
        path = self.source / name
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def run(self):
        """The results, and what the staff read."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(
            ["bash", self.script],
            cwd=self.root, env=environment, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        return self.results(), done.stdout + done.stderr

    def results(self):
        """They are as specified, and say nothing of earlier submissions."""
        assert [path.name for path in (self.root / "results").iterdir()] == ["results.json"]
        results = json.loads((self.root / "results/results.json").read_text())
        assert violations(results) == []
        assert HIDDEN not in json.dumps(results)
        return results


@pytest.fixture
def gradescope(tmp_path, source):
    return Autograder(tmp_path / "autograder", source)


HOSTILE = """
import os, pathlib
for path in ("source", "results", "submission_metadata.json", "source/course/tiny/test_flats.py"):
    try:
        (os.listdir if path in ("source", "results") else open)("{root}/" + path)
    except PermissionError:
        pass
    else:
        raise SystemError(path)
"""


def with_cell(notebook, source):
    document = json.loads(notebook)
    document["cells"].append(
        {
            "id": "last",
            "cell_type": "code",
            "execution_count": None,
            "metadata": {},
            "outputs": [],
            "source": source,
        }
    )
    return json.dumps(document)


def notebook_of(student):
    return (HAND_INS / student / "flats.ipynb").read_text()


@pytest.mark.parametrize(
    ("files", "score", "said"),
    [
        pytest.param({"flats": "ada"}, 4, "ended as “finished”", id="right"),
        pytest.param({"flats": "ben"}, 3.5, "ended as “finished”", id="wrong"),
        pytest.param({"flats": "finn"}, 2, "ended as “error”", id="a cell raises"),
        pytest.param({"flats": "{ nothing"}, 0, "ended as “unreadable”: flats.ipynb: ", id="unreadable"),
        pytest.param({}, 0, "no notebook was found in what was handed in; hand in an .ipynb file", id="nothing"),
        pytest.param({"flats": "ada", "old": "dina"}, 4, "flats.ipynb was taken, not ", id="two notebooks"),
    ],
)  # fmt: skip
def test_a_submission_is_graded(gradescope, files, score, said):
    gradescope.hand_in(**{name: text if " " in text else notebook_of(text) for name, text in files.items()})
    results, _ = gradescope.run()
    assert results["score"] == score
    assert said in results["output"]
    assert sum(test["max_score"] for test in results["tests"] if "score" in test) <= 5


def test_nobody_else_may_read_the_rubric_or_earlier_results(gradescope):
    gradescope.hand_in(flats=notebook_of("ada"))
    gradescope.root.chmod(0o755)
    gradescope.run()
    flats = assignments.load(FLATS)
    (run,) = reference.known(flats, flats.data.source.find(env={}, cache=user_cache()), user_cache())
    assert run.ending is Ending.FINISHED  # the export warns by the time that it took
    assert stat.S_IMODE(gradescope.root.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("edit", "text", "staff"),
    [
        (("course/tiny/test_flats.py", "import", "improt"), autograding.FAILED, "test_flats.py"),
        (("course/tiny/assignment.toml", "points = 1", "points = 2"), autograding.FAILED, "points"),
        (("settings", "seconds=570", "seconds=1"), autograder.STOPPED, ""),
    ],
    ids=["a rubric with a syntax error", "points that do not add up", "killed by the time limit"],
)
def test_what_was_not_graded_has_no_score(gradescope, edit, text, staff):
    gradescope.hand_in(flats=notebook_of("ada"))
    gradescope.edit(*edit)
    results, printed = gradescope.run()
    assert (results["output"], results["stdout_visibility"]) == (text, "hidden")
    assert results.keys().isdisjoint({"score", "tests"})
    assert staff in printed


def test_where_no_sandbox_starts_a_notebook_runs_as_a_user_who_reaches_nothing(source):
    if os.geteuid() != 0:
        lacks("sandbox", "only root can run notebooks as another user")
    need_a_reachable_checkout()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's are closed to other users
        Path(folder).chmod(0o755)
        gradescope = Autograder(Path(folder, "autograder"), source)
        gradescope.hand_in(flats=with_cell(notebook_of("ada"), HOSTILE.format(root=gradescope.root)))
        no_sandbox = (
            f"mount --bind /bin/false {shutil.which('bwrap')} 2>/dev/null; exec bash {gradescope.script}"
        )
        done = in_reach_of_all("sh", "-c", no_sandbox, seconds=600, **gradescope.environment)
        results = gradescope.results()
    assert "Sandbox: mode another user" in done.stderr
    assert results["score"] == 4
    assert "ended as “finished”" in results["output"]


DOWNLOADS = """
mount -t tmpfs none /opt && mkdir -p /opt/uv/bin /opt/stubs
for name in uv/bin/pip uv/bin/uv stubs/apt-get stubs/python3; do ln -s /bin/true /opt/$name; done
PATH=/opt/stubs:$PATH exec bash $1/setup.sh
"""
"""Takes nothing from the network, and changes nothing of this machine, when it builds the image."""


@pytest.mark.parametrize(
    ("division", "code"), [("price / area", 0), ("price / / area", 1)], ids=["it runs", "it does not run"]
)
def test_an_image_is_built_if_the_reference_can_be_graded_there(gradescope, tmp_path, division, code):
    if os.geteuid() != 0:
        lacks("sandbox", "only root can mount what replaces downloads")
    gradescope.edit("course/tiny/master.ipynb", "price / area", division)
    places = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path)}
    done = in_reach_of_all(
        "sh", "-c", DOWNLOADS, "sh", str(gradescope.source), seconds=600, **gradescope.environment | places
    )
    assert done.returncode == code, done.stderr
    assert ('"output"' in done.stdout) == bool(code)  # the build's log says what went wrong
    modes = {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in gradescope.source.rglob("*")}
    assert modes == {0}
    cache = tmp_path / "cache/grader"
    assert [stat.S_IMODE(path.stat().st_mode) for path in (cache, cache / "reference")] == [0o755, 0o700]
    assert len(list((cache / "reference").iterdir())) == 1 - code
