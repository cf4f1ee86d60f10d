"""What Gradescope's autograder specification asks of results.json, as a list of what a document does against it."""

import math

FORMATS = {"text", "html", "simple_format", "md", "ansi"}
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
SHARED = {
    "score": float, "output": str, "output_format": FORMATS, "visibility": VISIBILITIES, "extra_data": dict,
}  # fmt: skip
DOCUMENT = SHARED | {
    "execution_time": float, "test_output_format": FORMATS, "test_name_format": FORMATS,
    "stdout_visibility": VISIBILITIES, "tests": list, "leaderboard": list,
}  # fmt: skip
TEST = SHARED | {
    "max_score": float, "status": {"passed", "failed"}, "name": str, "name_format": FORMATS, "number": str,
    "tags": list,
}  # fmt: skip


def violations(document):
    tests = document.get("tests", [])
    found = [*_wrong(document, DOCUMENT, "document")]
    found += [wrong for index, test in enumerate(tests) for wrong in _wrong(test, TEST, f"tests[{index}]")]
    for index, test in enumerate(tests):
        if not all(isinstance(tag, str) for tag in test.get("tags", [])):
            found.append(f"tests[{index}].tags are not all texts")
        if ("score" in test) != ("max_score" in test):
            found.append(f"tests[{index}] has only one of score and max_score")
        elif "score" in test and not 0 <= test["score"] <= test["max_score"]:
            found.append(f"tests[{index}].score is not from 0 to {test['max_score']}")
    if document.get("score", 0) < 0 or document.get("execution_time", 0) < 0:
        found.append("document has a negative number")
    return found


def _wrong(value, keys, where):
    for key, each in value.items():
        allowed = keys.get(key)
        if allowed is None:
            yield f"{where}.{key} is not in the specification"
        elif isinstance(allowed, set) and each not in allowed:
            yield f"{where}.{key} is {each!r}"
        elif allowed is float and (type(each) not in (int, float) or not math.isfinite(each)):
            yield f"{where}.{key} is not a finite number"
        elif isinstance(allowed, type) and allowed is not float and not isinstance(each, allowed):
            yield f"{where}.{key} is not of the type {allowed.__name__}"
