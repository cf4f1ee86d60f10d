r"""Weights in LaTeX and prose: `w_{(1)} = [1, -1, 0, 0, 0]`, "all biases are 0", `h_1 = sign(x_1 - x_2)`.

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

_NUMBER = r"[+-]?\s*(?:\d+(?:\.\d+)?|\.\d+)(?:\s*/\s*\d+)?(?!\.?\d)"
_ALONE = rf"(?!\s*(?:,|and|or)\s*{_NUMBER})"
_SCRIPT = r"(?:\s*[_^]\s*(?:\{[^{}=]{1,16}\}|\([^()=]{1,8}\)|\w))"
_NAME = rf"(?<![A-Za-z])(?:[A-Za-z]{{1,24}}{_SCRIPT}*(?:\([^()=]{{1,4}}\))?\d?)"
_ASSIGNED = re.compile(
    rf"(?P<names>{_NAME}(?:\s*(?:=|,|and|=\s*\.\.\.\s*=)\s*{_NAME})*)\s*(?::=|=|:)\s*(?=[\[(+\-.\d])"
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
    r"\s*(?:which |that )?(?:is|are|be|has|have|=|:|equals?|as|being|,)?\s*(?:all|each|both)?\s*"
    r"(?:set to|equal to|equal|of|to)?\s*"
)
_VALUE = rf"{_IS}(?P<n>{_NUMBER}){_ALONE}"
_HIDDEN = r"(?:hidden|first[ -]layer)[a-z -]{0,20}?"
_OUTPUT = r"(?:output|second[ -]layer|final)[a-z -]{0,20}?"
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
        rf"{_OUTPUT}[, ]*(?:{_ALL} )?weights?{_IS}(?:{_NUMBER}|{_LIST})[, ]*(?:and|with)?\s*(?:a )?bias{_VALUE}",
        Slot.OUTPUT_BIAS,
    ),
)
_LISTED_OUTPUT = re.compile(rf"{_OUTPUT}weights?{_IS}(?P<list>{_LIST})", re.IGNORECASE)
_TAKEN_BACK = re.compile(
    r"\b(?:not|except\w*|but|other than|unless|instead|non-?zero|or)\b|n't", re.IGNORECASE
)
_ONE_OF_THEM = re.compile(
    r"\b(?:first|second|third|fourth|last|unit \d|neuron \d)\b(?![ -]layer)", re.IGNORECASE
)
_OUTPUT_BIAS_MENTIONED = re.compile(
    r"(?:output|final)[^.\n]{0,60}?(?:bias|threshold)|threshold|b_?\{?out", re.IGNORECASE
)
_SENTENCE_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), slot) for pattern, slot in _SENTENCES)
_UNIT = re.compile(
    r"(?P<name>[hzayo])\s*(?:_?\{?\(?(?P<unit>\d)?\)?\}?)\s*(?:\([^()=]*\))?\s*=\s*"
    r"(?:sign|sgn|step|s|f|phi|sigma|g)\s*\((?P<sum>[^()=]*)\)",
    re.IGNORECASE,
)
_TERM = re.compile(
    r"(?P<sign>[+-]?)\s*(?:(?P<factor>\d+(?:\.\d+)?(?:/\d+)?)?\s*\*?\s*(?P<letter>[xhza])_?\{?(?P<index>\d)\}?"
    r"|(?P<constant>\d+(?:\.\d+)?(?:/\d+)?))\s*"
)


def facts(text: str, *, inputs: int, units: int) -> Iterator[Fact]:
    """Everything that a text says about weights."""
    plain = plainly(text)
    yield from _assignments(plain, inputs, units)
    yield from _sentences(plain)
    yield from _units(plain, inputs, units)


def plainly(text: str) -> str:
    r"""LaTeX and markdown written plainly: matrices as lists, `\frac{7}{2}` as `7/2`."""
    text = html.unescape(text)
    text = re.sub(r"\\(?:begin|end)\{(?:align|equation|gather|aligned|cases)\*?\}", "\n", text)
    text = re.sub(r"\\begin\{(?:[bpvB]?matrix|smallmatrix|array)\}(?:\{[^{}]*\})?", "[", text)
    text = re.sub(r"\\end\{(?:[bpvB]?matrix|smallmatrix|array)\}", "]", text)
    text = re.sub(r"\\[dt]?frac\s*\{?\s*(\d+)\s*\}?\s*\{?\s*(\d+)\s*\}?", r"\1/\2", text)
    text = re.sub(
        r"\\(?:mathbf|boldsymbol|bm|vec|mathrm|text|textbf|operatorname|mathit)\s*\{([^{}]*)\}", r"\1", text
    )
    text = re.sub(r"(?<!\\)\\(?:left|right|bigl?|bigr?|quad|qquad|,|;|:|!| )|[$*`~]", " ", text)
    text = re.sub(r"\\(?:l|c)?dots|…", "...", text)
    text = re.sub(r"\^\s*\{?\s*(?:\\top|\\intercal|T|\\mathsf\s*T)\s*\}?|ᵀ", " ", text)
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
            rf"\s*,\s*(?:{_NUMBER}|\[)", text[found.end() + end :]
        ):
            continue  # b_1, b_2 = 0, -3.5
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


def _sentences(text: str) -> Iterator[Fact]:
    mentioned = _OUTPUT_BIAS_MENTIONED.search(text)
    for found in _LISTED_OUTPUT.finditer(text):
        if listed := leading(found["list"]):
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


def _units(text: str, inputs: int, units: int) -> Iterator[Fact]:
    """`h_1 = sign(x_1 - x_2)` and `y = sign(h_1 + h_2 + h_3 + h_4 - 3.5)`."""
    for found in _UNIT.finditer(text):
        source = found[0]
        if (of_inputs := _linear(found["sum"], "x", inputs)) and found["unit"]:
            *weights, bias = of_inputs
            unit = int(found["unit"])
            yield Fact(slot=Slot.ROW, values=tuple(weights), source=source, unit=unit)
            yield Fact(slot=Slot.HIDDEN_BIAS, values=(bias,), source=source, unit=unit)
        elif of_hidden := _linear(found["sum"], "hza", units):
            *weights, bias = of_hidden
            yield Fact(slot=Slot.OUTPUT_WEIGHTS, values=tuple(weights), source=source)
            yield Fact(slot=Slot.OUTPUT_BIAS, values=(bias,), source=source)


def _linear(text: str, letters: str, size: int) -> Vector | None:
    """The coefficients of a linear form, and its constant last; None if anything in it is something else."""
    numbers, at = [Fraction(0)] * (size + 1), 0
    text = text.replace(r"\cdot", "*").strip()
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
