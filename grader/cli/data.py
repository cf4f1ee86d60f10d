"""`data`: the data that an assignment's notebooks read."""

from __future__ import annotations

import json
import os

import typer

from grader.cli.console import show_json, show_line
from grader.cli.options import AssignmentOption, DataOption, JsonOption


def fetch(assignment: AssignmentOption = None, data: DataOption = None) -> None:
    """Find or download the data set, verify it and store it in the cache.

    Examples:
        grader data fetch
        grader data fetch --data ~/Downloads/archives
    """
    from grader import datasets
    from grader.assignment import load, locate

    source = load(locate(assignment)).data.source
    found = source.fetch(data, env=os.environ, cache=datasets.user_cache())
    show_line(f"{found.root} ({found.provenance})" if found.root else "The assignment needs no data.")


def where(assignment: AssignmentOption = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the places where the data set is looked for, and which of them have it.

    Examples:
        grader data where
    """
    from grader import datasets
    from grader.assignment import load, locate

    source = load(locate(assignment)).data.source
    places = source.where(data, env=os.environ, cache=datasets.user_cache())
    if as_json:
        rows = [{"name": place.name, "path": str(place.path), "found": place.found} for place in places]
        show_json(json.dumps(rows))
        return
    for place in places:
        mark = typer.style("found  ", fg="green") if place.found else typer.style("missing", dim=True)
        show_line(f"{mark}  {place.name}: {place.path}")
