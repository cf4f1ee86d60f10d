"""Cells whose outputs say nothing about the student."""

import pytest

from grader.kernel.ending import CellRun, Run
from grader.kernel.gaps import gaps
from grader.kernel.gate import NOTICE
from grader.model import Ending


def found(*cells, shown=None, ending=Ending.FINISHED, detail="", left=()):
    """The gaps of a run, from a source and what it raised, cell by cell; `left` never ended."""
    runs = [CellRun(index=i, **{"replied": True} | facts) for i, (_, facts) in enumerate(cells)]
    sources = dict(enumerate([*(source for source, _ in cells), *left]))
    run = Run(ending=ending, detail=detail, cells=tuple(runs))
    return gaps(run, sources, lambda index: (shown or {}).get(index, ""))


def raised(ename, evalue=""):
    return {"ename": ename, "evalue": evalue}


FINE = {}
NO_SEABORN = raised("ModuleNotFoundError", "No module named 'seaborn'")
NO_HOST = raised("URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>")
PACKAGE = "Cell 1 needs a package that is not installed here."
NETWORK = "Cell 1 needs the network, which notebooks cannot reach here."


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (NO_SEABORN, PACKAGE),
        (raised("ImportError", "Missing optional dependency 'openpyxl'. Use pip to install it."), PACKAGE),
        (raised("ImportError", "IProgress not found. Please update jupyter and ipywidgets."), PACKAGE),
        (NO_HOST, NETWORK),
        (raised("CalledProcessError", "Command '['wget', 'x']' returned non-zero exit status 4."), NETWORK),
        (
            raised("IndexError", "index 59999 is out of bounds") | {"lacks_data": True},
            "Cell 1 counts on more data than the small sample that was used here has.",
        ),
        (raised("MemoryError"), "Cell 1 ran out of memory."),
        (
            raised("AttributeError", "module 'numpy' has no attribute 'product'"),
            "Cell 1 uses what the installed version of a library no longer has.",
        ),
        (
            raised("OSError", "[Errno 109] Too many references: cannot splice"),
            "Cell 1 needs something that the sandbox does not allow.",
        ),
        (
            raised("RuntimeError", "[enforce fail at gloo/transport/tcp/device.cc:189] rv != -1."),
            "Cell 1 needs something that the sandbox does not allow.",
        ),
        (raised("SystemExit", "0"), "Cell 1 stopped before its end with sys.exit() or the like."),
        (
            {"timed_out": True, "seconds": 31.0, "cpu_seconds": 20.0},
            "Cell 1 was interrupted after 31 s, in which it used 20 s of processor time.",
        ),
    ],
)
def test_why_a_cell_says_nothing(facts, why):
    (gap,) = found(("x = 1", facts))
    assert (gap.cells, gap.why) == ((0,), why)


@pytest.mark.parametrize(
    "facts",
    [
        FINE,
        raised("ModuleNotFoundError", "No module named 'torch.nnn'"),
        raised("ModuleNotFoundError", "No module named 'torch.nn.Linear'; 'torch.nn' is not a package"),
        raised("ImportError", "cannot import name 'Linaer' from 'torch.nn'"),
        raised("AttributeError", "module 'matplotlib.pyplot' has no attribute 'imshwo'"),
        raised("ValueError", "No module named 'seaborn'"),
        raised("KeyboardInterrupt"),
    ],
)
def test_a_cell_with_a_mistake_of_its_own_says_something(facts):
    assert found(("x = 1", facts)) == ()


