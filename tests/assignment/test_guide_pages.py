"""The guide explains every key of assignment.toml, and no other."""

import dataclasses
import re

import pytest

from grader.assignment.loading import KEYS
from grader.limits import Limits
from grader.places import PACKAGE

PAGE = (PACKAGE / "guide" / "assignment.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0].strip("[]"): re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE)
    for part in PAGE.split("\n## ")[1:]
}
LIMITS = tuple(entry.name for entry in dataclasses.fields(Limits))


@pytest.mark.parametrize(("table", "keys"), [*KEYS.items(), ("limits", LIMITS)])
def test_every_key_has_an_entry(table, keys):
    assert sorted(SECTIONS[table or "The top of the file"]) == sorted(keys)


def test_every_section_is_explained():
    assert {"settings", *(key for key in KEYS if key)} <= set(SECTIONS)
