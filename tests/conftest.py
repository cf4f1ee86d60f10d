"""A cache of the tests' own, and a tiny assignment whose notebooks run in the time that a kernel takes to start."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import hypothesis
import nbformat
import pytest
from machine import promised

from grader import __main__ as cli
from grader import assignment as assignments
from grader import datasets, run
from grader.cli import wiring
from grader.datasets import fashion_mnist
from grader.errors import UsageError
from grader.execution import worker
from grader.intake import collect as intake
from grader.kernel.cold import ColdLauncher
from grader.kernel.memory import Admission
from grader.kernel.sandbox import best_launcher
from grader.limits import Limits
from grader.results.store import Store
from grader.session import Plan, Session

# No test may fail because the machine is busy.
hypothesis.settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("untimed")

DATA = next(
    (place.path for place in fashion_mnist.where(env=os.environ, cache=datasets.user_cache()) if place.found),
    None,
)
"""Where this machine has the full data set; looked up before the tests get a cache of their own."""

TOML = """\
id = "tiny"
title = "A tiny assignment"
reference = "master.ipynb"
seeds = [7]

[data]
name = "fashion-mnist"

[[question]]
id = "1"
title = "A number"
points = 1

[[question]]
id = "2"
title = "A loss that falls"
points = 1

[[question]]
id = "3"
title = "Some words"
points = 0.5

[limits]
# However busy the machine is that runs these tests.
cell_floor = 300
notebook_floor = 600
"""
RUBRIC = '''\
from grader import award, fail, question, review


@question("1", points=1, reveal=True)
def test_the_number(student, reference):
    """The number is the reference's."""
    seen, wanted = student.value("number", "1"), reference.first.value("number", "1").number
    if seen is None or seen.number != wanted:
        fail("Another number was found.", expected=wanted, actual=seen and seen.number, hint="Count again.")


@question("2", points=0.75)
def test_the_loss_falls(student):
    """The losses fall."""
    seen = student.value("losses", "2")
    if seen is None or seen.numbers is None:
        fail("There are no losses.", expected="three of them", actual="none", hint="Fill the list.")
    if list(seen.numbers) != sorted(seen.numbers, reverse=True):
        award(0.25, "Not every loss is below the one before.", actual=seen.numbers)


@question("2", points=0.25, visibility="hidden")
def test_there_are_three(student):
    """There are three losses."""
    seen = student.value("losses", "2")
    assert seen is not None, "There are no losses."


@question("3", points=0.5)
def test_the_words(student):
    """The words say why."""
    words = student.answer("3").markdown
    if not words.strip():
        fail("Nothing was written.")
    review("A person reads this.", actual=words)
