"""Proofs and counterexamples for small networks, against what is known and against brute force."""

import random
from dataclasses import replace
from fractions import Fraction as Q
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.theory import (
    Activation,
    AllOf,
    AnyOf,
    HalfSpace,
    Network,
    NetworkError,
    Outside,
    Status,
    Wanted,
    descending,
    exact,
    off_boundary,
    proof,
    verify,
)

ROWS = [[1, -1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]
SIGNS = (Activation.SIGN_ZERO, Activation.SIGN_PLUS, Activation.SIGN_MINUS)
STEPS = (Activation.STEP_ZERO, Activation.STEP_ONE)


@pytest.mark.parametrize(
    ("weights", "bias", "point", "worked"),
    [
        ([0.5, -1], -0.5, [1, 0], "0.5·1 + (-1)·0 - 0.5 = 0"),
        (["1/3", 0], 2, [-2, 1], "(1/3)·(-2) + 0·1 + 2 = 4/3"),
        (["0.36153052684073301", 0], 0, [1, 0], "0.362·1 + 0·0 + 0 ≈ 0.362"),
        (["1.0000001", -1], 0, [1, 1], "1.0000001·1 + (-1)·1 + 0 = 1·10^-7"),
        (["1.000000012", -1], 0, [1, 1], "1.00000001·1 + (-1)·1 + 0 ≈ 1.2·10^-8"),
        ([0.1 + 0.2, "-0.3"], 0, [1, 1], "0.3·1 + (-0.3)·1 + 0 ≈ 4.44·10^-17"),
        (["1e-50", 0], "-1e60", [1, 1], "(1·10^-50)·1 + 0·1 - 1·10^60 ≈ -1·10^60"),
    ],
)
def test_a_weighted_sum_is_worked_out_in_short_numbers(weights, bias, point, worked):
    network = Network.of([weights], [bias], [1], 0)
    assert network.sums(network.evaluate(point))[0] == worked


def test_the_sum_of_the_output_is_over_what_the_hidden_units_give():
    network = Network.of([[1, 0], [0, -1]], [0, 0], [2, 3], "-3.5")
    assert network.sums(network.evaluate([5, 7]))[-1] == "2·1 + 3·(-1) - 3.5 = -4.5"


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        pytest.param(
            (ROWS, [0] * 4, [1] * 4, float("nan")), r"b2\[0\] is nan: give a finite number", id="nan"
        ),
        pytest.param(
            (ROWS, [0] * 4, [float("inf")] * 4, 0), r"w2\[0\] is inf: give a finite number", id="inf"
        ),
        pytest.param(
            (ROWS, [0] * 4, [1] * 4, 1e300), r"b2\[0\] is 1e\+300: sizes from 1e-100 to 1e100", id="huge"
        ),
        pytest.param((ROWS, [0] * 4, [1] * 4, "1e999999999"), "sizes from 1e-100 to 1e100", id="huge-text"),
        pytest.param((ROWS, [0] * 4, [1] * 4, "pi"), r"b2\[0\] is pi: give a finite number", id="word"),
        pytest.param((ROWS, [0] * 4, [1] * 4, None), "give a number", id="none"),
        pytest.param((ROWS, [0] * 4, [1] * 4, True), "is 'True': give a number", id="bool"),
        pytest.param(
            (ROWS[:3], [0] * 4, [1] * 4, 0), "W1 has 3 rows, one for each hidden unit, where 4 are", id="rows"
        ),
        pytest.param(
            ([row[:4] for row in ROWS], [0] * 4, [1] * 4, 0), "row 1 of W1 has 4 weights where 5", id="short"
        ),
        pytest.param(
            ([*ROWS[:3], [1]], [0] * 4, [1] * 4, 0), "row 4 of W1 has 1 weights where 5", id="ragged"
        ),
        pytest.param((ROWS, [0] * 3, [1] * 4, 0), "b1 has 3 biases where 4 are needed", id="biases"),
        pytest.param((ROWS, [0] * 4, [1] * 5, 0), "w2 has 5 weights where 4 are needed", id="output"),
        pytest.param((ROWS, [0] * 4, [1] * 4, [1, 2]), "b2 has 2 numbers where 1 is needed", id="two-biases"),
        pytest.param(
            (ROWS, [0] * 4, [[1, 1], [1, 1]], 0), "w2 is a matrix: give one list of numbers", id="matrix"
        ),
        pytest.param((3, 0, 1, 0), "W1 is not a matrix", id="scalar"),
        pytest.param(([[]], [0], [1], 0), "W1 is 1 by 0", id="empty-row"),
    ],
)
def test_what_is_no_network_is_refused_with_a_message(weights, message):
    with pytest.raises(NetworkError, match=message):
        Network.of(*weights, inputs=5, units=4)


