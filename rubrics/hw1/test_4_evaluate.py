"""Part 4.6: `evaluate`, called on loaders that the student has not seen."""

import math
import re
import statistics

from grader import award, fail, question, review
from grader.analysis import numbers, pictures
from grader.analysis.linear import normalisation
from grader.judging.work import Band

from .data import NAMES, linear_layer, network, scores, size, split

TOLERANCE = 0.002
CHANCE = 0.25
"""No accuracy that anybody would report is lower."""
FIRST_BATCH = 0.15
"""How far the share of right ones among 64 may be from that among all: three standard errors."""
SAME = 0.95
"""The share of pictures on which two computations of one network agree at least."""
SHARE = re.compile(r"(?<![\w./])(\d{1,9}) ?(?:/|of|out of) ?(\d{3,9})(?![\w/]|\.\d)")
"""Hits of so many points; a count of epochs or minibatches has fewer digits."""
EMPTY = "no batch at all"
OURS = "There was no network that classifies pictures, so `evaluate` was called with one of ours."
FIRST_ONLY = "first batch right, the rest wrong"


@question("4.6", points=0)
def test_evaluate_returns_a_number(student):
    """`evaluate` returns a number for a loader."""
    results = results_of(student)
    if not results:
        not_callable(student)
    if not any(one.values or one.printed or one.asynchronous for one in results.values()):
        fail(
            "`evaluate` returns no number.",
            expected="the accuracy as its return value",
            actual=str(next(iter(results.values()))),
            hint="Call it on testDataLoader in a cell of its own and look at what it returns.",
        )


@question("4.6", points=0.75, visibility="after_due_date")
def test_evaluate_counts_every_batch(student, exhibits, data):
    """`evaluate` scores everything the loader yields, not just its first minibatch."""
    results = results_of(student)
    if not results:
        not_callable(student)
    exhibits.table(
        "What `evaluate` returned on loaders that you have not seen",
        columns=["Loader", "Returned", "Right"],
        rows=[
            [name, str(call), "anything" if call.expected is None else f"{call.expected:.4g}"]
            for name, call in calls_of(student).items()
        ],
    )
    wrong = {name: one for name, one in results.items() if not one.right}
    if another_network(student, data):
        review(
            "`evaluate` did not use the network that the notebook ended with.",
            actual=describe(results),
        )
    if not wrong:
        return
    if all("required positional argument" in one.error for one in results.values()):
        review("`evaluate` needs more arguments than a loader.", actual=describe(results))
    if all(one.error for one in results.values()) and is_ours(student):
        review(OURS, actual=describe(results))
    if all(one.error for one in results.values()):
        fail(
            "`evaluate` raises an error.",
            expected="a number between 0 and 1",
            actual=next(iter(results.values())).error,
            hint="Call it on testDataLoader in a cell of its own and read the traceback.",
        )
    open_to_a_person(results)
    if not any(one.values or one.printed for one in results.values()):
        fail(
            "`evaluate` returns no number.",
            expected="the accuracy as its return value",
            actual=f"returned {next(iter(results.values())).returned}",
            hint="End the function with `return` and the accuracy.",
        )
    # One answer to every loader measures none of them, whatever network it is about.
    ignored = len(set(map(str, results.values()))) == 1
    if not ignored and (unknown := unknown_network(student)):
        review(unknown, actual=describe(results))
    name, one = next(iter(wrong.items()))
    details = {
        "expected": f"{one.expected:.4f} on a loader with: {name}" if one.expected is not None else name,
        "actual": str(one),
    }
    if counts_first_batch_only(results):
        award(
            0.25,
            "Only the first minibatch is counted.",
            hint="Look at how many minibatches the loop has seen when the function returns.",
            **details,
        )
    fail(
        f"`evaluate` is wrong on {len(wrong)} of {len(results)} loaders.",
        hint="Count hits and points over all minibatches; the last one may be smaller than the others.",
        **details,
    )


