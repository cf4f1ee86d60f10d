"""No regular expression that reads students' text takes more than its share of time, however hostile the text.

Every pattern is found by importing the modules: those that are compiled, and those that are written where they are
used. Each is fed with growing text made from its own parts: every repetition in it, what stands before that, and
what breaks the match off at the end.
"""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import signal
import time
from contextlib import contextmanager, suppress
from functools import cache
from itertools import chain, islice
from pathlib import Path
from re import _constants as sre
from re import _parser

import pytest
from hw1 import closed_form

from grader import notebook, theory
from grader.analysis import numbers
from grader.judging import markers
from grader.reports import markup
from grader.reports.gradebooks import sheet
from grader.theory import words
from grader.theory.latex import spans

ROOMS = (
    "grader.analysis", "grader.csvs", "grader.evidence", "grader.execution", "grader.intake", "grader.jsons",
    "grader.judging", "grader.kernel", "grader.legible", "grader.notebook", "grader.reports", "grader.source",
    "grader.theory", "grader.zips", "hw1",
)  # fmt: skip
INSIDE = "grader.kernel.inside"
"""Runs in the kernel, and costs only its own notebook."""
CALLS = ("match", "search", "sub", "fullmatch", "split", "findall", "finditer", "compile")
LONGEST = 4000
"""Characters. Most readers look at fewer."""
FLOOR = 0.005
"""Seconds of processor time that nobody minds."""


def modules():
    for room in ROOMS:
        module = importlib.import_module(room)
        yield module
        for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{room}."):
            if not found.name.startswith(INSIDE) and not found.name.rpartition(".")[2].startswith("mutants"):
                yield importlib.import_module(found.name)


def compiled_in(module):
    """The patterns among a module's values, and whether each only ever looks at one place."""
    source = inspect.getsource(module)
    for name, value in vars(module).items():
        uses = set(re.findall(rf"\b{name}\.(\w+)\(", source))
        for pattern in within(value):
            yield pattern, bool(uses) and uses <= {"match", "fullmatch"}


def within(value):
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, frozenset)):
        yield from chain.from_iterable(map(within, value))
    elif isinstance(value, dict):
        yield from chain.from_iterable(map(within, value.values()))


