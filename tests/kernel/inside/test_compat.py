from __future__ import annotations

import collections
import io
import os
import re
import sys
import time
import warnings
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torchvision
from ipykernel.kernelbase import Kernel
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import axes, figure, gridspec, style
from PIL import Image
from torch.optim import Optimizer, lr_scheduler
from torch.utils.data import DataLoader, dataloader

from grader.kernel.inside import compat
from grader.kernel.inside.compat import magics, reading, training

CLEAN = """
%matplotlib inline
import torch, torchvision, numpy as np, matplotlib.pyplot as plt
from torch import nn
from torchvision import transforms

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
trainingdata = torchvision.datasets.FashionMNIST("./data", train=True, transform=transforms.ToTensor())
trainDataLoader = torch.utils.data.DataLoader(trainingdata, batch_size=64, shuffle=True)
images, labels = next(iter(trainDataLoader))
fig, axes = plt.subplots(2, 5, figsize=(10 / 2, 4.5))

net = nn.Linear(784, 10).to(device)
Loss = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
train_loss_history = []
for epoch in range(20):
    train_loss = 0.0
    for images, labels in trainDataLoader:
        optimizer.zero_grad()
        loss = Loss(net(images.float().view(-1, 784).to(device)), labels.to(device))
        loss.backward()
        optimizer.step()
        train_loss += loss.item()
    train_loss_history.append(train_loss / len(trainDataLoader))
    print(f"{epoch}: {train_loss_history[-1]:.3f}", "%.2f" % train_loss, np.mean(train_loss_history))
plt.plot(train_loss_history)
if torch.cuda.is_available():
    net.cuda()
"""
OWNERS = [
    *(torch, torch.Tensor, torch.nn.Module, torch.nn.Parameter, torch.nn.functional, torch.cuda, Optimizer),
    *(
        lr_scheduler.StepLR,
        dataloader._BaseDataLoaderIter,
        DataLoader,
        torchvision.utils,
        torchvision.transforms,
    ),
    *(np, mpl, plt, axes.Axes, figure.Figure, gridspec.GridSpecBase, style, Image),
    *(collections, time, os, Kernel, sys.modules),
]


def everything():
    """All attributes that a patch could change."""
    return {
        (number, name): id(value)
        for number, owner in enumerate(OWNERS)
        for name, value in (owner if isinstance(owner, dict) else vars(owner)).items()
    }


def changed(options):
    before = everything()
    compat.install(options)
    after = everything()
    return sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())


OLD = "iter(loader).next(); x.cuda(); np.int; plt.style.use('seaborn'); input(); import google.colab"


@pytest.mark.parametrize(
    ("options", "touched"),
    [
        pytest.param({"source": CLEAN}, False, id="a notebook that needs nothing"),
        pytest.param({"source": ""}, False, id="an empty notebook"),
        pytest.param({}, False, id="no options"),
        pytest.param({"source": OLD, "strict": True}, False, id="a strict course"),
        pytest.param({"source": OLD}, True, id="an old notebook"),
    ],
)
def test_only_what_is_needed_is_installed(alone, options, touched):
    assert (alone(changed, options) > 0) == touched


def deep(terms):
    """Code that Python compiles, although its syntax tree is too deep for a recursive visitor."""
    return (
        f"x.cuda()\nlosses.append(loss + {' + '.join(['1'] * terms)})\nplt.subplots(2 / 1)\nloss.backward()"
    )


@pytest.mark.parametrize("terms", [900, 2000])
def test_code_that_is_nested_deeply_gets_what_it_asks_for(alone, terms):
    compile(deep(terms), "a cell", "exec")
    assert alone(changed, {"source": deep(terms)}) > 0


