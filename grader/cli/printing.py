"""`pdf`: a notebook on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.console import Talk, refuse_replacing, show_line, write
from grader.errors import UsageError

PDF = b"%PDF-"


def pdf(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your own notebook.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write.",
            show_default="NOTEBOOK with the ending .pdf",
        ),
    ] = None,
) -> None:
    """Print your notebook as a PDF, with its formulas typeset.

    The notebook is printed as it is saved, with the outputs saved in it, and is not run: restart the kernel, run
    all cells and save it first. Needs Chromium or Chrome.

    Examples:
        grader pdf homework.ipynb
        grader pdf homework.ipynb -o lima.pdf
    """
    from grader import notebook as notebooks
    from grader.limits import Limits
    from grader.publishing import printing
    from grader.reports import html

    if not notebook.is_file():
        raise UsageError(f"{notebook} is not a file. Name the notebook to print.")
    document = notebooks.read(notebook, limits=Limits())
    target = output or notebook.with_suffix(".pdf")
    if target.is_dir():
        raise UsageError(f"{target} is a folder. Name a file with -o.")
    refuse_replacing(target, PDF)
    page = html.notebook_page(document, title=notebook.stem)
    write(target, printing.pdf(page, near=target.absolute().parent), like=PDF)
    show_line(f"Printed {notebook} to {target}")
    cells = [cell for cell in document.cells if cell.cell_type == "code" and cell.source.strip()]
    if cells and not any(cell.outputs for cell in cells):
        Talk(quiet=False).warn(
            "No cell has an output. Run all cells and save the notebook, then print it again."
        )
