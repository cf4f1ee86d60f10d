"""Where answers are found: in the template, in what students made of it, and in what nobody should make of it."""

import copy
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from grader import assignment
from grader.judging import answers, markers
from grader.model import FoundBy

ROOT = Path(__file__).parents[2]
IDS = ("0", "1a", "1b", "2a", "2b", "2c", "3", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6")


@pytest.fixture(scope="module")
def hw1():
    return assignment.load(ROOT / "rubrics" / "hw1")


@pytest.fixture
def template(hw1):
    return copy.deepcopy(hw1.template)


def bare(notebook):
    """The notebook as some platforms save it: without our metadata."""
    for cell in notebook.cells:
        cell.metadata.clear()
    return notebook


def fill(notebook, question, source):
    """Write an answer into the first cell of a question."""
    cell = next(c for c in notebook.cells if c.metadata.get("grader", {}).get("question") == question)
    cell.source = source
    return notebook.cells.index(cell)


def found(notebook, hw1):
    return {question: answer.cells for question, answer in answers.find(notebook, hw1).items()}


# --- markers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Q4.5", "4.5"),
        ("q4.5:", "4.5"),
        ("4.5", "4.5"),
        ("4.5.", "4.5"),
        ("4.5)", "4.5"),
        ("(4.5) my loop", "4.5"),
        ("# 4.5", "4.5"),
        ("#4.5 training", "4.5"),
        ("### Question 4.5", "4.5"),
        ("**4.5** Training", "4.5"),
        ("__Task 4.5__", "4.5"),
        ("> Exercise 4.5", "4.5"),
        ("Answer to 4.5:", "4.5"),
        ("answer 4.5", "4.5"),
        ("Part 4.5", "4.5"),
        ("\n\n   Q4.5\nmore", "4.5"),
        ("1a", "1a"),
        ("**1a.** $2x$", "1a"),
        ("1a) 2x", "1a"),
        ("(1a)", "1a"),
        ("1.a", "1a"),
        ("1 (a)", "1a"),
        ("1(a) the gradient", "1a"),
        ("1. (a) the gradient", "1a"),
        ("1 a)", "1a"),
        ("1. a.", "1a"),
        ("Question 1 (a)", "1a"),
        ("Problem 1a:", "1a"),
        ("PROBLEM 1A", "1a"),
        ("## 1b", "1b"),
        ("Problem 3:", "3"),
        ("**3.** weights", "3"),
        ("**3**", "3"),
        ("## 3", "3"),
        ("## 3. A perceptron", "3"),
        ("# 3", "3"),
        ("Q3", "3"),
        ("# Q3: weights", "3"),
        ("Ex. 3", "3"),
    ],
)
def test_a_marker_names_its_question(text, question):
    assert markers.marker(text, IDS) == question


@pytest.mark.parametrize(
    "text",
    [
        "3. a list item in prose",
        "3 epochs are enough",
        "3",
        "1. a list item in prose",
        "1 a vector",
        "1. about the gradient",
        "2. because it is not differentiable",
        "# 3. train the network",
        "# 3 hidden units",
        "# 0 for black",
        "4.55",
        "4.5.1",
        "14.5",
        "1ab",
        "1d",
        "11a",
        "4",
        "x = 4.5",
        "The answer to 4.5 is below",
        "first line\n4.5",
        "queue 3",
        "partial 3",
        "",
        "   \n  ",
    ],
)
def test_what_only_looks_like_a_marker_names_none(text):
    assert markers.marker(text, IDS) is None


@pytest.mark.parametrize("character", ["*", "#", " ", "(", "_", "q", "1", ">"])
def test_a_long_line_is_no_trap(character):
    markers.marker(character * 1_000_000, IDS)  # with a quadratic pattern this would take hours


# --- what a cell binds and uses -------------------------------------------------------------------------


# --- the template and what students do to it ------------------------------------------------------------


def test_metadata_is_enough(template, hw1):
    for answer in answers.find(template, hw1).values():
        assert answer.found_by is FoundBy.METADATA
        for index in answer.cells:
            assert template.cells[index].metadata.grader.question == answer.question


def test_without_metadata_the_prompts_and_names_are(template, hw1):
    expected = found(template, hw1)
    fill(template, "4.5", "train_loss_history, test_loss_history = [], []")
    answer = answers.find(bare(template), hw1)
    assert {question: one.cells for question, one in answer.items()} == expected
    assert {one.found_by for one in answer.values()} == {FoundBy.MARKER, FoundBy.NAMES}


