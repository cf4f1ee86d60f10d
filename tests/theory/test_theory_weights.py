"""Weights as people write them, and sentences that must not be misread."""

from fractions import Fraction as Q

import pytest

from grader.theory import read_network

W1 = ((1, -1, 0, 0, 0), (0, 1, -1, 0, 0), (0, 0, 1, -1, 0), (0, 0, 0, 1, -1))
WHOLE = (W1, (0, 0, 0, 0), (1, 1, 1, 1), Q(-7, 2))
ROWS = "[[1,-1,0,0,0],[0,1,-1,0,0],[0,0,1,-1,0],[0,0,0,1,-1]]"
SEPARATE = r"$w_1 = (1,-1,0,0,0)$, $w_2 = (0,1,-1,0,0)$, $w_3 = (0,0,1,-1,0)$, $w_4 = (0,0,0,1,-1)$. "
MATRIX = (
    r"\begin{bmatrix} 1 & -1 & 0 & 0 & 0 \\ 0 & 1 & -1 & 0 & 0 \\ 0 & 0 & 1 & -1 & 0 \\ 0 & 0 & 0 & 1 & -1 "
    r"\end{bmatrix}"
)


COMMENTED = f"# W1 = np.array({ROWS})\n# b1 = np.zeros(4)\n# w2 = [\n#     1, 1, 1, 1,\n# ]\n# b2 = -3.5"
LATEX = rf"$$W_1 = {MATRIX},\ b_1 = [0, 0, 0, 0]^T,\ w_2 = [1, 1, 1, 1]^T,\ b_2 = -3.5$$"
HIDDEN_TABLE = (
    "| unit | x1 | x2 | x3 | x4 | x5 | bias |\n|---|---|---|---|---|---|---|\n"
    "| h1 | 1 | -1 | 0 | 0 | 0 | 0 |\n| h2 | 0 | 1 | -1 | 0 | 0 | 0 |\n"
    "| h3 | 0 | 0 | 1 | -1 | 0 | 0 |\n| h4 | 0 | 0 | 0 | 1 | -1 | 0 |\n"
)
OUTPUT = "w_out = [1, 1, 1, 1], b_out = -3.5"
HIDDEN_UNITS = (
    r"$h_1=\operatorname{sign}(x_1-x_2)$, $h_2=\mathrm{sgn}\left(x_2-x_3\right)$, "
    r"$h_3=\sign(1\cdot x_3+(-1)\cdot x_4 + 0)$, $h_4=\text{sign}(x_4-x_5)$ and "
)
RUNNING = r"$h_i = \operatorname{sign}(x_i - x_{i+1})$ for $i = 1, \dots, 4$, "


def read(text):
    return read_network(text, inputs=5, units=4)


