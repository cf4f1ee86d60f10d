"""Part 4.5: training, judged by its trace, by the histories it kept and by the weights it left."""

import math
import re
from functools import cache
from itertools import pairwise

import numpy as np

from grader import award, fail, question, review
from grader.analysis import diagnosis, histories, numbers, training
from grader.analysis.linear import Scores, normalisation
from grader.judging import answers

from .data import UNTRAINED, linear_layer, network, scores, size

HISTORIES = {"training": "train_loss_history", "test": "test_loss_history"}
LOADERS = {"training": "trainDataLoader", "test": "testDataLoader"}
CLEARED_BY_HAND = re.compile(r"\.grad\b|\bzero_\(|\bautograd\b")
SWAPPED = re.compile(
    r"not implemented for '(?:Long|Int)'|expected (?:scalar type )?Float|Expected floating point"
)
"""What torch says of cross-entropy that is given the labels first."""
RATES = 1e-4, 2.0
"""Learning rates of plain SGD beyond which a linear model of images in [0, 1] learns nothing in 20 epochs."""
TOLERANCE = histories.Tolerance(same=0.012, apart=0.02, spike=3)
"""Measured: at a rate of 0.05 a loss may be anywhere for two epochs in a row."""
SOFTMAXED = 1.4
"""A softmax before cross-entropy keeps it above: ten shares instead of logits give ln(1 + 9/e) = 1.46 or more."""


@question("4.5", points=0.5, visibility="after_due_date")
def test_the_network_learned(student, reference, data, settings, exhibits):
    """The trained network classifies as well as the reference does after 20 epochs."""
    name = network(student)
    net = student.value(name, "4.5")
    layer = linear(student)
    if layer is None and net is not None and net.kind == "module":
        review(
            "This network is not one linear layer, so its accuracy could not be recomputed.",
            actual=net.text("repr"),
        )
    if layer is None:
        not_run(student, "There is no trained `net`.")
    run = run_of(student)
    made = mistakes(student, data)
    if not run.trained and not moved(student):
        not_run(student, made[0] if made else f"`{name}` was not trained.")
    band = reference.band(lambda run: accuracy(run, data), floor=0.015)
    losses = reference.band(lambda run: loss(run, data), floor=0.1)
    reached, left = accuracy(student, data), loss(student, data)
    exhibits.text("How it was trained", course(run) + taken(name))
    exhibits.text(
        "The explanation that was found", str(student.explanation("4.5", settings["explained"]["4.5"]))
    )
    exhibits.text(
        "Recomputed from the weights",
        f"Test accuracy {reached:.4f}, test loss {left:.4f}; "
        f"training accuracy {accuracy(student, data, test=False):.4f}.",
    )
    details = {
        "expected": f"a test accuracy of {band} and a test loss of {losses}, as in runs of the reference",
        "actual": f"{reached:.3f} and {left:.3g}, recomputed from the weights of {name}",
        "hint": "Look at the number of epochs, the learning rate, and whether gradients are cleared each step.",
    }
    if left > max(3 * losses.high, 1.2 * UNTRAINED):
        fail(because(made, "The loss grew: these weights are far from any minimum."), **details)
    certain = [mistake for mistake in made if mistake.certain]
    if reached >= band.low and not certain:
        return
    if reached >= band.low:
        award(0.25, because(certain, "The network learned nevertheless."), **details)
    if not made and (on_course(run, left, reference, settings) or learned_from_test(run, reached, band)):
        return  # what it cost is charged where the histories, or the data, are asked for
    if reached >= band.low - 0.05:
        award(0.25, because(made, "The network learned, but less than the reference."), **details)
    fail(because(made, "The network did not learn."), **details)


@question("4.5", points=0.25)
def test_histories_are_those_of_the_run(student, reference, data, settings, exhibits):
    """`train_loss_history` and `test_loss_history` hold the run's 20 losses."""
    values, known = kept(student), account(student, data, settings)
    if values:
        exhibits.curves("Loss by epoch", x="epoch", y="loss", series=curves(values, known, reference))
    if not values:
        not_run(student, "Neither loss history was found.")
    wrong = {which: histories.misfit(which, values.get(which), known) for which in HISTORIES}
    # A run that went wrong has no path to compare with.
    doubts = {
        which: "" if wrong[which] or mistakes(student, data) else histories.doubt(which, values[which], known)
        for which in HISTORIES
    }
    said = "; ".join(
        f"{name}: {why}" for which, name in HISTORIES.items() if (why := wrong[which] or doubts[which])
    )
    if any(doubts.values()):
        review(
            "A history ends with the run's final loss, but holds other values than the run computed before.",
            points=0.125 * sum(not wrong[which] and not doubts[which] for which in HISTORIES),
            expected="losses that this run computed, epoch by epoch",
            actual=said,
        )
    if not said:
        return
    details = {
        "expected": f"{settings['epochs']} finite losses each, falling, as this run computed them",
        "actual": said,
        "hint": "Append one number to each list at the end of every epoch.",
    }
    if not all(wrong.values()):
        award(0.125, "One of the two histories is right.", **details)
    epochs = len(known.trace.epochs)
    if (
        all(len(each) == epochs for each in values.values())
        and len(values) == 2
        and epochs != settings["epochs"]
    ):
        fail(f"The network was trained for {counted(epochs)}, not {settings['epochs']}.", **details)
    fail(f"Neither history belongs to a run of {settings['epochs']} epochs.", **details)


