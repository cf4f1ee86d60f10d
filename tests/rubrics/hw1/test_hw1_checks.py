"""Homework 1's checks on made-up evidence: what is right in any style, and each mistake by its own name."""

# ruff: noqa: ARG005, PLR0917, PLW0108 - tables of functions that share one form, and columns as arguments

import contextlib
import importlib
import inspect
import itertools
import json
import math
import random
import re
import struct
import types
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import torch
from hw1.data import NAMES
from hw1.network import verify_network
from nbformat.v4 import new_code_cell, new_output
from torchvision.utils import make_grid

from grader import assignment, evidence
from grader.analysis.diagnosis import Mistake
from grader.analysis.training import BACKWARD, OTHER, PASS, STEP, TEST, TEST_NO_GRAD, TRAIN, ZERO_GRAD
from grader.datasets import fashion_mnist as datasets
from grader.evidence import Evidence, Record
from grader.judging.api import CheckEnded
from grader.judging.disclosure import Disclosure
from grader.judging.exhibits import Exhibits
from grader.judging.work import Reference, Work
from grader.kernel.inside.probe import log
from grader.kernel.inside.probe.values import encode
from grader.model import Check, Ending, Outcome
from grader.theory import Status

FOLDER = Path(__file__).parent.parent.parent.parent / "rubrics" / "hw1"
FILES = ("test_0_introduction", "test_3_network", "test_4_data", "test_4_training", "test_4_evaluate")
BATCH = 64
LAST = 999
"""A cell after all others."""


# --- a small world: the embedded subset, and networks that really learned it ------------------------------


@pytest.fixture(scope="session")
def hw1():
    return assignment.load(FOLDER)


@pytest.fixture(scope="session")
def arrays(tmp_path_factory):
    """2000 training and 500 test images: enough to learn from in a moment."""
    every = datasets.load(datasets.subset(tmp_path_factory.mktemp("cache")))
    return datasets.Arrays(
        train_images=every.train_images[:2000],
        train_labels=every.train_labels[:2000],
        test_images=every.test_images[:500],
        test_labels=every.test_labels[:500],
    )


@pytest.fixture(scope="session")
def data(arrays, tmp_path_factory):
    """A data set of these images alone, on the disk, as the judge is given one."""
    root = tmp_path_factory.mktemp("small")
    raw = root / datasets.RAW
    raw.mkdir(parents=True)
    for name, array in (
        (datasets.TRAIN_IMAGES, arrays.train_images),
        (datasets.TRAIN_LABELS, arrays.train_labels),
        (datasets.TEST_IMAGES, arrays.test_images),
        (datasets.TEST_LABELS, arrays.test_labels),
    ):
        header = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        (raw / name).write_bytes(header + array.tobytes())
    return datasets.Dataset(
        name="fashion-mnist", root=root, complete=False, provenance="the embedded subset, cut"
    )


def flat(images):
    return torch.tensor(images.reshape(len(images), -1)).float() / 255


@dataclass(frozen=True)
class Run:
    """A network that was trained, and what it did on its way. Losses are means over batches, by epoch."""

    net: torch.nn.Module
    batches: tuple
    """The loss of each minibatch, (epochs, batches)."""
    train_after: tuple
    test: tuple

    @property
    def train(self):
        return tuple(float(np.mean(losses)) for losses in self.batches)


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


RATE = 0.03
"""The reference's."""


def trained(arrays, seed, *, epochs=20, rate=RATE, on_test=False):
    draw = torch.Generator().manual_seed(seed)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    with torch.no_grad():
        net[1].weight.copy_(torch.rand(10, 784, generator=draw).sub(0.5).div(14))
        net[1].bias.zero_()
    optimizer = torch.optim.SGD(net.parameters(), lr=rate)
    criterion = torch.nn.CrossEntropyLoss()
    x, y = flat(arrays.train_images), torch.tensor(arrays.train_labels).long()
    u, v = flat(arrays.test_images), torch.tensor(arrays.test_labels).long()
    every, after, test = [], [], []
    for _ in range(epochs):
        batches = []
        for chosen in torch.randperm(len(x), generator=draw).split(BATCH):
            optimizer.zero_grad()
            loss = criterion(net(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
            batches.append(loss.item())
        if on_test:
            optimizer.zero_grad()
            criterion(net(u), v).backward()
            optimizer.step()
        every.append(tuple(batches))
        with torch.no_grad():
            after.append(criterion(net(x), y).item())
            test.append(
                float(
                    np.mean(
                        [
                            criterion(net(a), b).item()
                            for a, b in zip(u.split(BATCH), v.split(BATCH), strict=True)
                        ]
                    )
                )
            )
    return Run(net, tuple(every), tuple(after), tuple(test))


@pytest.fixture(scope="session")
def runs(arrays):
    return [trained(arrays, seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="session")
def own(arrays):
    """The student's run, with a seed of its own."""
    return trained(arrays, 7)


# --- building evidence ----------------------------------------------------------------------------------


def trace(
    run=None,
    *,
    epochs=None,
    learn=(ZERO_GRAD, BACKWARD, STEP),
    test=(TEST_NO_GRAD,),
    split=TRAIN,
    provenance=None,
    rate=None,
):
    """The events of a training loop, with the losses of a run; with a rate, its loader and optimizer as well."""
    losses = run.batches if run else ((1.0,) * 3,) * (epochs or 1)
    events, loaders = [], []
    for batches in losses:
        points = {"length": BATCH * len(batches)}
        loaders.append({"at": len(events), "batches": len(batches), "dataset": points})
        events += [PASS, *((split, *learn) * len(batches)), PASS, *(test * 3)]
    return {
        "events": events,
        "losses": [loss for batches in losses for loss in batches],
        "provenance": provenance or {"train": 50},
        "loaders": loaders if rate else [],
        "optimizers": [{"class": "SGD", "groups": [{"lr": rate}]}] if rate else [],
    }


@dataclass
class Cell:
    """What a cell did: `values` are real objects, which our own recorder encodes."""

    source: str = "x"
    text: str = ""
    values: dict = None
    pictures: tuple = ()
    trace: dict = None
    error: str = ""
    markdown: bool = False
    raw_pictures: int = 0
    probed: tuple = ()
    trained: tuple = ()
    series: tuple = ()


def outputs(cell):
    if cell.text:
        yield new_output("stream", name="stdout", text=cell.text)
    for _ in range(cell.raw_pictures):
        yield new_output("display_data", data={"image/png": "AA=="})
    if cell.error:
        name, _, value = cell.error.partition(": ")
        yield new_output("error", ename=name, evalue=value, traceback=[])


def records(index, cell):
    kept = log.Arrays()
    values = {name: encode(name, value, kept) for name, value in (cell.values or {}).items()}
    figures = [
        {"axes": [{"images": [{"data": kept.keep(f"picture{i}", np.asarray(picture))}]}]}
        for i, picture in enumerate(cell.pictures)
    ]
    facts = {
        "kind": "cell",
        "cell": index,
        "values": values,
        "figures": figures,
        "trained": list(cell.trained),
        "series": list(cell.series),
    }
    if cell.trace is not None:
        facts["trace"] = {
            "events": kept.keep("events", np.array(cell.trace["events"], np.uint8)),
            "losses": kept.keep("losses", np.array(cell.trace["losses"], np.float64)),
            **{name: cell.trace[name] for name in ("provenance", "loaders", "optimizers")},
        }
    yield Record(json.loads(log.as_json(facts)), kept.by_name)


@pytest.fixture
def work(hw1):
    """A student's work: the blank notebook, with cells for some questions in place of its own."""

    def work(answers=None, *, ending=Ending.FINISHED, roster=None):
        answers = {
            question: cells if isinstance(cells, list) else [cells]
            for question, cells in (answers or {}).items()
        }
        template = hw1.template.copy()
        cells, written, probed, done = [], [], [], set()
        for blank in template.cells:
            question = blank.metadata.get("grader", {}).get("question")
            if question not in answers:
                cells.append(blank)
                continue
            for cell in answers[question] if question not in done else ():
                metadata = {"grader": {"question": question}}
                new = new_code_cell(cell.source, metadata=metadata, outputs=list(outputs(cell)))
                if cell.markdown:
                    new = new | {"cell_type": "markdown"}
                written += records(len(cells), cell)
                probed += cell.probed
                cells.append(type(blank)(new))
            done.add(question)
        template.cells = cells
        return Work(
            assignment=hw1,
            notebook=template,
            ending=ending,
            evidence=Evidence(tuple(written)),
            probed=tuple(probed),
            listed=roster or {},
        )

    return work


# --- running one check ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def checks(request):
    request.config.addinivalue_line("markers", "question: what the rubric's plugin registers")
    found = {}
    for name in FILES:
        module = importlib.import_module(f"hw1.{name}")
        found |= {key: value for key, value in vars(module).items() if key.startswith("test_")}
    return found


@dataclass(frozen=True)
class Result:
    outcome: str
    points: Decimal
    message: str
    verdict: CheckEnded | None = None


PASSED, FAILED, REVIEW = "passed", "failed", "review"


@pytest.fixture
def judge(checks, hw1, data, runs):
    reference = Reference(tuple(reference_work(hw1, run) for run in runs))

    def judge(name, student, *, exhibits=None):
        function = checks[f"test_{name}"]
        everything = {
            "student": student, "reference": reference, "data": data,
            "settings": hw1.settings, "exhibits": exhibits or Exhibits(),
        }  # fmt: skip
        wanted = {key: everything[key] for key in inspect.signature(function).parameters}
        try:
            function(**wanted)
        except CheckEnded as verdict:
            return Result(str(verdict.outcome), verdict.points or Decimal(0), verdict.message, verdict)
        mark = next(mark for mark in function.pytestmark if mark.name == "question")
        return Result(PASSED, mark.kwargs["points"], "")

    return judge


def reference_work(hw1, run):
    cell = next(
        i for i, c in enumerate(hw1.template.cells) if c.metadata.get("grader", {}).get("question") == "4.5"
    )
    values = {"net": run.net, "train_loss_history": list(run.train), "test_loss_history": list(run.test)}
    evidence = Evidence(tuple(records(cell, Cell(values=values, trace=trace(run, rate=RATE)))))
    return Work(assignment=hw1, notebook=hw1.template, ending=Ending.FINISHED, evidence=evidence)


def test_every_check_of_part_4_is_tested_here(checks):
    judged = re.findall(r'judge\(\s*"(\w+)"', Path(__file__).read_text(encoding="utf-8"))
    assert {f"test_{name}" for name in judged} == set(checks)


# --- 0 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roster", "outcome"),
    [
        ({"participated": "yes"}, PASSED),
        ({"participated": " Y "}, PASSED),
        ({"participated": "1"}, PASSED),
        ({"participated": "no"}, FAILED),
        ({"participated": "FALSE"}, FAILED),
        ({"participated": "maybe"}, REVIEW),
        ({"participated": ""}, REVIEW),
        ({}, REVIEW),
    ],
)
def test_introduction(judge, work, roster, outcome):
    assert judge("introduced_on_the_forum", work(roster=roster)).outcome == outcome


# --- 3 --------------------------------------------------------------------------------------------------

W1 = [[1, -1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]
RIGHT = {"W1": W1, "b1": [0, 0, 0, 0], "w2": [1, 1, 1, 1], "b2": -3.5}


@pytest.mark.parametrize(
    ("changes", "outcome", "points"),
    [
        pytest.param({}, PASSED, 2, id="lists"),
        pytest.param({name: np.array(value) for name, value in RIGHT.items()}, PASSED, 2, id="arrays"),
        pytest.param({name: torch.tensor(value) for name, value in RIGHT.items()}, PASSED, 2, id="tensors"),
        pytest.param({"b2": [-3.5]}, PASSED, 2, id="a bias in a list"),
        pytest.param({"w2": [[1, 1, 1, 1]], "b1": np.zeros((4, 1))}, PASSED, 2, id="rows and columns"),
        pytest.param({"W1": np.array(W1).T}, PASSED, 2, id="transposed"),
        pytest.param({"b2": -4}, FAILED, 0, id="no input fires"),
        pytest.param({"b2": -3}, "partial", 1, id="wrong at ties"),
        pytest.param({"W1": (-np.array(W1)).tolist()}, FAILED, 0, id="the other way round"),
        pytest.param({"W1": [[1, 2], [3, 4]]}, REVIEW, 0, id="another shape"),
        pytest.param({"b1": [math.nan] * 4}, REVIEW, 0, id="not a number"),
    ],
)
def test_network(judge, work, changes, outcome, points):
    student = work({"3": Cell("weights()", values=RIGHT | changes)})
    result = judge("network_recognises_sorted_inputs", student)
    assert (result.outcome, result.points) == (outcome, points)


def test_a_blank_network_is_no_answer(judge, work):
    assert judge("network_recognises_sorted_inputs", work()).message == "No weights were given."


KIT = "# W1: 4 rows of 5 numbers; b1: 4 numbers; w2: 4 numbers; b2: one number"
TEXT = f"$W_1 = {W1}$, $b_1 = [0, 0, 0, 0]$, $w_2 = [1, 1, 1, 1]$, $b_2 = -3.5$"


@pytest.mark.parametrize(
    ("cells", "outcome"),
    [
        pytest.param([Cell(KIT), Cell(TEXT, markdown=True)], PASSED, id="text below the kit's comment"),
        pytest.param([Cell(f"{KIT}\nnet = {RIGHT}")], PASSED, id="a dictionary"),
        pytest.param([Cell(KIT), Cell(TEXT.replace("-3.5", "-2"), markdown=True)], FAILED, id="wrong"),
        pytest.param([Cell(KIT), Cell("W1: 4 rows", markdown=True)], REVIEW, id="no weights"),
        pytest.param(
            [Cell(f"{KIT}\nb2 = -4 + half", values={"b2": -3}), Cell(TEXT, markdown=True)],
            REVIEW,
            id="code and text differ",
        ),
        pytest.param(
            [Cell(f"{KIT}\nW1 = ones(3)", values={"W1": np.ones(3)}), Cell(TEXT, markdown=True)],
            REVIEW,
            id="code and text differ in shape",
        ),
    ],
)
def test_a_network_in_the_students_own_form(judge, work, cells, outcome):
    assert judge("network_recognises_sorted_inputs", work({"3": cells})).outcome == outcome


def test_a_counterexample_has_numbers_that_people_read(judge, work):
    weights = {"w2": [0.36153052684073301, 0.25, 0.25, 0.1], "b2": -0.1}
    result = judge("network_recognises_sorted_inputs", work({"3": Cell("weights()", values=RIGHT | weights)}))
    assert (result.outcome, result.verdict.actual) == (
        FAILED,
        "+1: the hidden units output (1, 0, 0, 0), and the output unit's sum is 0.262",
    )


def tables_of(judge, student):
    shown = Exhibits()
    judge("network_recognises_sorted_inputs", student, exhibits=shown)
    return [(title, data) for kind, title, data in shown.shown if kind == "table"]


def spaced(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_refuted_network_is_worked_through_unit_by_unit(judge, work):
    ((title, table),) = tables_of(judge, work({"3": Cell("weights()", values=RIGHT | {"b2": -3})}))
    assert spaced(title) == "The network at x = (3, 2, 1, 0, 0), unit by unit"
    minus = "\N{MINUS SIGN}"
    assert [list(map(spaced, row)) for row in table["rows"]] == [
        ["Hidden unit 1", f"1·3 + ({minus}1)·2 + 0·1 + 0·0 + 0·0 + 0 = 1", "+1"],
        ["Hidden unit 2", f"0·3 + 1·2 + ({minus}1)·1 + 0·0 + 0·0 + 0 = 1", "+1"],
        ["Hidden unit 3", f"0·3 + 0·2 + 1·1 + ({minus}1)·0 + 0·0 + 0 = 1", "+1"],
        ["Hidden unit 4", f"0·3 + 0·2 + 0·1 + 1·0 + ({minus}1)·0 + 0 = 0", "0"],
        ["Output unit", f"1·1 + 1·1 + 1·1 + 1·0 {minus} 3 = 0", "0"],
        ["Right output", "", f"{minus}1"],
    ]
    assert spaced(table["note"]) == "Activation: sign, with sign(0) = 0."


@pytest.mark.parametrize(("changes", "shown"), [({"b2": -2}, 1), ({"b2": -4}, 1), ({}, 0)])
def test_only_a_refuted_network_is_worked_through(judge, work, changes, shown):
    assert len(tables_of(judge, work({"3": Cell("weights()", values=RIGHT | changes)}))) == shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "The network is right for all inputs (sign, with sign(0) = 0)."),
        ({"b2": -3}, "With another activation it would be right for all inputs: sign, with sign(0) = -1"),
        ({"b2": -9}, "No other activation"),
    ],
    ids=["right", "right in another way", "wrong"],
)
def test_what_was_proved_says_whether_it_counts(judge, work, changes, said):
    shown = Exhibits()
    student = work({"3": Cell("weights()", values=RIGHT | changes)})
    judge("network_recognises_sorted_inputs", student, exhibits=shown)
    (summary,) = [data for _, title, data in shown.shown if title == "What was proved"]
    assert said in str(summary)


def test_the_blank_notebooks_comment_is_not_shown_as_an_answer(judge, work):
    result = judge("network_recognises_sorted_inputs", work({"3": Cell(f"{KIT}\nW1 = half(1)")}))
    assert (result.outcome, result.verdict.actual) == (REVIEW, "W1 = half(1)")


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        pytest.param({}, PASSED, "", id="lists"),
        pytest.param({"b2": -4}, PASSED, "", id="right or wrong"),
        pytest.param({"W1": np.array(W1).T}, PASSED, "", id="transposed"),
        pytest.param({"W1": [[1, 2], [3, 4]]}, FAILED, "`W1`", id="another shape"),
        pytest.param({"b1": [math.nan] * 4, "w2": "none"}, FAILED, "`b1`, `w2`", id="no numbers"),
    ],
)
def test_the_weights_are_there(judge, work, changes, outcome, said):
    student = work({"3": Cell("weights()", values=RIGHT | changes)})
    result = judge("all_weights_are_there", student)
    assert result.outcome == outcome
    assert result.message == (f"Wrong shape, or not finite numbers: {said}." if said else "")


