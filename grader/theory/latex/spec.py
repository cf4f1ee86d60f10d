r"""Chapter 6: a question, declared.

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

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from grader.theory.latex.fuel import IllTyped, Unread
from grader.theory.latex.grammar import canonical
from grader.theory.latex.oracles import Equals, GradientOf, Minimises, Oracle
from grader.theory.latex.trials import SIZES, Trial, gaussian, reread, small_integers, trial
from grader.theory.latex.worlds import LENIENT, STRICT, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SEEDS = range(2)
_PLAIN_KEYS: Mapping[str, Callable[[Any], Any]] = {
    "shapes": lambda table: {symbol: tuple(dims) for symbol, dims in table.items()},
    **dict.fromkeys(("rows", "derived", "synonyms", "slips", "meanings"), dict),
    **dict.fromkeys(("mere_names", "called", "optional", "needs", "penalized", "named"), frozenset),
    **dict.fromkeys(("scales", "vocabularies"), tuple),
    "words": str,
}
"""The keys of a table besides the oracle's, and what makes a field of each."""
COMMON_FUNCTIONS = frozenset({"f", "g", "h", "F", "J", "L", "E", "l", "ell", "C", "R", "Q"})


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
    penalized: frozenset[str] = frozenset()
    """Symbols whose own norms may be added as a penalty: a person decides whether they may here."""
    named: frozenset[str] = frozenset()
    """What the answer itself may be called, as `mean`; of another answer it is taken, as in “the mean: $2x$”."""
    words: str = ""
    """Words that may stand beside an answer and leave it as it is, in any language, between spaces."""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """What an answer may say that a symbol is, as a line of words: `{"n": "number points samples"}`."""
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
        unknown = set(rest) - set(_PLAIN_KEYS)
        if unknown:
            raise ValueError(f"formula {name}: unknown key {', '.join(sorted(unknown))}")
        given: dict[str, Any] = {
            key: convert(rest[key]) for key, convert in _PLAIN_KEYS.items() if key in rest
        }
        given.setdefault("shapes", {})
        return cls(name=name, oracle=oracle, **given)

    def __post_init__(self) -> None:
        if len(self.dimensions) not in range(1, len(SIZES) + 1):
            count = f"{len(self.dimensions)} dimensions; 1 to {len(SIZES)} are supported"
            raise ValueError(f"formula {self.name}: its shapes name {count}")
        try:
            # Tried once, here, so that a bad spec is refused when it is loaded.
            world = trial(self, SIZES[0], gaussian(_SEEDS[0])).world
            for reading in self.readings:
                reread(world, reading)
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
    def known_penalized(self) -> frozenset[str]:
        return frozenset(map(canonical, self.penalized))

    @cached_property
    def known_meanings(self) -> Mapping[str, frozenset[str]]:
        return {
            name if name.isdigit() else canonical(name): frozenset(line.split())
            for name, line in self.meanings.items()
        }

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        return {canonical(alias): canonical(name) for alias, name in self.synonyms.items()}

    def known(self, name: str) -> str:
        """The symbol that a name is another word for, else the name itself."""
        return self.aliases.get(name, name)

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
            Reading(name="in the names " + ", ".join(vocabulary), names=vocabulary, renames=True)
            for vocabulary in self.vocabularies
        )
        slips = tuple(
            Reading(name=f"with {slip}", strict=False, loose=True, names=names)
            for slip, names in self.slips.items()
        )
        return STRICT + vocabularies + slips + LENIENT

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """Worlds of random numbers, the same in every run."""
        return tuple(trial(self, sizes, gaussian(seed)) for sizes, seed in product(SIZES, _SEEDS))

    @cached_property
    def witnesses(self) -> tuple[Trial, ...]:
        """Worlds of small integers, to show where an answer goes wrong."""
        return tuple(trial(self, (3, 2, 2), small_integers(seed)) for seed in range(4))
