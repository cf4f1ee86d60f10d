"""`results/`: what is known of a class, on disk, at any moment.

Files are put in place by renaming, rows by one transaction, and the row comes last: if this process is
killed, whatever has a row is whole, and whatever has none is done again.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from grader.errors import UsageError
from grader.model import Ruling, without_exhibits
from grader.results import codec, gradebook, rulings
from grader.results.folder import ResultsFolder

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from grader.model import Execution, Grade, Submission


class Store(ResultsFolder):
    """The one writer of a results folder. Open it with `Store.open` or, if it must exist, `Store.existing`."""

    def __init__(self, root: Path, database: sqlite3.Connection) -> None:
        super().__init__(root)
        self._database = database

    @classmethod
    @contextmanager
    def open(cls, root: Path) -> Iterator[Store]:
        """Create or continue a results folder.

        Raises:
            UsageError: it can't be written, holds other things, or another run is using it.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"The results folder {root} can't be made: {error.strerror}.") from None
        if not (root / gradebook.DATABASE).exists() and any(root.iterdir()):
            raise UsageError(f"{root} holds other files; name an empty or new folder with -o.")
        with closing(gradebook.connect(root)) as database:
            store = cls(root, database)
            store.clear_work()
            try:
                yield store
            finally:
                store.clear_work()

    @classmethod
    @contextmanager
    def existing(cls, root: Path) -> Iterator[Store]:
        """Continue a results folder that `grader run` has made.

        Raises:
            UsageError: it is none.
        """
        if not (root / gradebook.DATABASE).is_file():
            raise UsageError(
                f"{root} is not a results folder: it has no {gradebook.DATABASE}. Run `grader run` first."
            )
        with cls.open(root) as store:
            yield store

    # ---- the run

    def remember(self, **values: Any) -> None:
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        with self._database:
            self._database.executemany("insert or replace into run values (?, ?)", rows)

    def recall(self, name: str) -> Any:
        row = self._database.execute("select value from run where name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    # ---- the class

    def enrol(self, submissions: Sequence[Submission], roster: Mapping[str, Mapping[str, str]]) -> None:
        """Note who is in the class, with the columns of the roster; who left it keeps no grade."""
        rows = [
            (submission.student, position, submission.origin, json.dumps(roster.get(submission.student, {})))
            for position, submission in enumerate(submissions)
        ]
        with self._database:
            self._database.execute("delete from student")
            self._database.executemany("insert into student values (?, ?, ?, ?)", rows)
            self._database.execute("delete from execution where student not in (select student from student)")
            self._database.execute("delete from grade where student not in (select student from student)")
        self.remove_strangers({submission.student for submission in submissions})

    def students(self) -> list[tuple[str, str, dict[str, str]]]:
        """Name, origin and roster columns of each student, in the order of the class."""
        rows = self._database.execute("select student, origin, roster from student order by position")
        return [(student, origin, json.loads(roster)) for student, origin, roster in rows]

    # ---- executions

    def keep(self, execution: Execution, key: str) -> Execution:
        """Put an execution's folder into its place and remember it."""
        place = self.folder(execution.student)
        with self._database:
            self._forget(execution.student)
        if not execution.folder.exists():  # there was nothing to run
            execution.folder.mkdir(parents=True)
        self.put(execution.folder, place)
        kept = replace(execution, folder=place)
        row = (kept.student, key, kept.ending, codec.dump_execution(kept))
        with self._database:
            self._database.execute(
                "insert or replace into execution (student, key, ending, record) values (?, ?, ?, ?)", row
            )
        return kept

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
        return (self.ruled(grade) for grade in found if grade is not None)

    def grades(self) -> list[Grade]:
        """The same at once, without exhibits: these are most of a grade, and only its student sees them."""
        return [without_exhibits(grade) for grade in self.each_grade()]

    def readable_grades(self) -> list[Grade]:
        """Those that this release can read: where all are judged again, the others stop nobody."""
        grades = []
        for student, _, _ in self.students():
            with suppress(UsageError):
                grade = self.grade(student)
                grades += [without_exhibits(self.ruled(grade))] if grade else []
        return grades

    # ---- rulings

    def rule(self, decisions: Sequence[Ruling]) -> int:
        """Add rulings; one that changes nothing is left out. How many were new."""
        latest = {
            (each.check, each.group, each.student): (each.points, each.comment) for each in self.rulings()
        }
        rows = [
            (each.check, each.group, each.student, str(each.points), each.comment, each.by, each.at)
            for each in decisions
            if latest.get((each.check, each.group, each.student)) != (each.points, each.comment)
        ]
        with self._database:
            self._database.executemany(
                "insert into ruling (check_id, meaning, student, points, comment, by, at)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        return len(rows)

    def rulings(self) -> list[Ruling]:
        """Everything that was ever decided, oldest first."""
        rows = self._database.execute(
            "select check_id, meaning, student, points, comment, by, at from ruling order by number"
        )
        return [
            Ruling(
                check=check,
                group=group,
                student=student,
                points=Decimal(points),
                comment=comment,
                by=by,
                at=at,
            )
            for check, group, student, points, comment, by, at in rows
        ]

    def ruled(self, grade: Grade) -> Grade:
        """The grade with what people decided."""
        return rulings.apply(grade, self.rulings())

    def _key(self, table: str, student: str) -> str:
        """Under which a student's row is kept; empty if there is none. `table` is one of ours."""
        query = f"select key from {table} where student = ?"  # noqa: S608 - no value of a user's
        row = self._database.execute(query, (student,)).fetchone()
        return str(row[0]) if row else ""

    def _forget(self, student: str) -> None:
        self._database.execute("delete from execution where student = ?", (student,))
        self._database.execute("delete from grade where student = ?", (student,))
