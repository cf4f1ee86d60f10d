"""Loss histories beside the run that is said to have made them: each misfit in its own words."""

import math

import pytest

from grader.analysis.histories import (
    TEST,
    TRAINING,
    Account,
    Tolerance,
    doubt,
    is_printed,
    is_rather,
    misfit,
    proportional,
    scale,
    scale_of,
)
from grader.analysis.training import TEST as TEST_SPLIT
from grader.analysis.training import TRAIN, Pass, Trace

TOLERANCE = Tolerance(same=0.012, apart=0.02, spike=3)
MEANS = (1.8, 1.3, 1.1, 1.0, 0.9, 0.8, 0.75, 0.7)
AFTER = (1.5, 1.2, 1.05, 0.95, 0.85, 0.78, 0.72, 0.69)
TESTED = (1.55, 1.25, 1.1, 1.0, 0.9, 0.82, 0.77, 0.74)
LAST = (1.2, 1.4, 0.9, 1.1, 0.7, 0.9, 0.6, 0.71)
BATCHES = 80


def account(means=MEANS, *, final=(0.69, 0.74), epochs=8, known=True, others=()):
    passes = tuple(
        Pass(TRAIN, BATCHES, loss, loss + 0.2, last) for loss, last in zip(means, LAST, strict=False)
    )
    trace = Trace(
        steps=BATCHES * len(passes),
        steps_on_train=BATCHES * len(passes),
        steps_on_test=0,
        steps_on_other=0,
        steps_without_zero_grad=0,
        steps_without_backward=0,
        backwards=BATCHES * len(passes),
        passes=(*passes, *others),
        provenance={},
    )
    return Account(
        trace=trace,
        epochs=epochs,
        final={TRAINING: final[:1] if known else (), TEST: final[1:] if known else ()},
        scales=dict.fromkeys((TRAINING, TEST), (1, 1 / 64, BATCHES)),
        tolerance=TOLERANCE,
    )


def times(factor, losses):
    return tuple(factor * loss for loss in losses)


def sums(losses):
    return tuple(sum(losses[: i + 1]) for i in range(len(losses)))


