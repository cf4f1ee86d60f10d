"""Free answers to 2b and 2c in groups: like beside like, and never two kinds in one."""

import importlib
import json
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest
from hw1.closed_form import YesNo, leaning, yes_no
from hw1.themes import of_algorithm, of_reason

ANSWERS = [
    json.loads(line)
    for line in Path(__file__).with_name("answers_open.jsonl").read_text(encoding="utf-8").splitlines()
]
"""By their labels; a theme that is empty or `none` is that of answers which a person has to read one by one."""
FOLDER = Path(__file__).parents[3] / "rubrics" / "hw1"
VOCABULARY = tomllib.loads((FOLDER / "assignment.toml").read_text(encoding="utf-8"))["settings"]["themes"]
MEANING = {"2b": of_reason, "2c": of_algorithm}
MOST_GROUPS = 2


def meaning(question, text):
    return MEANING[question](text, VOCABULARY[question])


def answers(question):
    return [each for each in ANSWERS if each["id"].startswith(question)]


@pytest.mark.parametrize("question", MEANING)
def test_no_group_mixes_themes_or_yes_with_no(question):
    groups = defaultdict(set)
    for each in answers(question):
        if group := meaning(question, each["text"]):
            groups[group].add((each.get("label"), each["theme"]))
    assert {group: kinds for group, kinds in groups.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("question", MEANING)
def test_answers_of_one_theme_form_at_most_two_groups(question):
    groups = defaultdict(set)
    for each in answers(question):
        if each["theme"] not in ("", "none"):
            groups[each.get("label"), each["theme"]].add(meaning(question, each["text"]) or each["text"])
    many = {kind: sorted(each) for kind, each in groups.items() if len(each) > MOST_GROUPS}
    assert many == {}


@pytest.mark.parametrize(
    "each", [one for one in ANSWERS if one["theme"] in ("", "none")], ids=lambda one: one["id"]
)
def test_in_doubt_an_answer_stands_alone(each):
    assert meaning(each["id"][:2], each["text"]) == ""


@pytest.mark.parametrize(
    "each", [one for one in ANSWERS if one.get("label") in ("yes", "no")], ids=lambda one: one["id"]
)
def test_a_leaning_is_never_the_opposite(each):
    assert leaning(each["text"]) in (YesNo(each["label"]), YesNo.UNCLEAR)
    assert yes_no(each["text"]) in (YesNo(each["label"]), YesNo.UNCLEAR)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("It depends on X.", "unclear"),
        ("No, but there is a closed form for d = 1", "unclear"),
        ("Yes, although it is not differentiable", "unclear"),
        ("Unlike least squares, where yes, there is a closed form, here there is none.", "no"),
        ("We can't.", "no"),
        ("False.", "no"),
        ("I don't think so", "no"),
        ("The l1 loss has no formula for its minimiser.", "no"),
        ("There is a closed form.", "yes"),
    ],
)
def test_what_an_answer_seems_to_say(answer, said):
    assert leaning(answer) is YesNo(said)


@pytest.mark.parametrize(
    ("answer", "alone"),
    [
        (r"$$\mu = \frac{1}{n}\sum_i x_i$$", False),
        (r"$\mu = \bar{x}$.", False),
        (r"The gradient is zero at $\mu = \frac{1}{n}\sum_i x_i$", True),
        (r"$-2\sum_i(x_i-\mu) = 0$, $\mu = \bar{x}$", True),
        (r"$$\nabla f = 2n\mu - 2\sum_i x_i$$", True),
        (r"$$n\mu = \sum_i x_i \implies \mu = \bar{x}$$", True),
        ("By symmetry it has to be the centre.", True),
    ],
)
def test_only_a_bare_formula_is_a_result_without_a_derivation(request, answer, alone):
    """So a group of those never holds one that derives it."""
    request.config.addinivalue_line("markers", "question: what the rubric's plugin registers")
    rubric = importlib.import_module("hw1.test_1_2_theory")
    assert rubric.only_formula(answer) is not alone
