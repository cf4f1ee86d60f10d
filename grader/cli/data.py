"""`data`: the data set that notebooks train on."""

from __future__ import annotations

import json
import os

import typer

from grader.cli.console import show_json, show_line
from grader.cli.options import DataOption, JsonOption


def fetch(data: DataOption = None) -> None:
    """Find or download the data set, verify it and store it in the cache.

    Examples:
        grader data fetch
        grader data fetch --data ~/Downloads/archives
    """
    from grader.datasets import fashion_mnist as datasets

    found = datasets.fetch(data, env=os.environ, cache=datasets.user_cache())
    show_line(f"{found.root} ({found.provenance})")


def where(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the places where the data set is looked for, and which of them have it.

    Examples:
        grader data where
    """
    from grader.datasets import fashion_mnist as datasets

    places = datasets.where(data, env=os.environ, cache=datasets.user_cache())
    if as_json:
        rows = [{"name": place.name, "path": str(place.path), "found": place.found} for place in places]
        show_json(json.dumps(rows))
        return
    for place in places:
        mark = typer.style("found  ", fg="green") if place.found else typer.style("missing", dim=True)
        show_line(f"{mark}  {place.name}: {place.path}")
