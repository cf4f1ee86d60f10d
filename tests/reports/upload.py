"""Says what is wrong with a filled gradebook. Written from descriptions of the formats; knows no exporter."""

import codecs
from contextlib import suppress
from decimal import Decimal, InvalidOperation

COLUMNS = {  # of a student's id, of the grade, and of a text that may be written
    "canvas": ("ID", "Homework 1", None),
    "moodle": (0, ("Grade", "Bewertung"), "Feedback"),
    "brightspace": ("Username", "Homework 1 Points Grade", None),
    "blackboard": ("Username", "Homework 1 [", None),
}


def decoded(content):
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF8, "utf-8")):
        if content.startswith(mark):
            return content[len(mark) :].decode(name), mark
    return content.decode(), b""


def split(text, delimiter):
    """Rows of cells as they are written, with their quotes; the last of a row is what ends its line."""
    rows, row, cell, quoted = [], [], "", False
    text = text.replace("\r\n", "\0")
    for letter in text:
        quoted ^= letter == '"'
        if quoted or letter not in (delimiter, "\r", "\n", "\0"):
            cell += letter
            continue
        row.append(cell)
        cell = ""
        if letter != delimiter:
            rows.append([*row, letter])
            row = []
    return [*rows, [*row, cell, ""]] if row or cell else rows


def bare(cell):
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def number(cell):
    with suppress(InvalidOperation):
        return Decimal(bare(cell).replace(",", "."))
    return None


class Table:
    def __init__(self, system, content):
        self.system = system
        text, self.mark = decoded(content)
        first = text.split("\n")[1 if text.startswith("sep=") else 0]
        self.rows = split(text, max(",;\t", key=first.count))
        self.top = next(at for at, row in enumerate(self.rows) if len(row) > 3)
        self.own, self.grade, self.text = (self.column(wanted) for wanted in COLUMNS[system])

    def column(self, wanted):
        """The place of a column: counted, or by a part of its header that comes first, or all of it."""
        if wanted is None or isinstance(wanted, int):
            return wanted
        header = [bare(cell) for cell in self.rows[self.top][:-1]]
        found = [
            at
            for at, cell in enumerate(header)
            if cell in (wanted if isinstance(wanted, tuple) else (wanted,))
        ]
        return (found or [at for at, cell in enumerate(header) if cell.startswith(wanted)] or [None])[0]

    def who(self, at):
        if at <= self.top or len(self.rows[at]) <= self.own + 1:
            return None
        cell = bare(self.rows[at][self.own]).strip()
        return cell.rpartition(" ")[2] if self.system == "moodle" else cell.removeprefix("#")


def faults(system, before, after, expected, texts=()):
    """What is wrong with a file in which only the points of these people should differ, and some texts."""
    old, new = Table(system, before), Table(system, after)
    if old.mark != new.mark:
        return ["the encoding or its mark changed"]
    if len(old.rows) != len(new.rows):
        return [f"{len(old.rows)} rows became {len(new.rows)}"]
    found = [fault for at in range(len(old.rows)) for fault in differences(old, new, at, expected, texts)]
    rows = {old.who(at): at for at in range(len(old.rows))}
    for who, points in expected.items():
        if who not in rows:
            found.append(f"{who} is not there")
        elif number(new.rows[rows[who]][new.grade]) != Decimal(points):
            found.append(f"{who} should have {points}, and has {new.rows[rows[who]][new.grade]!r}")
    return found + [
        f"{who} has no text" for who in texts if new.text and not bare(new.rows[rows[who]][new.text])
    ]


def differences(old, new, at, expected, texts):
    """What differs in a row and should not."""
    one, two, who = old.rows[at], new.rows[at], old.who(at)
    if one[-1] != two[-1] or len(one) != len(two):
        yield f"row {at}: its end or the number of its cells changed"
        return
    for column, (x, y) in enumerate(zip(one[:-1], two[:-1], strict=True)):
        if x == y or (column == old.text and who in texts):
            continue
        if column != old.grade or who not in expected or (x.startswith('"') and not y.startswith('"')):
            yield f"row {at}, column {column}: {x!r} became {y!r}"
        elif len(bare(y).replace(",", ".").partition(".")[2]) != 2:
            yield f"row {at}: {y} has not two decimals"
