"""What an answer shows on the screen, in whatever way it was written there."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grader.judging.work import Answer
from grader.model import FoundBy


def text(*outputs):
    return Answer(
        FoundBy.METADATA, (0,), new_notebook(cells=[new_code_cell("x", outputs=list(outputs))])
    ).text


def stream(said, name="stderr"):
    return new_output("stream", name=name, text=said)


def displayed(**forms):
    return new_output("display_data", data={f"text/{form}": said for form, said in forms.items()})


BAR = "epoch 3:  83%|\u2588\u2588\u2588  | 784/938 [00:05<00:00, 170.21it/s]"


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        pytest.param(stream("INFO:root:train 0.8734\n"), "INFO:root:train 0.8734", id="a log"),
        pytest.param(stream("\x1b[92m0.8734\x1b[0m", "stdout"), "0.8734", id="in colour"),
        pytest.param(stream("\x1b[1;31m0.8734\x1b[0m"), "0.8734", id="a log in colour"),
        pytest.param(
            displayed(plain="<IPython.core.display.Markdown object>", markdown="train: **0.87**"),
            "train: **0.87**\n<",
            id="Markdown",
        ),
        pytest.param(
            displayed(plain="<IPython.core.display.HTML object>", html="<td a='1'>0.87&nbsp;%</td>"),
            "0.87\xa0%",
            id="HTML",
        ),
        pytest.param(
            displayed(
                plain="<object>", html="<style>a {x: 1}</style><b>0.87</b><script>f(3)</script><!-- 4 -->"
            ),
            "0.87",
            id="HTML with what is not shown",
        ),
        pytest.param(
            displayed(plain="   loss\n0  0.87", html="<td>0.871</td>"), "loss\n0  0.87", id="a table"
        ),
        pytest.param(displayed(plain="<Math object>", latex="$0.87$"), "$0.87$", id="LaTeX"),
        pytest.param(displayed(plain="<function f at 0x7f>"), "<function f at 0x7f>", id="an object"),
        pytest.param(
            stream(
                "/lib/torch/x.py:60000: UserWarning: 0.83 of 10000\n  warnings.warn(0.84)\n  f(5)\nloss 0.5\n"
            ),
            "loss 0.5",
            id="a warning",
        ),
        pytest.param(stream(f"\repoch 3: 0%|  | 0/938\r{BAR}\n"), "epoch 3:", id="a progress bar"),
        pytest.param(
            stream(f"{BAR[:-1]}, loss=0.52]"), "epoch 3:   , loss=0.52]", id="with a loss beside it"
        ),
        pytest.param(stream("0.9\r0.8\n784it [00:05, 170.21it/s]\r0.7"), "0.8\n0.7", id="overwritten"),
    ],
)
def test_what_is_on_the_screen_is_shown(output, expected):
    assert text(output).strip().startswith(expected)
    assert not {"60000", "0.84", "83", "938", "170.21", "1}", "f(3)"} & set(
        text(output).replace("%", " ").split()
    )


def test_a_picture_is_no_text():
    data = {"image/png": "AA==", "text/plain": "<Figure size 640x480 with 1 Axes>"}
    assert text(new_output("display_data", data=data)) == ""


@pytest.mark.parametrize("piece", ["<", "<script ", "<!-", "1%|", "1%||[", "9", "\x1b]", "a:1: Warning\n "])
def test_text_that_never_ends_takes_no_quadratic_time(piece):
    """A million characters: quadratic time would be hours."""
    said = piece * (1_000_000 // len(piece))
    assert isinstance(text(stream(said), displayed(plain="", html=said)), str)
