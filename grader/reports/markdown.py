"""A notebook's Markdown as safe HTML. Formulas are typeset; those that can't be stay as they were typed."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markupsafe import Markup
from mdit_py_plugins.amsmath import amsmath_block
from mdit_py_plugins.dollarmath.index import math_block_dollar, math_inline_dollar

from grader.reports import markup
from grader.reports.mathml import mathml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    BlockRule = Callable[[StateBlock, int, int, bool], bool]

_HIGHEST_HEADING = 4
_BRACKETS = re.compile(r"\\\((.{1,1000}?)\\\)|\\\[(.{1,1000}?)\\\]", re.DOTALL)
_COMMENT = re.compile(r"<!--(?:(?!-->).)*+(?:(?P<closed>-->)|\Z)", re.DOTALL)
"""Comments are invisible in Jupyter too, and the kit uses them as markers."""
_LINES_SEARCHED = 100_000
"""How many lines of one cell are searched for the ends of formulas. Without a limit, a cell full of formulas that
never end takes minutes."""
_INLINE = Markup('<code class="math">{}</code>')
_DISPLAY = Markup('<pre class="math"><code>{}</code></pre>\n')
_PLAIN = Markup("<pre>{}</pre>")
_SOURCE = re.compile(r'<code class="math">([^<]*+)</code>|<pre class="math"><code>([^<]*+)</code></pre>')
_BLOCK = Markup('<div class="math">{}</div>')
_MATH = {"math_inline": _INLINE, "math_inline_double": _INLINE, "math_block": _DISPLAY, "amsmath": _DISPLAY}


def render(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> Markup:
    """Markdown without raw HTML."""
    parser = _markdown()
    tokens = parser.parse(_COMMENT.sub(lambda found: "" if found["closed"] else found[0], source))
    for token in tokens:
        _attach(token.children or (), attachments or {})
    _clamp_headings(tokens)
    shown = markup.fragment(parser.renderer.render(tokens, parser.options, {}))
    if shown is None:
        return _PLAIN.format(markup.terminal(source))
    return Markup(_SOURCE.sub(_typeset, shown))  # noqa: S704 - cleaned, but for the formulas, which are ours


def _typeset(formula: re.Match[str]) -> str:
    """A formula that was cleaned as source: a cleaner of HTML can't tell good MathML from bad."""
    inline, block = formula.groups()
    if inline is not None:
        return mathml(html.unescape(inline)) or formula[0]
    drawn = mathml(html.unescape(block), block=True)
    return formula[0] if drawn is None else _BLOCK.format(drawn)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    inline, block = parser.inline.ruler, parser.block.ruler
    inline.before("escape", "math_inline", math_inline_dollar(allow_space=False, allow_double=True))
    inline.before("escape", "math_brackets", _bracketed)
    interrupts: RuleOptionsType = {"alt": ["paragraph", "blockquote", "list"]}
    displayed = math_block_dollar(allow_labels=False, allow_blank_lines=True)
    block.before("fence", "math_block", _limited(displayed), interrupts)
    block.before("fence", "amsmath", _limited(amsmath_block), interrupts)
    for kind in _MATH:
        parser.add_render_rule(kind, _render_math)
    return parser


def _render_math(_renderer: object, tokens: Sequence[Token], index: int, *_: Any) -> str:
    token = tokens[index]
    return str(_MATH[token.type].format(token.content.strip()))


def _bracketed(state: StateInline, silent: bool) -> bool:
    r"""Parse `\(...\)` and `\[...\]` within a paragraph, which the plugins do not offer."""
    found = _BRACKETS.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        state.push("math_inline", "math", 0).content = found[1] or found[2]
    state.pos = found.end()
    return True


def _limited(rule: BlockRule) -> BlockRule:
    """The rule of a plugin, made to stop at `_LINES_SEARCHED` and to change nothing when it is `silent`.

    What begins and ends with dollar signs, but has others between them, is a line of text with several formulas.
    """

    def limited(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        begin = state.bMarks[start] + state.tShift[start]
        if not state.src.startswith(("$$", "\\begin{"), begin):
            return False
        state.env["lines"] = state.env.get("lines", 0) + end - start
        if state.env["lines"] > _LINES_SEARCHED:
            return False
        tokens, line = len(state.tokens), state.line
        found = rule(state, start, end, silent)
        several = any("$$" in token.content for token in state.tokens[tokens:] if token.type == "math_block")
        if silent or several:
            del state.tokens[tokens:]
            state.line = line
        return found and not several

    return limited


def _attach(tokens: Sequence[Token], attachments: Mapping[str, Mapping[str, str]]) -> None:
    for token in tokens:
        name = unquote(str(token.attrs.get("src", ""))).removeprefix("attachment:")
        for kind, data in attachments.get(name, {}).items() if token.type == "image" else ():
            token.attrSet("src", f"data:{kind};base64,{data}")


def _clamp_headings(tokens: Sequence[Token]) -> None:
    """Put headings below those of the page, without skipping a level."""
    level = _HIGHEST_HEADING - 1
    for token in tokens:
        if token.type == "heading_open":
            level = max(_HIGHEST_HEADING, min(level + 1, int(token.tag[1]) + _HIGHEST_HEADING - 1, 6))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{level}"
