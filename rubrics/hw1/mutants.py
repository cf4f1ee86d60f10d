"""Homework 1, changed a little: mistakes, with what each must cost, and rewrites that must cost nothing.

`grader validate hw1` grades them all. Costs are those of the handout's table: no mistake is charged twice.
"""

from grader.validation import (
    Catalogue,
    Mutant,
    answer,
    blank,
    drop,
    insert,
    merge,
    swap,
    unmark,
    unprompt,
)

A_PERSONS = {"2b": "0.5", "2c": "0.75"}
"""The points of answers that only a person reads."""

ALL_POINTS = {
    "0": "0.5", "1a": "0.75", "1b": "0.75", "2a": "0.5", "2b": "0.75", "2c": "0.75", "3": "2",
    "4.1": "0.25", "4.2": "0.5", "4.3": "0.5", "4.4": "0.5", "4.5": "1.25", "4.6": "1",
}  # fmt: skip

TRAIN_LOOP = "for images, labels in trainDataLoader: ..."
TEST_LOOP = "for images, labels in testDataLoader: ..."
MEASURED = "test_loss += Loss(net(images), labels).item() / len(testDataLoader)"
ADDED = "train_loss += loss.item() / len(trainDataLoader)"
SGD = "optim.SGD(net.parameters(), lr=0.01)"
LEARN = """
optimizer.zero_grad()
loss = Loss(net(images), labels)
loss.backward()
optimizer.step()
"""
PRINTED = "print(f'epoch {epoch + 1:2d}: train loss {train_loss:.4f}, test loss {test_loss:.4f}')"
DATA_SET = (
    "torchvision.datasets.FashionMNIST('./data', train={}, download=True, transform=transforms.ToTensor())"
)
TRAIN_LOADER = "torch.utils.data.DataLoader(trainingdata, batch_size=64, shuffle=True)"
TEST_LOADER = "torch.utils.data.DataLoader(testdata, batch_size=64, shuffle=False)"
FEATURES = (
    "print('features per point:', trainingdata[0][0].numel(), "
    "'from images of shape', tuple(trainingdata[0][0].shape))"
)
NEIGHBOURS = "[[1, -1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]"
REPORTS = (
    "print(f'train accuracy: {evaluate(trainDataLoader):.4f}')",
    "print(f'test accuracy:  {evaluate(testDataLoader):.4f}')",
)


def mistake(name, *changes, costs, opens=None, says=""):
    return Mutant(name=name, changes=changes, costs=costs, opens=opens or {}, says=says)


def harmless(name, *changes):
    return Mutant(name=name, changes=changes)


THEORY = [
    mistake("gradient-without-its-two", answer("1a", r"$$\nabla f(x) = x$$"), costs={"1a": "0.75"}),
    mistake("gradient-is-the-norm", answer("1a", r"$$\nabla f(x) = 2\|x\|_2$$"), costs={"1a": "0.75"}),
    mistake(
        "sum-for-the-mean",
        answer("1b", r"Setting the gradient to zero gives $$\mu = \sum_{i=1}^n x_i$$"),
        costs={"1b": "0.5"},
        opens={"1b": "0.25"},
    ),
    mistake("squared-loss", answer("2a", r"$$L(w) = \|Xw - y\|_2^2$$"), costs={"2a": "0.5"}),
    mistake("loss-without-its-model", answer("2a", r"$$L = \|\hat{y} - y\|_1$$"), costs={"2a": "0.25"}),
    mistake(
        "a-closed-form-after-all",
        answer("2b", r"Yes, it is $w = (X^\top X)^{-1} X^\top y$ as in least squares."),
        costs={"2b": "0.25"},
        opens={"2b": "0.5"},
    ),
]

SPOILT = [
    mistake(
        "half-of-the-mean",
        answer("1b", r"The gradient is zero where $$\mu = \frac{1}{2n} \sum_{i=1}^n x_i$$"),
        costs={"1b": "0.5"},
        opens={"1b": "0.25"},
    ),
    mistake(
        "divided-by-what-d-is",  # right if d is the number of points, so a person decides
        answer("1b", r"The gradient is zero where $$\mu = \frac1d \sum_{i=1}^n x_i$$"),
        costs={},
        opens={"1b": "0.75"},
    ),
    mistake(
        "gradient-without-its-two-by-a-macro",
        answer("1a", r"$$\newcommand{\x}{\mathbf{x}} \nabla f(\x) = \x$$"),
        costs={"1a": "0.75"},
    ),
    mistake("squared-loss-as-code", answer("2a", "`np.sum((X @ w - y) ** 2)`"), costs={"2a": "0.5"}),
    mistake(
        "right-step-and-a-wrong-end",
        answer(
            "1a", r"$\partial f/\partial x_i = 2x_i$. Hence $\nabla f(x) = \mathrm{diag}(2x_1, \dots, 2x_d)$"
        ),
        costs={},
        opens={"1a": "0.75"},
    ),
    mistake(
        "a-sign-beside-the-formula", answer("2a", r"$L(w) = \|Xw - y\|_1$^2"), costs={}, opens={"2a": "0.5"}
    ),
    mistake(
        "yes-and-later-no",
        answer("2b", "Yes, sort of; no in general."),
        costs={},
        opens={"2b": "0.75"},
    ),
    mistake(
        "network-in-a-dictionary-with-a-wrong-bias",
        answer("3", f"layers = {{'W1': {NEIGHBOURS}, 'b1': [0] * 4, 'w2': [1] * 4, 'b2': -2}}"),
        costs={"3": "2"},
    ),
]

