"""This program as a wheel, made from the files that run: what students install is what made their kit."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
from typing import TYPE_CHECKING

from grader import zips
from grader.errors import UsageError
from grader.places import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DISTRIBUTION = "grader"
TAG = "py3-none-any"
METADATA = {
    "METADATA": ("METADATA", "PKG-INFO"),
    "entry_points.txt": ("entry_points.txt",),
    "top_level.txt": ("top_level.txt",),
}
"""What is known of the program besides its files, and by what names: a checkout with an egg-info has others."""


def name() -> str:
    """The wheel's file name."""
    return f"{DISTRIBUTION}-{importlib.metadata.version(DISTRIBUTION)}-{TAG}.whl"


def wheel() -> bytes:
    """The wheel: a zip of the package, what is known of it, and a record of both.

    Raises:
        UsageError: the program is not installed, so that nothing says what it needs.
    """
    try:
        installed = importlib.metadata.distribution(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        raise UsageError(
            "grader is not installed, so no wheel can be made of it; install it with pip first."
        ) from None
    about = f"{DISTRIBUTION}-{installed.version}.dist-info"
    files = {f"{PACKAGE.name}/{path.relative_to(PACKAGE).as_posix()}": path.read_bytes() for path in _files()}
    for each, names in METADATA.items():
        text = next(filter(None, map(installed.read_text, names)), "")
        files[f"{about}/{each}"] = text.encode()
    files[f"{about}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: {DISTRIBUTION}\nRoot-Is-Purelib: true\nTag: {TAG}\n"
    ).encode()
    record = f"{about}/RECORD"
    rows = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in files.items()]
    files[record] = "\n".join([*rows, f"{record},,", ""]).encode()
    return zips.write(files)


def _files() -> Iterator[Path]:
    return (
        path
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    )


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
