r"""LaTeX as MathML, which browsers draw without scripts or fonts of ours.

What can't be converted, or holds a command that the converter does not know, stays as it was typed: a formula that
is drawn wrong is worse than its source.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from xml.etree import ElementTree as ET

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

LONGEST = 2000
"""Characters of one formula, which take a tenth of a second."""
_TAGS = frozenset(
    """
    math mrow mi mo mn ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder
    mover munderover mtable mtr mtd mmultiscripts mprescripts none
    """.split()  # noqa: SIM905 - a list of thirty strings reads worse
)
_ATTRIBUTES = frozenset(
    """
    display displaystyle scriptlevel mathvariant stretchy fence form separator accent accentunder symmetric largeop
    movablelimits linethickness columnalign rowspacing columnspacing notation minsize maxsize width lspace rspace
    """.split()  # noqa: SIM905 - as above
)
"""None that links or loads, and none that colours: nothing in an answer is hidden from the person who reads it."""
_FORMULA = re.compile(
    r"\$\$([^$]++)\$\$|(?<![\w\\$])\$(?![\s$])([^$]++)(?<![\s\\])\$(?![\w$])"
    r"|\\\(((?:(?!\\[()]).)++)\\\)|\\\[((?:(?!\\[\[\]]).)++)\\\]",
    re.DOTALL,
)
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_VALUE = re.compile(r"[a-z-]{1,20}|-?\d?(?:\.\d{1,6})?(?:em|ex|pt)?")
"""A word, or a length that no page is too narrow for."""
_ROWS = re.compile(
    r"\\(begin|end)\s*\{(?:align|flalign|eqnarray|gather|multline|split|aligned|gathered)\*?\}"
    r"|\\(begin|end)\s*\{(?:alignat|alignedat)\*?\}(?:\s*\{\d*\})?"
)
_SILENT = re.compile(r"\\(?:label|tag|tag\*)\s*\{[^{}]*\}|\\(?:nonumber|notag|displaylimits)\b")
_SPELLINGS = (
    (re.compile(r"\\arg(?:\s|\\[,;!])*+\\(min|max)(?![a-zA-Z])"), r"\\arg\1"),
    (re.compile(r"\\arg(?![a-zA-Z])"), r"\\operatorname{arg}"),
    (re.compile(r"\\coloneqq(?![a-zA-Z])"), ":="),
    (re.compile(r"\\[lr]vert(?![a-zA-Z])"), "|"),
)
"""What the converter does not know, and what it does."""


@lru_cache(maxsize=512)
def mathml(latex: str, *, block: bool = False) -> Markup | None:
    """A formula as a `math` element that carries its source; None if it can't be converted.

    Args:
        latex: without the dollar signs or brackets around it. It may be anything that a stranger typed.
        block: whether it stands on a line of its own.
    """
    if not latex.strip() or len(latex) > LONGEST or not _closes(latex):
        return None
    try:
        drawn = convert_to_element(_respelled(latex), display="block" if block else "inline")
    except Exception:  # noqa: BLE001 - whatever breaks the converter, the source is shown
        return None
    if not all(map(_cleaned, drawn.iter())):
        return None
    element = ET.Element("math", display="block" if block else "inline")
    semantics = ET.SubElement(element, "semantics")
    ET.SubElement(semantics, "mrow").extend(drawn)
    ET.SubElement(semantics, "annotation", encoding="application/x-tex").text = latex.strip()
    return Markup(ET.tostring(element, encoding="unicode"))  # noqa: S704 - ElementTree escapes all text


def formulas(text: str) -> Markup:
    """A text with its formulas, between dollar signs or LaTeX's brackets, typeset; all else is escaped."""
    shown, end = Markup(), 0
    for found in _FORMULA.finditer(text):
        inside = found[found.lastindex or 0]
        shown += escape(text[end : found.start()]) + (mathml(inside) or escape(found[0]))
        end = found.end()
    return shown + escape(text[end:])


def _closes(latex: str) -> bool:
    """Does every brace close? The converter overlooks some that don't."""
    braces = _BRACES.findall(latex)
    return braces.count("{") == braces.count("}")


def _respelled(latex: str) -> str:
    """The same for a converter that knows one environment of rows, and numbers nothing."""
    text = _ROWS.sub(lambda found: rf"\{found[1] or found[2]}{{align*}}", _SILENT.sub("", latex))
    if r"\\" in text and r"\begin" not in text:
        text = rf"\begin{{align*}}{text}\end{{align*}}"
    for pattern, known in _SPELLINGS:
        text = pattern.sub(known, text)
    return text


def _cleaned(part: ET.Element) -> bool:
    """Keep of an element only what it may have. False if it shows a command by its name, or is not of MathML."""
    part.text = html.unescape(part.text or "") or None
    for name, value in part.items():
        if name not in _ATTRIBUTES or not all(map(_VALUE.fullmatch, value.split())):
            del part.attrib[name]
    return part.tag in _TAGS and not re.match(r"\\[a-zA-Z]", part.text or "")
