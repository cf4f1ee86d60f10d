"""An execution in which every field says something."""

from pathlib import Path

from grader.model import Document, Ending, Execution, Flag, FlagKind, Gap

EXECUTION = Execution(
    student="ada",
    folder=Path("elsewhere"),
    ending=Ending.ERROR,
    detail="cell 3 raised ValueError: ½",
    seconds=1.25,
    cpu_seconds=1.5,
    busiest_cell=0.5,
    gaps=(Gap(cells=(2, 3), ending=Ending.ENVIRONMENT, why="Cell 3 needs a package."),),
    compat=({"name": "cuda", "count": 2},),
    sandbox={"mode": "none", "seccomp": False},
    beside=("hw1.pdf",),
    documents=(Document(name="hw1.pdf", digest="0f", text="½", problem="is damaged after page 1"),),
    flags=(Flag(kind=FlagKind.EVIDENCE, message="2 cells are silent"),),
)
