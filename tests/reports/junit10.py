"""The rules of junit-10.xsd, the schema of Jenkins' xUnit plugin; also that counts add up."""

import re
from xml.etree import ElementTree as ET

VERDICTS = ("failure", "error", "skipped")
COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")
COUNTS = {"tests", "failures", "errors"}
ATTRIBUTES = {  # of each element: those that it must have, and all that it may have
    "testsuites": (set(), {"name", "time", *COUNTS}),
    "testsuite": (
        {"name", *COUNTS},
        {
            "name", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url",
            *COUNTS,
        },
    ),
    "testcase": ({"name"}, {"name", "time", "classname", "group"}),
    "properties": (set(), set()),
    "property": ({"name", "value"}, {"name", "value"}),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
    **dict.fromkeys(VERDICTS, (set(), {"type", "message"})),
}  # fmt: skip
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "testcase": {*VERDICTS, "system-out", "system-err"},
    "properties": {"property"},
}
WITH_TEXT = {*VERDICTS, "system-out", "system-err"}


def objections(document):
    """Why a document is refused, one sentence a reason; none if it is valid."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - our own text
    except ET.ParseError as error:
        return [f"not XML: {error}"]
    if root.tag not in ("testsuites", "testsuite"):
        return [f"<{root.tag}> is the root"]
    found = [objection for element in root.iter() for objection in of_element(element)]
    return found + [objection for suite in root.iter("testsuite") for objection in of_counts(suite)]


def of_element(element):
    tag, given = element.tag, set(element.attrib)
    required, allowed = ATTRIBUTES.get(tag, (set(), given))
    yield from (f"<{tag}> has no {name}" for name in sorted(required - given))
    yield from (f"<{tag}> has {name}" for name in sorted(given - allowed))
    yield from (f"<{tag}> holds <{one.tag}>" for one in element if one.tag not in CHILDREN.get(tag, ()))
    if tag.startswith("testsuite") and not TIME.fullmatch(element.get("time", "")):
        yield f"<{tag}> took {element.get('time')!r}"
    texts = [element.text, *(one.tail for one in element)]
    if tag not in WITH_TEXT and any(text and text.strip() for text in texts):
        yield f"<{tag}> holds text"


def of_counts(suite):
    cases = suite.findall("testcase")
    counts = {"tests": len(cases)} | {
        name: sum(case.find(tag) is not None for case in cases) for name, tag in COUNTED.items()
    }
    yield from (
        f"{name} is {suite.get(name)}, not {count}"
        for name, count in counts.items()
        if name in suite.attrib and suite.get(name) != str(count)
    )
    for case in cases:
        if sum(one.tag in VERDICTS for one in case) > 1:
            yield f"{case.get('name')} ends twice"