def test_weights_that_are_not_there(judge, work):
    assert judge("all_weights_are_there", work()).message == "No weights were given."
    some = work({"3": Cell("weights()", values={"W1": W1, "b1": [0, 0, 0, 0]})})
    result = judge("all_weights_are_there", some)
    assert (result.outcome, result.message) == (REVIEW, "Could not be read with certainty: W1, b1, w2, b2.")


def test_a_network_without_a_proof_in_time_goes_to_a_person_at_once(checks, judge, work, monkeypatch):
    """Each further convention could take as long again, and all of them longer than a judge waits."""
    check, asked = checks["test_network_recognises_sorted_inputs"], []

    def out_of_time(*weights, conventions):
        asked.append(conventions)
        judged = verify_network(*weights, conventions=conventions)
        undecided = {
            each: replace(proof, status=Status.UNDECIDED) for each, proof in judged.everywhere.items()
        }
        return replace(judged, everywhere=undecided)

    monkeypatch.setitem(check.__globals__, "verify_network", out_of_time)
    result = judge("network_recognises_sorted_inputs", work({"3": Cell("weights()", values=RIGHT)}))
    assert (result.outcome, result.message) == (
        REVIEW,
        "Neither a proof nor a counterexample was found in time.",
    )
    assert len(asked) == 1


# --- 4.1 ------------------------------------------------------------------------------------------------

A = np.array([[0.5488135, 0.71518937, 0.60276338], [0.54488318, 0.4236548, 0.64589411]])
B = torch.from_numpy(A)
AB = {"a": A, "b": B}


@pytest.mark.parametrize(
    ("text", "outcome", "points"),
    [
        pytest.param(f"{A}\n{B}\n", PASSED, "0.25", id="printed"),
        pytest.param(f"{A} {B}", PASSED, "0.25", id="on one line"),
        pytest.param(f"a = {A}\nb = {B}", PASSED, "0.25", id="f-strings"),
        pytest.param(f"{A!r}\n{B!r}", PASSED, "0.25", id="displayed"),
        pytest.param(f"({A!r}, {B!r})", PASSED, "0.25", id="as a last expression"),
        pytest.param(f"{B}\n{A}", PASSED, "0.25", id="the tensor first"),
        pytest.param("\n".join(map(str, [*A, *B])), PASSED, "0.25", id="row by row"),
        pytest.param(f"{A}\nb={B.numpy()}", REVIEW, "0.125", id="the tensor as an array"),
        pytest.param(f"{A}\n{B.tolist()}", REVIEW, "0.125", id="the tensor as a list"),
        pytest.param(f"{A}\n{A + 1}", "partial", "0.125", id="the array and another"),
        pytest.param(f"{A}", "partial", "0.125", id="the array alone"),
        pytest.param(f"{B}", "partial", "0.125", id="the tensor alone"),
        pytest.param("(2, 3) torch.Size([2, 3])", FAILED, 0, id="shapes"),
        pytest.param("", FAILED, 0, id="nothing"),
        pytest.param(f"{A + 1}\n{B + 1}", FAILED, 0, id="other numbers"),
    ],
)
def test_array_and_tensor(judge, work, text, outcome, points):
    result = judge("displays_array_and_tensor", work({"4.1": Cell(text=text, values=AB)}))
    assert (result.outcome, result.points) == (outcome, Decimal(points))


@pytest.mark.parametrize(
    "array",
    [
        np.ones(5),
        np.array([100, 200, 300]),
        np.arange(12).reshape(3, 4),
        np.random.default_rng(0).random((60, 60)),
        np.zeros((2, 2), np.float32),
    ],
    ids=["ones", "hundreds", "whole numbers", "too many to print", "float32"],
)
def test_any_array_may_be_displayed(judge, work, array):
    tensor = torch.from_numpy(array)
    student = work({"4.1": Cell(text=f"{array}\n{tensor}", values={"a": array, "b": tensor})})
    assert judge("displays_array_and_tensor", student).outcome == PASSED


@pytest.mark.parametrize("precision", [0, 1, 2, 3])
def test_an_array_may_be_displayed_with_any_precision(judge, work, precision):
    torch.set_printoptions(precision=precision)
    with np.printoptions(precision=precision):
        text = f"{A}\n{B}\n"
        wrong = f"{1 - A}\n{B}\n"
    torch.set_printoptions(profile="default")
    assert judge("displays_array_and_tensor", work({"4.1": Cell(text=text, values=AB)})).outcome == PASSED
    assert judge("displays_array_and_tensor", work({"4.1": Cell(text=wrong, values=AB)})).message == (
        "Only `b` is displayed."
    )


def test_display_counts_wherever_it_stands_in_the_answer(judge, work):
    changed = A.copy()
    changed[0, 0] = 7
    cells = [
        Cell(text=str(A), values=AB),
        Cell(text=str(torch.from_numpy(changed)), values={"a": changed, "b": torch.from_numpy(changed)}),
    ]
    assert judge("displays_array_and_tensor", work({"4.1": cells})).outcome == PASSED


