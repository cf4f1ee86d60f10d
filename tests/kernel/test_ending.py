import pytest

from grader.kernel.ending import CellRun, of_cells, of_death, stranded
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
    ],
)
def test_ending_of_one_cell(ename, evalue, expected):
    run = ending(cell(3, ename, evalue))
    assert run.ending is expected
    assert run.detail == (f"cell 4: {ename}: {evalue}" if ename else "")


def test_worst_cell_decides():
    run = ending(cell(0, "ModuleNotFoundError", "x"), cell(1, "ValueError", "y"), cell(2))
    assert (run.ending, run.detail) == (Ending.ERROR, "cell 2: ValueError: y")


def test_name_that_could_not_be_imported_is_no_error_of_its_own():
    cells = (cell(0, "ModuleNotFoundError", "No module"), cell(1, "NameError", "name 'sns' is not defined"))
    assert ending(*cells, sources=("import seaborn as sns", "sns.set()")).ending is Ending.ENVIRONMENT
    assert ending(*cells, sources=("import other", "sns.set()")).ending is Ending.ERROR


@pytest.mark.parametrize(
    ("ename", "evalue", "is_stranded"),
    [
        ("ModuleNotFoundError", "No module named 'seaborn'", True),
        ("ImportError", "Missing optional dependency 'openpyxl'. Use pip to install it.", True),
        ("ImportError", "IProgress not found. Please update jupyter and ipywidgets.", True),
        ("ModuleNotFoundError", "No module named 'torch.nnn'", False),
        ("ModuleNotFoundError", "No module named 'torch.nn.Linear'; 'torch.nn' is not a package", False),
        ("ImportError", "cannot import name 'Linaer' from 'torch.nn'", False),
        ("ValueError", "No module named 'seaborn'", False),
    ],
)
def test_cell_is_stranded_for_want_of_a_whole_package(ename, evalue, is_stranded):
    assert stranded([cell(2, ename, evalue)], lambda _: "") == ((2,) if is_stranded else ())


def test_so_are_cells_that_need_what_it_would_have_made_and_those_that_need_them():
    cells = [
        cell(0, "ModuleNotFoundError", "No module named 'seaborn'"),
        cell(1, "NameError", "name 'sns' is not defined"),
        cell(2),
        cell(3, "NameError", "name 'palette' is not defined"),
        cell(4, "NameError", "name 'misspelt' is not defined"),
    ]
    sources = (
        "import seaborn as sns",
        "palette = sns.color_palette()",
        "x = 1",
        "print(palette)",
        "misspelt",
    )
    assert stranded(cells, sources.__getitem__) == (0, 1, 3)


def test_interrupted_cell_is_a_timeout():
    run = ending(cell(4, "KeyboardInterrupt", seconds=31.0, timed_out=True))
    assert (run.ending, run.detail) == (Ending.TIMEOUT, "cell 5 was interrupted after 31 s")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (139, "was killed by SIGSEGV"),
        (137, "was killed by SIGKILL"),
        (0, "exited with status 0"),
        (3, "status 3"),
    ],
)
def test_death_by_its_own_hand(code, words):
    run = of_death(Death(code=code), [cell(0), cell(5)])
    assert run.ending is Ending.KILLED
    assert run.detail.startswith("cell 6: the kernel ")
    assert words in run.detail


def test_death_by_ours():
    run = of_death(Death(code=137, ending=Ending.MEMORY, detail="it used 13 GiB"), [cell(2)])
    assert (run.ending, run.detail) == (Ending.MEMORY, "cell 3: it used 13 GiB")
