"""A notebook's Markdown as safe HTML, with its formulas left as the source that the student wrote."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from markdown_it import MarkdownIt

from grader.reports import markup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token
    from markupsafe import Markup

_HIGHEST_HEADING = 4
_INLINE_MATH = re.compile(
    r"\$\$(.{1,1000}?)\$\$"
    r"|\$(?!\s)([^$]{1,1000}?)(?<!\s)\$(?!\d)"  # as pandoc has it: no space inside, no digit after
    r"|\\\((.{1,1000}?)\\\)"
    r"|\\\[(.{1,1000}?)\\\]",
    re.DOTALL,
)
_BLOCK_MATH = re.compile(
    r"(?:\$\$(?:(?!\$\$).)+\$\$|\\begin\{(?P<name>\w+\*?)\}.+?\\end\{(?P=name)\})[ \t]*(?:\n|\Z)", re.DOTALL
)
_COMMENT = re.compile("<!--.*?-->", re.DOTALL)
"""Invisible in Jupyter too; the kit's own marks are comments."""
_LONGEST_MATH = 2000


def render(source: str, attachments: Mapping[str, Mapping[str, str]] | None = None) -> Markup:
    """Markdown without raw HTML; formulas stay readable source."""
    parser = _markdown()
    tokens = parser.parse(_COMMENT.sub("", source))
    for token in tokens:
        _attach(token.children or (), attachments or {})
    _clamp_headings(tokens)
    return markup.fragment(parser.renderer.render(tokens, parser.options, {}))


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.inline.ruler.before("escape", "math", _inline_math)
    parser.block.ruler.before("fence", "math", _block_math, {"alt": ["paragraph", "blockquote", "list"]})
    return parser


def _inline_math(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = _INLINE_MATH.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        _math_token(state, "code_inline", "code", next(filter(None, found.groups())))
    state.pos = found.end()
    return True


def _block_math(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula on lines of its own: its line that begins with `=` is no underline of a heading."""
    begin = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith(("$$", "\\begin{"), begin):
        return False
    found = _BLOCK_MATH.match(state.src, begin, min(begin + _LONGEST_MATH, state.eMarks[end - 1]))
    if found is None:
        return False
    if not silent:
        state.line = start + found[0].rstrip("\n").count("\n") + 1
        formula = state.getLines(start, state.line, state.blkIndent, False).strip()
        _math_token(state, "code_block", "pre", formula.removeprefix("$$").removesuffix("$$"))
    return True


def _math_token(state: StateInline | StateBlock, kind: str, tag: str, formula: str) -> None:
    token = state.push(kind, tag, 0)
    token.content = formula.strip()
    token.attrSet("class", "math")


def _attach(tokens: Sequence[Token], attachments: Mapping[str, Mapping[str, str]]) -> None:
    for token in tokens:
        name = unquote(str(token.attrs.get("src", ""))).removeprefix("attachment:")
        for kind, data in attachments.get(name, {}).items() if token.type == "image" else ():
            token.attrSet("src", f"data:{kind};base64,{data}")


def _clamp_headings(tokens: Sequence[Token]) -> None:
    """Below our own headings, and never a level skipped."""
    level = _HIGHEST_HEADING - 1
    for token in tokens:
        if token.type == "heading_open":
            level = max(_HIGHEST_HEADING, min(level + 1, int(token.tag[1]) + _HIGHEST_HEADING - 1, 6))
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{level}"