# --- 4.2 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "60000 10000 784",
        "training points: 60000\ntest points: 10000\nfeatures per point: 784",
        "train: 60,000 points, test: 10,000 points, 784 features each",
        "60k training points, 10k test points, 28*28 features",
        "(60000, 10000, torch.Size([1, 28, 28]))",
        "torch.Size([60000, 28, 28]) torch.Size([10000, 28, 28])",
        "Dataset FashionMNIST\n    Number of datapoints: 60000\n  10000 and 1x28x28",
        "60000\n10000\n28 x 28",
        "60 000, 10 000, 28²",
        "2000 500 784",
    ],
)
@pytest.mark.parametrize("form", ["output", "words", "elsewhere"])
def test_the_sizes_in_any_form(judge, work, text, form):
    answers = {
        "output": {"4.2": [Cell(text=text)]},
        "words": {"4.2": [Cell("len(x)"), Cell(text, markdown=True)]},
        "elsewhere": {"4.2": [Cell("")], "4.3": [Cell("print(trainingdata, image.shape)", text=text)]},
    }[form]
    assert judge("shows_the_size_of_the_data", work(answers)).outcome == PASSED


@pytest.mark.parametrize(
    "source",
    [
        "# 60000 10000 784",
        "x = (60000, 10000, 784)",
        "'60000 10000 784'\nx = 1",
        "len(trainingdata)  # 60000",
    ],
)
def test_sizes_typed_into_code_are_not_shown(judge, work, source):
    result = judge("shows_the_size_of_the_data", work({"4.2": Cell(source)}))
    assert (result.outcome, result.message) == (FAILED, "None of the three numbers is shown.")


@pytest.mark.parametrize(
    ("source", "points"),
    [
        ("print(image.shape)", "0.15"),
        ("image, label = trainingdata[0]\nimage.size()", "0.15"),
        ("trainDataLoader = DataLoader(trainingdata)\nprint(images.size(), labels)", 0),
        ("for images, labels in trainDataLoader:\n    print(images.shape)", 0),
    ],
)
def test_the_shape_of_one_image_shows_the_features_and_that_of_a_minibatch_does_not(
    judge, work, source, points
):
    answers = {"4.2": Cell("# how many?"), "4.3": Cell(source, text="torch.Size([64, 1, 28, 28])")}
    result = judge("shows_the_size_of_the_data", work(answers))
    assert result.points == Decimal(points)


@pytest.mark.parametrize(
    ("text", "outcome", "points", "message"),
    [
        ("60000 10000", "partial", "0.30", "Not shown: features."),
        ("60000 10000 28", "partial", "0.30", "Not shown: features."),
        ("60000", "partial", "0.15", "Not shown: test points and features."),
        ("784", "partial", "0.15", "Not shown: training points and test points."),
        ("938 157 64", FAILED, "0", "None of the three numbers is shown."),
        ("", FAILED, "0", "None of the three numbers is shown."),
    ],
)
def test_sizes_that_are_missing(judge, work, text, outcome, points, message):
    result = judge("shows_the_size_of_the_data", work({"4.2": Cell(text=text)}))
    assert (result.outcome, result.points, result.message) == (outcome, Decimal(points), message)


def test_the_homeworks_own_look_at_a_minibatch_shows_no_size(judge, work):
    look = "images, labels = next(iter(trainDataLoader))\nprint(images.shape, len(trainingdata) > 0)"
    own = "images, labels = next(iter(trainDataLoader))\nprint(images.size(), labels)  # of trainingdata"
    for source, points in ((own, "0"), (look, "0.15")):
        cell = Cell(source, text="torch.Size([64, 1, 28, 28])")
        student = work({"4.2": Cell("# how many?"), "4.4": cell})
        assert judge("shows_the_size_of_the_data", student).points == Decimal(points)


# --- 4.3 ------------------------------------------------------------------------------------------------


def tensor_of(image):
    return torch.tensor(np.array(image))[None].float() / 255


DRAWN = {
    "squeezed": lambda image: tensor_of(image).squeeze(),
    "channels last": lambda image: tensor_of(image).permute(1, 2, 0),
    "transposed": lambda image: tensor_of(image)[0].T,
    "normalised": lambda image: (tensor_of(image)[0] - 0.5) / 0.5,
    "bytes": np.array,
    "inverted": lambda image: 1 - tensor_of(image)[0],
    "in colours": lambda image: np.dstack([np.array(image)] * 3),
}


@pytest.mark.parametrize("drawn", DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize(
    "value",
    [
        tensor_of,
        lambda image: (tensor_of(image) - 0.5) / 0.5,
        lambda image: np.array(image),
        lambda _: None,
        lambda _: "gone",
    ],
)
def test_the_sample(judge, work, arrays, drawn, value):
    image = arrays.train_images[0]
    student = work({"4.3": Cell(values={"image": value(image)}, pictures=[drawn(image)])})
    assert judge("shows_the_sample_image", student).outcome == PASSED


@pytest.mark.parametrize("form", [lambda image: np.kron(image, np.ones((10, 10))), np.flipud])
def test_pictures_in_another_form_are_read_by_a_person(judge, work, arrays, form):
    student = work({"4.3": Cell(pictures=[form(arrays.train_images[0])])})
    assert judge("shows_the_sample_image", student).outcome == REVIEW
    for images in (arrays.test_images[:10], arrays.test_images[:9]):
        student = work({"4.4": Cell(pictures=[form(image) for image in images])})
        result = judge("shows_the_first_ten_test_images", student)
        assert result.outcome == (REVIEW if len(images) == 10 else FAILED)


def test_another_sample_of_the_students_choice(judge, work, arrays):
    image = arrays.train_images[5]
    student = work({"4.3": Cell(values={"image": tensor_of(image)}, pictures=[image])})
    assert judge("shows_the_sample_image", student).outcome == PASSED


@pytest.mark.parametrize(
    ("cell", "outcome", "message"),
    [
        pytest.param(
            lambda a: Cell(values={"image": tensor_of(a.train_images[0])}, pictures=[a.test_images[0]]),
            FAILED,
            "The picture that is shown is not the sample `image`.",
            id="another picture",
        ),
        pytest.param(
            lambda a: Cell(values={"image": tensor_of(a.train_images[0])}),
            FAILED,
            "No picture is shown.",
            id="none",
        ),
        pytest.param(
            lambda a: Cell("%%capture\nplt.imshow(image)", values={"image": tensor_of(a.train_images[0])}),
            FAILED,
            "No picture is shown: the cell captures its output.",
            id="captured",
        ),
        pytest.param(
            lambda _: Cell(error="TypeError: Invalid shape (1, 28, 28) for image data"),
            FAILED,
            "The cell ended with an error before it showed a picture.",
            id="an error",
        ),
        pytest.param(
            lambda _: Cell(raw_pictures=1),
            REVIEW,
            "A picture was displayed, but not by matplotlib, so its pixels were not recorded.",
            id="drawn by something else",
        ),
    ],
)
def test_no_sample(judge, work, arrays, cell, outcome, message):
    result = judge("shows_the_sample_image", work({"4.3": cell(arrays)}))
    assert (result.outcome, result.points, result.message) == (outcome, 0, message)


# --- 4.4 ------------------------------------------------------------------------------------------------


def batch_of(images):
    return torch.tensor(np.array(images))[:, None].float() / 255


TEN = {
    "ten figures": lambda ten: [image / 255 for image in ten],
    "with channels": lambda ten: [image[None] for image in ten],
    "normalised": lambda ten: [(image / 255 - 0.5) / 0.5 for image in ten],
    "one grid": lambda ten: [make_grid(batch_of(ten), nrow=5).permute(1, 2, 0)],
    "one padded row": lambda ten: [
        make_grid(batch_of(ten), nrow=10, padding=2, normalize=True).permute(1, 2, 0)
    ],
    "one strip": lambda ten: [np.concatenate(list(ten), axis=1)],
    "a column": lambda ten: [np.array(ten).reshape(280, 28)],
    "in another order": lambda ten: list(ten[::-1]),
    "twice": lambda ten: [*ten, *ten],
}


@pytest.mark.parametrize("drawn", TEN.values(), ids=TEN)
@pytest.mark.parametrize("batch", [True, False], ids=["images kept", "images gone"])
def test_the_first_ten(judge, work, arrays, drawn, batch):
    values = {"images": batch_of(arrays.test_images[:64])} if batch else {}
    student = work({"4.4": Cell(values=values, pictures=drawn(arrays.test_images[:10]))})
    assert judge("shows_the_first_ten_test_images", student).outcome == PASSED


def test_a_test_loader_that_shuffles_has_another_first_minibatch(judge, work, arrays):
    images = arrays.test_images[100:164]
    for values in (batch_of(images), (batch_of(images) - 0.5) / 0.5):
        student = work({"4.4": Cell(values={"images": values}, pictures=list(images[:10]))})
        assert judge("shows_the_first_ten_test_images", student).outcome == PASSED


@pytest.mark.parametrize(
    ("cell", "outcome", "points", "message"),
    [
        pytest.param(
            lambda a: Cell(
                values={"images": batch_of(a.train_images[:64])}, pictures=list(a.train_images[:10])
            ),
            "partial",
            "0.25",
            "The ten images are from the training set.",
            id="the training loader",
        ),
        pytest.param(
            lambda a: Cell(
                values={"images": batch_of(a.train_images[:64])}, pictures=list(a.train_images[:5])
            ),
            "partial",
            "0.125",
            "Only 5 pictures, from the training set.",
            id="five of the training loader",
        ),
        pytest.param(
            lambda a: Cell(pictures=list(a.train_images[30:40])),
            "partial",
            "0.25",
            "The ten images are from the training set.",
            id="the training set, images gone",
        ),
        pytest.param(
            lambda a: Cell(
                values={"images": batch_of(a.test_images[64:128])}, pictures=list(a.train_images[:10])
            ),
            "partial",
            "0.25",
            "The ten images are from the training set.",
            id="the training set, images of a later cell",
        ),
        pytest.param(
            lambda a: Cell(pictures=[a.train_images[3]] * 10),
            "partial",
            "0.025",
            "Only 1 picture, from the training set.",
            id="one of the training set, ten times",
        ),
        pytest.param(
            lambda a: Cell(pictures=[*a.test_images[:4], *a.train_images[:6]]),
            "partial",
            "0.20",
            "Only 4 of the ten images are shown.",
            id="some of each set",
        ),
        pytest.param(
            lambda a: Cell(
                values={"images": batch_of(a.test_images[100:164])}, pictures=list(a.test_images[100:105])
            ),
            "partial",
            "0.25",
            "Only 5 of the ten images are shown.",
            id="five of a test loader that shuffles",
        ),
        pytest.param(
            lambda a: Cell(pictures=list(a.test_images[100:110])),
            REVIEW,
            "0",
            "The pictures are from the test set. Are they the first ten of a minibatch?",
            id="others of the test set, images gone",
        ),
        pytest.param(
            lambda a: Cell(values={"images": batch_of(a.test_images[:64])}, pictures=list(a.test_images[:1])),
            "partial",
            "0.05",
            "Only 1 of the ten images is shown.",
            id="one",
        ),
        pytest.param(
            lambda a: Cell(values={"images": batch_of(a.test_images[:64])}, pictures=list(a.test_images[:9])),
            "partial",
            "0.45",
            "Only 9 of the ten images are shown.",
            id="nine",
        ),
        pytest.param(
            lambda a: Cell(
                values={"images": batch_of(a.test_images[:64])}, pictures=list(a.test_images[20:30])
            ),
            FAILED,
            "0",
            "None of the ten images is shown.",
            id="others",
        ),
        pytest.param(
            lambda a: Cell(values={"images": batch_of(a.test_images[:64])}),
            FAILED,
            "0",
            "No picture is shown.",
            id="none",
        ),
        pytest.param(
            lambda _: Cell(error="AttributeError: next"),
            FAILED,
            "0",
            "The cell ended with an error before it showed a picture.",
            id="an error",
        ),
        pytest.param(
            lambda _: Cell(raw_pictures=1),
            REVIEW,
            "0",
            "A picture was displayed, but not by matplotlib, so its pixels were not recorded.",
            id="not by matplotlib",
        ),
    ],
)
def test_not_the_first_ten(judge, work, arrays, cell, outcome, points, message):
    result = judge("shows_the_first_ten_test_images", work({"4.4": cell(arrays)}))
    assert (result.outcome, result.points, result.message) == (outcome, Decimal(points), message)


# --- 4.5: what is right ---------------------------------------------------------------------------------


def lines(run, scale=1.0, digits=4):
    return "".join(
        f"epoch {i}: train {a * scale:.{digits}f} test {b * scale:.{digits}f}\n"
        for i, (a, b) in enumerate(zip(run.train, run.test, strict=True), start=1)
    )


def training_cell(run, train=None, test=None, *, text=None, net=None, **more):
    values = {
        "net": net or run.net,
        "train_loss_history": list(run.train) if train is None else train,
        "test_loss_history": list(run.test) if test is None else test,
    }
    return Cell(text=lines(run) if text is None else text, values=values, **({"trace": trace(run)} | more))


LEARNING = (
    "the_network_learned",
    "histories_are_those_of_the_run",
    "losses_are_printed",
    "the_test_set_never_trained_the_network",
)


def outcomes(judge, student):
    return {name: judge(name, student).outcome for name in LEARNING}


def all_right(judge, student):
    assert outcomes(judge, student) == dict.fromkeys(LEARNING, PASSED)


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "tensor": torch.tensor,
    "numpy floats": lambda values: [np.float64(value) for value in values],
    "tensors": lambda values: [torch.tensor(value) for value in values],
    "live tensors": lambda values: [torch.tensor(value, requires_grad=True) * 1 for value in values],
    "arrays": lambda values: [np.array([value]) for value in values],
    "a column": lambda values: np.array(values)[:, None],
}


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
def test_histories_in_any_container(judge, work, own, container):
    all_right(judge, work({"4.5": training_cell(own, container(own.train), container(own.test))}))


