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
COLLECTED = re.compile(r"\.(?:append|extend|insert|add_scalar)\(|\w\][ ]*=(?!=)|\+=[ ]*[\[(]")
"""Code that keeps a number somewhere."""
OVERWRITTEN = re.compile(
    r"^[ \t]*trainingdata\.(?:data|targets)\b(?:\[[^\]\n]*\]|[^=!<>(\[\n])*+=(?!=)[^\n]*\btestdata\b",
    re.MULTILINE,
)
"""An assignment, also one of several names at once; comparisons and named arguments overwrite nothing."""
COPIED = re.compile(
    r"\btestdata[ ]*(?:\.[ ]*(?:data|targets)\b|\[)|\bin[ ]+testDataLoader[ ]*[\])]"
    r"|\b(?:zip|list|tuple|chain|cycle)[ ]?\([^()\n]*\btest(?:data|DataLoader)\b"
)
"""Test data that may go anywhere; a loop over the loader shows in the trace."""
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
        if made:
            not_run(student, made[0], hint=made[0].hint)
        not_run(student, f"`{name}` was not trained.")
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
        "expected": f"a test accuracy of {band} and a test loss of {losses}, as the reference reached",
        "actual": f"accuracy {reached:.3f} and loss {left:.3g}, recomputed from the weights of {name}",
        "hint": made[0].hint
        if made
        else "Look at the number of epochs, the learning rate, and whether gradients are cleared each step.",
    }
    if left > max(3 * losses.high, 1.2 * UNTRAINED):
        fail(because(made, "The loss grew: these weights are far from any minimum."), **details)
    certain = [mistake for mistake in made if mistake.certain]
    if reached >= band.low and not certain:
        return
    if reached >= band.low:
        details["hint"] = certain[0].hint
        award(0.25, because(certain, "The network learned nevertheless."), **details)
    if not made and (on_course(run, left, reference, settings) or learned_from_test(run, reached, band)):
        return  # what it cost is charged where the histories, or the data, are asked for
    if reached >= band.low - 0.05:
        award(0.25, because(made, "The network learned, but less than the reference."), **details)
    fail(because(made, "The network did not learn."), **details)


@question("4.5", points=0.25)
def test_histories_are_those_of_the_run(student, reference, data, settings, exhibits):
    """`train_loss_history` and `test_loss_history` hold the run's 20 losses."""
    known = account(student, data, settings)
    values, names = kept(student, known)
    if values:
        exhibits.curves("Loss by epoch", x="epoch", y="loss", series=curves(values, known, reference))
    if named := "; ".join(
        f"`{names[which]}` was taken for `{name}`" for which, name in HISTORIES.items() if which in names
    ):
        exhibits.text("Which lists were taken", f"{named}: the run computed what they hold.")
    if not values and (others := candidates(student, settings)):
        review(
            "Neither loss history has the name that the homework gives it.",
            expected=" and ".join(HISTORIES.values()),
            actual=f"lists of {settings['epochs']} numbers: {', '.join(others)}",
        )
    if not values and known.trace.trained and COLLECTED.search(student.own_source("4.5")):
        review(
            "Neither loss history was found, but the code collects something.",
            expected=" and ".join(HISTORIES.values()),
            actual=student.own_source("4.5")[:2000],
        )
    if not values:
        not_run(student, "Neither loss history was found.")
    wrong = {which: histories.misfit(which, values.get(which), known) for which in HISTORIES}
    # A run that went wrong has no path to compare with.
    doubts = {
        which: "" if wrong[which] or mistakes(student, data) else doubt(student, which, values[which], known)
        for which in HISTORIES
    }
    said = "; ".join(
        f"{name}: {why}" for which, name in HISTORIES.items() if (why := wrong[which] or doubts[which])
    )
    if any(doubts.values()):
        review(
            "A history ends with the run's final loss, but its other values may not be what the run computed.",
            points=0.125 * sum(not wrong[which] and not doubts[which] for which in HISTORIES),
            expected="losses that this run computed, epoch by epoch",
            actual=said,
        )
    if not said:
        return
    leave_open_what_is_missing(student, values, wrong, known)
    asked = settings["epochs"]
    entries = [len(values.get(which, ())) for which in HISTORIES]
    details = {
        "expected": f"in each list, the losses of this run: one for each of the {asked} epochs, and falling",
        "actual": said,
        "hint": "Look at what each number is computed from, and at when it is added to its list."
        if entries == [asked, asked]
        else "Append one number to each list at the end of every epoch.",
    }
    if not all(wrong.values()):
        award(0.125, "One of the two histories is right.", **details)
    epochs = len(known.trace.epochs)
    if entries == [epochs, epochs] and epochs != asked:
        details["hint"] = "Look at how many times the loop over epochs runs."
        fail(f"The network was trained for {counted(epochs)}, not {asked}.", **details)
    fail(f"Neither history belongs to a run of {asked} epochs.", **details)


