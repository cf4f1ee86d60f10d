"""Prints one of our pages as a PDF, with the Chromium or Chrome of this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from grader.errors import UsageError

NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"),
    "microsoft-edge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
"""Where installers put it without telling PATH."""
SECONDS = 120
INSTEAD = "open the notebook in Jupyter, and print it from the browser"


def pdf(page: str, *, near: Path) -> bytes:
    """A page of ours as a PDF.

    Args:
        page: HTML that loads nothing.
        near: a folder that the browser may read: one that came as a snap sees no temporary folders.

    Raises:
        UsageError: there is no browser, or it fails.
    """
    browser = _browser()
    try:
        workplace = tempfile.TemporaryDirectory(prefix="grader-pdf-", dir=near)
    except OSError as error:
        raise UsageError(
            f"{near} can't be written to: {error.strerror}. Choose another place with -o."
        ) from None
    with workplace as name:
        folder = Path(name)
        source, printed = folder / "page.html", folder / "page.pdf"
        source.write_text(page, encoding="utf-8")
        options = [
            *("--headless", "--disable-gpu", "--no-first-run", "--no-pdf-header-footer"),
            *(
                ("--no-sandbox",) if getattr(os, "geteuid", lambda: 1)() == 0 else ()
            ),  # it refuses root otherwise
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={printed}",
        ]
        try:
            ran = subprocess.run(
                [browser, *options, source.as_uri()], capture_output=True, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise UsageError(f"{browser} took more than {SECONDS} s to print; {INSTEAD}.") from None
        except OSError as error:
            raise UsageError(f"{browser} can't be started: {error.strerror}; {INSTEAD}.") from None
        if not printed.is_file():
            last = (ran.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            raise UsageError(f"{browser} printed nothing ({last[-200:]}); {INSTEAD}.")
        return printed.read_bytes()


def _browser() -> str:
    found = next(filter(None, map(shutil.which, (*NAMES, *PLACES))), None)
    if found is None:
        install = "sudo apt install chromium" if sys.platform.startswith("linux") else "google.com/chrome"
        raise UsageError(
            f"Printing a PDF needs Chromium or Chrome, and neither was found. Install one ({install})."
        )
    return found