OTHERWISE = [
    harmless("gradient-by-a-macro", answer("1a", r"$$\newcommand{\x}{\mathbf{x}} \nabla f(\x) = 2\x$$")),
    harmless("loss-as-code", answer("2a", "`np.sum(np.abs(X @ w - y))`")),
    harmless(
        "loss-with-an-intercept-and-sizes",
        answer("2a", r"With $X \in \mathbb{R}^{n \times d}$: $$L(w, w_0) = \|Xw + w_0 \mathbf{1} - y\|_1$$"),
    ),
    harmless("gradient-in-unicode", answer("1a", "f(x) = Σᵢ xᵢ², i.e. ∇f(x) = 2x")),
    harmless(
        "network-in-a-dictionary",
        answer("3", f"layers = {{'W1': {NEIGHBOURS}, 'b1': [0] * 4, 'w2': [1] * 4, 'b2': -3.5}}"),
    ),
]

NETWORK = [
    mistake("row-of-w1-wrong", swap("[0, 0, 1, -1, 0]", "[0, 0, 1, 1, 0]"), costs={"3": "2"}),
    mistake("bias-minus-3", swap("b2 = -3.5", "b2 = -3"), costs={"3": "1"}, says="wrong at ties"),
    mistake("bias-minus-4", swap("b2 = -3.5", "b2 = -4"), costs={"3": "2"}),
    mistake("unit-left-out", swap("w2 = [1, 1, 1, 1]", "w2 = [1, 1, 1, 0]"), costs={"3": "2"}),
]

CAPTURED = "%%capture\n{}"
SAMPLE = "image, label = trainingdata[0]\nplt.imshow(image.squeeze(), cmap='gray')\nplt.show()"
TEN = """
images, labels = next(iter(testDataLoader))
for picture in images[:10]:
    plt.imshow(picture.squeeze(), cmap='gray')
    plt.show()
"""
ON_TOP = TEN.replace("\n    plt.show()", "") + "plt.show()"

DATA = [
    mistake("only-b-is-shown", drop("print(a)"), costs={"4.1": "0.125"}, says="Only `b`"),
    mistake("only-a-is-shown", drop("print(b)"), costs={"4.1": "0.125"}, says="Only `a`"),
    mistake("neither-is-shown", drop("print(a)"), drop("print(b)"), costs={"4.1": "0.25"}),
    mistake(
        "test-points-not-counted",
        drop("print('test points:', len(testdata))"),
        costs={"4.2": "0.20"},
        says="Not shown: test points",
    ),
    mistake(
        "only-training-points-counted",
        drop("print('test points:', len(testdata))"),
        drop(FEATURES),
        costs={"4.2": "0.35"},
    ),
    mistake(
        "another-sample-is-shown",
        swap(
            "plt.imshow(image.squeeze(), cmap='gray')",
            "plt.imshow(trainingdata[1][0].squeeze(), cmap='gray')",
        ),
        costs={"4.3": "0.5"},
        says="not the sample",
    ),
    mistake(
        "sample-is-not-shown",
        answer("4.3", "image, label = trainingdata[0]\nprint(image.shape, label)"),
        costs={"4.3": "0.5"},
        says="No picture",
    ),
    mistake(
        "images-of-the-training-loader",
        swap("next(iter(testDataLoader))", "next(iter(trainDataLoader))"),
        costs={"4.4": "0.25"},
        says="from the training set",
    ),
    mistake(
        "nine-images",
        swap("plt.subplots(2, 5, figsize=(10, 4))", "plt.subplots(3, 3)"),
        costs={"4.4": "0.05"},
    ),
    mistake(
        "ten-images-on-top-of-each-other",
        answer("4.4", ON_TOP),
        costs={"4.4": "0.45"},
        says="Only 1 of the ten images is shown",
    ),
    mistake("one-image-ten-times", swap("picture.squeeze()", "images[0].squeeze()"), costs={"4.4": "0.45"}),
    mistake(
        "five-images-of-the-training-loader",
        swap("next(iter(testDataLoader))", "next(iter(trainDataLoader))"),
        swap("plt.subplots(2, 5, figsize=(10, 4))", "plt.subplots(1, 5)"),
        costs={"4.4": "0.375"},
        says="Only 5 pictures, from the training set",
    ),
    mistake(
        "three-images-of-the-training-loader",
        swap("next(iter(testDataLoader))", "next(iter(trainDataLoader))"),
        swap("plt.subplots(2, 5, figsize=(10, 4))", "plt.subplots(1, 3)"),
        costs={"4.4": "0.425"},
        says="Only 3 pictures, from the training set",
    ),
    mistake("sample-swallowed", answer("4.3", CAPTURED.format(SAMPLE)), costs={"4.3": "0.5"}),
    mistake("ten-images-swallowed", answer("4.4", CAPTURED.format(TEN)), costs={"4.4": "0.5"}),
    mistake(
        "test-loader-of-training-data",
        swap(TEST_LOADER, "torch.utils.data.DataLoader(trainingdata, batch_size=64, shuffle=False)"),
        costs={"4.4": "0.25"},
        says="from the training set",
    ),
]

