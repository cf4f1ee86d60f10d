"""A small class whose words are left to people, and the server of its page; no notebook runs."""

import http.client
import threading
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import nbformat
import pytest

from grader.execution import reference
from grader.model import (
    Check,
    Ending,
    Execution,
    FoundBy,
    Grade,
    Outcome,
    QuestionGrade,
    ReviewItem,
    Submission,
)
from grader.results import codec
from grader.results.store import Store
from grader.reviewing.server import Server
from grader.theory.words import code_of

WORDS = {
    "ada-long": ("No, it has a kink at $0$.", "kink"),
    "bob-east": ("no: not smooth there", "kink"),
    "cyd-west": ("It is not smooth.", "kink"),
    "dan-hill": ("Yes, set the gradient to zero.", "zero"),
    "eve-lake": ("I do not know.", "none"),
}
"""What each student wrote, and the group that a check put it into."""


def check(name, question, words="", group="", **more):
    review = ReviewItem(answer=words, group=code_of(group)) if words else None
    return Check(
        id=f"test_{name}",
        question=question,
        title=f"The {name} is right.",
        outcome=Outcome.REVIEW if words else Outcome.PASSED,
        earned=Decimal(0) if words else Decimal(1),
        max=Decimal(1),
        message="A person reads this." if words else "",
        actual=words,
        review=review,
        **more,
    )


def question(name, title, checks, cells):
    return QuestionGrade(
        id=name,
        title=title,
        points=sum((each.earned for each in checks), Decimal(0)),
        max=Decimal(1),
        outcome=checks[0].outcome,
        found_by=FoundBy.MARKER,
        cells=cells,
        checks=tuple(checks),
    )


def grade_of(student, words, group):
    reason = question("1", "Is there a closed form?", [check("reason", "1", words, group)], (0,))
    code = question("2", "Some code", [check("code", "2", f"code of {group}", student)], (1,))
    sums = question("3", "A sum", [check("sum", "3")], (1,))
    return Grade(
        student=student, assignment="tiny", title="Tiny", profile="full", ending=Ending.FINISHED,
        ending_detail="", total=Decimal(1), max=Decimal(3), provisional=True, seconds=1.0,
        questions=(reason, code, sums),
    )  # fmt: skip


def notebook_of(words):
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(words), nbformat.v4.new_code_cell("total = 6 * 7  # by hand")]
    )


def executed(folder, student, words):
    folder.mkdir(parents=True)
    nbformat.write(notebook_of(words), folder / "executed.ipynb")
    return Execution(student=student, folder=folder, ending=Ending.FINISHED)


def fill(root, hand_ins):
    """A results folder as a run leaves it, before any page is written."""
    with Store.open(root) as store:
        store.enrol(
            [
                Submission(
                    student=student, notebook=Path("x.ipynb"), layout="plain", origin=f"{student}.ipynb"
                )
                for student in hand_ins
            ],
            {},
        )
        store.remember(assignment_id="tiny", seeds=[0])
        for student, (words, group) in hand_ins.items():
            store.keep(executed(store.workplace(student), student, words), f"run {student}")
            store.record(grade_of(student, words, group), f"grade {student}")
        model = executed(root / reference.REFERENCE / "seed-0", "reference", "No.")
        (model.folder / reference.RECORD).write_text(codec.dump_execution(model))
    return root


@pytest.fixture
def root(tmp_path):
    return fill(tmp_path / "results", WORDS)


class Client:
    """Somebody's browser, as far as HTTP goes: a cookie, and forms sent from our pages."""

    def __init__(self, link):
        self.host, _, self.entrance = link.removeprefix("http://").partition("/")
        self.cookie = ""

    def ask(self, path, fields=None, *, method=None, body=None, **headers):
        """Status, text and headers of the answer; a header given as None is left out."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        sent = {"Cookie": self.cookie, "Host": self.host}
        if fields is not None:
            body = urlencode(fields, doseq=True)
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method or ("GET" if body is None else "POST"), path, skip_host=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body is not None else None)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, answer.headers

    def enter(self):
        status, _, headers = self.ask(f"/{self.entrance}")
        assert status == 303
        self.cookie = headers["Set-Cookie"].partition(";")[0]
        return headers


@contextmanager
def served(root, graders=("Ada L.",), host="127.0.0.1"):
    """The server in a thread of this process, and a client of each grader, who has signed in."""
    with Server(root, host=host, port=0, graders=graders) as server:
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            clients = [Client(link) for link in server.links.values()]
            for client in clients:
                client.enter()
            yield server, *clients
        finally:
            server.stop()
            thread.join()


@pytest.fixture
def page(root):
    with served(root) as (server, client):
        client.server, client.root = server, root
        yield client