@question("4.5", points=0.25)
def test_losses_are_printed(student, data, settings):
    """The training and test losses are printed."""
    answer = student.answer("4.5")
    known = account(student, data, settings)
    values, _ = kept(student, known)
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
    # Then every loss that was looked into came from the training set, whatever was fetched before it.
    of_train_alone = set(run.provenance) == {"train"}
    if not of_train_alone and run.steps_on_test and (of_test or run.steps_on_train):
        fail(
            "The network was trained on the test set.",
            expected="no optimizer step after a minibatch of testDataLoader",
            actual=f"{run.steps_on_test} of {run.steps} steps followed a minibatch of the test set",
            hint="Look at which calls in the loop over the test set change the network.",
        )
    if suspect := use_of_test_data(student, run):
        review("The code uses test data in a way that may have trained the network.", actual=suspect)
    if of_train_alone:
        return
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


def use_of_test_data(student, run):
    """What may have brought test data into the training without showing in its trace, in words; or nothing."""
    elsewhere = training.trace(student.evidence).steps_on_test - run.steps_on_test
    if elsewhere > 0:
        return f"{elsewhere} steps of other cells followed a minibatch of the test set"
    patterns = [OVERWRITTEN, *([COPIED] if run.provenance.get("?") else [])]
    lines = code(student).splitlines()
    return "\n".join(line.strip() for line in lines if any(one.search(line) for one in patterns))[:2000]


def code(student):
    """All code that the student wrote."""
    return "\n".join(
        cell.source
        for cell in student.notebook.cells
        if cell.cell_type == "code" and not answers.is_given(cell, student.assignment)
    )


@cache
def run_of(student):
    """The trace of the cells that answer 4.5; of the whole notebook if they took no step."""
    own = training.trace(student.evidence, student.answer("4.5").cells)
    return own if own.trained or own.backwards else training.trace(student.evidence)


def not_run(student, message, *, hint=""):
    """Ends a check for which there is nothing to judge, with what the cells say about it."""
    answer = student.answer("4.5")
    blank = student.is_blank("4.5")
    if not answer.found:
        fail(
            message,
            expected="a training loop of 20 epochs",
            actual="no cell answers 4.5",
            hint="Write the training loop into the cell for this question.",
        )
    if SWAPPED.search(answer.error):
        message = "The loss was given (labels, outputs); it takes (outputs, labels)."
    fail(
        message,
        expected="a training loop of 20 epochs",
        actual=answer.error
        or student.detail
        or ("the cell of the blank notebook" if blank else "the cells ran, but left nothing to judge"),
        hint=hint
        or (
            "Write the training loop into the cell for this question."
            if blank and not answer.error
            else "Restart the kernel, run all cells from the top, and look at the first error."
            if raised(student)
            else "Check that this cell runs the training loop, and keeps the results under the names asked for."
        ),
    )


