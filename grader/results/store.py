"""`results/`: what is known of a class, on disk, at any moment.

Files are put in place by renaming, rows by one transaction, and the row comes last: if this process is
killed, whatever has a row is whole, and whatever has none is done again.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from grader import course
from grader.course import Rules
from grader.errors import UsageError
from grader.legible import listing
from grader.model import Ending, Identity, without_exhibits
from grader.results import codec, gradebook, rulings
from grader.results.decisions import Decisions
from grader.results.folder import STUDENTS, ResultsFolder
from grader.results.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from grader.model import Arrival, Execution, Grade, Ruling, Submission


class Store(ResultsFolder):
    """The one writer of a results folder. Open it with `Store.open` or, if it must exist, `Store.existing`."""

    def __init__(self, root: Path, database: sqlite3.Connection) -> None:
        super().__init__(root)
        self._database = database
        self._ledger = Ledger(database, root)

    @classmethod
    @contextmanager
    def open(cls, root: Path, *, searched: bool = True) -> Iterator[Store]:
        """Create or continue a results folder. With `searched`, its gradebook is searched for damage.

        Raises:
            UsageError: it can't be written, holds other things, or another run is using it.
        """
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The results folder {root} can't be made: {error.strerror}.") from None
        if not (root / gradebook.DATABASE).exists() and any(root.iterdir()):
            raise UsageError(f"{root} holds other files; name an empty or new folder with -o.")
        with suppress(OSError):  # somebody else's, who let us write
            root.chmod(0o700)
        with closing(gradebook.connect(root, searched=searched)) as database, gradebook.explaining(root):
            store = cls(root, database)
            store.clear_work()
            try:
                yield store
            finally:
                store.clear_work()

    @classmethod
    @contextmanager
    def existing(cls, root: Path, *, searched: bool = True) -> Iterator[Store]:
        """Continue a results folder that `grader run` has made.

        Raises:
            UsageError: it is none.
        """
        if not (root / gradebook.DATABASE).is_file():
            raise UsageError(
                f"{root} is not a results folder: it has no {gradebook.DATABASE}. Run `grader run` first."
            )
        with cls.open(root, searched=searched) as store:
            yield store

    # ---- the run

    def remember(self, **values: Any) -> None:
        with self._database:
            self._remember(**values)

    def _remember(self, **values: Any) -> None:
        rows = [(name, json.dumps(msgspec.to_builtins(value))) for name, value in values.items()]
        self._database.executemany("insert or replace into run values (?, ?)", rows)

    def recall(self, name: str) -> Any:
        row = self._database.execute("select value from run where name = ?", (name,)).fetchone()
        with gradebook.unchanged(self.root):
            return json.loads(row[0]) if row else None

    # ---- the class

    def refuse_another(self, assignment: str) -> None:
        """See that this folder is for an assignment, by its id, or for none yet.

        Raises:
            UsageError: it holds the grades of another one.
        """
        query = "select json_extract(result, '$.assignment') from grade where json_valid(result) limit 1"
        graded = self._database.execute(query).fetchone()  # earlier releases did not note it
        executed = self._database.execute("select 1 from execution limit 1").fetchone()
        owner = graded[0] if graded else self.recall("assignment_id") if executed else None
        if owner not in (None, assignment):
            raise UsageError(
                f"{self.root} holds the grades of the assignment {owner!r}, and a results folder is for one "
                f"assignment. Nothing was changed. Grade {assignment!r} into a folder of its own: repeat "
                f"`grader run` with `-o {self.root}-{assignment}`."
            )

    def enrol(
        self,
        submissions: Sequence[Submission],
        roster: Mapping[str, Mapping[str, str]],
        *,
        drop: bool = False,
    ) -> None:
        """Note who is in the class, with the columns of the roster; with `drop`, who left it keeps no grade.

        Raises:
            UsageError: students who were graded are no longer in the class, and `drop` was not given.
        """
        known = {submission.student for submission in submissions}
        query = "select student from execution union select student from grade order by student"
        gone = [student for (student,) in self._database.execute(query) if student not in known]
        if gone and not drop:
            raise UsageError(
                f"{len(gone)} of the students graded in {self.root} would be dropped, because these submissions "
                f"do not contain them: {listing(gone)}. Nothing was changed. If they left the class, repeat the "
                "command with --drop; if these are other submissions, choose another folder with -o."
            )
        rows = [
            (
                submission.student,
                position,
                submission.origin,
                json.dumps(roster.get(submission.student, {})),
                codec.dump_enrolled(submission),
            )
            for position, submission in enumerate(submissions)
        ]
        with self._database:
            self._database.execute("delete from student")
            self._database.executemany("insert into student values (?, ?, ?, ?, ?)", rows)
            self._database.execute("delete from execution where student not in (select student from student)")
            self._database.execute("delete from grade where student not in (select student from student)")
        self.remove_strangers(known)

    def missing(self) -> list[Identity]:
        """Who is on the roster of the last run and handed in nothing."""
        with gradebook.unchanged(self.root):
            return msgspec.convert(self.recall("missing") or [], list[Identity])

    def students(self) -> list[tuple[str, str, dict[str, str]]]:
        """Name, origin and roster columns of each student, in the order of the class."""
        rows = self._database.execute("select student, origin, roster from student order by position")
        with gradebook.unchanged(self.root):
            return [(student, origin, json.loads(roster)) for student, origin, roster in rows]

    def arrivals(self) -> dict[tuple[str, str], Arrival]:
        """When each hand-in came and until when there was time, by student and origin, as of the last run."""
        rows = self._database.execute("select student, origin, enrolled from student")
        return {
            (student, origin): codec.load_enrolled(text, source=f"What is known of {student}").arrival
            for student, origin, text in rows
        }

    def forget(self, student: str) -> dict[str, int]:
        """Delete a student's rows here and in backups; how many of each kind. The files are left alone."""
        answers = self._own_answers(student)
        rows = 0
        for path in self._backups():  # first: who is gone from the gradebook has no answers to look for
            with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path)) as backup:
                backup.execute("pragma secure_delete = on")
                rows += sum(gradebook.forget(backup, student, answers).values())
        return gradebook.forget(self._database, student, answers) | {"backup row": rows}

    def _backups(self) -> Iterator[Path]:
        """Every other database that is not in a student's folder, where strangers' files are."""
        for top in self.root.iterdir():
            if top.name != STUDENTS and not top.is_symlink():
                for path in (top, *top.rglob("*")):
                    if path != self.root / gradebook.DATABASE and gradebook.is_database(path):
                        yield path

    def _own_answers(self, student: str) -> set[tuple[str, str]]:
        """The answers that only this student gave; none if not all grades can be read, so that nobody can tell."""
        grades = self.readable_grades()
        if len(grades) < self._database.execute("select count(*) from grade").fetchone()[0]:
            return set()
        own = {each.student: set(rulings.answers(each)) for each in grades}
        return own.pop(student, set()).difference(*own.values())

    # ---- executions

    def keep(self, execution: Execution, key: str, conditions: Mapping[str, str] | None = None) -> Execution:
        """Put an execution's folder into its place and remember it, with what the assignment gave it."""
        place = self.folder(execution.student)
        with self._database:
            self._note_rulings(execution.student)
            self._forget(execution.student)
        if not execution.folder.exists():  # there was nothing to run
            execution.folder.mkdir(parents=True)
        self.put(execution.folder, place)
        kept = replace(execution, folder=place)
        record, given = codec.dump_execution(kept), json.dumps(conditions or {})
        row = (kept.student, key, kept.ending, record, given, secrets.token_hex(8))
        with self._database:
            self._database.execute(
                "insert or replace into execution (student, key, ending, record, conditions, run)"
                " values (?, ?, ?, ?, ?, ?)",
                row,
            )
        return kept

    def note_conditions(self, student: str, conditions: Mapping[str, str]) -> None:
        with self._database:
            self._database.execute(
                "update execution set conditions = ? where student = ? and conditions = '{}'",
                (json.dumps(conditions), student),
            )

    def outdated(self, conditions: Mapping[str, str], reference: str) -> dict[str, list[str]]:
        """Whose run was given something else than the assignment would give it now, and what that is.

        `conditions` and `reference` are `keys.of_conditions` and `keys.of_reference`. Of runs of earlier releases
        nothing is known, and an unreadable hand-in was given nothing.
        """
        shared = ["the reference notebook"] if self.recall("master") not in (None, reference) else []
        rows = self._database.execute(
            "select student, conditions from student join execution using (student) where ending != ?"
            " order by position",
            (Ending.UNREADABLE,),
        )
        found = {
            student: [
                *shared,
                *(name for name, then in json.loads(text).items() if conditions.get(name) != then),
            ]
            for student, text in rows
        }
        return {student: parts for student, parts in found.items() if parts}

    def execution(self, student: str, *, key: str | None = None) -> Execution | None:
        """A student's execution; with `key`, only if it is of just that notebook, plan and environment."""
        row = self._database.execute(
            "select key, record from execution where student = ?", (student,)
        ).fetchone()
        if row is None or (key is not None and row[0] != key) or not self.folder(student).is_dir():
            return None
        return codec.load_execution(row[1], self.folder(student), source=f"The stored run of {student}")

    def execution_key(self, student: str) -> str:
        return self._key("execution", student)

    # ---- grades

    def record(self, grade: Grade, key: str) -> None:
        with self._database:
            self._note_rulings(grade.student, grade)
            self._database.execute(
                "insert or replace into grade (student, key, result) values (?, ?, ?)",
                (grade.student, key, codec.dumps(grade)),
            )

    def grade(self, student: str, *, key: str | None = None) -> Grade | None:
        row = self._database.execute("select key, result from grade where student = ?", (student,)).fetchone()
        if row is None or (key is not None and row[0] != key):
            return None
        return codec.loads(row[1], source=f"The stored grade of {student}")

    def grade_key(self, student: str) -> str:
        return self._key("grade", student)

    def each_grade(self) -> Iterator[Grade]:
        """All grades there are, in the order of the class, with what people decided."""
        found = (self.grade(student) for student, _, _ in self.students())
        return (self.settled(grade) for grade in found if grade is not None)

    def grades(self) -> list[Grade]:
        """The same at once, without exhibits: these are most of a grade, and only its student sees them."""
        return [without_exhibits(grade) for grade in self.each_grade()]

    def readable_grade(self, student: str) -> Grade | None:
        """A grade, if this release can read it: where all are judged again, the others stop nobody."""
        with suppress(UsageError):
            return self.grade(student)
        return None

    def readable_grades(self) -> list[Grade]:
        found = (self.readable_grade(student) for student, _, _ in self.students())
        return [without_exhibits(self.settled(grade)) for grade in found if grade is not None]

    def regrade(
        self, judged: Iterable[tuple[Grade, str]], decisions: Sequence[Ruling], rules: Rules | None = None
    ) -> None:
        """Record grades with their keys, rulings and the course's rules, all or none.

        What they replace is kept as a version.
        """
        rows = [(grade.student, key, codec.dumps(grade)) for grade, key in judged]
        with self._database:
            stored = dict(self._database.execute("select student, result from grade"))
            changed = [student for student, _, result in rows if stored.get(student, result) != result]
            new, version = self._ledger.new(decisions), None
            before = json.dumps(self.recall("rules")) if rules not in (None, self.rules()) else None
            if changed or new or before:
                version = self._database.execute(
                    "insert into version (ruling, rules) values (?, ?)", (self._ledger.last, before)
                ).lastrowid
                self._database.executemany(
                    "insert into earlier_grade select ?, student, execution.key || run, grade.key, result"
                    " from grade join execution using (student) where student = ?",
                    [(version, student) for student in changed],
                )
            self._database.executemany(
                "insert or replace into grade (student, key, result) values (?, ?, ?)", rows
            )
            self._ledger.add(new)
            self._database.execute(
                "update version set last = ? where number = ?", (self._ledger.last, version)
            )
            if rules is not None:
                self._remember(rules=rules)

    def undo(self) -> tuple[str, int, int, int]:
        """Go back to the grades before the last regrade.

        Returns when that was, how many rulings are withdrawn, and how many grades are restored. Whoever was run
        again since then keeps the newer grade; how many these are comes last.

        Raises:
            UsageError: there is no version to go back to.
        """
        last = self._database.execute(
            "select number, ruling, last, at, rules from version order by number desc limit 1"
        ).fetchone()
        if last is None:
            raise UsageError(f"There is no earlier regrade left to undo in {self.root}.")
        number, ruling, until, at, rules = last
        with self._database:
            restored = self._database.execute(
                "insert or replace into grade (student, key, result)"
                " select student, earlier_grade.key, result from earlier_grade join execution using (student)"
                " where version = ? and execution = execution.key || run",
                (number,),
            ).rowcount
            kept = self._database.execute("delete from earlier_grade where version = ?", (number,)).rowcount
            withdrawn = self._ledger.withdraw(after=ruling, last=until)
            if rules is not None:
                self._remember(rules=json.loads(rules))
            self._database.execute("delete from version where number = ?", (number,))
        return at, withdrawn, restored, kept - restored

    # ---- rulings

    @property
    def decisions(self) -> Decisions:
        """What people decide one by one, and the items by which they do."""
        return Decisions(self._database, self._ledger, self.grade)

    def rule(self, decisions: Sequence[Ruling]) -> int:
        """Add rulings; one that changes nothing is left out. How many were new."""
        new = self._ledger.new(decisions)
        with self._database:
            self._ledger.add(new)
        return len(new)

    def rulings(self) -> list[Ruling]:
        """Everything that was ever decided and not undone, oldest first, whatever the clock said."""
        return self._ledger.rulings()

    def settled(
        self, grade: Grade, decided: Sequence[Ruling] | None = None, rules: Rules | None = None
    ) -> Grade:
        """The grade with whose it is, with what people decided, and with what being late costs.

        `decided` and `rules` are those of this folder, unless others are given.
        """
        ruled = rulings.apply(grade, self.rulings() if decided is None else decided)
        row = self._database.execute("select enrolled from student where student = ?", (grade.student,))
        enrolled = codec.load_enrolled(
            (row.fetchone() or ("{}",))[0], source=f"What is known of {grade.student}"
        )
        ruled = replace(ruled, identity=enrolled.identity, people=enrolled.people)
        return course.settled(ruled, enrolled.arrival, rules or self.rules())

    def rules(self) -> Rules:
        """The course's, as of the last run or regrade."""
        with gradebook.unchanged(self.root):
            return msgspec.convert(self.recall("rules") or {}, Rules)

    def chosen_by(self) -> Rules:
        """The rules by which the last run chose among attempts; earlier releases did not note them apart."""
        with gradebook.unchanged(self.root):
            return msgspec.convert(self.recall("chosen_by") or self.recall("rules") or {}, Rules)

    def _note_rulings(self, student: str, now: Grade | None = None) -> None:
        """Note what was decided about answers that are to be replaced."""
        before = self.readable_grade(student)
        if before is not None:
            self._ledger.add(self._ledger.new(rulings.notes_of(self.settled(before), now)))

    def _key(self, table: str, student: str) -> str:
        """Under which a student's row is kept; empty if there is none. `table` is one of ours."""
        query = f"select key from {table} where student = ?"  # noqa: S608 - no value of a user's
        row = self._database.execute(query, (student,)).fetchone()
        return str(row[0]) if row else ""

    def _forget(self, student: str) -> None:
        self._database.execute("delete from execution where student = ?", (student,))
        self._database.execute("delete from grade where student = ?", (student,))
