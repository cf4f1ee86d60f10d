"""The page in real Chromium: a class graded by keyboard alone, on a desk and on a phone, in light and dark."""

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from machine import lacks

from grader.results.store import Store

from .conftest import WORDS, served

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"viewport": {"width": 390, "height": 800}}


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        lacks("package", f"{CHROMIUM} is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a second that no other test needs

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, root):
    """Open the server's link in a new window, whose console has to stay empty."""
    said, contexts = [], []
    with served(root) as (server, _):

        def note(text):
            if not text.startswith("Failed to load resource"):  # the status of a page that says what is wrong
                said.append(text)

        def opened(**options):
            contexts.append(browser.new_context(**options))
            page = contexts[-1].new_page()
            page.on("console", lambda message: note(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(server.links["Ada L."])
            return page

        yield opened
        for context in contexts:
            context.close()
    assert said == []


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def decided(root):
    with Store.existing(root) as store:
        return {(each.check, each.student): (str(each.points), each.comment) for each in store.rulings()}


def test_a_class_is_graded_by_keyboard_alone(opened, root):
    page = opened()
    assert page.url.endswith("/")  # the link's secret is gone from the address
    press(page, "Enter")
    page.locator("#decision").wait_for()
    for _ in range(3):  # three answers of five are a group
        before = page.url
        press(page, "2", "Enter")
        page.wait_for_url(lambda url, before=before: url != before)
    page.get_by_text("5 of 10 answers decided.").wait_for()
    reasons = {student: given for (name, student), given in decided(root).items() if name == "test_reason"}
    assert reasons == dict.fromkeys(WORDS, ("0.50", ""))


def test_points_and_comments_are_typed_by_keyboard(opened, root):
    page = opened()
    press(page, "Enter")
    page.locator("#decision").wait_for()
    press(page, "4", "p")  # typed points take the place of chosen ones
    page.keyboard.type("0.3")
    press(page, "Escape", "g", "c")
    page.keyboard.type("2 of 3?")  # no keys of the page
    press(page, "Enter")
    page.get_by_text("Stored: 0.3 of 1 points.").wait_for()
    assert list(decided(root).values()) == [("0.3", "2 of 3?")]


def test_moving_around_decides_nothing(opened, root):
    page = opened()
    for key, heading in (
        ("Enter", "Answer 1 of 5"),
        ("ArrowRight", "Answer 2 of 5"),
        ("ArrowRight", "Answer 3 of 5"),
        ("ArrowLeft", "Answer 2 of 5"),
        ("s", "Answer 3 of 5"),
        ("u", "Questions to grade"),
    ):
        press(page, key)
        page.get_by_role("heading", name=heading).wait_for()
    assert decided(root) == {}


def test_the_keys_are_listed_on_request(opened):
    page = opened()
    press(page, "Enter")
    page.locator("#decision").wait_for()
    press(page, "?")
    assert page.locator("#keys").is_visible()
    press(page, "4")  # while the list is open, keys do nothing else
    assert page.locator("input[name=choice]:checked").count() == 0
    press(page, "?")
    assert page.locator("#keys").is_hidden()
    page.get_by_role("button", name="Keys").click()
    assert page.locator("#keys").is_visible()
    press(page, "Escape")
    assert page.locator("#keys").is_hidden()


def test_without_scripts_a_mouse_is_enough(opened, root):
    page = opened(java_script_enabled=False)
    page.get_by_role("link", name="Is there a closed form?").click()
    page.get_by_label("0.75").check()
    page.get_by_label("Comment for the student").fill("Nearly.")
    page.get_by_role("button", name="Decide and next").click()
    assert "Stored: 0.75 of 1 points." in page.inner_text("body")
    assert set(decided(root).values()) == {("0.75", "Nearly.")}
    assert not page.get_by_role("button", name="Keys").is_visible()


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"color_scheme": "light"}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark"),
        pytest.param(PHONE, id="phone"),
    ],
)
def test_everybody_can_read_the_pages_and_none_is_too_wide(opened, options):
    page = opened(**options)
    home, width = page.url, page.viewport_size["width"]

    def check():
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    check()
    for name in ("Is there a closed form?", "Some code"):
        page.goto(home)
        page.get_by_role("link", name=name).click()
        page.locator("#decision").wait_for()
        check()
    press(page, "Enter")  # no points yet
    page.get_by_role("alert").wait_for()
    check()
    press(page, "1", "Enter")
    page.get_by_text("Stored:").wait_for()
    page.get_by_role("link", name="Look at it again").click()
    page.get_by_role("heading", name="Decisions so far").wait_for()
    check()
    page.goto(f"{home}nothing")
    check()
