"""Who is in the class: a table with a row for each student, written by a person or exported by a course system.

Columns are known by their names, in English and as Moodle names them in German, French and Spanish.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from grader import course, csvs
from grader.errors import UsageError
from grader.intake import dates
from grader.intake.layouts.model import known
from grader.intake.listing import readable
from grader.intake.naming import folded
from grader.legible import listing
from grader.model import Arrival, Identity
from grader.names import in_any_order

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

MOST_BYTES = 16 << 20
_SPELLED = {
    "student": "student",
    "name": "name, full name, student name, display name, vollständiger name, nom complet, nombre completo",
    "first": "first name, given name, vorname, prénom, nombre",
    "last": "last name, surname, family name, nachname, familienname, nom, nom de famille, apellido, apellidos, "
    "apellido(s)",
    "id": "id, student id, student number, id number, sid, user id, sis id, sis user id, orgdefinedid, identifier, "
    "github id, matrikelnummer, id-nummer, identifiant, numéro d'identification, número de id, id del participante",
    "login": "login, login id, sis login id, username, user name, github, github username, anmeldename, "
    "nom d'utilisateur, nombre de usuario",
    "email": "email, e-mail, mail, email address, e-mail address, e-mail-adresse, adresse de courriel, courriel, "
    "adresse e-mail, correo, correo electrónico, dirección de correo, dirección email",
    "section": "section, sections",
    "team": "team, group, groups, group name, gruppe, gruppen, groupe, groupes, équipe, grupo, grupos, equipo",
    "role": "role, roles, rolle, rollen, rôle, rôles, rol",
    "due": "due, due date, due time",
    "extension": "extension",
    "submitted": "submitted, submitted at, submission time, last modified (submission)",
}
KINDS = {
    form: kind
    for kind, names in _SPELLED.items()
    for name in names.split(", ")
    for form in (name, name.replace(" ", "_"), name.replace(" ", ""))
}
"""What each known name of a column means."""
WHO = ("student", "name", "first", "last", "id", "login", "email")
"""The kinds of columns that say who it is."""
TIMES = ("due", "extension", "submitted")
_STAFF = re.compile(r"instructor|ta|reader|(?:\S+ )*teacher|teaching assistant|manager|observer|designer")
_NOBODY = frozenset({"points possible", "student, test", "test student"})
"""What Canvas calls rows of no student."""
_PARTICIPANT = re.compile(r"\A(?:participant|teilnehmer(?:/in)?|participante) ?(?=\d)", re.IGNORECASE)
"""What Moodle writes before its numbers."""
_QUOTED = re.compile(r'="([^"]*)"')
"""How a spreadsheet is told to keep the zeros in front of a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What the table says of a student."""

    number: int
    """In a spreadsheet."""
    cells: Mapping[str, str]
    """By the names of the columns, in lower case."""
    identity: Identity
    alias: str = ""
    """What stands in the column `student`: a name, or what we call the student."""
    ids: frozenset[str] = frozenset()
    """As `key` makes them."""
    login: str = ""
    known: frozenset[str] = frozenset()
    """Every id, login and address, as `key` makes them."""
    teams: frozenset[str] = frozenset()
    """As `in_any_order` makes them."""
    arrival: Arrival = field(default_factory=Arrival)

    def __str__(self) -> str:
        who = self.identity
        return f"{who.name or who.id or readable(self.login) or who.email} (row {self.number})"


def text_of(path: Path) -> str:
    """A table as text.

    Raises:
        UsageError: it can't be read, is no text, or far too large.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES >> 20} MiB; is it a list of students?")
        text = csvs.decoded(path.read_bytes(), name=str(path))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from None
    if "\0" in text:
        raise UsageError(f"{path} is not a text file; save it again as CSV in UTF-8.")
    return text