@question("4.5", points=0.25)
def test_losses_are_printed(student, data, settings):
    """The training and test losses are printed."""
    answer = student.answer("4.5")
    values, known = kept(student), account(student, data, settings)
    text = "\n".join(dict.fromkeys([answer.text, *(student.text_with(name) for name in HISTORIES.values())]))
    seen = [which for which in HISTORIES if histories.is_printed(which, values.get(which), text, known)]
    if len(seen) == len(HISTORIES):
        return
    details = {
        "expected": "the loss of each epoch, for both sets, in the output",
        "actual": answer.text.strip()[:300] or answer.error or "no output",
        "hint": "Print both losses at the end of each epoch.",
    }
    if not run_of(student).trained and not answer.text.strip():
        fail("Nothing was trained, and nothing was printed.", **details)
    if seen:
        award(0.125, f"Only the {seen[0]} losses are printed.", **details)
    if len(numbers.numbers_in(text)) >= settings["epochs"]:
        review("Numbers are printed, but they are not those of the histories.", **details)
    fail("The losses are not printed.", **details)


@question("4.5", points=0.25, visibility="after_due_date")
def test_the_test_set_never_trained_the_network(student):
    """The network learned from the training set alone."""
    run = run_of(student)
    if not run.trained:
        if moved(student):
            review(
                "The weights changed without an optimizer step, so it is not known which data they were trained on."
            )
        not_run(student, "Nothing was trained.")
    of_test = sum(count for splits, count in run.provenance.items() if "test" in splits.split("+"))
    if set(run.provenance) == {"train"}:
        return  # every loss that was looked into came from the training set, whatever was fetched before it
    if run.steps_on_test and (of_test or run.steps_on_train):
        fail(
            "The network was trained on the test set.",
            expected="no optimizer step after a minibatch of testDataLoader",
            actual=f"{run.steps_on_test} of {run.steps} steps followed a minibatch of the test set",
            hint="In the loop over testDataLoader compute the loss only: no backward(), no step().",
        )
    if run.steps_on_test or of_test:
        review(
            "Minibatches of both sets were fetched in turn; the test set may have trained the network.",
            actual=f"{run.steps_on_test} of {run.steps} steps came right after a minibatch of the test set",
        )
    if run.steps_on_other:
        review(
            "Some steps used data from neither the training set nor the test set.",
            actual=f"{run.steps_on_other} of {run.steps} steps",
        )


@cache
def run_of(student):
    """The trace of the cells that answer 4.5; of the whole notebook if they took no step."""
    own = training.trace(student.evidence, student.answer("4.5").cells)
    return own if own.trained or own.backwards else training.trace(student.evidence)


def not_run(student, message):
    """Ends a check for which there is nothing to judge, with what the cells say about it."""
    answer = student.answer("4.5")
    if not answer.found:
        fail(message, expected="a training loop of 20 epochs", actual="no cell answers 4.5")
    if SWAPPED.search(answer.error):
        message = "The loss was given (labels, outputs); it takes (outputs, labels)."
    fail(
        message,
        expected="a training loop of 20 epochs",
        actual=answer.error or student.detail or "the cells ran, but left nothing to judge",
        hint="Restart the kernel, run all cells from the top, and look at the first error.",
    )


@cache
def linear(work):
    return linear_layer(work.value(network(work), "4.5"))


def moved(work):
    """Did the weights of the network change after it was first built?"""
    states = [value.state for value in work.evidence.values(network(work))]
    return any(not same_weights(one, other) for one, other in pairwise(states))


