import math

import numpy as np
import pytest
import torch

from grader.analysis import numbers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60000", [60000]),
        ("60,000", [60000]),
        ("60 000", [60000]),
        ("60\u202f000", [60000]),
        ("60_000", [60000]),
        ("60'000", [60000]),
        ("1,234,567", [1234567]),
        ("60k", [60000]),
        ("60 K images", [60000]),
        ("60 thousand", [60000]),
        ("6e4", [60000]),
        ("6.0E+4", [60000]),
        ("n=60000.", [60000]),
        ("(60000, 10000)", [60000, 10000]),
        ("60000 10000 784", [60000, 10000, 784]),
        ("torch.Size([60000, 28, 28])", [60000, 28, 28]),
        ("[0.1 0.25]", [0.1, 0.25]),
        ("12,34", [12, 34]),
        ("83 %", [83]),
        ("83.5%", [83.5]),
        (".83", [0.83]),
        ("-0.5 and +2", [-0.5, 2]),
        ("5-3", [5, 3]),
        ("tensor(0.9670, grad_fn=<DivBackward0>)", [0.967]),
        ("epoch 1/20", [1, 20]),
        ("2021-02-12", [2021, 2, 12]),
        ("torch 2.14.1", []),
        ("192.168.0.1", []),
        ("v2 and x1 and W1", []),
        ("train_acc0.8734 loss1.2345 Acc12.345%", [0.8734, 1.2345, 12.345]),
        ("python3.12 conv2.1 a0.5 net0.5.1 e10", []),
        ("nan inf", []),
        ("1e400", []),
        ("", []),
    ],
)
def test_numbers_are_read_as_people_write_them(text, expected):
    assert numbers.numbers_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "28*28",
        "28 * 28",
        "28x28",
        "28 x 28 pixels",
        "1x28x28",
        "28\u00d728",
        r"$28 \times 28$",
        r"28 \cdot 28 features",
        "28 by 28",
        "28^2",
        "28**2",
        "28\u00b2",
        "784",
        "784.",
        "784.0",
        "28 * 28 = 784",
        "1 784",
    ],
)
def test_a_product_mentions_its_value(text):
    assert numbers.mentions(text, 784)


@pytest.mark.parametrize(
    "text",
    ["28", "28, 28", "7840", "1784", "784.1.2", "a784", "28*2", "28x28x3", "2*28*28", "28.5*28", "(28, 28)"],
)
def test_other_numbers_do_not(text):
    assert not numbers.mentions(text, 784)


LOSSES = [0.96714, 0.67123, 0.6]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("0.96714 0.67123 0.6000", 1),
        ("0.9671, 0.6712, 0.6000", 1),
        ("loss: 0.97 then 0.67 then 0.60", 1),
        ("0.96 0.67 0.60", 1),  # cut off, not rounded
        ("9.6714e-01 6.7123e-01 6.0e-01", 1),
        ("[tensor(0.9671), tensor(0.6712), tensor(0.6000)]", 1),
        ("0.9671400189399719 0.6712299585342407 0.6000000238418579", 1),  # in single precision
        ("0.967", 1 / 3),
        ("0.95 0.65", 0),
        ("1 0.6", 0),  # one digit says nothing
        ("epochs 0 to 20", 0),
        ("", 0),
    ],
)
def test_a_value_is_shown_if_it_rounds_to_a_number_of_the_text(text, share):
    assert numbers.shown(text, LOSSES) == pytest.approx(share)


def test_nothing_is_shown_of_no_values():
    assert numbers.shown("0.5", []) == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, -1e300])
def test_a_value_beyond_all_reason_is_not_shown(value):
    assert numbers.shown(f"{value} 1e308 0.123456789012345", [value]) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.83", (0.83, 2)),
        ("83", (83, 0)),
        ("1e-3", (0.001, 3)),
        ("1.5k", (1500, 0)),
        ("0.8345000147819519", (0.8345000147819519, 6)),
        ("8.0312345678e-06", (8.0312345678e-06, 11)),
        ("1234.56789", (1234.56789, 2)),
        ("0.00", (0.0, 2)),
    ],
)
def test_decimals_are_counted(text, expected):
    assert list(numbers.written(text)) == [expected]


DRAWN = np.random.default_rng(0).random((2, 3))
LONG = np.random.default_rng(1).random((4, 5))


@pytest.mark.parametrize("scale", [1.0, 1e6, -1e-7])
@pytest.mark.parametrize("precision", range(9))
@pytest.mark.parametrize("suppress", [True, False])
@pytest.mark.parametrize("values", [DRAWN, LONG], ids=["whole", "summary"])
def test_an_array_is_listed_however_numpy_prints_it(values, scale, precision, suppress):
    values = values * scale
    with np.printoptions(precision=precision, suppress=suppress, threshold=10, edgeitems=1):
        texts = [str(values), repr(values), f"a\n{values}\n{values.shape}"]
    assert all(numbers.lists(text, values) for text in texts)


@pytest.mark.parametrize("precision", range(7))
@pytest.mark.parametrize("sci_mode", [True, False])
@pytest.mark.parametrize("values", [DRAWN, LONG], ids=["whole", "summary"])
def test_a_tensor_is_listed_however_torch_prints_it(values, precision, sci_mode):
    torch.set_printoptions(precision=precision, sci_mode=sci_mode, threshold=10, edgeitems=1)
    text = str(torch.from_numpy(values))
    torch.set_printoptions(profile="default")
    assert numbers.lists(text, values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("[0.64 0.27 0.05]", [0.637, 0.27, 0.041]),  # another number
        ("[0.27 0.64 0.04]", [0.637, 0.27, 0.041]),  # another order
        ("[0.64 0.27]", [0.637, 0.27, 0.041]),  # one is missing
        ("[0.64 0.5 0.27 0.04]", [0.637, 0.27, 0.041]),  # one too many
        ("[0.64 0.27 ...]", [0.637, 0.27, 0.041]),  # without its end
        ("[... 0.27 0.04]", [0.637, 0.27, 0.041]),  # without its beginning
        ("[6.3e-01 2.7e-01]", [0.637, 0.27]),
        ("(2, 3)", [2.2, 3.1]),  # a shape
        ("1", [0.9]),
        ("0.64 x0.27", [0.637, 0.27]),
        ("", [0.637]),
        ("0.637", []),
        ("nan", [math.nan]),
        ("1e999 1e-999 1e99 1e-99", [math.inf, 0.5]),
    ],
)
def test_an_array_is_not_listed_by_other_numbers(text, values):
    assert not numbers.lists(text, values)


@pytest.mark.parametrize(
    "unit",
    ["9", "9 ", "9,", "9x", "1e", ".9", "123,456", " ", "9.9e9 ", "-", "1.2.", "28 x ", "28" + " " * 50],
)
def test_a_long_text_is_read_in_linear_time(unit):
    text = unit * (numbers.LONGEST // len(unit) // 4)
    numbers.mentions(text, 784)  # with a quadratic pattern this would take hours
    numbers.shown(text, [0.5])
    numbers.lists(text, [0.5, 0.25])


def test_what_is_printed_for_each_minibatch_of_twenty_epochs_is_read_to_the_end():
    text = "Epoch 20 minibatch 938 loss: 0.4\n" * (20 * 938) + "train 0.4471"
    assert numbers.shown(text, [0.4471]) == 1
