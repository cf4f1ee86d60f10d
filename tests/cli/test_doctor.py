"""`doctor`: what works on this machine."""

import json
import sys

import pytest

from grader.cli import doctor


@pytest.mark.slow
def test_the_doctor_says_what_works_here(call):
    findings = {finding["what"]: finding for finding in json.loads(call("doctor", "--json").out)}
    assert {"python", "memory", "open files", "control group for processor", "limit memory"} <= set(findings)
    assert {name.partition(" ")[0] for name in findings} >= {"data", "sandbox", "limit"}
    assert findings["limit memory"]["detail"] == "12884901888"
    assert all(set(finding) == {"what", "works", "detail"} for finding in findings.values())


def test_a_machine_without_limits_of_a_process_is_examined_too(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)
    findings = [finding.what for finding in doctor._machine()]
    assert "memory" in findings
    assert "open files" not in findings


def test_findings_are_lines_that_say_yes_or_no(call, monkeypatch):
    findings = [
        doctor.Finding("cores", None, "2"),
        doctor.Finding("sandbox", True, "starts"),
        doctor.Finding("data", False, "[not] found"),
    ]
    monkeypatch.setattr(doctor, "examine", lambda _: findings)
    assert call("doctor").out.splitlines() == [
        "-    cores: 2",
        "yes  sandbox: starts",
        "no   data: [not] found",
    ]


@pytest.mark.parametrize(("user", "found"), [(0, True), (1000, False)])
def test_root_is_told_what_another_user_does_not_hold_back(monkeypatch, user, found):
    monkeypatch.setattr("grader.kernel.sandbox.probe_host", lambda *_, **__: [])
    monkeypatch.setattr("os.geteuid", lambda: user)
    details = [each.detail for each in doctor._sandboxes() if each.what == "another user"]
    assert ["network" in detail for detail in details] == [True] * found
