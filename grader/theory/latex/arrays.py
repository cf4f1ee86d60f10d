"""Chapter 3, concluded: vectors written as matrices, and cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.theory.latex import nodes as n
from grader.theory.latex.fuel import Unread
from grader.theory.latex.tokens import Kind, Token

if TYPE_CHECKING:
    from grader.theory.latex.grammar import Parser

_RELATIONS = {"le": "≤", "ge": "≥", "<": "<", ">": ">", "=": "=", "ne": "≠"}

# Matrices and cases


def environment(p: Parser) -> n.Node:
    if p.take().text == "cases":
        return _cases(p)
    rows: list[list[Token]] = [[]]
    depth = 0
    while depth or p.peek().kind is not Kind.CLOSE:
        token = p.take()
        if token.kind is Kind.END:
            raise Unread("a matrix is never closed")
        depth += {Kind.OPEN: 1, Kind.CLOSE: -1}.get(token.kind, 0)
        if token.kind is Kind.ROW and not depth:
            rows.append([])
        else:
            rows[-1].append(token)
    p.take()
    rows = [row for row in rows if row]
    if len(rows) > 1 and any(token.text == "&" for row in rows for token in row):
        raise Unread("a matrix with several rows and columns")
    entries = [entry for row in rows for entry in _split(row, "&") if entry]
    if not entries:
        raise Unread("an empty matrix")
    return n.Items(tuple(n.Dots() if entry[0].text == "dots" else p.inside(entry) for entry in entries))


def _split(tokens: list[Token], mark: str) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.text == mark:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _cases(p: Parser) -> n.Node:
    rows: list[list[Token]] = [[]]
    while p.peek().kind is not Kind.CLOSE:
        token = p.take()
        if token.kind in (Kind.END, Kind.OPEN):
            raise Unread("cases inside cases, or never closed")
        if token.kind is Kind.ROW:
            rows.append([])
        else:
            rows[-1].append(token)
    p.take()
    return n.Cases(tuple(_branch(p, row) for row in rows if row))


def _branch(p: Parser, row: list[Token]) -> tuple[n.Node, n.Comparison | None]:
    value, *rest = _split(row, "&")
    if not rest:
        value, *rest = _split(row, ",")
    condition = [
        token for part in rest for token in part if token.text.lower() not in ("if", "when", ",", "quad")
    ]
    words = "".join(token.text for token in condition if token.kind is Kind.WORD).lower()
    value = [token for token in value if token.text not in (",", "quad")]
    if words in ("otherwise", "else", "ow", "o.w."):
        return p.inside(value), None
    for at, token in enumerate(condition):
        if token.text in _RELATIONS:
            left, right = p.inside(condition[:at]), p.inside(condition[at + 1 :])
            return p.inside(value), n.Comparison(left, _RELATIONS[token.text], right)
    raise Unread("a case without its condition")