'''
NUMBER, LOSSES = "number = 6 * 7", "losses = [3.0, 2.0, 1.0]"
WORDS = "Because it is so."


def tiny_notebook(number=NUMBER, losses=LOSSES, words=WORDS, *, solved=False, more=()):
    """A hand-in; with `solved` the master, whose solutions stand between markers."""

    def solution(text, begin, end):
        return f"{begin}\n{text}\n{end}" if solved else text

    code = "### BEGIN SOLUTION", "### END SOLUTION"
    prose = "<!-- BEGIN SOLUTION -->", "<!-- END SOLUTION -->"
    cells = [
        nbformat.v4.new_code_cell(
            solution(number, *code), metadata={"grader": {"question": "1", "names": ["number"]}}
        ),
        nbformat.v4.new_code_cell(
            solution(losses, *code), metadata={"grader": {"question": "2", "names": ["losses"]}}
        ),
        nbformat.v4.new_markdown_cell(
            solution(words, *prose), metadata={"grader": {"question": "3", "names": []}}
        ),
        *map(nbformat.v4.new_code_cell, more),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells))


STARTS_KERNELS = frozenset({"kernels", "grader", "drive", "box"})
"""Fixtures; so does everything that depends on them."""


def pytest_collection_modifyitems(items):
    """Mark what starts kernels: `pytest -m "not kernel" -n auto` is the part that takes a minute or two."""
    for item in items:
        if not STARTS_KERNELS.isdisjoint(item.fixturenames):
            item.add_marker("kernel")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """No test may read or fill the cache of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv(datasets.VARIABLE, raising=False)
        worker.prepare()
        yield datasets.user_cache()


@pytest.fixture(scope="session")
def full_data():
    return DATA


@pytest.fixture(scope="session")
def notebook_of():
    return tiny_notebook


def write_assignment(folder):
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(TOML)
    (folder / "test_tiny.py").write_text(RUBRIC)
    (folder / "master.ipynb").write_text(tiny_notebook(solved=True))
    return folder


@pytest.fixture
def assignment(tmp_path):
    """A tiny assignment to edit."""
    return write_assignment(tmp_path / "tiny")


HAND_INS = {
    "ada": tiny_notebook(),
    "bob": tiny_notebook(losses="losses = [1.0, 2.0, 3.0]", words=""),
    "cyd": tiny_notebook(losses="raise ValueError('half way')"),
    "dan": "{ this is no notebook",
}


def write_class(folder, hand_ins=None):
    for student, text in (hand_ins or HAND_INS).items():
        (folder / student).mkdir(parents=True, exist_ok=True)
        (folder / student / "tiny.ipynb").write_text(text)
    return folder


class Grading:
    """An assignment, a class, a results folder, and what grading them did."""

    def __init__(self, folder, cache, kernels):
        self.folder = folder
        self.cache = cache
        self.kernels = kernels
        self.assignment = folder / "tiny"
        self.hand_ins = folder / "class"
        self.results = folder / "results"
        self.events = []

    @property
    def kinds(self):
        """How often each kind of event came, cells apart."""
        return Counter(event.kind for event in self.events if event.kind != "cell")

    @property
    def executed(self):
        return sorted(event.student for event in self.events if event.kind == "executed")

    def hand_in(self, student, text):
        write_class(self.hand_ins, {student: text})

    def rubric(self, before, after):
        path = self.assignment / "test_tiny.py"
        assert before in path.read_text()
        path.write_text(path.read_text().replace(before, after))

    def grade(self, *, jobs=2, roster=None, launcher=None, cache=None, **options):
        """Grade the class as the command line does, in this process; grades by student."""
        chosen = assignments.load(self.assignment)
        hand_ins = intake.collect(self.hand_ins, limits=chosen.limits).submissions
        self.events.clear()
        with (
            Store.open(self.results) as store,
            Admission() as admission,
            ThreadPoolExecutor(jobs) as executor,
        ):
            session = Session(
                assignment=chosen,
                dataset=fashion_mnist.subset(self.cache),
                profile="quick",
                launch=lambda: launcher or self.kernels,
                admission=admission,
                executor=executor,
                call=worker.call,
                cache=cache or self.cache,
                on_event=self.events.append,
                **options,
            )
            list(run.grade_all(hand_ins, roster or {}, session, store))
            return {grade.student: grade for grade in store.grades()}


@pytest.fixture(scope="session")
def kernels(own_cache):
    """The kernels that start fastest on this machine: warm ones, if it can confine them."""
    with contextlib.ExitStack() as stack:
        try:
            sandbox = best_launcher(
                fashion_mnist.subset(own_cache).root,
                limits=Limits(),
                warm=("torch.utils.data", "torchvision"),
            )
            launcher = stack.enter_context(sandbox)
        except UsageError as error:
            if promised("sandbox"):
                pytest.fail(str(error), pytrace=False)
            launcher = ColdLauncher()
        yield launcher


@pytest.fixture
def warm(kernels, monkeypatch):
    """Commands take kernels that are warm already; to warm some of their own takes each several seconds."""
    monkeypatch.setattr(wiring, "best_launcher", lambda *_, **__: contextlib.nullcontext(kernels))


@pytest.fixture(scope="session")
def new_class(own_cache, kernels):
    """Make a class of the tiny assignment in a folder, without any hand-in yet."""

    def new_class(folder):
        grading = Grading(folder, own_cache, kernels)
        write_assignment(grading.assignment)
        return grading

    return new_class


@pytest.fixture(scope="session")
def graded_once(tmp_path_factory, new_class):
    """The tiny class, graded. Look, don't touch; `graded` is a copy to touch."""
    grading = new_class(tmp_path_factory.mktemp("graded"))
    write_class(grading.hand_ins)
    grading.grade()
    return grading


@pytest.fixture
def graded(graded_once, tmp_path):
    """The tiny class with its results, all in a folder of this test's own."""
    folder = tmp_path / "graded"
    shutil.copytree(graded_once.folder, folder)
    grading = Grading(folder, graded_once.cache, graded_once.kernels)
    with Store.existing(grading.results) as store:
        store.remember(assignment=str(grading.assignment))
    return grading


@pytest.fixture
def fresh(tmp_path, new_class):
    """The tiny assignment without any hand-in."""
    return new_class(tmp_path / "fresh")


def command(*arguments, cwd=None, columns=200, **environment):
    """Run the real command line in a process of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "grader", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "COLUMNS": str(columns), **environment},
        capture_output=True,
        text=True,
        timeout=3600,
        check=False,
    )


@pytest.fixture(scope="session")
def grader():
    return command


class Said:
    """How a command ended, and what it printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def error(self):
        """The one line that an error is, whatever was said before it."""
        (line,) = [line for line in self.err.splitlines() if line.startswith(("error: ", "internal error: "))]
        return line


@pytest.fixture
def call(capfd, monkeypatch):
    """Run the command line in this process, which spares its imports."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments)])
        capfd.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def plan(own_cache):
    """How the tiny assignment's notebooks are run."""
    return Plan(
        seed=7,
        data=fashion_mnist.subset(own_cache).root,
        data_key="sample",
        names=("number", "losses"),
        probes="",
        probe_inputs="",
        limits=Limits(),
    )


@pytest.fixture
def notebook(tmp_path, notebook_of):
    """One hand-in of the tiny assignment."""
    path = tmp_path / "hand-in" / "hw.ipynb"
    path.parent.mkdir()
    path.write_text(notebook_of())
    return path
