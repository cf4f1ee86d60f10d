"""Nobody reaches a page, or changes anything, but graders from pages of ours."""

import hashlib
import re
from urllib.parse import urlencode

import pytest

from grader.results.store import Store
from grader.reviewing import pages
from grader.reviewing.guard import LARGEST, MOST_FIELDS

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def decision(page):
    """The address of an open answer, and the form that decides it."""
    pile = page.server.desk.piles()[0]
    entry = pile.entries[0]
    address = f"/c/{pile.key}/{entry.key}"
    token = re.search(r'name="form" value="([^"]+)"', page.ask(address)[1])[1]
    return address, {"form": token, "answer": f"{entry.key}.{entry.version}", "choice": "1"}


def test_the_link_is_exchanged_for_a_cookie(page):
    headers = page.enter()
    assert headers["Location"] == "/"
    assert re.fullmatch(r"grader-\d+=[\w-]{43}; HttpOnly; Path=/; SameSite=lax", headers["Set-Cookie"])
    assert page.entrance.partition("=")[2] not in headers["Set-Cookie"]
    assert page.ask("/")[0] == 200


def test_behind_tls_the_cookie_stays_there(page):
    _, _, headers = page.ask(f"/{page.entrance}", X_Forwarded_Proto="https")
    assert headers["Set-Cookie"].endswith("; Secure")


READING = [
    pytest.param({"Host": "evil.example"}, 421, "not known by that address", id="another host"),
    pytest.param({"Host": "evil.example:80"}, 421, "not known by that address", id="another host and port"),
    pytest.param({"Host": "127.0.0.1"}, 421, "not known by that address", id="no port"),
    pytest.param({"Host": "127.0.0.1:1"}, 421, "not known by that address", id="another port"),
    pytest.param({"Host": "127.0.0.1.evil.example"}, 421, "not known by that address", id="longer host"),
    pytest.param({"Cookie": None}, 401, "You are not signed in", id="no cookie"),
    pytest.param({"Cookie": "grader=1"}, 401, "You are not signed in", id="another cookie"),
    pytest.param({"Cookie": "grader-%d=é"}, 401, "You are not signed in", id="a cookie of no sense"),
]


