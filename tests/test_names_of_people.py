"""Names of people: which could be one person's."""

import pytest

from grader.names import may_be_one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane Doe", "Doe, Jane"),
        ("doejane", "Doe, Jane"),
        ("doejane", "Doe, Jane A."),
        ("vandeberganna", "van de Berg, Anna"),
        ("mllerjrg", "M\xfcller, J\xf6rg"),
        ("Jane Doe", "Jane Roe"),
        ("liwei", "Li, Wei"),
        ("Li Wei", "\u674e\u4f1f"),
        ("", "Jane Doe"),
    ],
)
def test_these_may_be_one_person(one, other):
    assert may_be_one(one, other)
    assert may_be_one(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jan Kowalski", "Maria J. Lopez"),
        ("Olivia Stone", "Li Wei"),
        ("Jane Doe", "Power, Max"),
        ("jankowalski", "Lopez, Maria"),
        ("olivia", "Li Wei"),
    ],
)
def test_these_share_no_word(one, other):
    assert not may_be_one(one, other)
    assert not may_be_one(other, one)