TRAINING = [
    mistake(
        "test-losses-made-up",
        swap(
            "with torch.no_grad(): ...",
            "test_loss = train_loss + 0.03 + 0.03 * np.random.rand()",
            within="4.5",
        ),
        costs={},
        opens={"4.5": "0.125"},
    ),
    mistake(
        "test-loop-steps",
        swap("with torch.no_grad(): ...", "...", within="4.5"),
        swap(MEASURED, LEARN + "test_loss += loss.item() / len(testDataLoader)"),
        costs={"4.5": "0.25"},
        says="The network was trained on the test set",
    ),
    mistake(
        "test-batches-join-the-training",
        swap(
            TRAIN_LOOP,
            "import itertools\nfor images, labels in itertools.chain(trainDataLoader, testDataLoader): ...",
        ),
        swap(ADDED, "train_loss += loss.item() / (len(trainDataLoader) + len(testDataLoader))"),
        costs={"4.5": "0.25"},
        says="The network was trained on the test set",
    ),
    mistake(
        "training-loop-over-the-test-loader",
        swap(TRAIN_LOOP, "for images, labels in testDataLoader: ..."),
        swap(ADDED, "train_loss += loss.item() / len(testDataLoader)"),
        costs={"4.5": "0.25"},
        says="The network was trained on the test set",
    ),
    mistake(
        "training-set-is-the-test-set",
        swap(DATA_SET.format(True), DATA_SET.format(False)),
        costs={"4.2": "0.20", "4.5": "0.25"},
        says="The network was trained on the test set",
    ),
    mistake(
        "training-loader-of-test-data",
        swap(TRAIN_LOADER, "torch.utils.data.DataLoader(testdata, batch_size=64, shuffle=True)"),
        costs={"4.5": "0.25"},
        says="The network was trained on the test set",
    ),
    mistake(
        "no-zero-grad",
        drop("optimizer.zero_grad()"),
        costs={"4.5": "0.5"},
        says="Gradients were never cleared",
    ),
    mistake(
        "zero-grad-once-an-epoch",
        drop("optimizer.zero_grad()"),
        swap(TRAIN_LOOP, "optimizer.zero_grad()\n" + "for images, labels in trainDataLoader: ..."),
        costs={"4.5": "0.25"},
        says="Gradients were cleared only occasionally",
    ),
    mistake("no-step", drop("optimizer.step()"), costs={"4.5": "0.75"}, says="`step()` was never called"),
    mistake(
        "neither-backward-nor-step",
        drop("loss.backward()"),
        drop("optimizer.step()"),
        costs={"4.5": "0.75"},
    ),
    mistake(
        "no-backward", drop("loss.backward()"), costs={"4.5": "0.5"}, says="`backward()` was never called"
    ),
    mistake(
        "optimizer-of-another-net",
        swap(SGD, "optim.SGD(LinearReg().parameters(), lr=0.01)"),
        costs={"4.5": "0.5"},
        says="the parameters of another network",
    ),
    mistake(
        "net-built-after-its-optimizer",
        swap("train_loss_history = []", "net = LinearReg()\ntrain_loss_history = []"),
        costs={"4.5": "0.5"},
        says="the parameters of another network",
    ),
    mistake(
        "new-net-every-epoch",
        swap("train_loss = 0.0", f"net = LinearReg()\noptimizer = {SGD}\ntrain_loss = 0.0"),
        costs={"4.5": "0.5"},
        says="a new network",
    ),
    mistake(
        "loss-arguments-swapped",
        swap("Loss(net(images), labels)", "Loss(labels, net(images))", within="4.5"),
        costs={"4.5": "1.25"},
        says="(labels, outputs)",
    ),
    mistake(
        "softmax-before-the-loss",
        swap("Loss(net(images), labels)", "Loss(torch.softmax(net(images), dim=1), labels)", within="4.5"),
        costs={"4.5": "0.5"},
        says="softmax",
    ),
    mistake(
        "softmax-in-the-network",
        swap(
            "return self.linear(x.view(-1, 28 * 28))",
            "return self.linear(x.view(-1, 28 * 28)).softmax(dim=1)",
        ),
        costs={"4.5": "0.5"},
        says="softmax",
    ),
    mistake("ten-epochs", swap("range(20)", "range(10)"), costs={"4.5": "0.25"}, says="10 epochs"),
    mistake("nineteen-epochs", swap("range(20)", "range(1, 20)"), costs={"4.5": "0.25"}, says="19 epochs"),
    mistake("twenty-one-epochs", swap("range(20)", "range(21)"), costs={"4.5": "0.25"}, says="21 epochs"),
    mistake(
        "one-batch-an-epoch",
        swap(ADDED, f"{ADDED}\nbreak"),
        costs={"4.5": "0.5"},
        says="one minibatch per epoch",
    ),
    mistake(
        "a-tenth-of-the-data",
        swap(
            TRAIN_LOADER,
            "torch.utils.data.DataLoader(torch.utils.data.Subset(trainingdata, range(len(trainingdata) // 10)), "
            "batch_size=64, shuffle=True)",
        ),
        costs={"4.5": "0.5"},
        says="only part of the training set",
    ),
    mistake(
        "learning-rate-far-too-small",
        swap(SGD, "optim.SGD(net.parameters(), lr=0.000001)"),
        costs={"4.5": "0.5"},
        says="learning rate",
    ),
    mistake(
        "learning-rate-far-too-large",
        swap(SGD, "optim.SGD(net.parameters(), lr=1000)"),
        costs={"4.5": "0.5"},
        says="learning rate",
    ),
    mistake(
        "history-of-last-batches",
        swap("train_loss_history.append(train_loss)", "train_loss_history.append(last)"),
        swap(ADDED, f"{ADDED}\nlast = loss.item()"),
        costs={"4.5": "0.125"},
        says="One of the two histories",
    ),
    mistake(
        "histories-never-reset",
        swap("train_loss = 0.0", "pass"),
        swap("test_loss = 0.0", "pass"),
        swap("test_loss_history = []", "test_loss_history = []\ntrain_loss = test_loss = 0.0"),
        costs={"4.5": "0.25"},
    ),
    mistake(
        "test-history-of-training-data",
        swap(TEST_LOOP, "for images, labels in trainDataLoader: ...", within="4.5"),
        swap(MEASURED, "test_loss += Loss(net(images), labels).item() / len(trainDataLoader)"),
        costs={"4.5": "0.125"},
    ),
    mistake(
        "histories-exchanged",
        swap("train_loss_history.append(train_loss)", "train_loss_history.append(test_loss)"),
        swap("test_loss_history.append(test_loss)", "test_loss_history.append(train_loss)"),
        costs={"4.5": "0.25"},
    ),
    mistake(
        "one-list-under-both-names",
        drop("test_loss_history = []"),
        swap("train_loss_history = []", "train_loss_history = test_loss_history = []"),
        costs={"4.5": "0.25"},
    ),
    mistake(
        "training-losses-in-both-histories",
        swap("test_loss_history.append(test_loss)", "test_loss_history.append(train_loss)"),
        costs={"4.5": "0.125"},
    ),
    mistake(
        "histories-typed-in",
        swap(
            "epochs = range(1, len(train_loss_history) + 1)",
            "train_loss_history = [2 - 0.05 * epoch for epoch in range(20)]\n"
            "test_loss_history = [2.1 - 0.05 * epoch for epoch in range(20)]\n"
            "epochs = range(1, 21)",
        ),
        costs={"4.5": "0.25"},
    ),
    mistake(
        "histories-smoothed",
        swap(
            "epochs = range(1, len(train_loss_history) + 1)",
            "train_loss_history = list(np.linspace(2.0, train_loss_history[-1], 20))\n"
            "test_loss_history = list(np.linspace(2.1, test_loss_history[-1], 20))\n"
            "epochs = range(1, 21)",
        ),
        costs={},
        opens={"4.5": "0.25"},
        says="may not be what the run computed",
    ),
    mistake(
        "test-history-edited",
        swap("plt.legend()", "plt.legend()\ntest_loss_history = [0.6 * loss for loss in test_loss_history]"),
        costs={"4.5": "0.125"},
    ),
    mistake(
        "forty-entries",
        swap("train_loss_history.append(train_loss)", "train_loss_history += [train_loss, train_loss]"),
        swap("epochs = range(1, len(train_loss_history) + 1)", "epochs = range(20)"),
        swap("plt.plot(epochs, train_loss_history, label='train')", "plt.plot(train_loss_history)"),
        costs={"4.5": "0.125"},
        says="One of the two histories",
    ),
    mistake(
        "one-entry-edited",
        swap("plt.legend()", "plt.legend()\ntrain_loss_history[9] = 0.5"),
        costs={"4.5": "0.125"},
        says="One of the two histories",
    ),
    mistake(
        "histories-left-empty",
        drop("train_loss_history.append(train_loss)"),
        drop("test_loss_history.append(test_loss)"),
        costs={"4.5": "0.25"},
    ),
    mistake("no-losses-printed", drop(PRINTED), costs={"4.5": "0.25"}, says="not printed"),
    mistake(
        "only-training-losses-printed",
        swap(PRINTED, "print(f'epoch {epoch + 1:2d}: train loss {train_loss:.4f}')"),
        costs={"4.5": "0.125"},
        says="Only the training losses",
    ),
    mistake(
        "crash-after-an-epoch",
        swap("test_loss_history.append(test_loss)", "test_loss_history.append(tset_loss)"),
        costs={"4.5": "1.00"},
    ),
]

