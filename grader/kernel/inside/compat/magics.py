"""Shell lines and magics that download something, or that only work on Colab or in a browser.

They are skipped without an error. All others are left to IPython.
"""
# ruff: noqa: T201 - what is printed is the student's output

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from IPython.utils.text import SList

if TYPE_CHECKING:
    from .ledger import Ledger
    from .patching import Function

FETCHING = "apt-get|apt|conda|curl|gdown|git|kaggle|nvidia-smi|pip|pip3|wget"
SHELL_LINE = re.compile(rf"\s*(?:sudo\s+)?(?:\S*python3?\s+-m\s+)?({FETCHING})\b")
ALONE = "During grading no packages are installed, nothing is downloaded, and there is no GPU."
IGNORED = ("pip", "conda", "mamba", "uv", "tensorflow_version", "tensorboard")
BROWSER_BACKENDS = ("notebook", "widget", "ipympl", "nbagg")


def wanted(source: str) -> bool:
    return re.search(r"^\s*(?:\w+\s*=\s*)?[!%]{1,2}\s*\w", source, re.MULTILINE) is not None


def install(shell: Any, ledger: Ledger) -> None:
    _answer_shell_lines(shell, ledger)
    line_magics, cell_magics = (shell.magics_manager.magics[kind] for kind in ("line", "cell"))
    for name in IGNORED:
        line_magics[name] = _ignored(name, ledger)
    # `find_line_magic` also imports magics that IPython loads lazily; a look-up by name would later find ours.
    line_magics["load_ext"] = _without_some_extensions(shell.find_line_magic("load_ext"), ledger)
    # Ours: a notebook that checks itself must not do so while it is checked.
    line_magics["check"] = lambda _: None
    line_magics["matplotlib"] = _without_a_browser(shell.find_line_magic("matplotlib"), ledger)
    # As Colab calls them:
    cell_magics["shell"] = lambda line, cell: shell.run_cell_magic("bash", line, cell)
    line_magics["shell"] = shell.system


def _answer_shell_lines(shell: Any, ledger: Ledger) -> None:
    run, read = shell.system, shell.getoutput

    def fetches(line: str) -> bool:
        match = SHELL_LINE.match(line)
        if match:
            ledger.use(f"!{match[1]}", ALONE)
        return match is not None

    def system(line: str) -> None:
        if fetches(line):
            print(f"(not run while grading: {line.strip()})")
            shell.user_ns["_exit_code"] = 0
        else:
            run(line)

    def getoutput(line: str, *args: Any, **kwargs: Any) -> Any:
        return SList() if fetches(line) else read(line, *args, **kwargs)

    shell.system, shell.getoutput = system, getoutput


def _ignored(name: str, ledger: Ledger) -> Function:
    def magic(line: str) -> None:
        ledger.use(f"%{name}", ALONE)
        print(f"(not run while grading: %{name} {line})")

    return magic


def _without_some_extensions(stock: Function, ledger: Ledger) -> Function:
    def load_ext(line: str) -> Any:
        if line.strip() == "grader":
            return None
        if not line.strip().startswith(("tensorboard", "google.colab")):
            return stock(line)
        return ledger.use(
            f"%load_ext {line.strip()}", "It is not installed here, so its output is not shown."
        )

    return load_ext


def _without_a_browser(stock: Function, ledger: Ledger) -> Function:
    def matplotlib(line: str) -> Any:
        if line.strip() not in BROWSER_BACKENDS:
            return stock(line)
        ledger.use(
            f"%matplotlib {line.strip()}", "Write %matplotlib inline: it saves the figures in the notebook."
        )
        return stock("inline")

    return matplotlib
