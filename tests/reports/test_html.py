"""The text and structure of the pages, read from their parsed form."""

import re
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import pytest

from grader.model import Ending, Exhibit, Flag, Outcome, Visibility
from grader.reports.html import Audience, class_page, student_page

from .conftest import CURVES, grade, notebook, zeros
from .hostile import HTML, MARKDOWN, SVG, harmless


def part(html, start, end=None):
    """The part of a page between the elements with these two ids."""
    begin = html.index(">", html.index(f'id="{start}"')) + 1
    return html[begin : html.rindex("<", 0, html.index(f'id="{end}"'))] if end else html[begin:]


@pytest.fixture(scope="module")
def page(jane, executed, reference):
    return student_page(jane, executed, reference)


def test_the_header_says_who_what_and_how_much(page, parsed):
    text = parsed(page).text
    assert text.startswith("doe-jane: 1.5 of 3.5 (provisional) · Homework 1")
    assert "A cell raised an error. The cells after it still ran. cell 4: NameError" in text
    assert "profile “full” · ran for 5.2 s · doe-jane.ipynb" in text


def test_what_is_still_open_is_said(page, parsed):
    text = parsed(page).text
    assert (
        "Provisional: up to 0.75 more points possible Question 1a: 0.75 points left to manual review." in text
    )


def test_a_final_grade_shows_no_banner(ann, parsed):
    html = student_page(ann, None, None)
    assert "Provisional" not in parsed(html).text
    assert parsed(html).all("section", class_="banner") == []


def test_a_quick_run_is_loud(ann, parsed):
    html = student_page(replace(ann, profile="quick", provisional=True), None, None)
    assert len(parsed(html).all("section", class_="banner loud")) == 1


def test_the_table_lists_every_question_with_its_points(page, parsed):
    table = parsed(page[page.index("<table") : page.index("</table>")])
    assert table.text == (
        "Question Outcome Points Max "
        "1a The gradient of the squared norm review 0 0.75 "
        "4.3 Show the sample passed 0.5 0.5 "
        "4.5 Train for 20 epochs partial 1 1.25 "
        "4.6 Accuracy over the loader failed 0 1 "
        "Total provisional 1.5 3.5"
    )
    assert [link["href"] for link in table.all("a")] == ["#q-1a", "#q-4-3", "#q-4-5", "#q-4-6"]


def test_a_check_shows_what_was_expected_what_was_found_and_a_hint(page, parsed):
    assert (
        "The test set never trained net . partial 0.5 of 0.75 net was also trained on the test set. "
        "Expected gradients from trainDataLoader only "
        "Found 157 of 1095 steps of each epoch used testDataLoader "
        "Hint The loop over testDataLoader: it needs no backward() and no step()."
    ) in parsed(page).text


def test_how_the_answer_was_found_leads_to_its_cell(page, parsed):
    assert "Found by the names that the question asks for: cell 4 ." in parsed(page).text
    assert parsed(page).all("a", href="#cell-4")
    assert parsed(page).all("div", id="cell-4")


def test_every_link_within_the_page_leads_somewhere(page, parsed):
    elements = parsed(page)
    anchors = {attributes["id"] for _, attributes in elements.elements if "id" in attributes}
    links = {link["href"].removeprefix("#") for link in elements.all("a") if link["href"].startswith("#")}
    assert links <= anchors


def test_own_figures_stand_beside_the_references(page, parsed):
    alternatives = [picture["alt"] for picture in parsed(page).all("img")]
    assert "Your figures for question 4.3, 1 of 1" in alternatives
    assert "Reference figures for question 4.3, 1 of 1" in alternatives


def test_of_the_reference_only_figures_are_shown(page):
    assert "SECRET" not in page


def test_an_answer_that_a_person_reads_stands_beside_its_question(page, parsed):
    html = part(page, "q-1a", "q-4-3")
    assert r"\nabla f(x) = 2x" in parsed(html).text
    assert "Answer Cell" in parsed(html).text


