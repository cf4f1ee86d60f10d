"""The text and structure of the pages, read from their parsed form."""

import io
import re
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256

import pytest
from nbformat import v4
from PIL import Image

from grader.model import (
    Ending,
    Exhibit,
    Flag,
    FoundBy,
    Identity,
    Lateness,
    Moment,
    Outcome,
    Passage,
    Ruling,
    Tally,
    Visibility,
)
from grader.reports.feedback import for_student
from grader.reports.html import (
    class_page,
    environment,
    feedback_page,
    notebook_page,
    prepare,
    stand_in_page,
    student_page,
)

from .conftest import CONFUSION, check, code, displayed, grade, notebook, question, zeros
from .hostile import HTML, MARKDOWN, SVG, harmless

NONE = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def part(html, start, end=None):
    """The part of a page between the elements with these two ids."""
    begin = html.index(">", html.index(f'id="{start}"')) + 1
    return html[begin : html.rindex("<", 0, html.index(f'id="{end}"'))] if end else html[begin:]


@pytest.fixture(scope="module")
def page(jane, executed, reference):
    return student_page(jane, executed, reference)


@pytest.fixture(scope="module")
def sheet(jane, executed):
    return notebook_page(executed, title=jane.student, grade=jane)


def test_the_header_says_who_what_and_how_much(page, parsed):
    text = parsed(page).text
    assert text.startswith("doe-jane: 1.5 of 3.5 (provisional) · Homework 1")
    assert "A cell raised an error. The cells after it still ran. cell 4: NameError" in text
    assert "profile “full” · ran for 5.2 s · doe-jane.ipynb" in text


def test_a_report_says_whose_it_is(ann, parsed):
    known = replace(ann, identity=Identity(name="Ann Adams", section="2"))
    group = replace(ann, people=(Identity(name="Ann Adams"), Identity(email="bo@example.edu")))
    assert "adams-ann Ann Adams · section 2 Class page" in parsed(student_page(known, None, None)).text
    assert "adams-ann Ann Adams, bo@example.edu Class page" in parsed(student_page(group, None, None)).text
    assert "adams-ann Ann Adams 3.5" in parsed(class_page([known])).text
    same = replace(ann, identity=Identity(name="adams"))
    assert "adams-ann Class page" in parsed(student_page(same, None, None)).text, "the id says it already"


def test_what_being_late_takes_stands_by_itself_above_the_total(ann, parsed):
    late = Lateness(points=Decimal("0.5"), message="Handed in 1 day after the due time.")
    given = replace(ann, late=late, total=ann.total - late.points)
    for html in (student_page(given, None, None), page_of(given)):
        assert f"Late Handed in 1 day after the due time. {MINUS}0.5 Total 3" in parsed(html).text
    free = parsed(student_page(replace(ann, late=replace(late, points=Decimal(0))), None, None)).text
    assert "Late Handed in 1 day after the due time. 0 Total 3.5" in free
    assert f"graded late {MINUS}0.5" in parsed(class_page([given])).text


def page_of(given):
    return feedback_page(for_student(given, Moment.PUBLISHED), None, None)


def test_a_student_who_is_late_gets_no_total_below_zero(ann):
    hidden = [
        replace(
            each, checks=tuple(replace(one, visibility=Visibility.AFTER_PUBLISHED) for one in each.checks)
        )
        for each in ann.questions
    ]
    late = replace(ann, questions=tuple(hidden), late=Lateness(points=Decimal(2), message="Late."))
    assert for_student(late, Moment.AT_ONCE).grade.total == 0
    assert for_student(late, Moment.PUBLISHED).grade.total == Decimal("1.5")


@pytest.mark.parametrize("number", [1, 8, 9])
def test_who_handed_in_nothing_is_named(ann, parsed, number):
    names = [f"Zoe {index}" for index in range(number)]
    text = parsed(class_page([ann], missing=[Identity(name=name) for name in names])).text
    assert f"{number} of the roster handed in nothing" in text
    assert all(name in text for name in names)