def test_metadata_wins_over_a_marker(template, hw1):
    index = fill(template, "4.6", "# 4.5\nprint(evaluate(testDataLoader))")
    assert index in found(template, hw1)["4.6"]


def test_answers_stay_with_their_metadata_when_they_are_moved(template, hw1):
    texts = {q: [template.cells[i].source for i in cells] for q, cells in found(template, hw1).items()}
    template.cells.reverse()
    for question, cells in found(template, hw1).items():
        assert {template.cells[i].source for i in cells} >= set(texts[question])


def test_prompts_may_be_merged_into_one_cell(template, hw1):
    prompts = [cell for cell in template.cells if "prompt" in cell.metadata.get("grader", {})]
    merged = new_markdown_cell("\n\n".join(cell.source for cell in prompts))
    rest = [cell for cell in template.cells if cell not in prompts]
    nb = new_notebook(cells=[merged, *rest])
    for question, cells in found(nb, hw1).items():
        assert {nb.cells[i].metadata.grader.question for i in cells if i} == {question}


def test_prompts_may_be_deleted(template, hw1):
    template.cells = [cell for cell in template.cells if "prompt" not in cell.metadata.get("grader", {})]
    assert all(found(template, hw1).values())


def test_an_answer_may_stand_in_the_prompts_own_cell(template, hw1):
    prompt = next(c for c in template.cells if c.metadata.get("grader", {}).get("prompt") == "1a")
    prompt.source += "\n\n$$\\nabla f = 2x$$"
    assert template.cells.index(prompt) in found(template, hw1)["1a"]
    assert template.cells.index(prompt) in found(bare(template), hw1)["1a"]


def test_so_may_one_below_a_prompt_that_was_reworded(template, hw1):
    prompt = next(c for c in template.cells if c.metadata.get("grader", {}).get("prompt") == "1a")
    prompt.source = (
        prompt.source[:-5] + "?\n\n" + "The gradient is two x, since each partial derivative is. " * 5
    )
    assert template.cells.index(prompt) in found(bare(template), hw1)["1a"]


def test_a_prompt_alone_answers_nothing(template, hw1):
    prompts = {i for i, c in enumerate(template.cells) if "prompt" in c.metadata.get("grader", {})}
    for notebook in (template, bare(copy.deepcopy(template))):
        assert not prompts & {i for cells in found(notebook, hw1).values() for i in cells}


def test_extra_cells_belong_to_the_prompt_above(template, hw1):
    index = fill(template, "4.2", "trainingdata = 1\ntestdata = 2")
    template.cells.insert(index + 1, new_code_cell("len(trainingdata)"))
    template.cells.insert(index + 2, new_markdown_cell("There are 60000 points."))
    assert found(template, hw1)["4.2"] == (index, index + 1, index + 2)


@pytest.mark.parametrize(
    "source",
    [
        "**2a.** $\\|Xw - y\\|_1$",
        "**2a.**\n$$L(w) = \\|Xw - y\\|_1$$",
        "2a) L = mean |Xw - y|",
        "### 2a\nNot done.",
    ],
)
def test_a_short_answer_behind_its_marker_is_no_heading(hw1, source):
    nb = new_notebook(cells=[new_markdown_cell(source), new_markdown_cell("**2b.** No, for it has kinks.")])
    assert found(nb, hw1)["2a"] == (0,)


@pytest.mark.parametrize("heading", ["**2a.**", "### Question 2a", "2a. An l1 training loss"])
def test_a_marker_alone_is_the_heading_of_what_comes_below(hw1, heading):
    nb = new_notebook(cells=[new_markdown_cell(heading), new_markdown_cell("The norm of the errors.")])
    assert found(nb, hw1)["2a"] == (1,)


def test_a_marked_answer_to_another_question_ends_a_section(hw1):
    sources = ["# Q3\nW1 = []", "# Q4.5\ntrain_loss_history = [1.0]", "plt.plot(train_loss_history)", "x = 1"]
    nb = new_notebook(cells=[new_markdown_cell("**3.**"), *map(new_code_cell, sources)])
    assert [found(nb, hw1)[question] for question in ("3", "4.5")] == [(1,), (2, 3)]


def test_an_extra_heading_ends_a_section(template, hw1):
    last = len(template.cells)
    template.cells += [new_markdown_cell("## My experiments"), new_code_cell("x = 1")]
    assert not any({last, last + 1} & set(cells) for cells in found(template, hw1).values())