@question("4.6", points=0.25, visibility="after_due_date")
def test_reports_both_accuracies(student, reference, data, exhibits):
    """The accuracies on the training set and on the test set are reported, and correct."""
    if seen := recomputed(student, data, train=False):
        exhibits.confusion(
            "Test images by class, recomputed from the weights",
            classes=NAMES,
            student=seen.confusion,
            reference=recomputed(reference.first, data, train=False).confusion,
        )
    answer = student.answer("4.6")
    figures = "\n".join(map(pictures.labels, student.figures("4.6")))
    text = "\n".join(dict.fromkeys([student.text_with("evaluate"), answer.text, answer.markdown, figures]))
    own = {which: accuracy(student, data, which) for which in ("training", "test")}
    bands = {
        which: reference.band(lambda run, which=which: accuracy(run, data, which), floor=0.01)
        for which in own
    }
    seen, results = accuracies(text), results_of(student).values()
    if counts_first_batch_only(results_of(student)) and all(
        any(abs(one - own[which]) <= FIRST_BATCH for one in seen) for which in own
    ):
        return  # that these are no more than the shares of first minibatches is charged above
    missing = [
        which
        for which in own
        if not any(one in bands[which] for one in seen)
        and not is_shown(own[which], text)
        and not (results and draws_from_a_part(student, data, which))
    ]
    near = [*bands.values(), *(Band(one - 0.01, one + 0.01) for one in own.values())]
    fitting = [one for one in seen if any(one in band for band in near)]
    whole = not any(draws_from_a_part(student, data, which) for which in own)
    if whole and not missing and len(fitting) == 1 and not all(is_shown(one, text) for one in own.values()):
        # Where the bands overlap one number is in both, but it reports one accuracy.
        missing = [max(own, key=lambda which: abs(own[which] - fitting[0]))]
    if len(seen) > 1 and not missing:
        return
    # Where nothing was answered, the accuracies of a network that may be untrained would only mislead.
    unanswered = not answer.found or student.is_blank("4.6")
    known = [] if unanswered else [which for which in own if not math.isnan(own[which])]
    details = {
        "expected": " and ".join(f"{own[which]:.3f} ({which})" for which in known)
        or "two accuracies in the output",
        "actual": text.strip()[:200] or answer.error or "no output",
        "hint": "Call `evaluate` once with each loader, and print what it returns.",
    }
    if len(seen) > 1 and any(map(math.isnan, own.values())):
        review(
            "The accuracy of this network could not be recomputed, so the reported ones need review.",
            **details,
        )
    if contradiction := untrue(network(student), seen, own, bands, missing):
        review(contradiction, points=0.125 * (len(own) - len(missing)), **details)
    if len(missing) == 1:
        award(0.125, f"The accuracy on the {missing[0]} set is not reported, or not correct.", **details)
    fail("The accuracies are not reported, or not correct.", **details)


def untrue(name, seen, own, bands, missing):
    """Which number is said to be an accuracy, where the weights give another; nothing if none is said."""
    said = [one for one in dict.fromkeys(seen) if one > CHANCE]
    true = [*bands.values(), *(Band(one - 0.01, one + 0.01) for one in own.values())]
    doubtful = [one for one in said if not any(one in band for band in true)]
    if len(said) < len(own) or len(doubtful) < len(missing):
        return ""
    claims = " and ".join(f"{one:.3g}" for one in doubtful[: len(own)])
    given = " and ".join(f"{own[which]:.3f} on the {which} set" for which in missing)
    return f"The notebook says {claims}, while the weights of `{name}` give {given}."


def calls_of(student):
    """The outcome of each call of `evaluate`, by the loader's name; none if it could not be called."""
    match student.rounds("evaluate"):
        case [first, second] if second.outcome["calls"] is not None:
            predicted = dict(zip(first.inputs["pictures"], first.outcome["predicted"].numbers, strict=True))
            expected = {name: share(predicted, each) for name, each in second.inputs["loaders"].items()}
            calls = second.outcome["calls"]
            return {name: Call(calls[name], expected.get(name)) for name in calls.fields.get("items", {})}
        case _:
            return {}


