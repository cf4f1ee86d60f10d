"""What is in the zip of an autograder."""

import io
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from grader import assignment as assignments
from grader.assignment.model import KernelNeeds
from grader.handout import autograder, wheel
from grader.model import Ending, Execution, Profile
from grader.places import AUTOGRADER

TESTS = Path(__file__).parents[1]
FLATS = TESTS / "assignments" / "tiny"
MAKEFILE = TESTS.parent / "Makefile"


@pytest.fixture(scope="module")
def content():
    return autograder.autograder(assignments.load(FLATS), profile=Profile.QUICK, minutes=10)


@pytest.fixture(scope="module")
def archive(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        yield archive


def test_it_holds_the_assignment_and_no_hand_in(archive):
    names = set(archive.namelist())
    programs = {
        "setup.sh",
        "run_autograder",
        "settings",
        "stopped.json",
        "requirements.txt",
        "constraints.txt",
    }
    files = {path.name for path in FLATS.iterdir() if path.is_file()}
    assert names == programs | {wheel.name()} | {f"course/tiny/{name}" for name in files}
    assert {"master.ipynb", "test_flats.py", "probes.py", "flats.csv", "more_flats.csv"} <= files
    for name in files:
        assert archive.read(f"course/tiny/{name}") == (FLATS / name).read_bytes()


def test_a_reference_outside_the_folder_lies_where_the_assignment_looks_for_it(assignment, tmp_path):
    (tmp_path / "solutions").mkdir()
    (assignment / "master.ipynb").rename(tmp_path / "solutions" / "it.ipynb")
    toml = assignment / "assignment.toml"
    toml.write_text(toml.read_text().replace('"master.ipynb"', '"../solutions/it.ipynb"'))
    content = autograder.autograder(assignments.load(assignment), profile=Profile.FULL, minutes=20)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path / "source")
    settings = (tmp_path / "source/settings").read_text()
    folder, reference = re.findall("^(?:assignment|reference)=(.*)", settings, re.MULTILINE)
    unpacked = assignments.load(tmp_path / "source" / folder)
    assert unpacked.master.resolve() == tmp_path / "source" / reference
    assert "profile=full\n" in settings
    assert "seconds=1170\n" in settings


def test_its_programs_are_bash_and_can_be_executed(archive, tmp_path):
    for name in ("setup.sh", "run_autograder"):
        assert archive.getinfo(name).external_attr >> 16 == 0o100755
        assert archive.read(name).startswith(b"#!/usr/bin/env bash\n")
        (tmp_path / name).write_bytes(archive.read(name))
        subprocess.run(["bash", "-n", tmp_path / name], check=True)
    assert archive.getinfo("settings").external_attr >> 16 == 0o100644


def test_the_system_packages_that_it_installs_are_known_here():
    """`ca-certificates` is in every image in which something was ever downloaded."""
    (line,) = re.findall(r"^apt-get install .*", (AUTOGRADER / "setup.sh").read_text(), re.MULTILINE)
    wanted = {word for word in line.split()[2:] if not word.startswith("-")}
    known = {
        name for line in re.findall(r"\.ci/packages (.*)", MAKEFILE.read_text()) for name in line.split()
    }
    assert wanted - known == {"ca-certificates"}


def test_what_it_installs_is_this_program_and_what_the_assignment_asks_for_in_the_versions_of_here(archive):
    assert archive.read("requirements.txt").decode().split() == [f"./{wheel.name()}", "numpy"]
    pins = archive.read("constraints.txt").decode().splitlines()
    assert {"numpy", "torch", "nbclient"} <= {pin.partition("==")[0] for pin in pins}
    assert all(re.fullmatch(r"[\w.-]+==[\w.!]+", pin) for pin in pins)
    assert not [pin for pin in pins if pin.startswith("grader==")]


def test_it_is_the_same_bytes_whenever_it_is_made(content):
    assert autograder.autograder(assignments.load(FLATS), profile=Profile.QUICK, minutes=10) == content


def test_words_that_bash_would_read_otherwise_stay_words(tmp_path, assignment):
    folder = assignment.rename(tmp_path / "a $(touch x) 'b'")
    content = autograder.autograder(assignments.load(folder), profile=Profile.QUICK, minutes=10)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extract("settings", tmp_path)
    said = subprocess.run(
        ["bash", "-c", '. ./settings; printf %s "$assignment"'],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == f"course/{folder.name}"
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("packages", "seconds", "minutes", "said"),
    [
        (("numpy",), (), 10, []),
        (("numpy", "torch>=2"), (), 10, ["Notebooks that import torch need about 1 GB "]),
        ((), (100.0, 142.0), 10, []),
        ((), (100.0, 150.0), 10, ["The reference used 150 s of processor time here, so a notebook may take 10 "]),
        ((), (150.0,), 20, []),
        ((), (400.0,), 20, ["The reference used 400 s of processor time here, so a notebook may take 27 "]),
    ],
)  # fmt: skip
def test_it_warns_of_a_container_that_is_too_small(tmp_path, packages, seconds, minutes, said):
    run = Execution(student="reference", folder=tmp_path, ending=Ending.FINISHED)
    runs = [replace(run, cpu_seconds=each) for each in seconds]
    asking = replace(assignments.load(FLATS), kernel=KernelNeeds(packages=packages))
    warnings = list(autograder.warnings(asking, runs, minutes=minutes))
    assert [warning[: len(text)] for warning, text in zip(warnings, said, strict=True)] == said
