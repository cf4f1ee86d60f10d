"""With the versions of IPython and ipykernel that Colab has, and a stand-in for Colab's page."""

import json
import shutil
import zipfile

import nbformat
import pytest
from environments import ROOT, Environment, packages_without
from nbclient import NotebookClient

FLATS = ROOT / "tests" / "assignments" / "tiny"
COLAB = ("ipython==7.34.0", "ipykernel==6.17.1")
PAGE = """
import json
from pathlib import Path

def blocking_request(kind, request="", timeout_sec=5):
    assert kind == "get_ipynb"
    return {"ipynb": json.loads(Path("%s").read_text())}
"""
LAUNCH = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
LOAD = """\
import google.colab, sys
sys.path.append("%s")
%%load_ext grader
%%check --install"""
LOADED = "sorted({'msgspec', 'typer', 'rich', 'grader.cli'} & set(sys.modules))"


@pytest.fixture
def colab(wheel, tmp_path, monkeypatch):
    """A runtime like Colab's, with a kit in its working folder."""
    maker = Environment(tmp_path / "maker", wheel)
    shutil.copytree(FLATS, maker.work / "flats", ignore=shutil.ignore_patterns("submissions"))
    assert maker.run("grader", "kit", "flats", GRADER_RUBRICS=".").returncode == 0
    packages = packages_without(tmp_path / "shared", "grader", "__editable__")
    runtime = Environment(tmp_path / "runtime", packages=packages)
    runtime.install(*COLAB)
    with zipfile.ZipFile(maker.work / "kit.zip") as kit:
        kit.extractall(runtime.work)
    page = tmp_path / "page.ipynb"  # what is on the screen; the file in the working folder is the blank one
    module = runtime.site_packages / "google" / "colab"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    (module / "_message.py").write_text(PAGE % page)
    spec = tmp_path / "jupyter" / "kernels" / "colab"
    spec.mkdir(parents=True)
    facts = {"argv": [str(runtime.python), *LAUNCH], "display_name": "Colab", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(facts))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    runtime.page = page
    return runtime


def test_check_is_installed_beside_the_kernel_and_changes_nothing_of_it(colab):
    (own,) = colab.work.glob("*.whl")
    notebook = nbformat.read(FLATS / "submissions" / "ada" / "flats.ipynb", as_version=4)
    notebook.cells += map(nbformat.v4.new_code_cell, (LOAD % own.name, "%check", "%check 1", LOADED))
    nbformat.write(notebook, colab.page)
    before = sorted(path.name for path in colab.site_packages.iterdir())
    NotebookClient(notebook, kernel_name="colab", resources={"metadata": {"path": colab.work}}).execute()
    installed, everything, first, loaded = (
        cell.outputs[0].data["text/plain"] for cell in notebook.cells[-4:]
    )
    assert installed == "The checks are installed. Run: %check"
    assert everything.splitlines()[0] == "notebook.ipynb, as it is on your screen"
    rows = [line.split() for line in everything.splitlines() if line[:2] in ("\N{CHECK MARK} ", "? ")]
    assert {row[1] for row in rows} == {"passed", "review"}
    assert "Before you hand in:" in everything
    assert "1" in {line.split()[2] for line in first.splitlines()[1:]}
    assert loaded == "[]"
    assert sorted(path.name for path in colab.site_packages.iterdir()) == before
    beside = {path.name.split("-")[0] for path in (colab.work / "checks").rglob("*.dist-info")}
    assert {"grader", "ipykernel"} <= beside
    assert beside.isdisjoint({"torch", "torchvision", "numpy"})
