"""What a notebook could not do because it was given a sample of the data costs nobody a point."""

import pytest

DATA = """
from torch.utils.data import DataLoader, Subset, random_split
from torchvision.datasets import FashionMNIST
data = FashionMNIST(".", train=True, download=True)
"""


@pytest.mark.parametrize(
    ("asks", "outcome"),
    [
        ("part, rest = random_split(data, [50000, 10000])\nnumber = 42", "review"),
        (
            "part = Subset(data, range(60_000))\nfor _ in DataLoader(part, collate_fn=len): pass\nnumber = 42",
            "review",
        ),
        ("last = data.data[59999]\nnumber = 42", "review"),
        ("part, rest = random_split(data, [500, 100])\nnumber = 42", "failed"),
    ],
)
def test_what_asks_for_more_points_than_the_sample_has_is_open(grade_eve, asks, outcome):
    grade, outcomes = grade_eve(number=DATA + asks, losses="losses = [3.0, 2.0, 1.0]")
    assert outcomes == {"1": outcome, "2": "passed", "3": "review"}
    assert grade.ending == ("environment" if outcome == "review" else "error")
    why = "Cell 1 counts on more data than the small sample that was used here has. This needs review."
    assert grade.checks[0].message.startswith(why) is (outcome == "review")
