"""Finds the MNIST family for any `root`, with or without `download=True`, without network or copy.

Runs inside the student's kernel and imports nothing of ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from torchvision.datasets import mnist


class Context(Protocol):
    data: str  # the folder that holds FashionMNIST/raw, as torchvision lays it out


def install(_options: dict[str, Any], context: Context) -> None:
    """Let a dataset that the student's own root doesn't hold be read from `context.data`."""
    held = _held(Path(context.data))
    own_folder = mnist.MNIST.raw_folder.fget

    def raw_folder(self: Any) -> str:
        own: str = own_folder(self)
        family = type(self)
        if not _reads_plain_idx(family) or _complete(family, own):
            return own
        return held.get(_checksums(family), own)

    mnist.MNIST.raw_folder = property(raw_folder)


def _held(data: Path) -> dict[tuple[str, ...], str]:
    """The family members in `data`, by the checksums of what their authors published.

    A student's subclass, or one whose mirrors were changed, has the same checksums; its name may be anything.
    """
    families = (mnist.MNIST, mnist.FashionMNIST, mnist.KMNIST)
    folders = {family: str(data / family.__name__ / "raw") for family in families}
    return {_checksums(family): raw for family, raw in folders.items() if _complete(family, raw)}


def _checksums(family: Any) -> tuple[str, ...]:
    return tuple(md5 for _, md5 in family.resources)


def _reads_plain_idx(family: Any) -> bool:
    """False for EMNIST and QMNIST, which inherit from MNIST and read files of other names."""
    return all(
        getattr(family, name) is getattr(mnist.MNIST, name) for name in ("_check_exists", "_load_data")
    )


def _complete(family: Any, raw: str) -> bool:
    return all((Path(raw) / Path(url).name.removesuffix(".gz")).is_file() for url, _ in family.resources)
