"""What a trace says of a training run; a forged one is read all the same."""

import math

import numpy as np
import pytest
import torch

from grader.analysis import training
from grader.analysis.training import (
    BACKWARD,
    OTHER,
    PASS,
    STEP,
    TEST,
    TEST_NO_GRAD,
    TRAIN,
    ZERO_GRAD,
    Optimizer,
)
from grader.evidence import Evidence, Record
from grader.kernel.inside.probe import log, values
from grader.kernel.inside.probe.trace import MOST_EVENTS, Event

LEARN = (ZERO_GRAD, BACKWARD, STEP)
EPOCH = (PASS, TRAIN, *LEARN, TRAIN, *LEARN, PASS, TEST_NO_GRAD, TEST_NO_GRAD)


def record(cell, events=(), losses=(), provenance=None):
    arrays = {"e": np.array(events, np.uint8), "l": np.array(losses, np.float64)}
    facts = {"events": {"array": "e"}, "losses": {"array": "l"}, "provenance": provenance or {}}
    return Record({"kind": "cell", "cell": cell, "trace": facts}, arrays)


def trace(events=(), losses=(), **more):
    return training.trace(Evidence((record(0, events, losses, **more),)))


def test_the_events_are_those_of_the_probe():
    names = (
        "TRAIN",
        "TEST",
        "OTHER",
        "TRAIN_NO_GRAD",
        "TEST_NO_GRAD",
        "OTHER_NO_GRAD",
        "ZERO_GRAD",
        "BACKWARD",
        "STEP",
        "PASS",
    )
    assert {name: getattr(training, name) for name in names} == {event.name: event.value for event in Event}
    assert training.MOST_EVENTS == MOST_EVENTS


# --- traces ---------------------------------------------------------------------------------------------


def test_two_clean_epochs():
    run = trace(EPOCH * 2, [1.0, 0.5, 0.4, 0.2])
    assert run.trained
    assert (run.steps, run.steps_on_train, run.steps_on_test, run.steps_on_other) == (4, 4, 0, 0)
    assert (run.backwards, run.steps_without_zero_grad, run.steps_without_backward) == (4, 0, 0)
    assert run.epoch_losses == pytest.approx((0.75, 0.3))
    assert [each.steps for each in run.passes] == [2, 2]


@pytest.mark.parametrize(
    ("events", "field", "expected"),
    [
        pytest.param((PASS, TEST, *LEARN) * 3, "steps_on_test", 3, id="the test set trains"),
        pytest.param((PASS, TEST, *LEARN) * 3, "epoch_losses", (), id="which is no epoch"),
        pytest.param((PASS, OTHER, *LEARN) * 3, "steps_on_other", 3, id="another data set trains"),
        pytest.param((PASS, TRAIN, BACKWARD, STEP) * 3, "steps_without_zero_grad", 3, id="never cleared"),
        pytest.param((PASS, TRAIN, ZERO_GRAD, STEP) * 3, "steps_without_backward", 3, id="never computed"),
        pytest.param((PASS, TRAIN, ZERO_GRAD, BACKWARD) * 3, "steps", 0, id="never stepped"),
        pytest.param((PASS, TEST_NO_GRAD, TEST_NO_GRAD), "trained", False, id="only measured"),
        pytest.param((), "trained", False, id="nothing"),
        pytest.param((BACKWARD,), "backwards", 1, id="one gradient and no batch"),
        pytest.param((STEP, STEP), "steps_on_other", 2, id="steps out of nowhere"),
    ],
)
def test_what_a_run_did_is_counted(events, field, expected):
    assert getattr(trace(events), field) == expected


def test_cells_are_summed_or_chosen():
    seen = Evidence(
        (
            record(1, EPOCH, [1.0, 1.0], {"train": 2}),
            record(2, (PASS, TEST, *LEARN), [3.0], {"train": 1, "test": 1}),
        )
    )
    assert training.trace(seen).steps == 3
    assert training.trace(seen).provenance == {"train": 3, "test": 1}
    assert training.trace(seen, (1,)).steps_on_test == 0
    assert training.trace(seen, ()).steps == 0


def test_a_pass_begun_in_one_cell_ends_in_the_next():
    seen = Evidence((record(1, (PASS, TRAIN, *LEARN), [1.0]), record(2, (TRAIN, *LEARN), [2.0])))
    assert training.trace(seen).epoch_losses == (1.5,)


LOADER = {"at": 0, "type": "loader", "batches": 2, "dataset": {"length": 100, "train": True}}


def loaded(cell, events, losses=(), *, loaders=(), optimizers=()):
    plain = record(cell, events, losses)
    trace = plain.fields["trace"] | {"loaders": list(loaders), "optimizers": list(optimizers)}
    return Record(plain.fields | {"trace": trace}, plain.arrays)


def test_a_pass_knows_how_it_began_and_ended_and_over_what():
    (first, second) = training.trace(
        Evidence((loaded(1, EPOCH, [3.0, 1.0], loaders=[LOADER]), loaded(2, EPOCH, [2.0, 1.0])))
    ).epochs
    assert (first.first, first.last, first.batches, first.points) == (3.0, 1.0, 2, 100)
    assert (second.first, second.batches, second.points) == (2.0, 0, 0)