def test_what_is_still_open_is_said(page, parsed):
    text = parsed(page).text
    assert (
        "Provisional: a person still looks at question 1a. Up to 0.75 more points possible. "
        "Question 1a: 0.75 points awaiting manual review." in text
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
        "1a The gradient of the squared norm review 0? 0.75 "
        "4.3 Show the sample passed 0.5 0.5 "
        "4.5 Train for 20 epochs partial 1 1.25 "
        "4.6 Accuracy over the loader failed 0 1 "
        "Total provisional 1.5* 3.5"
    )
    assert [link["href"] for link in table.all("a")] == ["#q-1a", "#q-4-3", "#q-4-5", "#q-4-6"]


def test_a_check_shows_what_was_expected_what_was_found_and_a_hint(page, parsed):
    assert (
        "The test set never trained net . partial 0.5 of 0.75 net was also trained on the test set. "
        "Expected gradients from trainDataLoader only "
        "Found 157 of 1095 steps of each epoch used testDataLoader "
        "Hint The loop over testDataLoader: it needs no backward() and no step()."
    ) in parsed(page).text


def test_how_the_answer_was_found_leads_to_its_cell(page, sheet, parsed):
    assert "Found by the names that the question asks for: cell 4 ." in parsed(page).text
    assert parsed(page).all("a", href="executed.html#cell-4")
    assert parsed(sheet).all("div", id="cell-4")


def test_a_cell_leads_to_the_question_that_it_answers(sheet, parsed):
    assert "Cell 4 Question 4.6 evaluate ( testDataLoader )" in parsed(sheet).text
    assert parsed(sheet).all("a", href="report.html#q-4-6")
    assert parsed(sheet).all("a", href="report.html")


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


def test_a_table_says_what_its_shades_and_frames_say(page, parsed):
    html = part(page, "q-4-6", "flags")
    shown = parsed(html)
    assert "Predicted class T-shirt/top Trouser Pullover" in shown.text
    assert f"T-shirt/top 850 {MINUS}1 5 10 15 20 25 30 35 0 5 Trouser 7 +1 850 {MINUS}1 17" in shown.text
    assert len(shown.all("td", class_="number shade-5 marked")) == 10
    assert [head["scope"] for head in shown.all("th")] == ["col", "colgroup", *["col"] * 10, *["row"] * 10]
    assert {"role": "group", "tabindex": "0", "aria-label": CONFUSION.title, "class": "output"} in shown.all(
        "div"
    )


def test_a_hint_leads_to_the_cells_of_the_answer(page, parsed):
    hints = [parsed(text.split("</div>")[0]) for text in page.split('<div class="hint">')[1:]]
    assert [hint.text for hint in hints].count("Hint The return. See cell 4 .") == 2
    links = [link["href"] for hint in hints for link in hint.all("a")]
    assert links == [f"executed.html#cell-{number}" for number in (4, 3, 3, 4)]


@pytest.mark.parametrize(
    ("cells", "cause", "links"),
    [((0, 2), "", ["#cell-1", "#cell-3"]), ((0, 1, 2, 3), "", []), ((), "", []), ((0,), "Cell 4 ended.", [])],
)
def test_a_hint_names_only_a_few_cells_and_no_others_than_its_own(jane, parsed, cells, cause, links):
    first = jane.questions[3]
    given = replace(first, cells=cells, checks=(replace(first.checks[0], cause=cause),))
    html = student_page(replace(jane, questions=(given,)), None, None)
    hint = html[html.index('<div class="hint">') :].split("</div>")[0]
    assert [link["href"] for link in parsed(hint).all("a")] == links


