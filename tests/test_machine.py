"""A test may be skipped for want of something only where nobody promised that it is there."""

import pytest
from machine import lacks

SKIPPED, FAILED = pytest.skip.Exception, pytest.fail.Exception


@pytest.mark.parametrize(
    ("promise", "value", "kind", "ending"),
    [
        ("GRADER_REQUIRE_SANDBOX", "", "sandbox", SKIPPED),
        ("GRADER_REQUIRE_SANDBOX", "0", "sandbox", SKIPPED),
        ("GRADER_REQUIRE_SANDBOX", "1", "sandbox", FAILED),
        ("GRADER_REQUIRE_SANDBOX", "1", "package", SKIPPED),
        ("CI", "true", "package", FAILED),
    ],
)
def test_what_was_promised_may_not_be_missing(monkeypatch, promise, value, kind, ending):
    for name in ("GRADER_REQUIRE_SANDBOX", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(promise, value)
    with pytest.raises(ending, match="no such thing"):
        lacks(kind, "no such thing")
