"""Does what is handed out hold a solution, or what only hidden checks know?

Searched in every file, and in what is packed or encoded in it.
"""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import html
import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from grader.assignment.solutions import is_marker
from grader.errors import RubricError
from grader.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from grader.assignment import Assignment
    from grader.handout.excerpt import Excerpt

SHORTEST = 12
"""Characters of a line or text that is looked for: shorter ones stand everywhere."""
DIGITS = 4
"""Significant digits of a number that is looked for."""
DEEPEST = 4
"""How many wrappings are unpacked."""
LARGEST = 64 << 20
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}(?:\s*[A-Za-z0-9+/_-]{24,}={0,2})*+")
_WORD = re.compile(rb"[A-Za-z_]+")
_PRINTABLE = re.compile(rb"[\t\r\n -~]{12,}")
_CODE_POINT = re.compile(rb"\\u([0-9a-fA-F]{4})")
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


@dataclass(frozen=True, slots=True)
class Secret:
    """What must not be handed out, and what it is."""

    text: str
    kind: str

    @property
    def word(self) -> bytes:
        """Its longest word that has something on both sides: cheaper to look for first. Empty if it has none."""
        inner = [found[0] for found in _WORD.finditer(self.text.encode()[1:-1])]
        return max(inner[1:-1], key=len, default=b"")

    def stands_in(self, content: bytes) -> bool:
        """Is it there, in UTF-8? A number only as a whole one."""
        wanted = self.text.encode()
        if not self.text[:1].isdigit() or wanted not in content:
            return wanted in content
        return re.search(rb"(?<![\d.])%s(?!\d|\.\d)" % re.escape(wanted), content) is not None


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret, and the place where it was found."""

    place: str
    secret: Secret

    def __str__(self) -> str:
        return f"{self.place} holds {self.secret.kind}: {self.secret.text[:80]!r}"


def refuse_markers(files: Mapping[str, bytes]) -> None:
    """See that nothing in files that are handed out as they are is marked as a solution or a hidden test.

    Raises:
        RubricError: something is; file and line are named.
    """
    for name, content in files.items():
        for number, line in enumerate(_plain(content).decode(errors="replace").splitlines(), start=1):
            if is_marker(line):
                raise RubricError(
                    f"The kit was not written, because {name}, line {number}, marks what students must not see: "
                    f"{line.strip()[:80]!r}. Hand out a file without it."
                )


def refuse_leaks(files: Mapping[str, bytes], hidden: Iterable[Secret]) -> None:
    """See that none of the files holds a secret.

    Raises:
        RubricError: one does; the place is named.
    """
    leaks = list(find(files, hidden))
    if leaks:
        more = f" So do {len(leaks) - 1} other places or lines." if leaks[1:] else ""
        raise RubricError(
            f"The kit was not written, because {leaks[0]}.{more} "
            "Take it out of what is handed out, or make the check public."
        )


def find(files: Mapping[str, bytes], hidden: Iterable[Secret]) -> Iterator[Leak]:
    """Every secret in every file, at most once a place."""
    by_word = [(secret, secret.word) for secret in hidden]
    for name, content in files.items():
        for place, data in _unpacked(name, content, DEEPEST):
            plain = _plain(data)
            words = set(_WORD.findall(plain))
            likely = (secret for secret, word in by_word if not word or word in words)
            yield from (Leak(place, secret) for secret in likely if secret.stands_in(plain))


def secrets(assignment: Assignment, rubric: Excerpt, *, handed_out: Iterable[str]) -> list[Secret]:
    """What an assignment hides: lines of its solutions, and the source, texts and numbers of hidden checks.

    What students read in a prompt or a given cell is no secret, nor what stands in this program, which anybody can
    read; nor is a line, text or number of a hidden check that stands in the public ones or in `handed_out`.
    """
    given = "\n".join(cell.source for cell in assignment.template.cells)
    public = "\n".join([given, *rubric.kept.values(), *handed_out, _program()]).encode()
    known = f"{given}\n{_program()}"
    solutions = (each for each in _of_solutions(assignment) if each.text not in known)
    hidden = (each for each in _of_hidden(rubric.left_out) if not each.stands_in(public))
    return list(dict.fromkeys([*solutions, *hidden]))


def _of_solutions(assignment: Assignment) -> Iterator[Secret]:
    for cell in assignment.solved.cells:
        for line in map(str.strip, cell.source.splitlines()):
            if len(line) >= SHORTEST and not is_marker(line):
                yield Secret(line, "a line of the solution")


def _of_hidden(statements: Iterable[ast.stmt]) -> Iterator[Secret]:
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for line in map(str.strip, ast.unparse(statement).splitlines()):
            if len(line) >= SHORTEST:
                yield Secret(line, "a line of a hidden check")
        for node in ast.walk(statement):
            match node:
                case ast.Constant(value=str(text)) if len(text.strip()) >= SHORTEST:
                    yield Secret(text.strip(), "a text of a hidden check")
                case ast.Constant(value=int() | float() as number) if _digits(number) >= DIGITS:
                    yield Secret(str(number), "a number of a hidden check")


@lru_cache
def _program() -> str:
    """The text of this program."""
    files = (path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".md", ".json", ".html"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def _digits(number: float) -> int:
    """Significant digits, as the number is usually written."""
    digits = re.sub(r"e.*|[^0-9]", "", repr(number))
    return len(digits.strip("0"))


def _unpacked(place: str, content: bytes, deep: int) -> Iterator[tuple[str, bytes]]:
    """A file's bytes, and whatever is packed or encoded in them."""
    yield place, content
    if not deep:
        return
    for name, inner in _inner(content):
        yield from _unpacked(f"{place}, {name}" if name else place, inner, deep - 1)


def _inner(content: bytes) -> Iterator[tuple[str, bytes]]:
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if entry.file_size <= LARGEST]
            yield from ((entry.filename, archive.read(entry)) for entry in entries)
        return
    for found in _BASE64.finditer(content):
        with_padding = re.sub(rb"\s", b"", found[0]).rstrip(b"=") + b"=="
        try:
            yield (
                "decoded",
                base64.b64decode(
                    with_padding, altchars=b"-_" if b"-" in with_padding or b"_" in with_padding else None
                ),
            )
        except (binascii.Error, ValueError):
            continue
    for found in _ZLIB.finditer(content):
        inner = _inflated(memoryview(content)[found.start() :])
        if inner:
            yield "decompressed", inner


def _inflated(data: memoryview) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(data, LARGEST)
    except zlib.error:
        return b""


def _plain(content: bytes) -> bytes:
    """The text in a file, also without what JSON, which notebooks are, writes for quotes and line breaks."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode()
    if b"\0" in content:  # neither text nor source
        content = b"\n".join(_PRINTABLE.findall(content))
    layers = [content]
    if b"&" in content:
        layers.insert(0, html.unescape(content.decode(errors="replace")).encode())
    while b"\\" in layers[-1] and len(layers) < DEEPEST:
        layers.append(_unescaped(layers[-1]))
    return b"\n".join(layers)


def _unescaped(content: bytes) -> bytes:
    one = content.replace(b"\\\\", b"\0")  # a backslash of its own, so that it escapes nothing
    plain = one.replace(b'\\"', b'"').replace(b"\\n", b"\n").replace(b"\0", b"\\")
    return _CODE_POINT.sub(lambda found: chr(int(found[1], 16)).encode(errors="replace"), plain)
