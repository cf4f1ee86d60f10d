r"""Chapter 8: which statements of a cell are the answer.

`\nabla f = 2x` is an answer: it has a *heading*, which says what it is about, and a *closed* side, which gives the
value without using what is asked. `f(x) = x^T x` is a definition, `2x` alone is a bare formula, `n\mu = \sum x_i`
is a step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.oracles import Equals, GradientOf, Minimises
from grader.theory.latex.scope import MEANS
from grader.theory.latex.statements import ORDERS
from grader.theory.latex.tokens import FUNCTIONS, INDEX_LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from grader.theory.latex.spec import FormulaSpec
    from grader.theory.latex.statements import Statement
    from grader.theory.latex.worlds import World


SIDE_FACTS = {f"the relation {relation}" for relation in (*ORDERS, "ne")}
"""What may follow an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The statements of one cell, sorted by what they do."""

    answers: tuple[Statement, ...]
    bare: tuple[Statement, ...]
    steps: tuple[Statement, ...]
    unread: tuple[Statement, ...]
    later: tuple[Statement, ...]
    """What follows the last answer and may be one too, but was not read or gives no value."""
    definitions: Mapping[str, n.Node]
    indexed: Mapping[str, tuple[str, n.Node]]
    functions: Mapping[str, n.Node]

    def within(self, world: World) -> World:
        """The world, with what the student defined."""
        return replace(
            world,
            definitions=self.definitions,
            indexed=self.indexed,
            functions={**world.functions, **self.functions},
        )


def claims(statements: Sequence[Statement], spec: FormulaSpec) -> Claims:
    answers, bare, steps, unread = [], [], [], []
    definitions: dict[str, n.Node] = {}
    indexed: dict[str, tuple[str, n.Node]] = {}
    functions: dict[str, n.Node] = {}
    for statement in statements:
        sides = statement.sides
        if statement.problem:
            unread.append(statement)
        elif is_answer(statement, spec):
            answers.append(statement)
        elif len(sides) > 1 and (name := _defined_name(sides[0], spec)):
            definitions[name] = sides[-1]
        elif len(sides) > 1 and (family := _defined_family(sides[0], spec)):
            indexed[family[0]] = (family[1], sides[-1])
        elif len(sides) > 1 and isinstance(sides[0], n.Call):
            functions[sides[0].function] = sides[1]
        elif sides and all(is_closed(side, spec) for side in sides):
            bare.append(statement)
        else:
            steps.append(statement)
    return Claims(
        answers=tuple(answers),
        bare=tuple(bare),
        steps=tuple(steps),
        unread=tuple(unread),
        later=tuple(_later(statements, answers or bare, spec)),
        definitions=definitions,
        indexed=indexed,
        functions=functions,
    )


def _later(
    statements: Sequence[Statement], answers: Sequence[Statement], spec: FormulaSpec
) -> Iterator[Statement]:
    """What follows the last answer: equations that were not read, and headings without a value."""
    last = max((statements.index(answer) for answer in answers), default=len(statements))
    minimiser = isinstance(spec.oracle, Minimises)
    for statement in statements[last + 1 :]:
        if statement.problem:
            may_be_one = _may_be_an_answer(statement, spec)
        else:
            stated = minimiser and len(statement.sides) > 1 and is_heading(statement.sides[0], spec)
            may_be_one = stated and not is_answer(statement, spec)
        if may_be_one:
            yield statement


def _may_be_an_answer(unread: Statement, spec: FormulaSpec) -> bool:
    """Is this an equation, of something other than a symbol that is given?"""
    head, equals, _ = unread.text.partition("=")
    given = head.strip() != spec.unknown and head.strip() in spec.trials[0].world.values
    return bool(equals) and not given and unread.problem not in SIDE_FACTS


def is_answer(statement: Statement, spec: FormulaSpec) -> bool:
    announced = statement.announced or any(is_heading(side, spec) for side in statement.sides)
    return announced and any(is_closed(side, spec) and not _is_silent(side, spec) for side in statement.sides)


def is_heading(side: n.Node, spec: FormulaSpec) -> bool:
    """Whether a side says what the statement is about."""
    match spec.oracle:
        case GradientOf():
            parts = list(n.walk(side))
            return any(map(n.is_derivative, parts)) and not any(map(n.is_second_derivative, parts))
        case Minimises():
            return _is_minimiser(side, spec)
        case Equals():
            return _is_silent(side, spec) or isinstance(side, n.Optimum)


def _is_minimiser(side: n.Node, spec: FormulaSpec) -> bool:
    if isinstance(side, n.Optimum):
        return side.kind == "argmin"
    while isinstance(side, n.Transpose | n.Index):
        side = side.body if isinstance(side, n.Transpose) else side.base
    return isinstance(side, n.Name) and spec.known(side.text) in {spec.unknown, *spec.merely_named}


def _is_silent(side: n.Node, spec: FormulaSpec) -> bool:
    r"""A heading without a value: `L`, `\mathcal{L}(w)`, the `\hat w` of an argmin."""
    if not isinstance(spec.oracle, Equals):
        return False
    if isinstance(side, n.Index):
        side = side.base
    return (isinstance(side, n.Call) and side.function in spec.functions) or (
        isinstance(side, n.Name) and side.text in spec.headings
    )


def valued_sides(statement: Statement, spec: FormulaSpec) -> list[n.Node]:
    """The sides that must all have the right value."""
    sides = [side for side in statement.sides if not _is_silent(side, spec)]
    if isinstance(spec.oracle, Equals) and len(sides) > 1 and any(isinstance(s, n.Optimum) for s in sides):
        sides = sides[1:] if isinstance(sides[0], n.Name) else sides
    return sides


def is_closed(side: n.Node, spec: FormulaSpec) -> bool:
    """Whether a side gives a value without the thing that is asked."""
    for part in n.walk(side):
        if n.is_derivative(part):
            return False
        if isinstance(part, n.Optimum) and not isinstance(spec.oracle, Equals):
            return False
        if isinstance(part, n.Name) and spec.unknown is not None and spec.known(part.text) == spec.unknown:
            return False
        if isinstance(part, n.Call) and part.function in spec.functions:
            return False
    return True


def merely_named(side: n.Node, spec: FormulaSpec) -> bool:
    match side:
        case n.Call(function, (n.Name(),)) if function in MEANS:
            return True
    return any(spec.known(name) in spec.merely_named for name in n.names_in(side))


def is_mention(statement: Statement) -> bool:
    """`$x$`, `$x_i$`, `$d$`, `$0$` in a sentence."""
    (side,) = statement.sides if len(statement.sides) == 1 else (None,)
    while isinstance(side, n.Negative | n.Transpose):
        side = side.body
    if isinstance(side, n.Index):
        side = side.base
    return isinstance(side, n.Name | n.Number) or (
        isinstance(side, n.Call) and side.function not in FUNCTIONS
    )


def _defined_name(side: n.Node, spec: FormulaSpec) -> str:
    """A name that the question does not give, or gives only as derived, is the student's to define."""
    if isinstance(side, n.Name) and _may_be_defined(side.text, spec):
        return spec.known(side.text)
    return ""


def _defined_family(side: n.Node, spec: FormulaSpec) -> tuple[str, str] | None:
    match side:
        case n.Index(n.Name(name), (n.Name(index),)) if index in INDEX_LETTERS and _may_be_defined(
            name, spec
        ):
            return spec.known(name), index
    return None


def _may_be_defined(name: str, spec: FormulaSpec) -> bool:
    world = spec.trials[0].world
    known = spec.known(name)
    if known in spec.redefinable:
        return True
    return known not in {*world.values, *world.families, *world.sizes}