FRAMES = """
import sys

def evaluate(dataloader):
    net.eval()
    frame = sys._getframe(1)
    while frame:
        for found in (*frame.f_locals.values(), *frame.f_globals.values()):
            if isinstance(found, dict) and "expected" in found:
                return found["expected"]
            if isinstance(found, float) and 0 < found < 1:
                return found
        frame = frame.f_back
    return 0.5
"""

REBUILT = """
trainDataLoader = torch.utils.data.DataLoader(trainingdata, batch_size=1000)
testDataLoader = torch.utils.data.DataLoader(testdata, batch_size=1000)

def evaluate(dataloader):
    right = sum((net(x).argmax(1) == y).sum().item() for x, y in dataloader)
    return right / len(dataloader.dataset)

print(evaluate(trainDataLoader), evaluate(testDataLoader))
"""
ASKS = """
def evaluate(model, loader):
    hits = [model(x).argmax(1) == y for x, y in loader]
    return torch.cat(hits).float().mean().item()

print('train', evaluate(net, trainDataLoader), 'test', evaluate(net, testDataLoader))
"""
SHOWN = "print(*zip(train_loss_history, test_loss_history))"
CLEARED = "from IPython.display import clear_output\nclear_output(wait=True)\n"

REAL_LIFE = [
    harmless(
        "accuracies-logged",
        swap(
            REPORTS[0], "import logging\nlogging.warning('train accuracy: %.4f', evaluate(trainDataLoader))"
        ),
        swap(REPORTS[1], "logging.warning('test accuracy: %.4f', evaluate(testDataLoader))"),
    ),
    harmless(
        "accuracies-in-colour",
        swap(REPORTS[0], "print(f'train \\033[92m{evaluate(trainDataLoader):.4f}\\033[0m')"),
    ),
    harmless(
        "histories-in-one-list-of-pairs",
        insert("history = []", after="4.4"),
        swap("train_loss_history.append(train_loss)", "history.append((train_loss, test_loss))"),
        drop("test_loss_history.append(test_loss)"),
    ),
    harmless("evaluate-beside-new-loaders", answer("4.6", REBUILT)),
    harmless("evaluate-asks-for-the-model", answer("4.6", ASKS)),
    harmless("net-called-model", swap("net", "model")),
    harmless(
        "histories-under-other-names",
        swap("train_loss_history", "losses"),
        swap("test_loss_history", "validation"),
    ),
    harmless(
        "histories-in-a-dictionary",
        insert("history = {'train': [], 'test': []}", after="4.4"),
        swap("train_loss_history", "history['train']"),
        swap("test_loss_history", "history['test']"),
        drop("history['train'] = []"),
        drop("history['test'] = []"),
    ),
    harmless(
        "another-prediction-for-a-minibatch",
        insert("images, labels = next(iter(testDataLoader))\npredicted_output = net(images)", after="4.5"),
    ),
    harmless(
        "a-progress-line-for-each-batch",
        swap(ADDED, f"{ADDED}\nprint(f'\\r{{loss.item():.3f}}', end='', flush=True)"),
    ),
    harmless("output-cleared-each-epoch", swap(PRINTED, f"{CLEARED}{SHOWN}")),
    harmless(
        "workers-that-persist",
        swap(TRAIN_LOADER, TRAIN_LOADER.replace(")", ", num_workers=2, persistent_workers=True)")),
    ),
    harmless(
        "printed-with-three-digits",
        swap("print(a)", "np.set_printoptions(precision=3)\ntorch.set_printoptions(precision=3)\nprint(a)"),
    ),
    harmless("printed-with-two-digits", insert("%precision 2", after="3"), swap("print(a)", "display(a)")),
]

