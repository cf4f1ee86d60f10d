"""Saved outputs compared with those of the run: which differences are reported, and which are not."""

import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.judging import saved
from grader.model import Flag


def stdout(text):
    return new_output("stream", text=text)


def stderr(text):
    return new_output("stream", name="stderr", text=text)


def result(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


def picture(text="<Figure size 640x480 with 1 Axes>"):
    return new_output("display_data", data={"image/png": "iVBORw0KGgo=", "text/plain": text})


def widget(text):
    return new_output(
        "display_data",
        data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": text},
    )


def raised(name):
    return new_output("error", ename=name, evalue="", traceback=[])


def book(*cells):
    """A notebook of cells, each given as (source, outputs, count)."""
    return new_notebook(
        cells=[
            new_code_cell(source, outputs=outputs, execution_count=count) for source, outputs, count in cells
        ]
    )


def findings(source, then, now, *, same_data=True):
    """The findings about one cell that was saved with `then` and showed `now` when it ran."""
    flags = saved.compare(book((source, then, 7)), book((source, now, 1)), same_data=same_data)
    assert {flag.kind for flag in flags} <= {"saved_outputs"}
    return [flag.message for flag in flags]


def epochs(count, first=0.97, say="epoch {} train loss {:.4f} test loss {:.4f}\n"):
    return "".join(say.format(e, first / e**0.25, first / e**0.24) for e in range(1, count + 1))


EVALUATE = "print(evaluate(trainDataLoader), evaluate(testDataLoader))"
TRAIN = "for epoch in range(epochs): train()"


@pytest.mark.parametrize(
    ("source", "then", "now", "finding"),
    [
        pytest.param(
            "score()", [stdout("accuracy: 0.912")], [stdout("accuracy: 0.847")],
            "the saved accuracy is 0.912; in our run it is 0.847.", id="accuracy",
        ),
        pytest.param(
            "score()", [stdout("Train Acc 85 %, Test Acc 91 %")], [stdout("Train Acc 85 %, Test Acc 83 %")],
            "the saved accuracy is 0.910; in our run it is 0.830.", id="the second accuracy, in percent",
        ),
        pytest.param(
            "score()",
            [stdout("Accuracy of the network on the 10000 test images: 91 %")],
            [stdout("Accuracy of the network on the 10000 test images: 82 %")],
            "the saved accuracy is 0.910; in our run it is 0.820.", id="accuracy behind a count",
        ),
        pytest.param(
            EVALUATE, [stdout("tensor(0.9120) tensor(0.8744)")], [stdout("tensor(0.8513) tensor(0.8331)")],
            "the saved accuracy is 0.912; in our run it is 0.851.", id="what evaluate returned, without a label",
        ),
        pytest.param(
            "evaluate(testDataLoader)", [result("0.8912")], [result("0.1003")],
            "the saved accuracy is 0.891; in our run it is 0.100.", id="a network that was never trained here",
        ),
        pytest.param(
            TRAIN,
            [stdout("".join(f"epoch {e}: test_acc = {0.7 + e / 80:.3f}\n" for e in range(20)))],
            [stdout("".join(f"epoch {e}: test_acc = {0.6 + e / 90:.3f}\n" for e in range(20)))],
            "the saved accuracy is 0.819; in our run it is 0.706.", id="the mean of a series of accuracies",
        ),
        pytest.param(
            TRAIN, [stdout(epochs(20))], [stdout(epochs(8))],
            "the saved output has 20 loss lines; running the code printed 8.", id="more losses than it prints",
        ),
        pytest.param(
            TRAIN, [stdout(epochs(3))], [stdout(epochs(20))],
            "the saved output has 3 loss lines; running the code printed 20.", id="fewer losses than it prints",
        ),
        pytest.param(
            TRAIN, [stdout(epochs(20, first=0.3))], [stdout(epochs(20))],
            "the saved losses average 0.182; in our run they average 0.589.", id="much smaller losses",
        ),
        pytest.param(
            "x = 1", [stdout("1\n")], [], "the cell has saved output; running the code showed none.", id="output",
        ),
        pytest.param(
            "x = 1", [result("1")], [], "the cell has saved output; running the code showed none.", id="a result",
        ),
        pytest.param(
            "print(1)", [stdout("1\n"), picture()], [stdout("1\n")],
            "the saved output has a figure; running the code showed none.", id="a figure",
        ),
        pytest.param(
            "x = 1", [raised("NameError")], [],
            "the saved output is a NameError; running the code raised no error.", id="an error",
        ),
    ],
)  # fmt: skip
def test_output_that_the_code_does_not_produce_is_reported(source, then, now, finding):
    assert findings(source, then, now) == [f"Cell 1: {finding}"]


@pytest.mark.parametrize(
    ("source", "then", "now"),
    [
        pytest.param("x", [], [stdout("accuracy 0.1"), picture()], id="nothing was saved"),
        pytest.param("x", [result("1")], [result("2")], id="another value"),
        pytest.param(
            "print(np.random.rand(2))", [stdout("[0.11 0.93]")], [stdout("[0.83 0.04]")], id="other random numbers"
        ),
        pytest.param(
            "ax.legend()",
            [result("<matplotlib.legend.Legend at 0x7f1a>")],
            [result("<matplotlib.legend.Legend at 0x55e0>")],
            id="an address",
        ),
        pytest.param("go()", [stdout("took 171.4 s\n")], [stdout("took 3.2 s\n")], id="a timing"),
        pytest.param(
            EVALUATE, [stdout("0.8513\n0.8331\ntook 0.94 s")], [stdout("0.8499\n0.8340\ntook 0.12 s")],
            id="a timing next to accuracies",
        ),
        pytest.param("score()", [stdout("accuracy 0.85")], [stdout("accuracy 0.81")], id="another seed"),
        pytest.param("score()", [stdout("accuracy 0.85")], [stdout("accuracy 84.8 %")], id="percent and fraction"),
        pytest.param(
            "score()", [stdout("before: accuracy 0.04")], [stdout("before: accuracy 0.16")], id="before training"
        ),
        pytest.param("score()", [stdout("accuracy 0.9, 0.8")], [stdout("no accuracy")], id="none in our run"),
        pytest.param(
            TRAIN,
            [stdout("".join(f"epoch {e} acc {0.8 + (-1) ** e * 0.06:.2f}\n" for e in range(9)))],
            [stdout("".join(f"epoch {e} acc {0.8 - (-1) ** e * 0.06:.2f}\n" for e in range(9)))],
            id="a noisy series",
        ),
        pytest.param(TRAIN, [stdout(epochs(20))], [stdout(epochs(20, first=1.1))], id="losses of another seed"),
        pytest.param(
            TRAIN,
            [stdout(epochs(20) + "Streaming output truncated to the last 5000 lines.\n")],
            [stdout(epochs(30))],
            id="a long output that Colab cut",
        ),
        pytest.param(TRAIN, [stdout(epochs(30))], [stdout(epochs(20) + "\n[output cut]\n")], id="one that we cut"),
        pytest.param(
            TRAIN, [stderr("loss=0.51: 100%|####| 938/938 [00:04]\nloss=0.43\n")], [], id="a progress bar"
        ),
        pytest.param(
            TRAIN,
            [stdout("epoch 1 loss 0.9\repoch 1 loss 0.8\repoch 1 loss 0.7\n")],
            [stdout("epoch 1 loss 0.7\n")],
            id="progress that was overwritten",
        ),
        pytest.param("train()", [widget("HBox(children=(FloatProgress(value=0.0)))")], [], id="a widget"),
        pytest.param("import torch", [stderr("UserWarning: the array is not writable\n")], [], id="a warning"),
        pytest.param(
            "FashionMNIST('.', download=True)",
            [stdout("Downloading http://example.org/a.gz\nExtracting raw/a.gz\nProcessing...\nDone!\n")],
            [],
            id="a download",
        ),
        pytest.param("!nvidia-smi", [stdout("Tesla T4\n")], [], id="a shell line"),
        pytest.param("import os\n%cd /content", [stdout("/content\n")], [], id="a magic"),
        pytest.param(
            "if torch.cuda.is_available():\n    print('GPU')", [stdout("GPU\n")], [], id="a message about a GPU"
        ),
        pytest.param("name = input('Name? ')", [stdout("Name? Ada\n")], [], id="user input"),
        pytest.param("1 / 0", [raised("ZeroDivisionError")], [raised("ZeroDivisionError")], id="the same error"),
        pytest.param("1 / 0", [raised("ZeroDivisionError")], [raised("NameError")], id="another error"),
        pytest.param("plot()", [picture()], [picture("other")], id="another figure"),
        pytest.param("plot()", [stdout("x\n")], [picture()], id="text where a figure is shown"),
    ],
)  # fmt: skip
def test_an_ordinary_difference_is_not_reported(source, then, now):
    assert findings(source, then, now) == []


def test_on_a_sample_of_the_data_only_counts_are_compared():
    stale = [stdout(epochs(20, first=0.2) + "accuracy 0.99")]
    assert findings(TRAIN, stale, [stdout(epochs(20) + "accuracy 0.5")], same_data=False) == []
    assert findings(TRAIN, stale, [stdout(epochs(8))], same_data=False) == [
        "Cell 1: the saved output has 20 loss lines; running the code printed 8."
    ]


def test_nothing_is_compared_below_an_error_that_was_not_saved():
    stale, shown = [stdout("accuracy 0.9")], [stdout("accuracy 0.1")]
    then = book(("a", stale, 1), ("import gone", [], 2), ("b", stale, 3))
    now = book(("a", shown, 1), ("import gone", [raised("ModuleNotFoundError")], 2), ("b", shown, 3))
    (flag,) = saved.compare(then, now, same_data=True)
    assert flag.message.startswith("Cell 1: ")


def test_a_cell_that_never_ran_is_not_compared():
    assert saved.compare(book(("x", [stdout("1")], 1)), book(("x", [], None)), same_data=True) == ()


def test_cells_are_numbered_from_1_including_markdown():
    cells = [new_markdown_cell("**4.6**"), *book(("x = 1", [result("1")], 3)).cells]
    ran = [new_markdown_cell("**4.6**"), *book(("x = 1", [], 1)).cells]
    assert saved.compare(new_notebook(cells=cells), new_notebook(cells=ran), same_data=True) == (
        Flag(
            kind="saved_outputs", message="Cell 2: the cell has saved output; running the code showed none."
        ),
    )


def test_the_number_of_findings_is_limited():
    many = [("x = 1", [result("1")], 1)] * 40
    assert len(saved.compare(book(*many), book(*[("x = 1", [], 1)] * 40), same_data=True)) == saved.MOST


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n" * 300_000, id="empty lines"),
        pytest.param(" " * 300_000, id="blanks"),
        pytest.param("\r" * 300_000, id="carriage returns"),
        pytest.param("loss " * 60_000, id="words"),
        pytest.param("9" * 300_000, id="digits"),
        pytest.param("accuracy 1e999 loss -1e999 0.5%", id="infinities"),
    ],
)
def test_an_output_made_to_be_slow_takes_seconds(text):
    """Processor time; a quadratic search would take hours."""
    began = time.process_time()
    findings(text[:100_000] + "evaluate()", [stdout(text)], [stdout(text + "x")])
    assert time.process_time() - began < 20


def test_a_cell_that_was_code_when_it_was_saved_and_is_none_now_is_not_compared():
    assert (
        saved.compare(
            book(("x", [stdout("1")], 7)), new_notebook(cells=[new_markdown_cell("x")]), same_data=True
        )
        == ()
    )
