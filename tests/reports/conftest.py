"""A small class after homework 1: right, half right, needing review, crashed, unreadable, with internal errors."""

from __future__ import annotations

import io
import math
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from machine import lacks
from nbformat import v4
from PIL import Image

from grader.judging.exhibits import Exhibits
from grader.model import (
    Check,
    Ending,
    Exhibit,
    Flag,
    FlagKind,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    Visibility,
)

D = Decimal
CHROMIUM = Path("/usr/bin/chromium")


def picture(shade, size=(120, 90)):
    """A PNG as notebooks store it."""
    image = Image.linear_gradient("L").resize(size).point(lambda value: value * shade // 255)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return b64encode(buffer.getvalue()).decode()


def displayed(**data):
    return v4.new_output("display_data", {name.replace("_", "/", 1): value for name, value in data.items()})


def printed(text, name="stdout"):
    return v4.new_output("stream", name=name, text=text)


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


def code(source, *outputs):
    return v4.new_code_cell(source, outputs=list(outputs))


@pytest.fixture(scope="session")
def executed():
    losses = [printed(f"epoch {epoch + 1:2d}: {0.97 / (epoch + 1):.4f}\n") for epoch in range(20)]
    return notebook(
        v4.new_markdown_cell("# Homework 1\n\n**1a.** $\\nabla f(x) = 2x$\n\n$$\nx\n= y\n$$"),
        code(
            "image, label = trainingdata[0]\nplt.imshow(image.squeeze())", displayed(image_png=picture(255))
        ),
        code("for epoch in range(20):\n    print(loss)  # Q4.5", *losses, displayed(image_png=picture(200))),
        code(
            "evaluate(testDataLoader)",
            printed("\x1b[31mlow\x1b[0m accuracy\r  50%\r 100%\n", "stderr"),
            v4.new_output(
                "error", ename="NameError", evalue="x", traceback=["\x1b[31mNameError\x1b[0m: <x>"]
            ),
        ),
        code("frame", displayed(text_html="<table><thead><tr><th></th><th>a</th></tr></thead></table>")),
        v4.new_raw_cell("raw & ready"),
    )


@pytest.fixture(scope="session")
def reference():
    return notebook(
        code("SECRET = 'how the reference does it'\nplt.imshow(image)", displayed(image_png=picture(250))),
        code("SECRET", displayed(image_png=picture(190))),
    )


def losses(scale):
    return [scale * (0.45 + 0.52 * math.exp(-epoch / 2.5)) for epoch in range(20)]


CURVES = Exhibit(
    question="4.5",
    kind="curves",
    title="Losses by epoch",
    data={
        "x": "epoch",
        "y": "cross-entropy",
        "series": [
            {"label": "train", "who": "student", "y": losses(1.04)},
            {"label": "test", "who": "student", "y": [*losses(1.1)[:10], None, math.nan, *losses(1.1)[12:]]},
            {
                "label": "train",
                "who": "reference",
                "y": losses(1.0),
                "low": losses(0.98),
                "high": losses(1.02),
            },
            {"label": "test", "who": "reference", "y": losses(1.05)},
        ],
    },
)
IMAGES = Exhibit(
    question="4.3",
    kind="images",
    title="The sample",
    data={
        "series": [
            {"label": "sample", "who": "student", "images": [[[9 * column for column in range(28)]] * 28]},
            {"label": "sample", "who": "reference", "images": [[[8 * row] * 28 for row in range(28)]]},
        ]
    },
)


NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def confusion():
    """As a rubric shows it: most points are classified right, the reference does a little better."""
    counts = [[850 if a == b else (7 * a + 5 * b) % 40 for b in range(10)] for a in range(10)]
    better = [[n + (a == b) - (a == b + 1) for b, n in enumerate(row)] for a, row in enumerate(counts)]
    shown = Exhibits()
    shown.confusion("Test images by class", classes=NAMES, student=counts, reference=better)
    ((kind, title, data),) = shown.shown
    return Exhibit(question="4.6", kind=kind, title=title, data=data)


CONFUSION = confusion()


def check(name, question, outcome, points, title, **words):
    earned, _, most = points.partition("/")
    return Check(
        id=f"test_hw1.py::test_{name}",
        question=question,
        title=title,
        outcome=Outcome(outcome),
        earned=D(earned),
        max=D(most),
        **words,
    )


def question(name, title, checks, **more):
    outcomes = {one.outcome for one in checks}
    points, most = sum((one.earned for one in checks), D(0)), sum((one.max for one in checks), D(0))
    for outcome in (Outcome.BROKEN, Outcome.REVIEW):
        if outcome in outcomes:
            break
    else:
        outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.PARTIAL
    return QuestionGrade(
        id=name,
        title=title,
        points=points,
        max=most,
        outcome=outcome,
        found_by=more.pop("found_by", FoundBy.MARKER),
        checks=tuple(checks),
        **more,
    )


def theory(outcome="review", earned="0"):
    return question(
        "1a",
        "The gradient of the squared norm",
        [
            check(
                "gradient",
                "1a",
                outcome,
                f"{earned}/0.75",
                "The gradient is right for every dimension.",
                message="A person reads this answer.",
                actual=r"\nabla f(x) = 2x",
            )
        ],
        cells=(0,),
        found_by=FoundBy.METADATA,
    )


def figure(outcome="passed", earned="0.5"):
    return question(
        "4.3",
        "Show the sample",
        [check("figure", "4.3", outcome, f"{earned}/0.5", "The figure shows `image`.")],
        cells=(1,),
        reference_cells=(0,),
        exhibits=(IMAGES,),
    )


def training(outcome="partial", earned="0.50"):
    return question(
        "4.5",
        "Train for 20 epochs",
        [
            check("learned", "4.5", "passed", "0.5/0.5", "The network learned."),
            check(
                "histories",
                "4.5",
                outcome,
                f"{earned}/0.75",
                "The test set never trained `net`.",
                message="`net` was also trained on the test set.",
                expected="gradients from trainDataLoader only",
                actual="157 of 1095 steps of each epoch used testDataLoader",
                hint="The loop over testDataLoader: it needs no backward() and no step().",
                visibility=Visibility.AFTER_DUE_DATE,
            ),
        ],
        cells=(2,),
        reference_cells=(1,),
        exhibits=(CURVES,),
    )


def evaluation(outcome="failed", earned="0", **words):
    title = "`evaluate` scores everything the loader yields, not just its first batch."
    return question(
        "4.6",
        "Accuracy over the loader",
        [check("evaluate", "4.6", outcome, f"{earned}/1", title, **words)],
        cells=(3,),
        exhibits=(CONFUSION,),
        found_by=FoundBy.NAMES,
    )


def grade(student, *questions, ending=Ending.FINISHED, profile="full", **more):
    provisional = (
        profile != "full"
        or ending.ours
        or any(one.outcome.provisional for part in questions for one in part.checks)
    )
    return Grade(
        student=student,
        assignment="hw1",
        title="Homework 1",
        profile=profile,
        ending=ending,
        ending_detail=more.pop("ending_detail", ""),
        total=sum((one.points for one in questions), D(0)),
        max=D(3) + D("0.5"),
        provisional=provisional,
        seconds=5.217,
        questions=questions,
        origin=f"{student}.ipynb",
        **more,
    )


def zeros(outcome):
    """All questions with zero points and the same outcome."""
    return (
        theory(outcome),
        figure(outcome, "0"),
        replace(
            training(outcome, "0"),
            points=D(0),
            outcome=Outcome(outcome),
            checks=training(outcome, "0").checks[1:],
        ),
        evaluation(outcome),
    )


@pytest.fixture(scope="session")
def jane():
    """Half right, one question open, one check that students see later."""
    return grade(
        "doe-jane",
        theory(),
        figure(),
        training(),
        evaluation(
            message="Only the first minibatch counts.", expected="0.40", actual="0.75", hint="The return."
        ),
        ending=Ending.ERROR,
        ending_detail="cell 4: NameError: name 'x' is not defined",
        flags=(
            Flag(
                kind=FlagKind.SAVED_OUTPUTS,
                message="Cell 2 was saved with an output that its code does not show.",
            ),
        ),
        compat=(
            {
                "what": "iterator.next()",
                "where": {"cell": 2, "line": 5},
                "count": 2,
                "note": "Write next(iterator).",
            },
        ),
        sandbox={"kind": "bwrap", "network": False, "memory": 12884901888},
    )


@pytest.fixture(scope="session")
def ann():
    """Everything right, and final."""
    return grade(
        "adams-ann", theory("passed", "0.75"), figure(), training("passed", "0.75"), evaluation("passed", "1")
    )


@pytest.fixture(scope="session")
def room(jane, ann):
    return (
        ann,
        grade("byte-bob", *zeros("skipped"), ending=Ending.UNREADABLE, ending_detail="it is a PDF document"),
        grade(
            "chan-cy",
            theory("passed", "0.75"),
            figure("failed", "0"),
            training("passed", "0.75"),
            evaluation(),
        ),
        jane,
        grade("evil-eve", *zeros("broken"), ending=Ending.BROKEN, ending_detail="the sandbox did not start"),
        grade(
            "fox-finn", theory("passed", "0.75"), figure(), training(), evaluation(), ending=Ending.TIMEOUT
        ),
        grade("gray-gus", theory("broken"), figure(), training("passed", "0.75"), evaluation("passed", "1")),
    )


@pytest.fixture(scope="module")
def browser():
    """Real Chromium.

    Closed at the end of each module, because this thread's event loop counts as running until then.
    """
    if not CHROMIUM.exists():
        lacks("package", f"{CHROMIUM} is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a second that no other test needs

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Visit:
    """One page in the browser, with a record of everything that it tried to do."""

    def __init__(self, browser, path, **options):
        self.page = browser.new_page(**options)
        self.dialogs, self.requests, self.refusals = [], [], []
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("request", self.note)
        self.page.on("console", lambda message: self.refusals.append(message.text))
        self.page.goto(path.as_uri())
        self.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        self.page.wait_for_timeout(100)

    def note(self, request):  # a method, since Playwright takes no built-in function
        self.requests.append(request)

    @property
    def left_the_page(self):
        """Requests for anything but the file and its embedded data, except those that the policy stopped."""
        sent = [request.url for request in self.requests if request.failure != "csp"]
        return [url for url in sent if not url.startswith(("data:", "about:srcdoc"))][1:]


@pytest.fixture
def visit(browser, tmp_path):
    visits = []

    def opened(html, **options):
        path = tmp_path / "report.html"
        path.write_text(html, encoding="utf-8")
        visits.append(Visit(browser, path, **options))
        return visits[-1]

    yield opened
    for one in visits:
        one.page.close()


class Parsed(HTMLParser):
    """The elements of a page in order, and its text."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.words = [], []
        self._inside = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass

    def handle_data(self, data):
        if not {"style", "script"} & set(self._inside):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag, **attributes):
        return [
            found
            for name, found in self.elements
            if name == tag and all(found.get(key.strip("_")) == value for key, value in attributes.items())
        ]


@pytest.fixture(scope="session")
def parsed():
    return Parsed
