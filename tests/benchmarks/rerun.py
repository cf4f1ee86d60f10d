"""A class that was graded before: unchanged, with one notebook edited, with a test of the rubric edited."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from . import notebooks, ours
from .rows import Row

if TYPE_CHECKING:
    from .setting import Setting


def rows(setting: Setting) -> list[Row]:
    size = setting.class_size
    with TemporaryDirectory() as name:
        room = Path(name)
        rubric = ours.copy_assignment(setting.assignment, room)
        hand_ins = notebooks.copy_class(setting.hand_ins, room / "class", size)

        def grade() -> ours.Watched:
            return ours.grade(setting, hand_ins, room / "results", assignment=rubric)

        setting.say(f"rerun: {size} hand-ins, the first time")
        first = grade()
        again = [grade() for _ in setting.rounds("rerun: nothing changed")]
        setting.say("rerun: one notebook edited")
        _edit_notebook(hand_ins)
        notebook = grade()
        setting.say("rerun: one test edited")
        _edit_rubric(rubric)
        test = grade()
    return [
        Row(
            what=f"rerun: an unchanged class of {size}",
            before=(first.seconds,),
            after=tuple(run.seconds for run in again),
            at_most=2,
            note=f"before: the first run; notebooks that ran again: {len(ours.executed(again[-1].said))}",
        ),
        _counted("rerun: one notebook edited", first, notebook, at_most=1),
        _counted("rerun: a rubric test edited", first, test, at_most=0),
    ]


def _counted(what: str, first: ours.Watched, then: ours.Watched, *, at_most: int) -> Row:
    before, after = ours.executed(first.said), ours.executed(then.said)
    return Row(
        what=what,
        before=(len(before),),
        after=(len(after),),
        unit="kernels",
        at_most=at_most,
        note=f"{then.seconds:.1f} s{''.join(f', {student}' for student in after)}",
    )


def _edit_notebook(hand_ins: Path) -> None:
    path = min(hand_ins.glob("*/*.ipynb"))
    path.write_text(notebooks.edited(path.read_text("utf-8"), 0), "utf-8")


def _edit_rubric(rubric: Path) -> None:
    path = min(rubric.glob("test_*.py"))
    path.write_text(f"{path.read_text('utf-8')}\n# edited\n", "utf-8")
