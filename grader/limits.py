"""Every limit that a run obeys, in one place."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Times in seconds, sizes in bytes. Overridable in assignment.toml and on the command line.

    Deadlines count the processor time of a notebook's processes, so that they do not depend on what else the
    machine does. They are multiples of what the reference used on this machine, with a floor, so that they hold
    on a slow laptop and an endless loop costs minutes, not hours. The reference takes the fast data path; a
    notebook that cannot needs eight times as much and is no worse, and a busy machine can double processor time
    as well, so the multiples leave room for both.
    """

    cell_factor: float = 20.0
    cell_floor: float = 60.0
    notebook_factor: float = 20.0
    notebook_floor: float = 240.0
    reference: float = 1800.0
    """Processor time that the reference itself may use: nothing is known of this machine before it ran."""
    wall_factor: float = 6.0
    """How many times a deadline may pass on the clock: what only sleeps uses no processor time."""
    interrupt_grace: float = 3.0
    """Processor time that a cell may still use after it was interrupted, before its kernel is killed."""
    memory: int = 12 << 30
    """What Colab gives. Honest notebooks that keep every graph alive need 5 GB."""
    processes: int = 256
    open_files: int = 1024
    file_size: int = 512 * MIB
    tmp_size: int = 512 * MIB
    output_total: int = 64 * MIB
    """What a notebook may print and display altogether before it is killed."""
    output_cell: int = 2 * MIB
    """What is kept of one cell's output."""
    output_messages: int = 100_000
    """An honest progress line that is cleared and flushed for each batch sends two messages 18,760 times."""
    evidence: int = 64 * MIB
    notebook_file: int = 64 * MIB
    """A larger file is not read as a notebook."""
    support_files: int = 200
    support_size: int = 64 * MIB
    """How many files a student may hand in beside the notebook, and how large they may be together."""
    judge: float = 60.0
    """Processor time that the checks of one notebook may use."""
    stage: float = 20.0
    """Processor time in which a hand-in must be read, and its page drawn."""
    stage_memory: int = 1 << 30
    """What reading, judging, or drawing the page of one hand-in may take beyond what these processes hold."""

    def notebook_deadline(self, reference: float) -> float:
        """For a whole notebook, from the processor time of the whole reference."""
        return max(self.notebook_floor, self.notebook_factor * reference)

    def cell_deadline(self, reference: float, notebook_deadline: float) -> float:
        """For one cell, from the reference's busiest. One endless cell must leave time for the others."""
        return min(max(self.cell_floor, self.cell_factor * reference), notebook_deadline / 2)

    def wall(self, deadline: float) -> float:
        """Seconds on the clock after which this deadline has passed, whatever was computed."""
        return self.wall_factor * deadline
