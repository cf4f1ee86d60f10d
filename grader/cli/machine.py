"""`data` and `doctor`: what is on this machine, and what works."""

from __future__ import annotations

import json
import os
from dataclasses import asdict

from rich.markup import escape

from grader import datasets
from grader.assignment import load, locate
from grader.cli import doctor
from grader.cli.console import show_json, show_line
from grader.cli.options import ChoiceOption, DataOption, JsonOption


def data_fetch(assignment: ChoiceOption = None, data: DataOption = None) -> None:
    """Find the data set, or download it; verify it; put it where kernels read it.

    **Example**

        grader data fetch
    """
    source = load(locate(assignment)).data.source
    found = source.fetch(data, env=os.environ, cache=datasets.user_cache())
    show_line(escape(f"{found.root} ({found.provenance})" if found.root else "The assignment needs no data."))


def data_where(assignment: ChoiceOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say where the data set is looked for, and where it is.

    **Example**

        grader data where
    """
    source = load(locate(assignment)).data.source
    places = source.where(data, env=os.environ, cache=datasets.user_cache())
    if as_json:
        rows = [{"name": place.name, "path": str(place.path), "found": place.found} for place in places]
        show_json(json.dumps(rows))
        return
    for place in places:
        mark = "[green]found  " if place.found else "[dim]missing"
        show_line(f"{mark}[/]  {escape(place.name)}: {escape(str(place.path))}")


def examine(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say what works on this machine: sandboxes by a real launch of each, data, memory, limits.

    **Example**

        grader doctor
    """
    findings = doctor.examine(data)
    if as_json:
        show_json(json.dumps([asdict(finding) for finding in findings]))
        return
    for finding in findings:
        mark = {True: "[green]yes", False: "[red]no ", None: "[dim]-  "}[finding.works]
        show_line(f"{mark}[/]  [bold]{escape(finding.what)}[/]: {escape(finding.detail)}")
