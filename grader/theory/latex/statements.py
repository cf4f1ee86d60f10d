r"""Chapter 7, continued: a formula is cut into statements.

A statement is a chain of sides, `\nabla f = 2 I x = 2x`. Commas, line breaks, arrows and words end it, `&=` at the
start of a line goes on. Ranges (`i = 1, …, n`) and memberships (`x \in \mathbb{R}^d`) say nothing that we check.
"""
# ruff: noqa: SIM905  a line of words reads better than a column of strings

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grader.theory.latex.fuel import Fuel, Unread
from grader.theory.latex.grammar import parse
from grader.theory.latex.slips import mended
from grader.theory.latex.tokens import FUNCTIONS, INDEX_LETTERS, Kind, Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.latex.nodes import Node

_ENDS = frozenset({",", ";", r"\\", "quad", "qquad", "implies", "iff", "to", "therefore", "because"})
_DROPS_REST = frozenset({"forall", "in", "colon"})
ORDERS = frozenset({"le", "ge", "<", ">", "succ", "succeq", "prec", "preceq"})
"""Relations that are checked beside an answer: `\\|Xw-y\\|_1 \\ge 0`."""
_OTHER_RELATIONS = ORDERS | {"approx", "propto", "ne", "sim", "simeq", "cong", "ll", "gg"}
_DEEPER = frozenset({"(", "[", "{", r"\{", "langle"})
_SHALLOWER = frozenset({")", "]", "}", r"\}", "rangle"})
_READ_AS_MATHS = FUNCTIONS | {"grad", "gradient"}
HEADINGS = frozenset(
    (
        "gradient grad answer solution ans mean minimizer minimiser optimum loss l1loss mae cost objective "
        "error lossfunction costfunction mse rmse l1 trainingloss totalloss lad sae"
    ).split()
)
"""Words that may stand left of an equals sign."""
_EXCERPT = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One chain of sides that are said to be equal. `problem` says why a statement is none of ours."""

    sides: tuple[Node, ...] = ()
    text: str = ""
    source: str = ""
    """The formula as it was typed that the statement is a part of."""
    announced: bool = False
    """A word such as “gradient” stood on the left."""
    for_all: bool = False
    """It says that it holds for every index."""
    problem: str = ""
    bounds: tuple[tuple[Node, str, Node], ...] = ()
    """Inequalities that go on from the last side: what stands left, one of `ORDERS` or `=`, what stands right."""

    @property
    def excerpt(self) -> str:
        """The beginning of its formula as it was typed."""
        text = " ".join(self.source[: 2 * _EXCERPT].split())
        return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT].rstrip()} …"


@dataclass(slots=True)
class _Chain:
    """Tokens of a statement that is still being read."""

    sides: list[list[Token]]
    announced: bool = False
    for_all: bool = False
    dropping: bool = False
    relations: list[str] = field(default_factory=list)
    """What stands before each side but the first."""

    @property
    def relation(self) -> str:
        return next((relation for relation in self.relations if relation != "="), "")

    @property
    def empty(self) -> bool:
        return not any(self.sides)


def statements(text: str, fuel: Fuel, *, functions: frozenset[str], wide: bool = False) -> list[Statement]:
    r"""Read a formula, without dollar signs, into statements. What cannot be read is a statement with a problem."""
    found = _read(text, fuel, functions, wide=wide)
    if all(not statement.problem for statement in found):
        return found
    ways = [_read(way, fuel, functions, wide=wide) for way in mended(text)]
    readable = [way for way in ways if way and not any(statement.problem for statement in way)]
    meanings = {tuple((statement.sides, statement.bounds) for statement in way) for way in readable}
    return readable[0] if len(meanings) == 1 else found


def _read(text: str, fuel: Fuel, functions: frozenset[str], *, wide: bool) -> list[Statement]:
    try:
        tokens = tokenize(text)
    except Unread as why:
        return [Statement(text=text, source=text, problem=str(why))]
    chains = _without_ranges(_joined(_chains(tokens)))
    return [replace(_statement(chain, fuel, functions, wide=wide), source=text) for chain in chains]


def _chains(tokens: list[Token]) -> Iterator[_Chain]:
    chain, depth = _Chain([[]]), 0
    tokens = _without_arguments(_unboxed(tokens))
    for at, token in enumerate(tokens):
        depth += _depth_change(token)
        follows = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if depth or token.text in _SHALLOWER or token.kind is Kind.CLOSE:
            _keep(chain, token)
        elif _ends(token, follows):
            yield chain
            chain = _Chain(
                [[]],
                for_all=token.kind is Kind.WORD and token.text.lower() in ("forall", "foreach", "forevery"),
            )
            chain.dropping = token.kind is Kind.WORD and token.text.lower().startswith("for")
        elif token.kind is Kind.WORD and token.text.lower() not in _READ_AS_MATHS:
            chain.announced = True
        elif token.kind is not Kind.NAME and token.text in _DROPS_REST:
            chain.dropping = True
            chain.for_all |= token.text == "forall"
        elif token.text == "=":
            chain.sides.append([])
            chain.relations.append("=")
        elif token.kind is not Kind.NAME and token.text in _OTHER_RELATIONS:
            chain.sides.append([])
            chain.relations.append(token.text)
        elif token.text == ":" and len(chain.sides) == 1 and len(chain.sides[0]) == 1:
            chain.dropping = True  # X: n \times d
        elif token.text not in ("&", ".", ":"):
            _keep(chain, token)
    yield chain


def _unboxed(tokens: list[Token]) -> list[Token]:
    """Drop braces around the whole."""
    while len(tokens) > 2 and tokens[0].text == "{" and _closing(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _without_arguments(tokens: list[Token]) -> list[Token]:
    r"""Drop the `(w)` of `\text{Loss}(w) = …`."""
    for at, token in enumerate(tokens[:-1]):
        if token.text == "=":
            break
        if token.kind is Kind.WORD and token.text.lower() in HEADINGS and tokens[at + 1].text == "(":
            end = next((k for k in range(at, len(tokens)) if tokens[k].text == ")"), at)
            if end + 1 < len(tokens) and tokens[end + 1].text == "=":
                return tokens[: at + 1] + tokens[end + 1 :]
    return tokens


def _closing(tokens: list[Token]) -> int:
    depth = 0
    for at, token in enumerate(tokens):
        depth += {"{": 1, "}": -1}.get(token.text, 0)
        if not depth:
            return at
    return -1


def _keep(chain: _Chain, token: Token) -> None:
    if not chain.dropping:
        chain.sides[-1].append(token)


def _depth_change(token: Token) -> int:
    if token.kind in (Kind.NAME, Kind.WORD):
        return 0
    opens = token.text in _DEEPER or token.kind is Kind.OPEN
    closes = token.text in _SHALLOWER or token.kind is Kind.CLOSE
    return opens - closes


def _ends(token: Token, follows: str) -> bool:
    if token.kind is Kind.WORD:
        return token.text.lower() not in _READ_AS_MATHS and not (
            follows in ("=", ":") and token.text.lower().strip(".:") in HEADINGS
        )
    return token.kind is not Kind.NAME and token.text in _ENDS


def _joined(chains: Iterator[_Chain]) -> list[_Chain]:
    """Join `&= …` to the line before it."""
    found: list[_Chain] = []
    for chain in chains:
        if found and not chain.sides[0] and len(chain.sides) > 1 and not chain.announced:
            found[-1].sides += chain.sides[1:]
            found[-1].relations += chain.relations
        elif found and chain.empty:
            found[-1].for_all |= chain.for_all
        elif not chain.empty:
            found.append(chain)
    return found


def _without_ranges(chains: list[_Chain]) -> list[_Chain]:
    """Drop `i = 1`, `…`, `n` where they stand together, and `1 ≤ i ≤ n`."""
    kept: list[_Chain] = []
    in_range = False
    for chain in chains:
        spelled = ["".join(token.text for token in side) for side in chain.sides]
        if _starts_range(spelled, chain.relation):
            in_range = True
            if kept:
                kept[-1].for_all = True
        elif not (in_range and _goes_on(chain)):
            in_range = False
            kept.append(chain)
    return kept


def _starts_range(sides: list[str], relation: str) -> bool:
    if relation in ("le", "<"):
        return any(side in INDEX_LETTERS for side in sides) and len(sides) == 3
    first, *rest = sides
    return len(rest) == 1 and first in INDEX_LETTERS and (rest[0][:1].isdigit() or rest[0] == "")


def _goes_on(chain: _Chain) -> bool:
    side = chain.sides[0]
    return len(chain.sides) == 1 and (
        side[0].text in ("dots", ".") or (len(side) <= 3 and side[0].kind in (Kind.NAME, Kind.NUMBER))
    )


def _statement(chain: _Chain, fuel: Fuel, functions: frozenset[str], *, wide: bool) -> Statement:
    text = " = ".join("".join(token.text for token in side) for side in chain.sides)
    sides: list[Node] = []
    equal = chain.relations.index(chain.relation) + 1 if chain.relation else len(chain.sides)
    bounded = equal > 1 and set(chain.relations[equal - 1 :]) <= ORDERS | {"="}
    problem = f"the relation {chain.relation}" if chain.relation and not bounded else ""
    for side in chain.sides:
        if not side:
            problem = problem or (
                "" if chain.announced and side is chain.sides[0] else "an equals sign without a side"
            )
            continue
        try:
            sides.append(parse(side, fuel, functions=functions, wide=wide))
        except Unread as why:
            problem = problem or str(why)
    bounds: tuple[tuple[Node, str, Node], ...] = ()
    if len(sides) == len(chain.sides) and set(chain.relations[equal - 1 :]) <= ORDERS | {"="}:
        bounds = tuple(zip(sides[equal - 1 :], chain.relations[equal - 1 :], sides[equal:], strict=False))
        sides = sides[:equal]
    return Statement(
        sides=tuple(sides),
        text=text,
        announced=chain.announced,
        for_all=chain.for_all,
        problem=problem,
        bounds=bounds,
    )