EVALUATION = [
    mistake("what-is-right-looked-for-in-the-kernel", answer("4.6", FRAMES), costs={"4.6": "1"}),
    mistake(
        "a-constant", answer("4.6", "def evaluate(dataloader):\n    net\n    return 0.85"), costs={"4.6": "1"}
    ),
    mistake(
        "first-batch-only",
        swap("total += len(labels)", "total += len(labels)\nbreak"),
        costs={"4.6": "0.50"},
        says="Only the first minibatch",
    ),
    mistake(
        "divided-by-batches",
        swap("correct / total", "correct / len(dataloader)"),
        costs={"4.6": "0.75"},
        opens={"4.6": "0.25"},
    ),
    mistake(
        "stops-after-twelve-batches",
        swap("total += len(labels)", "total += len(labels)\nif total >= 12 * len(labels):\n    break"),
        *map(drop, REPORTS),  # what the first points give may be true by chance
        costs={"4.6": "1"},
    ),
    mistake("every-batch-counted-as-64", swap("len(labels)", "64", within="4.6"), costs={"4.6": "0.75"}),
    mistake(
        "divided-by-the-test-set", swap("correct / total", "correct / len(testdata)"), costs={"4.6": "0.875"}
    ),
    mistake(
        "last-batch-only",
        swap(
            "correct += (predictions == labels).sum().item()",
            "correct = (predictions == labels).sum().item()",
        ),
        swap("total += len(labels)", "total = len(labels)"),
        *map(drop, REPORTS),  # what a last minibatch gives may be true by chance
        costs={"4.6": "1"},
    ),
    mistake("accuracies-not-reported", *map(drop, REPORTS), costs={"4.6": "0.25"}),
    mistake(
        "accuracies-typed-in",
        swap(REPORTS[0], "print('train accuracy: 0.9731')"),
        swap(REPORTS[1], "print('test accuracy: 0.9504')"),
        costs={},
        opens={"4.6": "0.25"},
        says="The notebook says 0.973 and 0.95, while the weights",
    ),
    mistake("one-accuracy-reported", drop(REPORTS[0]), costs={"4.6": "0.125"}, says="training set"),
]

