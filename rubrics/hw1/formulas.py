r"""The three formula questions.

1a. The gradient of $\|x\|_2^2$. 1b. The constant vector closest to n points. 2a. An l1 loss for linear regression.
"""

from grader.theory import Equals, FormulaSpec, GradientOf, Minimises

GRADIENT = FormulaSpec(
    name="1a",
    oracle=GradientOf(r"\|x\|_2^2", "x"),
    shapes={"x": ("d",)},
    synonyms={"n": "d", "N": "d", "D": "d", "m": "d", "p": "d"},
    called=frozenset({"f"}),
)

MEAN = FormulaSpec(
    name="1b",
    oracle=Minimises(r"\sum_{i=1}^n \|x_i - \mu\|_2^2", r"\mu"),
    shapes={"X": ("n", "d"), r"\mu": ("d",)},
    rows={"x": "X"},
    derived=dict.fromkeys((r"\bar{x}", r"\mathbb{E}[x]"), r"\frac{1}{n} X^T \mathbf{1}"),
    mere_names=frozenset({r"\bar{x}", r"\mathbb{E}[x]"}),
    synonyms={
        **dict.fromkeys(("N", "m", "M"), "n"),
        **dict.fromkeys(("D", "p"), "d"),
        **dict.fromkeys((r"\hat{\mu}", r"\bar{\mu}", r"\tilde{\mu}", "c", "u"), r"\mu"),
    },
    called=frozenset({"f", "J", "L", "F", "g", "h", "E", r"\ell"}),
    slips={"d as the number of points": {"d": "n"}},
)

L1_LOSS = FormulaSpec(
    name="2a",
    oracle=Equals(r"\|Xw + b - y\|_1"),
    shapes={"X": ("n", "d"), "w": ("d",), "y": ("n",), "b": (), r"\lambda": ()},
    rows={"x": "X"},
    derived={r"\hat{y}": "Xw"},
    synonyms={
        **dict.fromkeys(("N", "m", "M"), "n"),
        **dict.fromkeys(("D", "p"), "d"),
        **dict.fromkeys(
            (r"\beta", r"\theta", "W", r"\omega", r"\hat{w}", r"\hat{\beta}", r"\hat{\theta}"), "w"
        ),
        **dict.fromkeys(("t", "Y"), "y"),
        **dict.fromkeys((r"\hat{Y}", r"\hat{t}", r"\tilde{y}"), r"\hat{y}"),
        "c": "b",
        r"\alpha": r"\lambda",
    },
    called=frozenset({"L", "J", "E", r"\ell", "l", "C", "R", "S", "Q", "F", "f"}),
    optional=frozenset({"b"}),
    scales=("1", r"\frac{1}{n}", r"\frac{1}{2}", r"\frac{1}{2n}", "2", r"\frac{2}{n}"),
    needs=frozenset({"X", "w"}),
    vocabularies=({"A": "X", "x": "w", "b": "y", "a": "X"}, {r"\alpha": "b"}),
    slips={
        "columns as points": {"X": "X^T"},
        "the bias subtracted": {"b": "-b"},
        "no penalty": {r"\lambda": "0"},
    },
)
