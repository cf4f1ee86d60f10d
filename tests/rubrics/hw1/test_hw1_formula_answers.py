"""283 labelled answers to 1a, 1b and 2a: none of them wrong and accepted, none right and rejected.

`answers_first.jsonl` was at hand while the judge was written. `answers_fresh.jsonl` was written and labelled before
its first run, which came out so:
    102 of 105 right answers accepted, 3 to a person, none rejected;
    35 of 38 wrong answers rejected, 3 to a person, none accepted;
    16 of 17 doubtful answers to a person, one rejected.
Mended after that: a fenced code cell, `D f(x)`, `\\mathrm{MAE}(w)`; and single components, which a person gets.
"""

import json
from functools import cache
from pathlib import Path

import pytest
from hw1.formulas import GRADIENT, L1_LOSS, MEAN

from grader.assignment import load, locate
from grader.theory import Verdict, judge_derivation, judge_formula

SPECS = {"1a": GRADIENT, "1b": MEAN, "2a": L1_LOSS}
ALLOWED = {
    "right": {Verdict.ACCEPT},
    "wrong": {Verdict.REJECT, Verdict.REVIEW},
    "person": {Verdict.REVIEW},
}
HERE = Path(__file__).parent


@cache
def judgement_of(part, text):
    return judge_formula(text, SPECS[part])


def judged(answer):
    return judgement_of(answer["part"], answer["answer"])


def answers(name):
    lines = (HERE / f"answers_{name}.jsonl").read_text(encoding="utf-8").splitlines()
    for at, line in enumerate(lines):
        answer = json.loads(line)
        yield pytest.param(answer, id=f"{name}-{at + 1}-{answer['part']}-{answer['label']}")


@pytest.mark.parametrize("answer", [*answers("first"), *answers("fresh")])
def test_a_labelled_answer_gets_a_verdict_that_its_label_allows(answer):
    judgement = judged(answer)
    assert judgement.verdict in ALLOWED[answer["label"]], judgement


def test_wrong_answers_are_mostly_rejected_and_not_left_to_a_person():
    everything = [param.values[0] for param in (*answers("first"), *answers("fresh"))]
    wrong = [answer for answer in everything if answer["label"] == "wrong"]
    verdicts = [judged(answer).verdict for answer in wrong]
    assert verdicts.count(Verdict.REJECT) >= 0.95 * len(wrong)


@pytest.mark.parametrize(
    ("question", "judge", "spec"),
    [
        ("1a", judge_formula, GRADIENT),
        ("1b", judge_formula, MEAN),
        ("1b", judge_derivation, MEAN),
        ("2a", judge_formula, L1_LOSS),
    ],
)
def test_the_references_own_answers_are_accepted(question, judge, spec):
    (answer,) = (
        cell.source
        for cell in load(locate("hw1")).solved.cells
        if cell.metadata.get("grader", {}).get("question") == question
    )
    lines = [line for line in answer.splitlines() if "SOLUTION" not in line]
    assert judge("\n".join(lines), spec).verdict is Verdict.ACCEPT
