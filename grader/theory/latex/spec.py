r"""Chapter 5: a question, declared.

A new formula question is ten lines, here as assignment.toml would give them:

    FormulaSpec.from_table("ridge", {
        "gradient_of": r"\|Xw - y\|_2^2 + \lambda \|w\|_2^2",   # what is differentiated …
        "by": "w",                                              # … by what
        "shapes": {"X": ["n", "d"], "w": ["d"], "y": ["n"], r"\lambda": []},
        "rows": {"x": "X"},                                     # x_i is the i-th row of X, as a column
        "called": ["L", "J"],                                   # what the function may be called
        "synonyms": {r"\theta": "w", r"\beta": "w", "N": "n"},
    })

Instead of `gradient_of`, a question may ask for the minimiser of a convex function (`minimises`, `over`) or for
anything that equals a formula (`equals`), up to a positive factor if `scales` lists more than `1`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from grader.theory.latex.fuel import Fuel, IllTyped, Unread
from grader.theory.latex.grammar import parse
from grader.theory.latex.nodes import Name, Node, names_in
from grader.theory.latex.oracles import Equals, GradientOf, Minimises, Oracle, evaluated, right_value
from grader.theory.latex.tokens import tokenize
from grader.theory.latex.values import Value, is_scalar, value
from grader.theory.latex.worlds import LENIENT, STRICT, Reading, World

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIZES = ((4, 2, 3), (5, 3, 2), (2, 5, 4))
"""Sizes of the dimensions, in the order in which the shapes name them: never equal, never 1, so that no ill-typed
formula fits by chance."""
_SEEDS = range(2)
COMMON_FUNCTIONS = frozenset({"f", "g", "h", "F", "J", "L", "E", "l", "ell", "C", "R", "Q"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """One world, and what is right in it."""

    world: World
    right: Mapping[frozenset[str], Value]
    """The right value, by the optional symbols that the answer uses."""
    scales: tuple[float, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class FormulaSpec:
    r"""What is asked, and what its symbols are. Keys are names as typed in LaTeX: `w`, `\hat{y}`.

    Raises:
        ValueError: when built, if one of its formulas cannot be read or its oracle has no value.
    """

    name: str
    oracle: Oracle
    shapes: Mapping[str, tuple[str, ...]]
    """Dimensions of each symbol: `()` a number, `("d",)` a column, `("n", "d")` a matrix."""
    rows: Mapping[str, str] = field(default_factory=dict)
    """Families: `{"x": "X"}` makes `x_i` the i-th row of X as a column. `x` alone stays unknown."""
    derived: Mapping[str, str] = field(default_factory=dict)
    r"""Symbols with a usual meaning, as formulas: `{r"\hat{y}": "Xw"}`. A definition in the answer overrides it."""
    mere_names: frozenset[str] = frozenset()
    r"""Derived symbols that only name the answer: `\mu = \bar{x}` alone is not accepted."""
    synonyms: Mapping[str, str] = field(default_factory=dict)
    called: frozenset[str] = frozenset()
    """Names of the function that is differentiated or minimised, or of the loss that is asked."""
    optional: frozenset[str] = frozenset()
    """Numbers that an answer may leave out, and add to vectors: a bias."""
    scales: tuple[str, ...] = ("1",)
    r"""Positive factors that are right too, as formulas: `\frac1n`."""
    needs: frozenset[str] = frozenset()
    """Symbols that a full answer brings in; without all of them the judgement is tagged `no X and w`."""
    vocabularies: tuple[Mapping[str, str], ...] = ()
    """Other names for everything at once, `{"A": "X", "x": "w", "b": "y"}`: as right as ours."""
    slips: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Readings that a person should see, by what they assume: `{"columns as points": {"X": "X^T"}}`."""

    @classmethod
    def from_table(cls, name: str, table: Mapping[str, Any]) -> FormulaSpec:
        """Build a spec from plain data, as TOML or JSON give it.

        Raises:
            ValueError: an unknown key, or not exactly one of `equals`, `gradient_of`, `minimises`.
        """
        rest = dict(table)
        kinds = [kind for kind in ("equals", "gradient_of", "minimises") if kind in rest]
        if len(kinds) != 1:
            raise ValueError(f"formula {name}: give exactly one of equals, gradient_of and minimises")
        formula = rest.pop(kinds[0])
        oracle: Oracle
        if kinds == ["equals"]:
            oracle = Equals(formula)
        elif kinds == ["gradient_of"]:
            oracle = GradientOf(formula, rest.pop("by", ""))
        else:
            oracle = Minimises(formula, rest.pop("over", ""))
        unknown = set(rest) - set(cls.__dataclass_fields__) | set(rest) & {"name", "oracle"}
        if unknown:
            raise ValueError(f"formula {name}: unknown key {', '.join(sorted(unknown))}")
        shapes = {symbol: tuple(dims) for symbol, dims in rest.pop("shapes", {}).items()}
        sets = {key: frozenset(rest.pop(key)) for key in ("mere_names", "called", "optional", "needs") if key in rest}
        tuples = {key: tuple(rest.pop(key)) for key in ("scales", "vocabularies") if key in rest}
        return cls(name=name, oracle=oracle, shapes=shapes, **sets, **tuples, **rest)

    def __post_init__(self) -> None:
        try:
            self.trials  # noqa: B018  evaluated once, here, so that a bad spec is refused when it is loaded
            for reading in self.readings:
                self.world_of(self.trials[0], reading)
        except (Unread, IllTyped, ArithmeticError) as why:
            raise ValueError(f"formula {self.name}: {why}") from None

    @cached_property
    def functions(self) -> frozenset[str]:
        return (COMMON_FUNCTIONS | {canonical(name) for name in self.called}) - {
            canonical(name) for name in (*self.shapes, *self.rows, *self.synonyms)
        }

    @cached_property
    def unknown(self) -> str | None:
        """What a minimiser is asked for, else None."""
        return canonical(self.oracle.variable) if isinstance(self.oracle, Minimises) else None

    @cached_property
    def given(self) -> tuple[str, ...]:
        """Symbols with values that an answer may use."""
        return tuple(name for name in map(canonical, self.shapes) if name != self.unknown)

    @cached_property
    def merely_named(self) -> frozenset[str]:
        return frozenset(map(canonical, self.mere_names))

    @cached_property
    def redefinable(self) -> frozenset[str]:
        return frozenset(map(canonical, self.derived)) - self.merely_named

    @cached_property
    def known_optional(self) -> frozenset[str]:
        return frozenset(map(canonical, self.optional))

    @cached_property
    def _aliases(self) -> Mapping[str, str]:
        return {canonical(alias): canonical(name) for alias, name in self.synonyms.items()}

    def known(self, name: str) -> str:
        """The symbol that a name is another word for, else the name itself."""
        return self._aliases.get(name, name)

    @cached_property
    def headings(self) -> frozenset[str]:
        """Left sides that announce the answer and have no value of their own."""
        return frozenset(canonical(name) for name in self.called)

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(dim for dims in self.shapes.values() for dim in dims))

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """Strict ones first; slips before general leniency, since they say more."""
        vocabularies = tuple(
            Reading(name="in the names " + ", ".join(vocabulary), names=vocabulary) for vocabulary in self.vocabularies
        )
        slips = tuple(
            Reading(name=f"with {slip}", strict=False, loose=True, names=names) for slip, names in self.slips.items()
        )
        return STRICT + vocabularies + slips + LENIENT

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Worlds of random numbers, the same in every run."""
        return tuple(
            self._trial(sizes, np.random.default_rng([*sizes, seed])) for sizes, seed in product(_SIZES, _SEEDS)
        )

    @cached_property
    def witnesses(self) -> tuple[Trial, ...]:
        """Worlds of small integers, to show where an answer goes wrong."""
        return tuple(self._trial((3, 2, 2), np.random.default_rng(seed), integers=True) for seed in range(4))

    def _trial(self, sizes: tuple[int, ...], rng: np.random.Generator, *, integers: bool = False) -> Trial:
        world = self._world(dict(zip(self.dimensions, sizes, strict=False)), rng, integers=integers)
        optional = [canonical(name) for name in self.optional]
        choices = [frozenset(kept) for kept in _subsets(optional)]
        right = {kept: self._right(world, dropped=frozenset(optional) - kept) for kept in choices}
        if self.unknown:
            world = world.with_value(self.unknown, right[frozenset()])
        scales = tuple(float(evaluated(parsed(scale), world)) for scale in self.scales)
        return Trial(world=world, right=right, scales=scales)

    def _right(self, world: World, *, dropped: frozenset[str]) -> Value:
        for name in dropped:
            world = world.with_value(name, value(0.0))
        return right_value(self.oracle, parsed(self.oracle.formula), canonical(self.oracle.variable), world)

    def _world(self, sizes: dict[str, int], rng: np.random.Generator, *, integers: bool) -> World:
        def drawn(dims: tuple[str, ...]) -> Value:
            shape = tuple(sizes[dim] for dim in dims)
            shape = (*shape, 1) if len(shape) == 1 else shape
            return value(rng.integers(1, 4, shape) * rng.choice([-1, 1, 1], shape) if integers else rng.normal(0, 2, shape))

        values = {canonical(name): drawn(dims) for name, dims in self.shapes.items()}
        first, last = (list(sizes.values())[at] for at in (0, -1))
        constants = {"ones": np.ones((first, 1)), "I": np.eye(last)}
        world = World(
            values={**constants, **values},
            families={canonical(name): values[canonical(of)] for name, of in self.rows.items()},
            sizes=sizes,
            synonyms={canonical(alias): canonical(name) for alias, name in self.synonyms.items()},
            stands_for={canonical(name): frozenset({canonical(of)}) for name, of in self.rows.items()},
            offsets=frozenset(map(canonical, self.optional)),
            optimum_is_value=isinstance(self.oracle, Equals),
        )
        world = replace(world, **self._calculus(world))
        for name, formula in self.derived.items():
            world = world.with_value(canonical(name), evaluated(parsed(formula), world))
        return world

    def _calculus(self, world: World) -> dict[str, Any]:
        if isinstance(self.oracle, Equals):
            return {}
        asked = parsed(self.oracle.formula)
        variable = canonical(self.oracle.variable)
        if variable not in world.values:
            raise Unread(f"{self.oracle.variable or 'nothing'} is differentiated by, but has no shape")
        return {"asked": asked, "functions": dict.fromkeys(self.headings, asked), "variable": variable}

    def world_of(self, trial: Trial, reading: Reading) -> World:
        """Rename and rebind what a reading takes differently."""
        world = trial.world
        for name, formula in reading.names.items():
            bound = evaluated(parsed(formula), trial.world)
            known = canonical(name)
            world = replace(
                world.with_value(known, bound),
                families={family: rows for family, rows in world.families.items() if family != known},
                synonyms={alias: of for alias, of in world.synonyms.items() if alias != known},
                stands_for={**world.stands_for, known: frozenset(names_in(parsed(formula)))},
                offsets=world.offsets if is_scalar(bound) else world.offsets - {known},
            )
        return world


def parsed(formula: str) -> Node:
    return parse(tokenize(formula), Fuel(), functions=frozenset())


def canonical(name: str) -> str:
    r"""Name a symbol as the grammar does: `\hat{y}` is `hat y`.

    Raises:
        Unread: it is more than a name.
    """
    if not name:
        return ""
    node = parsed(name)
    if not isinstance(node, Name):
        raise Unread(f"{name} is not a name")
    return node.text


def _subsets(names: list[str]) -> list[tuple[str, ...]]:
    return [
        tuple(name for name, kept in zip(names, choice, strict=True) if kept)
        for choice in product((False, True), repeat=len(names))
    ]
