"""`%check` in JupyterLab, in real Chromium, as a student clicks through it."""

import json
import shutil
import subprocess
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from environments import ROOT, Environment, build_wheel, clean_environment, packages_without
from machine import lacks

FLATS = ROOT / "tests" / "assignments" / "tiny"
CHROMIUM = Path("/usr/bin/chromium")
JUPYTERLAB = "jupyterlab==4.6.6"
SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {
        "autosave": False
    },  # when the file is saved, this test decides
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
}
LOAD = 'import sys; sys.path.append("{wheel}")\n%load_ext grader\n%check --install'

pytestmark = [pytest.mark.system, pytest.mark.browser]


@pytest.fixture
def lab(tmp_path):
    """An environment with JupyterLab and without `grader`; its working folder is a kit, with a cell that checks."""
    if not CHROMIUM.exists():
        lacks("package", f"{CHROMIUM} is not installed: apt-get install chromium")
    maker = Environment(tmp_path / "maker", build_wheel(tmp_path))
    shutil.copytree(FLATS, maker.work / "flats", ignore=shutil.ignore_patterns("submissions"))
    assert maker.run("grader", "kit", "flats", GRADER_RUBRICS=".").returncode == 0
    lab = Environment(
        tmp_path / "lab", packages=packages_without(tmp_path / "shared", "grader", "__editable__")
    )
    lab.install(JUPYTERLAB)
    settings = lab.home / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(SETTINGS))
    with zipfile.ZipFile(maker.work / "kit.zip") as kit:
        kit.extractall(lab.work)
    (wheel,) = lab.work.glob("*.whl")
    notebook = nbformat.read(FLATS / "submissions" / "cem" / "flats.ipynb", as_version=4)
    first = [
        nbformat.v4.new_code_cell(cell) for cell in (LOAD.format(wheel=wheel.name), "%check", "%check 1")
    ]
    notebook.cells = [*first, *notebook.cells]
    nbformat.write(notebook, lab.work / "flats.ipynb")
    return lab


@contextmanager
def served(lab, runtime):
    """JupyterLab on a port that is free; its address."""
    command = ["-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0"]
    server = subprocess.Popen(
        [lab.python, *command],
        cwd=lab.work,
        env=clean_environment(JUPYTER_RUNTIME_DIR=str(runtime), HOME=str(runtime)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not (found := list(runtime.glob("jpserver-*.json"))):
            assert server.poll() is None
            time.sleep(0.1)
        facts = json.loads(found[0].read_text())
        yield f"{facts['url']}lab/tree/flats.ipynb?token={facts['token']}"
    finally:
        server.terminate()
        server.wait(30)


def test_a_student_checks_a_notebook(lab, tmp_path):
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a second that no other test needs

    with served(lab, tmp_path) as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1200, "height": 1000})
        page.goto(address)
        cells = page.locator(".jp-NotebookPanel .jp-CodeCell")

        def run(number):
            """Run a cell; what is shown below it when it has ended."""
            cells.nth(number).locator(".cm-content").click(timeout=120_000)
            page.keyboard.press("Shift+Enter")
            page.wait_for_function(
                "cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent)",
                arg=cells.nth(number).element_handle(),
                timeout=300_000,
            )
            return cells.nth(number).locator(".jp-OutputArea-output")

        page.get_by_text("| Idle").wait_for(timeout=120_000)  # before, keys are lost
        assert run(0).inner_text() == "The checks are installed. Run: %check"
        everything = run(1)
        assert everything.locator("tr").count() == 3
        assert "flats.ipynb, as saved on " in everything.inner_text()
        assert "older" not in everything.inner_text()
        cells.nth(2).locator(".cm-content").click()
        page.keyboard.press("Control+Home")
        page.keyboard.type("extra = 1\n")
        assert "you ran “extra = 1” after you saved it" in run(2).inner_text()
        page.screenshot(path=tmp_path / "check.png")
        browser.close()