def test_names_that_are_used_again_stay_where_they_were_asked(template, hw1):
    fill(template, "4.3", "image, label = trainingdata[0]\nplt.imshow(image[0])")
    fill(template, "4.4", "images, labels = next(iter(testDataLoader))")
    index = fill(template, "4.6", "def evaluate(dataloader): return 1")
    extra = [
        "for images, labels in testDataLoader:\n    print(images)",
        "image, label = testdata[3]\nplt.imshow(image[0])",
        "images = images[:2]",
    ]
    template.cells[index + 1 : index + 1] = [new_code_cell(source) for source in extra]
    for notebook in (template, bare(copy.deepcopy(template))):
        assert found(notebook, hw1)["4.6"] == (index, index + 1, index + 2, index + 3)
        assert len(found(notebook, hw1)["4.3"]) == len(found(notebook, hw1)["4.4"]) == 1


def test_an_answer_that_was_given_elsewhere_is_found_though_its_blank_is_still_there(template, hw1):
    template.cells.append(new_markdown_cell("## Part 4"))
    template.cells.append(new_code_cell("def evaluate(dataloader):\n    return 0.5"))
    assert len(template.cells) - 1 in found(template, hw1)["4.6"]


def test_a_duplicated_cell_counts_twice(template, hw1):
    index = fill(template, "3", "W1 = 1")
    template.cells.insert(index, copy.deepcopy(template.cells[index]))
    assert found(template, hw1)["3"] == (index, index + 1)


def test_a_marker_in_a_code_cell_is_enough(hw1):
    nb = new_notebook(
        cells=[
            new_code_cell("# Q4.5\nfor e in range(20): pass"),
            new_code_cell("x = 1"),
            new_code_cell("# 4.6\nacc = 1"),
        ]
    )
    result = answers.find(nb, hw1)
    assert (result["4.5"].cells, result["4.5"].found_by) == ((0,), FoundBy.MARKER)
    assert result["4.6"].cells == (2,)


def test_bare_markers_head_what_follows(hw1):
    nb = new_notebook(
        cells=[
            new_markdown_cell("**Question 1 (a)**"),
            new_markdown_cell("$2x$"),
            new_markdown_cell("Problem 3:"),
            new_code_cell("weights = [1, 2]"),
            new_markdown_cell("3. a list item in prose"),
        ]
    )
    assert found(nb, hw1)["1a"] == (1,)
    assert found(nb, hw1)["3"] == (3, 4)


def test_cells_that_use_a_name_belong_to_the_last_question_that_made_one(hw1):
    sources = (
        "trainingdata = 1; testdata = 2",
        "print(len(trainingdata), len(testdata))",
        "trainDataLoader = testDataLoader = f(testdata)",
        "def evaluate(loader): return 1",
        "print(evaluate(testDataLoader))",
        "import os",
    )
    nb = new_notebook(cells=[new_code_cell(source) for source in sources])
    result = found(nb, hw1)
    assert (result["4.2"], result["4.4"], result["4.6"]) == ((0, 1), (2,), (3, 4))
    assert answers.find(nb, hw1)["4.2"].found_by is FoundBy.NAMES


def test_a_training_cell_that_rebuilds_its_loaders_is_one_of_training(hw1):
    source = (
        "trainDataLoader = f(); testDataLoader = g()\ntrain_loss_history = []; test_loss_history = []\n"
        "for images, labels in trainDataLoader: pass"
    )
    assert found(new_notebook(cells=[new_code_cell(source)]), hw1)["4.5"] == (0,)


def test_what_is_close_to_a_blank_is_its_answer(hw1):
    blank = next(c.source for c in hw1.template.cells if "W1: 4 rows" in c.source and c.cell_type == "code")
    nb = new_notebook(cells=[new_code_cell("x = 1"), new_code_cell(blank + "\nweights = 1")])
    answer = answers.find(nb, hw1)["3"]
    assert (answer.cells, answer.found_by) == ((1,), FoundBy.CLOSENESS)


def test_what_is_close_to_nothing_answers_nothing(hw1):
    nb = new_notebook(cells=[new_code_cell("x = 1"), new_markdown_cell("Hello"), new_code_cell("")])
    assert {answer.found_by for answer in answers.find(nb, hw1).values()} == {FoundBy.NOT_FOUND}


