"""Taking the solutions out of a master notebook.

A master holds prompts, and solutions between markers that stand on lines of their own:
`### BEGIN SOLUTION` and `### END SOLUTION` in code, the same as HTML comments in Markdown. The markers of nbgrader
and of Otter Assign are known as well, so that a notebook written for one of them hands out nothing more here:
https://nbgrader.readthedocs.io/en/stable/configuration/student_version.html
https://otter-grader.readthedocs.io/en/latest/otter_assign/notebook_format.html
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.errors import RubricError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nbformat import NotebookNode

_REGION = re.compile(
    r"(?:#+|=+|//|<!--) ?(BEGIN|END) (SOLUTION|HIDDEN TESTS|MARK SCHEME)( NO PROMPT)?(?: ?(?:#+|=+|-->))?"
)
"""A line that begins or ends what students do not get."""
_PROMPT = re.compile(r'"{3};? *# (?:BEGIN|END) PROMPT')
"""Otter's, around what stands in place of a solution: it is in quotation marks where the solution runs."""
_SOLUTION = re.compile(
    r"(?P<before>(?P<indent>\s*+)(?![#\s]*SOLUTION).*\S) *# ?SOLUTION(?P<silent> NO PROMPT)?"
)
"""Otter's, at the end of a line that is the solution."""
_ASSIGNS = re.compile(r"[^=#()]*[^=#()!<>]=(?!=)")
_BLOCK = re.compile(
    r"#\s+(?:(BEGIN|END)\s+(QUESTION|PROMPT|SOLUTION|TESTS)|ASSIGNMENT\s+CONFIG)\s*", re.IGNORECASE
)
"""Otter's, as the first line of a raw cell: it speaks of the cells below it."""
_HIDDEN_CELL = re.compile(r"#+\s*HIDDEN(?:\s+TESTS?)?\s*#*", re.IGNORECASE)
"""Otter's, as a line of a code cell."""
_MARKER_LIKE = re.compile(
    r"\b(?:begin|end)[\W_]*(?:solution|hidden[\W_]*tests?|mark[\W_]*(?:ing[\W_]*)?scheme)s?\b"
    r"|\b(?:solution|hidden[\W_]*tests?)[\W_]*(?:begin|end|start|stop)\b"
    r"|#\s*(?:begin|end)[\W_]*(?:prompt|tests?|question)\b|^```otter"
    r"|^#+\s*(?:(?:hashed\s+)?autotest\b|hidden\s+tests?\b[^a-z]*$)",
    re.IGNORECASE,
)
"""Wider than the markers: a misspelt one must be refused, since it would hand its solution out."""
_SHOUTED = re.compile(
    r"(?:#+|<!--)\s*(?:BEGIN|END|START|STOP)[A-Z]{0,2}(?:[ _-]+[^\Wa-z]+){1,4}\s*(?:#+|-->)?"
)
"""A line that can't be anything but a marker, of a kind that nobody knows: `### BEGIN SOLUTON`."""
_LIKE_OTTERS = re.compile(
    r"#\s*solutions?(?:[\W_]*no[\W_]*prompt)?\W*$|#\s*solution\s*(?:[:(]|-\s)", re.IGNORECASE
)
"""In code; in Markdown it is a heading, which Otter leaves alone, too."""
_LIKE_OTTERS_IN_TEXT = re.compile(
    r"^[>\s]*(?:\*{1,3}|_{1,3}|<(?:strong|b|em)>)solution:?(?:\*{1,3}|_{1,3}|</(?:strong|b|em)>)",
    re.IGNORECASE,
)

