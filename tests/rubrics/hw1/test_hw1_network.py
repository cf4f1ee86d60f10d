"""The 5-4-1 networks of question 3: proved under each convention, or refuted by a small input."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hw1.network import INPUTS, UNITS, Convention, verify_network

from grader.theory import Activation, proof, read_network

ROWS = [[1, -1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]
NEGATIVE = [[-v for v in row] for row in ROWS]
SIGNS = (Activation.SIGN_ZERO, Activation.SIGN_PLUS, Activation.SIGN_MINUS)
STEPS = (Activation.STEP_ZERO, Activation.STEP_ONE)
THREE = tuple(Convention(sign, sign) for sign in SIGNS)
STEPPED = tuple(Convention(step, sign) for step in STEPS for sign in SIGNS)


def right(judgement, conventions):
    return "".join("P" if convention in judgement.right else "x" for convention in conventions)


def off_ties(judgement, conventions):
    return "".join("P" if c in judgement.right_except_on_ties else "x" for c in conventions)


@pytest.mark.parametrize(
    ("weights", "everywhere", "except_on_ties"),
    [
        pytest.param((ROWS, [0] * 4, [1] * 4, "-3.5"), "PxP", "PPP", id="usual"),
        pytest.param(
            ([[7 * v for v in row] for row in ROWS], [0] * 4, [1] * 4, "-3.5"), "PxP", "PPP", id="scaled"
        ),
        pytest.param((ROWS[::-1], [0] * 4, [1] * 4, "-3.5"), "PxP", "PPP", id="permuted"),
        pytest.param((ROWS, [0] * 4, [1] * 4, -3), "xxP", "PPP", id="bias-3"),
        pytest.param((ROWS, [0] * 4, [1] * 4, -4), "xxx", "xPx", id="bias-4"),
        pytest.param((ROWS, [0] * 4, [1] * 4, -2), "xxP", "xxP", id="bias-2"),
        pytest.param((NEGATIVE, [0] * 4, [-1] * 4, "-3.5"), "PPx", "PPP", id="negative-rows"),
        pytest.param((NEGATIVE, [0] * 4, [-1] * 4, -3), "xPx", "PPP", id="negative-rows-bias-3"),
        pytest.param((ROWS, [0] * 4, [10, 1, 1, 1], "-12.5"), "PxP", "PPP", id="uneven"),
        pytest.param((ROWS, [0] * 4, [10, 1, 1, 1], "-3.5"), "xxx", "xxx", id="uneven-wrong"),
        pytest.param(
            (ROWS, ["1e-9"] * 4, [1] * 4, "-3.5"), "xxx", "xxx", id="nearly", marks=pytest.mark.slow
        ),
        pytest.param((ROWS[:3] + ROWS[2:3], [0] * 4, [1] * 4, "-3.5"), "xxx", "xxx", id="misses-one"),
        pytest.param(([[0] * 5] * 4, [0] * 4, [0] * 4, 0), "xxx", "xxx", id="zero"),
    ],
)
def test_the_networks_of_the_question_are_proved_or_refuted(weights, everywhere, except_on_ties):
    judgement = verify_network(*weights, conventions=THREE)
    assert right(judgement, THREE) == everywhere
    assert off_ties(judgement, THREE) == except_on_ties


@pytest.mark.parametrize(
    ("bias", "everywhere"),
    [("-3.5", "PPPxxx"), (-3, "xxPxxx"), (-4, "xPxxxx"), (-2, "xxxxxx")],
)
def test_hidden_steps_are_another_convention(bias, everywhere):
    assert right(verify_network(ROWS, [0] * 4, [1] * 4, bias, conventions=STEPPED), STEPPED) == everywhere


def test_a_counterexample_is_small_and_worked_out():
    found = verify_network(ROWS, [0] * 4, [1] * 4, -3, conventions=THREE).everywhere[THREE[0]]
    assert found.counterexample.evaluation.point == (3, 2, 1, 0, 0)
    assert str(found.counterexample) == (
        "at x = (3, 2, 1, 0, 0) the hidden units give (1, 1, 1, 0), the output sum is 0 and the output 0, "
        "but -1 is right"
    )


def test_decimals_as_text_are_exact_and_floats_are_what_they_are():
    tenths = [["0.3", "-0.3", 0, 0, 0], *ROWS[1:]]
    floats = [[0.1 + 0.2, -0.3, 0, 0, 0], *ROWS[1:]]
    assert verify_network(tenths, [0] * 4, [1] * 4, "-3.5", conventions=THREE[:1]).right
    assert not verify_network(floats, [0] * 4, [1] * 4, "-3.5", conventions=THREE[:1]).right


def test_arrays_and_tensors_are_weights():
    arrays = (np.array(ROWS), np.zeros(4), np.ones((1, 4)), np.array([-3.5]))
    tensors = tuple(torch.tensor(array) for array in arrays)
    for weights in (arrays, tensors):
        assert verify_network(*weights, conventions=THREE[:1]).right


def test_the_usual_network_needs_no_solver(monkeypatch):
    monkeypatch.setattr(proof.z3, "Solver", None)
    assert right(verify_network(ROWS, [0] * 4, [1] * 4, "-3.5", conventions=THREE), THREE) == "PxP"


KIT = "# W1: 4 rows of 5 numbers; b1: 4 numbers; w2: 4 numbers; b2: one number"
LABELLED = [
    json.loads(line)
    for line in (Path(__file__).parent / "networks.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("row", [pytest.param(row, id=row["why"]) for row in LABELLED])
def test_a_labelled_network_below_the_kits_comment_is_worth_what_its_label_says(row):
    """`full`: right under the handout's convention; `ties`: right but for ties; `zero`: neither."""
    reading = read_network("\n\n".join([KIT, row["code"], row["md"]]), inputs=INPUTS, units=UNITS)
    assert reading.complete, reading
    judgement = verify_network(reading.W1, reading.b1, reading.w2, reading.b2, conventions=THREE[:1])
    worth = "full" if judgement.right else "ties" if judgement.right_except_on_ties else "zero"
    assert worth == row["label"]
