"""Where torch is not installed, the program starts and grades an assignment that needs none."""

import json
import shutil

import pytest
from environments import ROOT, Environment, packages_without

FLATS = ROOT / "tests" / "assignments" / "tiny"
STEMS = ("torch", "functorch", "nvidia", "triton", "cuda", "__editable__")


@pytest.fixture(scope="module")
def torchless(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("torchless")
    return Environment(folder, wheel, packages_without(folder / "shared", *STEMS))


def test_there_is_no_torch(torchless):
    for name in ("torch", "torchvision"):
        assert "ModuleNotFoundError" in torchless.run("python", "-c", f"import {name}").stderr
    assert torchless.run("python", "-c", "import grader, grader.judging.api, grader.__main__").stderr == ""


@pytest.mark.parametrize("sandbox", ["auto", "none"])
def test_an_assignment_that_needs_none_is_graded(torchless, sandbox):
    hand_ins = torchless.work / "class"
    for student in ("ada", "cem", "finn"):
        shutil.copytree(FLATS / "submissions" / student, hand_ins / student, dirs_exist_ok=True)
    results = f"results-{sandbox}"
    said = torchless.run(
        "grader", "run", "class", "-a", FLATS, "-o", results, "-j", 2, "--sandbox", sandbox, "--json"
    )
    assert said.returncode == 0, said.stderr
    totals = {grade["student"]: grade["total"] for grade in json.loads(said.stdout)}
    assert totals == {"ada": 4.0, "cem": 2.0, "finn": 2.0}


def test_an_assignment_that_needs_it_says_how_to_install_it(torchless):
    said = torchless.run("grader", "run", ROOT / "submissions", "-a", ROOT / "rubrics" / "hw1")
    assert said.returncode == 2
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("error: ")]
    assert "hw1 cannot be graded here: torch is not installed; torchvision is not installed." in line
    assert line.endswith("-m pip install 'torch>=2' torchvision")
