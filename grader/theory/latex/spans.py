r"""Chapter 7: where in a cell the maths is.

A cell may be markdown with `$…$`, `$$…$$`, `\(…\)`, `\[…\]`, an environment, a LaTeX file, comments or strings in
code, or a formula typed with no dollar signs among words. What is not maths is kept: words can take an answer back.
"""
# ruff: noqa: SIM905  a line of words reads better than a column of strings

from __future__ import annotations

import ast
import html
import re
from dataclasses import dataclass
from itertools import takewhile

from grader import source
from grader.theory.latex.doubt import FORMULA, without_conditions
from grader.theory.latex.fuel import LENGTH, Unread
from grader.theory.latex.macros import expanded
from grader.theory.latex.python import formula_in
from grader.theory.latex.spelling import GREEK, SCRIPTS
from grader.theory.latex.statements import HEADINGS
from grader.theory.words import without_tags

_ENVIRONMENTS = "equation|align|alignat|gather|multline|eqnarray|displaymath|math|flalign"
_MATHS = re.compile(
    r"\$\$(?P<a>.+?)\$\$|(?<!\\)\\\[(?P<b>.+?)(?<!\\)\\\]|\\\((?P<c>.+?)\\\)"
    rf"|(?P<d>\\begin\{{(?:{_ENVIRONMENTS})\*?\}}.+?\\end\{{(?:{_ENVIRONMENTS})\*?\}})"
    r"|```math\s(?P<e>.+?)```|\$`(?P<f>[^$`]+)`\$|(?<![\\$])\$(?P<g>[^$]+?)(?<!\\)\$",
    re.DOTALL,
)
_DELIMITER = re.compile(r"\$|\\[\[(]|\\begin|<su[bp]>", re.IGNORECASE)
_MOST_DELIMITERS = 400
"""Unclosed ones would make the search quadratic."""
_CODE = re.compile(r"```(?:\w*+\n)?+(?P<block>[^`]++)```|(?<![`$])`(?P<inline>[^`\n]++)`(?![`$])")
_IMAGE = re.compile(
    r"!\[[^\]]{0,500}+\]\s*+[(\[]|<\s*img\b|\battachment:|data:image/|\\includegraphics|<\s*(?:svg|canvas)\b",
    re.IGNORECASE,
)
_MENTION = re.compile(
    r"(?:\$|\\\()\s*(?:\d+|-?(?:[A-Za-z]|\\[A-Za-z]+)(?:[_^]\w|[_^]\{\w+\})*)\s*(?:\$|\\\))"
)
"""A symbol or a number among words."""
_TEXT = re.compile(r"\\(?:text\w*+|mbox)\s*+\{((?:(?!\\(?:text|mbox))[^}])*+)\}")
CASES = re.compile(r"\\begin\{[dr]?cases\}(?:(?!\\begin\{[dr]?cases\}).)*?\\end\{[dr]?cases\}", re.DOTALL)
"""The “if” in cases takes nothing back."""
_LABEL = re.compile(
    r"^[\s#>*_-]*+(?:(?:question|problem|part|answer|ans|sol|solution|q)\s*+)?\(?\d{0,2}\s*+[.)]?\s*+\(?[a-d]\s*+"
    r"(?:[).:\]]+[*_]*|$)",
    re.IGNORECASE,
)
_HTML_SCRIPTS = (
    (re.compile(r"<sub>((?:(?!<sub>).)*?)</sub>", re.IGNORECASE), r"_{\1}"),
    (re.compile(r"<sup>((?:(?!<sup>).)*?)</sup>", re.IGNORECASE), r"^{\1}"),
)
_MATHS_WORDS = (
    frozenset(
        (
            "sum prod sqrt frac norm abs mean median max min argmin grad nabla partial sign dot cdot hat bar top"
        ).split()
    )
    | GREEK
)
_AS_COMMANDS = _MATHS_WORDS - {"mean", "median", "abs", "norm", "grad", "hat", "bar", "dot"}
_AS_TEXT = frozenset({"mean", "median", "abs", "grad", "MAE", "MSE"})
_ALONE = GREEK | {"sum", "grad", "argmin", "nabla", "MAE", "MSE"}
"""Words that are maths even with nothing attached."""
_WORDS_BEFORE_WORDS = frozenset({"sum", "a", "I", "y", "e", "A"})
_ABBREVIATIONS = (
    (
        re.compile(
            r"\b(?:i\. ?e\.|e\. ?g\.|w\. ?r\. ?t\.|a\. ?k\. ?a\.|resp\.|cf\.|q\. ?e\. ?d\.)", re.IGNORECASE
        ),
        " namely ",
    ),
    (re.compile(r"\bs\. ?t\.", re.IGNORECASE), " subject to "),
)
_SHORT_WORDS = frozenset(
    (
        "is of so to we by in it as at be an or on if do us no for the and are was has can let set get with "
        "el la de es en un lo los se del le et est un une les der die das ist und"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Cell:
    """The formulas of a cell, and the words around and inside them."""

    formulas: tuple[str, ...]
    words: str
    marked: bool
    """Whether dollar signs or the like said what is maths; if not, we guessed."""
    around: str = ""
    """The words with `FORMULA` for each formula but mere mentions, such as `$x_i$`; empty if we guessed."""
    between: tuple[str, ...] = ()
    """The words before the first formula, between each two, and after the last.

    If we guessed, those before what may be the answer and those after it.
    """


def scanned(text: str) -> bool:
    r"""Whether a cell holds an image: an attachment, `<img>`, base64 data, `\includegraphics`."""
    return bool(_IMAGE.search(text))


def cell(text: str) -> Cell:
    """Find the maths in one cell, or in a whole file that answers one question.

    Raises:
        Unread: it is too long.
    """
    if len(text) > LENGTH:
        raise Unread(f"the answer has {len(text)} characters, more than {LENGTH}")
    text = expanded(text)
    if len(_DELIMITER.findall(text)) > _MOST_DELIMITERS:
        raise Unread("it has too many formulas to be an answer")
    text = _plain(_uncoded(_document(_with_code_as_maths(text))))
    formulas = tuple(next(filter(None, found.groups())).strip() for found in _MATHS.finditer(text))
    if formulas:
        outside = _MATHS.sub(" ", without_conditions(text))
        spoken = CASES.sub(" ", " ".join(formulas))
        inside = " ".join(_TEXT.findall(spoken))
        around = _MATHS.sub(lambda found: " " if _MENTION.fullmatch(found[0]) else f" {FORMULA} ", text)
        between = _split_at_maths(text)
        return Cell(formulas, f"{outside} {inside}", marked=True, around=around, between=between)
    words, lines, after = [], [], 0
    for line in text.splitlines():
        maths, prose = _separated(line)
        lines += maths
        words += prose
        ending = sum(1 for _ in takewhile(_is_word, reversed(line.split())))
        after = ending if maths else after + len(prose)
    before, rest = " ".join(words[: len(words) - after]), " ".join(words[len(words) - after :])
    gap = " " if len(lines) == 1 else ". "
    between = (f"{before}{gap}", f" {rest}")
    return Cell(tuple(_with_continuations(lines)), " ".join(words), marked=False, between=between)


def _split_at_maths(text: str) -> tuple[str, ...]:
    spans = [found.span() for found in _MATHS.finditer(text)]
    starts, ends = (0, *(end for _, end in spans)), (*(start for start, _ in spans), len(text))
    return tuple(text[start:end] for start, end in zip(starts, ends, strict=True))


def _document(text: str) -> str:
    """The body of a LaTeX file, without its headings."""
    found = re.search(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", text, re.DOTALL)
    body = found[1] if found else text
    return re.sub(
        r"\\(?:sub)*(?:section|paragraph|title|author|date)\*?\s*\{[^{}]*\}|\\(?:maketitle|item)\b", " ", body
    )


def _with_code_as_maths(text: str) -> str:
    """Replace Python that computes something, fenced or not, by the formula that it is."""
    if "$" not in text and (whole := _formula_of_code(text)):
        return whole
    return _CODE.sub(lambda found: _formula_of_code(found["block"] or found["inline"]) or found[0], text)


def _formula_of_code(code: str) -> str:
    formula = formula_in(code)
    if formula is None:
        return ""
    said = []
    for remark in (comments_and_strings(code) or "").splitlines():
        maths, _ = ([], []) if "$" in remark or "\\" in remark else _separated(remark)
        equations = [run for run in maths if "=" in run]
        if equations and remark.startswith("="):
            formula += " " + equations.pop(0)
        said += [f"${run}$" for run in equations] or ([] if remark.startswith("=") else [remark])
    return "\n".join([f" ${formula}$ ", *said])


def _uncoded(text: str) -> str:
    """Comments and strings, if the cell is code that has any; else the text itself."""
    spoken = comments_and_strings(text)
    return _uncommented(text) if spoken is None else spoken or text


def comments_and_strings(text: str) -> str | None:
    """What a piece of Python says in words; None if it is no Python."""
    tree = source.parsed(text)
    if tree is None:
        return None
    strings = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return "\n".join([*source.comments(text), *strings])


def _uncommented(text: str) -> str:
    """Lines that all start with # are comments whose code does not parse, or headings."""
    return re.sub(r"^[^\S\n]*+#+", "", text, flags=re.MULTILINE)


def _plain(text: str) -> str:
    """Markdown's and HTML's own signs, undone."""
    for pattern, replacement in _HTML_SCRIPTS:
        text = pattern.sub(replacement, text)
    text = html.unescape(without_tags(text))
    text = re.sub(r"\\\\\[((?:(?!\\\\\[).)+?)\\\\\]", r"\\[\1\\]", text, flags=re.DOTALL)
    text = re.sub(r"\\\\\(((?:(?!\\\\\().)+?)\\\\\)", r"\\(\1\\)", text, flags=re.DOTALL)
    return text.replace(r"\$", " ") if text.count("$") == text.count(r"\$") else text


# A cell with no dollar signs


def _separated(line: str) -> tuple[list[str], list[str]]:
    """Split a line into runs of maths and the words between them."""
    line = _LABEL.sub(" ", line.strip().strip("`").strip()).strip()
    if line.startswith("- "):
        raise Unread("a line starts with a dash, which could be a bullet or a minus")
    for abbreviation, words_for_it in _ABBREVIATIONS:
        line = abbreviation.sub(words_for_it, line)
    line = re.sub(r"(?<=[\w)\]])\*\*(?=[\d(])", "^", line)
    line = re.sub(r"\*\*|__|`|^[*+>]\s", " ", line)
    line = re.sub(
        r"\\(?:text|mathrm|operatorname)\s*\{[^{}]*\}", lambda found: found[0].replace(" ", "\0"), line
    )
    maths: list[list[str]] = [[]]
    words: list[str] = []
    chunks = line.split()
    for chunk, follows in zip(chunks, [*chunks, ""][1:], strict=True):
        if follows == "=" and chunk.lower() in HEADINGS:
            maths.append([rf"\text{{{chunk}}}"])
        elif _is_word(chunk) or (chunk in _WORDS_BEFORE_WORDS and _is_word(follows)):
            words.append(chunk)
            maths.append([])
        else:
            maths[-1].append(_typed_out(chunk.replace("\0", " ")))
    runs = [" ".join(run).strip(" .:") for run in maths]
    words += _TEXT.findall(" ".join(runs))
    return [run for run in runs if re.search(r"\w", run)], words


def _is_word(chunk: str) -> bool:
    bare = chunk.strip(".,:;!?()\"'")
    if not bare.replace("-", "").replace("'", "").isalpha() or "\\" in chunk:
        return False
    if not SCRIPTS.isdisjoint(bare):
        return False
    if bare in _SHORT_WORDS:
        return True
    return len(bare) >= 3 and bare not in _ALONE


def _typed_out(chunk: str) -> str:
    r"""Give ASCII maths its backslashes: `sum_{i=1}^n` is `\sum_{i=1}^n`, `mu` is `\mu`."""

    def named(found: re.Match[str]) -> str:
        word = found[0]
        if word in _AS_COMMANDS:
            return rf"\{word} "
        return rf"\text{{{word}}}" if word in _AS_TEXT else word

    if "\\text" in chunk or "\\mathrm" in chunk or "\\operatorname" in chunk:
        return chunk
    return re.sub(r"(?<![\\a-zA-Z{])[a-zA-Z]{2,}", named, chunk)


def _with_continuations(lines: list[str]) -> list[str]:
    """Lines that belong to one formula: an environment, or a line that starts with an equals sign."""
    if any("\\begin" in line for line in lines):
        return ["\n".join(lines)]
    joined: list[str] = []
    for line in lines:
        if joined and line.lstrip().startswith(("=", "&=")):
            joined[-1] += f" {line}"
        else:
            joined.append(line)
    return joined