def parts(reading):
    return reading.W1, reading.b1, reading.w2, reading.b2


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"W1 = np.array({ROWS})\nb1 = np.zeros(4)\nw2 = np.ones(4)\nb2 = -3.5", id="numpy"),
        pytest.param(
            f"W1 = torch.tensor({ROWS}, dtype=torch.float32)\nb1 = torch.zeros(4)\n"
            "w2 = torch.tensor([[1., 1., 1., 1.]])\nb2 = torch.tensor([-7/2])",
            id="torch",
        ),
        pytest.param(f"W1, b1 = {ROWS}, [0]*4\nw2, b2 = [1]*4, -3.5", id="tuples"),
        pytest.param(f"hidden_weights = {ROWS}\nhidden_bias = [0, 0, 0, 0]\n"
                     "output_weights = [1, 1, 1, 1]\noutput_bias = -3.5", id="long-names"),
        pytest.param("W1 = np.array([[1,0,0,0],[-1,1,0,0],[0,-1,1,0],[0,0,-1,1],[0,0,0,-1]])\n"
                     "b1 = [0]*4; w2 = [1]*4; b2 = -3.5", id="inputs-by-units"),
        pytest.param(
            r"$w_{(1)} = [1,-1,0,0,0]$, $w_{(2)} = [0,1,-1,0,0]$, $w_{(3)} = [0,0,1,-1,0]$, "
            r"$w_{(4)} = [0,0,0,1,-1]$, "
            r"$b_1 = 0, b_2 = 0, b_3 = 0, b_4 = 0$; $w_{out} = [1,1,1,1]$, $b_{out} = -3.5$",
            id="rows-in-latex",
        ),
        pytest.param(rf"$$W_1 = {MATRIX},\ b_1 = \begin{{bmatrix}} 0 \\ 0 \\ 0 \\ 0 \end{{bmatrix}},\ "
                     r"W_2 = \begin{bmatrix} 1 & 1 & 1 & 1 \end{bmatrix},\ b_2 = -3.5$$", id="matrices"),
        pytest.param(SEPARATE + "The hidden biases are all 0. The output weights are all 1, bias -3.5.",
                     id="prose"),
        pytest.param(SEPARATE + r"$b_1 = b_2 = b_3 = b_4 = 0$. For the output unit, all weights are 1 and "
                     r"the output bias is $-\frac{7}{2}$.", id="chain-of-names"),
        pytest.param(SEPARATE + r"$b_1 = \dots = b_4 = 0$, $w_5 = [1, 1, 1, 1]$, $b_5 = -3.5$", id="fifth-unit"),
        pytest.param(f"$W_1 = {ROWS}$, all biases are zero except nothing. $b_1 = [0,0,0,0]$, $w_2 = [1,1,1,1]$, "
                     "$b_2 = -3.5$", id="b2-beside-a-vector"),
        pytest.param(f"$W^{{(1)}} = {ROWS}$, $b^{{(1)}} = 0$, $W^{{(2)}} = [1,1,1,1]$, $b^{{(2)}} = -3.5$",
                     id="layers"),
        pytest.param("h_1 = sign(x_1 - x_2), h_2 = sign(x_2 - x_3), h_3 = sign(x_3 - x_4), h_4 = sign(x_4 - x_5), "
                     "y = sign(h_1 + h_2 + h_3 + h_4 - 3.5)", id="units"),
        pytest.param(
            "| unit | x1 | x2 | x3 | x4 | x5 | bias |\n|---|---|---|---|---|---|---|\n"
            "| h1 | 1 | -1 | 0 | 0 | 0 | 0 |\n| h2 | 0 | 1 | -1 | 0 | 0 | 0 |\n"
            "| h3 | 0 | 0 | 1 | -1 | 0 | 0 |\n| h4 | 0 | 0 | 0 | 1 | -1 | 0 |\n\n"
            "| | h1 | h2 | h3 | h4 | b |\n|--|--|--|--|--|--|\n| out | 1 | 1 | 1 | 1 | -3.5 |",
            id="tables",
        ),
        pytest.param(f"params = {{'W1': {ROWS}, 'b1': [0]*4, 'w2': [1]*4, 'b2': -3.5}}", id="dictionary"),
        pytest.param(f'{{"W1": {ROWS}, "b1": [0,0,0,0], "w2": [1,1,1,1], "b2": -3.5}}', id="json"),
        pytest.param(f"params = dict(W1={ROWS}, b1=[0]*4, w2=[1]*4, b2=-3.5)", id="keywords"),
        pytest.param(f"p = {{}}\np['W1'] = {ROWS}\np['b1'] = [0]*4\np['w2'] = [1]*4\np['b2'] = -3.5", id="keys"),
        pytest.param(
            f"layers = {{'hidden': {{'weights': {ROWS}, 'bias': [0]*4}}, "
            "'output': {'weights': [1]*4, 'bias': -3.5}}",
            id="dictionary-of-layers",
        ),
        pytest.param(
            f"layers = {{1: {{'W': {ROWS}, 'b': [0]*4}}, 2: {{'W': [[1]*4], 'b': [-3.5]}}}}", id="numbered-layers"
        ),
        pytest.param(
            f"layers = [{{'W1': {ROWS}, 'b1': [0]*4}}, {{'w2': [1]*4, 'b2': -3.5}}]", id="list-of-layers"
        ),
        pytest.param(
            "net = {'h1': {'w': [1,-1,0,0,0], 'b': 0}, 'h2': {'w': [0,1,-1,0,0], 'b': 0}, "
            "'h3': {'w': [0,0,1,-1,0], 'b': 0}, 'h4': {'w': [0,0,0,1,-1], 'b': 0}, "
            "'out': {'w': [1,1,1,1], 'b': -3.5}}",
            id="dictionary-of-units",
        ),
        pytest.param(f"W1 = {ROWS}\nw2 = [1]*4\nb = [0, 0, 0, 0, -3.5]", id="one-bias-vector"),
        pytest.param(
            f"weights = [np.array({ROWS}), np.array([[1,1,1,1]])]\nbiases = [[0,0,0,0], [-3.5]]",
            id="lists-by-layer",
        ),
        pytest.param(f"layers = [({ROWS}, [0,0,0,0]), ([1,1,1,1], -3.5)]", id="pairs"),
        pytest.param(
            f"with torch.no_grad():\n    net.fc1.weight.copy_(torch.tensor({ROWS}))\n"
            "    net.fc1.bias.copy_(torch.zeros(4))\n    net.fc2.weight.copy_(torch.ones(1, 4))\n"
            "    net.fc2.bias.copy_(torch.tensor([-3.5]))",
            id="copied-into-a-module",
        ),
        pytest.param(COMMENTED, id="commented"),
        pytest.param(f'"""{LATEX}"""'.replace("\\", "\\\\"), id="docstring"),
        pytest.param(f"W1 = {ROWS}\nb1 = [0, 0, 0, 0]\n\nAnd $w_2 = [1,1,1,1]$, $b_2=-3.5$", id="code-and-text"),
        pytest.param(HIDDEN_TABLE + "\nOutput weights are 1, 1, 1 and 1, and the output bias is -3.5.",
                     id="table-and-sentence"),
        pytest.param(HIDDEN_TABLE + "| output | 1 | 1 | 1 | 1 | - | -3.5 |", id="output-in-the-table"),
        pytest.param(HIDDEN_TABLE.replace("| x", "| w") + f"\n{OUTPUT}", id="columns-of-weights"),
        pytest.param(
            "| | h1 | h2 | h3 | h4 |\n|--|--|--|--|--|\n| x1 | 1 | 0 | 0 | 0 |\n| x2 | -1 | 1 | 0 | 0 |\n"
            "| x3 | 0 | -1 | 1 | 0 |\n| x4 | 0 | 0 | -1 | 1 |\n| x5 | 0 | 0 | 0 | -1 |\n| bias | 0 | 0 | 0 | 0 |\n"
            "\nThe output weights are all 1 and the output bias is -3.5.",
            id="column-for-each-unit",
        ),
        pytest.param(
            f"| parameter | value |\n|---|---|\n| W1 | {ROWS} |\n| b1 | [0, 0, 0, 0] |\n| w2 | [1, 1, 1, 1] |\n"
            "| b2 | -3.5 |",
            id="table-of-names",
        ),
        pytest.param(
            r"\begin{tabular}{c|ccccc|c} unit & $x_1$ & $x_2$ & $x_3$ & $x_4$ & $x_5$ & bias \\ \hline "
            r"$h_1$ & 1 & -1 & 0 & 0 & 0 & 0 \\ $h_2$ & 0 & 1 & -1 & 0 & 0 & 0 \\ "
            r"$h_3$ & 0 & 0 & 1 & -1 & 0 & 0 \\ $h_4$ & 0 & 0 & 0 & 1 & -1 & 0 \\ \end{tabular} " + OUTPUT,
            id="latex-table",
        ),
        pytest.param(HIDDEN_UNITS + r"the output is $\operatorname{sign}(h_1+h_2+h_3+h_4-3.5)$.",
                     id="units-in-latex"),
        pytest.param(RUNNING + r"$y = \operatorname{sign}\left(\sum_{i=1}^4 h_i - \frac72\right)$",
                     id="running-index"),
        pytest.param(RUNNING + r"$$f(x) = \text{sgn}\bigl(h_1(x) + h_2(x) + h_3(x) + h_4(x) - 3.5\bigr)$$",
                     id="calls"),
        pytest.param(
            "z_1 = x_1 - x_2, z_2 = x_2 - x_3, z_3 = x_3 - x_4, z_4 = x_4 - x_5, h_1 = sign(z_1), h_2 = sign(z_2), "
            "h_3 = sign(z_3), h_4 = sign(z_4), z = h_1 + h_2 + h_3 + h_4 - 3.5, y = sign(z)",
            id="sums-by-name",
        ),
        pytest.param(
            "Unit 1: sign(x_1 - x_2). Unit 2: sign(x_2 - x_3). Unit 3 is sign(x_3 - x_4). "
            "Unit 4 computes sign(x_4 - x_5). Output: sign(h_1 + h_2 + h_3 + h_4 - 3.5)",
            id="units-in-words",
        ),
        pytest.param(
            "- h1: weights (1, -1, 0, 0, 0), bias 0\n- h2: weights (0, 1, -1, 0, 0), bias 0\n"
            "- h3: weights (0, 0, 1, -1, 0), bias 0\n- h4: weights (0, 0, 0, 1, -1), bias 0\n"
            "- output: weights (1, 1, 1, 1), bias -3.5",
            id="weights-in-words",
        ),
        pytest.param(
            rf"$\mathbf{{W}}_1 = {MATRIX}$, $\mathbf{{b}}_1=\mathbf{{0}}$, $\mathbf{{w}}_2=\mathbf 1$, $b_2=-3.5$",
            id="bold-digits",
        ),
        pytest.param(
            "| unit | weights | bias |\n|---|---|---|\n| h1 | [1, -1, 0, 0, 0] | 0 |\n"
            "| h2 | [0, 1, -1, 0, 0] | 0 |\n| h3 | [0, 0, 1, -1, 0] | 0 |\n| h4 | [0, 0, 0, 1, -1] | 0 |\n"
            "| output | [1, 1, 1, 1] | -3.5 |",
            id="lists-in-a-table",
        ),
        pytest.param(RUNNING + r"$y = \operatorname{sgn}(h_1 + \dots + h_4 + (-3.5))$", id="dots"),
        pytest.param(
            "def net(x):\n    h1 = np.sign(x[0] - x[1])\n    h2 = np.sign(x[1] - x[2])\n"
            "    h3 = np.sign(x[2] - x[3])\n    h4 = np.sign(x[3] - x[4])\n"
            "    return np.sign(h1 + h2 + h3 + h4 - 3.5)",
            id="units-in-code",
        ),
        pytest.param(
            "h = np.zeros(4)\nfor i in range(4):\n    h[i] = np.sign(x[i] - x[i+1])\ny = np.sign(np.sum(h) - 3.5)",
            id="units-in-a-loop",
        ),
    ],
)  # fmt: skip
def test_the_whole_network_is_found(text):
    reading = read(text)
    assert parts(reading) == WHOLE, reading
    assert reading.complete
    assert not reading.missing