@pytest.mark.parametrize(
    "facts",
    [7, "4.5", ["4.5"], {"question": 4.5}, {"question": ["4.5"]}, {"prompt": {}}, {"question": "9"}, None],
    ids=str,
)
def test_metadata_may_be_anything(template, hw1, facts):
    for cell in template.cells:
        cell.metadata["grader"] = facts
    assert found(template, hw1) == found(bare(template), hw1)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("a" * 2_000_000, id="one letter"),
        pytest.param("x = 1\n" * 300_000, id="many lines"),
        pytest.param("\n" * 2_000_000, id="empty lines"),
        pytest.param("(" * 2_000_000, id="brackets"),
        pytest.param("* # " * 500_000, id="markers"),
        pytest.param("x = [" * 200_000, id="nested lists"),
    ],
)
def test_a_huge_cell_is_no_trap(hw1, source):
    nb = new_notebook(cells=[new_markdown_cell(source), new_code_cell(source)])
    answers.find(nb, hw1)  # with a quadratic step this would take hours


def test_a_thousand_cells_are_no_trap(template, hw1):
    cells = [cell for _ in range(30) for cell in bare(copy.deepcopy(template)).cells]
    assert len(found(NotebookNode(cells=cells), hw1)["4.6"]) == 30


# --- what the homework gives -----------------------------------------------------------------------------

LOOK = "images, labels = next(iter(trainDataLoader))"
LOADERS = """\
trainDataLoader = DataLoader(trainingdata, batch_size=32, shuffle=True)
testDataLoader = DataLoader(testdata, batch_size=32, shuffle=False)
"""
PREDICT = """\
predicted_output = net(images)
print(torch.max(predicted_output, 1))
fit = Loss(predicted_output, labels)
"""
AUTOGRAD = """\
A = torch.rand(3, 3)
b = torch.rand(3, 1)
x = torch.rand(3, 1, requires_grad=True)
y = torch.matmul(A, x) + b
z = y.sum()
z.backward()
print(x.grad)
"""


@pytest.mark.parametrize(
    "source",
    [
        f"{LOOK}\nprint(images.size())\nprint(labels)",
        f"# one minibatch\n{LOOK}\nprint('a batch', images.shape, labels)",
        "loader_iterator = iter(trainDataLoader)\nimages, labels = loader_iterator.next()\nimages.shape",
        "it = iter(trainDataLoader)\nimages, labels = next(it)\nprint(f'{images.size()}')",
        f"{LOADERS}{LOOK}\nprint(images.shape, labels)",
        AUTOGRAD,
        PREDICT,
        "guess = net(images)\nprint(guess.max(1))\nprint(labels)",
    ],
)
def test_a_given_cell_answers_nothing_however_it_was_edited(hw1, template, source):
    assert answers.is_given(new_code_cell(source), hw1)
    index = fill(template, "4.6", "def evaluate(dataloader): return 1")
    template.cells.insert(index + 1, new_code_cell(source))
    assert not any(index + 1 in cells for cells in found(bare(template), hw1).values())


@pytest.mark.parametrize("tagged", [True, False])
def test_the_kits_own_given_cells_are_joined_with_no_answer(hw1, template, tagged):
    sources = {"4.1": "print(a, b)", "4.3": "plt.imshow(image[0])", "4.4": "plt.imshow(images[0][0])"}
    for question, source in sources.items():
        index = fill(template, question, source)
        assert index in found(template, hw1)[question]
    own = {"autograd", "loaders", "plot", "prediction"}
    given = {index for index, cell in enumerate(template.cells) if cell.id in own}
    given |= {
        index for index, cell in enumerate(template.cells) if cell.id in {f"{name}-text" for name in own}
    }
    assert len(given) == 8
    located = found(template if tagged else bare(template), hw1)
    assert [question for question, cells in located.items() if given & set(cells)] == []


@pytest.mark.parametrize(
    "source",
    [
        "print(images.shape)",
        "print(len(trainingdata), len(testdata), images.shape)",
        f"{LOOK}\nprint(len(trainingdata))",
        f"{LOOK}\nplt.imshow(images[0][0])",
        "image, label = trainingdata[0]\nprint(image.shape)",
        "a = np.random.rand(2, 3)\nb = torch.from_numpy(a)\nprint(a)\nprint(b)",
        "predicted_output = net(images)\naccuracy = evaluate(testDataLoader)",
        "x = f'{1}' + " + " + ".join(["x"] * 300),
        "\n".join(f"x{i + 1} = x{i}, x{i}" for i in range(39)),
        "",
    ],
)
def test_a_cell_that_does_more_is_no_given_one(hw1, source):
    assert answers.is_given(new_code_cell(source), hw1) is (not source)