# Which notebooks need what


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        pytest.param("net.cuda()", True, id="unguarded"),
        pytest.param("device = 'cuda'", True, id="a string"),
        pytest.param("device = torch.device('cuda:0')", True, id="a device"),
        pytest.param("from torch import cuda", True, id="imported"),
        pytest.param("torch.cuda.synchronize()", True, id="the module"),
        pytest.param("d = 'cuda' if torch.cuda.is_available() else 'cpu'", False, id="guarded expression"),
        pytest.param(
            "d = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')", False, id="guarded device"
        ),
        pytest.param("if torch.cuda.is_available():\n    net.cuda()", False, id="guarded statement"),
        pytest.param(
            "gpu = torch.cuda.is_available()\nif gpu:\n    net.cuda()", False, id="guarded by a name"
        ),
        pytest.param(
            "if not torch.cuda.is_available():\n    pass\nelse:\n    net.cuda()", False, id="guarded by not"
        ),
        pytest.param("if not torch.cuda.is_available():\n    net.cuda()", True, id="badly guarded"),
        pytest.param("if use_gpu:\n    net.cuda()", True, id="guarded by something else"),
        pytest.param("# net.cuda()", False, id="a comment"),
        pytest.param("print 'cuda'", True, id="not even Python 3"),
        pytest.param("!nvidia-smi\nx = 1", False, id="a shell line"),
    ],
)
def test_who_needs_a_gpu(code, needed):
    assert reading.asks_for_a_gpu(code) == needed


def test_who_reads_devices():
    assert reading.reads_devices("images.cuda(), images.device")
    assert not reading.reads_devices("images.to(torch.device('cuda'))")
    assert not reading.reads_devices("net.weight.device")


TRAIN = (
    "criterion = nn.MSELoss()\nfor x, y in loader:\n    loss = criterion(net(x), y)\n    loss.backward()\n"
)


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        pytest.param(TRAIN + "    history.append(loss)", True, id="a loss"),
        pytest.param(TRAIN + "    history.append(loss.item())", False, id="a number"),
        pytest.param(TRAIN + "    history.append(float(loss))", False, id="a float"),
        pytest.param(TRAIN + "    history.append(loss.detach().numpy())", False, id="detached"),
        pytest.param(TRAIN + "    history.append(loss.data)", False, id="data"),
        pytest.param(TRAIN + "    total += loss\nhistory.append(total / n)", True, id="a sum of losses"),
        pytest.param(
            TRAIN + "    total += loss.item()\nhistory.append(total / n)", False, id="a sum of numbers"
        ),
        pytest.param(TRAIN + "    history[i] = loss", True, id="by index"),
        pytest.param(TRAIN + "    self.history.append((i, loss))", True, id="in a pair"),
        pytest.param(TRAIN + "plt.plot(loss)", True, id="plotted at once"),
        pytest.param(TRAIN + "print(loss, f'{loss:.3f}')", False, id="printed"),
        pytest.param(
            TRAIN + "losses = [loss.item() for loss in batch]\nh.append(losses)", False, id="a clean list"
        ),
        pytest.param("h.append(F.cross_entropy(net(x), y))", True, id="kept at once"),
        pytest.param(
            "def test():\n    return crit_loss(net(x), y)\nh.append(test())", True, id="from a function"
        ),
        pytest.param(
            "def test():\n    return crit_loss(net(x), y).item()\nh.append(test())", False, id="a clean one"
        ),
        pytest.param("loss = 3\nh.append(loss)", False, id="only called so"),
        pytest.param("x.append(1)", False, id="no loss at all"),
        pytest.param("print loss", True, id="not even Python 3"),
    ],
)
def test_who_keeps_live_losses(code, needed):
    assert reading.keeps_live_losses(code) == needed


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("fig.add_subplot(2, 20/2, i)", True),
        ("n = 20 / 2\nplt.subplots(2, n)", True),
        ("plt.subplot(2.0, 5, 1)", True),
        ("plt.subplots(2, 20 // 2)", False),
        ("plt.subplots(2, int(20 / 2), figsize=(5 / 2, 3.5))", False),
        ("n = int(20 / 2)\nplt.subplots(2, n)", False),
        ("loss = 20 / 2", False),
    ],
)
def test_who_lays_out_by_division(code, needed):
    assert reading.lays_out_by_division(code) == needed


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("!pip install x", True),
        ("files = !ls", True),
        ("%cd /content", True),
        ("a % b\nif a != b: pass", False),
    ],
)
def test_who_uses_magics(code, needed):
    assert magics.wanted(code) == needed


# What is reported


def in_a_shell(cells, options):
    """Run the cells in IPython. Returns the report, what was printed and which cells failed."""
    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    compat.install({"source": "\n".join(cells), **options})
    compat.attach(shell)
    printed, sys.stdout = sys.stdout, io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = [shell.run_cell(cell, cell_id=str(10 + number)) for number, cell in enumerate(cells)]
    sys.stdout, printed = printed, sys.stdout.getvalue()
    errors = [result.error_before_exec or result.error_in_exec for result in results]
    return SimpleNamespace(
        report=compat.report(),
        printed=printed,
        errors=[repr(error) for error in errors if error],
        value=repr(results[-1].result),
    )


