"""Notebooks as everybody runs them: nbclient, a new ipykernel for each, nothing of ours.

As a program it runs the notebooks that it is given, one after the other, each in its own folder and in place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from traitlets import default

if TYPE_CHECKING:
    from nbformat import NotebookNode


class ThisPython(AsyncKernelManager):
    """Starts kernels of this very interpreter, whatever other `python3` kernels this machine has."""

    @default("kernel_spec_manager")
    def _native(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def client(nb: NotebookNode, folder: Path) -> NotebookClient:
    return NotebookClient(
        nb,
        timeout=None,
        kernel_name="python3",
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(folder)}},
    )


def run(path: Path) -> None:
    nb = nbformat.read(path, as_version=4)
    client(nb, path.parent).execute()
    nbformat.write(nb, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run(Path(name))
