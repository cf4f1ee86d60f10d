"""One-token edits of right answers: what a typing slip, or a wrong idea, makes of them."""

import re
from itertools import chain

RIGHT = (
    ("1a", r"\nabla f(x) = 2x"),
    ("1a", r"\frac{\partial f}{\partial x_i} = 2x_i"),
    ("1a", r"[2x_1, 2x_2, \dots, 2x_d]^T"),
    ("1a", r"\nabla f = 2\|x\|_2 \frac{x}{\|x\|_2}"),
    ("1b", r"\mu = \frac{1}{n}\sum_{i=1}^n x_i"),
    ("1b", r"\hat\mu = \frac{x_1 + x_2 + \cdots + x_n}{n}"),
    ("1b", r"-2\sum_i (x_i-\mu) = 0 \implies \mu = \frac1n\sum_i x_i"),
    ("2a", r"L(w) = \|Xw - y\|_1"),
    ("2a", r"\frac{1}{n}\sum_{i=1}^n |y_i - w^T x_i|"),
    ("2a", r"\mathbf{1}^T |Xw+b - y|"),
)
PIECES = (
    "-", "2", "0", "x", "n", "d", "i", "_i", "_1", "_2", "^2", "^T", "|", r"\|", r"\sum", "y", "w", "X", r"\mu",
    r"\nabla", r"\bar", r"\partial", "'", "=", ",", "+1", "/",
)  # fmt: skip
_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\s+|.")


def mutants():
    """(question, text) of every deletion, insertion and replacement of one token, without repetition."""
    return dict.fromkeys(
        (question, text) for question, right in RIGHT for text in _edits(right) if text != right
    )


def _edits(right):
    tokens = [token for token in _TOKEN.findall(right) if token.strip()]
    for at in range(len(tokens) + 1):
        yield _joined(tokens[:at], tokens[at + 1 :])
        for piece in PIECES:
            yield _joined(tokens[:at], [piece], tokens[at:])
            yield _joined(tokens[:at], [piece], tokens[at + 1 :])


def _joined(*parts):
    return " ".join(chain(*parts))