SCALES = {
    "per batch": lambda points: 1,
    "per sample": lambda points: 1 / BATCH,
    "summed over batches": lambda points: math.ceil(points / BATCH),
    "summed over points": lambda points: points,
    "times the batch size": lambda points: BATCH,
    "divided by the batches twice": lambda points: 1 / math.ceil(points / BATCH),
}


@pytest.mark.parametrize("scale", SCALES.values(), ids=SCALES)
@pytest.mark.parametrize("printed", ["as kept", "as means"])
def test_histories_on_any_scale(judge, work, own, scale, printed):
    train = [loss * scale(2000) for loss in own.train]
    test = [loss * scale(500) for loss in own.test]
    text = (
        lines(own)
        if printed == "as means"
        else "\n".join(f"{a:.4g} {b:.4g}" for a, b in zip(train, test, strict=True))
    )
    all_right(judge, work({"4.5": training_cell(own, train, test, text=text)}))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(lambda run: lines(run, digits=2), id="two digits"),
        pytest.param(lambda run: f"{list(run.train)}\n{list(run.test)}", id="lists at the end"),
        pytest.param(
            lambda run: f"{[torch.tensor(x) for x in run.train]}{[torch.tensor(x) for x in run.test]}",
            id="tensors",
        ),
        pytest.param(
            lambda run: "".join(f"{a:e} {b:e}\n" for a, b in zip(run.train, run.test, strict=True)),
            id="scientific",
        ),
        pytest.param(lambda run: "minibatch loss 2.1\n" * 18_760 + lines(run), id="after much else"),
    ],
)
def test_losses_printed_in_any_form(judge, work, own, text):
    all_right(judge, work({"4.5": training_cell(own, text=text(own))}))


def test_losses_printed_in_another_cell(judge, work, own):
    cells = [
        training_cell(own, text=""),
        Cell("print(train_loss_history, test_loss_history)", text=lines(own)),
    ]
    all_right(judge, work({"4.5": cells}))


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(lambda run: trace(run), id="as the handout"),
        pytest.param(lambda run: trace(run, test=(TEST,)), id="evaluated with gradients on"),
        pytest.param(lambda run: trace(run, learn=(BACKWARD, STEP, ZERO_GRAD)), id="cleared at the end"),
        pytest.param(
            lambda run: trace(run, learn=(TEST_NO_GRAD, ZERO_GRAD, BACKWARD, STEP)), id="both loaders zipped"
        ),
    ],
)
def test_any_style_of_loop(judge, work, own, events):
    all_right(judge, work({"4.5": training_cell(own, trace=events(own))}))


def test_training_losses_measured_after_each_epoch(judge, work, own):
    student = work({"4.5": training_cell(own, own.train_after, text=f"{own.train_after} {own.test}")})
    all_right(judge, student)


def test_a_better_optimizer_is_fine(judge, work, arrays):
    run = trained(arrays, 5, rate=0.06)
    all_right(judge, work({"4.5": training_cell(run)}))


def test_normalised_data(judge, work, own):
    """A network for normalised inputs computes the same from them."""
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    with torch.no_grad():
        weight, bias = own.net[1].weight, own.net[1].bias
        net[1].weight.copy_(weight * 0.5)
        net[1].bias.copy_(bias + weight.sum(dim=1) * 0.5)
    student = work({"4.5": training_cell(own, net=net)})
    for name in ("trainingdata", "testdata"):
        facts = {
            "type": "dataset",
            "transform": "Compose(\n    ToTensor()\n    Normalize(mean=(0.5,), std=(0.5,))\n)",
        }
        student.evidence.records[0].fields["values"][name] = facts
    all_right(judge, student)


# --- 4.5: what is not -----------------------------------------------------------------------------------


def test_the_test_set_trains(judge, work, arrays):
    run = trained(arrays, 7, on_test=True)
    events = trace(run, test=(TEST, ZERO_GRAD, BACKWARD, STEP), provenance={"train": 60, "test": 20})
    student = work({"4.5": training_cell(run, trace=events)})
    result = judge("the_test_set_never_trained_the_network", student)
    assert (result.outcome, result.message) == (FAILED, "The network was trained on the test set.")
    assert result.verdict.actual == "60 of 700 steps followed a minibatch of the test set"
    assert judge("the_network_learned", student).outcome == PASSED


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        pytest.param(
            {"test": (TEST, BACKWARD, STEP), "provenance": {"?": 50}},
            FAILED,
            id="transformed first, whole passes",
        ),
        pytest.param(
            {"learn": (TEST_NO_GRAD, ZERO_GRAD, BACKWARD, STEP), "provenance": {"?": 50}},
            REVIEW,
            id="zipped and transformed",
        ),
        pytest.param(
            {"provenance": {"train": 50, "train+test": 3}}, REVIEW, id="test in the loss, not before a step"
        ),
        pytest.param({"split": TEST, "provenance": {"test": 50}}, FAILED, id="the test set alone"),
        pytest.param({"split": OTHER, "provenance": {"?": 50}}, REVIEW, id="data of their own"),
        pytest.param({"split": OTHER, "provenance": {"other": 50}}, REVIEW, id="another data set"),
    ],
)
def test_what_trained(judge, work, own, events, outcome):
    student = work({"4.5": training_cell(own, trace=trace(own, **events))})
    assert judge("the_test_set_never_trained_the_network", student).outcome == outcome


@pytest.mark.parametrize(
    ("source", "provenance", "outcome"),
    [
        ("pairs = [(x, y) for x, y in testDataLoader] * 10", "?", REVIEW),
        ("both = list(trainDataLoader) + list(testDataLoader)", "?", REVIEW),
        ("for (x, y), (u, v) in zip(trainDataLoader, testDataLoader): x", "?", REVIEW),
        ("x = testdata.data[j].float().div(255)", "?", REVIEW),
        ("BX = torch.stack([testdata[i][0] for i in range(99)])", "?", REVIEW),
        ("trainingdata.data = testdata.data", "train", REVIEW),
        ("trainingdata.targets[:100] = testdata.targets[:100]", "train", REVIEW),
        ("trainingdata.data, trainingdata.targets = testdata.data, testdata.targets", "train", REVIEW),
        ("trainingdata.data[:, 0] = testdata.data[:, 0]", "train", REVIEW),
        ("trainingdata.data == testdata.data", "train", PASSED),
        ("print(trainingdata.data == testdata.data)", "train", PASSED),
        ("show(trainingdata.data, other=testdata.data)", "train", PASSED),
        ("trainingdata.data.show(other=testdata.data)", "train", PASSED),
        ("trainingdata.data = trainingdata.data[:1000]", "train", PASSED),
        ("for x, y in testDataLoader: x\nrun(testDataLoader)", "?", PASSED),
        ("print(testdata[0][0].shape, testdata.data.shape, list(testDataLoader))", "train", PASSED),
    ],
)
def test_test_data_that_may_have_trained_are_read_by_a_person(judge, work, own, source, provenance, outcome):
    cell = training_cell(own, trace=trace(own, provenance={provenance: 50}), source=source)
    result = judge("the_test_set_never_trained_the_network", work({"4.5": cell}))
    assert result.outcome == outcome
    assert outcome == PASSED or source in result.verdict.actual


def test_another_cell_that_trains_on_the_test_set_is_read_by_a_person(judge, work, own):
    before = Cell("pretrained", trace=trace(split=TEST, provenance={"test": 3}))
    result = judge("the_test_set_never_trained_the_network", work({"4.4": before, "4.5": training_cell(own)}))
    assert (result.outcome, result.verdict.actual) == (
        REVIEW,
        "3 steps of other cells followed a minibatch of the test set",
    )


@pytest.mark.parametrize(
    "learn", [(ZERO_GRAD, BACKWARD), (ZERO_GRAD,)], ids=["backward only", "forward only"]
)
def test_a_network_that_never_took_a_step_learned_from_nothing(judge, work, own, learn):
    start = torch.nn.Linear(784, 10)
    student = work({"4.5": training_cell(own, trace=trace(own, learn=learn), net=start)})
    result = judge("the_test_set_never_trained_the_network", student)
    assert (result.outcome, result.points, result.message) == (FAILED, 0, "Nothing was trained.")


def test_ten_epochs(judge, work, arrays):
    run = trained(arrays, 7, epochs=10)
    result = judge("histories_are_those_of_the_run", work({"4.5": training_cell(run)}))
    assert (result.outcome, result.points, result.message) == (
        FAILED,
        0,
        "The network was trained for 10 epochs, not 20.",
    )
    assert result.verdict.actual == "train_loss_history: 10 entries; test_loss_history: 10 entries"
    assert result.verdict.hint == "Look at how many times the loop over epochs runs."


def test_a_training_that_was_not_written_has_no_error_to_look_at(judge, work):
    verdict = judge("histories_are_those_of_the_run", work()).verdict
    assert (verdict.actual, verdict.hint) == (
        "the cell of the blank notebook",
        "Write the training loop into the cell for this question.",
    )
    failed = work({"4.4": Cell("1 / 0", error="ZeroDivisionError: no"), "4.5": Cell("x")})
    assert "look at the first error" in judge("histories_are_those_of_the_run", failed).verdict.hint
    ran = work({"4.5": Cell("x")})
    assert "error" not in judge("histories_are_those_of_the_run", ran).verdict.hint


def test_the_hint_fits_the_mistake_that_was_found(judge, work, own):
    start = torch.nn.Linear(784, 10)
    student = work({"4.5": training_cell(own, trace=trace(own, learn=(ZERO_GRAD, BACKWARD)), net=start)})
    assert judge("the_network_learned", student).verdict.hint == Mistake.NO_STEP.hint


def typed(first, last):
    return list(np.linspace(first, last, 20))


