"""A class of 200 in the quick profile: how fast, how much memory, and how both grow from a quarter of it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from . import notebooks, ours
from .rows import Row

if TYPE_CHECKING:
    from .measure import Watched
    from .setting import Setting

QUICK = "quick"


def rows(setting: Setting) -> list[Row]:
    large = setting.students
    small = max(1, large // 4)
    with TemporaryDirectory() as name:
        room = Path(name)
        setting.say("class200: the reference, so that it is known")
        _grade(setting, room, 1)
        setting.say(f"class200: {small} students")
        few = _grade(setting, room, small)
        setting.say(f"class200: {large} students")
        many = _grade(setting, room, large)
    ran = len(ours.executed(many.said))
    return [
        Row(
            what=f"class: seconds a notebook, {small} and {large} students",
            before=(few.seconds / small,),
            after=(many.seconds / large,),
            at_least=0.9,
            note=f"{60 * large / many.seconds:.0f} notebooks a minute; {ran} of {large} ran; linear if 1x",
        ),
        Row(
            what=f"class: memory of the harness process, {small} and {large} students",
            before=(few.own,),
            after=(many.own,),
            unit="MiB",
            at_least=0.9,
            note="flat if 1x",
        ),
        Row(
            what=f"class: memory of all processes, {small} and {large} students",
            before=(few.tree,),
            after=(many.tree,),
            unit="MiB",
            note=f"{setting.jobs} kernels at a time",
        ),
    ]


def _grade(setting: Setting, room: Path, size: int) -> Watched:
    hand_ins = notebooks.copy_class(setting.hand_ins, room / f"class-{size}", size)
    return ours.grade(setting, hand_ins, room / f"results-{size}", profile=QUICK)
