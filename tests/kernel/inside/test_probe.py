"""The recorder in a real kernel: what it records of one notebook, cell by cell."""

import math
import textwrap

import nbformat
import numpy as np
import pytest
from conftest import SPLITS

from grader import evidence
from grader.analysis import pictures, training
from grader.evidence import Evidence
from grader.kernel import KernelRequest
from grader.kernel.cold import ColdLauncher
from grader.kernel.guard import run_notebook
from grader.kernel.inside import probe
from grader.kernel.probing import Probing
from grader.limits import Limits

NAMES = ("a", "b", "history", "net", "optimizer", "loader", "images", "odd", "evaluate", "big")
PROBES = """
import torch
def evaluate(target, namespace, data):
    print("noise"); torch.rand(3); torch.set_grad_enabled(False)
    return {"gave": target(4), "data": data, "seen": sorted(n for n in namespace if n == "net")}
PROBES = {"evaluate": evaluate}
"""


def live(data, *sources, limits=None, names=NAMES, probes=PROBES, probing=None):
    """Run cells in a new kernel. Returns what it recorded, and the notebook."""
    limits = limits or Limits(interrupt_grace=0.5)
    request = KernelRequest(
        seed=3, data=data, limits=limits, prelude=("dataroot", "probe"),
        options={"dataroot": {}, "probe": {"names": list(names), "probes": probes}},
    )  # fmt: skip
    cells = [nbformat.v4.new_code_cell(textwrap.dedent(source).strip()) for source in sources]
    nb = nbformat.v4.new_notebook(cells=cells)
    with ColdLauncher().kernel(request) as kernel:
        run_notebook(
            nb,
            kernel,
            limits=limits,
            cell_deadline=60,
            notebook_deadline=120,
            on_cell=lambda _: None,
            probing=probing,
        )
        kernel.evidence.seek(0)
        return Evidence(tuple(evidence.records(kernel.evidence.read()))), nb


