"""The command line: the only place that prints or exits."""

from __future__ import annotations

import contextlib
import getpass
import json
import math
import os
import sys
import tempfile
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from grader import assignment as assignments
from grader import (
    datasets,
    doctor,
    intake,
    kit,
    progress,
    publish,
    reference,
    result,
    roster,
    run,
    terminal,
    validate,
    worker,
)
from grader.errors import GraderError, NotebookError, UsageError
from grader.judge import Bench, check_rubric
from grader.kernel.memory import Admission
from grader.kernel.sandbox import best_launcher
from grader.model import Outcome
from grader.reports import canvas, gradescope, junit, moodle, table
from grader.rulings import apply
from grader.rulings import read as read_rulings
from grader.session import Session
from grader.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from grader.assignment import Assignment
    from grader.model import Grade, Ruling, Submission

CORES = os.cpu_count() or 1
GRADED, BELOW, WRONG_USE, OURS, INTERRUPTED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="grader",
    help="Grade deep-learning notebooks: run them safely, judge what they did, explain the score.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="The data set that notebooks train on.", no_args_is_help=True)
app.add_typer(data_app, name="data")

out = Console()
err = Console(stderr=True)


class Profile(StrEnum):
    FULL = "full"
    QUICK = "quick"


class Sandbox(StrEnum):
    AUTO = "auto"
    NONE = "none"


class Format(StrEnum):
    GRADESCOPE = "gradescope"
    CANVAS = "canvas"
    MOODLE = "moodle"
    CSV = "csv"
    JUNIT = "junit"


