"""One linear layer: what is one, and that it scores as torch's own."""

import numpy as np
import pytest
import torch
from torchvision import transforms
from torchvision.transforms import v2

from grader.analysis.linear import BLOCK, Linear, normalisation
from grader.evidence import Value


def module(**state):
    arrays = {name: np.asarray(array) for name, array in state.items()}
    return Value(0, {"type": "module", "state": {name: {"array": name} for name in state}}, arrays)


def of(value):
    return Linear.of(value, features=6, classes=3)


WEIGHT, BIAS = np.zeros((3, 6), np.float32), np.zeros(3, np.float32)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(module(weight=WEIGHT, bias=BIAS), id="plain"),
        pytest.param(module(**{"a.b.weight": WEIGHT, "a.b.bias": BIAS}), id="nested"),
        pytest.param(module(weight=WEIGHT), id="without bias"),
        pytest.param(module(weight=WEIGHT.astype(np.float64), bias=BIAS), id="double"),
        pytest.param(module(weight=WEIGHT.astype(np.float16), bias=BIAS), id="half"),
    ],
)
def test_one_linear_layer_is_recomputed(value):
    assert of(value).weight.dtype == np.float32


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="nothing"),
        pytest.param(module(), id="no parameters"),
        pytest.param(module(bias=BIAS), id="no weight"),
        pytest.param(module(weight=WEIGHT.T, bias=BIAS), id="another shape"),
        pytest.param(module(a=WEIGHT, b=WEIGHT), id="two weights"),
        pytest.param(module(weight=WEIGHT, bias=BIAS, more=BIAS), id="two biases"),
        pytest.param(module(hidden=np.zeros((4, 6), np.float32), weight=WEIGHT), id="two layers"),
        pytest.param(module(weight=WEIGHT.astype(int), bias=BIAS), id="whole numbers"),
        pytest.param(module(weight=np.full((3, 6), np.nan), bias=BIAS), id="NaN"),
        pytest.param(module(weight=WEIGHT, bias=np.full(3, np.inf)), id="infinite"),
        pytest.param(module(weight=np.full((3, 6), 1e300), bias=BIAS), id="beyond float32"),
        pytest.param(Value(0, {"type": "tensor", "array": "w"}, {"w": WEIGHT}), id="a tensor"),
    ],
)
def test_everything_else_is_not(value):
    assert of(value) is None


def seen(transform, images):
    """What a network sees of images through a transform: (n, features)."""
    return torch.stack([transform(image) for image in images]).flatten(1)


def test_accuracy_loss_and_confusion_are_torchs():
    draw = torch.Generator().manual_seed(0)
    layer = torch.nn.Linear(784, 10)
    count = 2 * BLOCK + 537
    images = torch.randint(256, (count, 28, 28), generator=draw, dtype=torch.uint8).numpy()
    y = torch.randint(10, (count,), generator=draw)
    state = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    ours = Linear.of(module(**state), features=784, classes=10)
    with torch.no_grad():
        logits = layer(seen(transforms.ToTensor(), images))
    computed, softmaxed = (
        ours.scores(images, y.numpy().astype(np.uint8), softmaxed=each) for each in (False, True)
    )
    assert computed.accuracy == softmaxed.accuracy == (logits.argmax(1) == y).double().mean().item()
    counts = torch.zeros(10, 10, dtype=torch.int64)
    counts.index_put_((y, logits.argmax(1)), torch.ones_like(y), accumulate=True)
    assert computed.confusion == softmaxed.confusion == tuple(map(tuple, counts.tolist()))
    expected = [
        torch.nn.functional.cross_entropy(given.double(), y).item() for given in (logits, logits.softmax(1))
    ]
    assert [computed.loss, softmaxed.loss] == pytest.approx(expected, rel=1e-6)


def test_huge_weights_have_a_loss():
    layer = of(module(weight=np.full((3, 6), 1e25) * np.array([[1], [2], [3]]), bias=BIAS))
    scores = layer.scores(np.full((4, 2, 3), 255, np.uint8), np.array([2, 2, 0, 0]))
    assert scores.accuracy == 0.5
    assert scores.loss > 1e24


# --- inputs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (transforms.ToTensor(), (0, 1)),
        (transforms.Normalize((0.5,), (0.25,)), (0.5, 0.25)),
        (transforms.Normalize([0.286], [0.353]), (0.286, 0.353)),
        (transforms.Normalize(0.5, 0.25), (0.5, 0.25)),
        (transforms.Normalize(torch.tensor([0.5]), torch.tensor([0.25])), (0.5, 0.25)),
        (transforms.Normalize((-1,), (2,)), (-1, 2)),
        (transforms.Normalize((1e-5,), (1e-5,)), (1e-5, 1e-5)),
        (v2.Normalize([0.5], [0.25]), (0.5, 0.25)),
        (transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.25,))]), (0.5, 0.25)),
        (transforms.Normalize((0.5,) * 3, (0.5,) * 3), (0, 1)),  # of a picture with three channels
        ("Normalize(mean=(0.5,), std=(0.0,))", (0, 1)),
        ("Normalize(mean=(..,), std=(--,))", (0, 1)),
        (f"Normalize(mean=({'9' * 500},), std=(1,))", (0, 1)),
        ("Normalize(mean=(1,), std=(1e999,))", (0, 1)),
        ("None", (0, 1)),
    ],
    ids=lambda one: str(one)[:60] if not isinstance(one, tuple) else "",
)
def test_the_normalisation_is_read_from_the_transform(transform, expected):
    value = Value(0, {"type": "dataset", "transform": str(transform)}, {})
    assert normalisation(value) == expected


@pytest.mark.parametrize("value", [None, Value(0, {"transform": 7}, {})])
def test_no_data_set_is_not_normalised(value):
    assert normalisation(value) == (0, 1)


def test_a_layer_before_normalisation_computes_the_same():
    layer = of(module(weight=np.arange(18.0).reshape(3, 6) / 10, bias=np.array([0.5, 0, -0.5])))
    images = np.arange(4 * 6, dtype=np.uint8).reshape(4, 2, 3) * 10
    normalised = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,), (0.25,))])
    before = layer.before((0.5, 0.25))
    np.testing.assert_allclose(
        seen(transforms.ToTensor(), images).numpy() @ before.weight.T + before.bias,
        seen(normalised, images).numpy() @ layer.weight.T + layer.bias,
        atol=1e-5,
    )