@pytest.mark.parametrize("later", [PREDICT, "scores = net(images)\nprint(scores.std(), labels.sum())"])
def test_a_later_use_of_a_settled_name_joins_no_answer(hw1, later):
    sources = [f"{LOOK}", "# Q4.4\nplt.imshow(images[0][0])", "train_loss_history = []", later]
    assert found(new_notebook(cells=[*map(new_code_cell, sources)]), hw1)["4.4"] == (1,)


def test_the_cell_right_below_an_answer_may_show_its_result(hw1):
    sources = ["# Q4.4\nimages, labels = next(iter(testDataLoader))", "plt.imshow(images[0][0])"]
    assert found(new_notebook(cells=[*map(new_code_cell, sources)]), hw1)["4.4"] == (0, 1)


@pytest.mark.parametrize("first", ["# Q4.4\nplt.imshow(images[0][0])", "plt.imshow(images[0][0])"])
def test_a_function_beside_loaders_that_are_made_again_is_found(hw1, first):
    loaders = "trainDataLoader = f(trainingdata)\ntestDataLoader = f(testdata)"
    sources = ["trainingdata = testdata = 1", f"{loaders}\nimages, labels = 1, 2", first]
    sources += ["train_loss_history = []", f"def evaluate(loader):\n    return net(loader)\n{loaders}"]
    result = found(new_notebook(cells=[*map(new_code_cell, sources)]), hw1)
    assert (result["4.2"], result["4.6"]) == ((0,), (4,))


# --- answers in odd places -------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["## ", "### ", ""])
def test_an_answer_may_begin_with_a_heading(template, hw1, level):
    index = fill(template, "2b", f"{level}No closed form\n\nThe loss has kinks.")
    assert found(template, hw1)["2b"] == (index,)
    assert found(bare(template), hw1)["2b"] == (index,)


def test_a_heading_with_a_marker_and_an_answer_is_the_answer(hw1):
    nb = new_notebook(cells=[new_markdown_cell("## 2b\nNo, it has kinks."), new_markdown_cell("## Thanks")])
    assert found(nb, hw1)["2b"] == (0,)


def doubts(notebook, hw1):
    return {question: one.doubt for question, one in answers.find(notebook, hw1).items() if one.doubt}


EVALUATE = "def evaluate(dataloader):\n    return net(dataloader)"


@pytest.mark.parametrize("kind", ["raw", "markdown"])
@pytest.mark.parametrize("tagged", [True, False])
def test_code_in_a_cell_of_another_type_is_a_persons(template, hw1, kind, tagged):
    index = fill(template, "4.6", EVALUATE)
    template.cells[index].cell_type = kind
    nb = template if tagged else bare(template)
    assert found(nb, hw1)["4.6"] == (index,)
    assert doubts(nb, hw1) == {
        "4.6": f"Cell {index + 1} is a {kind} cell, not a code cell, so a person has to read it."
    }


def test_code_in_a_raw_cell_is_found_by_its_names(hw1):
    nb = new_notebook(cells=[new_code_cell("x = 1"), new_raw_cell(EVALUATE)])
    assert found(nb, hw1)["4.6"] == (1,)
    assert list(doubts(nb, hw1)) == ["4.6"]


@pytest.mark.parametrize("kind", ["raw", "code"])
def test_text_in_a_cell_of_another_type_is_a_persons(template, hw1, kind):
    index = fill(template, "2a", "L(w) = |Xw - y|")
    template.cells[index].cell_type = kind
    assert doubts(template, hw1) == {
        "2a": f"Cell {index + 1} is a {kind} cell, not a markdown cell, so a person has to read it."
    }


def test_text_beside_code_and_blank_cells_raise_no_doubt(template, hw1):
    assert doubts(template, hw1) == {}
    index = fill(template, "4.6", EVALUATE)
    template.cells.insert(index + 1, new_markdown_cell("accuracy = right / all"))
    assert doubts(template, hw1) == {}


@pytest.mark.parametrize("stays", [True, False])
def test_an_answer_that_is_tagged_as_anothers_is_a_persons(template, hw1, stays):
    """As in a copy of another question's cell: its tag is copied with it."""
    index = fill(template, "4.3", EVALUATE)
    if not stays:
        template.cells = [c for c in template.cells if c.metadata.get("grader", {}).get("question") != "4.6"]
    assert doubts(template, hw1)["4.6"] == (
        f"Cell {index + 1} may answer this question, but it is tagged as an answer to 4.3."
    )
    if stays:
        fill(template, "4.6", EVALUATE)
        assert "4.6" not in doubts(template, hw1)