def read(path: Path, *, times: bool = True) -> list[Row]:
    """The rows that name a student; without `times`, when work is due or came is not read.

    Raises:
        UsageError: it is not such a table, or says something that can't be understood; with the row.
    """
    table = csvs.read(text_of(path), name=str(path), columns=KINDS)
    top, header = csvs.header(table, KINDS)
    columns = _columns(path, [name if times or KINDS.get(name) not in TIMES else "" for name in header])
    if not columns.keys() & set(WHO):
        has = listing([readable(name) for name in header if name]) or "nothing"
        raise UsageError(
            f"{path} has no column that says who it is, such as name, id, login, email or student; it has: {has}. "
            "Name the columns in the first row."
        )
    rows: list[Row] = []
    first: dict[str, Row] = {}
    for number, cells in enumerate(table[top + 1 :], start=top + 2):
        try:
            row = _row(number, cells, columns, header)
        except ValueError as error:
            raise UsageError(f"{path}, row {number}: {error}.") from None
        if row is None:
            continue
        who = row.identity.id or row.alias
        before = first.setdefault(who or f"row {number}", row)
        if before is row:
            rows.append(row)
        elif replace(row, number=before.number) != before:
            raise UsageError(
                f"{path}, rows {before.number} and {number}: two different rows for {readable(who)}; "
                "keep one of them."
            )
    return rows


def key(text: str) -> str:
    """An id as it is compared: numbers without zeros in front, which spreadsheets drop."""
    text = _PARTICIPANT.sub("", text.strip().lstrip("#")).casefold()
    return text.lstrip("0") or text if text.isdecimal() else text


def _columns(path: Path, header: list[str]) -> dict[str, list[int]]:
    """Where each kind of column is.

    Raises:
        UsageError: there are two where only one can be right.
    """
    columns: dict[str, list[int]] = {}
    for at, name in enumerate(header):
        if name in KINDS:
            columns.setdefault(KINDS[name], []).append(at)
    for kind in ("student", *TIMES):
        if len(columns.get(kind, ())) > 1:
            names = " and ".join(f"`{header[at]}`" for at in columns[kind])
            raise UsageError(f"{path} has the columns {names}, which mean the same; remove one of them.")
    return columns


def _row(number: int, cells: list[str], columns: Mapping[str, list[int]], header: list[str]) -> Row | None:
    """None for a row of nobody, or of staff.

    Raises:
        ValueError: a cell can't be understood; it says which.
    """
    found = {
        kind: [_value(cells[at]) for at in places if at < len(cells)] for kind, places in columns.items()
    }
    said = {kind: next(filter(None, values), "") for kind, values in found.items()}
    alias, ids = said.get("student", ""), [each.lstrip("#") for each in found.get("id", ()) if each]
    given, family, name = said.get("first", ""), said.get("last", ""), said.get("name", "")
    name = f"{given} {family or name}".strip() if family or given not in name else name
    identity = Identity(
        name=_known(name or alias),
        id=_known(_PARTICIPANT.sub("", ids[0])) if ids else None,
        email=_known(said.get("email", "")),
        section=_known(said.get("section", "")),
    )
    is_person = any(said.get(kind) for kind in WHO) and (name or alias).strip().lower() not in _NOBODY
    if not is_person or _STAFF.fullmatch(said.get("role", "").lower()):
        return None
    teams = (in_any_order(each) for each in re.split("[,;]", said.get("team", "")))
    return Row(
        number=number,
        cells={name: csvs.unescape_formula(cell.strip()) for name, cell in zip(header, cells, strict=False)},
        identity=identity,
        alias=folded(alias),
        ids=frozenset(map(key, ids)),
        login=said.get("login", "").lstrip("#").casefold(),
        known=frozenset(key(each) for kind in ("id", "login", "email") for each in found.get(kind, ()))
        - {""},
        teams=frozenset().union(*teams),
        arrival=Arrival(
            at=_date("submitted", said),
            due=_date("due", said),
            extension=_extension(said.get("extension", "")),
        ),
    )


def _known(text: str) -> str | None:
    return readable(said) if (said := known(text)) else None


def _value(cell: str) -> str:
    cell = cell.strip()
    if quoted := _QUOTED.fullmatch(cell):
        return quoted[1]
    if cell.startswith("="):
        raise ValueError(f"{readable(cell[:40])} is a formula; paste its value in its place")
    return csvs.unescape_formula(cell)


def _date(kind: str, said: Mapping[str, str]) -> datetime | None:
    text = said.get(kind, "").strip("-")
    date = dates.read(text)
    if text and (date is None or not 1970 <= date.year < 2200):
        raise ValueError(
            f"`{kind}` is {readable(text[:40])!r}, not a date with a time; write it as in 2026-02-12 23:59"
        )
    return date


def _extension(text: str) -> timedelta:
    try:
        return course.duration(text) if text.strip("-0") else timedelta()
    except ValueError as error:
        raise ValueError(f"`extension` is {readable(text[:40])!r}; {error}") from None
