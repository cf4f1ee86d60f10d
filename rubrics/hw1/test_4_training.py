"""Part 4.5: training, judged by its trace, by the histories it kept and by the weights it left."""

import math
from itertools import pairwise

import numpy as np

from grader import award, fail, question, review
from grader.analysis import numbers, training

UNTRAINED = math.log(10)
"""The loss of a network that finds all ten classes equally likely."""
HISTORIES = {"training": "train_loss_history", "test": "test_loss_history"}


@question("4.5", points=0.5)
def test_the_network_learned(student, reference, data, exhibits):
    """The trained network classifies as well as the reference does after 20 epochs."""
    net = student.value("net", "4.5")
    layer = linear(student)
    if layer is None and net is not None and net.kind == "module":
        review(
            "This network is not one linear layer, so its accuracy could not be recomputed.",
            actual=net.text("repr"),
        )
    if layer is None:
        not_run(student, "No trained `net` was left.")
    if not run_of(student).trained and not moved(student):
        not_run(student, "`net` was not trained.")
    band = reference.band(lambda run: accuracy(run, data), floor=0.015)
    losses = reference.band(lambda run: loss(run, data), floor=0.1)
    reached, left = accuracy(student, data), loss(student, data)
    exhibits.text(
        "Recomputed from the weights",
        f"Test accuracy {reached:.4f}, test loss {left:.4f}; "
        f"training accuracy {accuracy(student, data, test=False):.4f}.",
    )
    facts = {
        "expected": f"a test accuracy of {band} and a test loss of {losses}, as the reference has with other seeds",
        "actual": f"{reached:.3f} and {left:.3g}, recomputed from the weights of net",
        "hint": "Look at the number of epochs, the learning rate, and whether gradients are cleared each step.",
    }
    if left > max(3 * losses.high, 1.2 * UNTRAINED):
        fail("The loss grew: these weights are far from any minimum.", **facts)
    if reached >= band.low:
        return
    if reached >= band.low - 0.05:
        award(0.25, "The network learned, but less than the reference.", **facts)
    fail("The network did not learn.", **facts)


@question("4.5", points=0.25)
def test_histories_are_those_of_the_run(student, reference, data, settings, exhibits):
    """`train_loss_history` and `test_loss_history` hold the run's 20 losses."""
    histories = {which: student.value(name, "4.5") for which, name in HISTORIES.items()}
    values = {
        which: value.numbers for which, value in histories.items() if value is not None and value.numbers
    }
    if values:
        series = curves(values, student, reference, data, settings)
        exhibits.curves("Loss by epoch", x="epoch", y="loss", series=series)
    if not values:
        not_run(student, "Neither loss history was found.")
    wrong = {
        which: why
        for which in HISTORIES
        if (why := misfit(which, values.get(which), student, data, settings))
    }
    doubts = {} if wrong else doubtful(values, student, data, settings)
    if doubts:
        review(
            "The histories end where the run ended, but are not what it computed on its way.",
            expected="losses that this run computed, epoch by epoch",
            actual="; ".join(f"{HISTORIES[which]}: {why}" for which, why in doubts.items()),
        )
    if not wrong:
        return
    facts = {
        "expected": f"{settings['epochs']} finite losses each, falling, as this run computed them",
        "actual": "; ".join(f"{HISTORIES[which]}: {why}" for which, why in wrong.items()),
        "hint": "Append one number to each list at the end of every epoch.",
    }
    if len(wrong) == 1:
        award(0.125, "One of the two histories is right.", **facts)
    fail("Neither history is that of a run of 20 epochs.", **facts)