@pytest.mark.parametrize(
    ("train", "test", "outcome", "points", "actual"),
    [
        pytest.param(lambda run: None, lambda run: None, PASSED, "0.25", "", id="those of the run"),
        pytest.param(
            lambda run: typed(0.9, 0.1),
            lambda run: typed(0.9, 0.1),
            FAILED,
            "0",
            "train_loss_history: ends with 0.1, which is not the loss of the final weights",
            id="typed in",
        ),
        pytest.param(
            lambda run: typed(1.2, run.train[-1]),
            lambda run: typed(1.2, run.test[-1]),
            REVIEW,
            "0",
            "train_loss_history: is 1.",
            id="typed in with the right end",
        ),
        pytest.param(
            lambda run: None,
            lambda run: typed(1.2, run.test[-1]),
            REVIEW,
            "0.125",
            "test_loss_history: is 1.",
            id="one typed in",
        ),
        pytest.param(
            lambda run: list(np.cumsum(run.train)),
            lambda run: None,
            "partial",
            "0.125",
            "train_loss_history: adds up the losses of all epochs so far",
            id="running sums",
        ),
        pytest.param(
            lambda run: run.train[:19],
            lambda run: None,
            "partial",
            "0.125",
            "train_loss_history: 19 entries",
            id="19 entries",
        ),
        pytest.param(
            lambda run: [*run.train, *run.test],
            lambda run: None,
            "partial",
            "0.125",
            "train_loss_history: 40 entries",
            id="one list for both",
        ),
        pytest.param(
            lambda run: [*run.train[:19], math.nan],
            lambda run: None,
            "partial",
            "0.125",
            "train_loss_history: not finite",
            id="NaN",
        ),
        pytest.param(
            lambda run: None,
            lambda run: [math.inf, *run.test[1:]],
            "partial",
            "0.125",
            "test_loss_history: not finite",
            id="infinite",
        ),
        pytest.param(
            lambda run: [], lambda run: None, "partial", "0.125", "train_loss_history: missing", id="empty"
        ),
        pytest.param(
            lambda run: None,
            lambda run: run.train,
            "partial",
            "0.125",
            "test_loss_history: holds the training losses",
            id="the same list twice",
        ),
        pytest.param(
            lambda run: run.test,
            lambda run: run.train,
            FAILED,
            "0",
            "holds losses of the test set; test_loss_history: holds the training losses",
            id="swapped",
        ),
        pytest.param(
            lambda run: [0.2] * 20, lambda run: [0.2] * 20, FAILED, "0", "not falling", id="constant"
        ),
    ],
)
def test_histories(judge, work, own, train, test, outcome, points, actual):
    result = judge("histories_are_those_of_the_run", work({"4.5": training_cell(own, train(own), test(own))}))
    assert (result.outcome, result.points) == (outcome, Decimal(points))
    assert actual in (result.verdict.actual if result.verdict else "")


@pytest.mark.parametrize(
    ("text", "outcome", "points", "message"),
    [
        pytest.param(lambda run: "", FAILED, "0", "The losses are not printed.", id="nothing"),
        pytest.param(
            lambda run: str(run.train),
            "partial",
            "0.125",
            "Only the training losses are printed.",
            id="one set",
        ),
        pytest.param(
            lambda run: f"{run.train[-1]:.4f} {run.test[-1]:.4f}",
            FAILED,
            "0",
            "The losses are not printed.",
            id="the last ones",
        ),
        pytest.param(
            lambda run: " ".join(f"{7 + i / 9:.4f}" for i in range(40)),
            REVIEW,
            "0",
            "Numbers are printed, but they are not those of the histories.",
            id="others",
        ),
    ],
)
def test_losses_that_are_not_printed(judge, work, own, text, outcome, points, message):
    result = judge("losses_are_printed", work({"4.5": training_cell(own, text=text(own))}))
    assert (result.outcome, result.points, result.message) == (outcome, Decimal(points), message)


@pytest.mark.parametrize(
    ("net", "outcome", "points", "message"),
    [
        pytest.param(
            lambda arrays: trained(arrays, 7, epochs=4).net,
            "partial",
            "0.25",
            "The network learned, but less than the reference.",
            id="four epochs",
        ),
        pytest.param(
            lambda arrays: trained(arrays, 7, epochs=0).net,
            FAILED,
            "0",
            "The network did not learn.",
            id="no epoch",
        ),
        pytest.param(
            lambda arrays: trained(arrays, 7, rate=5.0).net,
            FAILED,
            "0",
            "The loss grew: these weights are far from any minimum.",
            id="diverged",
        ),
        pytest.param(
            lambda _: torch.nn.Sequential(
                torch.nn.Flatten(), torch.nn.Linear(784, 30), torch.nn.Linear(30, 10)
            ),
            REVIEW,
            "0",
            "This network is not one linear layer, so its accuracy could not be recomputed.",
            id="two layers",
        ),
        pytest.param(lambda _: 5, FAILED, "0", "There is no trained `net`.", id="no network"),
    ],
)
def test_what_was_learned(judge, work, arrays, own, net, outcome, points, message):
    result = judge("the_network_learned", work({"4.5": training_cell(own, net=net(arrays))}))
    assert (result.outcome, result.points, result.message) == (outcome, Decimal(points), message)


@pytest.mark.parametrize("rate", [RATE / 8, RATE / 10])
def test_smaller_steps_are_judged_by_how_far_they_go(judge, work, arrays, rate):
    run = trained(arrays, 7, rate=rate)
    name = "the_network_learned"
    assert judge(name, work({"4.5": training_cell(run, trace=trace(run, rate=rate))})).outcome == PASSED
    as_if = judge(name, work({"4.5": training_cell(run, trace=trace(run, rate=RATE))}))
    assert as_if.outcome != PASSED, "steps of the usual size go further"


def test_the_report_says_how_it_was_trained_and_shows_the_explanation(judge, work, own):
    words = "Both losses fall for 20 epochs of minibatches, and the gap between them stays small."
    cells = [training_cell(own, trace=trace(own, rate=0.02)), Cell(words, markdown=True)]
    shown = exhibits_of(judge, "the_network_learned", work({"4.5": cells}))
    assert shown["How it was trained"] == "20 epochs of 32 steps each; SGD, learning rate 0.02."
    summary, _, text = shown["The explanation that was found"].partition("\n\n")
    assert summary == "15 words; mentioned: the losses fall, training against test, minibatches."
    assert text == words


def test_one_epoch_is_told_in_the_singular(judge, work, arrays):
    cells = training_cell(trained(arrays, 7, epochs=1))
    shown = exhibits_of(judge, "the_network_learned", work({"4.5": cells}))
    assert shown["How it was trained"] == "1 epoch of 32 steps; no optimizer was seen."


def test_a_missing_explanation_is_said_and_costs_nothing(judge, work, own):
    student = work({"4.5": training_cell(own)})
    shown = exhibits_of(judge, "the_network_learned", student)
    assert shown["The explanation that was found"] == "None was found."
    all_right(judge, student)


def exhibits_of(judge, name, student):
    shown = Exhibits()
    judge(name, student, exhibits=shown)
    return {title: data["text"] for kind, title, data in shown.shown if kind == "text"}


def test_nothing_was_trained(judge, work, arrays):
    net = trained(arrays, 7, epochs=0).net
    student = work({"4.5": Cell(values={"net": net}, error="NameError: name 'testLoader' is not defined")})
    messages = [judge(name, student).message for name in LEARNING]
    assert messages == [
        "`net` was not trained.",
        "Neither loss history was found.",
        "Nothing was trained, and nothing was printed.",
        "Nothing was trained.",
    ]
    assert judge(LEARNING[0], student).verdict.actual == "NameError: name 'testLoader' is not defined"


def test_a_network_that_only_changed_its_mode_did_not_learn(judge, work, arrays):
    net = trained(arrays, 7, epochs=0).net
    cells = [Cell(values={"net": net}), Cell(values={"net": trained(arrays, 7, epochs=0).net.eval()})]
    assert judge("the_network_learned", work({"4.5": cells})).message == "`net` was not trained."


def test_weights_changed_by_hand_are_read_by_a_person(judge, work, arrays, own):
    cells = [
        Cell(values={"net": trained(arrays, 7, epochs=0).net}),
        training_cell(own, trace=trace(epochs=0) | {"events": []}),
    ]
    student = work({"4.5": cells})
    assert judge("the_network_learned", student).outcome == PASSED
    assert judge("the_test_set_never_trained_the_network", student).outcome == REVIEW


def test_no_cell_at_all(judge, work):
    student = work({"4.5": []})
    assert {judge(name, student).outcome for name in LEARNING} == {FAILED}


def test_a_network_of_another_name_is_judged_as_net_would_be(judge, work, arrays, own):
    untrained = trained(arrays, 7, epochs=0).net
    cell = training_cell(own, trained=("my_net",))
    cell.values["my_net"] = cell.values.pop("net")
    for kit in ([], [Cell(values={"net": untrained})]):
        student = work({"4.5": [*kit, cell]})
        all_right(judge, student)
        shown = exhibits_of(judge, "the_network_learned", student)["How it was trained"]
        assert shown.endswith("`my_net` was taken for `net`: it is the network that was trained.")


def test_net_is_judged_if_it_was_trained_as_well(judge, work, arrays, own):
    cell = training_cell(own, trained=("net", "other"))
    cell.values["other"] = trained(arrays, 7, epochs=0).net
    student = work({"4.5": cell})
    all_right(judge, student)
    assert "taken for" not in exhibits_of(judge, "the_network_learned", student)["How it was trained"]


def test_a_network_of_another_name_that_did_not_learn_is_named(judge, work, arrays):
    cell = Cell(values={"model": trained(arrays, 7, epochs=0).net}, trained=("model",))
    assert judge("the_network_learned", work({"4.5": cell})).message == "`model` was not trained."


def cell_with_lists(run, **lists):
    cell = training_cell(run, text="", series=tuple(lists))
    del cell.values["train_loss_history"], cell.values["test_loss_history"]
    cell.values |= lists
    return cell


@pytest.mark.parametrize(
    ("lists", "names"),
    [
        (lambda run: {"losses": run.train, "validation": run.test}, ("losses", "validation")),
        (lambda run: {"history": {"a": run.train, "b": run.test}}, ("history[a]", "history[b]")),
        (lambda run: {"result": (run.train, run.test)}, ("result[0]", "result[1]")),
        (
            lambda run: {
                "accuracies": [0.02 * each for each in range(20)],
                "epochs": list(range(20)),
                "one": run.train,
                "other": np.array(run.test),
                "sums": list(np.cumsum(run.train)),
            },
            ("one", "other"),
        ),
        (lambda run: {"rows": list(zip(run.train, run.test, strict=True))}, ("rows[:, 0]", "rows[:, 1]")),
        (lambda run: {"table": np.array([run.train, run.test]).T}, ("table[:, 0]", "table[:, 1]")),
        (
            lambda run: {"net.a": list(run.train), "history.b": np.array(run.test)},
            ("net.a", "history.b"),
        ),
    ],
    ids=["two lists", "a dictionary", "a tuple", "among others", "rows", "a table", "attributes"],
)
def test_histories_under_other_names_are_known_by_what_they_hold(judge, work, own, lists, names):
    student = work({"4.5": cell_with_lists(own, **lists(own))})
    assert judge("histories_are_those_of_the_run", student).outcome == PASSED
    shown = exhibits_of(judge, "histories_are_those_of_the_run", student)["Which lists were taken"]
    assert f"`{names[0]}` was taken for `train_loss_history`" in shown
    assert f"`{names[1]}` was taken for `test_loss_history`" in shown


def test_lists_that_may_be_histories_go_to_a_person(judge, work, own):
    student = work({"4.5": cell_with_lists(own, a=[2.0] * 20, b=[1.0] * 20)})
    result = judge("histories_are_those_of_the_run", student)
    assert (result.outcome, result.verdict.actual) == (REVIEW, "lists of 20 numbers: a, b")


