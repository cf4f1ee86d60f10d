"""The pages in real Chromium: they run nothing, send nothing and are accessible."""

import re
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat import v4

from grader.model import Exhibit, Flag, Moment
from grader.reports import feedback
from grader.reports.html import class_page, feedback_page, notebook_page, student_page

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
    text = {"text": everything, "beside": everything, "shade": 1, "marked": everything}
    table = {"x": everything, "columns": [everything] * 2, "rows": [[everything, text]], "note": everything}
    shown = tuple(
        Exhibit(question=jane.questions[3].id, kind=kind, title=everything, data=data)
        for kind, data in (("text", {"text": everything}), ("table", table))
    )
    question = replace(
        jane.questions[3],
        title=everything,
        checks=(check,),
        cells=(0,),
        reference_cells=(0,),
        exhibits=shown,
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


def test_hostile_feedback_does_nothing(visit, hostile_grade, hostile_notebook):
    known = feedback.for_student(hostile_grade, Moment.PUBLISHED)
    seen = visit(feedback_page(known, hostile_notebook, hostile_notebook))
    undisturbed(seen)
    assert seen.refusals == []


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
        pytest.param({"color_scheme": "dark"}, id="dark", marks=pytest.mark.system),
        pytest.param(PHONE, id="phone", marks=pytest.mark.system),
    ],
)
def test_everybody_can_read_both_pages(visit, room, executed, options):
    loud = [replace(grade, profile="quick", provisional=True) for grade in room]
    pages = [
        class_page(loud, notices=["A subset."]),
        *(student_page(one, executed, executed) for one in room[3:5]),
        feedback_page(feedback.for_student(loud[3], Moment.AT_ONCE), executed, executed),
    ]
    for html in (*pages, student_page(loud[0], executed, None)):
        assert violations(visit(html, **options)) == []


def test_a_phone_needs_no_sideways_scrolling(visit, room, jane, executed):
    wide = f"$${' = '.join(['x_1 + x_2'] * 9)}$$"
    check = replace(jane.questions[3].checks[0], message=wide, expected=wide, actual=wide)
    question = replace(jane.questions[3], checks=(check,))
    jane = replace(jane, questions=(*jane.questions[:3], question))
    released = feedback_page(feedback.for_student(jane, Moment.AT_ONCE), executed, executed)
    table = "\n".join("|" + cells * 40 for cells in ("word|", "---|", "word|"))
    drawn = notebook_page(notebook(v4.new_markdown_cell(table)), title="jane")
    for html in (student_page(jane, executed, executed), released, class_page(room), drawn):
        page = visit(html, **PHONE).page
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def names(page):
    return page.locator("table.sortable tbody th").all_inner_texts()


def totals(page):
    return [
        float(text.rstrip("*")) for text in page.locator("table.sortable td:nth-child(2)").all_inner_texts()
    ]


def sorting(page, label):
    return page.locator("table.sortable th", has=page.get_by_role("button", name=label, exact=True))


def shown(page):
    return page.locator("#shown").inner_text()


def test_the_table_sorts_by_click(visit, room):
    page = visit(class_page(room)).page
    page.get_by_role("button", name="Total", exact=True).click()
    assert totals(page) == sorted(totals(page), reverse=True)
    assert sorting(page, "Total").get_attribute("aria-sort") == "descending"
    page.get_by_role("button", name="Total", exact=True).click()
    assert totals(page) == sorted(totals(page))
    assert shown(page) == "Showing 7 students, sorted by Total, lowest first."


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


def test_students_are_searched_by_keyboard(visit, room):
    page = visit(class_page(room)).page
    page.keyboard.press("/")
    page.keyboard.type("NN")
    assert names(page) == ["adams-ann", "fox-finn"]
    assert shown(page) == "Showing 2 of 7 students."
    page.keyboard.type("/")
    assert names(page) == []