def test_each_use_is_reported_with_its_place_its_count_and_the_modern_spelling(alone):
    cells = [
        "import numpy as np\nimport torch",
        "def count():\n    return np.int(3)",
        "x = 1\nfor _ in range(4):\n    count()\ntorch.ones(1).cuda()",
    ]
    seen = alone(in_a_shell, cells, {})
    assert seen.errors == []
    assert seen.report[0] == {
        "what": "numpy.int",
        "where": {"cell": 11, "line": 2},
        "count": 4,
        "note": "Write int instead of np.int.",
    }
    assert seen.report[1]["what"] == "tensor.cuda()"
    assert seen.report[1]["where"] == {"cell": 12, "line": 4}
    assert ".to(device)" in seen.report[1]["note"]


def test_what_is_installed_and_not_used_is_not_reported(alone):
    assert alone(in_a_shell, ["import numpy as np\nif False:\n    np.int(3)"], {}).report == []


def test_a_strict_course_reports_nothing(alone):
    seen = alone(in_a_shell, ["import numpy as np", "np.int(3)"], {"strict": True})
    assert seen.report == []
    assert "AttributeError" in seen.errors[0]


# Around the notebook


MAGICS = {
    "!pip": "!pip install -q torch==1.4.0",
    "!wget": "!wget -q http://example.test/file",
    "!nvidia-smi": "!nvidia-smi",
    "!apt-get": "!sudo apt-get -qq install tree",
    "!pip3": "!pip3 install x && echo done",
    "%pip": "%pip install torchsummary",
    "%conda": "%conda install numpy",
    "%tensorflow_version": "%tensorflow_version 2.x",
    "%tensorboard": "%tensorboard --logdir runs",
    "!pip as %shell": "%shell pip install torchsummary",
    "%load_ext tensorboard": "%load_ext tensorboard",
    "%matplotlib notebook": "%matplotlib notebook",
}


@pytest.mark.parametrize("what", MAGICS)
def test_lines_for_colab_are_answered_and_fail_nothing(alone, what):
    seen = alone(in_a_shell_with_inline_figures, [MAGICS[what], "6 * 7"], {})
    assert seen.errors == []
    assert seen.value == "42"
    assert [note["what"] for note in seen.report] == [what.removesuffix(" as %shell")]
    assert seen.report[0]["where"] == {"cell": 10, "line": 1}


def in_a_shell_with_inline_figures(cells, options):
    shell = InteractiveShell.instance()
    shell.enable_gui = lambda *_: None  # as in a kernel
    return in_a_shell(cells, options)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        pytest.param("!echo hello > file; cat file", "None", id="a shell line"),
        pytest.param("lines = !echo hello\nlines", "['hello']", id="its output"),
        pytest.param("gpus = !nvidia-smi -L\nlist(gpus)", "[]", id="the output of one that is not run"),
        pytest.param("%cd /content/of nobody\nimport os\nos.path.exists('here.txt')", "True", id="cd"),
        pytest.param(
            "import os\nos.chdir('/content/of nobody')\nos.path.exists('here.txt')",
            "True",
            id="chdir",
        ),
        pytest.param("%%shell\ntrue", "None", id="colab's shell cell"),
        pytest.param("%shell touch made\nimport os\nos.path.exists('made')", "True", id="colab's shell line"),
        pytest.param("x = 'it'\n%shell touch {x}\nimport os\nos.path.exists('it')", "True", id="its names"),
        pytest.param("%shell exit 3\n6 * 7", "42", id="a shell line that fails"),
        pytest.param("%time 6 * 7", "42", id="another magic"),
        pytest.param("%load_ext grader\n%check 1a\n6 * 7", "42", id="checking itself"),
    ],
)
def test_other_lines_do_what_they_do(alone, tmp_path, cell, value):
    (tmp_path / "here.txt").touch()
    seen = alone(in_a_folder, tmp_path, [cell], {})
    assert seen.errors == []
    assert seen.value == value


def in_a_folder(folder, cells, options):
    os.chdir(folder)
    return in_a_shell(cells, options)


