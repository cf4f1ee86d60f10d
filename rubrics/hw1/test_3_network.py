"""Part 3: the perceptron network, proved right over all of R^5, or refuted by an example."""

import re
from fractions import Fraction

import numpy as np

from grader import award, fail, question, review
from grader.theory import Activation, Network, NetworkError, NetworkReading, numeral, read_network

from .network import CONVENTIONS, INPUTS, UNITS, Convention, NetworkJudgement, verify_network

SHAPES = {"W1": (UNITS, INPUTS), "b1": (UNITS,), "w2": (UNITS,), "b2": ()}
SIZES = "W1: 4 rows of 5 numbers; b1: 4 numbers; w2: 4 numbers; b2: one number"
LARGEST_SHOWN = 10**6
SHORT = 1.0
"""Seconds for a proof that costs and gives no points."""


@question("3", points=0)
def test_all_weights_are_there(student):
    """All weights are there, in the right shapes."""
    given = {name: student.value(name, "3") for name in SHAPES}
    wrong = [
        name for name, value in given.items() if value is not None and array(value, SHAPES[name]) is None
    ]
    if wrong:
        fail(
            f"Wrong shape, or not finite numbers: {', '.join(f'`{name}`' for name in wrong)}.",
            expected=SIZES,
            hint="Give them as plain Python numbers and lists.",
        )
    weights(student)


@question("3", points=2, visibility="after_due_date")
def test_network_recognises_sorted_inputs(student, settings, exhibits):
    """The network outputs +1 for x1 > x2 > x3 > x4 > x5 and -1 for everything else."""
    exhibits.text("The explanation that was found", str(student.explanation("3", settings["explained"]["3"])))
    reading = weights(student)
    allowed = tuple(
        Convention(Activation(hidden), Activation(output)) for hidden, output in settings["conventions"]
    )
    try:
        judged = verified(reading, allowed)
    except NetworkError as error:
        review(f"These weights can't be checked: {error}", actual=student.own_source("3"))
    exhibits.text("What was proved", summary(judged, allowed))
    if set(allowed) & set(judged.right):
        return
    if set(allowed) & set(judged.undecided):
        review("Neither a proof nor a counterexample was found in time.", actual=student.own_source("3"))
    example = judged.everywhere[allowed[0]].counterexample
    work_through(exhibits, reading, example, allowed[0])
    if not readable(example):
        review(
            "The network is wrong only at extremely large or small inputs, probably because of rounded weights.",
            actual=str(example),
        )
    details = {
        "expected": f"{sign(example.wanted)} for x = {listed(example.evaluation.point)}",
        "actual": worked(example),
    }
    if set(allowed) & set(judged.right_except_on_ties):
        award(
            1,
            "The network is right where no two inputs are equal, but wrong at ties.",
            hint="Work a tie through unit by unit: find what each unit outputs whose sum is 0.",
            **details,
        )
    fail(
        "The network is wrong for some inputs.",
        hint="Work this input through unit by unit, and find the first one that does not do what you meant.",
        **details,
    )


def verified(reading, allowed):
    """Proofs under the conventions that are allowed; if it is wrong under each, short ones under the others too."""
    network = reading.W1, reading.b1, reading.w2, reading.b2
    judged = verify_network(*network, conventions=allowed)
    if judged.right or judged.undecided:
        return judged
    others = tuple(convention for convention in CONVENTIONS if convention not in allowed)
    more = verify_network(*network, conventions=others, seconds=SHORT)
    return NetworkJudgement(
        everywhere={**judged.everywhere, **more.everywhere}, off_ties={**judged.off_ties, **more.off_ties}
    )


