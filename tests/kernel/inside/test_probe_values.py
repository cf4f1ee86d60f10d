"""Any object as plain data of limited size, whatever its own methods do."""

import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset, TensorDataset, random_split

from grader.evidence import Value
from grader.kernel.inside.probe import log
from grader.kernel.inside.probe.values import encode


class Pair(NamedTuple):
    x: int
    y: str


def seen(value):
    """A value as the reader sees it, after a round trip through JSON."""
    arrays = log.Arrays()
    fields = json.loads(log.as_json(encode("name", value, arrays)))
    return Value(0, fields, arrays.by_name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (True, 1),
        (2.5, 2.5),
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), 1),
        (Fraction(1, 2), 0.5),
        (Decimal("0.25"), 0.25),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (np.float64("inf"), math.inf),
        (torch.tensor(3.0), 3),
        (torch.tensor([[3.0]], requires_grad=True), 3),
        (np.array(2), 2),
        (10**30, None),
        (1 + 2j, None),
        ("3", None),
        (None, None),
    ],
    ids=repr,
)
def test_numbers(value, expected):
    assert seen(value).number == expected


@pytest.mark.parametrize(
    "value", [math.nan, np.float32("nan"), torch.tensor(math.nan), Decimal("nan")], ids=repr
)
def test_nan(value):
    assert math.isnan(seen(value).number)


LIVE = [torch.tensor(value, requires_grad=True) * 2 for value in (0.5, 1.0, 1.5)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([1.0, 2.0, 3.0], "series"),
        ((1, 2, 3), "series"),
        ([np.float32(1), 2, torch.tensor(3.0)], "series"),
        ([np.array([1.0]), np.array([2.0]), np.array([3.0])], "series"),
        (LIVE, "series"),
        (np.array([1.0, 2, 3]), "ndarray"),
        (np.array([[1, 2, 3]], dtype=np.int8), "ndarray"),
        (np.array([1, 2, 3], dtype=">f8"), "ndarray"),
        (np.ma.array([1.0, 2, 3]), "ndarray"),
        (torch.tensor([1.0, 2, 3]), "tensor"),
        (torch.tensor([1.0, 2, 3], requires_grad=True), "tensor"),
        (torch.tensor([1.0, 2, 3], dtype=torch.bfloat16), "tensor"),
        (torch.tensor([1.0, 2, 3]).half(), "tensor"),
        (torch.nn.Parameter(torch.tensor([1.0, 2, 3])), "tensor"),
        (
            torch.tensor([-1.0, -2, -3]).to(torch.complex64).conj().imag.add(torch.tensor([1.0, 2, 3])),
            "tensor",
        ),
        (torch.arange(6.0)[::2].add(1).div(1).clamp(max=3).sub(torch.tensor([0.0, 1, 0])), "tensor"),
    ],
    ids=lambda one: one if isinstance(one, str) else type(one).__name__,
)
def test_runs_of_numbers_in_any_container(value, kind):
    value = seen(value)
    assert (value.kind, value.numbers) == (kind, (1, 2, 3))


def test_a_tensor_with_its_negative_bit_set_is_read():
    value = torch.tensor([1 + 2j]).conj().imag
    assert value.is_neg()
    assert seen(value).number == -2


def test_live_tensors_are_told():
    assert seen(LIVE).fields["requires_grad"] is True
    assert seen([1.0]).fields["requires_grad"] is False
    assert seen(LIVE[0]).fields["requires_grad"] is True


def test_a_copy_is_kept_not_a_view():
    array = np.zeros(3)
    value = seen(array)
    array[0] = 7
    assert value.numbers == (0, 0, 0)


def test_what_is_too_large_keeps_its_shape():
    value = seen(torch.zeros(60000, 28, 28, dtype=torch.uint8))
    assert (value.shape, value.array) == ((60000, 28, 28), None)
    assert seen(np.zeros((1000, 1000))).shape == (1000, 1000)


