"""The harness's half of a probe, with a kernel that is made up."""

import asyncio
import json

import pytest

from grader import evidence
from grader.errors import HarnessError
from grader.kernel.probing import MOST_CONVERSATIONS, MOST_TRIES, Probing


def record(outcome):
    return evidence.packed({"outcome": outcome})


def told(probing, *cells, answer=lambda *_: {"type": "number", "value": 1}):
    """Tell `probing` what each of some cells defined; what it then asked."""
    asked = []

    async def ask(name, given, seconds):
        assert seconds > 0
        asked.append((name, given))
        return record(answer(name, given))

    async def run():
        for cell, defined in enumerate(cells):
            await probing.after(cell, defined, ask)

    asyncio.run(run())
    return asked


def failed(*_):
    return {"type": "mapping", "items": {"error": {"type": "text", "value": "NameError"}}}


def test_a_probe_is_asked_once_after_the_cell_that_defines_its_name():
    probing = Probing()
    assert told(probing, [], ["f"], [], ["g"]) == [("f", None), ("g", None)]
    assert [(each.probe, each.cell) for each in evidence.rounds(probing.kept)] == [("f", 1), ("g", 3)]


def test_what_comes_back_decides_what_goes_in_next():
    def inputs(draw):
        answer = yield {"first": draw.randint(1, 6)}
        yield {"then": answer.number + 1}

    first, second = told(Probing(inputs={"f": inputs}, seed="a"), ["f"])
    assert second == ("f", {"then": 2})
    again, _ = told(Probing(inputs={"f": inputs}, seed="a"), ["f"])
    others = [told(Probing(inputs={"f": inputs}, seed=str(seed)), ["f"])[0] for seed in range(20)]
    assert first == again
    assert len({json.dumps(other) for other in others}) > 1


def test_what_raised_is_asked_again_for_a_few_cells():
    asked = told(Probing(), ["f"], *[[]] * 9, answer=failed)
    assert len(asked) == MOST_TRIES


def test_a_kernel_that_defines_without_end_is_not_asked_without_end():
    names = [[f"f{number}"] for number in range(3 * MOST_CONVERSATIONS)]
    assert len(told(Probing(), *names)) == MOST_CONVERSATIONS
    assert len(told(Probing(most=200), *names)) < 5


def test_an_answer_that_is_none_ends_the_conversation():
    def inputs(_):
        yield 1
        yield 2

    probing = Probing(inputs={"f": inputs})

    async def ask(*_):
        return b"nonsense"

    asyncio.run(probing.after(0, ["f"], ask))
    assert evidence.rounds(probing.kept) == ()


@pytest.mark.parametrize("inputs", [lambda _: 1 / 0, iter, lambda _: (1 / 0 for _ in "x")])
def test_broken_inputs_are_ours_and_named(inputs):
    with pytest.raises(HarnessError, match=r"inputs\.py, f: (ZeroDivision|Type)Error"):
        told(Probing(inputs={"f": inputs}), ["f"])