TRAIN = """
for epoch in range(2):
    for x, y in trainDataLoader:
        optimizer.zero_grad()
        loss = Loss(net(x), y)
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        for x, y in testDataLoader:
            Loss(net(x), y)
"""
SOURCES = {
    "imports": """
        import random, torch, numpy as np, matplotlib.pyplot as plt
        from torchvision import datasets, transforms
        from torch.utils.data import DataLoader
    """,
    "values": "a = np.arange(6).reshape(2, 3); b = torch.from_numpy(a); history = []",
    "unchanged": "c = 1",
    "mutated": "a[0, 0] = 7; history.append(0.5)",
    "reused": "a = 'another thing'",
    "failed": "b = 5\n1 / 0",
    "syntax": "b = = 6",
    "live": "history = [torch.tensor(1.0, requires_grad=True) * i for i in range(3)]",
    "figures": """
        fig, (one, two) = plt.subplots(1, 2)
        one.imshow(np.arange(784).reshape(28, 28), cmap='gray', vmin=0); one.set_title('first')
        two.plot([1, 2, 3], [4, 5, np.nan], label='loss'); two.legend(); two.set_xlabel('epoch')
        two.set_yscale('log')
        plt.show()
        plt.figure(); plt.imshow(torch.zeros(28, 28)); plt.suptitle('second')
    """,
    "covered": """
        for i in range(3):
            plt.imshow(np.full((28, 28), i) + np.eye(28))
        plt.show()
        for i in range(3):
            plt.subplot(1, 3, i + 1)
            plt.imshow(np.eye(28), alpha=None if i else 0)
        plt.show()
        for i in range(2):
            plt.gcf().add_subplot(1, 1, 1).imshow(np.dstack([np.eye(28)] * 4), zorder=2 - i)
        plt.show()
    """,
    "in grids": """
        from mpl_toolkits.axes_grid1 import ImageGrid
        for ax in ImageGrid(plt.figure(), 111, (2, 5)):
            ax.imshow(np.random.rand(28, 28))
        plt.show()
        for part in plt.figure().subfigures(1, 2):
            for ax in part.subplots(1, 5):
                ax.imshow(np.random.rand(28, 28))
        plt.show()
    """,
    "captured": """
        %%capture kept
        plt.imshow(np.arange(784).reshape(28, 28)); plt.show()
        plt.figure(); plt.plot([1, 2])
    """,
    "shown later": "kept.show(); kept.show()",
    "never shown": """
        from IPython.utils.capture import capture_output
        with capture_output():
            plt.imshow(np.zeros((28, 28))); plt.show()
    """,
    "odd figure": """
        (line,) = plt.plot([1, 2])
        line.get_label = lambda: 1 / 0
        plt.show()
    """,
    "odd": """
        class Hostile:
            def __repr__(self): raise RuntimeError('no')
            __len__ = __array__ = item = __repr__
        odd = Hostile()
    """,
    "data": """
        def split(train): return datasets.FashionMNIST('.', train=train, transform=transforms.ToTensor())
        sets = split(True), split(False)
        trainDataLoader = DataLoader(sets[0], batch_size=64, shuffle=True)
        testDataLoader = DataLoader(sets[1], batch_size=64)
        loader = trainDataLoader
    """,
    "odd names": "globals()[1] = [0.5, 0.25]",
    "net": """
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10))
        Loss, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.01)
    """,
    "train": TRAIN,
    "cheat": TRAIN.replace("with torch.no_grad():", "if True:").replace(
        "            Loss(net(x), y)", "            Loss(net(x), y).backward(); optimizer.step()"
    ),
    "uncleared": TRAIN.replace("optimizer.zero_grad()", "pass"),
    "cleared by the net": TRAIN.replace("optimizer.zero_grad()", "net.zero_grad()"),
    "both at once": """
        for (x, y), (u, v) in zip(trainDataLoader, testDataLoader):
            optimizer.zero_grad()
            Loss(net(x), y).backward()
            optimizer.step()
    """,
    "workers": """
        def persistent(data): return DataLoader(data, batch_size=64, num_workers=1, persistent_workers=True)
        trainDataLoader, testDataLoader = map(persistent, sets)
    """ + TRAIN.replace("\n", "\n        "),
    "vector": """
        t = torch.ones(2, requires_grad=True)
        (t * 2).backward(torch.ones(2))
        t.to(torch.cfloat).sum().backward(torch.tensor(1 + 0j))
    """,
    "before": "torch.manual_seed(1); random.seed(1); np.random.seed(1)",
    "define": """
        def evaluate(n):
            print('called'); torch.rand(n); random.random(); np.random.rand()
            return n * factor
    """,
    "factor": "factor = 10",
    "drawn": "print(torch.rand(1).item(), random.random(), np.random.rand(), torch.is_grad_enabled())",
    "leaves": "def evaluate(n): raise SystemExit",
    "raises": "class Bad(Exception):\n    def __str__(self): raise self\ndef evaluate(n): raise Bad",
    "nested": "get_ipython().run_cell('a = 99')",
    "big": "big = torch.zeros(3000, 3000)",
}  # fmt: skip
CELL = {name: index for index, name in enumerate(SOURCES)}


@pytest.fixture(scope="module")
def probing():
    return Probing()


@pytest.fixture(scope="module")
def life(data, probing):
    return live(data, *SOURCES.values(), probing=probing)


@pytest.fixture(scope="module")
def asked(life, probing):
    """What came back from the probe of `evaluate`, in turn."""
    assert life
    return [each.outcome for each in evidence.rounds(probing.kept)]


@pytest.fixture(scope="module")
def seen(life):
    return life[0]


def text(nb, name):
    return "".join(output.get("text", output.get("ename", "")) for output in nb.cells[CELL[name]].outputs)


def test_each_cell_leaves_one_record(seen):
    assert [record.cell for record in seen.cells] == list(range(len(SOURCES)))


