"""What the notebooks of 2018-2021 need of torch and torchvision. Imports both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchvision import transforms

from . import cuda, reading, training
from .names import olds
from .training import CHANGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .patching import Patch

__all__ = ["CHANGES", "NAMES", "NEEDS"]

NEEDS: tuple[tuple[Callable[[str], bool], Patch], ...] = (
    (reading.keeps_live_losses, training.live_losses_become_arrays),
    (reading.asks_for_a_gpu, cuda.install),
    (reading.reads_devices, cuda.say_their_device),
)
NAMES = olds(
    transforms,
    "transforms",
    {
        "Scale": (transforms.Resize, "transforms.Resize"),
        "RandomSizedCrop": (transforms.RandomResizedCrop, "transforms.RandomResizedCrop"),
    },
)