def weights(student):
    """The weights, exactly as typed if they can be read, or the end of this check."""
    source = student.own_source("3")
    captured = {name: array(student.value(name, "3"), shape) for name, shape in SHAPES.items()}
    reading = read_network(source, inputs=INPUTS, units=UNITS)
    if all(one is not None for one in captured.values()):
        exact = reading.complete and all(agrees(getattr(reading, name), captured[name]) for name in SHAPES)
        return reading if exact else from_values(captured)
    if reading.complete:
        for name, value in captured.items():
            differs = value is None or not agrees(getattr(reading, name), value)
            if differs and student.value(name, "3") is not None:
                review(f"{name} is given twice, with different values: in words and in code.", actual=source)
        return reading
    if not student.written("3"):
        fail(
            "No weights were given.",
            expected=SIZES,
            actual="the cell of the blank notebook",
            hint="Fill in the code cell of question 3.",
        )
    notes = "; ".join(reading.notes)
    return review(
        f"Could not be read with certainty: {', '.join(reading.missing)}." + (f" {notes}." if notes else ""),
        actual=source,
    )


def array(value, shape):
    """A captured value in the shape that is asked for; None if it is missing, of another size, or not finite."""
    found = None if value is None else nested(value)
    if found is None or found.size != np.prod(shape, dtype=int) or not np.isfinite(found).all():
        return None
    return found.T if found.shape == shape[::-1] else found.reshape(shape)


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


def agrees(exact, floats):
    """Is what was read from the text what the code then held, as far as floats can tell?"""
    return np.allclose(np.array(exact, dtype=float), floats, rtol=1e-6, atol=1e-9)


def from_values(captured):
    """The captured floats, each as the shortest decimal that means it."""
    exact = {
        name: np.vectorize(lambda x: Fraction(repr(float(x))), otypes=[object])(a)
        for name, a in captured.items()
    }
    return NetworkReading(
        W1=tuple(map(tuple, exact["W1"].tolist())),
        b1=tuple(exact["b1"].tolist()),
        w2=tuple(exact["w2"].tolist()),
        b2=exact["b2"].item(),
    )


def summary(judged, allowed):
    """What is known of the network, and whether it counts: other conventions than those allowed give no points."""
    right = "; ".join(map(str, judged.right))
    if set(allowed) & set(judged.right):
        return f"The network is right for all inputs ({right})."
    if set(allowed) & set(judged.undecided):
        return "Neither a proof nor a counterexample was found in time."
    asked = f"The network is wrong as the question defines it ({' or '.join(map(str, allowed))})."
    if right:
        return f"{asked} With another activation it would be right for all inputs: {right}."
    return f"{asked} No other activation that was tried makes it right."


def readable(example):
    """Rounding errors of weights show only at huge or tiny inputs."""
    sizes = [abs(x) for x in example.evaluation.point if x]
    return all(1 / LARGEST_SHOWN <= size <= LARGEST_SHOWN for size in sizes)


def work_through(exhibits, reading, example, convention):
    """Shows what each unit does with an input for which the network is wrong."""
    at = example.evaluation
    units = [*(f"Hidden unit {n + 1}" for n in range(UNITS)), "Output unit", "Right output"]
    sums = [*Network.of(reading.W1, reading.b1, reading.w2, reading.b2).sums(at), ""]
    outputs = map(sign, (*at.hidden, at.output, example.wanted))
    exhibits.table(
        typeset(f"The network at x = {listed(at.point)}, unit by unit"),
        columns=["Unit", "Weighted sum", "Output"],
        rows=[[unit, *map(typeset, cells)] for unit, *cells in zip(units, sums, outputs, strict=True)],
        note=typeset(f"Activation: {convention}."),
    )


def typeset(text):
    """With the sign for minus, and a line that is too long broken before an operator."""
    return re.sub(r"([+=≈\N{MINUS SIGN}]) ", "\\1\N{NO-BREAK SPACE}", text.replace("-", "\N{MINUS SIGN}"))


def worked(example):
    at = example.evaluation
    return (
        f"{sign(at.output)}: the hidden units output {listed(at.hidden)}, "
        f"and the output unit's sum is {numeral(at.output_sum)}"
    )


def listed(values):
    return "(" + ", ".join(map(numeral, values)) + ")"


def sign(value):
    return f"{'+' if value > 0 else ''}{numeral(value)}"