def test_another_number_of_inputs_is_refused():
    network = Network.of([[1, 2]], [0], [1], 0)
    with pytest.raises(NetworkError, match="the network has 2 inputs, but the target has 3"):
        verify(network, Wanted(region=descending(3)))


def test_no_time_is_undecided_and_not_wrong():
    """Forty ReLU units beside the same ones written differently: right, and no matter of a millisecond."""
    numbers = random.Random(0)  # noqa: S311 - no secret
    rows = [[numbers.randint(-9, 9) for _ in range(5)] for _ in range(40)]
    one = Network.of(rows, [1] * 40, [1] * 40, 0, hidden=Activation.RELU)
    twice = [[2 * weight for weight in row] for row in rows]
    other = Network.of(twice, [2] * 40, ["0.5"] * 40, 0, hidden=Activation.RELU)
    found = verify(one, other, seconds=0.0)
    assert found.status is Status.UNDECIDED
    assert "did not decide" in found.reason


def test_a_counterexample_between_the_integers_has_few_decimals():
    network = Network.of([[1], [-1]], [-Q(36153052684073301, 10**17), Q(2, 5)], [1, 1], Q(-3, 2))
    nowhere = Wanted(region=AllOf((HalfSpace.of([1], 0), HalfSpace.of([-1], 0))))
    assert str(verify(network, nowhere).counterexample) == (
        "at x = (0.38) the hidden units give (1, 1), the output sum is 0.5 and the output 1, but -1 is right"
    )


def test_numbers_are_exact():
    assert exact("0.1") == Q(1, 10) != exact(0.1)
    assert exact(np.float32(0.5)) == Q(1, 2)


def test_relu_networks_are_compared_exactly():
    tent = Network.of([[1], [1]], [0, -1], [1, -2], 0, hidden=Activation.RELU, output=Activation.IDENTITY)
    scaled = Network.of(
        [[2], ["0.5"]], [0, "-0.5"], ["0.5", -4], 0, hidden=Activation.RELU, output=Activation.IDENTITY
    )
    off = Network.of(
        [[1], [1]], [0, -1], [1, "-2.000000001"], 0, hidden=Activation.RELU, output=Activation.IDENTITY
    )
    assert verify(tent, scaled).status is Status.PROVED
    found = verify(tent, off)
    assert found.status is Status.REFUTED
    assert found.counterexample.evaluation.point == (2,)


def test_a_network_may_be_proved_on_a_part_of_space():
    network = Network.of([[1, 0]], [0], [1], 0)  # sign(x1)
    wanted = Wanted(region=HalfSpace.of([0, 1]))  # x2 > 0
    quadrant = AllOf((HalfSpace.of([1, 0]), HalfSpace.of([0, "0.5"])))
    assert verify(network, wanted).status is Status.REFUTED
    assert verify(network, wanted, within=quadrant).status is Status.PROVED


small = st.integers(-2, 2)
halves = st.builds(Q, st.integers(-4, 4), st.sampled_from([1, 2]))
half_spaces = st.builds(HalfSpace.of, st.tuples(small, small), small, closed=st.booleans())
regions = st.recursive(
    half_spaces,
    lambda part: st.one_of(
        st.builds(AllOf, st.tuples(part, part)),
        st.builds(AnyOf, st.tuples(part, part)),
        st.builds(Outside, part),
    ),
    max_leaves=4,
)
GRID = [tuple(Q(k, 2) for k in point) for point in product(range(-5, 6), repeat=2)]


@st.composite
def networks(draw, hidden=(*SIGNS, *STEPS), output=SIGNS):
    width = draw(st.integers(1, 3))
    return Network.of(
        draw(st.lists(st.tuples(halves, halves), min_size=width, max_size=width)),
        draw(st.lists(halves, min_size=width, max_size=width)),
        draw(st.lists(halves, min_size=width, max_size=width)),
        draw(halves),
        hidden=draw(st.sampled_from(hidden)),
        output=draw(st.sampled_from(output)),
    )


@settings(max_examples=60, deadline=None)
@given(networks(), regions)
def test_a_verdict_agrees_with_brute_force_on_a_grid(network, region):
    wanted = Wanted(region=region)
    found = verify(network, wanted)
    if found.status is Status.PROVED:
        assert all(network(point) == wanted(point) for point in GRID)
    else:
        point = found.counterexample.evaluation.point
        assert network(point) == found.counterexample.evaluation.output != wanted(point)