@pytest.mark.parametrize(
    ("cell", "value", "what"),
    [
        pytest.param(
            "from google.colab import drive\ndrive.mount('/content/drive', force_remount=True)",
            "None",
            "google.colab.drive",
            id="drive",
        ),
        pytest.param(
            "from google.colab import files\nfiles.upload()['here.txt']",
            "b'hello'",
            "google.colab.files",
            id="upload",
        ),
        pytest.param(
            "import google.colab.files as files\nfiles.download('here.txt')", "None", None, id="download"
        ),
        pytest.param("from google.colab import output\noutput.clear()", "None", None, id="output"),
        pytest.param("from google.colab import auth\nauth.authenticate_user()", "None", None, id="auth"),
        pytest.param(
            "from google.colab import data_table\ndata_table.enable_dataframe_formatter()\n"
            "data_table.DataTable([1], num_rows_per_page=3)",
            "None",
            None,
            id="data_table",
        ),
        pytest.param(
            "from google.colab.data_table import DataTable\nDataTable([1])", "None", None, id="DataTable"
        ),
        pytest.param("import google.colab.runtime as r\nr.unassign()", "None", None, id="runtime"),
        pytest.param("from google.colab import kernel\nkernel.sub.anything(1)", "None", None, id="unknown"),
        pytest.param(
            "import google.colab\n'google.colab' in str(get_ipython())", "False", None, id="am I there?"
        ),
        pytest.param(
            "from torch.utils.tensorboard import SummaryWriter\n"
            "with SummaryWriter('runs') as writer:\n    writer.add_scalar('loss', 1.0, 0)\nwriter.close()\n7",
            "7",
            "SummaryWriter",
            id="tensorboard",
        ),
        pytest.param(
            "from tensorboardX import SummaryWriter\nSummaryWriter().flush()", "None", "SummaryWriter", id="x"
        ),
    ],
)
def test_modules_of_colab_exist(alone, tmp_path, cell, value, what):
    (tmp_path / "here.txt").write_text("hello")
    seen = alone(in_a_folder, tmp_path, [cell], {})
    assert seen.errors == []
    assert seen.value == value
    assert [note["what"] for note in seen.report] == ([what] if what else [])


def displayed(source):
    """The pixels of the picture that a cell displays."""
    shell = InteractiveShell.instance()
    shell.display_formatter.active_types = ["image/png"]
    publisher = shell.display_pub = CapturingDisplayPublisher()
    seen = in_a_shell([source], {})
    pictures = [output["data"]["image/png"] for output in publisher.outputs]
    return seen.errors, [np.array(Image.open(io.BytesIO(each))).tolist() for each in pictures]


IMSHOW = "import numpy as np\nfrom google.colab.patches import cv2_imshow\ncv2_imshow({})"


@pytest.mark.parametrize(
    ("image", "pixels"),
    [
        pytest.param("np.array([[0.4, 254.9], [300, -5]])", [[0, 254], [255, 0]], id="floats"),
        pytest.param("np.array([[0, 300]])", [[0, 255]], id="whole numbers"),
        pytest.param("np.array([[7, 8]], np.uint8)", [[7, 8]], id="bytes"),
        pytest.param("np.array([[[1.0, 2, 3]]])", [[[3, 2, 1]]], id="blue, green, red"),
        pytest.param("np.array([[[1.0, 2, 3, 4]]])", [[[3, 2, 1, 4]]], id="with alpha"),
    ],
)
def test_images_are_clipped_and_shown_as_colab_shows_them(alone, image, pixels):
    assert alone(displayed, IMSHOW.format(image)) == ([], [pixels])


def asked(answers):
    compat.install({"source": "input()", "answers": answers})
    kernel = Kernel.__new__(Kernel)
    printed, sys.stdout = sys.stdout, io.StringIO()
    given = [kernel.raw_input("Epochs? "), kernel.raw_input("More? "), kernel.getpass()]
    sys.stdout, printed = printed, sys.stdout.getvalue()
    return given, printed, compat.report()


def test_input_gives_the_prepared_answers_and_then_nothing(alone):
    given, printed, report = alone(asked, ["20"])
    assert given == ["20", "", ""]
    assert printed == "Epochs? 20\nMore? \n\n"
    assert report[0]["count"] == 3