def share(predicted, loader):
    """What `evaluate` has to give for a loader: the share of its pictures that have the label predicted."""
    pairs = zip(loader["pictures"], loader["labels"], strict=True)
    return statistics.mean(predicted[picture] == label for picture, label in pairs)


def open_to_a_person(results):
    """Ends a check where what `evaluate` gave may be right."""
    if all(one.may_be_right for one in results.values()):
        review("`evaluate` prints the accuracy among other numbers.", actual=describe(results))
    if all(one.asynchronous for one in results.values()):
        review("`evaluate` is asynchronous, so its result is not known.")


def another_network(student, data):
    """Did something else than the weights that the notebook left answer for the network? If unknown: no."""
    first, _ = student.rounds("evaluate")
    name = first.outcome["name"].text("value")
    layer = None if is_ours(student) else linear_layer(student.evidence.value(name, by=first.cell))
    if layer is None:
        return False
    images = split(data, train=False)[0][first.inputs["pictures"]]
    return layer.scores(images, first.outcome["predicted"].array).accuracy < SAME


def results_of(student):
    """The outcomes that count: what a mean over nothing is, is anybody's choice."""
    return {name: call for name, call in calls_of(student).items() if name != EMPTY}


class Call:
    """One call of `evaluate`: what it gave, beside the fraction that it had to give."""

    def __init__(self, call, expected):
        self.expected = expected
        self.error = call["error"].text("value") if call["error"] is not None else ""
        returned = call["returned"]
        self.returned = returned.kind if returned is not None else "nothing"
        self.asynchronous = returned is not None and returned.text("class") == "coroutine"
        self.values = numbers_of(returned)
        said = texts_of(returned) or (call["printed"].text("value") if call["printed"] is not None else "")
        self.printed = [] if self.values else list(numbers.written(said))
        last_line = list(numbers.written(said.strip().rpartition("\n")[2]))
        measured = [(value, decimals) for value, decimals in last_line if decimals > 0]
        # Counts may follow the accuracy in its line.
        self.last = measured[-2:] if measured and len(last_line) > 2 else self.printed[-2:]

    @property
    def right(self):
        return self.expected is not None and self.shows(self.expected)

    def shows(self, fraction):
        """Is this fraction among what it returned or, if that is not a number, what it printed last?"""
        if self.values:
            return any(means(value, fraction) for value in self.values)
        return any(rounds_to(value, decimals, fraction) for value, decimals in self.last)

    @property
    def may_be_right(self):
        """Is it right, or among all that it printed?"""
        return self.right or (
            self.expected is not None
            and any(rounds_to(value, decimals, self.expected) for value, decimals in self.printed)
        )

    def __str__(self):
        values = self.values or [value for value, _ in self.printed]
        return self.error or ", ".join(f"{value:.6g}" for value in values[:4]) or f"returned {self.returned}"


def numbers_of(value, deepest=3):
    """A number; or those of a tuple, list or mapping, the first few."""
    if value is None:
        return []
    if value.number is not None:
        return [value.number]
    if value.numbers:
        return list(value.numbers[:5])
    members = value.items[:5] or [value[key] for key in list(value.fields.get("items") or ())[:5]]
    return [number for member in members if deepest for number in numbers_of(member, deepest - 1)]


def texts_of(value, deepest=3):
    """A text; or those of a tuple, list or mapping."""
    if value is None:
        return ""
    members = value.members.values() if deepest else ()
    return "\n".join(filter(None, [value.text("value"), *(texts_of(each, deepest - 1) for each in members)]))


def means(value, fraction):
    """Equal to a fraction, as such or in percent, perhaps rounded to two digits or more."""
    if not math.isfinite(value):
        return False
    near = any(abs(one - fraction) <= TOLERANCE for one in (value, value / 100))
    rounded = {round(fraction, 2), round(fraction, 3), round(100 * fraction), round(100 * fraction, 1)}
    return near or any(math.isclose(value, one, abs_tol=1e-6) for one in rounded)


