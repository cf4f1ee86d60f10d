"""A session without JavaScript: what the pages show, and what their forms do."""

import re
from html.parser import HTMLParser

import pytest
from reports.hostile import HTML, MARKDOWN, harmless

from grader.results.store import Store

from .conftest import WORDS, fill, served


class Form(HTMLParser):
    """The fields of a page as a browser would send them, and all text."""

    def __init__(self, text):
        super().__init__()
        self.fields, self.words = {}, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "input" and given["name"] == "answer":
            self.fields.setdefault("answer", []).append(given["value"])
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]

    def handle_data(self, data):
        self.words.append(data)


def first(page, place=0):
    """The first open answer of a question, by its link."""
    text = page.ask("/")[1]
    link = re.findall(r'href="(/c/\w+)"', text)[place]
    return page.ask(link)[2]["Location"]


def decide(page, address, **fields):
    form = Form(page.ask(address)[1])
    return page.ask(address, form.fields | {"points": "", "comment": ""} | fields)


def rulings(page):
    with Store.existing(page.root) as store:
        return {each.student: (str(each.points), each.comment, each.by) for each in store.rulings()}


def test_a_class_is_graded_by_plain_forms(page):
    address, seen = first(page), []
    while address.startswith("/c/"):
        seen.append(address)
        status, _, headers = decide(page, address, choice="1", comment="Good.")
        assert status == 303
        address = headers["Location"].partition("?")[0]
    assert len(seen) == 3  # three answers are a group
    assert rulings(page) == dict.fromkeys(WORDS, ("1", "Good.", "Ada L."))
    text = page.ask("/")[1]
    assert "5 of 10 answers decided." in text
    assert "5 of 5" in text


def test_the_page_of_an_answer_says_what_there_is_to_know(page):
    address = first(page)
    _, text, _ = page.ask(address)
    words = " ".join(" ".join(Form(text).words).split())
    assert "Answer 1 of 5" in words
    assert "0 of 5 decided" in words
    assert "Is there a closed form?" in words
    assert "The reason is right." in words
    assert "A person reads this." in words


def test_formulas_are_typeset_and_code_is_coloured(page):
    texts = [page.ask(entry_address(page, "ada-long", place))[1] for place in (0, 1)]
    assert "<math" in texts[0]
    assert '<span class="c1"># by hand</span>' in texts[1]


def entry_address(page, student, place=0):
    pile = page.server.desk.piles()[place]
    return next(f"/c/{pile.key}/{entry.key}" for entry in pile.entries if entry.student == student)


def test_no_page_names_anybody_until_asked(page):
    addresses = ["/", *(entry_address(page, student) for student in WORDS)]
    addresses += [f"{address}/notebook" for address in addresses[1:]]
    assert not any(name in page.ask(address)[1] for address in addresses for name in WORDS)
    address = entry_address(page, "ada-long")
    status, _, headers = page.ask("/names", Form(page.ask(address)[1]).fields | {"back": address})
    assert (status, headers["Location"]) == (303, address)
    page.cookie += "; " + headers["Set-Cookie"].partition(";")[0]
    assert "ada-long" in page.ask(address)[1]
    _, _, headers = page.ask("/names", Form(page.ask(address)[1]).fields | {"back": address})
    assert "Max-Age=0" in headers["Set-Cookie"]


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/c/x", "/\r\nX: y", ""])
def test_a_form_leads_back_to_our_pages_only(page, back):
    fields = Form(page.ask("/")[1]).fields | {"back": back}
    assert page.ask("/names", fields)[2]["Location"] == "/"


def test_the_notebook_can_be_read(page):
    address = entry_address(page, "ada-long")
    linked = re.findall(r'href="([^"#]+/notebook)(#cell-1)?"', page.ask(address)[1])
    assert set(linked) == {(f"{address}/notebook", "#cell-1"), (f"{address}/notebook", "")}
    status, text, _ = page.ask(f"{address}/notebook")
    assert status == 200
    assert "The notebook of answer" in text
    assert "by hand" in text


