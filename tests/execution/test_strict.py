"""`--strict` adapts nothing; without it, only what a notebook needs is adapted, and the report says what."""

import json

import pytest

HAND_INS = {
    "on-a-gpu": "import torch\nnumber = int(torch.tensor([6, 7]).cuda().prod())",
    "on-colab": (
        "%matplotlib inline\n"
        "from google.colab import drive\n"
        "drive.mount('/content/drive')\n"
        "%cd /content/drive/My Drive\n"
        "!pip install -q torchsummary\n"
        "import os\n"
        "os.makedirs('/content/drive/My Drive/data', exist_ok=True)\n"
        "number = 42"
    ),
    "of-today": "import torch\nnumber = int(torch.tensor([6, 7]).prod())",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory, new_class, notebook_of):
    """What each hand-in gets, by whether it was run strictly."""

    def graded(*, strict):
        grading = new_class(tmp_path_factory.mktemp("strict"))
        for student, number in HAND_INS.items():
            grading.hand_in(student, notebook_of(number=number))
        grading.grade(strict=strict)
        students = grading.results / "students"
        return {name: json.loads((students / name / "result.json").read_text()) for name in HAND_INS}

    return {strict: graded(strict=strict) for strict in (False, True)}


def outcome(result):
    return result["questions"][0]["outcome"]


@pytest.mark.parametrize(("student", "ending"), [("on-a-gpu", "environment"), ("on-colab", "environment")])
def test_what_was_written_elsewhere_passes_adapted_and_fails_strictly(results, student, ending):
    adapted, strict = results[False][student], results[True][student]
    assert (adapted["ending"], outcome(adapted)) == ("finished", "passed")
    assert strict["ending"] == ending
    assert outcome(strict) != "passed"
    assert strict["compat"] == []


def test_what_was_adapted_is_named_with_its_place_and_todays_spelling(results):
    (use,) = results[False]["on-a-gpu"]["compat"]
    assert (use["what"], use["where"], use["count"]) == ("tensor.cuda()", {"cell": 0, "line": 2}, 1)
    assert "torch.cuda.is_available()" in use["note"]
    on_colab = {use["what"] for use in results[False]["on-colab"]["compat"]}
    assert {"google.colab.drive", "os.chdir('/content')", "os.mkdir('/content')", "!pip"} <= on_colab


@pytest.mark.parametrize("strict", [False, True], ids=["adapted", "strict"])
def test_for_a_notebook_of_today_nothing_is_adapted(results, strict):
    result = results[strict]["of-today"]
    assert (result["ending"], outcome(result), result["compat"]) == ("finished", "passed", [])


def test_the_command_line_has_an_option_for_it(graded, call):
    """It asks for other software than the class was graded with, which is refused for a part of it."""
    said = call(
        "run", graded.hand_ins, "-a", graded.assignment, "-o", graded.results, "--profile", "quick",
        "--sandbox", "none", "--only", "bob", "--strict",
    )  # fmt: skip
    assert said.code == 2
    assert "was graded under other conditions" in said.error