@pytest.mark.parametrize(
    ("which", "values", "known"),
    [
        pytest.param(TRAINING, MEANS, account(), id="means"),
        pytest.param(TRAINING, times(BATCHES, MEANS), account(), id="sums over minibatches"),
        pytest.param(TRAINING, times(1 / 64, MEANS), account(), id="means over points"),
        pytest.param(TRAINING, times(7, MEANS), account(), id="any scale that the whole run has"),
        pytest.param(TRAINING, AFTER, account(), id="measured after the epoch"),
        pytest.param(TEST, TESTED, account(), id="test losses"),
        pytest.param(TEST, times(BATCHES, TESTED), account(), id="summed test losses"),
        pytest.param(TEST, TESTED, account(known=False), id="weights that can't be recomputed"),
        pytest.param(TEST, AFTER, account((), final=(0.69, 0.69)), id="no trace, one loader for both"),
        pytest.param(
            TEST, (2.31,) * 8, account((2.3,) * 8, final=(2.3, 2.31)), id="a network that never moved"
        ),
        pytest.param(
            TRAINING, (2.3, math.nan) * 4, account((2.3, math.nan) * 4, known=False), id="a run that diverged"
        ),
        pytest.param(
            TEST,
            (1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.2, 2.4),
            account((1.0,) * 8, final=(1, 2.4)),
            id="rises with its run",
        ),
        pytest.param(
            TRAINING,
            (1.85, *MEANS[1:]),
            account(others=[Pass(TEST_SPLIT, BATCHES // 6, 0.7, 0.7, 0.7)] * 8),
            id="means over a second split that also trained",
        ),
    ],
)
def test_what_the_run_computed_fits(which, values, known):
    assert misfit(which, values, known) == ""


@pytest.mark.parametrize(
    ("which", "values", "words"),
    [
        pytest.param(TRAINING, None, "missing", id="none"),
        pytest.param(TRAINING, MEANS[:1], "1 entry", id="one"),
        pytest.param(TRAINING, MEANS * 2, "16 entries", id="too many"),
        pytest.param(TRAINING, (*MEANS[:7], math.inf), "not finite", id="infinite"),
        pytest.param(TRAINING, sums(MEANS), "adds up the losses of all epochs so far", id="never reset"),
        pytest.param(TEST, sums(TESTED), "adds up the losses of all epochs so far", id="test never reset"),
        pytest.param(TRAINING, MEANS[::-1], "not falling", id="rising"),
        pytest.param(TRAINING, (0.7,) * 8, "not falling", id="constant"),
        pytest.param(TRAINING, LAST, "holds only the loss of each epoch's last minibatch", id="last batch"),
        pytest.param(TRAINING, TESTED, "holds losses of the test set", id="exchanged"),
        pytest.param(TEST, MEANS, "holds the training losses", id="the same twice"),
        pytest.param(TEST, AFTER, "holds losses of the training set", id="the other loader"),
        pytest.param(
            TRAINING, (*MEANS[:3], 0.5, *MEANS[4:]), "is not what the run computed in epoch 4", id="edited"
        ),
        pytest.param(
            TEST,
            times(0.6, TESTED),
            "ends with 0.444, which is not the loss of the final weights",
            id="made smaller",
        ),
    ],
)
def test_a_misfit_says_what_it_is(which, values, words):
    assert misfit(which, values, account()) == words


@pytest.mark.parametrize(
    ("values", "doubtful"),
    [
        pytest.param(TESTED, "", id="those of the run"),
        pytest.param((*TESTED[:3], 1.9, 0.9, 1.8, 0.77, 0.74), "", id="spikes of a fast learner"),
        pytest.param(
            (1.8, 1.7, 1.7, 1.6, 1.5, 1.3, 1.0, 0.74),
            "is 1.7 after epoch 2, in which the mean loss was 1.3",
            id="typed in",
        ),
        pytest.param((*TESTED[:7], math.nan), "", id="not finite"),
        pytest.param(TESTED[:5], "", id="another length"),
    ],
)
def test_a_history_that_leaves_its_run_for_several_epochs_is_doubted(values, doubtful):
    assert doubt(TEST, values, account()) == doubtful


@pytest.mark.parametrize("means", [(), MEANS[::-1]], ids=["no trace", "a run that diverged"])
def test_without_a_path_nothing_is_doubted(means):
    assert doubt(TEST, (9.0,) * 7 + (0.74,), account(means)) == ""


@pytest.mark.parametrize(("factor", "found"), [(1, 1), (80, 80), (1 / 64, 1 / 64), (5, 1)])
def test_a_usual_scale_is_found(factor, found):
    assert scale_of(TEST, times(factor, TESTED), account()) == found


def lines(*columns):
    return "\n".join(" ".join(f"{value:.3f}" for value in row) for row in zip(*columns, strict=True))


@pytest.mark.parametrize(
    ("which", "values", "text", "shown"),
    [
        pytest.param(TRAINING, MEANS, lines(MEANS, TESTED), True, id="training"),
        pytest.param(TEST, TESTED, lines(MEANS, TESTED), True, id="test"),
        pytest.param(TEST, times(80, TESTED), lines(MEANS, TESTED), True, id="means of a history of sums"),
        pytest.param(TRAINING, LAST, lines(MEANS, TESTED), True, id="the run's, whatever was kept"),
        pytest.param(TRAINING, None, lines(times(80, MEANS), TESTED), True, id="sums, and nothing kept"),
        pytest.param(TEST, None, lines(MEANS, TESTED), True, id="test losses, and nothing kept"),
        pytest.param(TEST, None, lines(MEANS), False, id="training losses alone"),
        pytest.param(
            TEST, None, lines(MEANS, (0.61, 0.65, 0.67, 0.7, 0.71, 0.81, 0.82, 0.83)), False, id="accuracies"
        ),
        pytest.param(TEST, TESTED, lines(MEANS[-1:], TESTED[-1:]), False, id="the last ones"),
        pytest.param(TRAINING, MEANS, "", False, id="nothing"),
    ],
)
def test_printed_losses_are_those_of_the_run(which, values, text, shown):
    assert is_printed(which, values, text, account()) is shown


def test_nothing_is_printed_of_a_run_that_never_was():
    assert not is_printed(TEST, None, "0.74", account(()))


@pytest.mark.parametrize(
    ("loss", "one", "than", "rather"),
    [
        pytest.param(0.651, 0.65, 0.60, True, id="clearly the one"),
        pytest.param(0.60, 0.65, 0.60, False, id="the other"),
        pytest.param(0.62, 0.65, 0.60, False, id="between"),
        pytest.param(0.605, 0.605, 0.60, False, id="too close to tell"),
    ],
)
def test_two_losses_are_told_apart_only_where_they_are(loss, one, than, rather):
    assert is_rather(loss, one, than=than, tolerance=TOLERANCE) is rather


# --- ratios of numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("history", "losses", "expected"),
    [
        ([2, 4, 6], [1, 2, 3], True),
        ([1 / 64, 2 / 64], [1.01, 2], True),
        ([1, 2, 4], [1, 2, 3], False),
        ([1, 2], [1, 2, 3], False),
        ([], [], False),
        ([0, 0], [0, 0], False),
        ([-1, -2], [1, 2], False),
        ([1, math.nan], [1, 2], False),
        ([1, 2], [1, math.nan], False),
        ([1, 2], [1, math.inf], False),
        ([1, 2], [1, 0], False),
        ([1e308, 1e308], [1e-308, 1e-308], False),
    ],
    ids=str,
)
def test_proportional(history, losses, expected):
    assert proportional(history, losses, tolerance=0.03) is expected


@pytest.mark.parametrize(
    ("history", "loss", "expected"),
    [
        (0.5, 0.5, 1),
        (0.52, 0.5, 1),
        (32, 0.5, 64),
        (0.5 / 64, 0.5, 1 / 64),
        (5, 0.5, None),
        (0, 0.5, None),
        (-1, 1, None),
        (math.nan, 1, None),
        (math.inf, 1, None),
        (1, 0, None),
    ],
)
def test_scale(history, loss, expected):
    assert scale(history, loss, (1, 64, 1 / 64), tolerance=0.1) == expected