HINTS: Mapping[str, str] = {
    "code": "# Your answer here",
    "markdown": "*Your answer here.*",
    "raw": "Your answer here",
}
"""What a student sees in place of a solution, by the type of its cell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fence:
    """What stands around a solution."""

    begin: str
    end: str
    like: re.Pattern[str]
    """What may be meant as a marker, and is none."""


_LINES = _Fence(begin="### BEGIN SOLUTION", end="### END SOLUTION", like=_LIKE_OTTERS)
_FENCES = {
    "code": _LINES,
    "markdown": _Fence(
        begin="<!-- BEGIN SOLUTION -->", end="<!-- END SOLUTION -->", like=_LIKE_OTTERS_IN_TEXT
    ),
    "raw": _LINES,
}


def is_marker(line: str) -> bool:
    """Does a line look like the begin or the end of what students do not get?"""
    return _MARKER_LIKE.search(line) is not None or _SHOUTED.fullmatch(line.strip()) is not None


def fenced(cell_type: str, solution: str) -> str:
    """A solution between its markers."""
    fence = _FENCES[cell_type]
    return f"{fence.begin}\n{solution}\n{fence.end}"


def strip_solutions(notebook: NotebookNode, hints: Mapping[str, str] = HINTS) -> NotebookNode:
    """Return a blank copy: a hint in place of each solution, no outputs, the grader's metadata kept.

    Hidden tests and mark schemes leave nothing behind; a cell that has nothing else is empty.

    Raises:
        RubricError: a marker is misspelt, unpaired or nested; the message names the cell.
    """
    blank = copy.deepcopy(notebook)
    blank.metadata.pop("widgets", None)  # saved widget states are outputs too
    block = _Block()
    for number, cell in enumerate(blank.cells, start=1):
        where = f"cell {number} (id {cell.get('id', 'missing')!r})"
        _blank_cell(cell, hints[cell.cell_type], block, where=where)
    block.refuse_open()
    return blank


@dataclass(slots=True)
class _Block:
    """What the raw cells of Otter say of the cells after them."""

    kind: str = ""
    where: str = ""

    def boundary(self, cell: NotebookNode, where: str) -> bool:
        """Is this one of those raw cells?"""
        first, *others = cell.source.split("\n")
        found = _BLOCK.fullmatch(first.strip()) if cell.cell_type == "raw" else None
        if found is None or any(_REGION.fullmatch(line.strip()) for line in others):
            return False
        edge, kind = (found[1] or "").upper(), (found[2] or "").upper()
        if kind in ("SOLUTION", "TESTS"):
            if edge == "BEGIN" and self.kind:
                raise RubricError(
                    f"{where}: a block begins inside the one of {self.where}; put `# END {self.kind}` before it"
                )
            if edge == "END" and self.kind != kind:
                raise RubricError(f"{where}: this block never began; put `# BEGIN {kind}` before it")
            self.kind, self.where = (kind, where) if edge == "BEGIN" else ("", "")
        return True

    def refuse_open(self) -> None:
        if self.kind:
            raise RubricError(f"{self.where}: this block never ends; put `# END {self.kind}` after it")


def _blank_cell(cell: NotebookNode, hint: str, block: _Block, *, where: str) -> None:
    is_hidden = cell.cell_type == "code" and any(
        _HIDDEN_CELL.fullmatch(line.strip()) for line in cell.source.split("\n")
    )
    if block.boundary(cell, where) or block.kind == "TESTS" or is_hidden:
        source = ""
    elif block.kind:
        source = hint
    else:
        lines = _without_solutions(cell.source.split("\n"), _FENCES[cell.cell_type], hint, where)
        source = "\n".join(lines)
    if source != cell.source:
        cell.pop("attachments", None)  # a picture belongs to the solution that shows it
    elif _is_nbgraders(cell) and source.strip():
        raise RubricError(
            f"{where}: nbgrader would hand out none of this cell, and nothing in it says where the solution is; "
            f"put it between `{_FENCES[cell.cell_type].begin}` and `{_FENCES[cell.cell_type].end}`"
        )
    cell.source = source
    if cell.cell_type == "code":
        cell.outputs = []
        cell.execution_count = None


def _is_nbgraders(cell: NotebookNode) -> bool:
    """Does its metadata say that nbgrader takes it for a solution?"""
    marks = cell.metadata.get("nbgrader")
    return isinstance(marks, dict) and bool(marks.get("solution"))


def _without_solutions(lines: list[str], fence: _Fence, hint: str, where: str) -> Iterator[str]:
    began, kind = 0, ""
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if found := _REGION.fullmatch(text):
            edge, what, silent = found.groups()
            name = "a solution" if what == "SOLUTION" else f"a region of {what.lower()}"
            if edge == "BEGIN" and began:
                raise RubricError(
                    f"{where}, line {number}: {name} begins inside the one from line {began}; "
                    f"put `{_closing(kind, fence)}` before it",
                )
            if edge == "END" and what != kind:
                raise RubricError(
                    f"{where}, line {number}: this {name.removeprefix('a ')} never began; "
                    f"put `{text.replace('END', 'BEGIN')}` before it",
                )
            began, kind = (number, what) if edge == "BEGIN" else (0, "")
            if edge == "BEGIN" and what == "SOLUTION" and not silent:
                yield line.replace(text, hint)
        elif _PROMPT.fullmatch(text):
            continue
        elif _MARKER_LIKE.search(text) or (not began and is_marker(text)):
            raise _misspelt(text, fence, f"{where}, line {number}")
        elif not began:
            yield from _handed_out(line, fence, f"{where}, line {number}")
    if began:
        name = "the solution" if kind == "SOLUTION" else f"the region of {kind.lower()}"
        raise RubricError(
            f"{where}: {name} from line {began} never ends; put `{_closing(kind, fence)}` after it",
        )


def _closing(kind: str, fence: _Fence) -> str:
    return fence.end.replace("SOLUTION", kind)


def _handed_out(line: str, fence: _Fence, place: str) -> Iterator[str]:
    """A line outside of all regions. Of one that Otter's marker ends, the name that it assigns to, or dots."""
    own = _SOLUTION.fullmatch(line.rstrip()) if fence is _LINES else None
    if own is None:
        if fence.like.search(line.strip()):
            raise _misspelt(line.strip(), fence, place)
        yield line
    elif not own["silent"]:
        assigns = _ASSIGNS.match(own["before"])
        yield f"{assigns[0]} ..." if assigns else f"{own['indent']}..."


def _misspelt(text: str, fence: _Fence, place: str) -> RubricError:
    return RubricError(
        f"{place}: `{text}` looks like a solution marker but is not one; "
        f"write `{fence.begin}` or `{fence.end}` on a line of its own"
    )
