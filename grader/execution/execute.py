"""Submission -> Execution: one notebook through nbclient, its outputs and evidence into a folder."""

from __future__ import annotations

import importlib.util
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import nbformat

from grader import evidence, notebook
from grader.errors import EvidenceError, HarnessError
from grader.kernel import KernelRequest
from grader.kernel.ending import on_a_sample
from grader.kernel.gaps import gaps
from grader.kernel.guard import run_notebook, runnable
from grader.kernel.probing import Probing
from grader.model import SUBMITTED, Ending, Execution, Flag, FlagKind
from grader.source import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from nbformat import NotebookNode

    from grader.kernel import Launcher
    from grader.kernel.ending import Run
    from grader.kernel.probing import Inputs
    from grader.session import Plan

PRELUDE = ("compat", "probe")
TORCH = ("torch", "torchvision")
FAST = ("fastdata",)
"""What else a notebook gets that uses torch, if both packages are here."""
MOST_CODE = 1 << 20
"""Bytes of a module beside the notebook that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One notebook to run, and where its execution goes."""

    student: str
    source: Path
    support: tuple[tuple[str, Path], ...]
    folder: Path
    plan: Plan
    cell_deadline: float
    """In seconds of processor time."""
    notebook_deadline: float


def execute(job: Job, launcher: Launcher, progress: Callable[[Any], None]) -> Execution:
    """Run one notebook. `progress` is told ``(cells begun, cells in all)``.

    Raises:
        NotebookError: the source is not a notebook.
        HarnessError: our side broke.
    """
    handed_in = notebook.read(job.source, limits=job.plan.limits)
    job.folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(job.source, job.folder / SUBMITTED)  # now: it may be gone when its run has ended
    nb = notebook.without_outputs(handed_in)
    support = _laid_out(job)
    source = _source(nb, support)
    imports = _imports(source, job.plan)
    request = KernelRequest(
        seed=job.plan.seed,
        data=job.plan.data,
        folder=job.plan.folder,
        limits=job.plan.limits,
        imports=imports,
        prelude=_prelude(imports, job.plan),
        options=_options(source, job.plan),
        support=support,
    )
    probing = Probing(
        inputs=_inputs(job.plan),
        seed=f"{job.plan.seed} {notebook.content_key(handed_in)}",
        most=job.plan.limits.evidence,
    )
    started = time.monotonic()
    with launcher.kernel(request) as kernel:
        run = run_notebook(
            nb,
            kernel,
            limits=job.plan.limits,
            cell_deadline=job.cell_deadline,
            notebook_deadline=job.notebook_deadline,
            on_cell=lambda index: progress((index, len(nb.cells))),
            probing=probing,
        )
        seconds = time.monotonic() - started
        written = _evidence(kernel.evidence)
    if job.plan.sample:
        run = on_a_sample(run, runnable(nb), job.plan.lacks)
    seen, flags = _seen(written, run)
    execution = Execution(
        student=job.student,
        folder=job.folder,
        ending=run.ending,
        detail=run.detail,
        seconds=seconds,
        cpu_seconds=run.cpu_seconds,
        busiest_cell=max((cell.cpu_seconds for cell in run.cells), default=0.0),
        gaps=gaps(run, runnable(nb), lambda index: _shown(nb.cells[index])),
        compat=seen.notes(),
        sandbox=launcher.enforced,
        beside=tuple(name for name, _ in job.support),
        flags=(*_unread(handed_in), *flags),
    )
    _write(execution, nb, written)
    if probing.conversations:
        execution.probed.write_bytes(probing.kept)
    return execution


def _unread(handed_in: NotebookNode) -> tuple[Flag, ...]:
    reasons = notebook.unread(handed_in)
    return (Flag(kind=FlagKind.UNREAD, message=notebook.told(reasons)),) if reasons else ()


def _shown(cell: NotebookNode) -> str:
    """What a cell printed, to stderr as well."""
    return "".join(str(output.text) for output in cell.outputs if output.output_type == "stream")