@settings(max_examples=40, deadline=None)
@given(networks(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_permuting_and_scaling_hidden_units_changes_nothing(network, random, factor):
    order = list(range(len(network.b1)))
    random.shuffle(order)
    other = Network.of(
        [[factor * v for v in network.W1[at]] for at in order],
        [factor * network.b1[at] for at in order],
        [network.w2[at] for at in order],
        network.b2,
        hidden=network.hidden,
        output=network.output,
    )
    assert verify(network, other).status is Status.PROVED


def compare(one, other, inputs, *, by=1):
    return [by * ((k == one) - (k == other)) for k in range(inputs)]


@st.composite
def comparing(draw):
    """A network whose units compare two of up to four inputs, and a region that is made of comparisons."""
    inputs = draw(st.integers(1, 4))
    at = st.integers(0, inputs - 1)
    factors = st.sampled_from([Q(-3), Q(-1), Q(1, 3), Q(2)])
    rows = st.builds(lambda one, other, by: compare(one, other, inputs, by=by), at, at, factors)
    width = draw(st.integers(1, 3))
    network = Network.of(
        draw(st.lists(rows, min_size=width, max_size=width)),
        [0] * width,
        draw(st.lists(halves, min_size=width, max_size=width)),
        draw(halves),
        hidden=draw(st.sampled_from((*SIGNS, *STEPS))),
        output=draw(st.sampled_from(tuple(Activation))),
    )
    parts = st.builds(HalfSpace.of, rows, closed=st.booleans())
    return network, Wanted(region=draw(st.one_of(parts, st.builds(AllOf, st.tuples(parts, parts)))))


@settings(max_examples=60, deadline=None)
@given(comparing(), st.booleans())
def test_where_only_the_order_counts_the_grid_says_what_the_solver_says(pair, copied):
    network, wanted = pair
    wanted = replace(network, b2=network.b2 / 2) if copied else wanted
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof.z3, "Solver", None)
        by_grid = verify(network, wanted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(proof, "_grid_decides", lambda *_: False)
        assert by_grid == verify(network, wanted)


@pytest.mark.parametrize(
    ("network", "wanted"),
    [
        pytest.param(([[1, -1]], ["-0.5"], [1], 0), [1, -1, 0], id="a bias"),
        pytest.param(([[1, "-1.1"]], [0], [1], 0), [1, -1, 0], id="other weights"),
        pytest.param(([[1, 0]], [0], [1], "-0.5"), [1, 0, "-0.75"], id="one input"),
        pytest.param(([[1, -1]], [0], [1], 0), [1, -1, "-0.5"], id="a region that is no comparison"),
    ],
)
def test_what_is_right_at_all_small_integers_may_be_wrong_between_them(network, wanted):
    *normal, offset = wanted
    network = Network.of(*network, output=Activation.SIGN_MINUS)
    wanted = Wanted(region=HalfSpace.of(normal, offset))
    assert all(network(point) == wanted(point) for point in product(range(5), repeat=2))
    assert verify(network, wanted).status is Status.REFUTED


def test_sizes_of_sums_count_where_a_unit_passes_them_on():
    """x1 - x2 > 1/2, told from x1 > x2 by no small integers."""
    network = Network.of([[1, -1]], [0], [1], "-0.5", hidden=Activation.RELU, output=Activation.SIGN_MINUS)
    assert verify(network, Wanted(region=HalfSpace.of([1, -1]))).status is Status.REFUTED


def test_of_more_inputs_than_the_grid_has_the_solver_decides():
    rows = [compare(at, at + 1, 6) for at in range(5)]
    for bias, status in ((-5, Status.REFUTED), ("-4.5", Status.PROVED)):
        network = Network.of(rows, [0] * 5, [1] * 5, bias)
        assert verify(network, Wanted(region=descending(6))).status is status


POINTS = list(product(range(-2, 3), repeat=2))


@settings(max_examples=60, deadline=None)
@given(networks(hidden=tuple(Activation), output=tuple(Activation)), st.sampled_from([1, 10**12, 10**30]))
def test_integer_evaluation_is_evaluation(network, factor):
    """Also with weights for which machine words are too short."""
    large = replace(network, W1=tuple(tuple(factor * weight for weight in row) for row in network.W1))
    values, scale = large.on_integers(np.array(POINTS))
    assert [Q(int(value), scale) for value in values] == [large(point) for point in POINTS]


@pytest.mark.parametrize("factor", [1, 10**30])
def test_a_region_holds_the_points_among_many_that_it_has_alone(factor):
    half = HalfSpace.of([factor, -factor], factor)
    for region in (
        half,
        replace(half, closed=True),
        Outside(half),
        AnyOf((half, off_boundary(half))),
        AllOf((half,)),
        AllOf(()),
    ):
        assert list(region.among(np.array(POINTS))) == [point in region for point in POINTS]


def test_numbers_too_large_for_machine_words_are_compared_exactly():
    sign = Network.of([[1]], [0], [1], 0)
    tiny = Network.of([[1]], [0], ["1e-40"], 0, output=Activation.IDENTITY)
    found = verify(sign, tiny)
    assert found.status is Status.REFUTED
    assert found.counterexample.wanted != found.counterexample.evaluation.output