def test_exhibits_are_drawn_with_words_for_those_who_do_not_see(page, parsed):
    (curves,) = parsed(page).all("svg", class_="curves")
    assert (curves["role"], curves["aria-label"][:24]) == ("img", "cross-entropy by epoch. ")
    assert [polygon["class"] for polygon in parsed(page).all("polygon")] == ["reference"]


def test_the_whole_notebook_is_one_click_away(page, parsed):
    html = page[page.index("<details") :]
    assert parsed(page).all("a", href="executed.ipynb")
    assert [cell["id"] for cell in parsed(html).all("div") if "id" in cell] == [
        f"cell-{n}" for n in range(1, 7)
    ]
    assert "NameError : <x>" in parsed(html).text
    assert "raw & ready" in parsed(html).text


def test_flags_changes_and_sandbox_are_shown(page, parsed):
    text = parsed(page).text
    assert "saved_outputs : Cell 2 was saved with an output that its code does not show." in text
    assert "what: DataLoader iterator .next() · count: 2" in text
    assert "Sandbox: kind: bwrap · network: no · memory: 12884901888." in text


def test_a_run_without_a_sandbox_says_so(ann, parsed):
    assert "Sandbox: none." in parsed(student_page(ann, None, None)).text


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_a_sentence(ann, parsed, ending):
    text = parsed(student_page(replace(ann, ending=ending), None, None)).text
    assert re.search(r"adams-ann\.ipynb \S.*(notebook|cell).*\. .*Points Question", text)


@pytest.mark.parametrize(
    ("audience", "shown", "withheld"),
    [
        pytest.param(Audience.INSTRUCTOR, set(Visibility), 0, id="staff"),
        pytest.param(Audience.STUDENT, {Visibility.VISIBLE}, 3, id="student"),
        pytest.param(Audience.RELEASED, set(Visibility) - {Visibility.HIDDEN}, 1, id="released"),
    ],
)
def test_who_sees_which_checks(jane, parsed, audience, shown, withheld):
    kinds = tuple(Visibility)
    (question,) = (one for one in jane.questions if one.id == "4.6")
    checks = tuple(
        replace(question.checks[0], id=kind, title=f"Check {kind}.", visibility=kind, message=f"Told {kind}.")
        for kind in kinds
    )
    many = replace(jane, questions=(replace(question, checks=checks),))
    text = parsed(student_page(many, None, None, audience=audience)).text
    assert {kind for kind in kinds if f"Told {kind}." in text} == shown
    note = re.search(r"(\d) (check is|checks are) not shown here, but (its|their) points count.", text)
    assert (int(note[1]) if note else 0) == withheld
    assert "0 of 1" in text


def test_a_wholly_hidden_question_gives_nothing_away(jane, executed, reference, parsed):
    (question,) = (one for one in jane.questions if one.id == "4.5")
    hidden = replace(
        question, checks=tuple(replace(one, visibility=Visibility.HIDDEN) for one in question.checks)
    )
    html = student_page(replace(jane, questions=(hidden,)), executed, reference, audience=Audience.STUDENT)
    assert "Reference figures for" not in html
    assert CURVES.title not in parsed(html).text


def test_a_question_with_a_withheld_check_shows_no_more_than_the_others(jane, executed, reference, parsed):
    """What is drawn beside a question may be what its hidden check saw."""
    (question,) = (one for one in jane.questions if one.id == "4.5")
    first, *others = question.checks
    mixed = replace(question, checks=(first, *(replace(one, visibility=Visibility.HIDDEN) for one in others)))
    html = student_page(replace(jane, questions=(mixed,)), executed, reference, audience=Audience.STUDENT)
    assert first.title.replace("`", "") in parsed(html).text
    assert CURVES.title not in parsed(html).text
    assert "Reference figures for" not in html


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED])
def test_a_check_worth_no_points_shows_no_points(ann, parsed, outcome):
    question = ann.questions[0]
    unscored = replace(question.checks[0], max=Decimal(0), earned=Decimal(0), outcome=outcome)
    text = parsed(
        student_page(
            replace(ann, questions=(replace(question, checks=(unscored, *question.checks)),)), None, None
        )
    ).text
    assert f"{outcome} not scored" in text
    assert "0 of 0" not in text