@pytest.mark.parametrize(
    ("source", "facts", "is_gap"),
    [
        ("assert torch.cuda.is_available(), 'a GPU'", raised("AssertionError", "a GPU"), True),
        ("if x:\n    assert device == 'cuda'", raised("AssertionError"), True),
        ("assert x == 1  # no GPU", raised("AssertionError"), False),
        ("assert torch.cuda.is_available()", FINE, False),
        ("n = int(input('n'))", raised("ValueError", "invalid literal for int() with base 10: ''"), True),
        ("n = float(input())", raised("ValueError", "could not convert string to float: ''"), True),
        ("n = input()", raised("EOFError", "EOF when reading a line"), True),
        (
            "n = int(''); self.input(n)",
            raised("ValueError", "invalid literal for int() with base 10: ''"),
            False,
        ),
        ("n = input(); 1 / 0", raised("ZeroDivisionError", "division by zero"), False),
    ],
)
def test_a_cell_that_asks_for_a_gpu_or_an_answer_says_nothing(source, facts, is_gap):
    why = "Cell 1 needs a GPU or input from a keyboard, which are not available here."
    assert [gap.why for gap in found((source, facts))] == ([why] if is_gap else [])


def test_so_do_cells_that_need_what_it_would_have_made_and_those_that_need_them():
    (gap,) = found(
        ("import seaborn as sns", NO_SEABORN),
        ("palette = sns.color_palette()", raised("NameError", "name 'sns' is not defined")),
        ("x = 1", FINE),
        ("print(palette)", raised("NameError", "name 'palette' is not defined")),
        ("misspelt", raised("NameError", "name 'misspelt' is not defined")),
    )
    assert gap.cells == (0, 1, 3)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        pytest.param("\n" * 150_000, "", id="blank lines"),
        pytest.param("!ls", "Command wget " * 150_000, id="one line of downloads"),
        pytest.param("!ls", "Command wget\n" * 150_000, id="lines of downloads"),
        pytest.param("!ls", "unable to resolve " * 100_000, id="half a message"),
    ],
)
def test_long_text_is_searched_in_one_pass(source, shown):
    """Twice as much of the first two took at least four times as long, 4,000 characters 0.3 s."""
    assert found((source, FINE), shown={0: shown}) == ()


@pytest.mark.parametrize("source", ["!wget https://example.org/x.csv", "%pip install rare", "%%bash\ncurl x"])
def test_a_shell_command_that_reaches_nobody_raises_nothing(source):
    no_file = raised("FileNotFoundError", "[Errno 2] No such file or directory: 'x.csv'")
    shown = {0: "wget: unable to resolve host address 'example.org'"}
    cells = ((source, FINE), ("open('x.csv')", no_file))
    assert [(gap.cells, gap.why) for gap in found(*cells, shown=shown)] == [((0, 1), NETWORK)]


def test_a_file_that_was_not_handed_in_is_no_mistake():
    (gap,) = found(
        ("net = torch.load('net.pt')", raised("FileNotFoundError", "[Errno 2] No such file: 'net.pt'")),
        ("print(net)", raised("NameError", "name 'net' is not defined")),
        ("print(1)", FINE),
    )
    assert (gap.cells, gap.why) == ((0, 1), "Cell 1 needs a file that is not here.")


def test_what_uses_the_work_of_an_interrupted_cell_says_nothing_either():
    (gap,) = found(
        ("import torch\nnet = torch.nn.Linear(1, 1)", FINE),
        ("for batch in loader:\n    losses = torch.sum(net(batch))", {"timed_out": True}),
        ("print(torch.ones(3))", FINE),
        ("print(net.weight)", FINE),
        ("last = losses", FINE),
        ("print(last)", FINE),
    )
    assert gap.cells == (1, 3, 4, 5)


def test_cells_that_never_ended_have_the_reason_of_the_whole_run():
    (gap,) = found(
        ("x = 1", FINE), ("exit()", {"replied": False}), left=["y = 2"], ending=Ending.KILLED, detail="Why."
    )
    assert (gap.cells, gap.ending, gap.why) == ((1, 2), Ending.KILLED, "Why.")


def test_a_cell_whose_output_was_cut_is_open():
    (gap,) = found(("print(x)", FINE), ("y", FINE), shown={0: f"1\n{NOTICE}\n"})
    assert (gap.cells, gap.ending) == ((0,), Ending.OUTPUT)
