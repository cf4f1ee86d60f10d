"""How a run ended and what caused it: pure functions from observations to an `Ending`."""

from __future__ import annotations

import ast
import re
import signal
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from grader.model import Ending
from grader.source import Bindings, integers, parsed_cell, undefined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from grader.kernel.interface import Death

WORSE = (
    Ending.FINISHED,
    Ending.ENVIRONMENT,
    Ending.ERROR,
    Ending.TIMEOUT,
    Ending.OUTPUT,
    Ending.MEMORY,
    Ending.KILLED,
    Ending.BROKEN,
)
"""From best to worst. A run gets the worst ending of its cells."""

OUT_OF_MEMORY = re.compile(
    r"not enough memory|can't allocate memory|out of memory|Cannot allocate memory", re.IGNORECASE
)
REMOVED = re.compile(
    r"(was|has been|been) (removed|deprecated)|no longer (supported|available)|deprecated alias|expired"
    r"|DataLoaderIter' object has no attribute 'next'|Torch not compiled with CUDA|Found no NVIDIA driver",
)
NOT_THERE = re.compile(
    r"module '[\w.]+' has no attribute '(\w+)'|cannot import name '(\w+)'|No module named '[\w.]*\.(\w+)'"
)
ONCE_THERE = re.compile(
    r"int|float|bool|object|str|long|unicode|complex|float_|complex_|unicode_|string_|int0|bool8|Inf"
    r"|Infinity|infty|PINF|NINF|NaN|NAN|product|cumproduct|alltrue|sometrue|round_|row_stack|mat|rank"
    r"|trapz|in1d|msort|asscalar|asfarray|VisibleDeprecationWarning|Callable|Hashable|Iterable"
    r"|Iterator|Mapping|MutableMapping|Sequence|Set|clock|gcd|getargspec|ANTIALIAS|LINEAR|CUBIC"
    r"|get_cmap|hold|set_matplotlib_formats|finance|mlab|_six|container_abcs|string_classes"
    r"|int_classes|symeig|lstsq|solve|gels|btrifact|matrix_rank|rfft|irfft|Scale|RandomSizedCrop"
    r"|zero_gradients|imread|imresize|imsave|imrotate|toimage|comb|factorial|logsumexp|joblib|Imputer"
    r"|load_boston|cross_validation|grid_search|fetch_mldata|plot_confusion_matrix|plot_roc_curve"
    r"|soft_unicode|legacy"
)
"""Names that a library had when notebooks were written for it. Any other is a mistake of spelling."""
LACKING = re.compile(r"No module named '\w+'$|Missing optional dependency|IProgress not found")
"""A whole package is not installed. (A dotted name is a module that an installed package does not have.)"""
NETWORK = re.compile(
    r"URLError|HTTPError|gaierror|herror|ConnectionError|ConnectionRefusedError|NewConnectionError"
    r"|MaxRetryError|NameResolutionError|ConnectTimeout|ConnectTimeoutError|ReadTimeout"
    r"|ReadTimeoutError|ConnectError|ProxyError|SSLError|RemoteDisconnected|ClientConnectorError"
    r"|ClientConnectorDNSError|ServerNotFoundError|TransportError|EndpointConnectionError"
    r"|FileURLRetrievalError|LocalEntryNotFoundError|OfflineModeIsEnabled"
)
"""What Python's own and the usual libraries raise when they reach nobody."""
UNREACHED = re.compile(
    r"Network is unreachable|Name or service not known|Temporary failure in name resolution"
    r"|could not resolve host|unable to resolve host|No address associated with hostname|Failed to resolve"
    r"|getaddrinfo failed|Failed to establish a new connection|Max retries exceeded"
    r"|Connection (refused|timed out)|Error downloading",
    re.IGNORECASE,
)
REFUSED = re.compile(r"\[Errno (38|93|94|95|109)\]|gloo/transport")
"""What the sandbox's filter of system calls answers, and what a neighbour's descriptors under way lead to."""
FAILED_DOWNLOAD = re.compile(
    r"^Command .{0,300}\b(?:wget|curl|git|gdown|kaggle)\b.{0,300} returned non-zero",
    re.MULTILINE | re.IGNORECASE,
)
FEWER_POINTS = re.compile(
    r"^AssertionError|^ZeroDivisionError|\bindex\b.{0,40} out of (bounds|range)|Sum of input lengths"
    r"|split_sizes to sum|num_samples should be|larger (sample )?than population|number of samples"
    r"|cannot reshape array|is invalid for input of size|must match the size|inconsistent numbers"
)
"""What is raised for a point, or a number of points, that is not there."""
INSISTS_ON_GPU = re.compile(r"^[ \t]*assert\b[^\n]*\b(?:is_available|device_count|cuda|mps)\b", re.MULTILINE)
ASKS = re.compile(r"(?<![\w.])(?:input|getpass)[ ]?\(")
LONGEST_TOLD = 100_000
"""Characters, the last ones, in which a program is heard to say that it reached nobody."""
EXITS = ("exit", "quit", "do_shutdown")
"""Calls after which a kernel still answers, and ends a moment later."""
KILLS = ("os._exit", "os.kill", "os.killpg", "os.abort", "signal.raise_signal", "_exit", "kill", "abort")
MOST_CALL = 60
"""Characters of a call that a message shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRun:
    """How one code cell ran. `ename` and `evalue` are empty if it raised no exception."""

    index: int
    ename: str = ""
    evalue: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    """Processor time that the kernel's processes used while it ran."""
    timed_out: bool = False
    replied: bool = False
    """The kernel said that the cell had ended."""
    lacks_data: bool = False
    """It failed where it may have worked with all the data instead of a sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one notebook ran in one kernel. `cells` are the cells that were started, in order."""

    ending: Ending
    detail: str = ""
    cells: tuple[CellRun, ...] = ()

    @property
    def cpu_seconds(self) -> float:
        """Processor time that the kernel's processes used while cells ran."""
        return sum(cell.cpu_seconds for cell in self.cells)


