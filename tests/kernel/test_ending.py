import pytest

from grader.kernel.ending import CellRun, Run, of_cells, of_death, on_a_sample
from grader.kernel.interface import Death
from grader.model import Ending


def cell(index, ename="", evalue="", **fields):
    return CellRun(index=index, ename=ename, evalue=evalue, **fields)


def ending(*cells, sources=()):
    return of_cells(cells, lambda index: sources[index] if sources else "")


@pytest.mark.parametrize(
    ("ename", "evalue", "expected"),
    [
        ("", "", Ending.FINISHED),
        ("ZeroDivisionError", "division by zero", Ending.ERROR),
        ("NameError", "name 'x' is not defined", Ending.ERROR),
        ("StdinNotImplementedError", "raw_input was called", Ending.ERROR),
        ("KeyboardInterrupt", "", Ending.ERROR),
        ("MemoryError", "", Ending.MEMORY),
        (
            "RuntimeError",
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried",
            Ending.MEMORY,
        ),
        ("OSError", "[Errno 12] Cannot allocate memory", Ending.MEMORY),
        ("RuntimeError", "mat1 and mat2 shapes cannot be multiplied", Ending.ERROR),
        ("ModuleNotFoundError", "No module named 'seaborn'", Ending.ENVIRONMENT),
        ("ImportError", "cannot import name 'Iterable' from 'collections'", Ending.ENVIRONMENT),
        ("AttributeError", "module 'numpy' has no attribute 'float'", Ending.ENVIRONMENT),
        (
            "AttributeError",
            "'_SingleProcessDataLoaderIter' object has no attribute 'next'",
            Ending.ENVIRONMENT,
        ),
        ("AttributeError", "'LinearReg' object has no attribute 'forwrd'", Ending.ERROR),
        (
            "RuntimeError",
            "This function was deprecated since 1.9 and is now removed: it was removed",
            Ending.ENVIRONMENT,
        ),
        ("AssertionError", "Torch not compiled with CUDA enabled", Ending.ENVIRONMENT),
        ("ImportError", "Missing optional dependency 'openpyxl'.", Ending.ENVIRONMENT),
        ("ImportError", "IProgress not found. Please update jupyter and ipywidgets.", Ending.ENVIRONMENT),
        ("ModuleNotFoundError", "No module named 'torch._six'", Ending.ENVIRONMENT),
        ("AttributeError", "module 'matplotlib.pyplot' has no attribute 'imshwo'", Ending.ERROR),
        ("AttributeError", "module 'numpy' has no attribute 'zeross'", Ending.ERROR),
        ("AttributeError", "module 'torch.nn' has no attribute 'Lineer'", Ending.ERROR),
        ("ImportError", "cannot import name 'Linaer' from 'torch.nn'", Ending.ERROR),
        ("ModuleNotFoundError", "No module named 'torch.nnn'", Ending.ERROR),
        ("URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>", Ending.ENVIRONMENT),
        ("ConnectionError", "HTTPSConnectionPool(host='x', port=443): Max retries", Ending.ENVIRONMENT),
        ("gaierror", "[Errno -2] Name or service not known", Ending.ENVIRONMENT),
        ("OSError", "[Errno 101] Network is unreachable", Ending.ENVIRONMENT),
        ("OSError", "[Errno 38] Function not implemented: 'm'", Ending.ENVIRONMENT),
        ("OSError", "[Errno 95] Operation not supported", Ending.ENVIRONMENT),
        ("OSError", "[Errno 109] Too many references: cannot splice", Ending.ENVIRONMENT),
        (
            "RuntimeError",
            "[enforce fail at third_party/gloo/gloo/transport/tcp/device.cc:189] rv != -1. Operation not supported",
            Ending.ENVIRONMENT,
        ),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x'", Ending.ERROR),
        ("TimeoutError", "timed out", Ending.ENVIRONMENT),
        ("RuntimeError", "Error downloading train-images-idx3-ubyte.gz", Ending.ENVIRONMENT),
        ("TimeoutError", "too slow", Ending.ERROR),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'x.csv'", Ending.ERROR),
    ],
)
def test_ending_of_one_cell(ename, evalue, expected):
    run = ending(cell(3, ename, evalue))
    assert run.ending is expected
    assert run.detail == (f"cell 4: {ename}: {evalue}" if ename else "")


def test_worst_cell_decides():
    run = ending(cell(0, "URLError", "x"), cell(1, "ValueError", "y"), cell(2))
    assert (run.ending, run.detail) == (Ending.ERROR, "cell 2: ValueError: y")


def test_name_that_could_not_be_imported_is_no_error_of_its_own():
    cells = (
        cell(0, "ModuleNotFoundError", "No module named 'seaborn'"),
        cell(1, "NameError", "name 'sns' is not defined"),
    )
    assert ending(*cells, sources=("import seaborn as sns", "sns.set()")).ending is Ending.ENVIRONMENT
    assert ending(*cells, sources=("import other", "sns.set()")).ending is Ending.ERROR