def written_where_used(module):
    """The patterns given to `re.search` and its like, as far as they stand there; else where they are built."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name("re"), attr=attr), args=[pattern, *_]) if (
                attr in CALLS
            ):
                flags = next((each.value for each in node.keywords if each.arg == "flags"), None)
                flags = flags or (node.args[-1] if ast.unparse(node.args[-1]).startswith("re.") else None)
                try:
                    value = _evaluated(pattern, module)
                    if isinstance(value, str) and attr != "compile":  # `compiled_in` finds those
                        pattern = re.compile(value, _evaluated(flags, module) if flags else 0)
                        yield pattern, attr in ("match", "fullmatch")
                except NameError:
                    yield f"{module.__name__}: {ast.unparse(pattern)}", False


def _evaluated(node, module):
    return eval(compile(ast.Expression(node), module.__name__, "eval"), vars(module))  # noqa: S307 - our own code


@cache
def everything():
    compiled, built = {}, set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytest.mark, "_config", None)  # a rubric's checks bear a mark that only a rubric knows
        every = list(modules())
    for module in every:
        if Path(module.__file__).stat().st_size == 0:
            continue
        for value, at_one_place in chain(compiled_in(module), written_where_used(module)):
            if isinstance(value, str):
                built.add(value)
            elif isinstance(value.pattern, str):
                key = value.pattern, value.flags
                name, _, before = compiled.get(key, (module.__name__, value, True))
                compiled[key] = name, value, at_one_place and before
    return compiled, built


# --- hostile text


def sample(parsed):
    """A text that a parsed pattern matches, but for what it looks around for."""
    return "".join(_sample(operation, argument) for operation, argument in parsed)


def _sample(operation, argument):  # noqa: PLR0911 - one line an operation
    match operation:
        case sre.LITERAL:
            return chr(argument)
        case sre.NOT_LITERAL:
            return "x" if argument != ord("x") else "y"
        case sre.ANY:
            return "x"
        case sre.IN:
            return next((char for char in "a1 -,.=(\n_:;+\\{" if _holds(argument, char)), _first(argument))
        case sre.SUBPATTERN:
            return sample(argument[3])
        case sre.ATOMIC_GROUP:
            return sample(argument)
        case sre.BRANCH:
            return sample(argument[1][0])
        case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
            return sample(argument[2]) * max(argument[0], 1)
    return ""


def _first(members):
    kind, value = members[0]
    return chr(value if kind is sre.LITERAL else value[0] if kind is sre.RANGE else 0)


def _holds(members, char):
    negated = members[0][0] is sre.NEGATE
    found = any(_is_in(kind, value, char) for kind, value in members[negated:])
    return found is not negated


def _is_in(kind, value, char):
    match kind:
        case sre.LITERAL:
            return ord(char) == value
        case sre.RANGE:
            return value[0] <= ord(char) <= value[1]
        case sre.CATEGORY:
            name = str(value).rpartition("_")[2].lower()
            holds = {"digit": str.isdigit, "space": str.isspace, "word": lambda c: c.isalnum() or c == "_"}[
                name
            ](char)
            return holds is not ("NOT" in str(value))
    return False


def repetitions(parsed, before=""):
    """What stands before each repetition in a pattern, and what is repeated."""
    for operation, argument in parsed:
        match operation:
            case sre.MAX_REPEAT | sre.MIN_REPEAT | sre.POSSESSIVE_REPEAT:
                if argument[1] > 100:
                    yield before, sample(argument[2])
                yield from repetitions(argument[2], before)
            case sre.SUBPATTERN:
                yield from repetitions(argument[3], before)
            case sre.ATOMIC_GROUP:
                yield from repetitions(argument, before)
            case sre.BRANCH:
                for branch in argument[1]:
                    yield from repetitions(branch, before)
        before += _sample(operation, argument)


ALWAYS = {" ", "\n", "1", "(", "[", "a", "1,", "a ", "<", "{"}


def hostile(pattern):
    """Texts as pairs: what begins it, and what is repeated up to its length."""
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    found = set(ALWAYS)
    begun = set()
    for before, repeated in repetitions(parsed):
        found |= {repeated, before, before + repeated, repeated + before[-1:]}
        begun.add((before, repeated))
    return sorted(begun | {("", unit) for unit in found if unit})


@contextmanager
def limited(seconds):
    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def took(act, text, floor):
    """Processor time, the best of several."""
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        try:
            with limited(3):
                act(text)
        except TimeoutError:
            return float("inf")
        best = min(best, time.process_time() - began)
        if best < floor:
            break
    return best


def grows_too_fast(act, make, *, size=LONGEST, floor=FLOOR):
    """Does twice the text take more than three times as long, and so three times over, so that no noise counts?"""
    return all(
        (whole := took(act, make(length), floor)) > floor
        and whole > 3 * took(act, make(length // 2), floor / 4)
        for length in (size, 2 * size, 4 * size)
    )


def read(pattern, *, at_one_place):
    def act(text):
        if at_one_place:
            pattern.match(text)
            pattern.fullmatch(text)
        else:
            for _ in pattern.finditer(text):
                pass

    return act


def text_of(begin, unit, end=""):
    return lambda size: (begin + unit * (size // len(unit) + 1))[: size - len(end)] + end


def slow(pattern, *, at_one_place):
    act = read(pattern, at_one_place=at_one_place)
    for begin, unit in hostile(pattern):
        if grows_too_fast(act, text_of(begin, unit, end="\0")):
            yield begin, unit


BUILT = {
    "grader.execution.execute": (),
    "grader.judging.excuses": (),
    "grader.judging.markers": tuple(map(markers._pattern, ("1a", "3", "4.2"))),
    "grader.judging.work": (),
    "grader.reports.gradebooks.sheet": tuple(map(sheet._cell, (",", "|"))),
    "grader.reports.markup": (),
    "grader.kernel.ending": (),
    "grader.theory.latex.spelling": (re.compile(r"(\\[a-zA-Z]+ ?|\w)^"),),
    "grader.theory.weights.text": (re.compile(r"\+\s*\-"),),
    "grader.theory.words": (
        words._phrase("not differentiab*"),
        re.compile(words._theme_pattern("not ... differentiable")),
        re.compile(words._ASIDE.format(words._theme_pattern("unlike"))),
    ),
    "hw1.test_4_evaluate": (),
}
"""Where patterns are put together when they are used, and what these look like; none: a word and its ends."""
COUNTED = {spans._MATHS.pattern: "spans.cell refuses a text with more than 400 delimiters"}


ROOMS_AND_PARTS = (
    *(room for room in ROOMS if room != "grader.theory"),
    pytest.param("grader.theory.latex", marks=pytest.mark.system),
    "grader.theory.weights",
    "grader.theory.words",
)


@pytest.mark.parametrize("room", ROOMS_AND_PARTS)
def test_every_pattern_stays_near_linear(room):
    compiled, built = everything()
    assert {name.partition(":")[0] for name in built} <= set(BUILT)
    patterns = [(name, *rest) for name, *rest in compiled.values() if name.startswith(room)]
    patterns += [
        (name, pattern, name.endswith("markers"))
        for name, examples in BUILT.items()
        for pattern in examples
        if name.startswith(room)
    ]
    found = {
        f"{name}: {pattern.pattern}": text
        for name, pattern, at_one_place in patterns
        if pattern.pattern not in COUNTED
        for text in islice(slow(pattern, at_one_place=at_one_place), 1)
    }
    assert not found


def as_notebook(text):
    cell = {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell] * 9}
    return notebook.parse(json.dumps(document).encode())


def with_outputs(text):
    """As many outputs as the text has characters, none of them valid."""
    cell = {"cell_type": "code", "source": "", "outputs": [{"output_type": "?"}] * len(text)}
    return notebook.parse(json.dumps({"nbformat": 4, "cells": [cell]}).encode())


UNITS = (
    "x=", "x,", "a ", " ", "\n", ",000", "1 ", "1.5, ", "1.", "(", "[", "{", "<", "$", "$$", "\\(", "\\[",
    "\\frac ", "^", "_{", "<!--", "![", "[a](", "*a **b ", "`", "> ", "- ", "|", "no a ", "unlike ",
    "\\begin{cases}", "if ", "[1], ", "W1 = ",
)  # fmt: skip


@pytest.mark.parametrize(
    ("reads", "size"),
    [
        pytest.param(lambda text: numbers.lists(text, [1.0, 2.0, 3.0]), 40_000, id="numbers.lists"),
        pytest.param(
            lambda text: numbers.mentions(text, 7), 40_000, id="numbers.mentions", marks=pytest.mark.system
        ),
        pytest.param(lambda text: theory.read_network(text, inputs=5, units=4), 3000, id="read_network"),
        pytest.param(closed_form.leaning, 6000, id="leaning"),
        pytest.param(spans.cell, 3000, id="spans.cell"),
        pytest.param(words.normal_text, 6000, id="normal_text"),
        pytest.param(markup.fragment, 20_000, id="markup.fragment"),
        pytest.param(markup.terminal, 20_000, id="markup.terminal"),
        pytest.param(as_notebook, 20_000, id="notebook"),
        pytest.param(with_outputs, 2000, id="outputs"),
    ],
)
def test_what_reads_students_text_stays_near_linear(reads, size):
    def act(text):
        with suppress(spans.Unread):
            reads(text)

    slow = {
        unit: size
        for unit in (UNITS if reads is not with_outputs else "x")
        if grows_too_fast(act, text_of("", unit, "1"), size=size, floor=0.05)
    }
    assert not slow