def test_the_whole_notebook_is_one_click_away(page, sheet, parsed):
    assert parsed(page).all("a", href="executed.ipynb")
    assert parsed(page).all("a", href="executed.html")
    assert [cell["id"] for cell in parsed(sheet).all("div") if "id" in cell] == [
        f"cell-{n}" for n in range(1, 7)
    ]
    assert "NameError : <x>" in parsed(sheet).text
    assert "raw & ready" in parsed(sheet).text


def test_flags_changes_and_sandbox_are_shown(page, parsed):
    text = parsed(page).text
    assert "saved outputs : Cell 2 was saved with an output that its code does not show." in text
    assert "Cell 3, line 5: iterator.next() (2 times). Write next(iterator)." in text
    assert "Sandbox: kind: bwrap · network: no · memory: 12884901888." in text


def test_a_run_without_a_sandbox_says_so(ann, parsed):
    assert "Sandbox: none." in parsed(student_page(ann, None, None)).text


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_a_sentence(ann, parsed, ending):
    text = parsed(student_page(replace(ann, ending=ending), None, None)).text
    assert re.search(r"adams-ann\.ipynb \S.*(notebook|cell).*\. .*Points Question", text)


def test_an_instructor_sees_every_check_and_who_else_does(jane, parsed):
    (question,) = (one for one in jane.questions if one.id == "4.6")
    checks = tuple(
        replace(question.checks[0], id=kind, visibility=kind, message=f"Told {kind}.") for kind in Visibility
    )
    text = parsed(student_page(replace(jane, questions=(replace(question, checks=checks),)), None, None)).text
    assert [kind for kind in Visibility if f"Told {kind}." not in text] == []
    assert text.count("Visibility for students: ") == 3


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


def test_the_class_is_a_click_away(page, parsed):
    assert parsed(page).all("a", href="../../index.html")


def test_the_same_grade_gives_the_same_page(jane, executed, reference, page):
    assert student_page(jane, executed, reference) == page


def test_a_page_of_an_unreadable_notebook_still_stands(room, parsed):
    (bob,) = (one for one in room if one.student == "byte-bob")
    text = parsed(student_page(bob, None, None)).text
    assert "This file could not be read as a notebook, so nothing was run. it is a PDF document" in text


DISAGREE = "Write to grading@example.org, or see https://example.org/<b>."


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda given: student_page(given, None, None), id="report"),
        pytest.param(lambda given: stand_in_page(given, "Too large."), id="stand-in"),
        pytest.param(
            lambda given: feedback_page(for_student(given, Moment.AT_ONCE), None, None), id="released"
        ),
    ],
)
def test_a_students_page_ends_with_how_to_object(ann, parsed, draw):
    page = parsed(draw(replace(ann, objections=DISAGREE)))
    assert page.text.endswith(
        "If you disagree Write to grading@example.org , or see https://example.org/<b>."
    )
    assert page.all("a", href="mailto:grading@example.org")
    assert "disagree" not in parsed(draw(ann)).text


def test_the_class_page_does_not_say_how_to_object(ann):
    assert "grading@example.org" not in class_page([replace(ann, objections=DISAGREE)])


def test_it_says_who_decided_what_and_once_that_the_rest_was_automatic(jane, parsed):
    ruling = Ruling(
        check="x", group="g", student="", points=Decimal(1), comment="", by="Ada <b>", at="2026-01-02T03:04"
    )
    first, second, *others = jane.questions

    def page(comment, ruling=ruling):
        ruled = replace(
            second.checks[0],
            ruling=replace(ruling, comment=comment),
            message=comment or ("says what (+1)." if ruling.tally else "Decided by Ada <b>."),
        )
        given = replace(jane, questions=(first, replace(second, checks=(ruled,)), *others))
        return parsed(student_page(given, None, None)).text

    assert "Decided by Ada <b> on 2026-01-02." in page("")
    assert page("").count("Ada") == 1
    assert "Nicely done. Decided by Ada <b> on 2026-01-02." in page("Nicely done.")
    by_items = replace(ruling, tally=Tally(worth=Decimal(1), start=Decimal(0)))
    assert "says what (+1). Decided by Ada <b> on 2026-01-02." in page("", by_items)
    overruling = replace(ruling, machine="Failed, 0 of 1 points: Too <b>.")
    assert "2026-01-02. The program had said: Failed, 0 of 1 points: Too <b>." in page("", overruling)
    assert page("").count("A person will decide this.") == 1
    assert page("").count("Checks were decided automatically, unless they say that a person") == 1


