r"""Theory answers judged by meaning, small networks by proof. Imports nothing else of this package.

A formula is right if it computes the right thing, however it is written:

    >>> from grader.theory import GRADIENT, judge_formula
    >>> judge_formula(r"$\nabla f(x) = \mathbf{x} + \mathbf{x}$", GRADIENT).verdict
    <Verdict.ACCEPT: 'accept'>
    >>> judge_formula(r"$\nabla f(x) = \|x\|$", GRADIENT).reason
    'at x = (1, 2, 3) the answer gives 3.74166, but right is (2, 4, 6)'

`FormulaSpec` declares a question, and shows how to add one in ten lines. `judge_derivation` checks the steps that
lead to a minimiser. `read_network` finds weights as people write them; `verify_network` proves HW1's perceptrons
right over all of R^5 or shows where they fail; `verify` does so for any small network. `yes_no`, `tags`,
`normal_text` and `order_alike` sort free text for the person who grades it.
"""

from grader.theory.hw1 import GRADIENT, L1_LOSS, MEAN
from grader.theory.latex.derivation import judge_derivation
from grader.theory.latex.judge import judge_formula
from grader.theory.latex.oracles import Equals, GradientOf, Minimises
from grader.theory.latex.spans import scanned
from grader.theory.latex.spec import FormulaSpec
from grader.theory.latex.verdicts import Judgement, Verdict, Witness
from grader.theory.networks import Activation, Network, NetworkError, Trace, exact
from grader.theory.perceptron import CONVENTIONS, Convention, NetworkJudgement, verify_network
from grader.theory.proof import Counterexample, Proof, Status, Wanted, verify
from grader.theory.regions import AllOf, AnyOf, HalfSpace, Outside, Region, descending
from grader.theory.weights import NetworkReading, read_network
from grader.theory.words import (
    ALGORITHMS,
    PROS_AND_CONS,
    Answer,
    normal_text,
    order_alike,
    tags,
    yes_no,
)

__all__ = [
    "ALGORITHMS",
    "CONVENTIONS",
    "GRADIENT",
    "L1_LOSS",
    "MEAN",
    "PROS_AND_CONS",
    "Activation",
    "AllOf",
    "Answer",
    "AnyOf",
    "Convention",
    "Counterexample",
    "Equals",
    "FormulaSpec",
    "GradientOf",
    "HalfSpace",
    "Judgement",
    "Minimises",
    "Network",
    "NetworkError",
    "NetworkJudgement",
    "NetworkReading",
    "Outside",
    "Proof",
    "Region",
    "Status",
    "Trace",
    "Verdict",
    "Wanted",
    "Witness",
    "descending",
    "exact",
    "judge_derivation",
    "judge_formula",
    "normal_text",
    "order_alike",
    "read_network",
    "scanned",
    "tags",
    "verify",
    "verify_network",
    "yes_no",
]