@pytest.mark.parametrize("source", ["losses[-1].append(x)", "self.a[i, 0] = x", "a += [x]"])
def test_losses_that_were_collected_elsewhere_are_a_persons(judge, work, own, source):
    student = work({"4.5": replace(cell_with_lists(own), source=source)})
    assert judge("histories_are_those_of_the_run", student).outcome == REVIEW


def test_losses_of_a_test_set_that_was_never_fetched_are_a_persons(judge, work, own):
    for test, outcome in (((), REVIEW), ((OTHER,), PASSED), ((TEST,), PASSED)):
        student = work({"4.5": training_cell(own, trace=trace(own, test=test))})
        result = judge("histories_are_those_of_the_run", student)
        assert result.outcome == outcome
    student = work({"4.5": training_cell(own, trace=trace(own, test=()))})
    result = judge("histories_are_those_of_the_run", student)
    assert (result.points, "only 0 minibatches came from" in result.verdict.actual) == (
        Decimal("0.125"),
        True,
    )


def test_a_history_that_is_longer_than_the_run_is_a_persons(judge, work, arrays):
    short = trained(arrays, 7, epochs=5, rate=4 * RATE)
    long = [list(np.interp(np.arange(20), np.linspace(0, 19, 5), each)) for each in (short.train, short.test)]
    cell = training_cell(short, *long, trace=trace(short, rate=4 * RATE, test=(TEST_NO_GRAD,) * 3))
    result = judge("histories_are_those_of_the_run", work({"4.5": cell}))
    assert (result.outcome, result.points) == (REVIEW, 0)
    assert "has 20 entries, while the run made 5 passes over its data" in result.verdict.actual


def test_lists_of_another_length_are_no_histories(judge, work, own):
    student = work({"4.5": cell_with_lists(own, a=list(own.train[:10]))})
    assert judge("histories_are_those_of_the_run", student).outcome == FAILED


def test_one_history_under_its_name_is_not_taken_for_the_other(judge, work, own):
    cell = cell_with_lists(own, copy=own.train)
    cell.values["train_loss_history"] = list(own.train)
    result = judge("histories_are_those_of_the_run", work({"4.5": cell}))
    assert (result.outcome, result.verdict.actual) == ("partial", "test_loss_history: missing")


@pytest.mark.parametrize(
    "copied",
    [
        pytest.param(np.float32, id="as float32"),
        pytest.param(lambda losses: [round(one, 3) for one in losses], id="rounded"),
    ],
)
def test_a_copy_of_a_history_is_the_same_history(judge, work, own, copied):
    cell = cell_with_lists(
        own, train=own.train, test=own.test, plotted=copied(own.train), drawn=copied(own.test)
    )
    assert judge("histories_are_those_of_the_run", work({"4.5": cell})).outcome == PASSED
    cell = cell_with_lists(own, plotted=copied(own.train))
    cell.values["train_loss_history"] = list(own.train)
    assert judge("histories_are_those_of_the_run", work({"4.5": cell})).outcome == "partial"


@pytest.mark.parametrize(
    ("lists", "test", "points"),
    [
        pytest.param(lambda run: {"a": run.test}, (), "0.125", id="of one whole tensor"),
        pytest.param(
            lambda run: {"a": run.test, "b": [1.05 * one for one in run.test]},
            (TEST,),
            "0.125",
            id="two lists",
        ),
    ],
)
@pytest.mark.parametrize("train", [1, 2])
def test_a_list_that_may_be_the_missing_history_goes_to_a_person(
    judge, work, own, lists, test, points, train
):
    named = lists(own) | {"epochs": list(range(20)), "accuracies": [0.02 * each for each in range(20)]}
    cell = replace(cell_with_lists(own, **named), trace=trace(own, test=test))
    cell.values["train_loss_history"] = [each**train for each in own.train]
    result = judge("histories_are_those_of_the_run", work({"4.5": cell}))
    assert (result.outcome, result.points) == (REVIEW, Decimal(points) if train == 1 else 0)
    assert result.verdict.actual == f"lists of 20 numbers: {', '.join(lists(own))}"


@pytest.mark.parametrize("scale", [1, 1 / BATCH, BATCH])
def test_histories_of_a_network_that_nobody_can_name_are_not_doubted(judge, work, own, scale):
    cell = training_cell(own, [one * scale for one in own.train], [one * scale for one in own.test])
    del cell.values["net"]
    assert judge("histories_are_those_of_the_run", work({"4.5": cell})).outcome == PASSED


# --- 4.6 ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def halves():
    """What `probes.py` and `inputs.py` define: they are no modules of the rubric, but texts that are sent."""
    scopes = {}
    for name in ("probes", "inputs"):
        text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
        exec(compile(text, f"{name}.py", "exec"), scopes.setdefault(name, {}))  # noqa: S102
    return scopes


def encoded(outcome):
    """What a probe returned, as it comes back from a kernel."""
    kept = log.Arrays()
    return evidence.answer(b"".join(log.packed({"outcome": encode("evaluate", outcome, kept)}, kept)))


def conversation(halves, target, namespace, seed=1):
    """What `evaluate` is given and what comes back, round by round, without a kernel."""
    given = halves["inputs"]["evaluate"](random.Random(seed))  # noqa: S311 - not for secrets
    answer, rounds = None, []
    with contextlib.suppress(StopIteration), contextlib.redirect_stdout(None):
        while True:
            inputs, kept = given.send(answer), log.Arrays()
            outcome = encode(
                "evaluate", halves["probes"]["evaluate"](target, dict(namespace), "data", inputs), kept
            )
            answer = evidence.answer(b"".join(log.packed({"outcome": outcome}, kept)))
            rounds.append(evidence.Round("evaluate", 1, LAST, inputs, answer))
    return tuple(rounds)


def hits(net, loader):
    with torch.no_grad():
        return [(int((net(x).argmax(1) == y).sum()), len(y)) for x, y in loader]


def fraction(net, loader):
    seen = hits(net, loader)
    return sum(right for right, _ in seen) / sum(size for _, size in seen)


def first(net, loader):
    right, size = hits(net, loader)[0]
    return right / size


def batch_mean(net, loader):
    return float(np.mean([right / size for right, size in hits(net, loader)]))


@pytest.fixture
def called(halves, own, arrays, monkeypatch):
    """Our conversation with an `evaluate`, about the subset's test images."""

    class Images:
        def __init__(self, *_, transform=None, **__):
            self.data, self.transform = torch.tensor(arrays.test_images), transform
            self.targets = torch.tensor(arrays.test_labels)

        def __len__(self):
            return len(self.data)

        def __getitem__(self, index):
            return self.data[index][None].float() / 255, self.targets[index]

    monkeypatch.setitem(halves["probes"], "FashionMNIST", Images)

    def called(evaluate, *, seed=1, **namespace):
        return conversation(halves, evaluate, {"net": own.net} | namespace, seed)

    return called


def printing(form):
    def evaluate(net, loader):
        print(form(fraction(net, loader)))  # noqa: T201 - what is tested

    return evaluate


RIGHT_ONES = {
    "a fraction": fraction,
    "percent": lambda net, loader: 100 * fraction(net, loader),
    "a 0-d tensor": lambda net, loader: torch.tensor(fraction(net, loader)),
    "a tensor in percent": lambda net, loader: torch.tensor([100 * fraction(net, loader)]),
    "a NumPy number": lambda net, loader: np.float64(fraction(net, loader)),
    "rounded": lambda net, loader: round(fraction(net, loader), 2),
    "rounded percent": lambda net, loader: round(100 * fraction(net, loader)),
    "accuracy and loss": lambda net, loader: (fraction(net, loader), 0.123),
    "loss and accuracy": lambda net, loader: (0.4567, torch.tensor(fraction(net, loader))),
    "a mapping": lambda net, loader: {"accuracy": fraction(net, loader)},
    "printed": printing(lambda one: f"{one:.4f}"),
    "printed in percent": printing(lambda one: f"Accuracy of the network on the 266 images: {100 * one:.0f} %"),
    "cut off": printing(lambda one: "Accuracy: %d %%" % int(100 * one)),  # noqa: UP031 - as many write it
    "printed at length": printing(lambda one: f"accuracy {one}"),
    "printed with a tensor": printing(lambda one: torch.tensor(one)),
    "printed before its counts": printing(lambda one: f"hits:\n{one:.2%} (200 of 283, 8 batches)"),
    "a text": lambda net, loader: f"{100 * fraction(net, loader):.2f}%",
    "a mapping of texts": lambda net, loader: {"accuracy": f"{fraction(net, loader):.4f}"},
}  # fmt: skip


async def asynchronous(net, loader):
    return fraction(net, loader)


RIGHT_ONES["asynchronous"] = asynchronous


@types.coroutine
def pause():
    yield


async def waiting(net, loader):
    await pause()
    return fraction(net, loader)


@pytest.mark.parametrize(
    ("evaluate", "message"),
    [
        pytest.param(
            printing(lambda one: f"{one:.4f}\nhits: 3\npoints: 7"),
            "`evaluate` prints the accuracy among other numbers.",
            id="before others",
        ),
        pytest.param(
            printing(lambda one: f"{one:.4f} 0.01 0.02 0.03"),
            "`evaluate` prints the accuracy among other numbers.",
            id="before others in its line",
        ),
        pytest.param(
            printing(lambda one: f"0.01, {one:.4f} of 0.02 and 0.03, 8 batches"),
            "`evaluate` prints the accuracy among other numbers.",
            id="among others in its line",
        ),
        pytest.param(waiting, "`evaluate` is asynchronous, so its result is not known.", id="waiting"),
    ],
)
def test_evaluate_that_a_person_reads(judge, work, called, own, evaluate, message):
    student = work({"4.6": evaluate_cell(called, of_own(own, evaluate))})
    result = judge("evaluate_counts_every_batch", student)
    assert (result.outcome, result.message) == (REVIEW, message)
    assert judge("evaluate_returns_a_number", student).outcome == PASSED


@pytest.mark.parametrize("most", [9, 10, 11, 100])
def test_evaluate_that_stops_early_is_wrong(judge, work, called, own, most):
    def evaluate(net, loader):
        return fraction(net, itertools.islice(loader, most))

    student = work({"4.6": evaluate_cell(called, of_own(own, evaluate))})
    assert judge("evaluate_counts_every_batch", student).message == "`evaluate` is wrong on 1 of 8 loaders."


def evaluate_cell(called, function, text="", source="def evaluate(loader): net", **namespace):
    return Cell(source, text=text, probed=called(function, **namespace))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("evaluate", RIGHT_ONES.values(), ids=RIGHT_ONES)
def test_evaluate(judge, work, called, own, evaluate, seed):
    student = work({"4.6": evaluate_cell(called, of_own(own, evaluate), seed=seed)})
    result = judge("evaluate_counts_every_batch", student)
    assert (result.outcome, result.message) == (PASSED, "")


def of_own(own, evaluate):
    """An `evaluate` of the student's network."""
    return lambda dataloader: evaluate(own.net, dataloader)