@pytest.mark.parametrize(
    ("text", "b1", "b2"),
    [
        ("all biases are 0 except the output bias which is -3.5", None, Q(-7, 2)),
        ("all biases are 0. The output has threshold 3.5.", (0, 0, 0, 0), None),
        ("all biases are 0", (0, 0, 0, 0), 0),
        ("Biases are all zero.", (0, 0, 0, 0), 0),
        ("$b_1, b_2 = 0, -3.5$", None, None),
        ("the hidden biases are 0, 0, 0, 1", None, None),
        ("the bias of hidden unit 2 is 1", None, None),
        ("the second hidden bias is 1", None, None),
        ("the hidden biases are not 0", None, None),
        ("the output bias is -3.55", None, Q(-71, 20)),
        ("the output bias is -3.5 and the output bias is -3", None, Q(-7, 2)),
        ("$b_1 = 0$, $b_2 = -3.5$", None, None),
        ("hidden biases: 4 numbers, output bias: one number", None, None),
        ("$b = [-3.5, 0, 0, 0, 0]$", None, None),
        ("$b = [0, 0, 0, 0, -3.5]$ and $b_2 = 1$", (0, 0, 0, 0), None),
        ("$b_1 = [0, 0, 0, 0]$ and $h_2 = sign(x_1 - x_2 + 1)$", None, None),
    ],
)
def test_a_sentence_says_no_more_than_it_says(text, b1, b2):
    reading = read(text)
    assert (reading.b1, reading.b2) == (b1, b2)


