"""The same notebooks through this project, plain nbclient, nbgrader and otter, in one run."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from . import notebooks, venvs
from .measure import CommandError
from .rows import Row
from .tools import Nbgrader, Otter, Ours, Plain

if TYPE_CHECKING:
    from .measure import Watched
    from .setting import Setting
    from .tools import Tool

NOTEBOOKS = 4
NBGRADER = "nbgrader==0.9.6"
OTTER = "otter-grader==7.0.0"


def rows(setting: Setting) -> list[Row]:
    nbs = [notebooks.solved(setting.master, first=notebooks.seeded(n)) for n in range(NOTEBOOKS)]
    peers, failures = _installed(setting)
    ours = Ours(setting)
    seen: dict[str, list[Watched]] = {tool.name: [] for tool in (ours, *peers)}
    graded: dict[str, int] = {}
    with TemporaryDirectory() as name:
        setting.say("peers: the reference, so that it is known")
        ours.grade(nbs[:1], Path(name) / "reference")
        for number in setting.rounds("peers"):
            for tool in (ours, *peers):
                if tool.name in failures:
                    continue
                setting.say(f"peers: {tool.name}")
                room = Path(name) / f"{number}-{type(tool).__name__}"
                room.mkdir()
                try:
                    seen[tool.name].append(tool.grade(nbs, room))
                    graded[tool.name] = tool.graded(room)
                except CommandError as error:
                    failures[tool.name] = f"not measured, it failed: {error}"
    if ours.name in failures:
        raise CommandError(failures[ours.name])
    there = [tool for tool in peers if tool.name not in failures]
    compared = [row for tool in there for row in _compared(tool, ours, seen, graded)]
    return [*compared, *(Row(what=f"peers: {what}", note=why) for what, why in failures.items())]


def _installed(setting: Setting) -> tuple[list[Tool], dict[str, str]]:
    """The peers that are there, and why others are not."""
    environment = setting.peer_environment
    tools: list[Tool] = [Plain(environment)]
    failures = {}
    for requirement, kind in ((NBGRADER, Nbgrader), (OTTER, Otter)):
        setting.say(f"peers: installing {requirement}, unless it is there")
        try:
            tools.append(kind(venvs.installed(requirement, setting.cache), environment))
        except venvs.InstallationError as error:
            failures[requirement] = f"not measured, it could not be installed: {error}"
    return tools, failures


def _compared(tool: Tool, ours: Ours, seen: dict[str, list[Watched]], graded: dict[str, int]) -> list[Row]:
    them, us = seen[tool.name], seen[ours.name]
    return [
        Row(
            what=f"peers: {tool.name}, seconds a notebook",
            before=tuple(run.seconds / NOTEBOOKS for run in them),
            after=tuple(run.seconds / NOTEBOOKS for run in us),
            note=f"done: {graded[tool.name]} and {graded[ours.name]} of {NOTEBOOKS}; ours -j {ours.setting.jobs}",
        ),
        Row(
            what=f"peers: {tool.name}, memory of all its processes",
            before=tuple(run.tree for run in them),
            after=tuple(run.tree for run in us),
            unit="MiB",
        ),
    ]