# --- the class ---


@pytest.fixture(scope="module")
def index(room):
    return class_page(room, notices=["The data were a subset."])


def first_look(page, parsed):
    return parsed(part(page, "causes", "points")).text


def test_an_error_behind_several_checks_is_one_cause(jane, executed, reference, parsed):
    question = jane.questions[0]
    cause = "Cell 5 ended with NameError: name 'x' is not defined"
    lost = replace(
        question.checks[0], outcome=Outcome.FAILED, cause=cause, earned=Decimal(0), max=Decimal(2), actual=""
    )
    grade = replace(jane, questions=(replace(question, checks=(lost, lost)), *jane.questions[1:]))
    text = first_look(student_page(grade, executed, reference), parsed)
    assert text.startswith(
        f"Look at these first {cause} \N{MINUS SIGN}4 points In question 1a , in 2 checks."
    )


def test_what_cost_most_comes_first_with_what_was_seen_and_where(page, parsed):
    text = first_look(page, parsed)
    assert text.startswith(
        "Look at these first Only the first minibatch counts. \N{MINUS SIGN}1 point "
        "Expected 0.40 Found 0.75 Hint The return. See cell 4 . In question 4.6 . "
        "net was also trained on the test set."
    )
    links = [link["href"] for link in parsed(part(page, "causes", "points")).all("a")]
    assert links == ["executed.html#cell-4", "#q-4-6", "executed.html#cell-3", "#q-4-5"]


def test_at_most_three_causes_are_shown_and_nothing_that_is_open(jane, executed, reference, parsed):
    question = jane.questions[3]
    (check,) = question.checks
    many = tuple(replace(check, id=f"c{number}", max=Decimal(number)) for number in range(1, 6))
    undecided = replace(check, id="open", outcome=Outcome.REVIEW, max=Decimal(9))
    grade = replace(jane, questions=(replace(question, checks=(*many, undecided)),))
    text = first_look(student_page(grade, executed, reference), parsed)
    assert re.findall(r"\N{MINUS SIGN}(\d)", text) == ["5", "4", "3"]


def test_only_questions_with_something_to_look_at_are_unfolded(page, parsed):
    folds = {one["id"]: "open" in one for one in parsed(page).all("details", class_="question")}
    assert folds == {"q-1a": True, "q-4-3": False, "q-4-5": True, "q-4-6": True}


def test_the_answer_stands_beside_what_was_lost(page, parsed):
    assert "Answer Cell 4 evaluate ( testDataLoader )" in parsed(part(page, "q-4-6", "flags")).text
    assert "Answer" not in parsed(part(page, "q-4-3", "q-4-5")).text


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((FoundBy.HEADING, 40), "Answered in hw1.tex, line 40"),
        ((FoundBy.METADATA, 40), "Another answer is in hw1.tex, line 40"),
        ((FoundBy.NOT_FOUND, 0), "Text of hw1.tex"),
    ],
    ids=["the answer", "another answer", "a text to look through"],
)
def test_an_answer_in_a_file_is_typeset_and_says_where_it_stands(ann, executed, parsed, place, expected):
    found_by, line = place
    passage = Passage(file="hw1.tex", line=line, text=r"It is $\frac{1}{2}$ <script>alert(1)</script>")
    questions = [replace(ann.questions[0], found_by=found_by, passages=(passage,)), *ann.questions[1:]]
    page = student_page(replace(ann, questions=tuple(questions)), executed, None)
    assert f"{expected} It is" in parsed(page).text
    assert ("<mfrac>" in page) is (line > 0)
    assert "<script>alert" not in page