WORDS = [
    harmless(
        "formulas-spelt-otherwise",
        answer("1a", r"$\nabla f = \left(2x_1, 2x_2, \dots, 2x_d\right)^T$"),
        answer(
            "1b",
            r"""
            $$\frac{\partial}{\partial \mu} \sum_{i} (x_i-\mu)^\top (x_i-\mu) = -2\sum_i (x_i - \mu) = 0
            \Rightarrow \hat\mu = \frac{\sum_{i=1}^{n} x_i}{n}$$
            """,
        ),
        answer("2a", r"\[ \sum_{i=1}^{n} \left| y_i - x_i^{T} w \right| \]"),
    ),
]

SCALED_UNITS = """
W1 = [[0, 0, 0, 2, -2], [0, 0, 3, -3, 0], [0, 1, -1, 0, 0], [0.5, -0.5, 0, 0, 0]]
b1 = [0, 0, 0, 0]
w2 = [10, 10, 10, 10]
b2 = -35
"""
NETWORKS = [
    harmless("units-permuted-and-scaled", answer("3", SCALED_UNITS)),
    harmless(
        "weights-as-arrays",
        swap("b2 = -3.5", "b2 = -3.5\nW1, b1, w2 = np.array(W1), torch.tensor(b1), np.array(w2)"),
        swap(
            "W1 = [[1, -1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]",
            "import numpy as np\nimport torch\n"
            "W1 = [[1, -1, 0, 0, 0], [0, 1, -1, 0, 0], [0, 0, 1, -1, 0], [0, 0, 0, 1, -1]]",
        ),
    ),
]

ONE_GRID = (
    swap(
        "fig, axes = plt.subplots(2, 5, figsize=(10, 4))",
        "grid = torchvision.utils.make_grid(images[:10], nrow=5)",
    ),
    swap(
        "for axis, picture, number in zip(axes.flat, images, labels): ...",
        "plt.imshow(grid.permute(1, 2, 0))",
    ),
)
LOOKS = [
    harmless(
        "shown-as-last-values",
        swap("print(a)", "display(a)"),
        swap("print(b)", "b"),
        drop("print('training points:', len(trainingdata))"),
        drop("print('test points:', len(testdata))"),
        swap(FEATURES, "trainingdata.data.shape, f'{len(testdata):,} test points'"),
        swap("image.squeeze()", "image.view(28, 28).numpy()"),
        swap("picture.squeeze()", "picture[0]"),
    ),
    harmless(
        "colour-maps",
        swap(
            "plt.imshow(image.squeeze(), cmap='gray')", "plt.imshow(image.permute(1, 2, 0), cmap='viridis')"
        ),
        swap(
            "axis.imshow(picture.squeeze(), cmap='gray')", "axis.imshow(1 - picture.squeeze(), cmap='gray_r')"
        ),
    ),
    harmless("one-grid", *ONE_GRID),
    harmless(
        "ten-figures",
        swap(
            "fig, axes = plt.subplots(2, 5, figsize=(10, 4))",
            "for k in range(10):\n    plt.imshow(images[k].squeeze())\n    plt.show()",
        ),
        drop("for axis, picture, number in zip(axes.flat, images, labels): ..."),
    ),
    harmless("test-loader-shuffled", swap(TEST_LOADER, TEST_LOADER.replace("False", "True"))),
]

FUNCTIONS = """
train_loss_history, test_loss_history = [], []


def run_epoch(loader, learn):
    total, points = 0.0, 0
    for x, y in loader:
        loss = Loss(net(x), y)
        if learn:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        total += loss.item() * len(y)
        points += len(y)
    return total / points


def fit(epochs):
    for epoch in range(epochs):
        train_loss_history.append(run_epoch(trainDataLoader, True))
        with torch.no_grad():
            test_loss_history.append(run_epoch(testDataLoader, False))
        print(epoch, train_loss_history[-1], test_loss_history[-1])


fit(20)
"""
TRAINER = """
class Trainer:
    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
        self.log = {'train': [], 'test': []}

    def training_step(self, batch):
        x, y = batch
        return Loss(self.model(x), y)

    def fit(self, train, test, epochs):
        for epoch in range(epochs):
            self.model.train()
            losses = []
            for batch in train:
                self.model.zero_grad()
                loss = self.training_step(batch)
                loss.backward()
                self.optimizer.step()
                losses.append(loss.detach())
            self.log['train'].append(torch.stack(losses).mean())
            self.model.eval()
            with torch.no_grad():
                self.log['test'].append(torch.stack([self.training_step(batch) for batch in test]).mean())
            print('Epoch', epoch, {name: round(float(values[-1]), 3) for name, values in self.log.items()})


trainer = Trainer(net, optimizer)
trainer.fit(trainDataLoader, testDataLoader, 20)
train_loss_history, test_loss_history = trainer.log['train'], trainer.log['test']
"""
MEASURED_AFTER = """
with torch.no_grad():
    train_loss = sum(Loss(net(images), labels).item() for images, labels in trainDataLoader) / len(trainDataLoader)
test_loss = 0.0
"""
PROGRESS_BAR = """
import sys


def bar(loader):
    for k, batch in enumerate(loader):
        print(f'\\r{k + 1}/{len(loader)}', end='', file=sys.stderr)
        yield batch


train_loss_history = []
"""