def test_members_of_a_group_can_be_removed(page):
    address = entry_address(page, "ada-long")
    form = Form(page.ask(address)[1])
    assert len(form.fields["answer"]) == 3
    page.ask(address, form.fields | {"answer": form.fields["answer"][:2], "choice": "1"})
    assert len(rulings(page)) == 2
    assert "ada-long" in rulings(page)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({}, "Choose the points first.", id="no points"),
        pytest.param({"choice": "1", "points": "0.5"}, "both chosen and typed", id="two"),
        pytest.param({"points": "2"}, "2 points given; 0 to 1 is allowed.", id="too many"),
        pytest.param({"points": "<b>"}, "&lt;b&gt;", id="HTML"),
    ],
)
def test_what_is_wrong_with_a_decision_is_said_and_nothing_typed_is_lost(page, fields, problem):
    status, text, _ = decide(page, first(page), comment="A long “comment”.", **fields)
    assert status == 422
    assert problem in text
    assert 'value="A long “comment”."' in text
    assert rulings(page) == {}


def test_what_somebody_else_decided_is_shown_before_it_is_decided_again(root):
    with served(root, ["Ada", "Bob"]) as (server, ada, bob):
        ada.server, ada.root = server, root
        address = entry_address(ada, "dan-hill")
        form = Form(bob.ask(address)[1]).fields | {"comment": "Mine."}
        decide(ada, address, choice="0", comment="No.")
        status, text, _ = bob.ask(address, form | {"choice": "1"})
        assert status == 409
        assert "Somebody decided this in the meantime" in text
        assert "0 of 1 points, Ada" in text
        assert 'value="Mine."' in text
        assert rulings(ada)["dan-hill"] == ("0", "No.", "Ada")
        assert bob.ask(address, Form(text).fields | {"choice": "1"})[0] == 303
        assert rulings(ada)["dan-hill"][2] == "Bob"


def test_while_another_grader_is_at_work_nothing_is_stored_and_the_page_says_so(page):
    address = first(page)
    form = Form(page.ask(address)[1]).fields | {"choice": "1"}
    with Store.existing(page.root):
        status, text, _ = page.ask(address, form)
    assert status == 409
    assert "Another grader is at work on" in text
    assert page.ask(address, form)[0] == 303


def test_reports_are_written_on_request(page):
    status, _, headers = page.ask("/reports", Form(page.ask("/")[1]).fields)
    assert status == 303
    assert "Reports and tables are written." in page.ask(headers["Location"])[1]
    assert (page.root / "students/ada-long/report.html").exists()


OUR_OWN = re.compile(r' (?:id|name)="(?:asked|members|answer|cell-\d+)"| href="/c/[^"]*"')


OUR_OWN = re.compile(r' (?:id|name)="(?:asked|members|answer|cell-\d+)"| href="/c/[^"]*"')


ATTACKS = [each.values[0] for each in (*HTML, *MARKDOWN)]


def test_what_students_wrote_stays_harmless(tmp_path):
    everything = "\n\n".join(ATTACKS)
    root = fill(tmp_path / "results", {"ada": (everything[:3900], "no"), "bob": (everything[:3900], "no")})
    with served(root) as (server, page):
        page.server = server
        address = entry_address(page, "ada")
        for path, part in ((address, 'class="work"'), (f"{address}/notebook", "<body>")):
            shown = page.ask(path)[1].partition(part)[2].partition("</section>")[0]
            assert "window.pwned" in shown
            harmless(OUR_OWN.sub("", f"<p {shown}"))


def test_comments_are_escaped(page):
    address = entry_address(page, "dan-hill")
    decide(page, address, choice="1", comment='"><script>alert(1)</script>')
    assert "<script>alert" not in page.ask(address)[1]