@pytest.mark.parametrize("text", ["output weights are 10, 2, 1", "output weights are 1 and 2", "weights: 1"])
def test_a_list_is_not_taken_for_its_first_number(text):
    assert read(text).w2 is None


@pytest.mark.parametrize(
    "sizes",
    [
        "# W1: 4 rows of 5 numbers; b1: 4 numbers; w2: 4 numbers; b2: one number",
        "W1: 4 x 5 matrix, b1: 4-vector, w2: 4 values, b2: 1 real number",
        "W_1 = 4 by 5, b_1 = 4 biases, w_2 = 4 weights",
        "W1: (4, 5), b1: (4,), w2: (4,), b2: ()",
    ],
)
def test_sizes_are_no_weights(sizes):
    assert read(sizes).sources == ()
    assert parts(read(f"{sizes}\n{LATEX}")) == WHOLE
    assert parts(read(f"# {sizes}\n{COMMENTED}")) == WHOLE


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        (f"{LATEX} So $h_2 = sign(x_1 - x_3)$.", ("W1",)),
        (f"{LATEX} So $y = sign(h_1 + h_2 + h_3 + h_4 - 3)$.", ("b2",)),
        (LATEX + "\n\n" + HIDDEN_TABLE.replace("h1 | 1", "h1 | 2"), ("W1",)),
    ],
)
def test_what_contradicts_the_rest_leaves_a_part_open(text, missing):
    assert read(text).missing == missing