def of_cell(cell: CellRun) -> Ending:
    """The ending of one cell that finished by itself or stopped when interrupted."""
    if cell.timed_out:
        return Ending.TIMEOUT
    match cell.ename:
        case "":
            return Ending.FINISHED
        case "MemoryError":
            return Ending.MEMORY
        case "RuntimeError" | "OSError" if OUT_OF_MEMORY.search(cell.evalue):
            return Ending.MEMORY
        case _:
            missing = lacks_a_package(cell) or lacks_the_network(cell) or uses_what_was_removed(cell)
            return Ending.ENVIRONMENT if missing or is_refused(cell) or cell.lacks_data else Ending.ERROR


def of_cells(cells: Sequence[CellRun], source: Callable[[int], str]) -> Run:
    """The ending of a notebook whose kernel survived. `source` gives a cell's text by its index."""
    ending, detail = Ending.FINISHED, ""
    missing: list[str] = []
    for cell in cells:
        cell_ending = Ending.ENVIRONMENT if follows(cell, missing) else of_cell(cell)
        if cell_ending is Ending.ENVIRONMENT:
            missing.append(source(cell.index))
        if WORSE.index(cell_ending) > WORSE.index(ending):
            ending, detail = cell_ending, describe(cell)
    return Run(ending=ending, detail=detail, cells=tuple(cells))


def on_a_sample(run: Run, sources: Mapping[int, str], lacks: range) -> Run:
    """A run with fewer data than the notebook was written for: what that may have broken is not its mistake.

    `sources` are the cells that were to run, by index; `lacks` the numbers of points that the sample has not.
    """
    cells = tuple(
        replace(cell, lacks_data=_counts_on_more(cell, sources, lacks)) if cell.ename else cell
        for cell in run.cells
    )
    if run.ending is Ending.ERROR:
        return of_cells(cells, sources.__getitem__)
    return replace(run, cells=cells)


def _counts_on_more(cell: CellRun, sources: Mapping[int, str], lacks: range) -> bool:
    """Does it fail over points, and name a number of them that is lacking, itself or in what it uses?"""
    if FEWER_POINTS.search(f"{cell.ename}: {cell.evalue}") is None:
        return False
    used, read = Bindings.of(sources[cell.index]).used, [sources[cell.index]]
    for index in sorted((index for index in sources if index < cell.index), reverse=True):
        bound = Bindings.of(sources[index])
        if bound.assigned & used:
            used |= bound.used
            read.append(sources[index])
    return any(number in lacks for source in read for number in integers(source))


def follows(cell: CellRun, missing: Sequence[str]) -> bool:
    """Whether a cell failed only because an earlier cell could not import a name here."""
    names = undefined(cell.evalue) if cell.ename == "NameError" else []
    return any(re.search(rf"\b{name}\b", source) for name in names[:1] for source in missing)


def lacks_a_package(cell: CellRun) -> bool:
    return cell.ename in ("ModuleNotFoundError", "ImportError") and LACKING.search(cell.evalue) is not None