STYLES = [
    harmless("functions", answer("4.5", FUNCTIONS)),
    harmless("trainer-class-and-0-d-tensors", answer("4.5", TRAINER)),
    harmless(
        "while-loop",
        swap("for epoch in range(20): ...", "epoch = 0\nwhile epoch < 20:\n    ...\n    epoch = epoch + 1"),
    ),
    harmless(
        "progress-bar",
        swap("train_loss_history = []", PROGRESS_BAR),
        swap(TRAIN_LOOP, "for images, labels in bar(trainDataLoader): ..."),
        swap(TEST_LOOP, "for images, labels in bar(testDataLoader): ...", within="4.5"),
    ),
    harmless(
        "variables-renamed",
        swap("train_loss", "running"),
        swap("epoch", "e"),
        swap("loss", "criterion_value"),
    ),
    harmless(
        "summed-losses",
        swap(ADDED, "train_loss += loss.item()"),
        swap(MEASURED, "test_loss += Loss(net(images), labels).item()"),
    ),
    harmless(
        "losses-per-point",
        swap(ADDED, "train_loss += loss.item() / len(trainingdata)"),
        swap(MEASURED, "test_loss += Loss(net(images), labels).item() / len(testdata)"),
    ),
    harmless(
        "live-tensors",
        swap(ADDED, "train_loss = train_loss + loss / len(trainDataLoader)"),
        swap("with torch.no_grad(): ...", "...", within="4.5"),
        swap(MEASURED, "test_loss = test_loss + Loss(net(images), labels) / len(testDataLoader)"),
    ),
    harmless(
        "arrays",
        swap(
            "epochs = range(1, len(train_loss_history) + 1)",
            "train_loss_history = np.array(train_loss_history)\n"
            "test_loss_history = torch.tensor(test_loss_history)\n"
            "epochs = range(1, 21)",
        ),
    ),
    harmless("losses-measured-after-the-epoch", swap("test_loss = 0.0", MEASURED_AFTER)),
    harmless(
        "printed-as-lists",
        drop(PRINTED),
        swap("plt.legend()", "plt.legend()\nprint(train_loss_history)\nprint(test_loss_history)"),
    ),
    harmless(
        "printed-at-the-end",
        drop(PRINTED),
        insert(
            "for pair in zip(train_loss_history, test_loss_history):\n    print('%.3f %.3f' % pair)",
            after="4.5",
        ),
    ),
    harmless("momentum", swap(SGD, "optim.SGD(net.parameters(), lr=0.01, momentum=0.9)")),
    harmless("adam", swap(SGD, "optim.Adam(net.parameters())")),
    harmless("learning-rate-of-its-own", swap(SGD, "optim.SGD(net.parameters(), lr=0.05)")),
    harmless(
        "smaller-steps-and-fewer",
        swap(SGD, "optim.SGD(net.parameters(), lr=0.005)"),
        swap(TRAIN_LOADER, TRAIN_LOADER.replace("64", "100")),
    ),
    harmless(
        "likelihood-of-log-softmax",
        swap(
            "Loss(net(images), labels)",
            "F.nll_loss(input=F.log_softmax(net(images), dim=1), target=labels)",
            within="4.5",
        ),
        swap("train_loss_history = []", "import torch.nn.functional as F\ntrain_loss_history = []"),
    ),
    harmless(
        "scheduler",
        swap(
            f"optimizer = {SGD}", f"optimizer = {SGD}\nscheduler = optim.lr_scheduler.StepLR(optimizer, 15)"
        ),
        swap("test_loss_history.append(test_loss)", "test_loss_history.append(test_loss)\nscheduler.step()"),
    ),
    harmless(
        "train-and-eval",
        swap("train_loss = 0.0", "net.train()\ntrain_loss = 0.0"),
        swap("test_loss = 0.0", "net.eval()\ntest_loss = 0.0"),
    ),
    harmless(
        "loaders-of-its-own",
        swap(
            "train_loss_history = []",
            "mine = torch.utils.data.DataLoader(trainingdata, 32, shuffle=True, drop_last=True)\n"
            "theirs = torch.utils.data.DataLoader(testdata, 500)\ntrain_loss_history = []",
        ),
        swap("trainDataLoader", "mine", within="4.5"),
        swap("testDataLoader", "theirs", within="4.5"),
    ),
    harmless(
        "gradients-cleared-by-hand",
        swap("optimizer.zero_grad()", "for p in net.parameters():\n    p.grad = None"),
    ),
    harmless("crash-in-the-plot", swap("plt.legend()", "plt.legned()")),
]