def test_the_notebook_sees_nothing_of_it(life):
    _, nb = life
    loud = {"failed", "syntax", "figures", "shown later", "odd figure", "drawn"}
    quiet = [name for name in SOURCES if name not in loud]
    assert {name: text(nb, name) for name in quiet} == dict.fromkeys(quiet, "")


def test_errors_are_named(seen):
    errors = {record.cell: record.fields["error"] for record in seen.cells if record.fields["error"]}
    assert errors == {CELL["failed"]: "ZeroDivisionError", CELL["syntax"]: "SyntaxError"}


def cells_of(seen, name):
    names = list(SOURCES)
    return [names[value.cell] for value in seen.values(name)]


def test_names_are_captured_right_after_the_cell_that_changed_them(seen):
    assert cells_of(seen, "a") == ["values", "mutated", "reused", "nested"]
    assert cells_of(seen, "b") == ["values", "mutated", "failed"]  # b shares its memory with a
    assert cells_of(seen, "history") == ["values", "mutated", "live"]


def test_each_value_is_what_it_was_then(seen):
    first, second, third, last = seen.values("a")
    np.testing.assert_array_equal(first.array, np.arange(6).reshape(2, 3))
    assert second.array[0, 0] == 7
    assert third.text("value") == "another thing"
    assert last.number == 99
    assert seen.values("b")[1].array[0, 0] == 7
    assert seen.value("history", by=CELL["mutated"]).numbers == (0.5,)
    assert seen.value("history").numbers == (0, 1, 2)
    assert seen.value("odd").fields == {
        "type": "other",
        "class": "Hostile",
        "repr": "",
        "error": "RuntimeError",
    }
    assert (seen.value("big").shape, seen.value("big").array) == ((3000, 3000), None)


def test_an_image_that_another_covers_is_not_seen(seen):
    found = [pictures.drawn([figure]) for figure in seen.figures(CELL["covered"])]
    assert list(map(len, found)) == [1, 2, 2]
    assert found[0][0].max() == 3


def test_images_in_a_grid_or_a_part_of_a_figure_cover_no_other(seen):
    grid, parts = seen.figures(CELL["in grids"])
    assert len(pictures.drawn([grid])) == 10
    assert len(pictures.drawn([parts])) == 10


def test_figures_are_data(seen):
    first, second = seen.figures(CELL["figures"])
    image, plot = first.fields["axes"]
    assert (image["title"], image["images"][0]["cmap"], image["images"][0]["clim"]) == (
        "first",
        "gray",
        [0, 783],
    )
    np.testing.assert_array_equal(pictures.drawn([first])[0], np.arange(784).reshape(28, 28))
    (line,) = plot["lines"]
    assert (line["label"], plot["legend"], plot["xlabel"], plot["yscale"]) == (
        "loss",
        ["loss"],
        "epoch",
        "log",
    )
    np.testing.assert_array_equal(first.arrays[line["y"]["array"]], [4, 5, math.nan])
    assert second.text("title") == "second"
    assert seen.figures(CELL["odd"]) == ()


def test_a_captured_figure_is_shown_where_it_is_shown_later(seen):
    picture, curve = seen.figures(CELL["shown later"])
    assert pictures.drawn([picture])[0].shape == (28, 28)
    assert len(curve.fields["axes"][0]["lines"]) == 1
    assert (seen.figures(CELL["captured"]), seen.figures(CELL["never shown"])) == ((), ())


def test_a_figure_that_cannot_be_described_says_so(seen):
    assert [figure.fields for figure in seen.figures(CELL["odd figure"])] == [
        {"error": "ZeroDivisionError", "axes": []}
    ]


BATCHES = math.ceil(SPLITS["train"] / 64)
TESTS = math.ceil(SPLITS["t10k"] / 64)


def trace(seen, name):
    return training.trace(seen, [CELL[name]])


def test_a_clean_run(seen):
    run = trace(seen, "train")
    assert (run.steps, run.steps_on_train, run.backwards) == (2 * BATCHES,) * 3
    assert (run.steps_without_zero_grad, run.steps_without_backward) == (0, 0)
    assert run.provenance == {"train": 2 * BATCHES}
    assert len(run.epoch_losses) == 2
    assert all(1.5 < loss < 3.5 for loss in run.epoch_losses)