def test_a_sentence_that_takes_weights_back_gives_none():
    assert read("hidden unit 1 does not have weights [1, -1, 0, 0, 0]").sources == ()
    assert len(read("hidden unit 1 does have weights [1, -1, 0, 0, 0]").sources) == 1


@pytest.mark.parametrize(
    "text",
    [
        "h_i = sign(x_i - x_j)",
        "h_i = sign(x_i - x_{i+2})",
        r"$h_i = sign(x_i - x_{i+1})$ for $i = 1, \dots, 3$",
        r"$h_i = sign(x_i - x_{i+1})$ for $i \in \{1, 2\}$",
        "h_k = sign(x_k - x_{k+1}), k from 2 to 4",
        "h = np.zeros(4)\nfor i in range(3):\n    h[i] = np.sign(x[i] - x[i + 1])",
        "for i in range(1, 5):\n    h[i] = np.sign(x[i] - x[i + 1])",
        "for i in range(len(x) - 2):\n    h[i] = np.sign(x[i] - x[i + 1])",
        r"$y = sign(\sum_{i=1}^3 h_i - 3.5)$",
        r"$y = sign(\sum_i h_j - 3.5)$",
        "y = sign(h_1 + ... + h_3 - 3.5)",
        "h_1 = sign(z_1), z_1 = x_1 - x_2, z_1 = x_1 - x_3",
    ],
)
def test_units_that_are_not_all_there_are_not_filled_in(text):
    reading = read(text)
    assert (reading.W1, reading.w2) == (None, None), reading


def test_units_with_another_activation_are_not_taken_for_perceptrons():
    assert read("h_1 = step(x_1 - x_2), y = relu(h_1 + h_2 + h_3 + h_4 - 3.5)").sources == ()


def test_what_could_be_several_things_is_noted():
    reading = read("$b_1 = 0$, $b_2 = -3.5$")
    assert reading.missing == ("W1", "b1", "w2", "b2")
    assert reading.notes == (
        "“b_1 = 0” is ambiguous",
        "“b_2 = -3.5” is ambiguous",
    )


@pytest.mark.parametrize(
    ("code", "missing"),
    [
        pytest.param("b2 = -3\nb2 = -3.5", "b2", id="twice"),
        pytest.param(f"W1 = {ROWS}\nf(W1)\nW1[0][0] = 2", "W1", id="changed-in-place"),
        pytest.param(f"W1 = {ROWS}\nfor row in W1:\n    row[0] = half(1)", "W1", id="changed-row-by-row"),
        pytest.param(f"W1 = {ROWS}\nwhile W1[0][0] < 3:\n    W1[0][0] += 1", "W1", id="another-loop"),
        pytest.param(f"W1 = {ROWS}\nW1[0][0], W1[0][1] = half(1), 0", "W1", id="several-changed"),
        pytest.param(f"W1 = {ROWS}\nprint(W1.pop())", "W1", id="changed-while-printed"),
        pytest.param("b2 = -3\nb2 -= 0.5", "b2", id="augmented"),
        pytest.param("p = {'b2': -3}\np['b2'] -= 0.5", "b2", id="augmented-entry"),
        pytest.param("p = {'b2': [-3]}\np['b2'][0] = -3.5", "b2", id="changed-in-a-dictionary"),
        pytest.param("p = {'b2': -3}\np.update(b2=-3.5)", "b2", id="updated"),
        pytest.param("b2 = f(3)", "b2", id="computed"),
        pytest.param("b2 = __import__('os').getpid()", "b2", id="never-run"),
    ],
)
def test_code_that_does_not_say_it_plainly_is_not_guessed(code, missing):
    assert missing in read(code).missing


LOOP = "for i in range(4):\n    "