def test_a_student_is_not_led_to_the_class(jane, parsed):
    assert parsed(student_page(jane, None, None)).all("a", href="../../index.html")
    assert not parsed(student_page(jane, None, None, audience=Audience.STUDENT)).all(
        "a", href="../../index.html"
    )


def test_the_same_grade_gives_the_same_page(jane, executed, reference, page):
    assert student_page(jane, executed, reference) == page


def test_a_page_of_an_unreadable_notebook_still_stands(room, parsed):
    (bob,) = (one for one in room if one.student == "byte-bob")
    text = parsed(student_page(bob, None, None)).text
    assert "This file could not be read as a notebook, so nothing was run. it is a PDF document" in text


# --- the class ---


@pytest.fixture(scope="module")
def index(room):
    return class_page(room, notices=["The data were a subset."])


def test_an_error_behind_several_checks_is_said_first_with_what_it_cost(jane, executed, reference, parsed):
    question = jane.questions[0]
    cause = "Cell 5 ended with NameError: name 'x' is not defined"
    lost = replace(question.checks[0], cause=cause, earned=Decimal(0), max=Decimal("0.5"))
    alone = replace(lost, cause="Cell 9 ended with ValueError: bad")
    page = student_page(
        replace(jane, questions=(replace(question, checks=(lost, lost, alone)), *jane.questions[1:])),
        executed,
        reference,
    )
    text = parsed(part(page, "causes", "points")).text
    assert f"Look at this first {cause} (1 point in 2 checks)" in text
    assert "ValueError" not in text


def test_notices_come_first(index, parsed):
    text = parsed(index).text
    assert text.index("Before you use these grades The data were a subset.") < text.index("Manual review")


def test_students_who_need_review_come_first_and_internal_errors_before_them(index, parsed):
    rows = parsed(index[index.index("<tbody") : index.index("</tbody>")])
    assert [link["href"] for link in rows.all("a")] == [
        f"students/{student}/report.html"
        for student in ("evil-eve", "gray-gus", "doe-jane", "adams-ann", "byte-bob", "chan-cy", "fox-finn")
    ]
    tasks = parsed(part(index, "tasks", "scores")).text
    assert tasks.startswith(
        "Manual review internal error The grader failed to run the notebook: the sandbox did not start"
    )
    assert "1a The gradient of the squared norm: answers to review (1) doe-jane" in tasks


def test_averages_name_the_students_that_they_leave_out(index, parsed):
    text = parsed(index).text
    assert "Mean 2.4 of 3.5 Median 2.25 Provisional 3 of 7" in text
    assert "Based on 5 of 7 students; provisional grades count with the points earned so far." in text
    assert "because nothing could be graded: evil-eve (broken), byte-bob (unreadable)." in text


def test_a_questions_mean_is_over_the_decided_answers(index, parsed):
    text = parsed(index).text
    assert "1a The gradient of the squared norm 0.75 0.75 3 3 2" in text
    assert "4.6 Accuracy over the loader 0.4 1 2 5 0" in text


def test_the_most_common_mistake_comes_first(index, parsed):
    text = parsed(part(index, "mistakes")).text
    assert text.startswith("Most common mistakes 4.6 evaluate scores everything")
    assert "3 of 5 lost points here (60 %). Most often: Only the first minibatch counts." in text


def test_notebooks_that_did_not_finish_are_named(index, parsed):
    text = parsed(part(index, "endings")).text
    assert text == (
        "Notebooks that did not finish error doe-jane : cell 4: NameError: name 'x' is not defined "
        "timeout fox-finn unreadable byte-bob : it is a PDF document broken evil-eve : the sandbox did not start"
    )


