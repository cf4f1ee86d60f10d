"""JUnit XML, which CI servers show: one suite a student, one case a check.

It keeps to the strictest schema in use, junit-10.xsd of Jenkins' xUnit plugin, where a case has no properties.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from grader.legible import legible
from grader.model import Ending, Outcome
from grader.reports.wording import details, points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from grader.model import Check, Grade

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 can't contain, not even as references."""

_TAGS = {
    Outcome.FAILED: "failure",
    Outcome.PARTIAL: "failure",
    Outcome.BROKEN: "error",
    Outcome.SKIPPED: "skipped",
    Outcome.REVIEW: "skipped",
}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def junit_xml(grades: Sequence[Grade], *, timestamp: datetime | None = None, hostname: str = "") -> str:
    """Points open the output of each case. Partial credit is a failure; what a person has to decide is skipped.

    So is what failed but is worth no points: a notebook with full marks has no failures.

    `timestamp` and `hostname` are written only if they are given, so that the same grades give the same text.
    """
    root = ET.Element("testsuites")
    for grade in grades:
        root.append(_suite(grade, timestamp, hostname))
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(grade: Grade, timestamp: datetime | None, hostname: str) -> ET.Element:
    cases = [_ran(grade), *(_case(grade, check) for check in grade.checks)]
    attributes = {"name": f"{grade.assignment}.{grade.student}", "tests": str(len(cases))}
    for name, tag in _COUNTED.items():
        attributes[name] = str(sum(case.find(tag) is not None for case in cases))
    attributes["time"] = f"{grade.seconds:.3f}"
    if timestamp is not None:
        attributes["timestamp"] = timestamp.isoformat(timespec="seconds")
    if hostname:
        attributes["hostname"] = hostname
    suite = _element("testsuite", attributes)
    late = {"late": f"{-grade.late.points:f}"} if grade.late else {}
    suite.append(_properties({"points": f"{grade.total:f}", "max_points": f"{grade.max:f}"} | late))
    suite.extend(cases)
    return suite


def _ran(grade: Grade) -> ET.Element:
    """A case for the run itself: a notebook that never ran must not look like one without mistakes."""
    case = _element(
        "testcase",
        {
            "classname": f"{grade.student}.run",
            "name": "The notebook can be run.",
            "time": f"{grade.seconds:.3f}",
        },
    )
    if grade.ending in (Ending.UNREADABLE, Ending.BROKEN):
        tag = "error" if grade.ending.ours else "failure"
        case.append(_element(tag, {"message": grade.ending_detail or grade.ending, "type": grade.ending}))
    return case


def _case(grade: Grade, check: Check) -> ET.Element:
    case = _element(
        "testcase", {"classname": f"{grade.student}.{check.question}", "name": check.title, "time": "0"}
    )
    if check.outcome in _TAGS:
        case.append(_verdict(check))
    output = ET.SubElement(case, "system-out")
    output.text = f"{points(check.earned)} of {points(check.max)} points" if check.max else "Not scored."
    return case


def _verdict(check: Check) -> ET.Element:
    message = check.message or check.outcome
    if check.outcome is Outcome.REVIEW:
        message = f"A person decides about {points(check.max - check.earned)} points. {check.message}".strip()
    tag = _TAGS[check.outcome]
    if tag == "failure" and not check.max:
        tag, message = "skipped", f"Not scored: {message}"
    verdict = _element(tag, {"message": message, "type": check.outcome})
    verdict.text = _clean("\n".join(details(check))) or None
    return verdict


def _properties(values: Mapping[str, str]) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in values.items():
        properties.append(_element("property", {"name": name, "value": value}))
    return properties


def _element(tag: str, attributes: Mapping[str, str]) -> ET.Element:
    return ET.Element(tag, {name: _clean(str(value)) for name, value in attributes.items()})


def _clean(text: str) -> str:
    return legible(_NOT_XML.sub(lambda found: f"\\x{ord(found[0]):02x}", text))