def test_a_marker_against_the_tag_is_a_persons_as_well(template, hw1):
    fill(template, "2b", "**2a.** $|Xw - y|_1$")
    assert "2a" in doubts(template, hw1)


# --- the sample class -----------------------------------------------------------------------------------

KIT = {
    "0": (2,), "1a": (5,), "1b": (7,), "2a": (10,), "2b": (12,), "2c": (14,), "3": (17,), "4.1": (21,),
    "4.2": (23,), "4.3": (25,), "4.4": (27,), "4.5": (30, 31), "4.6": (33,),
}  # fmt: skip
"""The cells of an answer in the kit, read by a person."""


def shifted(*changes, **more):
    """The kit with cells inserted: (from which index on, by how many)."""
    result = {}
    for question, cells in KIT.items():
        moved = tuple(i + sum(by for at, by in changes if i >= at) for i in cells)
        result[question] = (*moved, *more.get("q" + question.replace(".", "_"), ()))
    return result


EXPECTED = {
    "ana-lima": shifted((32, 1), q4_5=(32,)),
    "diego-herrera": KIT,
    "eszter-szabo": shifted((18, 1), q3=(18,)),
    "fatima-elsayed": KIT,
    "kenji-watanabe": KIT,
    "lukas-novak": KIT,
    "mei-lin-chen": KIT,
    "minh-nguyen": shifted((20, 1), (22, 1), (26, 1), (30, 1), q4_1=(23,), q4_3=(28,), q4_6=(38, 39))
    | {"4.5": (33, 34, 35)},
    "noah-williams": KIT,
    "oluwaseun-adeyemi": KIT,
    "priya-raman": shifted(q4_6=(34,)),
    "sofia-rossi": KIT,
    "tomasz-kowalski": shifted((28, 1), q4_4=(28,)),
    "rohan-mehta": KIT | {"4.5": (29, 30, 31)},
    "yuki-tanaka": shifted((16, 1), (20, -1)) | {"3": (16, 18)},  # the imports stand there
    "jonas-weber": KIT,
    # Markers in the answers' own cells; the plot is known by the histories.
    "elena-popescu": dict(zip(IDS, ((i,) for i in (*range(2, 8), *range(9, 14), 15, 17)), strict=True))
    | {"4.5": (15, 16)},
    # The prompts alone; all metadata is Colab's.
    "samuel-okafor": dict(
        zip(IDS, ((i,) for i in (5, 8, 10, 13, 15, 17, 20, 23, 25, 27, 29, 31, 35)), strict=True)
    )
    | {"4.5": (31, 32, 33)},
    # No prompt, no marker, no metadata, and every part moved. The theory has nothing that a machine could know
    # it by, so it goes to a person.
    "aisha-khan": dict.fromkeys(IDS, ())
    | {"4.2": (3,), "4.4": (4,), "4.3": (5,), "4.6": (8, 10), "4.5": (9, 11), "4.1": (13,), "3": (15,)},
}
UNREADABLE = {"chloe-dubois", "ivan-petrov"}
UNTAGGED = {"noah-williams": {"4.4": ()}}
"""Where its tag alone says what a blank cell is for: today's kit gives all that stands in it."""


def test_the_table_holds_the_whole_class():
    folders = {path.name for path in (ROOT / "submissions").iterdir() if path.is_dir()}
    assert folders == set(EXPECTED) | UNREADABLE


@pytest.mark.parametrize("student", EXPECTED)
def test_every_answer_of_the_class_is_found_where_a_person_finds_it(student, hw1):
    nb = nbformat.read(ROOT / "submissions" / student / "hw1.ipynb", as_version=4)
    assert found(nb, hw1) == EXPECTED[student]


@pytest.mark.parametrize("student", sorted(set(EXPECTED) - {"aisha-khan"}))
def test_so_it_is_without_metadata(student, hw1):
    nb = nbformat.read(ROOT / "submissions" / student / "hw1.ipynb", as_version=4)
    empty = {
        index for index, cell in enumerate(nb.cells) if not cell.source
    }  # nothing says what these were for
    expected = {q: tuple(i for i in cells if i not in empty) for q, cells in EXPECTED[student].items()}
    expected |= UNTAGGED.get(student, {})
    assert found(bare(nb), hw1) == expected