def rounds_to(value, decimals, fraction):
    """Is a printed number this fraction, or its percentage, rounded or cut off at that decimal?"""
    if math.isclose(value, fraction, abs_tol=1e-9):
        return True
    if decimals > 0 and abs(value - fraction) <= 10.0**-decimals:
        return decimals > 1
    return abs(value - 100 * fraction) <= min(1.0, 10.0**-decimals) and (value > 1 or fraction < 0.02)


def counts_first_batch_only(results):
    """Does a loader whose first batch is all right come out as all right, and as nothing else?"""
    first = results.get(FIRST_ONLY)
    return first is not None and first.shows(1.0) and not first.right


def is_ours(student):
    """Was `evaluate` called with a network of ours?"""
    whose = student.probe("evaluate")["network"]
    return whose is not None and whose.text("value") == "ours"


def unknown_network(student):
    """Why it is not known which network `evaluate` measured; nothing if it is."""
    outcome = student.probe("evaluate")
    if is_ours(student):
        return OURS
    name = outcome["name"].text("value") if outcome["name"] is not None else ""
    asks = outcome["asks for it"]
    used = asks is not None and asks.number == 1
    if used or re.search(rf"\b{re.escape(name or 'net')}\b", student.answer("4.6").source):
        return ""
    return f"`evaluate` does not use `{name or 'net'}`, so what it measured is not known."


def not_callable(student):
    answer = student.answer("4.6")
    if student.value("evaluate") is not None or student.ending.ours:
        review("`evaluate` is defined, but it could not be called.", actual=answer.source)
    if re.search(r"\bdef\s+evaluate\b", answer.source):
        empty = "expected an indented block" in answer.error
        fail(
            "`evaluate` is still empty." if empty else "The cell that defines `evaluate` did not run.",
            expected="the body of the function: it returns the accuracy",
            actual=answer.error or student.detail or "not defined",
            hint="Write what the function does into its body."
            if empty
            else "Restart the kernel, run the cells up to and including this one, and read the error.",
        )
    fail(
        "There is no function `evaluate`.",
        expected="def evaluate(dataloader): ...",
        actual=answer.error or student.detail or "not defined",
        hint="Define it under exactly this name.",
    )


def is_shown(fraction, text):
    """Does a text show this fraction, or its percentage, as it rounds it?"""
    return math.isfinite(fraction) and any(
        rounds_to(value, decimals, fraction) for value, decimals in numbers.written(text)
    )


def describe(results):
    return "; ".join(f"{name}: {one}" for name, one in results.items())


def accuracies(text):
    """All numbers in a text that may be accuracies, as fractions."""
    found = numbers.numbers_in(text)
    shares = [int(hits) / int(points) for hits, points in SHARE.findall(text) if int(points)]
    return [one for one in (*found, *shares) if 0 < one <= 1] + [one / 100 for one in found if 1 < one <= 100]


def accuracy(work, data, which):
    """The accuracy of the network as it was when 4.6 ran, recomputed; NaN if it can't be."""
    seen = recomputed(work, data, train=is_train(work, which))
    return seen.accuracy if seen else math.nan


def recomputed(work, data, *, train):
    """What the network achieves on a split, as it was when 4.6 ran; None if it can't be recomputed."""
    layer = linear_layer(work.value(network(work), "4.6"))
    if layer is None:
        return None
    normalised = normalisation(work.value("trainingdata" if train else "testdata"))
    return scores(data, layer.before(normalised), train=train)


def is_train(work, which):
    """Does the loader of that name draw from the training set, right or wrong?"""
    train = drawn(work, which).get("train")
    return train if isinstance(train, bool) else which == "training"


def draws_from_a_part(work, data, which):
    """Then we don't know its accuracy, but a right `evaluate` does."""
    return drawn(work, which).get("length") not in (None, size(data, train=is_train(work, which)))


def drawn(work, which):
    """The facts of the data set of a loader."""
    loader = work.value({"training": "trainDataLoader", "test": "testDataLoader"}[which], "4.6")
    dataset = loader.fields.get("dataset") if loader is not None else None
    return dataset if isinstance(dataset, dict) else {}
