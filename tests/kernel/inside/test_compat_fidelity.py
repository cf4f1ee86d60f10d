"""Snippets from notebooks of 2018-2021, each with the value that it gave then.

Each runs twice, in a process of its own: on stock libraries, where it gives what `without` says (`SAME`: the
very same value), and with `compat` installed for it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from grader.kernel.inside import compat

SAME = "the same value"
PRELUDE = """
import collections, fractions, inspect, io, math, os, random, sys, time
import numpy as np
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import matplotlib.cm as cm
import torch, torchvision
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.autograd import Variable
from torch.utils.data import DataLoader, TensorDataset
from torchvision import transforms
from PIL import Image

def history(*values):
    w = torch.tensor(1.0, requires_grad=True)
    return [w * value for value in values]

def pairs(n=6, batch_size=2):
    return DataLoader(TensorDataset(torch.arange(2.0 * n).view(n, 2), torch.tensor([0, 1] * (n // 2))), batch_size)

def linear(rows=2, columns=2):
    layer = nn.Linear(columns, rows)
    nn.init.ones_(layer.weight), nn.init.zeros_(layer.bias)
    return layer
"""


@dataclass(frozen=True)
class Snippet:
    code: str
    """Statements. The last line is an expression, whose value is compared."""
    value: Any
    without: str = SAME
    """The class of the error that unmodified libraries raise instead."""


# What a GPU says

OTHER_TYPE = (
    "RuntimeError: Input type (torch.FloatTensor) and weight type (torch.cuda.FloatTensor) should be the same"
)
NO_ARRAY = (
    "TypeError: can't convert cuda:0 device type tensor to numpy. "
    "Use Tensor.cpu() to copy the tensor to host memory first."
)


def apart(argument, operation):
    return (
        "RuntimeError: Expected all tensors to be on the same device, but found at least two devices, "
        f"cuda:0 and cpu! (when checking argument for argument {argument} in method wrapper_{operation})"
    )


WORDS = {"inf": float("inf"), "apart": apart, "NO_ARRAY": NO_ARRAY, "OTHER_TYPE": OTHER_TYPE}


def snippets(text):
    """Separated by blank lines. The value follows `#=>`; the error that unmodified libraries raise follows `##`."""
    for block in text.strip().split("\n\n"):
        code, _, rest = block.rpartition("#=>")
        value, _, without = rest.partition("##")
        yield Snippet(code.strip(), eval(value, WORDS), without.strip() or SAME)  # noqa: S307 - our own table


NAMES = r"""
np.array([1.7, 2.2]).astype(np.int)
#=> [1, 2]  ## AttributeError

np.zeros(2, dtype=np.float).dtype.name
#=> "float64"  ## AttributeError

np.array([1, "a"], dtype=np.object).dtype.kind
#=> "O"  ## AttributeError

np.array([0, 1]).astype(np.bool)
#=> [False, True]

np.array([1, 2]).astype(np.str)
#=> ["1", "2"]  ## AttributeError

np.complex(1, 2)
#=> 1 + 2j  ## AttributeError

np.float_(2) / 4
#=> 0.5  ## AttributeError

np.minimum(np.Inf, 3)
#=> 3.0  ## AttributeError

np.isnan(np.NaN)
#=> True  ## AttributeError

best = -np.infty
max(best, 0.5)
#=> 0.5  ## AttributeError

np.NINF
#=> -inf  ## AttributeError

np.product([2, 3, 4])
#=> 24  ## AttributeError

np.alltrue([True, False])
#=> False  ## AttributeError

np.sometrue([True, False])
#=> True  ## AttributeError

np.cumproduct([1, 2, 3])
#=> [1, 2, 6]  ## AttributeError

np.asscalar(np.array([7]))
#=> 7  ## AttributeError

np.trapz([1, 2, 3])
#=> 4.0  ## AttributeError

np.in1d([[1, 2], [3, 4]], [2, 4])
#=> [False, True, False, True]  ## AttributeError

np.round_(2.567, 1)
#=> 2.6  ## AttributeError

np.mat("1 2; 3 4").T
#=> [[1, 3], [2, 4]]  ## AttributeError

np.msort(np.array([[3, 1], [2, 4]]))
#=> [[2, 1], [3, 4]]  ## AttributeError

np.asfarray([1, 2]).dtype.name
#=> "float64"  ## AttributeError

from numpy import Inf
3 < Inf
#=> True  ## ImportError

import numpy as numeric
numeric.float(3)
#=> 3.0  ## AttributeError

isinstance([1], collections.Iterable)
#=> True  ## AttributeError

from collections import Mapping
isinstance({}, Mapping)
#=> True  ## ImportError

start = time.clock()
time.clock() >= start
#=> True  ## AttributeError

fractions.gcd(12, 18)
#=> 6  ## AttributeError

inspect.getargspec(lambda a, b=1: a).args
#=> ["a", "b"]  ## AttributeError

Image.new("L", (8, 8), 9).resize((4, 4), Image.ANTIALIAS).getpixel((1, 1))
#=> 9  ## AttributeError

transforms.Scale(4)(Image.new("L", (8, 8))).size
#=> (4, 4)  ## AttributeError

transforms.RandomSizedCrop(5)(Image.new("L", (8, 8))).size
#=> (5, 5)  ## AttributeError

from torch._six import string_classes, container_abcs
isinstance("a", string_classes), isinstance([], container_abcs.Sequence)
#=> (True, True)  ## ModuleNotFoundError

from torch._six import inf
inf
#=> inf  ## ModuleNotFoundError

cm.get_cmap("gray")(0.0)
#=> (0.0, 0.0, 0.0, 1.0)  ## AttributeError

plt.cm.get_cmap("jet", 5).N
#=> 5  ## AttributeError

plt.plot([1, 2])
plt.hold(True)
len(plt.plot([3, 4])[0].axes.lines)
#=> 2  ## AttributeError

from IPython.display import set_matplotlib_formats
callable(set_matplotlib_formats)
#=> True  ## ImportError
"""

TRAINING = r"""
images, labels = iter(pairs()).next()
labels
#=> [0, 1]  ## AttributeError

loader_iterator = iter(pairs())
loader_iterator.next()
loader_iterator.next()[0]
#=> [[4.0, 5.0], [6.0, 7.0]]  ## AttributeError

batches = iter(pairs(2))
batches.next()
try:
    batches.next()
except StopIteration:
    ended = True
ended
#=> True  ## AttributeError

data, target = pairs().__iter__().next()
data.size()
#=> (2, 2)  ## AttributeError

torch.zeros(784).resize(28, 28).shape
#=> (28, 28)

torch.arange(6).resize(2, 3)
#=> [[0, 1, 2], [3, 4, 5]]

image = torch.arange(4.0, requires_grad=True)
image.resize(2, 2).sum().backward()
image.grad
#=> [1.0, 1.0, 1.0, 1.0]

w = torch.tensor([2.0], requires_grad=True)
(w * 3).backward()
optimizer = optim.SGD([w], lr=0.1)
optimizer.zero_grad()
w.grad.data.zero_()
#=> [0.0]  ## AttributeError

net = linear()
net(torch.ones(1, 2)).sum().backward()
net.zero_grad()
[p.grad.abs().sum().item() for p in net.parameters()]
#=> [0.0, 0.0]  ## AttributeError

net = linear()
net.zero_grad()
[p.grad for p in net.parameters()]
#=> [None, None]

w = torch.tensor([2.0], requires_grad=True)
optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
for step in range(3):
    optimizer.zero_grad()
    if step == 0:
        (w * 1.0).backward()
    optimizer.step()
round(w.item(), 4), w.grad.item()
#=> (1.729, 0.0)  ## AttributeError

scheduler = optim.lr_scheduler.StepLR(optim.SGD(linear().parameters(), lr=1.0), 1, gamma=0.5, verbose=False)
scheduler.optimizer.step()
scheduler.step()
scheduler.get_last_lr()
#=> [0.5]  ## TypeError

plateau = optim.lr_scheduler.ReduceLROnPlateau(optim.SGD(linear().parameters(), lr=1.0), patience=0, verbose=True)
plateau.step(1.0), plateau.step(2.0)
plateau.optimizer.param_groups[0]["lr"]
#=> 0.1  ## TypeError

file = io.BytesIO()
torch.save(linear(), file)
file.seek(0)
torch.load(file)(torch.ones(1, 2))
#=> [[2.0, 2.0]]  ## UnpicklingError

file = io.BytesIO()
torch.save(linear().state_dict(), file)
file.seek(0)
sorted(torch.load(file))
#=> ["bias", "weight"]

torch.load(io.BytesIO(b"no file"))
#=> "UnpicklingError"  ## UnpicklingError

q, r = torch.qr(torch.tensor([[3.0, 0.0], [4.0, 5.0]]))
[round(x, 4) for x in (q @ r).flatten().tolist()]
#=> [3.0, 0.0, 4.0, 5.0]  ## RuntimeError

values, vectors = torch.symeig(torch.tensor([[2.0, 0.0], [0.0, 1.0]]), eigenvectors=True)
values
#=> [1.0, 2.0]  ## RuntimeError

torch.tensor([[2.0, 0.0], [0.0, 1.0]]).symeig().eigenvectors.numel()
#=> 0  ## RuntimeError

values, _ = torch.eig(torch.tensor([[2.0, 0.0], [0.0, 1.0]]))
sorted(values.tolist())
#=> [[1.0, 0.0], [2.0, 0.0]]  ## RuntimeError

solution, LU = torch.solve(torch.tensor([[2.0], [6.0]]), torch.tensor([[2.0, 0.0], [0.0, 3.0]]))
solution
#=> [[1.0], [2.0]]  ## RuntimeError

X, y = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]), torch.tensor([[2.0], [3.0], [4.0]])
solution, _ = torch.lstsq(y, X)
[round(x, 4) for x in solution.flatten().tolist()]
#=> [2.0, 3.0, 4.0]  ## RuntimeError

torch.cholesky(torch.tensor([[4.0, 0.0], [0.0, 9.0]]))
#=> [[2.0, 0.0], [0.0, 3.0]]  ## RuntimeError

torch.matrix_rank(torch.eye(3))
#=> 3  ## RuntimeError

Variable(torch.ones(2), requires_grad=True).sum()
#=> 2.0

Variable(torch.ones(2), volatile=True).requires_grad
#=> False

F.softmax(torch.zeros(1, 4))
#=> [[0.25, 0.25, 0.25, 0.25]]

F.sigmoid(torch.zeros(1)), F.tanh(torch.zeros(1))
#=> ([0.5], [0.0])

nn.CrossEntropyLoss(size_average=False)(torch.zeros(3, 1), torch.zeros(3, dtype=torch.long))
#=> 0.0

nn.MSELoss(reduce=False)(torch.zeros(2), torch.ones(2))
#=> [1.0, 1.0]

layer = linear()
nn.init.constant(layer.bias, 3)
layer.bias
#=> [3.0, 3.0]

p = torch.ones(2)
p.add_(-0.5, torch.ones(2))
#=> [0.5, 0.5]

nn.utils.clip_grad_norm(linear().parameters(), 1.0)
#=> 0.0

pred = torch.tensor([[0.1, 0.9], [0.8, 0.2]]).max(1, keepdim=True)[1]
pred.eq(torch.tensor([1, 1]).view_as(pred)).cpu().sum()
#=> 1

_, predicted = torch.max(torch.tensor([[0.1, 0.9], [0.8, 0.2]]).data, 1)
(predicted == torch.tensor([1, 0])).sum().item() / 2
#=> 1.0

torchvision.utils.make_grid(torch.full((1, 1, 2, 2), 5.0), normalize=True, range=(0, 10), padding=0)[0]
#=> [[0.5, 0.5], [0.5, 0.5]]  ## TypeError

transforms.RandomRotation(0, resample=False)(Image.new("L", (3, 3), 4)).getpixel((1, 1))
#=> 4  ## TypeError

transforms.RandomAffine(0, fillcolor=7).fill
#=> 7  ## TypeError
"""

HISTORIES = r"""
loss_history = history(3, 2, 1)
loss_history[0].backward()
plt.plot(loss_history)[0].get_ydata()
#=> [3.0, 2.0, 1.0]  ## RuntimeError

loss = history(0.5)[0]
loss.backward()
train_loss_history = []
train_loss_history.append(loss)
np.array(train_loss_history)
#=> [0.5]  ## RuntimeError

running_loss = 0.0
for loss in history(1, 2):
    loss.backward()
    running_loss += loss
losses = [running_loss / 2]
plt.plot(range(1), losses)[0].get_ydata()
#=> [1.5]  ## RuntimeError

criterion = nn.MSELoss()
losses = [criterion(w, torch.tensor(0.0)) for w in history(1, 2)]
np.mean(losses)
#=> 2.5  ## RuntimeError

losses = history(1, 2, 3)
losses[0].backward()
kept = [losses[1]]
plt.scatter([0], kept).get_offsets()
#=> [[0.0, 2.0]]  ## RuntimeError

losses = history(4, 2)
losses[0].backward()
plt.bar([0, 1], losses)[0].get_height()
#=> 4.0  ## RuntimeError

losses = history(4, 2)
losses[0].backward()
x = np.asarray(losses, dtype=float)
x.min()
#=> 2.0  ## RuntimeError

losses = history(4, 2)
sum(losses)
#=> 6.0

losses = history(4, 2)
min(losses), max(losses)
#=> (2.0, 4.0)

"%.2f and {:.3f}".format(history(1.2345)[0]) % history(1.2345)[0]
#=> "1.23 and 1.235"

f"{history(1.2345)[0]:.3f}"
#=> "1.235"

round(float(history(1.2345)[0]), 2), int(history(3)[0])
#=> (1.23, 3)

losses = history(1, 2)
losses[0].backward()
values = losses + [np.array(history(2)[0] * 2)]
len(values)
#=> 3  ## RuntimeError

loss = torch.ones(2, requires_grad=True)
loss.sum().backward()
kept = [loss]
plt.plot(loss)
#=> "RuntimeError"  ## RuntimeError

loss = torch.tensor(1.0, requires_grad=True)
loss.backward()
losses = [loss]
loss.numpy()
#=> "RuntimeError"  ## RuntimeError

sorted(history(3, 1, 2))[0]
#=> 1.0

float(sum(history(1, 2))) / len(history(1, 2))
#=> 1.5

[round(loss.item(), 1) for loss in history(1, 2)]
#=> [1.0, 2.0]
"""

FIGURES = r"""
fig = plt.figure()
ax = fig.add_subplot(2, 20 / 2, 3, xticks=[], yticks=[])
ax.get_subplotspec().get_geometry()
#=> (2, 10, 2, 2)  ## ValueError

plt.subplot(2, 10 / 2, 1).get_subplotspec().get_geometry()
#=> (2, 5, 0, 0)  ## ValueError

columns = 10 / 2
fig, axes = plt.subplots(2, columns)
axes.shape
#=> (2, 5)  ## ValueError

plt.subplot(2, 5 / 2, 1)
#=> "ValueError"  ## ValueError

plt.subplot2grid((2, 4 / 2), (1, 1)).get_subplotspec().get_geometry()
#=> (2, 2, 3, 3)  ## ValueError

plt.style.use("seaborn")
plt.rcParams["axes.facecolor"]
#=> "#EAEAF2"  ## OSError

plt.style.use(["seaborn-whitegrid", "ggplot"])
plt.rcParams["axes.grid"]
#=> True  ## OSError

with plt.style.context("seaborn-darkgrid"):
    colour = plt.rcParams["axes.facecolor"]
colour
#=> "#EAEAF2"  ## OSError

plt.style.use("seaborn-nonsense")
#=> "OSError"  ## OSError

plt.gca(projection="3d").name
#=> "3d"  ## TypeError

plt.figure().gca(projection="polar").name
#=> "polar"  ## TypeError

plt.hist([1, 1, 2, 2], bins=2, normed=True)[0]
#=> [1.0, 1.0]  ## AttributeError

plt.grid(b=True)
plt.gca().xaxis.get_gridlines()[0].get_visible()
#=> True  ## ValueError

plt.annotate(s="here", xy=(0, 0)).get_text()
#=> "here"  ## TypeError

plt.gca().annotate(xy=(0, 0), s="there").get_text()
#=> "there"  ## TypeError

matplotlib.use("agg", warn=False)
matplotlib.get_backend().lower()
#=> "agg"  ## TypeError

plt.figure().canvas.set_window_title("Losses")
#=> None  ## AttributeError

plt.imshow(torch.zeros(28, 28), cmap="gray_r").get_array().shape
#=> (28, 28)
"""

CUDA = r"""
torch.ones(2).cuda() + torch.ones(2).cuda()
#=> [2.0, 2.0]  ## RuntimeError

x = torch.ones(2).cuda()
x.is_cuda, str(x.device), x.get_device()
#=> (True, "cuda:0", 0)  ## RuntimeError

x = torch.ones(2)
y = x.cuda()
x.is_cuda, y is x, y.cuda() is y
#=> (False, False, True)  ## RuntimeError

x = torch.ones(2)
y = x.cuda()
y += 1
x
#=> [1.0, 1.0]  ## RuntimeError

device = torch.device("cuda:0")
x = torch.zeros(3).to(device)
x.device == device, x.to("cpu").is_cuda
#=> (True, False)  ## RuntimeError

device = "cuda:0"
x = torch.zeros(3, device=device)
str(x.device) == device
#=> True  ## RuntimeError

x = torch.tensor([1, 2], device="cuda").to(torch.float)
str(x.device), x.dtype is torch.float32
#=> ("cuda:0", True)  ## RuntimeError

torch.zeros(2).to("cuda", dtype=torch.double).dtype is torch.double
#=> True  ## RuntimeError

x = torch.zeros(2).to(device="cuda", non_blocking=True)
x.is_cuda
#=> True  ## RuntimeError

y = torch.ones(1).cuda()
torch.zeros(2).to(y).is_cuda
#=> True  ## RuntimeError

torch.zeros_like(torch.ones(2).cuda()).is_cuda
#=> True  ## RuntimeError

torch.ones(2).cuda().new_zeros(2).is_cuda
#=> True  ## RuntimeError

torch.rand(4, 4).cuda().view(2, 8)[0].is_cuda
#=> True  ## RuntimeError

torch.ones(3).cuda().type()
#=> "torch.cuda.FloatTensor"  ## RuntimeError

torch.ones(3).cuda().cpu().type()
#=> "torch.FloatTensor"  ## RuntimeError

x = torch.ones(3).type(torch.cuda.LongTensor)
x.is_cuda, x
#=> (True, [1, 1, 1])  ## RuntimeError

dtype = torch.cuda.FloatTensor
x = torch.ones(3, dtype=torch.int).type(dtype)
isinstance(x, torch.cuda.FloatTensor), isinstance(torch.ones(1), torch.cuda.FloatTensor)
#=> (True, False)  ## RuntimeError

torch.cuda.FloatTensor([1, 2]).is_cuda
#=> True  ## RuntimeError

torch.ones(3).cuda().type(torch.FloatTensor).is_cuda
#=> False  ## RuntimeError

net = linear().cuda()
next(net.parameters()).is_cuda
#=> True  ## RuntimeError

net = linear().to("cuda")
[str(p.device) for p in net.parameters()]
#=> ["cuda:0", "cuda:0"]  ## RuntimeError

net = nn.Sequential(linear(), nn.ReLU(), linear()).cuda()
out = net(torch.ones(1, 2).cuda())
out.is_cuda, out
#=> (True, [[4.0, 4.0]])  ## RuntimeError

net = linear().cuda().cpu()
net.weight.is_cuda, net(torch.ones(1, 2))
#=> (False, [[2.0, 2.0]])  ## RuntimeError

net = linear().cuda()
images = torch.ones(1, 2).to(next(net.parameters()).device)
net(images)
#=> [[2.0, 2.0]]  ## RuntimeError

net = linear().cuda()
loss = nn.CrossEntropyLoss().cuda()(net(torch.ones(1, 2).cuda()), torch.tensor([0]).cuda())
loss.backward()
loss.is_cuda, round(loss.item(), 4)
#=> (True, 0.6931)  ## RuntimeError

net = linear().cuda()
for images, labels in pairs():
    images, labels = Variable(images.cuda()), Variable(labels.cuda())
    loss = F.cross_entropy(net(images), labels)
round(loss.item(), 4)
#=> 0.6931  ## RuntimeError

net = linear().cuda()
torch.save(net.state_dict(), "/tmp/never") if False else None
state = {name: value.is_cuda for name, value in net.state_dict().items()}
state
#=> {"weight": True, "bias": True}  ## RuntimeError

net = linear().cuda()
file = io.BytesIO()
torch.save(net.state_dict(), file)
file.seek(0)
state = torch.load(file, map_location="cpu")
state["weight"].is_cuda, linear().load_state_dict(state)
#=> (False, "<All keys matched successfully>")  ## RuntimeError

file = io.BytesIO()
torch.save(linear().state_dict(), file)
file.seek(0)
torch.load(file, map_location=torch.device("cuda:0"))["bias"].is_cuda
#=> True  ## RuntimeError

file = io.BytesIO()
torch.save(linear().state_dict(), file)
file.seek(0)
torch.load(file, map_location=lambda storage, loc: storage)["bias"].cuda().cpu()
#=> [0.0, 0.0]  ## RuntimeError

x = torch.ones(2, requires_grad=True)
x.cuda().sum().backward()
x.grad
#=> [1.0, 1.0]  ## RuntimeError

x = torch.ones(2, requires_grad=True).cuda()
x.is_leaf
#=> False  ## RuntimeError

w = torch.randn(2, 1, device="cuda", requires_grad=True)
w.is_leaf, w.is_cuda
#=> (True, True)  ## RuntimeError

w = nn.Parameter(torch.ones(2).cuda())
w.is_cuda
#=> True  ## RuntimeError

p = linear().weight
p.data = p.data.cuda()
p.is_cuda
#=> True  ## RuntimeError

x = torch.ones(2).cuda()
x.detach().is_cuda, x.data.is_cuda
#=> (True, True)  ## RuntimeError

torch.ones(2).cuda().cpu().numpy()
#=> [1.0, 1.0]  ## RuntimeError

torch.ones(2).cuda().tolist(), torch.ones(1).cuda().item()
#=> ([1.0, 1.0], 1.0)  ## RuntimeError

net = nn.DataParallel(linear()).cuda()
net(torch.ones(1, 2)).is_cuda, net.module.weight.is_cuda
#=> (True, True)  ## RuntimeError

torch.cuda.synchronize()
start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
start.record()
end.record()
torch.cuda.synchronize()
0 <= start.elapsed_time(end) < 1000
#=> True  ## RuntimeError

torch.cuda.empty_cache()
torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated(), torch.cuda.memory_cached()
#=> (0, 0, 0)

torch.cuda.manual_seed_all(0), torch.cuda.set_device(0), torch.cuda.current_device()
#=> (None, None, 0)  ## RuntimeError

isinstance(torch.cuda.get_device_name(0), str)
#=> True  ## RuntimeError

scaler = torch.cuda.amp.GradScaler()
net = linear().cuda()
optimizer = optim.SGD(net.parameters(), lr=1.0)
with torch.cuda.amp.autocast():
    loss = net(torch.ones(1, 2).cuda()).sum()
scaler.scale(loss).backward()
scaler.step(optimizer)
scaler.update()
net.weight
#=> [[0.0, 0.0], [0.0, 0.0]]  ## RuntimeError

torch.set_default_tensor_type("torch.cuda.FloatTensor")
torch.zeros(2) + 1
#=> [1.0, 1.0]  ## RuntimeError

torch.set_default_tensor_type(torch.cuda.FloatTensor)
linear()(torch.ones(1, 2))
#=> [[2.0, 2.0]]  ## RuntimeError

torch.set_default_device("cuda")
torch.zeros(2) + 1
#=> [1.0, 1.0]  ## RuntimeError

with torch.device("cuda"):
    x = torch.zeros(2)
x
#=> [0.0, 0.0]  ## RuntimeError

with torch.cuda.device(0):
    x = torch.zeros(2).cuda()
x
#=> [0.0, 0.0]  ## RuntimeError

torch.ones(2).pin_memory().cuda(non_blocking=True)
#=> [1.0, 1.0]  ## RuntimeError

torch.cuda.is_available(), torch.cuda.device_count()
#=> (False, 0)

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
linear().to(device)(torch.ones(1, 2).to(device)).device.type
#=> "cpu"

losses = []
net = linear().cuda()
loss = net(torch.ones(1, 2).cuda()).sum()
loss.backward()
losses.append(loss)
plt.plot(losses)[0].get_ydata()
#=> [4.0]  ## RuntimeError
"""

MISMATCHES = r"""
net = linear().cuda()
for images, labels in pairs():
    net(images)
#=> apart("mat1", "addmm")  ## RuntimeError

net = linear()
for images, labels in pairs():
    net(images.cuda())
#=> apart("mat1", "addmm")  ## RuntimeError

net = linear().cuda()
for images, labels in pairs():
    loss = nn.CrossEntropyLoss()(net(images.view(-1, 2).cuda()), labels)
#=> apart("target", "nll_loss_forward")  ## RuntimeError

net = linear().cuda()
for images, labels in pairs():
    loss = F.nll_loss(F.log_softmax(net(images.cuda()), dim=1), labels)
#=> apart("target", "nll_loss_forward")  ## RuntimeError

net = linear()
for images, labels in pairs():
    loss = F.cross_entropy(net(images), labels.cuda())
#=> apart("target", "nll_loss_forward")  ## RuntimeError

net = nn.Conv2d(1, 1, 1).cuda()
net(torch.ones(1, 1, 2, 2))
#=> OTHER_TYPE  ## RuntimeError

w = torch.ones(2, 1).cuda()
torch.ones(1, 2) @ w
#=> apart("mat2", "mm")  ## RuntimeError

net = nn.Sequential(linear(), nn.ReLU()).cuda()
net.add_module("last", linear())
net(torch.ones(1, 2).cuda())
#=> apart("mat1", "addmm")  ## RuntimeError

net = linear().cuda()
net(torch.ones(1, 2).cuda()).detach().numpy()
#=> NO_ARRAY  ## RuntimeError

plt.imshow(torch.ones(2, 2).cuda())
#=> NO_ARRAY  ## RuntimeError
"""

AGREEMENTS = r"""
net = linear()
if torch.cuda.is_available():
    net.cuda()
for images, labels in pairs():
    out = net(images.cuda())
out.shape
#=> (2, 2)  ## RuntimeError

net = nn.DataParallel(linear().cuda())
for images, labels in pairs():
    out = net(images)
out.shape
#=> (2, 2)  ## RuntimeError

loader = DataLoader(TensorDataset(torch.ones(4, 2).cuda(), torch.zeros(4).long().cuda()), 2)
net = linear().cuda()
for images, labels in loader:
    loss = F.cross_entropy(net(images), labels)
loss.is_cuda
#=> True  ## RuntimeError

def to_gpu(samples):
    return [part.cuda() for part in torch.utils.data.default_collate(samples)]
net = linear().cuda()
for images, labels in DataLoader(pairs().dataset, 2, collate_fn=to_gpu):
    loss = F.cross_entropy(net(images), labels)
loss.is_cuda
#=> True  ## RuntimeError

import copy
net = linear().cuda()
best = copy.deepcopy(net)
best(torch.ones(1, 2).cuda())
#=> [[2.0, 2.0]]  ## RuntimeError

net = linear().cuda()
for images, labels in pairs():
    loss = F.cross_entropy(net(images.cuda()).cpu().log_softmax(1), labels)
round(loss.item(), 4)
#=> 0.6931  ## RuntimeError

net = linear().cuda()
for images, labels in pairs():
    images.data, labels.data = images.data.cuda(), labels.data.cuda()
    loss = F.cross_entropy(net(images), labels)
round(loss.item(), 4)
#=> 0.6931  ## RuntimeError

net = linear().cuda()
for images, labels in pairs():
    loss = F.cross_entropy(net(images.float().cuda()), labels.type(torch.cuda.LongTensor))
round(loss.item(), 4)
#=> 0.6931  ## RuntimeError

w = nn.Parameter(torch.ones(2, 2).cuda() * 0.5)
F.linear(torch.ones(1, 2).cuda(), w)
#=> [[1.0, 1.0]]  ## RuntimeError

net = linear().cuda()
net.weight.data = torch.ones(2, 2)
net.cuda()(torch.ones(1, 2).cuda())
#=> [[2.0, 2.0]]  ## RuntimeError

net = linear().cuda().eval()
with torch.no_grad():
    correct = sum((net(x.cuda()).argmax(1) == y.cuda()).sum().item() for x, y in pairs())
correct
#=> 3  ## RuntimeError
"""

TABLES = {
    "names": NAMES,
    "training": TRAINING,
    "histories": HISTORIES,
    "figures": FIGURES,
    "cuda": CUDA,
    "mismatches": MISMATCHES,
    "agreements": AGREEMENTS,
}
ALL = [
    pytest.param(snippet, id=f"{table}-{number}-{snippet.code.splitlines()[0][:40]}")
    for table, text in TABLES.items()
    for number, snippet in enumerate(snippets(text))
]


def plain(value):
    if isinstance(value, torch.Tensor):
        return value.detach().tolist()
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple | list) and not isinstance(value, torch.Size):
        return type(value)(map(plain, value)) if type(value) in (tuple, list) else repr(value)
    if isinstance(value, torch.Size):
        return tuple(value)
    return value


def outcome(code, installed):
    """The value or error of the snippet, and the report."""
    if installed:
        compat.install({"source": PRELUDE + code})
    scope = {}
    exec(PRELUDE, scope)  # noqa: S102 - our own table
    *statements, last = code.splitlines()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if last.startswith((" ", "\t")):
                exec(code, scope)  # noqa: S102
                return None, compat.report()
            exec("\n".join(statements), scope)  # noqa: S102
            return plain(eval(last, scope)), compat.report()  # noqa: S307
        except Exception as error:  # noqa: BLE001 - the error is what is compared
            return f"{type(error).__name__}: {error}", compat.report()


def same(given, wanted):
    if isinstance(wanted, str) and wanted.endswith("Error"):
        return str(given).startswith(f"{wanted}: ")
    if isinstance(wanted, float):
        return given == pytest.approx(wanted, nan_ok=True)
    return given == wanted or repr(given) == repr(wanted)


@pytest.mark.parametrize("snippet", ALL)
def test_it_gives_what_it_gave_then(alone, snippet):
    value, report = alone(outcome, snippet.code, True)
    assert same(value, snippet.value)
    stock, nothing = alone(outcome, snippet.code, False)
    if snippet.without == SAME:
        assert same(stock, snippet.value)
    else:
        assert same(stock, snippet.without)
    assert not nothing
    if snippet.without != SAME and not isinstance(snippet.value, str):
        assert report


def test_there_are_enough_of_them():
    assert len(ALL) >= 100
