"""What a student gets to know: the checks of the moment, and nothing by which the others could be guessed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from nbformat import v4

from grader.model import Ending, Flag, FlagKind, Moment, Outcome, ReviewItem, Ruling, Visibility
from grader.reports import feedback
from grader.reports.html import bare_feedback_page, feedback_page
from grader.results import rulings

from .conftest import (
    CONFUSION,
    CURVES,
    code,
    displayed,
    evaluation,
    figure,
    grade,
    notebook,
    picture,
    printed,
    training,
)

VISIBLE, HIDDEN = Visibility.VISIBLE, Visibility.HIDDEN
LATER, PUBLISHED = Visibility.AFTER_DUE_DATE, Visibility.AFTER_PUBLISHED
ENDINGS = [Outcome.PASSED, Outcome.FAILED, Outcome.REVIEW, Outcome.BROKEN, Outcome.SKIPPED, Outcome.PARTIAL]


def page_of(given, moment, executed=None, reference=None):
    return feedback_page(feedback.for_student(given, moment), executed, reference)


def with_checks(given, change):
    """A grade whose checks are changed by number, with points, outcomes and total that follow."""
    number = iter(range(1000))
    questions = tuple(
        replace(part, checks=tuple(change(next(number), check) for check in part.checks))
        for part in given.questions
    )
    return rulings.apply(replace(given, questions=questions), [])


def words(number):
    fields = ("id", "title", "message", "expected", "actual", "hint", "cause")
    return {field: f"zq{number:03d}{field}" for field in fields}


def marked(given, first=0):
    """Every check has words of its own, and one of the visibilities."""
    kinds = list(Visibility)
    return with_checks(
        given,
        lambda number, check: replace(
            check, **words(number), visibility=kinds[(number + first) % len(kinds)]
        ),
    )


@pytest.mark.parametrize("first", range(4))
@pytest.mark.parametrize("moment", Moment)
def test_of_a_check_that_is_not_shown_no_word_is_on_the_page(room, executed, reference, moment, first):
    for given in room:
        whole = marked(given, first)
        page = page_of(whole, moment, executed, reference)
        for check in whole.checks:
            texts = [check.title, check.message, check.expected, check.actual]
            if not moment.shows(check.visibility):
                texts += [check.id, check.hint, check.cause]
                assert [text for text in texts if text in page] == []
            elif check.outcome is not Outcome.BROKEN:
                assert [text for text in texts if text not in page] == []


@pytest.mark.parametrize("outcome", ENDINGS)
@pytest.mark.parametrize("moment", Moment)
def test_the_page_is_the_same_whatever_a_check_says_that_is_not_shown(
    jane, executed, reference, moment, outcome
):
    """Points, outcomes, counts, pictures and banners would give it away as well."""

    def otherwise(_, check):
        if moment.shows(check.visibility):
            return check
        earned = {Outcome.PASSED: check.max, Outcome.PARTIAL: check.max / 2}.get(outcome, Decimal(0))
        return replace(
            check, outcome=outcome, earned=earned, message="Other.", cause="Other.", actual="Other."
        )

    before = marked(jane)
    after = with_checks(before, otherwise)
    after = replace(
        after,
        questions=tuple(
            replace(part, exhibits=())
            if any(not moment.shows(one.visibility) for one in part.checks)
            else part
            for part in after.questions
        ),
    )
    assert page_of(after, moment, executed, reference) == page_of(before, moment, executed, reference)


@pytest.mark.parametrize(
    ("visibility", "points", "with_total"),
    [
        pytest.param(VISIBLE, "1", {*Moment}, id="visible"),
        pytest.param(LATER, "1", {Moment.AFTER_DUE_DATE, Moment.PUBLISHED}, id="after the due date"),
        pytest.param(PUBLISHED, "1", {Moment.PUBLISHED}, id="when published"),
        pytest.param(LATER, "0", {Moment.AFTER_DUE_DATE, Moment.PUBLISHED}, id="worth nothing, but shown later"),
        pytest.param(HIDDEN, "0", {*Moment}, id="hidden and worth nothing, as Gradescope wants it"),
        pytest.param(HIDDEN, "1", set(), id="hidden and worth points"),
    ],
)  # fmt: skip
def test_the_total_is_hidden_while_checks_are(parsed, visibility, points, with_total):
    last = evaluation("passed", points)
    check = replace(last.checks[0], max=Decimal(points), visibility=visibility)
    seen = replace(last.checks[0], id="seen")
    given = grade(
        "ada",
        figure(),
        replace(last, checks=(seen, check), max=Decimal(2), points=seen.earned + check.earned),
    )
    assert given.total == Decimal("0.5") + 2 * Decimal(points)
    for moment in Moment:
        page = page_of(given, moment)
        assert (f"{given.total} of {given.max}" in parsed(page).text) == (moment in with_total)
        assert ("Total not shown \N{EN DASH}" in parsed(page).text) == (moment not in with_total)
        assert ('class="ring"' in page) == (moment in with_total)


def test_a_question_says_that_more_is_checked_and_not_how_much(ann, parsed):
    text = parsed(page_of(ann, Moment.AT_ONCE)).text
    assert "Your total is not shown yet, because some checks are not shown yet." in text
    assert "4.5 Train for 20 epochs not shown \N{EN DASH} 1.25" in text
    assert "More is checked here than is shown yet." in text
    hidden = with_checks(ann, lambda _, check: replace(check, visibility=HIDDEN))
    text = parsed(page_of(hidden, Moment.PUBLISHED)).text
    assert "Your total is not shown, because some checks are not shown." in text
    assert "What is checked here is not shown." in text
    assert "passed" not in text


def test_what_is_still_open_counts_only_where_it_is_shown(jane, parsed):
    def opened(visibility):
        return with_checks(
            jane,
            lambda _, check: replace(check, outcome=Outcome.REVIEW, earned=Decimal(0), visibility=visibility),
        )  # fmt: skip

    assert "Provisional" not in parsed(page_of(opened(LATER), Moment.AT_ONCE)).text
    assert "Up to 3.5 more points possible." in parsed(page_of(opened(LATER), Moment.PUBLISHED)).text


def test_an_error_is_told_though_a_hidden_check_told_it_first(ann, parsed):
    cause = "Cell 5 ended with NameError: name 'x' is not defined"
    told = {True: f"{cause}. It is not there.", False: "After the NameError in cell 5: It is not there."}

    def shown(teller):
        given = with_checks(
            ann,
            lambda number, check: replace(
                check, cause=cause, earned=Decimal(0), outcome=Outcome.FAILED, message=told[number == teller],
                hint="Run cell 5." if number == teller else "", visibility=VISIBLE if number else HIDDEN,
            ),
        )  # fmt: skip
        return page_of(given, Moment.AT_ONCE)

    assert shown(0) == shown(1)
    text = parsed(shown(0)).text
    assert f"{cause}. It is not there." in text
    assert "Hint Run cell 5." in text
    assert "After the NameError in cell 5: It is not there." in text  # what follows refers to it


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param((VISIBLE, Moment.AT_ONCE, False), id="before the due date"),
        pytest.param((VISIBLE, Moment.AFTER_DUE_DATE, True), id="all checks shown"),
        pytest.param((PUBLISHED, Moment.AFTER_DUE_DATE, False), id="one check withheld"),
        pytest.param((HIDDEN, Moment.PUBLISHED, False), id="one check never shown"),
    ],
)
def test_the_reference_is_drawn_beside_an_answer_only_if_nothing_is_withheld(
    ann, executed, parsed, shown
):  # fmt: skip
    visibility, moment, drawn = shown
    part = training("passed", "0.75")
    part = replace(
        part,
        checks=(part.checks[0], replace(part.checks[1], visibility=visibility)),
        exhibits=(CURVES, CONFUSION),
    )
    page = page_of(replace(ann, questions=(part,)), moment, executed, executed)
    assert ("Reference figures for question 4.5" in page) == drawn
    for words in (CURVES.title, CONFUSION.title, "Predicted class", "T-shirt/top"):
        assert (words in parsed(page).text) == drawn
    assert "Your figures for question 4.5, 1 of 1" in page


def test_a_person_speaks_for_the_course_and_by_no_name(ann, parsed):
    ruling = Ruling(
        check="x",
        group="g",
        student="",
        points=Decimal(1),
        comment="Well put.",
        by="Ada L.",
        at="2026-01-02T03:04:05+00:00",
        machine="Failed: zqmachine.",
    )
    review = ReviewItem(answer="my words", group="zqgroup", polarity="zqyes", tags=("zqtag",))
    given = with_checks(
        ann, lambda _, check: replace(check, message="Well put.", ruling=ruling, review=review, visibility=VISIBLE)
    )  # fmt: skip
    page = page_of(given, Moment.AT_ONCE)
    text = parsed(page).text
    assert "Well put." in text
    assert "Decided by the course staff on 2026-01-02." in text
    assert [word for word in ("Ada L.", "zqgroup", "zqyes", "zqtag", "zqmachine") if word in page] == []


def test_what_broke_is_not_explained_to_a_student(ann, parsed):
    broken = with_checks(
        ann,
        lambda _, check: replace(
            check, outcome=Outcome.BROKEN, earned=Decimal(0), visibility=VISIBLE,
            message="KeyError in /srv/rubric.py", expected="zqwant", actual="zqgot",
        ),
    )  # fmt: skip
    given = replace(broken, ending=Ending.BROKEN, ending_detail="bwrap: /srv/x")
    page = page_of(given, Moment.PUBLISHED)
    assert [word for word in ("/srv", "bwrap", "zqwant", "zqgot") if word in page] == []
    assert feedback.NOT_JUDGED in parsed(page).text


def test_nothing_of_the_machine_or_the_class_is_on_the_page(jane, executed, parsed):
    flags = (
        Flag(kind=FlagKind.TAMPERED, message="zqtampered"),
        Flag(kind=FlagKind.UNREAD, message="These cells could not be read: 3."),
    )
    given = replace(
        jane, seconds=5.217, origin="zqorigin.ipynb", flags=flags, ending=Ending.TIMEOUT,
        ending_detail="cell 3 was interrupted after 77 s, in which it used 66 s of processor time",
    )  # fmt: skip
    page = page_of(given, Moment.PUBLISHED, executed)
    words = (
        "index.html",
        "executed.ipynb",
        "5.2 s",
        "77 s",
        "66 s",
        "zqorigin",
        "bwrap",
        "Sandbox",
        "zqtampered",
    )
    assert [word for word in words if word in page] == []
    text = parsed(page).text
    assert "cell 3 was interrupted" in text
    assert "These cells could not be read: 3." in text
    assert "iterator.next() (2 times)" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("File /srv/venv/lib/python3.11/site-packages/torch/nn/a.py:5, in f", "File …/torch/nn/a.py:5, in f"),
        ("\x1b[32m/opt/x/dist-packages/numpy/b.py:7\x1b[39m", "\x1b[32m…/numpy/b.py:7\x1b[39m"),
        ("/usr/lib/python3.11/json/decoder.py", "…/json/decoder.py"),
        ("/x/ipykernel_61/2870.py:3: UserWarning", "…/2870.py:3: UserWarning"),
        ("/x/grader-room-ab_1/work/data.csv", "…/work/data.csv"),
        ("/home/staff/results/x and /home/staff.", "…/x and …."),
        ("/home/staffroom", "/home/staffroom"),
        ("</td> 3/4 a/b/c /content/drive/my.csv", "</td> 3/4 a/b/c /content/drive/my.csv"),
        (
            "Cell 3 was interrupted after 12 s, in which it used 9 s of processor time.",
            "Cell 3 was interrupted.",
        ),
    ],
)
def test_places_and_times_of_the_machine_are_cut_out(text, shown):
    assert feedback.without_machine(text, ["/home/staff/results", "/home/staff"]) == shown


def test_long_outputs_are_cleaned_in_time_that_grows_with_their_length():
    """In squares of it, this would take minutes."""
    assert feedback.without_machine("/a" * 500_000 + "/" * 500_000, ["/srv"]).startswith("/a/a")


def test_outputs_are_cleaned_and_a_students_own_words_are_not():
    path = "/srv/site-packages/torch"
    own = notebook(
        v4.new_markdown_cell(path),
        code(
            path,
            printed(path),
            displayed(text_html=f"<b>{path}</b>", text_plain=path, image_png=picture(9)),
            v4.new_output("error", ename="E", evalue=path, traceback=[path]),
        ),
    )
    image = own.cells[1].outputs[1].data["image/png"]
    feedback.clean(own, ["/srv"])
    assert [cell.source for cell in own.cells] == [path, path]
    assert path not in str(own.cells[1].outputs)
    assert own.cells[1].outputs[1].data["image/png"] == image


def test_a_page_that_cannot_be_drawn_still_says_whose_it_is():
    assert "Your feedback, &lt;b&gt;, could not be drawn." in bare_feedback_page("<b>")
