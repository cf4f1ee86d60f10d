"""The files of a hand-in in which questions may be answered, with their text, as far as it can be read."""

from __future__ import annotations

import codecs
import hashlib
from pathlib import PurePath
from typing import TYPE_CHECKING

from grader.intake.listing import Kind, readable
from grader.limits import MIB
from grader.model import NO_ANSWERS, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from grader.intake.listing import Entry
    from grader.intake.reading import Reading

ENDINGS = frozenset({".tex", ".md", ".pdf"})
MOST_DOCUMENTS = 20
"""Further ones are named, but not read."""
MOST_UNREAD = 2_000
"""Files of other kinds that are named."""
LARGEST_TEXT = MIB
LARGEST_PDF = 32 * MIB
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def documents(entries: Iterable[Entry], read: Reading) -> Iterator[Document]:
    """Those among the files of a hand-in, in the order of their names; those that nobody reads come last."""
    files = sorted((e for e in entries if e.kind is not Kind.FOLDER), key=lambda entry: entry.parts)
    found = [each for each in files if each.kind is Kind.FILE and _ending(each.name) in ENDINGS]
    for index, entry in enumerate(found):
        name = readable("/".join(entry.parts))
        if index < MOST_DOCUMENTS:
            yield _document(name, entry, read)
        else:
            yield Document(
                name=name, problem=f"was not read: more than {MOST_DOCUMENTS} such files came with it"
            )
    known = frozenset(found)
    others = [each for each in files if _ending(each.name) not in NO_ANSWERS and each not in known]
    for entry in others[:MOST_UNREAD]:
        yield Document(name=readable("/".join(entry.parts)), problem=entry.why)


def _document(name: str, entry: Entry, read: Reading) -> Document:
    is_pdf = _ending(entry.name) == ".pdf"
    largest = LARGEST_PDF if is_pdf else LARGEST_TEXT
    if entry.why or entry.path is None:
        return Document(name=name, problem=entry.why or "could not be unpacked")
    if entry.size > largest:
        return Document(name=name, problem=f"is larger than {largest // MIB} MiB")
    try:
        content = entry.path.read_bytes()
    except OSError as error:
        return Document(name=name, problem=f"can't be read ({error.strerror})")
    digest = hashlib.sha256(content).hexdigest()
    if is_pdf:
        layer = read.text_layer(entry.path)
        return Document(name=name, digest=digest, text=layer.text, problem=layer.problem)
    text = decoded(content)
    if "\0" in text:
        return Document(name=name, digest=digest, problem="is not a text file")
    return Document(name=name, digest=digest, text=text)


def decoded(content: bytes) -> str:
    """Text as editors save it: UTF-8, UTF-16 with or without its mark, else Latin-1."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    for encoding, zeros in (("utf-16-le", content[1::2]), ("utf-16-be", content[::2])):
        if 2 * zeros.count(0) > len(zeros):
            return content.decode(encoding, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _ending(name: str) -> str:
    return PurePath(name).suffix.lower()
