"""What pip installs here is what pyproject.toml asks for, in versions that somebody has tried together."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
ASKED = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = [
    *ASKED["dependencies"],
    *(name for extra in ASKED["optional-dependencies"].values() for name in extra),
]
PINNED = {
    canonicalize_name(pin.name): pin
    for pin in map(Requirement, (PROJECT / ".ci/constraints.txt").read_text(encoding="utf-8").splitlines())
}


@pytest.mark.parametrize("requirement", list(map(Requirement, REQUIREMENTS)), ids=str)
def test_every_requirement_is_pinned_to_a_version_that_satisfies_it(requirement):
    pin = PINNED[canonicalize_name(requirement.name)]
    (version,) = (each.version for each in pin.specifier if each.operator == "==")
    assert version in requirement.specifier
