"""A small data folder, small notebooks, and a request to run them with."""

import nbformat
import pytest

from grader.kernel import KernelRequest
from grader.kernel.guard import run_notebook
from grader.limits import Limits


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    raw = tmp_path_factory.mktemp("data") / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "t10k-labels-idx1-ubyte").write_bytes(b"a small data set")
    raw.parent.parent.chmod(0o755)  # a kernel is another user, and pytest's folders are this one's alone
    return raw.parent.parent


@pytest.fixture(scope="session")
def drive(data):
    """Run sources as a notebook's cells in a kernel of `launcher`. Returns the run and the notebook."""

    def drive(launcher, *sources, cell=20.0, notebook=120.0, limits=None, skip=(), **request):
        limits = limits or Limits()
        nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        with launcher.kernel(
            KernelRequest(**{"seed": 1, "data": data, "limits": limits} | request)
        ) as kernel:
            run = run_notebook(
                nb,
                kernel,
                limits=limits,
                cell_deadline=cell,
                notebook_deadline=notebook,
                on_cell=lambda _: None,
                skip=skip,
            )
            kernel.evidence.seek(0)
            nb.metadata.evidence = kernel.evidence.read(64).rstrip(b"\0").decode()
            nb.metadata.death = kernel.death
        return run, nb

    return drive


@pytest.fixture(scope="session")
def printed():
    """Everything that a notebook's cells printed, and the names of the errors that they raised."""

    def printed(nb):
        outputs = [output for cell in nb.cells for output in cell.outputs]
        return "".join(
            output.get("text") or output.get("ename") or output.get("data", {}).get("text/plain", "")
            for output in outputs
        )

    return printed