def raised(student):
    """Did any cell end with an error, or the whole run?"""
    cells = student.notebook.cells
    return bool(student.detail) or any(
        output.output_type == "error" for cell in cells for output in cell.get("outputs", ())
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
    return diagnosis.mistakes(
        diagnosis.Run(
            trace=run_of(student),
            points=size(data, train=True),
            clears_by_hand=bool(CLEARED_BY_HAND.search(code(student))),
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


def doubt(student, which, values, known):
    """Why a history may not be what the run computed; nothing if it may."""
    fetched = known.trace.held_out
    held_out = which == histories.TEST and is_test(student, which)
    if held_out and known.trace.trained and fetched < known.epochs:
        came = "1 minibatch" if fetched == 1 else f"{fetched} minibatches"
        return f"has {len(values)} entries, but only {came} came from a set other than the training set"
    return histories.doubt(which, values, known)


def kept(student, known):
    """The histories by split, and the names of those that have other names than the homework's.

    Under another name a list is a history if it holds what the run computed, and no other list does.
    """
    found = {which: student.value(name, "4.5") for which, name in HISTORIES.items()}
    values = {which: value.numbers for which, value in found.items() if value is not None and value.numbers}
    if not known.trace.trained:
        return values, {}
    names = {}
    for which in HISTORIES:
        if which not in values and (taken := fitting(student, which, values.values(), known)):
            values[which], names[which] = taken
    return values, names


def leave_open_what_is_missing(student, values, wrong, known):
    """Ends a check if one history was found, and lists of other names may be the other one."""
    missing = [which for which in HISTORIES if which not in values]
    if len(missing) != 1 or not (others := possible(student, *missing, values.values(), known)):
        return
    review(
        f"`{HISTORIES[missing[0]]}` was not found, but a list of another name may hold its losses.",
        points=0.125 * (not all(wrong.values())),
        expected=HISTORIES[missing[0]],
        actual=f"lists of {known.epochs} numbers: {', '.join(others.values())}",
    )


def fitting(student, which, taken, known):
    """The numbers and the name of the one list that can be this history."""
    fit = {
        numbers: name
        for numbers, name in possible(student, which, taken, known).items()
        if not doubt(student, which, numbers, known)
    }
    if which == histories.TRAINING and len(distinct(fit)) > 1:  # the test losses may be close to them
        fit = {
            numbers: name
            for numbers, name in fit.items()
            if histories.proportional(numbers, known.path, tolerance=0.005)
        }
    fit = distinct(fit)
    return next(iter(fit.items())) if len(fit) == 1 else None


def possible(student, which, taken, known):
    """The lists that would be right under the name of this history and are not taken for the other, by numbers."""
    return {
        numbers: name
        for name, numbers in lists(student).items()
        if not any(alike(numbers, other) for other in taken) and not histories.misfit(which, numbers, known)
    }


def distinct(named):
    """Lists by their numbers, without copies: those as float32, or rounded, hardly differ."""
    found = {}
    for losses, name in named.items():
        if not any(alike(losses, other) for other in found):
            found[losses] = name
    return found


def alike(one, other):
    """Two lists of losses of which one may be a copy; those of the two sets differ more in some epoch."""
    return len(one) == len(other) and np.allclose(one, other, rtol=TOLERANCE.same, atol=0)


def candidates(student, settings):
    """The names of lists with a number for each epoch."""
    return [name for name, numbers in lists(student).items() if len(numbers) == settings["epochs"]]


def lists(student):
    """The numbers of each list that a training cell left, by its name."""
    found = {}
    for name in student.evidence.series:
        if (value := student.value(name, "4.5")) is not None:
            found[name] = value.numbers
            found |= {f"{name}[{key}]": member.numbers for key, member in value.members.items()}
            found |= {f"{name}[:, {number}]": column for number, column in enumerate(columns(value))}
    return {name: numbers for name, numbers in found.items() if numbers}


def columns(value):
    """The columns of a table: a list of rows, or an array, of which the rows may be meant as well."""
    is_array = value.array is not None and value.array.ndim == 2
    rows = value.array.tolist() if is_array else [member.numbers for member in value.items]
    if any(row is None or len(row) != len(rows[0]) for row in rows):
        return []
    return [*zip(*rows, strict=True), *(map(tuple, rows) if is_array else ())]


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
