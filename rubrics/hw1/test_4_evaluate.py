"""Part 4.6: `evaluate`, called on loaders that the student has not seen."""

import math

from grader import award, fail, question, review
from grader.analysis import numbers, training

TOLERANCE = 0.002
FIRST_ONLY = "first batch right, the rest wrong"


@question("4.6", points=0.75)
def test_evaluate_counts_every_batch(student):
    """`evaluate` scores everything the loader yields, not just its first minibatch."""
    results = results_of(student)
    if not results:
        not_callable(student)
    wrong = {name: one for name, one in results.items() if not one.right}
    if not wrong:
        return
    if all(one.error for one in results.values()):
        fail(
            "`evaluate` ends with an error.",
            expected="a number between 0 and 1",
            actual=next(iter(results.values())).error,
            hint="Call it on testDataLoader in a cell of its own and read the traceback.",
        )
    if all(one.value is None for one in results.values()):
        fail(
            "`evaluate` gives no number.",
            expected="the accuracy, returned",
            actual=f"returned {next(iter(results.values())).returned}",
            hint="End the function with `return` and the accuracy.",
        )
    name, one = next(iter(wrong.items()))
    facts = {
        "expected": f"{one.expected:.4f} on a loader with: {name}",
        "actual": one.error or f"{one.value if one.value is not None else one.returned}",
    }
    if counts_first_batch_only(results):
        award(
            0.25,
            "Only the first minibatch counts.",
            hint="Add up the hits of all minibatches and divide by the number of points, after the loop.",
            **facts,
        )
    fail(
        f"`evaluate` is wrong on {len(wrong)} of {len(results)} loaders.",
        hint="Count hits and points over all minibatches; the last one may be smaller than the others.",
        **facts,
    )


@question("4.6", points=0.25)
def test_reports_both_accuracies(student, reference, data):
    """The accuracies on the training set and on the test set are reported, and true."""
    answer = student.answer("4.6")
    text = f"{student.text_with('evaluate')}\n{answer.text}\n{answer.markdown}"
    own = {which: accuracy(student, data, which) for which in ("training", "test")}
    bands = {
        which: reference.band(lambda run, which=which: accuracy(run, data, which), floor=0.01)
        for which in own
    }
    seen = accuracies(text)
    missing = [
        which
        for which in own
        if not any(one in bands[which] or abs(one - own[which]) <= TOLERANCE for one in seen)
    ]
    if len(seen) > 1 and (not missing or counts_first_batch_only(results_of(student))):
        return  # what a wrong `evaluate` says is charged where it is wrong
    facts = {
        "expected": " and ".join(f"{own[which]:.3f} ({which})" for which in own if not math.isnan(own[which]))
        or "two accuracies",
        "actual": text.strip()[:200] or answer.error or "no output",
        "hint": "Print `evaluate(trainDataLoader)` and `evaluate(testDataLoader)`.",
    }
    if len(missing) == 1:
        award(0.125, f"The accuracy on the {missing[0]} set is not reported, or not true.", **facts)
    fail("The accuracies are not reported, or not true.", **facts)


def results_of(student):
    """The outcome of each call of `evaluate`, by the loader's name; none if it could not be called."""
    outcome = student.probe("evaluate")
    calls = outcome["calls"] if outcome is not None else None
    return {name: Call(calls[name]) for name in calls.facts.get("items", {})} if calls is not None else {}


class Call:
    """One call of `evaluate`: what it gave, read as a fraction, beside what it had to give."""

    def __init__(self, call):
        self.expected = call["expected"].number if call["expected"] is not None else math.nan
        self.error = call["error"].facts.get("value", "") if call["error"] is not None else ""
        returned = call["returned"]
        self.returned = returned.kind if returned is not None else "nothing"
        self.value = as_number(returned)
        if self.value is None and call["printed"] is not None:
            printed = numbers.numbers_in(call["printed"].facts.get("value", ""))
            self.value = printed[-1] if printed else None

    @property
    def right(self):
        return self.close_to(self.expected)

    def close_to(self, fraction):
        """Equal to a fraction, as such or in percent."""
        if self.value is None or not math.isfinite(self.value):
            return False
        return any(abs(one - fraction) <= TOLERANCE for one in (self.value, self.value / 100))


def as_number(value):
    """A number, or the first one in a tuple or list."""
    if value is None:
        return None
    if value.number is not None:
        return value.number
    if value.numbers:
        return value.numbers[0]
    return next((as_number(item) for item in value.items if as_number(item) is not None), None)


def counts_first_batch_only(results):
    """Does a loader whose first batch is all right come out as all right?"""
    first = results.get(FIRST_ONLY)
    return first is not None and first.close_to(1.0)


def not_callable(student):
    answer = student.answer("4.6")
    if student.value("evaluate") is not None or student.ending.ours:
        review("`evaluate` is there, but it could not be called.", actual=answer.source)
    fail(
        "There is no function `evaluate`.",
        expected="def evaluate(dataloader): ...",
        actual=answer.error or student.detail or "not defined",
        hint="Define it under just this name.",
    )


def accuracies(text):
    """All numbers in a text that may be accuracies, as fractions."""
    found = numbers.numbers_in(text)
    return [one for one in found if 0 < one <= 1] + [one / 100 for one in found if 1 < one <= 100]


def accuracy(work, data, which):
    """The accuracy of `net` as it was when 4.6 ran, recomputed; NaN if it can't be."""
    layer = training.Linear.of(work.value("net", "4.6"), features=784, classes=10)
    if layer is None:
        return math.nan
    arrays = data.arrays
    images, labels, name = {
        "training": (arrays.train_images, arrays.train_labels, "trainingdata"),
        "test": (arrays.test_images, arrays.test_labels, "testdata"),
    }[which]
    return layer.accuracy(training.inputs(images, training.normalisation(work.value(name))), labels)