AssignmentOption = Annotated[
    str, typer.Option("-a", "--assignment", help="Its id below rubrics/, or its folder.")
]
DataOption = Annotated[Path | None, typer.Option("--data", help="A folder with the data set's four files.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
JobsOption = Annotated[int, typer.Option("-j", "--jobs", min=1, help="Notebooks at the same time.")]
SandboxOption = Annotated[
    Sandbox, typer.Option(help="`auto` takes the strongest that starts here; `none` runs unconfined.")
]
ResultsArgument = Annotated[Path, typer.Argument(help="What `grader run` wrote.")]


@app.command("run")
def run_class(
    submissions: Annotated[Path, typer.Argument(help="A folder of hand-ins, in any layout that is known.")],
    assignment: AssignmentOption = "hw1",
    results: Annotated[Path, typer.Option("-o", "--output", help="Where the results go.")] = Path("results"),
    jobs: JobsOption = CORES,
    profile: Annotated[
        Profile, typer.Option(help="`quick` trains on a small embedded sample.")
    ] = Profile.FULL,
    sandbox: SandboxOption = Sandbox.AUTO,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Just this student; repeatable.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run notebooks again that did not change.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="X", help="Exit 1 if a total is below X points.")
    ] = None,
    data: DataOption = None,
    participation: Annotated[
        Path | None,
        typer.Option(help="CSV: student, participated. Default: participation.csv beside the hand-ins."),
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Change a limit; see `grader doctor`.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Adapt nothing for older or GPU notebooks.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Grade a class: run each notebook, judge it beside the reference, write the reports.

    An interrupted run goes on where it stopped; a notebook that did not change is not run again.

    **Examples**

        grader run submissions/

        grader run submissions/ -a hw1 -o results/ -j 4 --fail-under 5

        grader run submissions/ --only ana-lima --force
    """
    talk = Talk(quiet=as_json)
    place = _apart(results, submissions)
    chosen = _assignment(assignment, limit)
    dataset, notices = _dataset(data, profile, talk)
    class_ = intake.collect(submissions, limits=chosen.limits, assignment=chosen.id)
    students = _only(class_.submissions, only or ())
    facts, notes = _facts(participation, submissions, class_.submissions)
    talk.say(f"{len(class_.submissions)} submissions in the layout {class_.layout}, assignment {chosen.id}.")
    for note in [*class_.notes, *notes]:
        if not note.startswith(f"{roster.PARTICIPATION}: left alone"):
            talk.say(f"Note: {note}.")
    with (
        Store.open(place) as store,
        _temporary_files(store.temporary()),
        best_launcher(dataset.root, limits=chosen.limits, confined=sandbox is Sandbox.AUTO) as launcher,
        Admission() as admission,
        _pool(jobs, "What was graded is kept; the same command goes on from here.") as (executor, stop),
    ):
        talk.say(_confinement(launcher.enforced))
        with progress.ClassProgress(talk.console, len(students), jobs) as shown:
            session = Session(
                assignment=chosen,
                dataset=dataset,
                profile=profile.value,
                launcher=launcher,
                admission=admission,
                executor=executor,
                cache=datasets.user_cache(),
                on_event=shown,
                notices=tuple(notices),
                strict=strict,
                force=force,
                only=frozenset(students),
                stop=stop,
            )
            for _ in run.grade_all(class_.submissions, facts, session, store):
                pass
        grades = store.grades()
    if as_json:
        _print_json(table.grades_json(grades))
    else:
        out.print(terminal.class_table(grades, out.width))
        if any(grade.provisional for grade in grades):
            out.print("[dim]? a person decides, * provisional until then")
        _print_notices(notices)
        out.print(f"Report: [bold]{escape(str(results / 'index.html'))}", highlight=False, soft_wrap=True)
    raise typer.Exit(_exit_code(grades, fail_under))


@app.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your own notebook.")],
    assignment: AssignmentOption = "hw1",
    profile: Annotated[Profile, typer.Option(help="`full` trains on all of the data.")] = Profile.QUICK,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check your own notebook before you hand it in: the public checks, run on your machine without a sandbox.

    Exit code 0 only if no public check fails. What a person will read is shown as such and fails nothing.

    **Example**

        grader check hw1.ipynb
    """
    talk = Talk(quiet=as_json)
    if not notebook.is_file():
        raise UsageError(f"{notebook} is no file; name the notebook that you want to check.")
    chosen = _assignment(assignment, None)
    dataset, notices = _dataset(data, profile, talk)
    class_ = intake.collect(notebook, limits=chosen.limits)
    if class_.submissions[0].problem:
        raise NotebookError(class_.submissions[0].problem)
    with (
        tempfile.TemporaryDirectory(prefix="grader-check-") as folder,
        Store.open(Path(folder) / "results") as store,
        _temporary_files(store.temporary()),
        best_launcher(dataset.root, limits=chosen.limits, confined=False) as launcher,
        Admission() as admission,
        _pool(1, "Nothing was checked.") as (executor, stop),
        progress.ClassProgress(talk.console, 1, 1) as shown,
    ):
        session = Session(
            assignment=chosen,
            dataset=dataset,
            profile=profile.value,
            launcher=launcher,
            admission=admission,
            executor=executor,
            cache=datasets.user_cache(),
            on_event=shown,
            stop=stop,
        )
        (grade,) = run.grade_all(class_.submissions, {}, session, store)
    public = [each for each in grade.checks if each.visibility == "visible"]
    if as_json:
        _print_json(result.dumps(_public(grade)))
    else:
        out.print(terminal.checks(grade, public), highlight=False)
        _print_notices(notices)
    if any(each.outcome is Outcome.BROKEN for each in public):
        raise typer.Exit(OURS)
    good = (Outcome.PASSED, Outcome.REVIEW, Outcome.SKIPPED)
    raise typer.Exit(GRADED if all(each.outcome in good for each in public) else BELOW)


@app.command()
def regrade(
    results: ResultsArgument,
    assignment: Annotated[
        str | None, typer.Option("-a", "--assignment", help="Another rubric than before.")
    ] = None,
    rulings: Annotated[
        Path | None, typer.Option(help="A review.csv with points and comments filled in.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who decided; by default the user's name.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show who would change; write nothing.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Judge stored evidence again, without running any notebook: who changes, by how much, and why.

    What a person decided comes in through `--rulings`: fill in points and comments in results/review.csv, for a
    single answer or for all that mean the same (student `*`). Rulings are kept for good; later ones win.

    **Examples**

        grader regrade results/ --dry-run

        grader regrade results/ --rulings review.csv --by "Ada L."
    """
    talk = Talk(quiet=as_json)
    with Store.existing(results) as store:
        bench = _bench(store, assignment)
        publisher = publish.Publisher(store, bench.reference[0])
        before = {grade.student: grade for grade in store.grades()}
        judging = track(
            run.regrade_all(store, bench),
            "judging",
            total=len(before),
            console=talk.console,
            transient=True,
            disable=not talk.console.is_terminal,
        )
        judged = list(judging)
        decided = _rulings(rulings, [grade for grade, _ in judged], by)
        held = [*store.rulings(), *decided]
        grades = [apply(grade, held) for grade, _ in judged]
        if not dry_run:
            for grade, key in judged:
                store.record(grade, key)
            store.rule(decided)
            for grade in grades:
                publisher.student(grade)
            publisher.class_(grades, store.recall("notices") or [])
    changes = [
        (old, grade)
        for grade in grades
        if (old := before.get(grade.student)) is None
        or terminal.reasons(old, grade)
        or old.total != grade.total
    ]
    if as_json:
        _print_json(json.dumps([_change(before, after) for before, after in changes]))
    else:
        out.print(terminal.change_table(changes) if changes else "No grade changes.")
        out.print(
            "Nothing was written." if dry_run else f"{len(grades)} grades judged again.", highlight=False
        )
    raise typer.Exit(_exit_code([] if dry_run else grades, None))


@app.command()
def report(results: ResultsArgument) -> None:
    """Write the HTML reports and the tables again from what is stored.

    **Example**

        grader report results/
    """
    with Store.existing(results) as store:
        publisher = publish.Publisher(store, reference.stored(store)[0])
        grades = store.grades()
        for grade in grades:
            publisher.student(grade)
        index = publisher.class_(grades, store.recall("notices") or [])
    out.print(f"{len(grades)} reports: [bold]{escape(str(index))}", highlight=False, soft_wrap=True)


@app.command()
def export(
    format: Annotated[Format, typer.Argument(help="What reads it.")],  # noqa: A002 - the word a user types
    results: ResultsArgument,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A file; gradescope: a folder.")
    ] = None,
    fill: Annotated[
        Path | None, typer.Option(help="canvas, moodle: the gradebook CSV that was downloaded there.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="canvas: the assignment's column, if it is not the title.")
    ] = None,
    provisional: Annotated[
        bool, typer.Option("--provisional", help="canvas, moodle: fill in grades that are still open, too.")
    ] = False,
) -> None:
    """Turn results into the form that another system reads.

    **Examples**

        grader export csv results/ -o grades.csv

        grader export canvas results/ --fill gradebook.csv -o filled.csv

        grader export gradescope results/ -o gradescope/
    """
    with Store.existing(results) as store:
        grades = store.grades()
    if format is Format.GRADESCOPE:
        folder = output or Path("gradescope")
        for grade in grades:
            place = folder / grade.student
            _write(place / "results.json", gradescope.results_json(grade).encode())
        _say(f"{len(grades)} results.json below {folder}")
        return
    text, notes = _exported(format, grades, fill, column, provisional=provisional)
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text.encode())
    for note in notes:
        err.print(f"Note: {note}", markup=False, highlight=False, soft_wrap=True)


@app.command("kit")
def make_kit(
    assignment: Annotated[str, typer.Argument(help="Its id below rubrics/, or its folder.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The zip to write.")] = Path("kit.zip"),
) -> None:
    """Make what students get: the blank notebook and how to work with it, without any solution.

    **Example**

        grader kit hw1 -o kit.zip
    """
    chosen = _assignment(assignment, None)
    _write(output, kit.kit(chosen.master, chosen.id))
    _say(f"Wrote {output}")


@data_app.command("fetch")
def data_fetch(data: DataOption = None) -> None:
    """Find the data set, or download it; verify it; put it where kernels read it.

    **Example**

        grader data fetch
    """
    found = datasets.fetch(data, env=os.environ, cache=datasets.user_cache())
    out.print(f"{escape(str(found.root))} ({escape(found.provenance)})", highlight=False, soft_wrap=True)


@data_app.command("where")
def data_where(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say where the data set is looked for, and where it is.

    **Example**

        grader data where
    """
    places = datasets.where(data, env=os.environ, cache=datasets.user_cache())
    if as_json:
        rows = [{"name": place.name, "path": str(place.path), "found": place.found} for place in places]
        _print_json(json.dumps(rows))
        return
    for place in places:
        mark = "[green]found  " if place.found else "[dim]missing"
        out.print(
            f"{mark}[/]  {escape(place.name)}: {escape(str(place.path))}", highlight=False, soft_wrap=True
        )


@app.command("doctor")
def examine(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say what works on this machine: sandboxes by a real launch of each, data, memory, limits.

    **Example**

        grader doctor
    """
    findings = doctor.examine(data)
    if as_json:
        _print_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = {True: "[green]yes", False: "[red]no ", None: "[dim]-  "}[finding.works]
            out.print(
                f"{mark}[/]  [bold]{escape(finding.what)}[/]: {escape(finding.detail)}",
                highlight=False,
                soft_wrap=True,
            )


@app.command("validate")
def validate_rubric(
    assignment: Annotated[str, typer.Argument(help="Its id below rubrics/, or its folder.")] = "hw1",
    profile: Annotated[
        Profile, typer.Option(help="`quick` trains on a small embedded sample.")
    ] = Profile.FULL,
    jobs: JobsOption = CORES,
    sandbox: SandboxOption = Sandbox.AUTO,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Just this mutant; repeatable.")
    ] = None,
    results: Annotated[
        Path | None, typer.Option("-o", "--output", help="Keep the results here, to run only what changed.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grade small changes of the reference: a mistake must cost its points and no others, a rewrite nothing.

    Run it before a rubric is released, and whenever it changes. Exit code 1 if any grade is a surprise.

    **Examples**

        grader validate hw1 --profile quick

        grader validate hw1 -o validated/ --only no-zero-grad --json
    """
    talk = Talk(quiet=as_json)
    chosen = _assignment(assignment, None)
    catalogue = validate.load(chosen)
    catalogue.refuse_strangers(only or ())
    dataset, notices = _dataset(data, profile, talk)
    with (
        tempfile.TemporaryDirectory(prefix="grader-validate-") as folder,
        Store.open(results or Path(folder) / "results") as store,
        best_launcher(dataset.root, limits=chosen.limits, confined=sandbox is Sandbox.AUTO) as launcher,
        Admission() as admission,
        _pool(jobs, "Nothing was validated.") as (executor, stop),
        progress.ClassProgress(talk.console, len(only or catalogue.mutants), jobs) as shown,
    ):
        session = Session(
            assignment=chosen,
            dataset=dataset,
            profile=profile.value,
            launcher=launcher,
            admission=admission,
            executor=executor,
            cache=datasets.user_cache(),
            on_event=shown,
            only=frozenset(only or ()),
            stop=stop,
        )
        hand_ins = validate.submissions(catalogue, chosen, Path(folder) / "mutants")
        findings = sorted(validate.validate(catalogue, hand_ins, session, store), key=catalogue.position)
    surprises = sum(not finding.as_expected for finding in findings)
    if as_json:
        _print_json(json.dumps([asdict(finding) for finding in findings]))
    else:
        out.print(terminal.finding_table(findings))
        _print_notices(notices)
        out.print(f"{len(findings)} mutants, {surprises or 'no'} surprises.", highlight=False)
    raise typer.Exit(BELOW if surprises else GRADED)


class Talk:
    """Says what happens: on stderr, so that stdout is the result; nothing if a program reads us."""

    def __init__(self, *, quiet: bool) -> None:
        self.console = Console(stderr=True, quiet=quiet)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _assignment(name: str, limits: Sequence[str] | None) -> Assignment:
    chosen = assignments.load(assignments.locate(name))
    check_rubric(chosen)
    changes = {}
    for entry in limits or ():
        key, _, value = entry.partition("=")
        try:
            changes[key] = float(value)
        except ValueError:
            changes[key] = math.nan
        if not math.isfinite(changes[key]):
            raise UsageError(f"--limit {entry}: write NAME=NUMBER, for example cell_floor=60.")
    return replace(chosen, limits=assignments.with_limits(chosen.limits, changes))


def _dataset(explicit: Path | None, profile: Profile, talk: Talk) -> tuple[datasets.Dataset, list[str]]:
    """The data to train on; with a sample of it, what must be said about that."""
    cache = datasets.user_cache()
    if profile is Profile.FULL:
        found = datasets.find(explicit, env=os.environ, cache=cache)
        if found is not None:
            return found, []
        notice = (
            "PROVISIONAL GRADES: the full data set was not found, so every notebook trained on a small sample of "
            "it. `grader data fetch` gets it; then run again."
        )
        talk.console.print(f"[bold yellow]{escape(notice)}", soft_wrap=True)
        return datasets.subset(cache), [notice]
    notice = "PROVISIONAL GRADES: the quick profile trains on a small sample of the data set."
    return datasets.subset(cache), [notice]


def _confinement(enforced: Mapping[str, Any]) -> str:
    """What holds for the notebooks of this run, in one line."""
    return "Sandbox: " + ", ".join(f"{name} {value}" for name, value in enforced.items())


def _apart(results: Path, submissions: Path) -> Path:
    """The results folder, if it does not lie where the next run would take it for a hand-in.

    Raises:
        UsageError: it does.
    """
    if submissions.resolve() in (results.resolve(), *results.resolve().parents):
        raise UsageError(f"The results folder {results} lies among the hand-ins; name another one with -o.")
    return results


def _only(submissions: Sequence[Submission], wanted: Sequence[str]) -> list[str]:
    """The students to grade.

    Raises:
        UsageError: `wanted` names somebody who is not there.
    """
    known = [each.student for each in submissions]
    for name in wanted:
        if name not in known:
            raise UsageError(f"--only {name}: there is no such student. There are: {', '.join(known[:20])}.")
    return [name for name in known if not wanted or name in wanted]


def _facts(
    explicit: Path | None, submissions: Path, class_: Sequence[Submission]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """What the participation list says, and its rows that are of nobody."""
    path = explicit or submissions / roster.PARTICIPATION
    if explicit is None and not path.is_file():
        return {}, []
    facts, strangers = roster.read(path, [each.student for each in class_])
    return facts, [f"{path.name} names {name}, who handed nothing in" for name in strangers]


def _rulings(path: Path | None, grades: Sequence[Grade], by: str | None) -> list[Ruling]:
    if path is None:
        return []
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return read_rulings(_text(path), grades, source=path.name, by=by or getpass.getuser(), at=at)


def _bench(store: Store, assignment: str | None) -> Bench:
    """What an earlier run judged against, with its own rubric or another one."""
    runs = reference.stored(store)
    rubric = assignment or store.recall("assignment")
    if assignment is None and not Path(rubric).is_dir():
        raise UsageError(f"The rubric of {store.root} is no longer in {rubric}; name its folder with -a.")
    chosen = _assignment(rubric, None)
    return Bench(
        assignment=chosen.folder,
        profile=store.recall("profile"),
        reference=runs,
        dataset=_same_data(complete=store.recall("complete")),
    )


def _same_data(*, complete: bool) -> datasets.Dataset:
    """The data that an earlier run trained on.

    Raises:
        UsageError: that was the full set, and it is not here.
    """
    cache = datasets.user_cache()
    found = datasets.find(env=os.environ, cache=cache) if complete else datasets.subset(cache)
    if found is None:
        raise UsageError(
            "This class trained on the full data set, which is not here; `grader data fetch` gets it."
        )
    return found


@contextlib.contextmanager
def _temporary_files(folder: Path) -> Iterator[None]:
    """Temporary files of this process, and of all that it starts, go below `folder`."""
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before[0]
        os.environ.pop("TMPDIR")
        if before[1] is not None:
            os.environ["TMPDIR"] = before[1]


@contextlib.contextmanager
def _pool(jobs: int, interrupted: str) -> Iterator[tuple[Executor, threading.Event]]:
    """Threads that each wait for one worker process. Whatever ends the run ends them first."""
    executor, stop = ThreadPoolExecutor(jobs, thread_name_prefix="notebook"), threading.Event()
    try:
        yield executor, stop
    except KeyboardInterrupt:
        err.print(f"\nInterrupted. {interrupted}", highlight=False, soft_wrap=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        stop.set()
        executor.shutdown(cancel_futures=True)


def _exported(
    form: Format,
    grades: Sequence[Grade],
    fill: Path | None,
    column: str | None,
    *,
    provisional: bool,
) -> tuple[str, Sequence[str]]:
    match form:
        case Format.CSV:
            return table.grades_csv(grades), ()
        case Format.JUNIT:
            return junit.junit_xml(grades), ()
        case Format.CANVAS if fill is not None:
            filled = canvas.fill(_text(fill), grades, column=column, provisional=provisional)
        case Format.MOODLE if fill is not None:
            filled = moodle.fill(_text(fill), grades, provisional=provisional)
        case _:
            raise UsageError(f"{form} fills a gradebook that you downloaded there: name it with --fill.")
    left = [*filled.left_out, *(f"no grade for {row}" for row in filled.without_grade), *filled.notes]
    return filled.text, left


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read as UTF-8 text: {error}") from None


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}. Name another place with -o.") from None


def _say(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _print_json(text: str) -> None:
    """Nothing but the document, with its decimals as they are."""
    sys.stdout.write(f"{text.rstrip()}\n")


def _exit_code(grades: Sequence[Grade], fail_under: float | None) -> int:
    if any(
        grade.ending.ours or any(check.outcome is Outcome.BROKEN for check in grade.checks)
        for grade in grades
    ):
        return OURS
    below = fail_under is not None and any(float(grade.total) < fail_under for grade in grades)
    return BELOW if below else GRADED


def _print_notices(notices: Sequence[str]) -> None:
    for notice in notices:
        out.print(f"[bold yellow]{escape(notice)}", soft_wrap=True)


def _public(grade: Grade) -> Grade:
    """The grade without what students may not see yet."""
    questions = tuple(
        replace(question, checks=tuple(each for each in question.checks if each.visibility == "visible"))
        for question in grade.questions
    )
    return replace(grade, questions=questions)


def _change(before: Grade | None, after: Grade) -> dict[str, Any]:
    return {
        "student": after.student,
        "before": float(before.total) if before else None,
        "after": float(after.total),
        "why": terminal.reasons(before, after),
    }


def main() -> None:
    """Run the command line; every error of ours is one clear line and an exit code."""
    worker.prepare()
    try:
        app()
    except UsageError as error:
        err.print(f"[bold red]error[/]: {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(WRONG_USE)
    except GraderError as error:
        err.print(f"[bold red]our fault[/]: {escape(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(OURS)
    except Exception as error:  # noqa: BLE001 - the last door: 1, Python's own code, would mean graded
        traceback.print_exc()
        words = f"{type(error).__name__}: {error}"
        err.print(f"[bold red]our fault[/]: {escape(words)}", highlight=False, soft_wrap=True)
        sys.exit(OURS)


if __name__ == "__main__":
    main()