@pytest.mark.parametrize("value", [np.array(["a"]), np.array([object()]), np.array([1j]), np.zeros((1,) * 9)])
def test_what_no_record_can_hold_keeps_its_shape(value):
    assert (seen(value).shape, seen(value).array) == (value.shape, None)


def test_one_record_has_room_for_so_much():
    arrays = log.Arrays()
    kept = [arrays.keep("x", np.zeros(1 << 20, np.uint8)) for _ in range(30)]
    assert sum("array" in fields for fields in kept) == 24
    assert kept[-1]["shape"] == [1 << 20]
    assert len(arrays.by_name) == 24


def test_lists_and_mappings():
    value = seen({"a": 1, "b": {"c": [1, 2]}, 3: None, "pair": Pair(1, "two")})
    assert value["a"].number == 1
    assert value["b"]["c"].numbers == (1, 2)
    assert value["3"].kind == "none"
    assert [item.kind for item in value["pair"].items] == ["number", "text"]
    assert seen([]).kind == "list"
    assert seen([[1, 2], [3, 4]]).items[1].numbers == (3, 4)
    assert seen([1, None]).items[0].number == 1


def test_a_text_is_cut():
    value = seen("x" * 10_000)
    assert (len(value.text("value")), value.fields["length"]) == (4000, 10_000)


def test_half_a_surrogate_pair_is_replaced():
    assert seen("a\ud800b\U0001f600").text("value") == "a?b\U0001f600"


def test_a_list_that_holds_itself_ends():
    ring = [1, "a"]
    ring.append(ring)
    assert seen(ring).kind == "list"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([[[[["deep"] * 50] * 50] * 50] * 50] * 50, id="deep"),
        pytest.param([["x"] * 1000] * 1000, id="wide"),
        pytest.param({str(i): ["a"] * 1000 for i in range(1000)}, id="a mapping of lists"),
        pytest.param([[float(i)] * 784 for i in range(5000)], id="a picture each"),
    ],
)
def test_what_is_said_is_bounded(value):
    arrays = log.Arrays()
    assert len(log.as_json(encode("x", value, arrays))) < log.MOST_JSON
    assert len(arrays.by_name) <= log.MOST_ENTRIES


def test_a_module():
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2)).eval()
    value = seen(net)
    assert (value.kind, value.fields["class"], value.fields["parameters"]) == ("module", "Sequential", 10)
    assert (value.fields["layers"], value.fields["training"]) == (["Flatten", "Linear"], False)
    np.testing.assert_array_equal(value.state["1.weight"], net[1].weight.detach().numpy())
    assert value.state["1.bias"].shape == (2,)


def test_a_module_of_any_type_of_number():
    assert seen(torch.nn.Linear(2, 2).bfloat16()).state["weight"].dtype == np.float32
    assert seen(torch.nn.Linear(2, 2).double()).state["weight"].dtype == np.float64


def test_a_module_with_a_state_of_its_own():
    class Odd(torch.nn.Linear):
        def get_extra_state(self):
            return {"anything": object()}

        def set_extra_state(self, state):
            pass

    assert set(seen(Odd(2, 2)).state) == {"weight", "bias"}


def test_an_optimizer():
    net = torch.nn.Linear(4, 2)
    value = seen(torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9))
    assert (value.kind, value.fields["class"]) == ("optimizer", "SGD")
    (group,) = value.fields["groups"]
    assert (group["lr"], group["momentum"], group["shapes"]) == (0.01, 0.9, [[2, 4], [2]])


class Split(TensorDataset):
    def __init__(self, *, train):
        super().__init__(torch.zeros(10, 2))
        self.train, self.data, self.transform = train, torch.zeros(10, 2), None


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(3))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda each: each,
        lambda each: Subset(Subset(each, range(5)), range(3)),
        lambda each: random_split(each, [5, 5])[0],
    ],
)
@pytest.mark.parametrize("train", [True, False])
def test_a_data_set_is_known_below_its_subsets(wrap, train):
    value = seen(wrap(Split(train=train)))
    assert (value.kind, value.fields["root"], value.fields["train"]) == ("dataset", "Split", train)
    assert value.fields["data_shape"] == [10, 2]