@question("4.5", points=0.25)
def test_losses_are_printed(student, data, settings):
    """The training and test losses are printed."""
    answer = student.answer("4.5")
    histories = {which: student.value(name, "4.5") for which, name in HISTORIES.items()}
    lists = {
        which: value.numbers for which, value in histories.items() if value is not None and value.numbers
    }
    text = "\n".join(dict.fromkeys([answer.text, *(student.text_with(name) for name in HISTORIES.values())]))
    means = {
        which: [loss / scale_of(which, values, student, data, settings) for loss in values]
        for which, values in lists.items()
    }
    printed = {
        which: max(numbers.shown(text, values), numbers.shown(text, means[which]))
        for which, values in lists.items()
    }
    seen = [which for which, share in printed.items() if share >= 0.9]
    if len(seen) == len(HISTORIES):
        return
    facts = {
        "expected": "the loss of each epoch, for both sets, in the output",
        "actual": answer.text.strip()[:300] or answer.error or "no output",
        "hint": "Print both losses at the end of each epoch.",
    }
    if not run_of(student).trained and not answer.text.strip():
        fail("Nothing was trained, and nothing was printed.", **facts)
    if seen:
        award(0.125, f"Only the {seen[0]} losses are printed.", **facts)
    if len(numbers.numbers_in(text)) >= 20:
        review("Numbers are printed, but they are not those of the histories.", **facts)
    fail("The losses are not printed.", **facts)


@question("4.5", points=0.25)
def test_the_test_set_never_trained_the_network(student):
    """The network learned from the training set alone."""
    run = run_of(student)
    if not run.trained:
        if moved(student):
            review("The weights changed without an optimizer's step, so the data behind it is not known.")
        not_run(student, "Nothing was trained.")
    of_test = sum(count for splits, count in run.provenance.items() if "test" in splits.split("+"))
    if set(run.provenance) == {"train"}:
        return  # every loss that was looked into came from the training set, whatever was fetched before it
    if run.steps_on_test and (of_test or run.steps_on_train):
        fail(
            "The test set trained the network.",
            expected="no optimizer step after a minibatch of testDataLoader",
            actual=f"{run.steps_on_test} of {run.steps} steps followed a minibatch of the test set",
            hint="In the loop over testDataLoader compute the loss only: no backward(), no step().",
        )
    if run.steps_on_test or of_test:
        review(
            "Minibatches of both sets were fetched side by side; whether the test set trained is not certain.",
            actual=f"{run.steps_on_test} of {run.steps} steps came right after a minibatch of the test set",
        )
    if run.steps_on_other:
        review(
            "Some steps followed data that is neither the training set nor the test set.",
            actual=f"{run.steps_on_other} of {run.steps} steps",
        )


def run_of(student):
    """The trace of the cells that answer 4.5; of the whole notebook if they took no step."""
    own = training.trace(student.evidence, student.answer("4.5").cells)
    return own if own.trained else training.trace(student.evidence)


def not_run(student, message):
    """Ends a check for which there is nothing to judge, with what the cells say about it."""
    answer = student.answer("4.5")
    if not answer.found:
        fail(message, expected="a training loop of 20 epochs", actual="no cell answers 4.5")
    fail(
        message,
        expected="a training loop of 20 epochs",
        actual=answer.error or student.detail or "the cells ran, and nothing came of them",
        hint="Restart the kernel, run all cells from the top, and look at the first error.",
    )


def linear(work):
    return training.Linear.of(work.value("net", "4.5"), features=784, classes=10)


def moved(work):
    """Did the weights of `net` change after it was first built?"""
    states = [value.state for value in work.evidence.values("net")]
    return any(not same_weights(one, other) for one, other in pairwise(states))


