"""`doctor`: what works on this machine, found out by trying."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import typer

from grader.cli.console import show_json, show_line
from grader.cli.options import DataOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKS = {True: ("yes", "green"), False: ("no ", "red"), None: ("-  ", None)}

ANOTHER_USER = (
    "a Gradescope autograder uses one where no sandbox starts. That is weaker: a notebook reaches the network, and "
    "sees the list of processes and whatever every user can read"
)


class Finding(NamedTuple):
    """One thing that was examined. `works` is None where nothing can work or fail."""

    what: str
    works: bool | None
    detail: str


def doctor(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check this machine: start each kind of sandbox, look for data, list memory and limits.

    Examples:
        grader doctor
        grader doctor --json
    """
    findings = examine(data)
    if as_json:
        show_json(json.dumps([finding._asdict() for finding in findings]))
        return
    for finding in findings:
        mark, colour = MARKS[finding.works]
        show_line(f"{typer.style(mark, fg=colour)}  {typer.style(finding.what, bold=True)}: {finding.detail}")


def examine(data: Path | None = None) -> list[Finding]:
    return [*_machine(), *_data(data), *_sandboxes(), *_shares(), *_limits()]


def _machine() -> Iterator[Finding]:
    import os
    import platform
    import shutil

    import psutil

    from grader.keys import PACKAGES, version_of

    memory = psutil.virtual_memory()
    yield Finding("python", None, f"{platform.python_version()} on {platform.platform()}")
    versions = (f"{name} {version_of(name) or 'missing'}" for name in PACKAGES)
    yield Finding("packages", None, ", ".join(versions))
    yield Finding("cores", None, f"{os.cpu_count()}")
    yield Finding(
        "memory", None, f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB available"
    )
    yield from _open_files()
    bwrap = shutil.which("bwrap")
    yield Finding(
        "bubblewrap", bwrap is not None, bwrap or "not found; install it with `apt-get install bubblewrap`"
    )


def _open_files() -> Iterator[Finding]:
    try:
        import resource
    except ImportError:  # Windows has none
        return

    from grader.execution.worker import FEWEST_FILES

    _, files = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = not 0 < files < FEWEST_FILES
    yield Finding(
        "open files", enough, f"at most {files}" + ("" if enough else f"; {FEWEST_FILES} are needed")
    )


def _data(explicit: Path | None) -> Iterator[Finding]:
    import os

    from grader import datasets
    from grader.errors import DatasetError

    for name in datasets.NAMES:
        try:
            found = datasets.named(name).find(explicit, env=os.environ, cache=datasets.user_cache())
        except DatasetError as error:
            yield Finding(f"data set {name}", False, str(error))
            continue
        detail = (
            f"{found.root} ({found.provenance})" if found else "not found; get it with `grader data fetch`"
        )
        yield Finding(f"data set {name}", found is not None, detail)


def _sandboxes() -> Iterator[Finding]:
    """Each kind of confinement, by a real launch."""
    import os

    from grader.kernel.sandbox import probe_host
    from grader.limits import Limits

    for attempt in probe_host(None, limits=Limits()):
        held = (f"{name} {value}" for name, value in attempt.enforced.items() if name != "mode")
        yield Finding(f"sandbox {attempt.mode}", attempt.works, attempt.why or f"starts: {', '.join(held)}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield Finding("another user", None, ANOTHER_USER)


def _shares() -> Iterator[Finding]:
    """Which version of control groups holds notebooks to their memory and processor, and what does elsewhere."""
    from grader.kernel.cgroup import Group

    group = Group.create(1 << 30)
    held = group.held
    group.remove()
    for name, instead in (
        ("memory", "each process has a limit instead, and a watchdog guards their total"),
        ("processor", "threads of one notebook that compute at the same time get a lower priority instead"),
    ):
        detail = f"version {held[name]}" if name in held else f"none can be created here; {instead}"
        yield Finding(f"control group for {name}", name in held or None, detail)


def _limits() -> Iterator[Finding]:
    import dataclasses

    from grader.limits import Limits

    for entry in dataclasses.fields(Limits):
        yield Finding(f"limit {entry.name}", None, f"{getattr(Limits(), entry.name)}")