@pytest.mark.parametrize(
    "code",
    [
        f"W1 = []\n{LOOP}row = [0] * 5\n    row[i], row[i + 1] = 1, -1\n    W1.append(row)",
        f"import numpy as np\nW1 = np.zeros((4, 5))\n{LOOP}W1[i, i] = 1\n    W1[i, i + 1] = -1\nprint(W1)",
        f"n = 5\nW1 = [[0] * n for _ in range(n - 1)]\n{LOOP}W1[i][i] += 1\n    W1[i][i + 1] -= 1",
        "W1 = [[1 if j == i else -1 if j == i + 1 else 0 for j in range(5)] for i in range(4)]",
        "W1 = [[0] * i + [1, -1] + [0] * (3 - i) for i in range(4)]",
        f"W1 = [[0] * 5 for _ in range(4)]\n{LOOP}for j in [i, i + 1]:\n        W1[i][j] = 1 if j == i else -1",
    ],
)
def test_loops_over_numbers_and_lists_are_followed(code):
    assert parts(read(f"{code}\nb1 = [0 for _ in range(4)]\nw2 = 4 * [1]\nb2 = -(len(w2) - 0.5)")) == WHOLE


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(f"W1 = [[0] * 5] * 4\n{LOOP}W1[i][i] = 1", id="one row four times"),
        pytest.param(
            "row = [1, -1, 0, 0, 0]\nW1 = [row, row, row, [0] * 5]\nrow[0] = 7", id="a row under two names"
        ),
        pytest.param(
            "i = 3\nW1 = [[1 if j == i else 0 for j in range(5)] for i in range(4)]\nW1[i][0] = 5", id="scope"
        ),
        pytest.param(f"W1 = [{ROWS}[0]]\n{LOOP}W1.append([i, -i, 0, 0, 0])\nW1 = W1[:4]", id="not followed"),
        pytest.param(f"W1 = {ROWS}\nW1[-1][-1] = 1 / 2", id="from the end"),
    ],
)
def test_what_is_followed_is_what_python_computes(code):
    scope = {}
    exec(code, scope)  # noqa: S102 - our own examples
    assert read(code).W1 in (None, tuple(tuple(map(Q, row)) for row in scope["W1"]))
    assert (read(code).W1 is None) == ("[:4]" in code)


@pytest.mark.parametrize(
    "code",
    [
        "x = 1\nfor i in range(200):\n    for j in range(200):\n        x = x + 1",
        "x = [1]\nfor i in x:\n    x.append(i)",
        "x = 1\nfor i in range(200):\n    x = x * 0.123456789012345 + 1 / 7",
        "W1 = []\nW1.append(W1)",
        "W1 = [1]\nfor i in range(200):\n    W1 = W1 + W1",
        "W1 = [1] * 10**9",
    ],
)
def test_a_program_that_takes_too_long_is_not_followed(code):
    assert read(code).W1 is None


def test_a_part_that_is_given_twice_differently_is_noted():
    assert read("output_bias = -3\noutput_bias = -3.5").notes == (
        "b2 is given more than once, with different values",
    )


def test_decimals_are_read_exactly():
    assert read("b2 = 0.1").b2 is None  # of a unit or of the output?
    assert read("output_bias = 0.1").b2 == Q(1, 10)
    assert read("output_bias = -1e-9").b2 == Q(-1, 10**9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x" * 20_000,
        "[" * 5000,
        "W1 = " + "[" * 3000,
        "\x00",
        "| " * 4000,
        "b_out = 1/0",
        "h" + "\n" * 11_000,
        "h_" + "(" * 11_000,
        "a," * 5_900,
        "h = \n" * 2_300,
        "h _" * 3_900,
        "\\begin{tabular}{c|c}" * 500,
        "x = {" * 2000,
        "a = (\n" * 2000,
        "a = [" + "\n1," * 3000,
    ],
)
def test_hostile_text_is_no_network(text):
    assert not read(text).complete


def test_sizes_are_the_callers():
    text = "W1 = [[1, -1, 0], [0, 1, -1]]; b1 = [0, 0]; w2 = [1, 1]; b2 = -1.5"
    assert parts(read_network(text, inputs=3, units=2)) == (
        ((1, -1, 0), (0, 1, -1)),
        (0, 0),
        (1, 1),
        Q(-3, 2),
    )
    assert read(text).W1 is None