@pytest.mark.parametrize(
    ("label", "found"),
    [
        pytest.param("review", ["doe-jane"], id="a status"),
        pytest.param("timeout", ["fox-finn"], id="an ending"),
        pytest.param("provisional", ["evil-eve", "gray-gus", "doe-jane"], id="all provisional totals"),
        pytest.param("1a The gradient of the squared norm", ["doe-jane"], id="an open question"),
        pytest.param("4.3 The figure shows image.", ["chan-cy"], id="a mistake"),
    ],
)
def test_the_table_shows_some(visit, room, label, found):
    page = visit(class_page(room)).page
    page.get_by_label("Show").select_option(label=label)
    assert names(page) == found


def test_what_is_to_do_leads_to_its_students(visit, room):
    page = visit(class_page(room)).page
    page.locator("#tasks ~ ol > li").nth(1).get_by_text("Show in the table").click()
    assert names(page) == ["doe-jane"]  # what the grader itself failed at is another task
    assert page.url.endswith("#students")


@pytest.fixture(scope="module")
def crowd(room):
    return [replace(room[number % 7], student=f"s{number:04d}") for number in range(1000)]


def test_of_a_thousand_a_hundred_are_shown_at_a_time(visit, crowd):
    page = visit(class_page(crowd)).page
    page.get_by_role("button", name="Student", exact=True).click()
    assert names(page) == [f"s{number:04d}" for number in range(100)]
    page.get_by_role("button", name="Next").click()
    assert names(page)[0] == "s0100"
    assert shown(page) == "Showing 101 to 200 of 1000 students, sorted by Student, A to Z."
    page.get_by_role("button", name="Previous").click()
    assert names(page)[0] == "s0000"
    assert page.get_by_role("button", name="Previous").is_disabled()


def test_on_paper_everybody_is_listed(visit, crowd):
    page = visit(class_page(crowd)).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(names(page)) == 1000
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(names(page)) == 100


def test_without_scripts_the_class_is_a_plain_list(visit, crowd):
    page = visit(class_page(crowd), java_script_enabled=False).page
    assert len(names(page)) == 1000
    assert not page.locator("#controls").is_visible()
    assert not page.get_by_text("Show in the table").first.is_visible()


TIMED = """() => {
    const button = [...document.querySelectorAll("thead button")].at(-2);
    const table = document.createElement("table");
    const rows = (number) => Array.from({ length: number }, (_, row) => `<tr>${`<td>${row}`.repeat(7)}`).join("");
    const timed = (work) => {
        const begin = performance.now();
        work();
        document.body.offsetHeight;
        return performance.now() - begin;
    };
    document.body.append(table);
    const plain = timed(() => { table.innerHTML = rows(1000); });
    table.remove();
    return [timed(() => button.click()), plain];
}"""


def test_a_thousand_students_sort_about_as_fast_as_a_plain_table_is_drawn(visit, crowd):
    page = visit(class_page(crowd)).page
    ratios = [sort / plain for sort, plain in (page.evaluate(TIMED) for _ in range(3))]
    assert min(ratios) < 10


def test_the_first_lost_check_is_on_the_first_screen(visit, jane, executed, reference):
    page = visit(student_page(jane, executed, reference), viewport={"width": 1280, "height": 800}).page
    assert page.locator(".check.failed").first.bounding_box()["y"] < 700


def test_the_notebook_opens_by_keyboard(visit, jane, executed, reference):
    page = visit(feedback_page(feedback.for_student(jane, Moment.PUBLISHED), executed, reference)).page
    page.evaluate("document.querySelector('.notebook details').open = false")
    assert not page.locator("#cell-2").is_visible()
    page.locator(".notebook summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#cell-2").is_visible()


def test_a_link_to_a_cell_opens_the_notebook(visit, jane, executed, reference):
    page = visit(feedback_page(feedback.for_student(jane, Moment.PUBLISHED), executed, reference)).page
    page.locator("a[href='#cell-4']").first.click()
    assert page.locator("#cell-4").is_visible()