@pytest.mark.parametrize(("headers", "status", "why"), READING)
@pytest.mark.parametrize("path", ["/", "/c/0/0", "/c/0/0/notebook", "/nothing"])
def test_who_may_not_read(page, path, headers, status, why):
    headers = {
        name: value and value.replace("%d", page.host.partition(":")[2]) for name, value in headers.items()
    }
    found = page.ask(path, **headers)
    assert (found[0], why in found[1]) == (status, True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_by_which_names_it_is_known(page, host):
    assert page.ask("/", Host=f"{host}:{page.host.partition(':')[2]}")[0] == 200


@pytest.mark.parametrize("token", ["", "x", "é", "x" * 43])
def test_a_wrong_link_opens_nothing(page, token):
    status, text, headers = page.ask(f"/enter?{urlencode({'token': token})}")
    assert status == 403
    assert "This link is not valid" in text
    assert "Set-Cookie" not in headers


def test_the_cookie_is_no_link(page):
    assert page.ask(f"/enter?token={page.cookie.partition('=')[2]}")[0] == 403


HOST = "http://%h"
CHANGING = [
    pytest.param({"Sec_Fetch_Site": "cross-site"}, {}, (403, "Another page sent this"), id="another site"),
    pytest.param({"Sec_Fetch_Site": "same-site"}, {}, (403, "Another page sent this"), id="another port"),
    pytest.param({"Sec_Fetch_Site": "none"}, {}, (403, "Another page sent this"), id="no page"),
    pytest.param({"Sec_Fetch_Site": None}, {}, (403, "Another page sent this"), id="no origin"),
    pytest.param(
        {"Sec_Fetch_Site": None, "Origin": "null"}, {}, (403, "Another page sent this"), id="an opaque origin"
    ),
    pytest.param(
        {"Sec_Fetch_Site": None, "Origin": "http://evil.example"},
        {},
        (403, "Another page"),
        id="another origin",
    ),
    pytest.param(
        {"Sec_Fetch_Site": None, "Origin": f"{HOST}.evil.example"},
        {},
        (403, "Another page"),
        id="longer origin",
    ),
    pytest.param(
        {"Sec_Fetch_Site": "cross-site", "Origin": HOST},
        {},
        (403, "Another page"),
        id="our origin from elsewhere",
    ),
    pytest.param({"Content_Type": "text/plain"}, {}, (415, "Only the forms"), id="text"),
    pytest.param({"Content_Type": "application/json"}, {}, (415, "Only the forms"), id="JSON"),
    pytest.param({"Content_Type": "multipart/form-data"}, {}, (415, "Only the forms"), id="another form"),
    pytest.param({}, {"form": ""}, (403, "not of this server"), id="no token"),
    pytest.param({}, {"form": "x" * 43}, (403, "not of this server"), id="another token"),
    pytest.param({}, {"form": "é"}, (403, "not of this server"), id="a token of no sense"),
    pytest.param({}, {"comment": "x" * LARGEST}, (413, "too large"), id="a large form"),
    pytest.param({}, {"more": ["x"] * MOST_FIELDS}, (400, "can&#39;t be read"), id="many fields"),
    pytest.param({"Cookie": None}, {}, (401, "You are not signed in"), id="no cookie"),
    pytest.param({"Host": "evil.example"}, {}, (421, "not known by that address"), id="another host"),
]


@pytest.mark.parametrize(("headers", "fields", "refusal"), CHANGING)
def test_what_is_forged_changes_nothing(page, decision, headers, fields, refusal):
    address, form = decision
    headers = {name: value and value.replace("%h", page.host) for name, value in headers.items()}
    for path in (address, "/names", "/reports"):
        found = page.ask(path, form | fields, **headers)
        assert (found[0], refusal[1] in found[1]) == (refusal[0], True), found[1]
        assert "Set-Cookie" not in found[2]
    with Store.existing(page.root) as store:
        assert store.rulings() == []
        assert not (page.root / "index.html").exists()


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="same origin"),
        pytest.param({"Origin": "null"}, id="as browsers send forms"),
        pytest.param({"Sec_Fetch_Site": None, "Origin": HOST}, id="an old browser"),
    ],
)
def test_what_our_pages_send_is_accepted(page, decision, root, headers):
    address, form = decision
    headers = {name: value and value.replace("%h", page.host) for name, value in headers.items()}
    assert page.ask(address, form, **headers)[0] == 303
    with Store.existing(root) as store:
        assert len(store.rulings()) == 1


def test_a_form_that_is_not_text_is_refused(page, decision):
    status, text, _ = page.ask(decision[0], body="é=1", Content_Type=FORM, Sec_Fetch_Site="same-origin")
    assert (status, "can&#39;t be read" in text) == (400, True)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_do_nothing(page, decision, method):
    address, form = decision
    assert page.ask(address, form, method=method)[0] == 405


@pytest.mark.parametrize("path", ["/", "/static/keys.js", "/static/nothing", "/nothing", "/enter?token=x"])
def test_every_answer_tells_the_browser_to_be_careful(page, path):
    _, _, headers = page.ask(path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "Server" not in headers


def test_pages_have_no_script_or_style_of_their_own(page, decision):
    for path in ("/", decision[0], "/nothing"):
        text = page.ask(path)[1]
        assert "<style" not in text
        assert re.findall(r"<script[^>]*>[^<]", text) == []
        assert re.findall(r"\son\w+=|style=", text) == []


def test_htmx_is_the_published_file():
    assert hashlib.sha256(pages.STATIC["htmx.min.js"][1]).hexdigest() == pages.HTMX_SHA256


def test_what_is_not_there_is_a_page(page):
    assert "There is no such page." in page.ask("/nothing")[1]
    assert "There is no such question any more." in page.ask("/c/0000/0000")[1]
    assert page.ask("/static/../pages.py")[0] == 404
