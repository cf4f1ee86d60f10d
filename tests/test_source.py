"""Which names a cell binds and uses, read from its text."""

import subprocess
import sys

import pytest

from grader.source import Bindings, comments, displays, integers, parsed


def defined(source):
    bindings = Bindings.of(source)
    return bindings.assigned | bindings.looped


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param("a = b = 1", {"a", "b"}, id="assignment"),
        pytest.param("a, (b, *c) = f()", {"a", "b", "c"}, id="unpacking"),
        pytest.param("a: int = 1", {"a"}, id="annotated"),
        pytest.param("a += 1", {"a"}, id="augmented"),
        pytest.param("print(a := 1)", {"a"}, id="walrus"),
        pytest.param("[last := x for x in xs]", {"last"}, id="walrus in a comprehension"),
        pytest.param("import a.b\nfrom c import d as e", {"a", "e"}, id="imports"),
        pytest.param("def f(x):\n    y = x", {"f"}, id="function"),
        pytest.param("class C:\n    y = 1", {"C"}, id="class"),
        pytest.param("with f() as a: pass", {"a"}, id="with"),
        pytest.param("try: pass\nexcept E as error: pass", {"error"}, id="except"),
        pytest.param(
            "match x:\n    case [a, *rest]: pass\n    case {'k': b, **more}: pass\n    case str() as c: pass",
            {"a", "rest", "b", "more", "c"},
            id="match",
        ),
        pytest.param("def setup():\n    global net\n    net = 1", {"setup", "net"}, id="global"),
        pytest.param("[i for i in range(3)]", set(), id="comprehension"),
        pytest.param("for i in xs: pass", set(), id="loop"),
        pytest.param("for i in xs: pass\ni = 0", {"i"}, id="loop and assignment"),
        pytest.param("[i for i in xs]\ni = 0", {"i"}, id="comprehension and assignment"),
        pytest.param("%%time\na = 1", {"a"}, id="timing magic"),
        pytest.param("!ls\na = 1\n%matplotlib inline", {"a"}, id="line magics"),
        pytest.param("%%bash\na=1", set(), id="another language"),
        pytest.param("a = 1\nprint 'two'", {"a"}, id="Python 2"),
    ],
)
def test_assigned_names(source, names):
    assert Bindings.of(source).assigned == names


@pytest.mark.parametrize(
    ("source", "looped"),
    [
        pytest.param("for i, (a, b) in xs: pass", {"i", "a", "b"}, id="loop"),
        pytest.param("for i in xs:\n    for j in i: total = 1", {"i", "j"}, id="nested"),
        pytest.param("def f():\n    for i in xs: pass", set(), id="in a function"),
    ],
)
def test_looped_names(source, looped):
    bindings = Bindings.of(source)
    assert bindings.looped == looped
    assert not bindings.assigned & looped


@pytest.mark.parametrize(
    ("source", "used"),
    [
        pytest.param("y = f(x)", {"f", "x"}, id="expression"),
        pytest.param("def evaluate(loader):\n    return net(loader)", {"net"}, id="in a function"),
        pytest.param("class C:\n    def m(self): return net", {"net"}, id="in a method"),
        pytest.param("[f(i) for i in xs]", {"f", "xs"}, id="in a comprehension"),
        pytest.param("def outer():\n    a = 1\n    return lambda: a", set(), id="of an enclosing function"),
    ],
)
def test_used_names(source, used):
    assert Bindings.of(source).used == used


def test_a_long_sum_is_read():
    source = "total = " + " + ".join(["x"] * 900)
    assert Bindings.of(source) == Bindings(frozenset({"total"}), frozenset(), frozenset({"x"}))


@pytest.mark.parametrize("source", ["(" * 5000, "a = \0", "-" * 100_000 + "1", "\ud800"])
def test_what_cannot_be_parsed_is_no_error(source):
    assert parsed(source) is None
    assert Bindings.of(source).looped == frozenset()


