from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest

from grader.model import Outcome
from grader.reports.junit import junit_xml


@pytest.fixture(scope="module")
def suites(room):
    return {suite.get("name"): suite for suite in ET.fromstring(junit_xml(room))}  # noqa: S314 - our own text


def cases(suite):
    return {
        case.get("name"): [(one.tag, one.get("message")) for one in case if one.tag != "properties"]
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


def test_points_are_properties(suites):
    suite = suites["hw1.doe-jane"]
    properties = [
        {one.get("name"): one.get("value") for one in owner.find("properties")}
        for owner in (suite, *suite.iter("testcase"))
        if owner.find("properties") is not None
    ]
    assert properties[0] == {"points": "1.50", "max_points": "3.5"}
    assert properties[-2] == {"points": "0.50", "max_points": "0.75"}


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