@pytest.mark.parametrize(
    ("evaluate", "outcome", "points", "message"),
    [
        pytest.param(
            first, "partial", "0.25", "Only the first minibatch is counted.", id="the first minibatch"
        ),
        pytest.param(
            lambda net, loader: 100 * first(net, loader),
            "partial",
            "0.25",
            "Only the first minibatch is counted.",
            id="in percent",
        ),
        pytest.param(batch_mean, FAILED, "0", "`evaluate` is wrong on 1 of 8 loaders.", id="a mean of means"),
        pytest.param(
            lambda net, loader: fraction(net, list(loader)[-1:]),
            FAILED,
            "0",
            "`evaluate` is wrong on 5 of 8 loaders.",
            id="the last minibatch",
        ),
        pytest.param(
            lambda net, loader: sum(r for r, _ in hits(net, loader)) / 10000,
            FAILED,
            "0",
            "`evaluate` is wrong on 7 of 8 loaders.",
            id="a fixed size",
        ),
        pytest.param(
            lambda net, loader: 1 - fraction(net, loader),
            FAILED,
            "0",
            "`evaluate` is wrong on 8 of 8 loaders.",
            id="the error",
        ),
        pytest.param(
            lambda *_: 0.5, FAILED, "0", "`evaluate` is wrong on 8 of 8 loaders.", id="what no loader decides"
        ),
        pytest.param(lambda net, loader: None, FAILED, "0", "`evaluate` returns no number.", id="nothing"),
        pytest.param(lambda net, loader: 1 / 0, FAILED, "0", "`evaluate` raises an error.", id="an error"),
        pytest.param(
            lambda net, loader: math.nan, FAILED, "0", "`evaluate` is wrong on 8 of 8 loaders.", id="NaN"
        ),
        pytest.param(
            printing(lambda _: "0.4321"),
            FAILED,
            "0",
            "`evaluate` is wrong on 8 of 8 loaders.",
            id="a wrong number printed",
        ),
    ],
)
def test_evaluate_is_wrong(judge, work, called, own, evaluate, outcome, points, message):
    student = work({"4.6": evaluate_cell(called, of_own(own, evaluate))})
    result = judge("evaluate_counts_every_batch", student)
    assert (result.outcome, result.points, result.message) == (outcome, Decimal(points), message)


@pytest.mark.parametrize(
    "given",
    [lambda: 0.0, lambda: math.nan, lambda: None, lambda: 1 / 0],
    ids=["zero", "NaN", "None", "an error"],
)
def test_what_evaluate_makes_of_nothing_is_its_own_choice(judge, work, called, own, given):
    def evaluate(net, loader):
        return fraction(net, loader) if len(loader) else given()

    student = work({"4.6": evaluate_cell(called, of_own(own, evaluate))})
    shown = Exhibits()
    assert judge("evaluate_counts_every_batch", student, exhibits=shown).outcome == PASSED
    ((_, _, table),) = shown.shown
    assert table["rows"][-1][::2] == ["no batch at all", "anything"]
    assert ["all right", "1", "1"] in table["rows"]


@pytest.mark.parametrize(
    "evaluate",
    [
        pytest.param(lambda model, loader: fraction(model, loader), id="model, loader"),
        pytest.param(lambda dataloader, model: fraction(model, dataloader), id="loader, model"),
        pytest.param(lambda network, test_data: fraction(network, test_data), id="other names"),
    ],
)
def test_evaluate_may_ask_for_the_network(judge, work, called, evaluate):
    student = work({"4.6": evaluate_cell(called, evaluate)})
    assert judge("evaluate_counts_every_batch", student).outcome == PASSED


@pytest.mark.parametrize(
    ("cell", "ending", "outcome", "message"),
    [
        pytest.param(
            lambda called, own: evaluate_cell(
                called,
                of_own(own, lambda net, loader: 0.9 * fraction(net, loader)),
                source="def evaluate(l): model",
            ),
            Ending.FINISHED,
            REVIEW,
            "`evaluate` does not use `net`, so what it measured is not known.",
            id="another network",
        ),
        pytest.param(
            lambda called, own: evaluate_cell(called, lambda one, two, three: 1),
            Ending.FINISHED,
            REVIEW,
            "`evaluate` needs more arguments than a loader.",
            id="three arguments",
        ),
        pytest.param(
            lambda called, own: Cell(values={"evaluate": print}),
            Ending.FINISHED,
            REVIEW,
            "`evaluate` is defined, but it could not be called.",
            id="never called",
        ),
        pytest.param(
            lambda called, own: Cell(),
            Ending.FINISHED,
            FAILED,
            "There is no function `evaluate`.",
            id="not there",
        ),
        pytest.param(
            lambda called, own: Cell(),
            Ending.BROKEN,
            REVIEW,
            "`evaluate` is defined, but it could not be called.",
            id="our fault",
        ),
    ],
)
def test_evaluate_that_nobody_can_judge(judge, work, called, own, cell, ending, outcome, message):
    result = judge("evaluate_counts_every_batch", work({"4.6": cell(called, own)}, ending=ending))
    assert (result.outcome, result.message) == (outcome, message)


@pytest.mark.parametrize(
    ("evaluate", "outcome", "message"),
    [
        pytest.param(fraction, PASSED, "", id="right"),
        pytest.param(lambda net, loader: 0.5, PASSED, "", id="wrong"),
        pytest.param(printing(lambda _: "0.4321"), PASSED, "", id="printed"),
        pytest.param(lambda net, loader: None, FAILED, "`evaluate` returns no number.", id="nothing"),
        pytest.param(lambda net, loader: 1 / 0, FAILED, "`evaluate` returns no number.", id="an error"),
    ],
)
def test_evaluate_returns_a_number(judge, work, called, own, evaluate, outcome, message):
    student = work({"4.6": evaluate_cell(called, of_own(own, evaluate))})
    result = judge("evaluate_returns_a_number", student)
    assert (result.outcome, result.message) == (outcome, message)
    assert judge("evaluate_returns_a_number", work({"4.6": Cell()})).message == (
        "There is no function `evaluate`."
    )