def test_warnings_of_a_students_source_are_not_shown():
    code = "from grader.source import Bindings; Bindings.of(r'\"\\d\"')"
    run = subprocess.run(
        [sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""


def test_comments_stand_before_the_first_error():
    assert list(comments("# one\nx = (  #! two")) == ["one", "two"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a = 1", {"a"}),
        ("a, (b, *c) = f()", {"a", "b", "c"}),
        ("a: int = 1", {"a"}),
        ("a += 1", {"a"}),
        ("def evaluate(dataloader):\n    inner = 1", {"evaluate"}),
        ("async def f(): pass", {"f"}),
        ("class Net: x = 1", {"Net"}),
        ("for a, b in c: d = 1", {"a", "b", "d"}),
        ("if x:\n    def f():\n        y = 1", {"f"}),
        ("with open(p) as f: t = f.read()", {"f", "t"}),
        ("if (n := 3): pass", {"n"}),
        ("import numpy as np, os.path\nfrom x import y as z", {"np", "os", "z"}),
        ("[x for images, labels in loader]", set()),
        ("f = lambda a: a", {"f"}),
        ("a[0] = 1; b.c = 2", set()),
        ("%matplotlib inline\n!pip install x\na = 1", {"a"}),
        ("%%time\na = 1", {"a"}),
        ("%%bash\na=1", set()),
        ("%%html\n<a = 1>", set()),
        ("if x:\n    %time f()\n    a = 1", {"a"}),
        ("np.mean?\na = 1", {"a"}),
        ("s = '\\d'", {"s"}),
        ("", set()),
        ("# a = 1", set()),
    ],
)
def test_names_that_a_cell_defines(source, names):
    assert defined(source) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a = 1\nb = (", {"a", "b"}),
        ("image, label = trainingdata[0]\nprint label", {"image", "label"}),
        ("def evaluate(x)\n    return x", {"evaluate"}),
        ("class Net\n", {"Net"}),
        ("evaluate(trainDataLoader", set()),
        ("a == 1 (", set()),
        ("files = !ls", {"files"}),
        ("a = 1\n" + "(" * 1000, {"a"}),
        ("a = 1\n" + "-" * 100_000 + "1", {"a"}),
        ("a = 1\nx = '\0'", {"a", "x"}),
    ],
    ids=lambda one: one[:30] if isinstance(one, str) else "",
)
def test_names_in_what_does_not_parse_are_guessed(source, names):
    assert defined(source) == names


@pytest.mark.parametrize(
    "source",
    [
        "print(len(data))",
        "print(f'{len(data):,} points')",
        "print('points: ' + str(len(data)))",
        "print('points: {}'.format(len(data)))",
        "len(data)",
        "data.shape, 1",
        "data",
        "print(data[0][0].shape)",
        "print(data[0][0].view(-1).size())",
        "print(np.array(data).size)",
        "display(data)",
        "n = len(data)\nprint(n)",
        "sample = data[0]\nshape = sample.shape\nprint('shape', shape)",
        "for x in range(3):\n    print(data[x].size())",
        "!ls\nprint(len(data))",
        "x = 1" + "+1" * 900 + "\nprint(len(data))",
    ],
)
def test_a_cell_displays_something_of_a_name(source):
    assert displays(source, ["data"])


@pytest.mark.parametrize(
    "source",
    [
        "loader = DataLoader(data)\nbatch = next(iter(loader))\nprint(batch.shape)",
        "print(net(data).shape)",
        "net(data)",
        "len(data)\nx = 1",
        "n = len(data)",
        "# print(len(data))",
        "'data'",
        "print(database)",
        "print(len(data)",
        "%%bash\nprint(data)",
        "print()",
        "",
    ],
)
def test_a_cell_displays_nothing_of_a_name(source):
    assert not displays(source, ["data"])


@pytest.mark.parametrize(
    ("source", "numbers"),
    [
        ("random_split(data, [50_000, 1e4])", {50000, 10000}),
        ("x = 0.5 + 1e999; '60000'  # 7", set()),
        ("data[-6000:]", {6000}),
        ("not python 1", set()),
    ],
)
def test_the_whole_numbers_that_a_cell_names(source, numbers):
    assert integers(source) == numbers