def test_interrupted_cell_is_a_timeout():
    run = ending(cell(4, "KeyboardInterrupt", seconds=31.0, cpu_seconds=20.0, timed_out=True))
    words = "cell 5 was interrupted after 31 s, in which it used 20 s of processor time"
    assert (run.ending, run.detail) == (Ending.TIMEOUT, words)


SOURCES = {0: "x = 1", 3: "train()", 5: "evaluate()", 6: "plot()"}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (139, "The kernel was killed by SIGSEGV in cell 4, so cells 6-7 did not run."),
        (3, "The kernel exited with status 3 in cell 4, so cells 6-7 did not run."),
    ],
)
def test_death_of_unknown_cause(code, words):
    run = of_death(Death(code=code), [cell(0, replied=True), cell(3)], SOURCES)
    assert (run.ending, run.detail) == (Ending.KILLED, words)


@pytest.mark.parametrize(
    ("source", "code", "call"),
    [
        ("!pip install -q einops\nimport os\nos.kill(os.getpid(), 9)", 137, "os.kill(os.getpid(), 9)"),
        ("import os\nos._exit(0)", 0, "os._exit(0)"),
        ("get_ipython().kernel.do_shutdown(True)", 0, "get_ipython().kernel.do_shutdown(True)"),
        ("exit", 0, "exit"),
        ("quit()", 0, "quit()"),
    ],
)
def test_death_by_its_own_hand(source, code, call):
    run = of_death(Death(code=code), [cell(0, replied=True), cell(3)], SOURCES | {3: source})
    assert run.ending is Ending.KILLED
    assert run.detail == f"The notebook ended its kernel with {call} in cell 4, so cells 6-7 did not run."


def test_a_kernel_that_exits_a_moment_later_was_ended_by_the_cell_that_said_so():
    cells = [cell(0, replied=True), cell(3, replied=True), cell(5)]
    run = of_death(Death(code=0), cells, SOURCES | {3: "exit()"})
    assert run.detail == "The notebook ended its kernel with exit() in cell 4, so cells 6-7 did not run."


def test_death_by_ours():
    cells = [cell(0, replied=True), cell(3, replied=True), cell(5)]
    run = of_death(Death(code=137, ending=Ending.MEMORY, detail="it used 13 GiB"), cells, SOURCES)
    assert (run.ending, run.detail) == (
        Ending.MEMORY,
        "The notebook was stopped in cell 6: it used 13 GiB, so cell 7 did not run.",
    )


SPLIT = "ValueError", "Sum of input lengths does not equal the length of the input dataset!"
TOO_FAR = "IndexError", "index 59999 is out of bounds for dimension 0 with size 5000"
LACKS = range(1001, 60001)


@pytest.mark.parametrize(
    ("sources", "raised", "expected"),
    [
        pytest.param(["random_split(data, [50000, 10000])"], SPLIT, Ending.ENVIRONMENT, id="lengths"),
        pytest.param(["data.data[59999]"], TOO_FAR, Ending.ENVIRONMENT, id="an index"),
        pytest.param(
            ["count = 50_000", "part = Subset(data, range(count))", "for x in part: pass"],
            ("IndexError", "list index out of range"),
            Ending.ENVIRONMENT,
            id="in what it uses",
        ),
        pytest.param(
            ["assert len(data) == 6e4"], ("AssertionError", ""), Ending.ENVIRONMENT, id="an assertion"
        ),
        pytest.param(["random_split(data, [500, 100])"], SPLIT, Ending.ERROR, id="numbers that are there"),
        pytest.param(["count = 50000", "data.data[i]"], TOO_FAR, Ending.ERROR, id="a number it does not use"),
        pytest.param(
            ["net(50000)"], ("RuntimeError", "mat1 and mat2 shapes"), Ending.ERROR, id="another error"
        ),
        pytest.param(["data[50000"], ("SyntaxError", "'[' was never closed"), Ending.ERROR, id="no code"),
    ],
)
def test_an_error_may_come_from_the_sample(sources, raised, expected):
    cells = (*(cell(index) for index in range(len(sources) - 1)), cell(len(sources) - 1, *raised))
    by_index = dict(enumerate(sources))
    run = on_a_sample(of_cells(cells, by_index.__getitem__), by_index, LACKS)
    assert run.ending is expected
    assert run.cells[-1].lacks_data is (expected is Ending.ENVIRONMENT)


def test_a_notebook_that_was_stopped_was_stopped_on_a_sample_too():
    stopped = Run(ending=Ending.TIMEOUT, detail="too late", cells=(cell(0, *TOO_FAR),))
    run = on_a_sample(stopped, {0: "data[59999]"}, LACKS)
    assert (run.ending, run.detail, run.cells[0].lacks_data) == (Ending.TIMEOUT, "too late", True)
