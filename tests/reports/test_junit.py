from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from grader.model import Ending, Lateness, Outcome
from grader.reports.junit import junit_xml

from .junit10 import objections


@pytest.fixture(scope="module")
def suites(room):
    return {suite.get("name"): suite for suite in ET.fromstring(junit_xml(room))}  # noqa: S314 - our own text


def cases(suite):
    return {
        case.get("name"): [(one.tag, one.get("message")) for one in case if one.tag != "system-out"]
        for case in suite.iter("testcase")
    }


def test_each_check_is_a_case(suites):
    assert cases(suites["hw1.doe-jane"]) == {
        "The notebook can be run.": [],
        "The gradient is right for every dimension.": [
            ("skipped", "A person decides about 0.75 points. A person reads this answer.")
        ],
        "The figure shows `image`.": [],
        "The network learned.": [],
        "The test set never trained `net`.": [("failure", "`net` was also trained on the test set.")],
        "`evaluate` scores everything the loader yields, not just its first batch.": [
            ("failure", "Only the first minibatch counts.")
        ],
    }


@pytest.mark.parametrize(
    ("student", "counts"),
    [
        pytest.param("adams-ann", ("6", "0", "0", "0"), id="all right"),
        pytest.param("doe-jane", ("6", "2", "0", "1"), id="partial is a failure, review is skipped"),
        pytest.param("byte-bob", ("5", "1", "0", "4"), id="unreadable is a failure"),
        pytest.param("evil-eve", ("5", "0", "5", "0"), id="broken is an error, never a failure"),
    ],
)
def test_counts(suites, student, counts):
    suite = suites[f"hw1.{student}"]
    assert tuple(suite.get(name) for name in ("tests", "failures", "errors", "skipped")) == counts


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.PARTIAL])
def test_what_is_worth_no_points_is_no_failure(ann, outcome):
    check = replace(ann.checks[0], max=Decimal(0), earned=Decimal(0), outcome=outcome, message="In prose.")
    one = replace(ann, questions=(replace(ann.questions[0], checks=(check,)),))
    (suite,) = ET.fromstring(junit_xml([one]))  # noqa: S314 - our own text
    assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")
    assert cases(suite)[check.title] == [("skipped", "Not scored: In prose.")]


def test_points_are_properties_of_the_student_and_the_output_of_each_check(suites):
    suite = suites["hw1.doe-jane"]
    points = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert points == {"points": "1.50", "max_points": "3.5"}
    assert [case.findtext("system-out") for case in suite.iter("testcase")] == [
        None, "0 of 0.75 points", "0.5 of 0.5 points", "0.5 of 0.5 points", "0.5 of 0.75 points", "0 of 1 points",
    ]  # fmt: skip


def test_a_failure_explains_itself(suites):
    (failure,) = suites["hw1.chan-cy"].findall("testcase/failure[@type='failed']")[:1]
    assert failure.get("message") == "failed"
    (explained,) = suites["hw1.doe-jane"].findall("testcase/failure[@type='failed']")
    assert explained.text == "Expected: 0.40\nFound: 0.75\nHint: The return."


def test_what_xml_cannot_hold_is_escaped(ann):
    xml = junit_xml([replace(ann, student="a\x1b[31m<b>\x00\ud800\ufffe&")])
    (suite,) = ET.fromstring(xml)  # noqa: S314 - our own text
    assert suite.get("name") == r"hw1.a\x1b[31m<b>\x00\xd800\xfffe&"
    assert xml.encode("utf-8")


def test_time_and_place_are_written_only_if_given(ann):
    assert "timestamp" not in junit_xml([ann])
    xml = junit_xml([ann], timestamp=datetime(2021, 2, 12, 23, 59, tzinfo=UTC), hostname="ci")
    assert 'timestamp="2021-02-12T23:59:00+00:00" hostname="ci"' in xml


def test_a_class_without_students_is_valid():
    assert ET.fromstring(junit_xml([])).tag == "testsuites"  # noqa: S314 - our own text


WORDS = {"student": "a<b>&\x1b]]>\ufffe", "ending_detail": "]]><failure/>\x00\ud800", "seconds": 12345.6789}


@pytest.mark.parametrize("ending", Ending)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_kind_of_grade_is_valid(jane, outcome, ending):
    questions = tuple(
        replace(each, checks=tuple(replace(check, outcome=outcome, message="\x00") for check in each.checks))
        for each in jane.questions
    )
    odd = replace(jane, ending=ending, questions=questions, **WORDS)
    xml = junit_xml([jane, odd], timestamp=datetime(2021, 2, 12, 23, 59, tzinfo=UTC), hostname="ci")
    assert objections(xml) == []


def test_a_class_is_valid(room):
    assert objections(junit_xml(room)) == []
    assert objections(junit_xml([])) == []


SUITE = '<testsuite name="a" tests="1" failures="0" errors="0">{}</testsuite>'
CASE = '<testcase name="b"/>'


@pytest.mark.parametrize(
    ("document", "objection"),
    [
        ("<testsuites>", "not XML: no element found: line 1, column 12"),
        ("<testsuites>\x00</testsuites>", "not XML: not well-formed (invalid token): line 1, column 12"),
        ("<report/>", "<report> is the root"),
        ('<testsuites skipped="1"/>', "<testsuites> has skipped"),
        ('<testsuites time="1e3"/>', "<testsuites> took '1e3'"),
        (f"<testsuites>{CASE}</testsuites>", "<testsuites> holds <testcase>"),
        ('<testsuite tests="0" failures="0" errors="0"/>', "<testsuite> has no name"),
        (SUITE.format(""), "tests is 1, not 0"),
        (SUITE.format('<testcase name="b"><failure/></testcase>'), "failures is 0, not 1"),
        (SUITE.format('<testcase name="b"><skipped/><skipped/></testcase>'), "b ends twice"),
        (SUITE.format('<testcase name="b" points="1"/>'), "<testcase> has points"),
        (SUITE.format('<testcase name="b"><properties/></testcase>'), "<testcase> holds <properties>"),
        (
            SUITE.format('<testcase name="b"><system-out><b/></system-out></testcase>'),
            "<system-out> holds <b>",
        ),
        (SUITE.format(f'{CASE}<properties><property name="c"/></properties>'), "<property> has no value"),
        (SUITE.format(f"words{CASE}"), "<testsuite> holds text"),
    ],
)
def test_what_is_not_valid_is_refused(document, objection):
    assert objections(document) == [objection]


def test_the_smallest_file_is_valid():
    assert objections(SUITE.format(CASE)) == []


def test_what_being_late_took_is_a_property(ann):
    late = Lateness(points=Decimal("0.50"), message="Late.")
    text = junit_xml([replace(ann, late=late, total=ann.total - late.points)])
    (suite,) = ET.fromstring(text)  # noqa: S314 - our own text
    found = {one.get("name"): one.get("value") for one in suite.findall("properties/property")}
    assert found == {"points": "3.00", "max_points": "3.5", "late": "-0.50"}
    assert not objections(text)
