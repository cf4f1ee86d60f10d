r"""Weights in LaTeX and prose: `w_{(1)} = [2, 0, 0, -3, 1]`, "all biases are 0", `h_1 = sign(x_1 - x_2)`.

Only sentences that say one thing are read. What is left out is left to a person.
"""

from __future__ import annotations

import html
import re
from fractions import Fraction
from typing import TYPE_CHECKING

from grader.theory.networks import NetworkError
from grader.theory.weights.facts import Fact, Slot
from grader.theory.weights.literals import leading, number
from grader.theory.weights.names import fact_about

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.theory.weights.facts import Vector

_NUMBER = r"[+-]?\s*+(?:\d+(?:\.\d+)?|\.\d+)(?:\s*+/\s*+\d+)?(?!\.?\d)"
_COUNTED = (
    r"(?:\s*+(?:x|\xd7|\\times|by)\s*+\d|\s*+-?\s*+(?:rows?|columns?|numbers?|entries|values?|weights?|bias(?:es)?|"
    r"elements?|units?|neurons?|inputs?|vectors?|matri\w+|dimension\w*|real\w*)\b)"
)
"""What follows a number that only counts: “4 rows of 5 numbers”."""
_ALONE = rf"(?!\s*+(?:,|and|or)\s*+{_NUMBER}|{_COUNTED})"
_SCRIPT = r"(?:\s*[_^]\s*(?:\{[^{}=]{1,16}\}|\([^()=]{1,8}\)|(?:out(?:put)?|hid(?:den)?)(?![A-Za-z])|\w))"
_NAME = rf"(?<![A-Za-z])(?:[A-Za-z]{{1,24}}{_SCRIPT}{{0,3}}(?:\([^()=]{{1,4}}\))?\d?)"
# Bounded repetitions: with no limit, a long list of names would take quadratic time.
_ASSIGNED = re.compile(
    rf"(?P<names>{_NAME}(?:\s*(?:=|,|and|=\s*\.\.\.\s*=)\s*{_NAME}){{0,12}})\s*(?::=|=|:)\s*(?=[\[(+\-.\d])"
)
_WORDS = {
    "zero": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "minus ": "-",
    "negative ": "-",
    "\u2212": "-",
    "\u2013": "-",
}
_ALL = r"(?:all|every|each|both)"
_LIST = r"[\[(][^\[\]()]*[\])]"
_IS = (
    r"\s*+(?:which |that )?(?:is|are|be|has|have|=|:|equals?|as|being|,)?\s*+(?:all|each|both)?\s*+"
    r"(?:set to|equal to|equal|of|to)?\s*+"
)
_VALUE = rf"{_IS}(?P<n>{_NUMBER}){_ALONE}"
_HIDDEN = r"(?:hidden|first[ -]layer)[a-z -]{0,20}?"
_OUTPUT = r"(?:output|second[ -]layer|final)[a-z :-]{0,20}?"
_BIASES = r"bias(?:es)?(?: terms?)?"
_SENTENCES: tuple[tuple[str, Slot], ...] = (
    (rf"(?:no biases|without (?:any )?bias(?:es)?) (?:in|for) the {_HIDDEN}(?P<n>)", Slot.ALL_HIDDEN_BIASES),
    (rf"{_HIDDEN}{_BIASES}{_VALUE}", Slot.ALL_HIDDEN_BIASES),
    (
        rf"{_BIASES} (?:of|in|for) (?:{_ALL} )?(?:of )?(?:the )?{_HIDDEN}{_VALUE}",
        Slot.ALL_HIDDEN_BIASES,
    ),
    (rf"{_ALL} (?:of )?(?:the )?{_BIASES}{_VALUE}", Slot.ALL_BIASES),
    (
        rf"{_BIASES} (?:is|are) (?:all )?(?P<n>{_NUMBER}){_ALONE}(?=\s*(?:$|everywhere|for all units))",
        Slot.ALL_BIASES,
    ),
    (rf"{_OUTPUT}weights?{_VALUE}", Slot.ALL_OUTPUT_WEIGHTS),
    (rf"{_OUTPUT}[, ]*{_ALL} (?:of )?(?:the )?(?:its )?weights?{_VALUE}", Slot.ALL_OUTPUT_WEIGHTS),
    (rf"weights? (?:of|in|for|to) (?:the )?{_OUTPUT}{_VALUE}", Slot.ALL_OUTPUT_WEIGHTS),
    (rf"{_OUTPUT}bias{_VALUE}", Slot.OUTPUT_BIAS),
    (rf"bias (?:of|in|for) (?:the )?{_OUTPUT}{_VALUE}", Slot.OUTPUT_BIAS),
    (
        rf"{_OUTPUT}[, ]*(?:{_ALL} )?weights?{_IS}(?:{_NUMBER}|{_LIST})[, ]*+(?:and|with)?\s*+(?:a )?bias{_VALUE}",
        Slot.OUTPUT_BIAS,
    ),
)
_LISTED_OUTPUT = re.compile(
    rf"{_OUTPUT}weights?{_IS}(?P<list>{_LIST}|{_NUMBER}(?:(?:,|\s+and|,\s*and)\s*+{_NUMBER})+)", re.IGNORECASE
)
_OF_UNIT = re.compile(
    r"(?:unit|neuron|perceptron|\bh)_?\s*\{?(?P<unit>\d)\}?"
    rf"[a-z: ]{{0,30}}?weights?[a-z:= ]{{0,20}}(?P<list>{_LIST})"
    rf"(?:[a-z, ]{{0,20}}bias[a-z:= ]{{0,10}}(?P<bias>{_NUMBER}))?",
    re.IGNORECASE,
)
_BOLD = re.compile(r"\\(?:mathbf|boldsymbol|bm|vec|mathbb)\s*+(?:\{\s*+([01])\s*+\}|([01]))")
_TAKEN_BACK = re.compile(
    r"\b(?:not|except\w*|but|other than|unless|instead|non-?zero|or)\b|n't", re.IGNORECASE
)
_ONE_OF_THEM = re.compile(
    r"\b(?:first|second|third|fourth|last|unit \d|neuron \d)\b(?![ -]layer)", re.IGNORECASE
)
_OUTPUT_BIAS_MENTIONED = re.compile(
    r"(?:output|final)[^.\n]{0,60}?(?:bias|threshold)|threshold|b_?\{?out", re.IGNORECASE
)
_COUNTS = re.compile(_COUNTED, re.IGNORECASE)
_SHAPE = re.compile(r".*:\s*\(\d+,\s*\)", re.DOTALL)
_SENTENCE_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), slot) for pattern, slot in _SENTENCES)
_UNIT = re.compile(
    r"(?:(?<![A-Za-z])(?P<name>[hzayo])\s*+_?[{(]*+(?P<unit>\d|[ijk](?![A-Za-z]))?[)}]*+\s*+(?:\([^()=]*+\)\s*+)?=\s*+"
    r"|(?:unit|neuron|perceptron)\s*+(?P<number>\d)\s*+(?:(?::|=|is|computes|outputs)\s*+)?)?"
    r"(?:\\|\b(?:np|torch|math)\.)?(?<![A-Za-z])(?:sign|sgn|s|f|phi|sigma|g)\s*+"
    r"(?:\((?P<round>[^()=]*+)\)|\[(?P<square>[^\[\]=]*+)\])",
    re.IGNORECASE,
)
_SUM = re.compile(r"(?<![A-Za-z])(?P<name>[zsauv]_?\{?\d?\}?)\s*+=\s*+(?P<sum>[^=;,\n$()\\]{3,200})")
_OF_SUM = re.compile(r"\(\s*+([zsauv]_?\{?\d?\}?)\s*+\)")
_RUNNING = {
    index: re.compile(rf"([xh])_?\{{?{index}(?![A-Za-z])\s*+(?:\+\s*+(?P<step>\d))?\s*+\}}?")
    for index in "ijk"
}
_RANGE = re.compile(
    r"\b[ijk]\s*+(?:=|\\in|\u2208|in|from)\s*+(?P<range>range\([^()]*+(?:\)|\()|[\\{\[\s]*+(?:[\d,.\s]|to)++)"
)
_TOTAL = re.compile(
    r"\\?sum\s*+(?:_\s*+\{?(?P<i>[ijk])(?:\s*+=\s*+1)?\}?\s*+)(?:\^\s*+\{?(?P<last>\d)\}?\s*+)?h_?\{?(?P=i)\}?"
    r"|(?:\b(?:np|torch)\.)?\bsum\(h\)|\bh\.sum\(\)"
    r"|h_?\{?1\}?\s*+\+\s*+(?:h_?\{?2\}?\s*+\+\s*+)?\.\.\.\s*+\+\s*+h_?\{?(?P<end>\d)\}?"
)
"""The sum of all hidden units: `sum_{i=1}^4 h_i`, `sum(h)`, `h_1 + … + h_4`."""
_TERM = re.compile(
    r"(?P<sign>[+-]?)\s*+(?:(?P<factor>\d+(?:\.\d+)?(?:/\d+)?)?\s*+\*?\s*+(?P<letter>[xhza])_?\{?(?P<index>\d)\}?"
    r"|(?P<constant>\d+(?:\.\d+)?(?:/\d+)?))\s*"
)