def same_weights(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def accuracy(work, data, *, test=True):
    """The accuracy that `net` has on the real data, or NaN if it can't be recomputed."""
    layer = linear(work)
    if layer is None:
        return math.nan
    return layer.accuracy(*split(work, data, test=test))


def loss(work, data):
    """The mean cross-entropy of `net` on the real test set, or NaN if it can't be recomputed."""
    layer = linear(work)
    return math.nan if layer is None else layer.loss(*split(work, data, test=True))


def split(work, data, *, test):
    arrays = data.arrays
    images, labels = (
        (arrays.test_images, arrays.test_labels) if test else (arrays.train_images, arrays.train_labels)
    )
    normalised = training.normalisation(work.value("testdata" if test else "trainingdata"))
    return training.inputs(images, normalised), labels


def misfit(which, values, student, data, settings):
    """What is wrong with a history, in a few words; nothing if it is right."""
    if values is None:
        return "not there"
    if len(values) != settings["epochs"]:
        return f"{len(values)} entries"
    if not all(map(math.isfinite, values)):
        return "not finite"
    run = run_of(student)
    if values[-1] >= values[0] and falls(run.epoch_losses):
        return "not falling"
    if training.proportional(values, run.epoch_losses, tolerance=0.005 if which == "test" else 0.03):
        return "holds the training losses" if which == "test" else ""
    return disagreement(which, values, student, data, settings)


def falls(losses):
    return len(losses) < 2 or losses[-1] < losses[0]


def disagreement(which, values, student, data, settings):
    """Compare a history with the weights it ended with, on whatever scale it was kept."""
    final = final_loss(which, student, data)
    if final is None:
        return ""
    scale = training.scale(values[-1], final, scales(which, data, settings), tolerance=0.12)
    if scale is None:
        return f"ends with {values[-1]:.4g}, while the weights give {final:.4g}"
    other = final_loss("test", student, data)
    if which == "training" and abs(values[-1] / scale / other - 1) < 0.005 and abs(final / other - 1) > 0.04:
        return "holds the test losses"
    return ""


def doubtful(values, student, data, settings):
    """Which histories left the path of the run between its epochs: those that nobody computed there."""
    path = run_of(student).epoch_losses
    if len(path) != settings["epochs"] or not all(map(math.isfinite, path)) or path[-1] >= path[0]:
        return {}  # another loop than one over the loader, or one that diverged: no path to compare with
    doubts = {}
    for which, losses in values.items():
        scale = scale_of(which, losses, student, data, settings)
        off = [
            epoch
            for epoch, (loss, before, after) in enumerate(
                zip(losses, path, [*path[1:], path[-1]], strict=True), start=1
            )
            # Measured while or after this epoch's steps, so between this epoch's mean and the next one's.
            if not 0.8 * min(before, after) <= loss / scale <= 1.3 * max(before, after)
        ]
        if off:
            epoch = off[0]
            doubts[which] = (
                f"{losses[epoch - 1]:.4g} after epoch {epoch}, whose own mean was {path[epoch - 1]:.4g}"
            )
    return doubts


def final_loss(which, work, data):
    """The mean loss that the final weights have, or None if it can't be recomputed."""
    layer = linear(work)
    return None if layer is None else layer.loss(*split(work, data, test=which == "test"))


def scales(which, data, settings):
    """By what a loss history is usually multiplied: sums and means over batches, points and both."""
    arrays = data.arrays
    points = len(arrays.test_labels if which == "test" else arrays.train_labels)
    batches = math.ceil(points / settings["batch_size"])
    return (1, 1 / settings["batch_size"], batches, points, 1 / batches, settings["batch_size"])


def curves(values, student, reference, data, settings):
    """The student's histories, each scaled to mean losses, and the reference's with their band."""
    series = []
    for which, name in HISTORIES.items():
        runs = [
            value.numbers for run in reference.runs if (value := run.value(name, "4.5")) and value.numbers
        ]
        if runs:
            low, high = (
                [min(losses) for losses in zip(*runs, strict=True)],
                [max(losses) for losses in zip(*runs, strict=True)],
            )
            series.append(
                {
                    "label": which,
                    "who": "reference",
                    "y": list(runs[0]),
                    "low": low,
                    "high": high,
                }
            )
    for which, losses in values.items():
        factor = scale_of(which, losses, student, data, settings)
        label = which if factor == 1 else f"{which}, divided by {factor:.4g}"
        series.append({"label": label, "who": "student", "y": [one / factor for one in losses]})
    return series


def scale_of(which, losses, student, data, settings):
    """The usual factor between a history and mean losses; 1 if it is none of them."""
    final = final_loss(which, student, data)
    return (
        1
        if final is None
        else training.scale(losses[-1], final, scales(which, data, settings), tolerance=0.3) or 1
    )
