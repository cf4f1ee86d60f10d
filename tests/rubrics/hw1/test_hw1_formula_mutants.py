"""One-token edits of right answers. Those that are accepted stand in a file that a person has read."""

from pathlib import Path

import pytest
from formula_mutants import mutants
from hw1.formulas import GRADIENT, L1_LOSS, MEAN

from grader.theory import Verdict, judge_formula

SPECS = {"1a": GRADIENT, "1b": MEAN, "2a": L1_LOSS}
HARMLESS = set((Path(__file__).parent / "accepted_mutants.txt").read_text(encoding="utf-8").splitlines())
"""Each means the same as the right answer: `+1 2x`, `x'` for a transpose, a comma too many."""
EVERY = 20


def accepted(edits):
    return {
        f"{question} | {text}"
        for question, text in edits
        if judge_formula(text, SPECS[question], seconds=20).verdict is Verdict.ACCEPT
    }


def test_a_sample_of_edits_that_change_the_meaning_is_not_accepted():
    sample = list(mutants())[::EVERY]
    read = {f"{question} | {text}" for question, text in sample} & HARMLESS
    assert accepted(sample) == read
    assert read


@pytest.mark.system
def test_no_edit_that_changes_the_meaning_is_accepted():
    assert accepted(mutants()) == HARMLESS