def lacks_the_network(cell: CellRun) -> bool:
    timed_out = cell.ename in ("TimeoutError", "timeout") and "timed out" in cell.evalue
    return NETWORK.fullmatch(cell.ename) is not None or timed_out or reached_nobody(cell.evalue)


def reached_nobody(text: str) -> bool:
    """Does a message, or what a program printed, say that nobody was reached?"""
    last = text[-LONGEST_TOLD:]
    return UNREACHED.search(last) is not None or FAILED_DOWNLOAD.search(last) is not None


def lacks_what_it_asks_for(cell: CellRun, source: str) -> bool:
    """Does it fail because nobody answers `input()` here, or because it insists on a GPU?"""
    if cell.ename == "AssertionError":
        return INSISTS_ON_GPU.search(source) is not None
    unanswered = cell.ename in ("EOFError", "StdinNotImplementedError") or re.search(r": ''$", cell.evalue)
    return bool(unanswered) and ASKS.search(source) is not None


def is_refused(cell: CellRun) -> bool:
    """Does it fail at what the sandbox does not allow, or at what a neighbour's notebook uses up?"""
    return REFUSED.search(cell.evalue) is not None


def uses_what_was_removed(cell: CellRun) -> bool:
    names = {name for match in NOT_THERE.findall(cell.evalue) for name in match}
    return any(map(ONCE_THERE.fullmatch, names)) or REMOVED.search(cell.evalue) is not None


def describe(cell: CellRun) -> str:
    if cell.timed_out:
        return f"cell {cell.index + 1} was interrupted after {time_taken(cell)}"
    return f"cell {cell.index + 1}: {cell.ename}: {cell.evalue}"[:500]


def time_taken(cell: CellRun) -> str:
    return f"{cell.seconds:.0f} s, in which it used {cell.cpu_seconds:.0f} s of processor time"


def of_death(death: Death, cells: Sequence[CellRun], sources: Mapping[int, str]) -> Run:
    """The ending of a notebook whose kernel died before the notebook had finished.

    `sources` are the cells that were to run, by index.
    """
    ending, blamed, what = death.ending or Ending.KILLED, cells[-1].index if cells else -1, ""
    if death.ending is not None:
        what = f"The notebook was stopped in cell {blamed + 1}: {death.detail}"
    elif call := _killing_call(sources.get(blamed, ""), KILLS + EXITS):
        what = f"The notebook ended its kernel with {call} in cell {blamed + 1}"
    elif death.code == 0 and (exits := _exits(cells, sources)):
        blamed, call = exits
        what = f"The notebook ended its kernel with {call} in cell {blamed + 1}"
    else:
        what = f"The kernel {cause(death.code)} in cell {blamed + 1}"
    left = [index for index in unfinished(cells, sources) if index != blamed]
    return Run(ending=ending, detail=what + _not_run(left), cells=tuple(cells))


def unfinished(cells: Sequence[CellRun], sources: Mapping[int, str]) -> tuple[int, ...]:
    """The cells of which the kernel never said that they had ended."""
    return tuple(sorted(set(sources) - {cell.index for cell in cells if cell.replied}))


def _exits(cells: Sequence[CellRun], sources: Mapping[int, str]) -> tuple[int, str] | None:
    """The last cell that asked its kernel to end, and how."""
    calls = ((cell.index, _killing_call(sources.get(cell.index, ""), EXITS)) for cell in reversed(cells))
    return next(((index, call) for index, call in calls if call), None)


def _killing_call(source: str, names: Sequence[str]) -> str:
    """The first statement of a cell that ends the kernel, as it is written; empty if there is none."""
    tree = parsed_cell(source)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and _is_named(node.func, names):
            return ast.unparse(node)[:MOST_CALL]
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id in EXITS:
            return node.value.id
    return ""


def _is_named(function: ast.expr, names: Sequence[str]) -> bool:
    match function:
        case ast.Name(id=name):
            return name in names
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            return f"{module}.{name}" in names or name == "do_shutdown"
        case ast.Attribute(attr=name):
            return name == "do_shutdown"
        case _:
            return False


def _not_run(cells: Sequence[int]) -> str:
    match cells:
        case []:
            return "."
        case [only]:
            return f", so cell {only + 1} did not run."
        case _:
            return f", so cells {cells[0] + 1}-{cells[-1] + 1} did not run."


def cause(code: int) -> str:
    """An exit status in words."""
    try:
        return f"was killed by {signal.Signals(code - 128).name}"
    except ValueError:
        return f"exited with status {code}"