class Own(torch.nn.Module):
    """With a method of its own, which no network of ours has."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x)

    def hits(self, batch):
        pictures, truth = batch
        return (self(pictures).argmax(1) == truth).sum().item(), len(truth)


def counted_hits(model, loader):
    pairs = [model.hits(batch) for batch in loader]
    return sum(right for right, _ in pairs) / sum(size for _, size in pairs)


@pytest.mark.parametrize("name", ["net", "model", "classifier"])
@pytest.mark.parametrize(
    "evaluate",
    [
        lambda model, loader: counted_hits(model, loader),
        lambda loader, model: counted_hits(model, loader),
        lambda one, other: counted_hits(other, one),
        lambda one, other: counted_hits(one, other),
    ],
    ids=["model, loader", "loader, model", "loader first", "loader last"],
)
def test_evaluate_meets_the_students_own_model(judge, work, called, own, name, evaluate):
    namespace = {"Loss": torch.nn.CrossEntropyLoss(), "net": None, name: Own(own.net)}
    student = work({"4.6": evaluate_cell(called, evaluate, **namespace)})
    assert judge("evaluate_counts_every_batch", student).outcome == PASSED


def test_so_it_does_as_a_default_or_a_global_name(judge, work, called, own):
    model = Own(own.net)
    scope = {"counted_hits": counted_hits, "model": model}
    exec("def evaluate(loader):\n    return counted_hits(model, loader)", scope)  # noqa: S102 - a student's globals
    by_default = called(
        lambda loader, net=model: counted_hits(net, loader), net=torch.nn.Linear(3, 3), m=model
    )
    by_name = called(scope["evaluate"], model=model)
    for rounds in (by_default, by_name):
        student = work({"4.6": Cell("def evaluate(loader): model", probed=rounds)})
        assert judge("evaluate_counts_every_batch", student).outcome == PASSED
    assert by_default[-1].outcome["network"].text("value") == "the student's"
    assert by_name[-1].outcome["name"].text("value") == "model"


def test_pictures_may_come_as_rows(judge, work, called):
    net = torch.nn.Linear(784, 10)

    def evaluate(loader, net=net):
        rows = [(net(x.flatten(1)).argmax(1) == y).float() for x, y in loader]
        return float(torch.cat(rows).mean())

    assert (
        judge("evaluate_counts_every_batch", work({"4.6": evaluate_cell(called, evaluate, net=net)})).outcome
        == PASSED
    )


def test_the_network_that_answers_must_be_the_one_that_was_left(judge, work, called, own):
    another = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
    cell = evaluate_cell(called, of_own(own, fraction))
    for left, outcome in ((own.net, PASSED), (another, REVIEW)):
        student = work({"4.6": replace(cell, values={"net": left})})
        assert judge("evaluate_counts_every_batch", student).outcome == outcome


def test_nothing_that_goes_into_the_kernel_says_what_is_right(halves, called, own):
    first, second = called(of_own(own, fraction))
    assert set(first.inputs) == {"pictures"}
    assert {key for each in second.inputs["loaders"].values() for key in each} == {
        "batch",
        "pictures",
        "labels",
    }
    others = [called(of_own(own, fraction), seed=seed)[1].inputs for seed in range(2, 5)]
    assert all(other != second.inputs for other in others)  # nothing to learn by heart
    assert "right" not in halves["probes"]


def test_an_error_with_a_network_of_ours_is_a_persons(judge, work, called):
    student = work({"4.6": evaluate_cell(called, lambda model, loader: model.hits(loader), net=None)})
    result = judge("evaluate_counts_every_batch", student)
    assert (result.outcome, result.message) == (
        REVIEW,
        "There was no network that classifies pictures, so `evaluate` was called with one of ours.",
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            "IndentationError: expected an indented block after function definition on line 1",
            "`evaluate` is still empty.",
        ),
        ("SyntaxError: invalid syntax", "The cell that defines `evaluate` did not run."),
    ],
)
def test_an_evaluate_that_could_not_be_defined_is_not_called_missing(judge, work, error, message):
    student = work({"4.6": Cell("def evaluate(dataloader):\n  # ...", error=error)})
    result = judge("evaluate_counts_every_batch", student)
    assert (result.outcome, result.message) == (FAILED, message)


def test_an_outcome_of_errors_alone_is_preliminary(called, own):
    assert called(lambda _: 1 / 0)[-1].outcome["error"].text("value") == "ZeroDivisionError: division by zero"
    assert called(of_own(own, fraction))[-1].outcome["error"] is None


def test_a_network_that_cannot_classify_is_replaced_by_ours(called):
    rounds = called(lambda _: 0.5, net=torch.nn.Linear(3, 3))
    assert rounds[-1].outcome["network"].text("value") == "ours"


@pytest.mark.parametrize(
    "outcome",
    [7, {"calls": 7}, {"calls": {"x": 7}}, {"calls": {"x": {"expected": "a", "returned": [[[[[1]]]]]}}}, {}],
    ids=str,
)
def test_a_forged_outcome_breaks_nothing(judge, work, called, own, outcome):
    first, second = called(of_own(own, fraction))
    forged = replace(second, outcome=encoded(outcome))
    for rounds in ((first, forged), (forged,), (first,)):
        result = judge("evaluate_counts_every_batch", work({"4.6": Cell("net", probed=rounds)}))
        assert result.outcome in (FAILED, REVIEW)


@pytest.fixture
def true(own, arrays):
    x, u = flat(arrays.train_images), flat(arrays.test_images)
    with torch.no_grad():
        train = (own.net(x).argmax(1).numpy() == arrays.train_labels).mean()
        test = (own.net(u).argmax(1).numpy() == arrays.test_labels).mean()
    return float(train), float(test)


@pytest.mark.parametrize(
    ("text", "outcome", "points"),
    [
        pytest.param("train {0:.4f}\ntest {1:.4f}", PASSED, "0.25", id="fractions"),
        pytest.param("{2:.2f} %\n{3:.2f} %", PASSED, "0.25", id="percent"),
        pytest.param("{2:.0f}% and {3:.0f}%", PASSED, "0.25", id="whole percent"),
        pytest.param("tensor({0:.4f}) tensor({1:.4f}, grad_fn=<X>)", PASSED, "0.25", id="tensors"),
        pytest.param("{4!r} {5!r}", PASSED, "0.25", id="single precision, at length"),
        pytest.param("\x1b[92mtrain_acc{0:.4f}\x1b[0m\ntest_acc{1:.4f}", PASSED, "0.25", id="behind names"),
        pytest.param("{0:.3f} {6}/500", PASSED, "0.25", id="hits of all points"),
        pytest.param("17/20 16/20 ", FAILED, "0", id="epochs of so many"),
        pytest.param("", FAILED, "0", id="nothing"),
        pytest.param("0.1234 0.0123", FAILED, "0", id="untrue"),
        pytest.param("{0:.4f}", "partial", "0.125", id="one"),
    ],
)
@pytest.mark.parametrize("form", ["output", "words"])
def test_accuracies(judge, work, own, true, text, outcome, points, form):
    single = map(float, np.float32(true))
    said = text.format(*true, *(100 * one for one in true), *single, round(500 * true[1]))
    cells = [Cell("evaluate(d)", text=said if form == "output" else "", values={"net": own.net})]
    if form == "words":
        cells.append(Cell(said or "-", markdown=True))
    result = judge("reports_both_accuracies", work({"4.5": training_cell(own), "4.6": cells}))
    assert (result.outcome, result.points) == (outcome, Decimal(points))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [pytest.param("0.1 0.2", FAILED, id="lost"), pytest.param("{0} {1}", PASSED, id="passed")],
)
def test_which_classes_are_taken_for_which_is_shown_beside_the_reference(
    judge, work, own, runs, arrays, true, text, outcome
):
    def counts(run):
        predicted = run.net(flat(arrays.test_images)).argmax(dim=1).numpy()
        return [
            [int(((arrays.test_labels == a) & (predicted == b)).sum()) for b in range(10)] for a in range(10)
        ]

    shown = Exhibits()
    cell = Cell("evaluate(d)", text=text.format(*true), values={"net": own.net})
    student = work({"4.5": training_cell(own), "4.6": cell})
    assert judge("reports_both_accuracies", student, exhibits=shown).outcome == outcome
    ((kind, _, data),) = shown.shown
    assert (kind, data["columns"][1:], [row[0] for row in data["rows"]]) == ("table", [*NAMES], [*NAMES])
    seen = [[cell if isinstance(cell, int) else cell["text"] for cell in row[1:]] for row in data["rows"]]
    assert seen == counts(own)
    assert sum(seen[k][k] for k in range(10)) / 500 == true[1]
    beside = [
        row[at + 1].get("beside", "0").replace("\N{MINUS SIGN}", "-") for at, row in enumerate(data["rows"])
    ]
    assert [int(text) for text in beside] == [
        ours[k] - theirs[k] for k, (ours, theirs) in enumerate(zip(counts(own), counts(runs[0]), strict=True))
    ]


def test_without_recomputed_predictions_no_classes_are_shown(judge, work):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 30), torch.nn.Linear(30, 10))
    shown = Exhibits()
    judge("reports_both_accuracies", work({"4.6": Cell("evaluate(d)", values={"net": net})}), exhibits=shown)
    assert shown.shown == []


def test_accuracies_written_into_a_figure_are_reported(judge, work, own, true):
    (record,) = records(0, Cell(pictures=[np.eye(2)]))
    record.fields["figures"][0]["axes"][0] |= {"title": "", "texts": [f"{one:.4f}" for one in true]}
    student = work({"4.5": training_cell(own), "4.6": Cell("evaluate(d)", values={"net": own.net})})
    (cell,) = student.answer("4.6").cells
    drawn = Record(record.fields | {"cell": cell}, record.arrays)
    for kept, outcome in ((student.evidence.records, FAILED), ((*student.evidence.records, drawn), PASSED)):
        assert judge("reports_both_accuracies", replace(student, evidence=Evidence(kept))).outcome == outcome


@pytest.mark.parametrize(
    ("text", "points", "said"),
    [
        pytest.param("0.9912 0.9822", "0", "says 0.991 and 0.982", id="both"),
        pytest.param("99.12 % and 98 %", "0", "says 0.991 and 0.98", id="both in percent"),
        pytest.param("{0:.4f} and 0.9822", "0.125", "says 0.982", id="one"),
    ],
)
def test_what_the_weights_contradict_is_a_persons(judge, work, own, true, text, points, said):
    cell = Cell("evaluate(d)", text=text.format(*true), values={"net": own.net})
    result = judge("reports_both_accuracies", work({"4.5": training_cell(own), "4.6": cell}))
    assert (result.outcome, result.points) == (REVIEW, Decimal(points))
    assert f"{said}, while the weights of `net` give" in result.message
    assert f"{true[1]:.3f} on the test set" in result.message


def test_accuracies_of_a_network_that_we_cannot_recompute(judge, work):
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 30), torch.nn.Linear(30, 10))
    student = work({"4.6": Cell("evaluate(d)", text="0.9912 0.9822", values={"net": net})})
    assert judge("reports_both_accuracies", student).outcome == REVIEW


def test_one_number_reports_one_accuracy(checks, judge, work, own, true, monkeypatch):
    """Where the bands of both sets overlap it is in each."""
    function = checks["test_reports_both_accuracies"]
    wide = function.__globals__["Band"](min(true) - 0.02, max(true) + 0.02)
    monkeypatch.setattr(Reference, "band", lambda *_, **__: wide)
    for text, outcome in (
        ("{1:.4f}", "partial"),
        ("{1:.4f} and 3.2", "partial"),
        ("{0:.4f} {1:.4f}", PASSED),
    ):
        cell = Cell("evaluate(d)", text=text.format(*true), values={"net": own.net})
        result = judge("reports_both_accuracies", work({"4.5": training_cell(own), "4.6": cell}))
        assert result.outcome == outcome, text
    assert (
        judge(
            "reports_both_accuracies",
            work({"4.6": Cell("evaluate(d)", text=f"{true[1]:.4f}", values={"net": own.net})}),
        ).message
        == "The accuracy on the training set is not reported, or not correct."
    )


def test_shares_of_first_minibatches_are_charged_once(judge, work, called, own, true):
    text = " ".join(f"{one + 0.07:.4f}" for one in true)
    cell = evaluate_cell(called, of_own(own, first), text=text)
    assert judge("reports_both_accuracies", work({"4.5": training_cell(own), "4.6": cell})).outcome == PASSED


def test_an_evaluate_that_gives_the_right_share_as_well_does_not_excuse_other_numbers(
    judge, work, called, own, true
):
    text = " ".join(f"{one + 0.07:.4f}" for one in true)
    both = of_own(own, lambda net, loader: (first(net, loader), fraction(net, loader)))
    student = work({"4.5": training_cell(own), "4.6": evaluate_cell(called, both, text=text)})
    assert judge("evaluate_counts_every_batch", student).outcome == PASSED
    assert judge("reports_both_accuracies", student).points == 0


def test_an_unanswered_question_shows_no_accuracies_of_a_network(judge, work, own):
    verdict = judge("reports_both_accuracies", work({"4.5": training_cell(own)})).verdict
    assert verdict.expected == "two accuracies in the output"


@pytest.mark.parametrize(
    "evaluate",
    [pytest.param(lambda net, loader: 0.5, id="a constant"), pytest.param(first, id="the first minibatch")],
)
def test_any_two_numbers_are_no_accuracies(judge, work, called, own, evaluate):
    cell = evaluate_cell(called, of_own(own, evaluate), text="0.31 0.32")
    student = work({"4.5": training_cell(own), "4.6": cell})
    assert judge("reports_both_accuracies", student).points == 0


# --- who sees which check when ----

VISIBLE = {
    "0": {"introduced_on_the_forum"},
    "1a": {"gradient_is_in_latex"},
    "1b": {"best_constant_is_in_latex"},
    "2a": {"l1_loss_is_in_latex"},
    "2b": {"closed_form_is_in_latex"},
    "2c": {"algorithm_is_in_latex"},
    "3": {"all_weights_are_there"},
    "4.1": {"displays_array_and_tensor"},
    "4.2": {"shows_the_size_of_the_data"},
    "4.3": {"shows_the_sample_image"},
    "4.4": {"shows_the_first_ten_test_images"},
    "4.5": {"histories_are_those_of_the_run", "losses_are_printed"},
    "4.6": {"evaluate_returns_a_number"},
}


def marks_of(checks):
    for name, function in checks.items():
        for mark in getattr(function, "pytestmark", ()):
            if mark.name == "question":
                yield name.removeprefix("test_"), mark.kwargs


def test_what_is_visible_before_the_due_date(checks):
    theory = vars(importlib.import_module("hw1.test_1_2_theory"))
    marks = dict(marks_of(checks | {key: one for key, one in theory.items() if key.startswith("test_")}))
    shown = {name: mark["id"] for name, mark in marks.items() if mark["visibility"] == "visible"}
    assert shown == {name: question for question, names in VISIBLE.items() for name in names}
    assert {mark["visibility"] for name, mark in marks.items() if name not in shown} == {"after_due_date"}


def public_failures(a, called, own):
    """Answers to the questions of part 3 and 4 that a visible check does not pass, by check."""
    wrong = {"images": batch_of(a.train_images[:64])}
    return {
        "all_weights_are_there": [{}, {"3": Cell("w()", values=RIGHT | {"W1": [[1, 2], [3, 4]]})}],
        "displays_array_and_tensor": [
            {},
            {"4.1": Cell(text=str(A), values=AB)},
            {"4.1": Cell(text="a", values=AB)},
        ],
        "shows_the_size_of_the_data": [{}, {"4.2": Cell(text="784")}, {"4.2": Cell(text="1")}],
        "shows_the_sample_image": [
            {},
            {"4.3": Cell("with io.capture_output():\n    plt.imshow(image)")},
            {"4.3": Cell(pictures=[a.test_images[0]])},
            {"4.3": Cell(error="TypeError: no image")},
        ],
        "shows_the_first_ten_test_images": [
            {},
            {"4.4": Cell(values=wrong, pictures=list(a.train_images[:5]))},
            {"4.4": Cell(pictures=list(a.test_images[:4]))},
            {"4.4": Cell(pictures=list(a.test_images[20:30]))},
        ],
        "histories_are_those_of_the_run": [
            {},
            {"4.5": training_cell(own, train=[*own.train[:-1], 0.1])},
            {"4.5": training_cell(own, train=[1.0], test=[2.0])},
        ],
        "losses_are_printed": [
            {},
            {"4.5": training_cell(own, text="done")},
            {"4.5": Cell("y", error="RuntimeError: Long")},
        ],
        "evaluate_returns_a_number": [
            {},
            {"4.6": evaluate_cell(called, of_own(own, lambda net, loader: None))},
        ],
    }


def test_what_a_public_check_says_tells_nothing_new(checks, judge, work, arrays, called, own):
    revealing = frozenset(f"test_{name}" for name, mark in marks_of(checks) if mark["reveal"])
    disclosure = Disclosure(revealing)
    failures = public_failures(arrays, called, own)
    visible = {name for names in VISIBLE.values() for name in names}
    theory = {name for name in visible if name.endswith("_in_latex")}
    assert set(failures) == visible - theory - {"introduced_on_the_forum"}
    for name, answers in failures.items():
        for given in answers:
            student = work(given)
            verdict = judge(name, student).verdict
            assert verdict is not None, (name, given)
            said = Check(
                id=f"test_{name}", question="", title=inspect.getdoc(checks[f"test_{name}"]),
                outcome=verdict.outcome, earned=Decimal(0), max=Decimal(1), message=verdict.message,
                expected=verdict.expected, actual=verdict.actual, hint=verdict.hint,
            )  # fmt: skip
            assert disclosure.foreign(said, student) == [], said


# --- a blank notebook -----------------------------------------------------------------------------------


def test_the_blank_kit_earns_nothing(judge, checks, work):
    results = {
        name: judge(name.removeprefix("test_"), work())
        for name in checks
        if name != "test_introduced_on_the_forum"
    }
    assert {name: result.points for name, result in results.items() if result.points} == {}
    assert {result.outcome for result in results.values()} == {Outcome.FAILED}