def test_the_distribution_has_words(index, parsed):
    (histogram,) = parsed(index).all("svg", class_="histogram")
    assert histogram["aria-label"].endswith("1.5 to 2: 1. 2 to 2.5: 2. 2.5 to 3: 1. 3 to 3.5: 1. ")


def test_a_quick_class_has_a_warning_without_a_notice(ann, parsed):
    html = class_page([replace(ann, profile="quick", provisional=True)])
    assert "Grades from the profile “quick” are provisional" in parsed(html).text


@pytest.mark.parametrize(
    "grades",
    [
        pytest.param([], id="nobody"),
        pytest.param(
            [grade("bob", *zeros("skipped"), ending=Ending.UNREADABLE)], id="nobody who could be judged"
        ),
        pytest.param([grade("bob")], id="no questions"),
    ],
)
def test_a_class_with_nothing_in_it_is_a_page_too(grades, parsed):
    assert parsed(class_page(grades)).all("h1")


def test_a_large_class_is_still_a_small_page(room):
    many = [replace(room[number % 7], student=f"student-{number:03d}") for number in range(300)]
    assert len(class_page(many)) < 1_000_000


# --- safety ---


def policy(html, parsed):
    (meta,) = parsed(html).all("meta", http_equiv="Content-Security-Policy") or [
        one for one in parsed(html).all("meta") if one.get("http-equiv") == "Content-Security-Policy"
    ]
    return dict(part.strip().split(" ", 1) for part in meta["content"].split(";"))


def source_hash(html, tag):
    (source,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def test_a_report_may_load_nothing_and_run_nothing(page, parsed):
    assert policy(page, parsed) == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": source_hash(page, "style"),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert parsed(page).all("script") == []


def test_the_class_page_may_run_its_one_script(index, parsed):
    assert policy(index, parsed)["script-src"] == source_hash(index, "script")
    assert "unsafe" not in str(policy(index, parsed))


def body_of(html):
    """The page's body without what we put there ourselves: ids, links and the one script."""
    body = html[html.index("<body>") : html.rindex("</main>")]
    return (
        re.sub(r' id="[\w-]+"', "", body)
        .replace('href="executed.ipynb"', "")
        .replace("../../index.html", "#")
    )


@pytest.mark.parametrize("payload", [*HTML, *MARKDOWN, *SVG])
def test_hostile_text_is_only_text_wherever_it_stands(jane, payload, executed, reference):
    check = replace(
        jane.questions[3].checks[0], title=payload, message=payload, expected=payload, actual=payload
    )
    shown = Exhibit(question=jane.questions[3].id, kind="text", title=payload, data={"text": payload})
    question = replace(
        jane.questions[3], title=payload, checks=(replace(check, hint=payload),), exhibits=(shown,)
    )
    hostile = replace(
        jane,
        student=payload,
        title=payload,
        origin=payload,
        ending_detail=payload,
        questions=(question,),
        flags=(Flag(kind=payload, message=payload),),
        compat=({payload: payload},),
        sandbox={payload: [payload]},
    )
    harmless(body_of(student_page(hostile, executed, reference)))
    links = re.sub(
        r'href="(students/[^"/<>]*/report\.html|grades\.csv|grades\.json|junit\.xml)"',
        "",
        class_page([hostile]),
    )
    harmless(body_of(links))


def test_a_name_with_markup_links_to_its_own_folder(ann, parsed):
    html = class_page([replace(ann, student="../a b?#\"'")])
    assert parsed(html).all("a", href="students/..%2Fa%20b%3F%23%22%27/report.html")


def test_an_empty_notebook_has_a_page_without_its_section(ann, parsed):
    text = parsed(student_page(ann, notebook(), notebook())).text
    assert "About this run" in text
    assert "Executed notebook" not in text