def test_loaders_are_told_apart_by_the_event_that_they_began_with():
    later = LOADER | {"at": len(EPOCH), "dataset": {"length": 7}}
    run = training.trace(Evidence((loaded(1, EPOCH * 2, [1.0] * 4, loaders=[LOADER, later]),)))
    assert [each.points for each in run.epochs] == [100, 7]


def test_a_pass_whose_losses_went_backward_counts_without_a_step():
    run = trace((PASS, TRAIN, BACKWARD, TRAIN, BACKWARD, PASS, TEST), [1.0, 2.0])
    assert [(each.split, each.steps, each.loss) for each in run.passes] == [(TRAIN, 0, 1.5)]


def test_what_was_taken_for_the_training_set_makes_the_epochs():
    assert [each.split for each in trace((PASS, TEST, *LEARN) * 2).epochs] == [TEST, TEST]
    assert [each.split for each in trace((PASS, TEST, *LEARN, PASS, TRAIN, *LEARN)).epochs] == [TRAIN]


def test_optimizers_are_named_once_with_their_rates():
    sgd, adam = ({"class": name, "groups": [{"lr": rate}]} for name, rate in (("SGD", 0.01), ("Adam", 1)))
    run = training.trace(
        Evidence((loaded(1, EPOCH, optimizers=[sgd, adam]), loaded(2, EPOCH, optimizers=[sgd])))
    )
    assert run.optimizers == (Optimizer("SGD", 0.01), Optimizer("Adam", 1.0))


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda w: torch.optim.SGD([w], lr=0.01), "SGD, learning rate 0.01"),
        (lambda w: torch.optim.SGD([w], 0.1, momentum=0.9), "SGD, learning rate 0.1, momentum 0.9"),
        (lambda w: torch.optim.Adam([w]), "Adam, learning rate 0.001"),
        (lambda w: scheduled(torch.optim.SGD([w], lr=0.5)), "SGD, learning rate 0.5, scheduled"),
    ],
)
def test_what_is_said_of_an_optimizer(build, words):
    facts = values.encode("optimizer", build(torch.zeros(1, requires_grad=True)), log.Arrays())
    run = training.trace(Evidence((loaded(1, EPOCH, optimizers=[facts]),)))
    assert [str(one) for one in run.optimizers] == [words]


def scheduled(optimizer):
    torch.optim.lr_scheduler.StepLR(optimizer, 10)
    return optimizer


@pytest.mark.parametrize(
    "facts",
    [
        {"loaders": [{"at": "0"}, 7, {"at": 0, "batches": None, "dataset": {}}], "optimizers": [None]},
        {"loaders": {"at": 0}, "optimizers": [{"class": "SGD", "groups": []}, {"class": 7}]},
        {
            "optimizers": [
                {"class": "SGD", "groups": [{"lr": "0.1"}]},
                {"class": "SGD", "groups": [{"lr": 10**400}]},
            ]
        },
    ],
    ids=["no sizes", "no groups", "no rates"],
)
def test_forged_loaders_and_optimizers_are_left_out(facts):
    plain = record(0, EPOCH, [1.0, 1.0])
    run = training.trace(
        Evidence((Record({"trace": plain.fields["trace"] | facts, "kind": "cell"}, plain.arrays),))
    )
    assert (run.steps, run.optimizers, [each.points for each in run.passes]) == (2, (), [0])


@pytest.mark.parametrize(
    ("events", "losses", "steps"),
    [
        pytest.param((200, 0, 255, 11, TRAIN, *LEARN), [1.0], 1, id="unknown events"),
        pytest.param((TRAIN, *LEARN), [1.0] * 1000, 1, id="more losses than events"),
        pytest.param((TRAIN, *LEARN) * 3, [], 3, id="no losses"),
        pytest.param((TRAIN, *LEARN) * 2, [math.inf, -math.inf], 2, id="infinities"),
        pytest.param((TRAIN, *LEARN) * 2, [1.7e308, 1.7e308], 2, id="a sum too large"),
        pytest.param((TRAIN, *LEARN), [math.nan], 1, id="NaN"),
        pytest.param(bytes(range(256)), [0.0], 1, id="every byte"),
    ],
)
def test_a_forged_trace_is_read_all_the_same(events, losses, steps):
    run = trace(list(events), losses)
    assert run.steps == steps
    assert all(isinstance(each.loss, float) for each in run.passes)


@pytest.mark.parametrize(
    "facts",
    [
        None,
        [],
        {"events": 7, "losses": [], "provenance": []},
        {"events": {"array": 7}, "provenance": {"train": "1", "test": True, "other": -1, "x": 1.5}},
        {"events": {"array": "floats"}, "losses": {"array": "bytes"}},
        {"events": {"array": "matrix"}, "losses": {"array": "missing"}},
    ],
    ids=str,
)
def test_what_is_no_trace_counts_nothing(facts):
    arrays = {
        "floats": np.zeros(3),
        "bytes": np.full(3, STEP, np.uint8),
        "matrix": np.full((2, 2), STEP, np.uint8),
    }
    run = training.trace(Evidence((Record({"kind": "cell", "cell": 0, "trace": facts}, arrays),)))
    assert (run.steps, run.backwards, dict(run.provenance)) == (0, 0, {})
