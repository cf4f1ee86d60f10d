"""The pages in real Chromium: they run nothing, send nothing and are accessible."""

import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import v4

from grader.model import Exhibit, Flag
from grader.reports.html import class_page, student_page

from .conftest import code, displayed, notebook, printed
from .hostile import HTML, MARKDOWN, RUN, SVG

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 800}}


def values(parameters):
    return [parameter.values[0] for parameter in parameters]


ATTACKS = "\n".join(html for html in values(HTML) if "refresh" not in html)
"""All except a refresh to another page, which no policy can prevent."""


@pytest.fixture(scope="module")
def hostile_notebook():
    """Every attack, as Markdown, as code, as text and as an output that claims to be HTML, SVG or PNG."""
    outputs = [displayed(text_html=html) for html in values(HTML)]
    outputs += [v4.new_output("display_data", {"image/svg+xml": svg}) for svg in values(SVG)]
    outputs += [displayed(image_png=html) for html in values(HTML)]
    outputs += [displayed(application_javascript=RUN, text_plain=RUN)]
    texts = values(MARKDOWN)
    return notebook(
        code("\n".join(texts), *outputs, *map(printed, texts)),
        *(v4.new_markdown_cell(text) for text in texts),
        *(v4.new_raw_cell(text) for text in texts),
    )


@pytest.fixture(scope="module")
def hostile_grade(jane):
    everything = "\n".join(values([*HTML, *MARKDOWN, *SVG]))
    check = replace(
        jane.questions[3].checks[0],
        title=everything,
        message=everything,
        expected=everything,
        actual=everything,
        hint=everything,
    )
    shown = Exhibit(question=jane.questions[3].id, kind="text", title=everything, data={"text": everything})
    question = replace(
        jane.questions[3],
        title=everything,
        checks=(check,),
        cells=(0,),
        reference_cells=(0,),
        exhibits=(shown,),
    )
    return replace(
        jane,
        student=everything,
        title=everything,
        origin=everything,
        ending_detail=everything,
        questions=(*jane.questions[:3], question),
        flags=(Flag(kind=everything, message=everything),),
        compat=({everything: everything},),
        sandbox={everything: everything},
    )


def undisturbed(visit):
    assert visit.page.evaluate("window.pwned") is None
    assert visit.dialogs == []
    assert visit.left_the_page == []


def test_a_hostile_report_does_nothing(visit, hostile_grade, hostile_notebook):
    seen = visit(student_page(hostile_grade, hostile_notebook, hostile_notebook))
    undisturbed(seen)
    assert seen.refusals == []  # the policy had nothing left to refuse


def test_a_hostile_class_does_nothing(visit, hostile_grade, jane):
    seen = visit(class_page([hostile_grade, jane], notices=values(HTML)))
    undisturbed(seen)
    assert seen.refusals == []


def test_the_attacks_are_real(visit, jane):
    policy = re.compile('<meta http-equiv="Content-Security-Policy"[^>]*>')
    html = policy.sub("", student_page(jane, None, None)).replace("</main>", ATTACKS + "</main>")
    seen = visit(html)
    assert seen.page.evaluate("window.pwned") == 1
    assert seen.dialogs
    assert seen.left_the_page


@pytest.mark.parametrize("page", ["student", "class"])
def test_the_policy_alone_would_stop_what_the_cleaning_missed(visit, jane, page):
    html = student_page(jane, None, None) if page == "student" else class_page([jane])
    seen = visit(html.replace("</main>", ATTACKS + "</main>"))
    undisturbed(seen)
    assert any("Content Security Policy" in refusal for refusal in seen.refusals)


def violations(visit):
    found = Axe().run(visit.page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"color_scheme": "light"}, id="light"),
        pytest.param({"color_scheme": "dark"}, id="dark"),
        pytest.param(PHONE, id="phone"),
    ],
)
def test_everybody_can_read_both_pages(visit, room, executed, options):
    loud = [replace(grade, profile="quick", provisional=True) for grade in room]
    pages = [
        class_page(loud, notices=["A subset."]),
        *(student_page(one, executed, executed) for one in room[3:5]),
    ]
    for html in (*pages, student_page(loud[0], executed, None)):
        assert violations(visit(html, **options)) == []


def test_a_phone_needs_no_sideways_scrolling(visit, room, jane, executed):
    for html in (student_page(jane, executed, executed), class_page(room)):
        page = visit(html, **PHONE).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def names(page):
    return page.locator("table.sortable tbody th").all_inner_texts()


def totals(page):
    return [float(text) for text in page.locator("td.total").all_inner_texts()]


def sorting(page, label):
    return page.locator("table.sortable th", has=page.get_by_role("button", name=label, exact=True))


def test_the_table_sorts_by_click(visit, room):
    page = visit(class_page(room)).page
    page.get_by_role("button", name="Total", exact=True).click()
    assert totals(page) == sorted(totals(page), reverse=True)
    assert sorting(page, "Total").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Total", exact=True).click()
    assert totals(page) == sorted(totals(page))
    assert page.locator("#sorted").inner_text() == "Sorted by Total, lowest first."


def test_the_table_sorts_by_keyboard(visit, room):
    page = visit(class_page(room)).page
    assert names(page)[0] == "evil-eve"
    page.get_by_role("button", name="Student", exact=True).focus()
    page.keyboard.press("Enter")
    assert names(page) == sorted(grade.student for grade in room)
    page.keyboard.press("Space")
    assert names(page) == sorted((grade.student for grade in room), reverse=True)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert sorting(page, "Student").get_attribute("aria-sort") is None
    assert page.locator("[aria-sort]").count() == 1


def test_the_notebook_opens_by_keyboard(visit, jane, executed, reference):
    page = visit(student_page(jane, executed, reference)).page
    page.evaluate("document.querySelector('details').open = false")
    assert not page.locator("#cell-2").is_visible()
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#cell-2").is_visible()


def test_a_link_to_a_cell_opens_the_notebook(visit, jane, executed, reference):
    page = visit(student_page(jane, executed, reference)).page
    page.evaluate("document.querySelector('details').open = false")
    page.locator("a[href='#cell-4']").click()
    assert page.locator("#cell-4").is_visible()