def test_notices_come_first(index, parsed):
    text = parsed(index).text
    assert text.index("Before you use these grades The data were a subset.") < text.index("Mean so far")


def test_a_provisional_total_has_a_star_and_what_waits_has_its_sheet(index, ann, parsed):
    rows = parsed(index[index.index("<tbody") : index.index("</tbody>")]).text
    assert "doe-jane 1.5* review error 0? 0.5 1 0" in rows
    assert "adams-ann 3.5 graded 0.75 0.5 1.25 1" in rows
    assert parsed(index).all("a", href="review.csv")
    assert not parsed(class_page([ann])).all("a", href="review.csv")


def test_students_who_need_review_come_first_and_internal_errors_before_them(index, parsed):
    rows = parsed(index[index.index("<tbody") : index.index("</tbody>")])
    assert [link["href"] for link in rows.all("a")] == [
        f"students/{student}/report.html"
        for student in ("evil-eve", "gray-gus", "doe-jane", "adams-ann", "byte-bob", "chan-cy", "fox-finn")
    ]


def test_what_to_do_next_names_the_students_and_says_how(index, parsed):
    assert parsed(part(index, "tasks", "students")).text == (
        "What to do next "
        "internal error 2 hand-ins ran into an internal error "
        "The notebook was not run: the sandbox did not start (1) : evil-eve Show in the table "
        "1a The gradient of the squared norm was not graded (1) : gray-gus Show in the table "
        "Run the same grader run again: it tries these once more. If it fails again, report it. "
        "1 answer waits for a person "
        "1a The gradient of the squared norm (1) : doe-jane Show in the table "
        "Fill in the points in review.csv, and run grader regrade . --rulings review.csv in its folder. "
        "2 notebooks did not finish "
        "error (1) : doe-jane Show in the table timeout (1) : fox-finn Show in the table "
        "Nothing to do, unless several stopped for the same reason: then the assignment may be the cause."
    )


def test_a_file_that_cannot_be_read_is_one_task(parsed):
    unread = [
        grade(name, *zeros("review"), ending=Ending.UNREADABLE, ending_detail="it is a PDF document")
        for name in ("bob", "eve")
    ]
    assert parsed(part(class_page(unread), "tasks", "students")).text == (
        "What to do next 2 hand-ins could not be read it is a PDF document (2) : bob , eve Show in the table "
        "Ask for the notebook as an .ipynb file, or fill in the points in review.csv."
    )


def test_a_final_class_has_nothing_left_to_do(ann):
    assert 'id="tasks"' not in class_page([ann])


def test_averages_name_the_students_that_they_leave_out(index, parsed):
    text = parsed(index).text
    assert "Mean so far 2.4 of 3.5 Median so far 2.25 Provisional 3 of 7" in text
    assert "Based on 5 of 7 students; provisional grades count with the points earned so far." in text
    assert "2 are left out, because nothing could be graded: evil-eve , byte-bob ." in text


def test_a_questions_mean_is_over_what_is_decided(index, parsed):
    text = parsed(index).text
    assert f"1a The gradient of the squared norm 0.45 of 0.45 0.75 0 3 of 3 {NONE} 2" in text
    assert f"4.6 Accuracy over the loader 0.4 1 0.489 2 of 5 {NONE} 0" in text


def counted(student, *points):
    return grade(
        student,
        *(
            question(str(at), "Counting", [check(f"a{at}", str(at), "partial", f"{earned}/4", "Counts.")])
            for at, earned in enumerate(points)
        ),
    )


