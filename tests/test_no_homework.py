"""The engine knows no homework: one assignment lives in `rubrics`, one data set in `datasets`."""

import re

import pytest

from grader.places import PACKAGE

OF_ONE_HOMEWORK = re.compile(
    r"fashion|mnist|(?<![a-z])hw[_-]?\d|homework[\s_-]*\d|(?<!\d)784(?!\d)|28\s*[*x\N{MULTIPLICATION SIGN}]\s*28|"
    r"(?:train|test)_?data_?loader",
    re.IGNORECASE,
)
SUFFIXES = {".py", ".html", ".css", ".js"}
EXEMPT = (
    "datasets/",  # the registered data sets
    "kernel/inside/dataroot.py",  # the fast path of one of them
    "kernel/inside/fastdata.py",
    "guide/",  # pages that show homework 1 as their example
)


def exempt(name):
    return any(name == each or (each.endswith("/") and name.startswith(each)) for each in EXEMPT)


def offences(name, text):
    return [
        f"{name}:{number}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        if not exempt(name) and OF_ONE_HOMEWORK.search(line)
    ]


def files():
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix in SUFFIXES:
            yield path.relative_to(PACKAGE).as_posix(), path.read_text(encoding="utf-8")


def test_the_engine_knows_no_homework():
    found = [offence for name, text in files() for offence in offences(name, text)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "datasets.FashionMNIST(root)",
        "from torchvision.datasets import mnist",
        "fashion_mnist.load(dataset)",
        '"""The data set fashion-mnist."""',
        "class KMNIST: pass",
        'assignment: AssignmentOption = "hw1"',
        "grader kit HW1 -o kit.zip",
        "import rubrics.hw1.formulas",
        "hw1_formulas = 3",
        "def verify_hw_1(): ...",
        '"""Homework 1 asks for it."""',
        "torch.nn.Linear(784, 10)",
        "reshape(-1, 28 * 28)",
        '"28x28 pixels"',
        "for images, labels in trainDataLoader:",
        "len(test_data_loader)",
        "TestDataLoader",
    ],
)
def test_a_line_about_homework_1_is_found_wherever_it_stands(line):
    assert offences("judging/court.py", f"x = 1\n{line}\n") == [f"judging/court.py:2: {line}"]
    assert offences("reports/templates/report.html", line)
    assert offences("kernel/inside/main.py", line)
    assert not offences("datasets/registry.py", line)


@pytest.mark.parametrize(
    "line",
    ["a homework of 10 questions", "width: 1784px", "homework of hers", "DataLoader(data)", "shw1ft", "a 28"],
)
def test_what_any_homework_may_have_is_no_offence(line):
    assert offences("judging/court.py", line) == []


def test_every_exemption_is_of_files_that_are_there_and_of_no_others():
    names = [name for name, _ in files()]
    assert {"run.py", "judging/court.py", "theory/proof.py", "kernel/inside/main.py"} <= set(names)
    assert any(name.endswith(".html") for name in names)
    assert not any(map(exempt, ("kernel/inside/main.py", "kernel/inside/fastdata.pyx", "my/datasets/a.py")))
    for each in EXEMPT:
        if each != "guide/":  # pages, none of which is code
            assert any(name.startswith(each) for name in names), each