def same_weights(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def accuracy(work, data, *, test=True):
    """The accuracy that the network has on the real data, or NaN if it can't be recomputed."""
    return recomputed(work, data, test=test).accuracy


def loss(work, data, *, test=True):
    """The mean cross-entropy of the network on the real data, or NaN if it can't be recomputed."""
    return recomputed(work, data, test=test).loss


def recomputed(work, data, *, test, softmaxed=False):
    """Of the layer as it acts on plain pixels, which the notebook may have normalised."""
    layer = linear(work)
    if layer is None:
        return Scores(math.nan, math.nan)
    normalised = normalisation(work.value("testdata" if test else "trainingdata"))
    return scores(data, layer.before(normalised), train=not test, softmaxed=softmaxed)


@cache
def mistakes(student, data):
    """What went wrong with the training itself, by its trace."""
    code = "\n".join(
        cell.source
        for cell in student.notebook.cells
        if cell.cell_type == "code" and not answers.is_given(cell, student.assignment)
    )
    return diagnosis.mistakes(
        diagnosis.Run(
            trace=run_of(student),
            points=size(data, train=True),
            clears_by_hand=bool(CLEARED_BY_HAND.search(code)),
            softmaxed=softmaxed(student, data),
            rates=RATES,
        )
    )


def softmaxed(student, data):
    """Are the losses that went backward what the weights give with a softmax before the loss, and only so?"""
    run = run_of(student)
    if linear(student) is None or len(run.epochs) < 3 or not SOFTMAXED < run.epochs[-1].loss < math.inf:
        return False
    one, other = (recomputed(student, data, test=False, softmaxed=each).loss for each in (True, False))
    return histories.is_rather(run.epochs[-1].loss, one, than=other, tolerance=TOLERANCE)


def because(made, consequence):
    return f"{made[0]} {consequence}" if made else consequence


def on_course(run, left, reference, settings):
    """Did it learn what the reference had learned after as much training, if in half of its epochs or more?

    Steps that are half as long, or half as many, take plain SGD half as far.
    """
    epochs = len(run.epochs)
    if settings["epochs"] > 2 * epochs:
        return False
    done = int(epochs * min(1.0, pace(run, run_of(reference.first))))
    if not 1 <= done < settings["epochs"]:
        return False
    paths = [value.numbers for one in reference.runs if (value := one.value(HISTORIES["test"], "4.5"))]
    return any(path and left <= 1.05 * path[done - 1] for path in paths)


def pace(run, reference):
    """How far an epoch goes, compared with one of the reference: by the optimizers' rates and the minibatches."""
    theirs, ours = (
        {one.rate * epoch.batches for one in each.optimizers for epoch in each.epochs[:1]}
        for each in (run, reference)
    )
    plain = all(one.method == "SGD" for one in run.optimizers)
    return min(theirs) / max(ours) if plain and theirs and ours and all((*theirs, *ours)) else 1.0


def course(run):
    """The epochs, their minibatches, and the optimizer, in words."""
    sizes = sorted({epoch.steps for epoch in run.epochs})
    steps = f"{sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else "".join(map(str, sizes))
    each = " each" if len(run.epochs) > 1 else ""
    epochs = f"{counted(len(run.epochs))} of {steps} steps{each}" if sizes else "No epoch was seen"
    optimizers = "; ".join(map(str, run.optimizers)) or "no optimizer was seen"
    return f"{epochs}; {optimizers}."


def taken(name):
    """What was taken for `net`, if it has another name."""
    return "" if name == "net" else f"\n`{name}` was taken for `net`: it is the network that was trained."


def learned_from_test(run, reached, band):
    """Did it learn, but only from the test set, which may be the smaller one?"""
    return run.steps_on_test == run.steps > 0 and reached >= band.low - 0.15


def kept(student):
    """The histories that are lists of numbers, by split."""
    found = {which: student.value(name, "4.5") for which, name in HISTORIES.items()}
    return {which: value.numbers for which, value in found.items() if value is not None and value.numbers}


def account(student, data, settings):
    """What we know of the run's losses ourselves."""
    final, scales = {}, {}
    batch = settings["batch_size"]
    for which in HISTORIES:
        test = is_test(student, which)
        own = recomputed(student, data, test=test, softmaxed=softmaxed(student, data)).loss
        final[which] = [own] if linear(student) else []
        points = size(data, train=not test)
        batches = math.ceil(points / batch)
        scales[which] = (1, 1 / batch, batches, points, 1 / batches, batch)
    return histories.Account(
        trace=run_of(student), epochs=settings["epochs"], final=final, scales=scales, tolerance=TOLERANCE
    )


def is_test(student, which):
    """Does the loader of this split draw from the test set? A wrong one is charged where it is built or used."""
    loader = student.value(LOADERS[which], "4.5")
    dataset = loader.fields.get("dataset") if loader is not None else None
    train = dataset.get("train") if isinstance(dataset, dict) else None
    return not train if isinstance(train, bool) else which == "test"


def counted(epochs):
    return "1 epoch" if epochs == 1 else f"{epochs} epochs"


def curves(values, known, reference):
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
        factor = histories.scale_of(which, losses, known)
        label = which if factor == 1 else f"{which}, divided by {factor:.4g}"
        series.append({"label": label, "who": "student", "y": [one / factor for one in losses]})
    return series