def facts(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """Everything that a text says about weights."""
    ones = _BOLD.sub(lambda found: f"[{', '.join([found[1] or found[2]] * units)}]", text)
    plain = plainly(ones)
    yield from _assignments(plain, inputs, units)
    yield from _about_units(plain)
    yield from _sentences(plain)
    yield from units_in(plain, inputs=inputs, units=units)


def plainly(text: str) -> str:
    r"""LaTeX and markdown written plainly: matrices as lists, `\frac{7}{2}` as `7/2`."""
    text = html.unescape(text)
    text = re.sub(r"\\(?:begin|end)\{(?:align|equation|gather|aligned|cases)\*?\}", "\n", text)
    text = re.sub(r"\\begin\{(?:[bpvB]?matrix|smallmatrix|array)\}(?:\{[^{}]*\})?", "[", text)
    text = re.sub(r"\\end\{(?:[bpvB]?matrix|smallmatrix|array)\}", "]", text)
    text = re.sub(r"\\[dt]?frac\s*+\{?\s*+(\d+)\s*+\}?\s*+\{?\s*+(\d+)\s*+\}?", r"\1/\2", text)
    text = re.sub(
        r"\\(?:mathbf|boldsymbol|bm|vec|mathrm|text|textbf|operatorname|mathit)\s*\{([^{}]*)\}", r"\1", text
    )
    text = re.sub(r"(?<!\\)\\(?:left|right|[bB]igg?[lr]?|quad|qquad|,|;|:|!| )|[$*`~]", " ", text)
    text = re.sub(r"\\(?:l|c)?dots|…", "...", text)
    text = re.sub(r"\^\s*+\{?\s*+(?:\\top|\\intercal|T|\\mathsf\s*T)\s*\}?|ᵀ", " ", text)
    text = text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")).replace(r"\_", "_")
    for word, figure in _WORDS.items():
        text = (
            re.sub(rf"\b{word}", figure, text, flags=re.IGNORECASE)
            if word[0].isalpha()
            else text.replace(word, figure)
        )
    return re.sub(r"[ \t]+", " ", text.replace("&=", "="))


def _assignments(text: str, inputs: int, units: int) -> Iterator[Fact]:
    for found in _ASSIGNED.finditer(text):
        value = leading(text[found.end() :])
        if value is None:
            continue
        rows, end = value
        after = text[found.end() + end :].lstrip()[:1]
        if re.search(r",|and", found["names"]) and re.match(
            rf"\s*+,\s*+(?:{_NUMBER}|\[)", text[found.end() + end :]
        ):
            continue  # b_1, b_2 = 0, -3.5
        counts = _COUNTS.match(text, found.end() + end) or _SHAPE.fullmatch(
            text, found.start(), found.end() + end
        )
        if counts and len(rows) == len(rows[0]) == 1:
            continue  # W1: 4 rows; b1: (4,)
        if after in ("+", "-", "*", "/", "=") or (
            after.isalpha() and len(rows) == len(rows[0]) == 1 and after in "xhw"
        ):
            continue
        for name in _names(found["names"]):
            source = f"{name} = {text[found.end() : found.end() + end].strip()}"
            if fact := fact_about(name, rows, source, inputs=inputs, units=units):
                yield fact


def _names(chain: str) -> list[str]:
    """`b_1 = b_2 = b_3`, and `b_1 = ... = b_4` filled in."""
    names = [name.strip() for name in re.split(r"=|,|\band\b", chain) if name.strip()]
    if "..." in names and len(names) >= 3:
        first, last = names[names.index("...") - 1], names[names.index("...") + 1]
        low, high = re.findall(r"\d", first)[-1:], re.findall(r"\d", last)[-1:]
        names.remove("...")
        if low and high:
            names += [first.replace(low[0], str(k)) for k in range(int(low[0]), int(high[0]) + 1)]
    return list(dict.fromkeys(names))


def _about_units(text: str) -> Iterator[Fact]:
    """Sentences such as “Unit 1 has weights [2, 0, 0, -3, 1] and bias 0”."""
    for found in _OF_UNIT.finditer(text):
        if _TAKEN_BACK.search(found[0]):
            continue
        unit, listed = int(found["unit"]), leading(found["list"])
        if listed and len(listed[0]) == 1:
            yield Fact(slot=Slot.ROW, values=listed[0][0], source=found[0], unit=unit)
        if found["bias"]:
            yield Fact(slot=Slot.HIDDEN_BIAS, values=(number(found["bias"]),), source=found[0], unit=unit)


def _sentences(text: str) -> Iterator[Fact]:
    mentioned = _OUTPUT_BIAS_MENTIONED.search(text)
    for found in _LISTED_OUTPUT.finditer(text):
        numbers = re.sub(r"(?<!\s)\s*+,?\s*+and\s", ",", found["list"])
        if listed := leading(numbers if numbers[0] in "[(" else f"[{numbers}]"):
            values = tuple(n for row in listed[0] for n in row)
            yield Fact(slot=Slot.OUTPUT_WEIGHTS, values=values, source=found[0])
    for sentence in re.split(r"(?<=[a-z\d)\]])[.;](?=\s|$)|\n\s*\n|\n\s*[-•]\s", text):
        joined = sentence.replace("\n", " ")
        for pattern, slot in _SENTENCE_PATTERNS:
            said = pattern.search(joined)
            if not said or (slot is not Slot.OUTPUT_BIAS and _is_partial(joined)):
                continue
            if slot is Slot.ALL_BIASES and re.search(
                r"hidden|first layer|output|final", joined, re.IGNORECASE
            ):
                continue
            value = number(said["n"]) if said["n"] else Fraction(0)
            kept = Slot.ALL_HIDDEN_BIASES if slot is Slot.ALL_BIASES and mentioned else slot
            yield Fact(slot=kept, values=(value,), source=said[0].strip())


def _is_partial(sentence: str) -> bool:
    """Whether a sentence takes something back, or is about one unit: then it is not about all of them."""
    return bool(_TAKEN_BACK.search(sentence) or _ONE_OF_THEM.search(sentence))


def units_in(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """`h_1 = sign(x_1 - x_2)`, `h_i = sign(x_i - x_{i+1})` and `y = sign(h_1 + h_2 + h_3 + h_4 - 3.5)`."""
    outputs: dict[bool, list[Fact]] = {True: [], False: []}
    complete = _runs_over_all(text, units)
    for found in _UNIT.finditer(_without_sums(_summed(text, units), inputs, units)):
        total, unit = found["round"] or found["square"] or "", found["unit"] or found["number"] or ""
        running = unit.lower() if unit.isalpha() else ""
        numbers = range(1, units + 1) if running else [int(unit)] if unit else []
        for k in numbers if complete or not running else ():
            if of_inputs := _linear(_at(total, running, k) if running else total, "x", inputs):
                *weights, bias = of_inputs
                yield Fact(slot=Slot.ROW, values=tuple(weights), source=found[0], unit=k)
                yield Fact(slot=Slot.HIDDEN_BIAS, values=(bias,), source=found[0], unit=k)
        of_hidden = _linear(total, "hza", units) if unit in ("", str(units + 1)) else None
        if of_hidden and (any(of_hidden[:-1]) if found["name"] else all(of_hidden[:-1])):
            *weights, bias = of_hidden
            outputs[bool(found["name"])] += [
                Fact(slot=Slot.OUTPUT_WEIGHTS, values=tuple(weights), source=found[0]),
                Fact(slot=Slot.OUTPUT_BIAS, values=(bias,), source=found[0]),
            ]
    yield from outputs[True] or outputs[False]


def _summed(text: str, units: int) -> str:
    """Sums of all hidden units written out, entries `x[0]` as `x_1`, and numbers out of their brackets."""

    def total(found: re.Match[str]) -> str:
        last = found["last"] or found["end"] or str(units)
        return "+".join(f"h_{k}" for k in range(1, units + 1)) if last == str(units) else found[0]

    text = re.sub(r"(?<![A-Za-z])([hz]_?\{?\d\}?)\(x\)", r"\1", text)
    text = re.sub(r"\b([xh])\[(\d)\]", lambda found: f"{found[1]}_{int(found[2]) + 1}", text)
    text = re.sub(r"\b([xh])\[([ijk])\s*(\+\s*\d)?\]", r"\1_{\2\3}", text)
    text = re.sub(rf"(?<![A-Za-z])\(\s*+({_NUMBER})\s*+\)", r"\1", _TOTAL.sub(total, text))
    for double, single in (("+-", "-"), ("--", "+"), ("++", "+")):
        text = re.sub(rf"\{double[0]}\s*\{double[1]}", single, text)
    return text


def _without_sums(text: str, inputs: int, units: int) -> str:
    """`sign(x_1 - x_2)` for `sign(z_1)` where `z_1 = x_1 - x_2`."""
    sums: dict[str, set[str]] = {}
    for found in _SUM.finditer(text):
        total = found["sum"].strip().rstrip(".")
        if _linear(total, "x", inputs) or _linear(total, "h", units):
            sums.setdefault(_bare(found["name"]), set()).add(total)
    known = {name: totals.pop() for name, totals in sums.items() if len(totals) == 1}
    return _OF_SUM.sub(lambda found: f"({known.get(_bare(found[1]), found[1])})", text)


def _bare(name: str) -> str:
    return re.sub(r"[_{}]", "", name)


def _runs_over_all(text: str, units: int) -> bool:
    """Whether an index runs over all units, as far as that is said: `i = 1, …, 4`, `range(4)`."""
    for found in _RANGE.finditer(text):
        numbers = re.findall(r"\d+", found["range"])
        if found["range"].startswith("range"):
            if numbers not in ([str(units)], ["0", str(units)]):
                return False
        elif len(numbers) > 1 and (numbers[0], numbers[-1]) != ("1", str(units)):
            return False
    return True


def _at(total: str, index: str, k: int) -> str:
    """A sum with a running index, at one unit."""
    return _RUNNING[index].sub(lambda found: f"{found[1]}_{k + int(found['step'] or 0)}", total)


def _linear(text: str, letters: str, size: int) -> Vector | None:
    """The coefficients of a linear form, and its constant last; None if anything in it is something else."""
    numbers, at = [Fraction(0)] * (size + 1), 0
    text = re.sub(r"\\cdot|[·⋅]", "*", text).strip()
    while at < len(text):
        found = _TERM.match(text, at)
        if not found or not found[0] or (at and not found["sign"]):
            return None
        sign = -1 if found["sign"] == "-" else 1
        try:
            value = sign * number(found["factor"] or found["constant"] or "1")
        except NetworkError:
            return None
        place = int(found["index"]) - 1 if found["letter"] else size
        if found["letter"] and (found["letter"] not in letters or not 0 <= place < size):
            return None
        numbers[place] += value
        at = found.end()
    return tuple(numbers) if text else None