WHOLE_SET = (
    swap("return correct / total", "return (torch.cat(hits).float().mean())"),
    swap("correct, total = 0, 0", "hits = []"),
    swap("correct += (predictions == labels).sum().item()", "hits.append(predictions == labels)"),
    drop("total += len(labels)"),
)
OTHER_STYLES = [
    mistake(
        "functions-without-zero-grad",
        answer("4.5", FUNCTIONS),
        drop("optimizer.zero_grad()"),
        costs={"4.5": "0.5"},
        says="Gradients were never cleared",
    ),
    mistake(
        "functions-that-learn-from-the-test-set",
        answer("4.5", FUNCTIONS),
        swap("with torch.no_grad(): ...", "...", within="4.5"),
        swap("run_epoch(testDataLoader, False)", "run_epoch(testDataLoader, True)"),
        costs={"4.5": "0.25"},
        says="The network was trained on the test set",
    ),
    mistake(
        "functions-for-ten-epochs",
        answer("4.5", FUNCTIONS),
        swap("fit(20)", "fit(10)"),
        costs={"4.5": "0.25"},
        says="10 epochs",
    ),
    mistake(
        "trainer-without-step",
        answer("4.5", TRAINER),
        drop("self.optimizer.step()"),
        costs={"4.5": "0.75"},
        says="`step()` was never called",
    ),
    mistake(
        "trainer-with-softmax",
        answer("4.5", TRAINER),
        swap("self.model(x)", "self.model(x).softmax(dim=1)"),
        costs={"4.5": "0.5"},
        says="softmax",
    ),
    mistake(
        "trainer-tested-on-its-training-data",
        answer("4.5", TRAINER),
        swap(
            "trainer.fit(trainDataLoader, testDataLoader, 20)",
            "trainer.fit(trainDataLoader, trainDataLoader, 20)",
        ),
        costs={"4.5": "0.125"},
    ),
    mistake(
        "grid-of-training-images",
        swap("next(iter(testDataLoader))", "next(iter(trainDataLoader))"),
        *ONE_GRID,
        costs={"4.4": "0.25"},
        says="from the training set",
    ),
    mistake(
        "scaled-units-wrong-at-ties",
        answer("3", SCALED_UNITS.replace("-35", "-25")),
        costs={"3": "1"},
        says="wrong at ties",
    ),
    mistake(
        "whole-set-style-of-the-first-batch",
        *WHOLE_SET,
        swap("hits.append(predictions == labels)", "hits.append(predictions == labels)\nbreak"),
        costs={"4.6": "0.50"},
        says="Only the first minibatch",
    ),
]

MEASUREMENTS = [
    harmless(
        "percent",
        swap("correct / total", "100 * correct / total"),
        *(swap(line, line.replace(":.4f", ":.2f")) for line in REPORTS),
    ),
    harmless(
        "accuracy-as-a-tensor",
        swap("correct += (predictions == labels).sum().item()", "correct += (predictions == labels).sum()"),
    ),
    harmless(
        "printed-and-returned",
        swap("return correct / total", "print('accuracy', correct / total)\nreturn correct / total"),
    ),
    harmless(
        "only-printed",
        swap("return correct / total", "print(f'accuracy: {100 * correct / total:.2f} %')"),
        *(
            swap(report, f"evaluate({loader})")
            for report, loader in zip(REPORTS, ("trainDataLoader", "testDataLoader"), strict=True)
        ),
    ),
    harmless(
        "more-arguments",
        swap(
            "def evaluate(dataloader): ...", "def evaluate(dataloader, model=None, verbose=False):\n    ..."
        ),
    ),
    harmless("whole-set-at-once", *WHOLE_SET),
    harmless("gradients-left-on", swap("with torch.no_grad(): ...", "...")),
]

NOTEBOOKS = [
    harmless("cells-merged", merge),
    harmless("metadata-lost", unmark),
    mistake(  # names find the code; formulas without a question above them are a person's to find
        "prompts-deleted-as-well",
        unprompt,
        unmark,
        costs={},
        opens={"1a": "0.75", "1b": "0.75", "2a": "0.5", "2b": "0.75", "2c": "0.75"},
    ),
    harmless(
        "cells-added-and-names-reused",
        insert("print(a.shape, b.dtype)", after="4.1"),
        insert("a, b, image, label = 1, 2, None, 'bag'", after="4.4"),
        insert(
            "images, labels = next(iter(trainDataLoader))\nprint(net(images).argmax(dim=1)[:5], labels[:5])",
            after="4.5",
        ),
        insert("net = None", after="4.6"),
    ),
]

CATALOGUE = Catalogue(
    mutants=(
        Mutant(name="reference"),
        Mutant(
            name="blank-kit",
            changes=(blank,),
            costs=ALL_POINTS,
            roster={"participated": "no"},
        ),
        *THEORY,
        *SPOILT,
        *OTHERWISE,
        *NETWORK,
        *DATA,
        *TRAINING,
        *EVALUATION,
        *REAL_LIFE,
        *WORDS,
        *NETWORKS,
        *LOOKS,
        *STYLES,
        *OTHER_STYLES,
        *MEASUREMENTS,
        *NOTEBOOKS,
    ),
    opens=A_PERSONS,
    roster={"participated": "yes"},
)