GRADIENTS = [
    ("opt.zero_grad()\nprint(x, x.grad)", False),
    ("print(x.grad)\nopt.zero_grad()", False),
    ("opt.zero_grad()\nprint(p.grad.norm())", True),
    ("total += p.grad\nopt.zero_grad()", True),
    ("opt.zero_grad()\ntotal = torch.norm(p.grad)", True),
    ("opt.zero_grad()\ntorch.autograd.grad(y, x)", False),
    ("opt.zero_grad()", False),
]


@pytest.mark.parametrize(("code", "needed"), GRADIENTS)
def test_who_uses_gradients_that_were_cleared(code, needed):
    (pattern,) = (
        each for each, change in training.CHANGES.items() if change.__name__.startswith("gradients")
    )
    assert bool(re.search(pattern, code)) == needed


# CUDA, beyond single snippets


def trained(gpu, context):
    """The weights and losses of two epochs, with all tensors on the GPU or none."""
    from grader.kernel.inside import dataroot, fastdata  # noqa: PLC0415 - only this test joins the three

    dataroot.install({}, context)
    fastdata.install({}, context)
    compat.install({"source": "net.cuda()" if gpu else ""})
    torch.manual_seed(0)
    dataset = torchvision.datasets.FashionMNIST("data", transform=torchvision.transforms.ToTensor())
    net = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, 16), torch.nn.ReLU(), torch.nn.Linear(16, 10)
    )
    net = net.cuda() if gpu else net
    optimizer = torch.optim.Adam(net.parameters())
    losses = []
    for _ in range(2):
        for images, labels in DataLoader(dataset, batch_size=50, shuffle=True):
            inputs, targets = (images.cuda(), labels.cuda()) if gpu else (images, labels)
            optimizer.zero_grad()
            loss = torch.nn.CrossEntropyLoss()(net(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses, [parameter.tolist() for parameter in net.parameters()], torch.get_rng_state().sum().item()


def test_training_on_the_gpu_that_is_not_there_is_training(alone, context):
    assert alone(trained, True, context) == alone(trained, False, context)


def saved_on_the_gpu(path):
    compat.install({"source": "net.cuda()"})
    net = torch.nn.Linear(2, 2).cuda()
    torch.save(net.state_dict(), path)
    return net.weight.tolist()


def loaded(path):
    return torch.load(path)["weight"].tolist()


def test_what_is_saved_can_be_loaded_without_it(alone, tmp_path):
    path = tmp_path / "net.pth"
    assert alone(saved_on_the_gpu, path) == alone(loaded, path)


def told_to_libraries():
    compat.install({"source": "x.cuda(), x.device"})
    x = torch.ones(2).cuda()
    scope = {"x": x, "__name__": "torch.somewhere"}
    return eval("(str(x.device), x.is_cuda, x.numpy().sum(), x.cpu() is x)", scope)  # noqa: S307 - our own text


def test_libraries_are_told_where_a_tensor_really_is(alone):
    assert alone(told_to_libraries) == ("cpu", False, 2.0, True)


PROBE = """
def evaluate(net, images):
    return net(images.cuda()).detach().numpy().shape

try:
    answer = evaluate(torch.nn.Linear(2, 2), torch.ones(1, 2))
except RuntimeError as error:
    answer = str(error)
"""


def probed_by(caller):
    compat.install({"source": "x.cuda()"})
    scope = {"__name__": caller, "torch": torch}
    exec(PROBE, scope)  # noqa: S102 - our own text
    return scope["answer"]


def test_a_probe_may_hand_over_a_network_that_was_never_moved(alone):
    assert "two devices" in alone(probed_by, "__main__")
    assert alone(probed_by, "_grader_probes") == (1, 2)


def noticed(code):
    compat.install({"source": code})
    exec(code, {"torch": torch, "nn": torch.nn})  # noqa: S102 - our own text
    return [note["what"] for note in compat.report()]


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("torch.cuda.is_available()\ntorch.ones(2).cuda()", id="the notebook asks for a GPU"),
        pytest.param("torch.set_default_tensor_type('torch.cuda.FloatTensor')", id="default type"),
        pytest.param("torch.set_default_device('cuda')", id="default device"),
    ],
)
def test_what_could_not_be_checked_is_said(alone, code):
    assert "device mismatches: could not be checked" in alone(noticed, code)