def test_the_test_set_trains(seen):
    run = trace(seen, "cheat")
    assert (run.steps_on_train, run.steps_on_test) == (2 * BATCHES, 2 * TESTS)
    assert run.provenance == {"train": 2 * BATCHES, "test": 2 * TESTS}
    assert [each.split for each in run.passes] == [training.TRAIN, training.TEST] * 2


def test_workers_that_persist_serve_one_pass_after_the_other(seen):
    run = trace(seen, "workers")
    assert (run.steps_on_train, run.steps_on_test) == (2 * BATCHES, 0)
    assert [(each.split, each.steps, each.points) for each in run.passes] == 2 * [
        (training.TRAIN, BATCHES, SPLITS["train"])
    ]


def test_gradients_are_never_cleared(seen):
    assert trace(seen, "uncleared").steps_without_zero_grad == 2 * BATCHES
    assert trace(seen, "cleared by the net").steps_without_zero_grad == 0


def test_the_graph_tells_whose_batch_was_learned_when_both_were_fetched(seen):
    run = trace(seen, "both at once")
    assert run.steps_on_test == TESTS  # so the order says
    assert run.provenance == {"train": TESTS}


def test_gradients_of_what_is_no_loss_disturb_nobody(life):
    seen, nb = life
    assert trace(seen, "vector").backwards == 2
    assert text(nb, "vector") == ""


def test_what_trained_is_told(seen):
    trace = seen.cells[CELL["train"]].fields["trace"]
    assert [loader["batch_size"] for loader in trace["loaders"]] == [64] * 4
    assert [optimizer["class"] for optimizer in trace["optimizers"]] == ["SGD"]
    assert seen.value("net", by=CELL["net"]).state["1.weight"].shape == (10, 784)
    assert len(seen.values("net")) == 1 + 6  # each training cell changed it
    assert seen.value("loader").fields["dataset"]["train"] is True


def test_a_network_that_was_trained_is_recorded_under_its_own_name(data):
    seen, _ = live(
        data,
        "import torch",
        "still, my_net = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)",
        "optimizer = torch.optim.SGD([*still.parameters(), *my_net.parameters()], lr=0.1)",
        "my_net(torch.ones(1, 2)).sum().backward(); optimizer.step()",
        names=("net",),
    )
    assert seen.trained == ("my_net",)
    assert set(seen.value("my_net").state) == {"weight", "bias"}


def test_lists_of_numbers_that_a_training_cell_left_are_recorded_under_their_own_names(data):
    seen, _ = live(
        data,
        "import numpy as np, torch; net = torch.nn.Linear(2, 1); loss = net(torch.ones(1, 2)).sum()",
        "before, words = [1, 2], ['a']",
        "loss.backward(); losses = [0.5, 0.25]; array = np.array([0.5])\n"
        "both = {'a': [3.0], 'b': losses}; mixed = {'a': [3.0], 'b': 'c'}; _own = [1.0]",
        "loss = net(torch.ones(1, 2)).sum(); loss.backward(); net.train_losses = [0.5]\n"
        "class History: pass\n"
        "kept = History(); kept.test, kept.name = [0.25], 'a'; table = np.ones((20, 2)); wide = np.ones((9, 9))\n"
        "del losses, before, both, array",
        "after = [3.0]",
        names=("net",),
    )
    assert set(seen.series) == {"before", "losses", "array", "both", "table", "net.train_losses", "kept.test"}
    assert seen.value("kept.test").numbers == (0.25,)
    assert seen.value("losses").numbers == (0.5, 0.25)
    assert {key: value.numbers for key, value in seen.value("both").members.items()} == {
        "a": (3.0,),
        "b": (0.5, 0.25),
    }
    assert seen.value("words") is seen.value("after") is None


