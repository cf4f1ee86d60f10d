"""Part 3: the perceptron network, run on every order and every tie of five numbers."""

import itertools

import numpy as np

from grader import award, fail, question, review

SHAPES = {"W1": (4, 5), "b1": (4,), "w2": (4,), "b2": ()}
# All ways in which five numbers can be ordered, ties included, occur among these 5^5 points.
POINTS = np.array(list(itertools.product(range(5), repeat=5)), np.float64)
SORTED = (np.diff(POINTS, axis=1) < 0).all(axis=1)
TIED = (np.diff(np.sort(POINTS, axis=1), axis=1) == 0).any(axis=1)


@question("3", points=2)
def test_network_recognises_sorted_inputs(student, settings):
    """The network says +1 for x1 > x2 > x3 > x4 > x5 and -1 for everything else."""
    weights = found(student)
    wrong = {zero: ~right(weights, zero) for zero in settings["sign_of_zero"]}
    best = min(wrong.values(), key=np.count_nonzero)
    if not best.any():
        return
    example = POINTS[best][0]
    facts = {
        "expected": f"{'+1' if SORTED[best][0] else '-1'} for x = {as_text(example)}",
        "actual": f"{output(weights, example[None], settings['sign_of_zero'][0])[0]:+.0f}, "
        f"hidden units {as_text(hidden(weights, example[None], settings['sign_of_zero'][0])[0])}",
    }
    if not (best & ~TIED).any():
        award(
            1,
            "The network is right where no two inputs are equal, and wrong at ties.",
            hint="What does a hidden unit say when its sum is 0, and what does the output make of it?",
            **facts,
        )
    fail(
        f"The network is wrong for {np.count_nonzero(best)} of {len(POINTS)} inputs that were tried.",
        hint="Work this input through by hand: each hidden unit first, then the output.",
        **facts,
    )


def found(student):
    """The weights in the shapes that the question names, or the end of this check."""
    values = {name: student.value(name, "3") for name in SHAPES}
    missing = [name for name, value in values.items() if value is None]
    if len(missing) == len(SHAPES):
        if student.answer("3").found and "=" in code(student):
            review("No W1, b1, w2, b2 were left by this cell.", actual=student.answer("3").source)
        fail(
            "No weights were given.",
            expected="W1 (4x5), b1 (4), w2 (4), b2 (a number)",
            actual="none of them",
            hint="Fill in the code cell of question 3.",
        )
    if missing:
        review(f"Not found: {', '.join(missing)}.", actual=student.answer("3").source)
    arrays = {name: shaped(name, value) for name, value in values.items()}
    odd = [name for name, array in arrays.items() if array is None]
    if odd:
        review(
            f"Not of the expected shape, or not finite: {', '.join(odd)}.",
            expected=", ".join(f"{name} {shape}" for name, shape in SHAPES.items()),
            actual=student.answer("3").source,
        )
    return arrays


def shaped(name, value):
    array = nested(value)
    if array is None or array.size != np.prod(SHAPES[name], dtype=int) or not np.isfinite(array).all():
        return None
    return array.reshape(SHAPES[name])


def nested(value):
    """An array, also from a list of lists."""
    if value.number is not None:
        return np.array(value.number)
    if value.array is not None:
        return np.asarray(value.array, np.float64)
    rows = [nested(item) for item in value.items]
    if not rows or any(row is None or row.shape != rows[0].shape for row in rows):
        return None
    return np.array(rows)


def code(student):
    """The cell's source without the comments that the kit came with."""
    lines = student.answer("3").source.splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def sign(z, zero):
    return np.where(z == 0, zero, np.sign(z))


def hidden(weights, points, zero):
    return sign(points @ weights["W1"].T + weights["b1"], zero)


def output(weights, points, zero):
    return sign(hidden(weights, points, zero) @ weights["w2"] + weights["b2"], zero)


def right(weights, zero):
    return output(weights, POINTS, zero) == np.where(SORTED, 1, -1)


def as_text(values):
    return "(" + ", ".join(f"{value:g}" for value in values) + ")"