def test_a_question_that_the_strong_get_right_tells_them_apart(parsed):
    """Of three questions over ten students the second goes with the first, and the third against both."""
    room = [counted(f"s{number}", number % 5, number % 5, 4 - number % 5) for number in range(10)]
    rows = parsed(part(class_page(room), "questions")).text
    assert f"0 Counting 2 4 1.414 2 of 10 {NONE}" in rows  # the other two always add up to 4
    assert "2 Counting 2 4 1.414 2 of 10 -1.00 0" in rows
    few = parsed(part(class_page(room[:9]), "questions", "mistakes")).text
    assert f"2 Counting 2.222 4 1.314 2 of 9 {NONE} 0" in few


def test_the_most_common_mistake_comes_first(index, parsed):
    text = parsed(part(index, "mistakes")).text
    assert text.startswith("Most common mistakes 4.6 evaluate scores everything")
    assert "3 of 5 lost points here (60 %)." in text


def lost(student, message, ruling=None):
    failed = check("a", "1", "failed", "0/1", "Counts.", message=message, ruling=ruling)
    return grade(student, question("1", "Counting", (failed,)))


RULING = Ruling(check="a", group="g", student="", points=Decimal(0), comment="", by="Ada", at="")


@pytest.mark.parametrize(
    ("grades", "told"),
    [
        ([lost("a", "Too few."), lost("b", "Too few."), lost("c", "None.")], "Too few. (2) None. (1)"),
        ([lost(name, name) for name in "abcd"], "a (1) b (1) c (1)"),
        ([lost("a", "Decided by Ada.", RULING), lost("b", "Decided by Ada.", RULING)], ""),
    ],
    ids=["by number", "at most three", "a person's is no diagnosis"],
)
def test_a_mistake_has_its_diagnoses(parsed, grades, told):
    names = " , ".join(each.student for each in grades)
    text = parsed(part(class_page(grades), "mistakes")).text
    told = f"{told} {names}".strip()
    assert f"lost points here (100 %). What they were told, and who they are {told} Show in the table" in text


def test_a_long_list_of_names_is_short(parsed):
    text = parsed(part(class_page([lost(f"s{number:02d}", "") for number in range(20)]), "mistakes")).text
    assert "s06 , s07 and 12 more Show in the table" in text


def test_the_distribution_has_words(index, parsed):
    (histogram,) = parsed(index).all("svg", class_="histogram")
    assert histogram["aria-label"].endswith("1.5 to 2: 1. 2 to 2.5: 2. 2.5 to 3: 1. 3 to 3.5: 1. ")


def test_a_quick_class_has_a_warning_without_a_notice(ann, parsed):
    html = class_page([replace(ann, profile="quick", provisional=True)])
    assert "Grades from the profile “quick” are provisional" in parsed(html).text


def partly(student, easy, hard):
    """Who was given 0.25 or nothing by one check, and nothing so far by the one for 0.5."""
    earned = "0.25" if easy == "passed" else "0"
    checks = (
        check("easy", "2b", easy, f"{earned}/0.25", "One."), check("hard", "2b", hard, "0/0.5", "Two.")
    )  # fmt: skip
    return grade(student, question("2b", "Why", checks))


def test_points_that_are_decided_count_in_the_mean_of_a_question_that_is_open(parsed):
    open_ones = [partly(f"s{number}", "passed", "review") for number in range(3)]
    page = class_page([*open_ones, partly("zero", "failed", "failed")])
    assert f"2b Why 0.187 of 0.375 0.75 0 0 of 1 {NONE} 3" in parsed(page).text
    assert "2b One. 1 of 4 lost points here (25 %)." in parsed(page).text
    assert "2b Two. 1 of 1 lost points here (100 %)." in parsed(page).text


def test_of_one_student_all_figures_are_that_students(ann, parsed):
    text = parsed(class_page([ann])).text
    assert "Homework 1: 1 student " in text
    assert "Mean 3.5 of 3.5 Median 3.5 Provisional 0 of 1 Based on 1 of 1 student." in text