def test_a_probe_is_tried_until_it_succeeds(asked, data):
    first, second, *_ = asked
    assert first["error"].text("value") == "NameError: name 'factor' is not defined"
    assert second["gave"].number == 40
    assert second["data"].text("value") == str(data)
    assert [item.text("value") for item in second["seen"].items] == ["net"]


def test_a_probe_that_raises_is_told(asked):
    errors = [outcome["error"].text("value") for outcome in asked if outcome["error"]]
    assert errors[1] == "SystemExit: "
    assert errors[2] == "Bad"
    assert len(errors) == 1 + 1 + 3  # the last one is tried again after the two cells that follow


CHANGING = """
def evaluate(target, namespace, data, inputs):
    namespace["kept"].append(target(inputs["number"]))
    namespace.pop("np", None)
    return namespace["kept"]
PROBES = {"evaluate": evaluate}
"""


def test_inputs_go_into_a_fork_and_answers_come_back(data):
    def inputs(draw):
        answer = yield {"number": 3}
        yield {"number": answer.numbers[-1] + draw.randint(0, 0)}

    probing = Probing(inputs={"evaluate": inputs})
    _, nb = live(
        data,
        "import numpy as np; kept = [np.int64(1)]",
        "def evaluate(number): return 2 * number",
        "print(kept, np.pi)",
        probes=CHANGING,
        probing=probing,
    )
    rounds = evidence.rounds(probing.kept)
    assert [(each.cell, each.inputs, each.outcome.numbers) for each in rounds] == [
        (1, {"number": 3}, (1, 6)),
        (1, {"number": 6}, (1, 12)),
    ]
    assert nb.cells[2].outputs[0].text == "[np.int64(1)] 3.141592653589793\n"  # nothing of it is left


def test_a_kernel_that_dies_while_it_is_asked_leaves_no_answer(data):
    probing = Probing()
    live(data, "import os\ndef evaluate(n): os.kill(os.getppid(), 9)", "a = 1", probing=probing)
    assert evidence.rounds(probing.kept) == ()


def test_probing_leaves_the_generators_and_the_grad_mode_alone(life):
    import random  # noqa: PLC0415 - the global ones, as in the notebook

    import torch  # noqa: PLC0415

    _, nb = life
    draws = torch.Generator().manual_seed(1), random.Random(1), np.random.RandomState(1)  # noqa: S311
    expected = torch.rand(1, generator=draws[0]).item(), draws[1].random(), draws[2].rand(), True
    assert text(nb, "drawn").split() == [str(each) for each in expected]


def test_the_probes_own_loaders_are_not_the_students(seen):
    assert trace(seen, "define").backwards == 0


# --- a full file ----------------------------------------------------------------------------------------


def test_what_does_not_fit_is_told_and_small_things_are_still_written(data):
    seen, _ = live(
        data,
        "import numpy as np; a = 1",
        "big = np.zeros(40_000)",
        "a = 2",
        "big = np.ones(40_000)",
        "a = 3",
        limits=Limits(evidence=400_000),
        probes="",
    )
    assert [record.kind for record in seen.records] == ["cell", "cell", "cell", "lost", "cell"]
    assert seen.records[3].fields == {"kind": "lost", "cell": 3, "why": "the evidence file is full"}
    assert [value.number for value in seen.values("a")] == [1, 2, 3]


# --- pieces ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [{"a": math.nan}, {"a": {(1,): 2}}, {"a": "x" * (9 << 20)}],
    ids=["NaN", "a tuple as key", "too much"],
)
def test_a_record_that_is_no_json_is_lost_alone(tmp_path, record):
    with (tmp_path / "log").open("w+b") as file:
        file.truncate(1 << 25)
        writer = probe.Log(file.fileno())
        assert not writer.append({"kind": "cell", "cell": 1, **record}, probe.Arrays())
        assert writer.append({"kind": "cell", "cell": 2}, probe.Arrays())
    lost, kept = evidence.load(tmp_path / "log").records
    assert (lost.kind, lost.cell, kept.cell) == ("lost", 1, 2)
    assert lost.fields["why"]
