"""Question 3: a 5 → 4 → 1 network of sign perceptrons that says whether its inputs descend strictly.

Whether a network is right can depend on sign(0), which is defined in several ways; so it is proved or refuted under
each convention. One that is wrong only where two inputs are equal, or a hidden sum is 0, is recognised as such.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.theory import (
    Activation,
    AllOf,
    HalfSpace,
    Network,
    Proof,
    Region,
    Status,
    Wanted,
    descending,
    off_boundary,
    verify,
)

INPUTS, UNITS = 5, 4
_SIGNS = (Activation.SIGN_ZERO, Activation.SIGN_PLUS, Activation.SIGN_MINUS)
_STEPS = (Activation.STEP_ZERO, Activation.STEP_ONE)


@dataclass(frozen=True, slots=True)
class Convention:
    """What the hidden units and the output make of their sums."""

    hidden: Activation
    output: Activation

    def __str__(self) -> str:
        if self.hidden is self.output:
            return self.hidden.value
        return f"hidden: {self.hidden.value}; output: {self.output.value}"


CONVENTIONS = (
    *(Convention(sign, sign) for sign in _SIGNS),
    *(Convention(step, sign) for step in _STEPS for sign in _SIGNS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkJudgement:
    """One network under every convention."""

    everywhere: Mapping[Convention, Proof]
    off_ties: Mapping[Convention, Proof]
    """Where no two neighbouring inputs are equal and no hidden sum is 0."""

    @property
    def right(self) -> tuple[Convention, ...]:
        """The conventions under which the network is proved right."""
        return tuple(c for c, proof in self.everywhere.items() if proof.status is Status.PROVED)

    @property
    def right_except_on_ties(self) -> tuple[Convention, ...]:
        return tuple(c for c, proof in self.off_ties.items() if proof.status is Status.PROVED)

    @property
    def undecided(self) -> tuple[Convention, ...]:
        return tuple(c for c, proof in self.everywhere.items() if proof.status is Status.UNDECIDED)


def verify_network(
    W1: object,  # noqa: N803  as in the book
    b1: object,
    w2: object,
    b2: object,
    *,
    conventions: tuple[Convention, ...] = CONVENTIONS,
    seconds: float = 20.0,
) -> NetworkJudgement:
    """Prove or refute that a network returns +1 iff its inputs descend strictly, else -1.

    Args:
        W1: (4, 5). All weights may be lists, arrays or tensors; decimals as text are read exactly, floats at their
            binary value.
        b1: (4,).
        w2: (4,) or (1, 4).
        b2: a number or (1,).
        conventions: those to try; about 0.05 s each.
        seconds: the limit of one proof.

    Returns:
        A proof or a counterexample for each convention; off ties only for those that fail everywhere.

    Raises:
        NetworkError: shapes that do not fit, NaN, infinity, numbers beyond 1e100.
    """
    network = Network.of(W1, b1, w2, b2, inputs=INPUTS, units=UNITS)
    wanted = Wanted(region=descending(INPUTS))
    everywhere, off_ties = {}, {}
    for convention in conventions:
        candidate = replace(network, hidden=convention.hidden, output=convention.output)
        proof = verify(candidate, wanted, seconds=seconds)
        everywhere[convention] = proof
        off_ties[convention] = (
            verify(candidate, wanted, within=_no_ties(candidate), seconds=seconds)
            if proof.status is Status.REFUTED
            else proof
        )
    return NetworkJudgement(everywhere=everywhere, off_ties=off_ties)


def _no_ties(network: Network) -> Region:
    units = [HalfSpace.of(row, bias) for row, bias in zip(network.W1, network.b1, strict=True) if any(row)]
    return AllOf(tuple(off_boundary(part) for part in (*descending(INPUTS).parts, *units)))
