"""The examples of rubric tests in the README and in the guide do what is said of them."""

import dataclasses
import inspect
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure

import grader
from grader.evidence import Value
from grader.judging.api import CheckEnded
from grader.judging.exhibits import Exhibits
from grader.kernel.inside.probe import figures, log, values
from grader.model import Outcome
from grader.places import GUIDE
from grader.validation import Mutant, mutation

PAGES = (Path(__file__).parents[2] / "README.md", GUIDE / "rubrics.md")
EXAMPLES = [
    block
    for page in PAGES
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
]


@pytest.fixture
def example(monkeypatch):
    """The test of a name, from the code block that defines it; called like a function."""
    monkeypatch.setattr(
        grader, "question", lambda *_, **__: lambda test: test
    )  # a mark that these tests lack

    def example(name):
        (code,) = {block for block in EXAMPLES if f"def {name}(" in block}  # the same wherever it is shown
        names = {}
        exec(code, names)  # noqa: S102 - our own pages
        return names[name]

    return example


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (r"$2X^T(Xw - y) + 2\lambda w$", None),
        (r"$\nabla_w = 2 X^\top X w - 2 X^\top y + 2 \lambda w$", None),
        (r"$2X^T(Xw - y)$", Outcome.FAILED),
        ("I don't know.", Outcome.REVIEW),
    ],
)
def test_a_formula_is_judged_by_what_it_means(example, answer, outcome):
    student = SimpleNamespace(written=lambda _: answer)
    judge = example("test_the_gradient_of_ridge_regression")
    if outcome is None:
        assert judge(student) is None
        return
    with pytest.raises(CheckEnded) as ended:
        judge(student)
    assert ended.value.outcome is outcome


@pytest.mark.parametrize(("losses", "outcome"), [(20, None), (19, Outcome.FAILED), (None, Outcome.REVIEW)])
def test_a_history_is_as_long_as_the_training(example, losses, outcome):
    history = None if losses is None else SimpleNamespace(numbers=(0.5,) * losses)
    student = SimpleNamespace(value=lambda *_: history, answer=lambda _: SimpleNamespace(source=""))
    judge = example("test_histories_hold_twenty_losses")
    if outcome is None:
        assert judge(student, None, None) is None
        return
    with pytest.raises(CheckEnded) as ended:
        judge(student, None, None)
    assert ended.value.outcome is outcome


def seen(value):
    """A value as a check reads it."""
    arrays = log.Arrays()
    return Value(0, values.encode("name", value, arrays), arrays.by_name)


def work(*shown, **names):
    """What a run leaves: figures, and values by name."""
    return SimpleNamespace(
        value=lambda name, _: seen(names[name]) if name in names else None, figures=lambda _: shown
    )


def outcome_of(check, *given):
    """How a check ended; None if it passed."""
    try:
        assert check(*given) is None
    except CheckEnded as ended:
        return ended.outcome
    return None


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        ({"cheapest_city": " leipzig"}, None),
        ({"cheapest_city": "Bonn"}, Outcome.FAILED),
        ({"cheapest_city": 3}, Outcome.FAILED),
        ({}, Outcome.FAILED),
    ],
)
def test_a_string_is_compared(example, names, outcome):
    reference = SimpleNamespace(first=work(cheapest_city="Leipzig"))
    assert outcome_of(example("test_the_cheapest_city"), work(**names), reference) == outcome


@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        ({"prices": [2.5, 1.0, 4.0 + 1e-9]}, None),
        ({"prices": np.array([1.0, 2.5, 4.0])}, None),
        ({"prices": [1.0, 2.5, 5.0]}, Outcome.PARTIAL),
        ({"prices": [1.0, 2.5]}, Outcome.FAILED),
        ({"prices": ["1.0", "2.5", "4.0"]}, Outcome.FAILED),
        ({}, Outcome.FAILED),
    ],
)
def test_a_column_is_compared(example, names, outcome):
    reference = SimpleNamespace(first=work(prices=[1.0, 2.5, 4.0]))
    assert outcome_of(example("test_the_prices"), work(**names), reference) == outcome


def plot(heights, **labels):
    """A figure with a line, as a check reads it."""
    figure, arrays = Figure(), log.Arrays()
    axes = figure.add_subplot()
    axes.plot(heights)
    axes.set(**labels)
    return Value(0, figures.describe(figure, "figure0", arrays), arrays.by_name)


LOSSES = [0.9, 0.5, 0.4]


@pytest.mark.parametrize(
    ("shown", "names", "outcome"),
    [
        ([plot(LOSSES, xlabel="epoch", ylabel="loss")], {"losses": LOSSES}, None),
        ([plot([1]), plot(LOSSES, xlabel="epoch", ylabel="loss")], {"losses": LOSSES}, None),
        ([plot(LOSSES, xlabel="epoch")], {"losses": LOSSES}, Outcome.PARTIAL),
        ([plot(LOSSES[:2])], {"losses": LOSSES}, Outcome.FAILED),
        ([], {"losses": LOSSES}, Outcome.FAILED),
        ([plot(LOSSES)], {}, Outcome.FAILED),
    ],
)
def test_a_line_is_found_in_a_figure(example, shown, names, outcome):
    assert outcome_of(example("test_the_plot_of_the_losses"), work(*shown, **names)) == outcome


@pytest.mark.parametrize(
    ("written", "polarity", "tags"),
    [
        ("Yes, nothing is far from the rest.", "yes", ("outlier",)),
        ("**No**: the median is better, there are outliers.", "no", ("median", "outlier")),
        ("It depends.", "", ()),
    ],
)
def test_an_answer_goes_to_a_person_with_what_was_read(example, written, polarity, tags):
    check = example("test_whether_the_mean_is_fair")
    with pytest.raises(CheckEnded) as ended:
        check(SimpleNamespace(written=lambda _: written))
    item = ended.value.item
    assert (item.answer, item.polarity, item.tags) == (written, polarity, tags)


def test_an_empty_answer_is_not_reviewed(example):
    check = example("test_whether_the_mean_is_fair")
    assert outcome_of(check, SimpleNamespace(written=lambda _: "")) is Outcome.FAILED


def table(heading):
    """The first column of a table of rubrics.md, below its heading row."""
    _, _, rest = (GUIDE / "rubrics.md").read_text(encoding="utf-8").partition(f"| {heading} |")
    rows = rest.partition("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`(\w+)", row.split("|")[1])]


def test_the_tables_name_what_there_is():
    encoded = Path(values.__file__).read_text("utf-8")
    encoded += Path(values.__file__).with_name("tensors.py").read_text("utf-8")
    assert sorted(table("kind | recorded for")) == sorted(set(re.findall(r'"type": "(\w+)"', encoded)))
    public = {name for name in dir(Value) if not name.startswith("_")} - {"arrays"}
    assert set(table("of a value")) - {"value"} == public
    shown = {name for name in dir(Exhibits) if not name.startswith("_")} - {"shown"}
    assert {*table("call | what it shows")} == shown
    assert set(table("of a `Mutant`")) == {field.name for field in dataclasses.fields(Mutant)}


@pytest.mark.parametrize("name", ["swap", "drop", "answer", "insert"])
def test_a_change_is_shown_with_its_parameters(name):
    parameters = inspect.signature(getattr(mutation, name)).parameters.values()
    shown = ", ".join(str(parameter.replace(annotation=parameter.empty)) for parameter in parameters)
    text = (GUIDE / "rubrics.md").read_text(encoding="utf-8").replace("*, ", "")
    assert f"| `{name}({shown})` |" in text