def test_what_a_person_graded_counts_though_no_notebook_could_be_read(ann, parsed):
    first, *others = ann.questions
    ruling = Ruling(check="x", group="", student="", points=Decimal(1), comment="", by="ada", at="2026")
    ruled = replace(first, checks=(replace(first.checks[0], ruling=ruling),))
    text = parsed(class_page([replace(ann, ending=Ending.UNREADABLE, questions=(ruled, *others))])).text
    assert "Based on 1 of 1 student." in text


def test_a_zero_gets_no_tick():
    """A final grade is no praise: only what passed is green and ticked."""
    assert '<span class="outcome graded">graded</span>' in class_page([partly("z", "failed", "failed")])
    style = class_page([])
    (graded,) = re.findall(r"\.outcome\.graded[^{]*\{([^}]*)\}", style)
    assert graded.strip() == 'content: "";'


def test_without_an_executed_notebook_there_is_no_link_to_one(ann, parsed):
    assert parsed(student_page(ann, None, None)).all("a", href="executed.ipynb") == []


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
    """With fifteen questions each, as many as homework 1 has."""
    questions = [
        tuple(replace(each, id=f"{at}{each.id}") for at in range(4) for each in one.questions)[:15]
        for one in room
    ]
    many = [
        replace(room[number % 7], student=f"student-{number:04d}", questions=questions[number % 7])
        for number in range(1000)
    ]
    assert len(class_page(many)) < 400_000


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
    return re.sub(r' id="[\w-]+"|href="(?:executed|report)\.(?:ipynb|html)(?:#[\w-]+)?"', "", body).replace(
        "../../index.html", "#"
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
        objections=payload,
    )
    harmless(body_of(student_page(hostile, executed, reference)))
    harmless(body_of(notebook_page(executed, title=payload, grade=hostile)))
    links = re.sub(
        r'href="(students/[^"/<>]*/report\.html|(?:review|grades)\.csv|grades\.json|junit\.xml)"',
        "",
        class_page([hostile]),
    )
    harmless(body_of(links))


def test_a_name_with_markup_links_to_its_own_folder(ann, parsed):
    html = class_page([replace(ann, student="../a b?#\"'")])
    assert parsed(html).all("a", href="students/..%2Fa%20b%3F%23%22%27/report.html")


def test_an_empty_notebook_has_a_page_without_its_section(ann, parsed):
    released = feedback_page(for_student(ann, Moment.PUBLISHED), notebook(), notebook())
    assert "Executed notebook" not in parsed(released).text
    assert "0 cells" in parsed(notebook_page(notebook(), title="ann", grade=ann)).text


def asking(source):
    return v4.new_markdown_cell(source, metadata={"grader": {"prompt": "4.6"}})


def test_what_a_question_asks_stands_before_its_checks(jane, executed, parsed):
    asked = asking("**4.6** Measure $a_1$.\n<!-- BEGIN SOLUTION -->\nSECRET\n<!-- END SOLUTION -->")
    page = student_page(jane, executed, None, prepare(notebook(asked)))
    text = parsed(part(page, "q-4-6")).text
    assert text.index("Measure") < text.index("Expected")
    assert "SECRET" not in page
    assert "Your answer" not in text


def test_a_reference_whose_markers_are_wrong_shows_no_prompts(jane, executed):
    prompts = prepare(notebook(asking("Measure it.\n<!-- BEGIN SOLUTION -->\nSECRET")))
    assert "SECRET" not in student_page(jane, executed, None, prompts)


def test_of_a_file_that_nobody_could_read_no_question_repeats_it(parsed):
    waiting = grade("bob", *zeros("review"), ending=Ending.UNREADABLE, ending_detail="it is a PDF document")
    shown = parsed(student_page(replace(waiting, provisional=True), None, None))
    assert not [each for each in shown.all("details", class_="question") if "open" in each]
    assert shown.all("svg", class_="ring")[0]["aria-label"] == "? of 3.5 points"