def test_a_loader():
    fields = seen(DataLoader(Split(train=True), batch_size=4, shuffle=True)).fields
    assert (fields["type"], fields["batch_size"], fields["batches"], fields["sampler"]) == (
        "loader",
        4,
        3,
        "RandomSampler",
    )
    assert (fields["dataset"]["root"], fields["dataset"]["length"]) == ("Split", 10)


@pytest.mark.parametrize(
    "loader",
    [
        pytest.param(DataLoader(Stream()), id="a stream"),
        pytest.param(DataLoader([1, 2, 3]), id="a list"),
        pytest.param(DataLoader(Split(train=True), batch_size=None), id="no batches"),
        pytest.param(DataLoader(Split(train=True), batch_sampler=[[1], [2]]), id="own batches"),
    ],
)
def test_odd_loaders_are_loaders_all_the_same(loader):
    assert seen(loader).kind == "loader"


def test_an_attribute_of_no_json_type_is_named():
    loader = DataLoader(Split(train=True))
    object.__setattr__(loader, "batch_size", np.int64(5))
    assert seen(loader).fields["batch_size"] == "int64"


def test_a_function():
    def evaluate(dataloader, model=None):
        return dataloader, model

    value = seen(evaluate)
    assert (value.kind, value.text("name"), value.text("signature")) == (
        "function",
        "evaluate",
        "(dataloader, model=None)",
    )
    assert seen(print).kind == "other"


class Hostile:
    def _raise(self, *_):
        raise RuntimeError("no")

    __repr__ = __len__ = __array__ = __float__ = __iter__ = __bool__ = __eq__ = __hash__ = item = _raise


class Unprintable(Exception):  # noqa: N818
    def __repr__(self):
        raise self

    __str__ = __repr__


class Exits:
    def __repr__(self):
        raise SystemExit

    def __str__(self):
        raise Unprintable


class HostileNumber(float):
    def __float__(self):
        raise Unprintable


class HostileTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *_, **__):
        raise Unprintable


class HostileModule(torch.nn.Module):
    def state_dict(self, *_, **__):
        raise Unprintable


class HostileData(Split):
    @property
    def data(self):
        raise Unprintable

    @data.setter
    def data(self, _):
        pass

    def __len__(self):
        raise Unprintable


class Lying:
    @property
    def __class__(self):
        raise Unprintable


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Hostile(), id="everything raises"),
        pytest.param([Hostile(), 1], id="in a list"),
        pytest.param({"a": Hostile()}, id="in a mapping"),
        pytest.param({Exits(): 1}, id="as a key"),
        pytest.param(Exits(), id="leaves"),
        pytest.param(HostileNumber(1), id="a number"),
        pytest.param([HostileNumber(1)], id="a list of numbers"),
        pytest.param(torch.zeros(2).as_subclass(HostileTensor), id="a tensor"),
        pytest.param(HostileModule(), id="a module"),
        pytest.param(HostileData(train=True), id="a data set"),
        pytest.param(DataLoader(HostileData(train=True), batch_size=1, sampler=[0]), id="a loader"),
        pytest.param(Lying(), id="lies about its class"),
        pytest.param(torch.zeros(2).to_sparse(), id="sparse"),
        pytest.param(torch.zeros(2, device="meta"), id="without data"),
        pytest.param([torch.zeros(1, device="meta")], id="a list without data"),
        pytest.param(np.longdouble(1), id="a long double"),
        pytest.param(np.datetime64("2021-02-12"), id="a date"),
        pytest.param(type, id="a class"),
    ],
)
def test_whatever_its_methods_do(value):
    value = seen(value)
    assert value.kind in {"other", "list", "mapping", "dataset", "loader", "number", "series"}
    assert value.number is None or value.kind == "number"