def _laid_out(job: Job) -> tuple[tuple[str, Path], ...]:
    """The files beside the notebook. Nothing that was handed in replaces the assignment's own files and data."""
    names = [*(name for name, _ in job.plan.files), *([job.plan.folder] if job.plan.folder else [])]
    ours = {PurePosixPath(name.casefold()) for name in names}

    def collides(name: str) -> bool:
        path = PurePosixPath(name.casefold())
        return any(path == own or own in path.parents or path in own.parents for own in ours)

    return (*job.plan.files, *((name, path) for name, path in job.support if not collides(name)))


def _source(nb: NotebookNode, support: Sequence[tuple[str, Path]]) -> str:
    """The code of a notebook, and of the modules beside it that it mentions."""
    source = "\n".join(cell.source for cell in nb.cells if cell.cell_type == "code")
    return "\n".join([source, *_imported(source, support)])


def _imports(source: str, plan: Plan) -> tuple[str, ...]:
    """What to import ahead of a notebook. Torch costs seconds where nobody uses it."""
    if "torch" not in source and "torch" not in plan.probes and "torch" not in plan.packages:
        return ()
    return tuple(name for name in TORCH if importlib.util.find_spec(name) is not None)


def _prelude(imports: tuple[str, ...], plan: Plan) -> tuple[str, ...]:
    """Our modules for a notebook, in the order in which they are installed."""
    if imports != TORCH:
        return PRELUDE
    return (*(("dataroot",) if plan.data is not None else ()), *FAST, *PRELUDE)


def _options(source: str, plan: Plan) -> dict[str, Any]:
    return {
        "probe": {"names": list(plan.names), "probes": plan.probes},
        "compat": {"source": source, "strict": plan.strict, "answers": list(plan.inputs)},
    }


def _inputs(plan: Plan) -> Mapping[str, Inputs]:
    """What the assignment's `inputs.py` draws for its probes. It is the instructor's code, and runs here."""
    scope: dict[str, Any] = {"__name__": "inputs"}
    try:
        exec(compile(plan.probe_inputs, "inputs.py", "exec"), scope)  # noqa: S102 - as above
    except Exception as error:
        raise HarnessError(f"inputs.py: {type(error).__name__}: {error}") from error
    inputs: Mapping[str, Inputs] = scope.get("INPUTS", {})
    return inputs


def _imported(source: str, support: Sequence[tuple[str, Path]]) -> Iterator[str]:
    """The code of those support files that a notebook mentions: it may be as old as the notebook."""
    for name, path in support:
        file = PurePosixPath(name)
        if file.suffix != ".py" or not re.search(rf"\b{re.escape(file.stem)}\b", source):
            continue
        text = path.read_bytes()[:MOST_CODE].decode("utf-8", "replace")
        if parsed(text) is not None:  # else nothing of it can run
            yield text


def _evidence(file: BinaryIO) -> bytes:
    """The part of the evidence file that was written."""
    file.seek(0)
    data = file.read()
    try:
        return data[: evidence.used(data)]
    except EvidenceError:
        return b""


def _seen(written: bytes, run: Run) -> tuple[evidence.Evidence, tuple[Flag, ...]]:
    """The evidence, and what in it does not fit together."""
    try:
        seen = evidence.Evidence(tuple(evidence.records(written))) if written else evidence.NOTHING
    except EvidenceError as error:
        flag = Flag(kind=FlagKind.TAMPERED, message=f"The evidence was tampered with: {error}")
        return evidence.NOTHING, (flag,)
    flags: tuple[Flag, ...] = ()
    silent = {cell.index for cell in run.cells} - {record.cell for record in seen.cells}
    if silent and run.ending is Ending.FINISHED:
        message = f"No evidence from {len(silent)} of {len(run.cells)} cells, though the notebook finished."
        flags = (Flag(kind=FlagKind.EVIDENCE, message=message),)
    return seen, flags


def _write(execution: Execution, nb: NotebookNode, written: bytes) -> None:
    execution.evidence.parent.mkdir(parents=True)
    text: str = nbformat.writes(nb)  # type: ignore[no-untyped-call]  # nbformat has no types
    # A kernel may send half of a surrogate pair, which cannot be encoded.
    execution.notebook.write_text(text, encoding="utf-8", errors="replace")
    if written:
        execution.evidence.write_bytes(written)