def test_the_line_that_failed_is_marked():
    frame = "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[4]\x1b[39m\x1b[32m, line 2\x1b[39m\n----> 2 b"
    error = v4.new_output("error", ename="NameError", evalue="b", traceback=["NameError", frame])
    html = notebook_page(notebook(code("a = 1\nb\nc = 3", error)), title="jane")
    assert re.search(r'<span class="hll"><span class="n">b</span>\s*</span>', html)


def test_sixty_figures_make_a_page_of_half_a_megabyte(jane):
    """The page of the notebook has the originals."""
    noise = Image.effect_noise((640, 480), 90)
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    original = b64encode(buffer.getvalue()).decode()
    drawn = notebook(code("plot()", *[displayed(image_png=original) for _ in range(12)]))
    questions = tuple(
        replace(jane.questions[3], id=str(number), cells=(0,), checks=()) for number in range(5)
    )
    page = student_page(replace(jane, questions=questions), drawn, None)
    assert page.count("Your figures for question") == 60
    assert len(page) < 500_000
    assert original not in page
    assert original in notebook_page(drawn, title="jane")


def test_a_picture_that_cannot_be_made_smaller_is_named(jane):
    circles = "".join(f"<circle cx='{n}' cy='{n}' r='1'/>" for n in range(20_000))
    drawn = notebook(
        code(
            "plot()",
            displayed(**{"image_svg+xml": f"<svg xmlns='http://www.w3.org/2000/svg'>{circles}</svg>"}),
        )
    )
    question = replace(jane.questions[3], cells=(0,))
    page = student_page(replace(jane, questions=(question,)), drawn, None)
    assert "This picture is too large to show here; cell 1 has it." in page


def test_every_template_is_compiled_before_the_first_page_is_drawn():
    environment.cache_clear()
    prepare(None)
    made = environment()
    assert {name for _, name in made.cache} == set(made.list_templates(extensions=["html"]))


def test_displays_are_drawn_or_named(parsed):
    outputs = (
        displayed(text_markdown="**bold** $a_1$", text_plain="<IPython.core.display.Markdown object>"),
        displayed(application_json="{}", text_plain="<IPython.core.display.JSON object>"),
        displayed(application_pdf="JVBERi0="),
    )
    page = parsed(notebook_page(notebook(code("show()", *outputs)), title="ann"))
    assert page.all("strong")
    assert page.all("math")
    assert "An output of the kind JSON, which is not shown here" in page.text
    assert "An output of the kind application/pdf, which is not shown here" in page.text
    assert "object>" not in page.text
    assert "[no text]" not in page.text


def test_the_beginning_of_a_long_text_is_typeset(parsed):
    long = v4.new_markdown_cell("so $x_1$, **then** " + "word " * 10_000)
    page = parsed(notebook_page(notebook(long), title="ann"))
    assert page.all("math")
    assert page.all("strong")
    assert "The other 30,019 characters are left out; see executed.ipynb." in page.text


def test_what_was_found_in_a_long_answer_is_shortened(jane):
    long = replace(jane.questions[3].checks[0], actual="so $x_1$ and then " * 3000)
    page = student_page(replace(jane, questions=(replace(jane.questions[3], checks=(long,)),)), None, None)
    assert len(page) < 250_000


def test_causes_beyond_the_first_three_are_counted_and_unanswered_questions_are_one(ann, parsed):
    lost = replace(ann.questions[0].checks[0], outcome=Outcome.FAILED, earned=Decimal(0), cause="")
    checks = [replace(lost, id=f"c{number}", message=f"Mistake {number}.") for number in range(3)]
    blank = [replace(lost, id=f"b{number}", message="Not answered.", expected="words") for number in range(2)]
    page = student_page(
        replace(ann, questions=(replace(ann.questions[0], checks=(*checks, *blank)),)), None, None
    )
    text = parsed(part(page, "causes", "points")).text
    assert text.count("Not answered.") == 1
    assert "in 2 checks" in text
    assert "words" not in text
    assert "1 more mistake below." in text
