"""Each mistake of a training run by its own name, and what only looks like one by none."""

import math
from dataclasses import replace

import pytest

from grader.analysis.diagnosis import Mistake, Run, mistakes
from grader.analysis.training import OTHER, TEST, TRAIN, Optimizer, Pass, Trace

FALLING = (2.3, 1.5, 1.1, 0.9, 0.8)


def epoch(loss, *, first=None, split=TRAIN, steps=80, batches=80, points=5000):
    return Pass(split, steps, loss, loss + 0.1 if first is None else first, loss - 0.1, batches, points)


def trace(passes, **facts):
    steps = sum(each.steps for each in passes)
    return Trace(
        **{
            "steps": steps,
            "steps_on_train": steps,
            "steps_on_test": 0,
            "steps_on_other": 0,
            "steps_without_zero_grad": 0,
            "steps_without_backward": 0,
            "backwards": sum(max(each.steps, 1) for each in passes),
            "passes": tuple(passes),
            "provenance": {"train": 50},
            "optimizers": (Optimizer("SGD", 0.01),),
        }
        | facts
    )


def run(passes=None, *, by_hand=False, softmaxed=False, **facts):
    seen = trace([epoch(loss) for loss in FALLING] if passes is None else passes, **facts)
    return Run(trace=seen, points=5000, clears_by_hand=by_hand, softmaxed=softmaxed, rates=(1e-4, 2.0))


@pytest.mark.parametrize(
    "clean",
    [
        pytest.param(run(), id="twenty epochs"),
        pytest.param(run(steps_without_zero_grad=1), id="cleared after each step"),
        pytest.param(run(steps_without_zero_grad=400, by_hand=True), id="cleared by hand"),
        pytest.param(run([epoch(1.0, steps=0)], by_hand=True), id="stepped by hand"),
        pytest.param(run([epoch(loss, steps=1, batches=1) for loss in FALLING]), id="all data in one batch"),
        pytest.param(run([epoch(loss, points=4000) for loss in FALLING]), id="a fifth kept for validation"),
        pytest.param(run([epoch(loss, batches=0, points=0) for loss in FALLING]), id="an unknown loader"),
        pytest.param(run([epoch(1.0, steps=2, split=TEST, points=9)]), id="another split's passes"),
        pytest.param(run([epoch(2.3, first=2.3)]), id="a single pass"),
        pytest.param(run([epoch(math.nan), epoch(math.nan), epoch(math.nan)]), id="losses unknown"),
        pytest.param(run(optimizers=(Optimizer("Adam", 1e-5),)), id="a rate of another method"),
        pytest.param(run(optimizers=()), id="an unknown rate"),
        pytest.param(run([]), id="nothing at all"),
        pytest.param(run([epoch(1.0, split=OTHER, steps=1, batches=0, points=0)]), id="no loader"),
    ],
)
def test_a_clean_run_has_no_mistakes(clean):
    assert mistakes(clean) == ()


@pytest.mark.parametrize(
    ("seen", "mistake"),
    [
        pytest.param(run([epoch(2.3, steps=0)] * 5), Mistake.NO_STEP, id="no step"),
        pytest.param(run([epoch(math.nan)] * 5, backwards=0), Mistake.NO_BACKWARD, id="no backward"),
        pytest.param(run(steps_without_zero_grad=400), Mistake.NEVER_CLEARED, id="no zero_grad"),
        pytest.param(run(steps_without_zero_grad=395), Mistake.SELDOM_CLEARED, id="zero_grad once an epoch"),
        pytest.param(
            run([epoch(1.6, first=first) for first in (2.3, 2.4, 2.2, 2.35)]),
            Mistake.NEW_NETWORK,
            id="a new network every epoch",
        ),
        pytest.param(run([epoch(2.31)] * 5), Mistake.OTHER_NETWORK, id="an optimizer of another network"),
        pytest.param(run(softmaxed=True), Mistake.SOFTMAX, id="softmax"),
        pytest.param(run([epoch(loss, steps=1) for loss in FALLING]), Mistake.ONE_BATCH, id="break"),
        pytest.param(run([epoch(loss, points=500) for loss in FALLING]), Mistake.PART, id="a subset"),
        pytest.param(run([epoch(loss, steps=8) for loss in FALLING]), Mistake.PART, id="a late break"),
        pytest.param(run(optimizers=(Optimizer("SGD", 1e-6),)), Mistake.RATE, id="too slow"),
        pytest.param(run(optimizers=(Optimizer("SGD", 1e3),)), Mistake.RATE, id="too fast"),
    ],
)
def test_a_mistake_has_its_own_sentence(seen, mistake):
    assert mistakes(seen)[0] is mistake


def test_a_rate_alone_is_no_mistake_if_the_network_learned():
    assert [mistake for mistake in Mistake if not mistake.certain] == [Mistake.RATE]


def test_a_network_that_hardly_moves_is_explained_by_its_rate_first():
    slow = run([epoch(2.31)] * 5)
    slow = replace(slow, trace=replace(slow.trace, optimizers=(Optimizer("SGD", 1e-9),)))
    assert mistakes(slow) == (Mistake.RATE, Mistake.OTHER_NETWORK)
