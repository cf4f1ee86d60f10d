r"""Theory answers judged by meaning, small networks by proof. Imports nothing else of this package.

A formula is right if it computes the right thing, however it is written:

    >>> from grader.theory import FormulaSpec, GradientOf, judge_formula
    >>> square = FormulaSpec(name="square", oracle=GradientOf(r"\|x\|_2^2", "x"), shapes={"x": ("d",)})
    >>> judge_formula(r"$2x$", square).verdict
    <Verdict.ACCEPT: 'accept'>
    >>> judge_formula(r"$\mathbf{x} + \mathbf{x}$", square).verdict
    <Verdict.ACCEPT: 'accept'>
    >>> judge_formula(r"$\|x\|$", square).reason
    'at x = (1, 2, 3) the answer gives 3.74166, but right is (2, 4, 6)'

`FormulaSpec` declares a question. `judge_derivation` checks the steps that lead to a minimiser. `read_network`
finds weights as people write them; `verify` proves a small network right over all of R^n, or shows where it fails.
`tags`, `themes`, `normal_text` and `order_alike` sort free text for the person who grades it.
"""

from grader.theory.latex.derivation import judge_derivation
from grader.theory.latex.judge import judge_formula
from grader.theory.latex.oracles import Equals, GradientOf, Minimises
from grader.theory.latex.spans import scanned
from grader.theory.latex.spec import FormulaSpec
from grader.theory.latex.verdicts import Judgement, Verdict, Witness
from grader.theory.networks import Activation, Evaluation, Network, NetworkError, exact
from grader.theory.proof import Counterexample, Proof, Status, Wanted, verify
from grader.theory.regions import AllOf, AnyOf, HalfSpace, Outside, Region, descending, off_boundary
from grader.theory.weights import NetworkReading, read_network
from grader.theory.words import normal_text, order_alike, plain_text, tags, themes

__all__ = [
    "Activation",
    "AllOf",
    "AnyOf",
    "Counterexample",
    "Equals",
    "Evaluation",
    "FormulaSpec",
    "GradientOf",
    "HalfSpace",
    "Judgement",
    "Minimises",
    "Network",
    "NetworkError",
    "NetworkReading",
    "Outside",
    "Proof",
    "Region",
    "Status",
    "Verdict",
    "Wanted",
    "Witness",
    "descending",
    "exact",
    "judge_derivation",
    "judge_formula",
    "normal_text",
    "off_boundary",
    "order_alike",
    "plain_text",
    "read_network",
    "scanned",
    "tags",
    "themes",
    "verify",
]
