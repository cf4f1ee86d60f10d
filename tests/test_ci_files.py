"""The files for an instructor's CI: their commands exist and work, and all that they name is there."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup

from grader.cli.app import command
from grader.places import GUIDE

PROJECT = Path(__file__).parent.parent
ACTION = ".github/actions/grader/action.yml"
WORKFLOWS = sorted(path.relative_to(PROJECT).as_posix() for path in PROJECT.glob(".github/workflows/*.yml"))
DOCKERFILE = PROJECT / ".ci" / "Dockerfile"
(GITLAB,) = re.findall(r"^```yaml\n(.*?)^```", (GUIDE / "ci.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)


def document(name):
    return yaml.safe_load((PROJECT / name).read_text("utf-8"))


def steps_of(name):
    """The steps of an action, or of all jobs of a workflow."""
    content = document(name)
    groups = [content["runs"]] if "runs" in content else content["jobs"].values()
    return [step for group in groups for step in group["steps"]]


def gitlab_jobs():
    return {
        name: job for name, job in yaml.safe_load(GITLAB).items() if isinstance(job, dict) and "script" in job
    }


def scripts():
    """Each script, by the file and the job or step that it is for."""
    for name in (ACTION, *WORKFLOWS):
        for number, step in enumerate(steps_of(name)):
            if "run" in step:
                yield pytest.param(step["run"], id=f"{Path(name).name} {step.get('name', number)}")
    yield pytest.param("\n".join(yaml.safe_load(GITLAB)["before_script"]), id="gitlab before")
    for name, job in gitlab_jobs().items():
        yield pytest.param("\n".join(job["script"]), id=f"gitlab {name}")


SCRIPTS = list(scripts())


def commands_of(script):
    """The simple commands of a script, as words."""
    for line in re.split(r"\n|;", script):
        words = [word for word in shlex.split(line) if word not in ("do", "done")]
        if words and words[0] != "for":
            yield words


def test_there_are_files_for_both_jobs():
    assert [Path(name).name for name in WORKFLOWS] == ["grade.yml", "validate.yml"]
    assert set(gitlab_jobs()) == {"grade", "validate"}


@pytest.mark.parametrize("script", SCRIPTS)
def test_every_command_exists(script):
    """Those of this program with their options, others by name; a file that is named is in the repository."""
    for first, *words in commands_of(script):
        if first == "grader":
            group = command()
            while isinstance(group, TyperGroup):
                group = group.get_command(None, words.pop(0))
                assert group is not None, script
            group.make_context(group.name, words).close()
        else:
            assert first in ("pip", "sudo") or os.access(PROJECT / first, os.X_OK), first
        for word in words:
            assert not word.startswith(".ci/") or (PROJECT / word).is_file(), word


@pytest.mark.parametrize("script", SCRIPTS)
def test_nothing_that_others_choose_is_pasted_into_a_script(script):
    """A branch or title with `$(…)` in it would be run."""
    assert "${{" not in script


@pytest.mark.parametrize("name", [ACTION, *WORKFLOWS])
def test_actions_of_others_are_pinned_and_our_own_is_there(name):
    for used in (step["uses"] for step in steps_of(name) if "uses" in step):
        if used.startswith("./"):
            assert (PROJECT / used / "action.yml").is_file()
        else:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", used), used


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_and_leaves_no_token_to_a_notebook(name):
    assert document(name)["permissions"] == {"contents": "read"}
    (checkout,) = [step for step in steps_of(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"persist-credentials": False}


def test_a_rubric_is_validated_when_it_or_the_reference_changes():
    triggers = document(".github/workflows/validate.yml")[True]  # YAML 1.1 reads `on` as a truth value
    for event in ("push", "pull_request"):
        assert [path.partition("/")[0] for path in triggers[event]["paths"]] == ["rubrics", "reference"]
    (rule,) = gitlab_jobs()["validate"]["rules"]
    assert [path.partition("/")[0] for path in rule["changes"]] == ["rubrics", "reference"]
    assert all((PROJECT / folder).is_dir() for folder in ("rubrics", "reference", "submissions"))


def test_the_report_is_an_artifact_of_the_scheduled_job():
    assert document(".github/workflows/grade.yml")[True]["schedule"]
    (upload,) = [
        step
        for step in steps_of(".github/workflows/grade.yml")
        if step.get("uses", "").startswith("actions/upload-artifact@")
    ]
    assert (upload["if"], upload["with"]["path"]) == ("${{ !cancelled() }}", "results/")
    artifacts = gitlab_jobs()["grade"]["artifacts"]
    assert (artifacts["when"], artifacts["paths"]) == ("always", ["results/"])
    assert artifacts["reports"] == {"junit": "results/junit.xml"}


RUN_HERE = ("grader validate", "grader run")
"""What needs no network and changes nothing of the machine."""


@pytest.mark.slow
def test_the_commands_grade_and_validate_a_small_assignment(grader, tmp_path):
    """As the runners start them: by bash, which ends at the first command that fails."""
    program = tmp_path / "bin" / "grader"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m grader "$@"\n')
    program.chmod(0o755)
    course = tmp_path / "course"
    (course / "submissions").mkdir(parents=True)
    assert grader("new", "counting", cwd=course).returncode == 0
    (course / "submissions" / "ada.ipynb").write_bytes(
        (course / "rubrics/counting/master.ipynb").read_bytes()
    )
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    chosen = {
        line
        for script in SCRIPTS
        for line in script.values[0].splitlines()
        if any(name in line for name in RUN_HERE)
    }
    assert {name for name in RUN_HERE if any(name in line for line in chosen)} == set(RUN_HERE)
    for line in sorted(chosen):
        words = ["bash", "-eo", "pipefail", "-c", line]
        done = subprocess.run(words, cwd=course, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert (course / "results" / "junit.xml").is_file()


def instructions():
    """The instructions of the Dockerfile: their names, and their words."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, shlex.split(rest)) for name, _, rest in (line.partition(" ") for line in lines)]


class TestDockerfile:
    def test_its_base_is_pinned_and_new_enough(self):
        ((_, (base,)),) = [each for each in instructions() if each[0] == "FROM"]
        assert re.fullmatch(r"python:3\.1[1-9]-slim-[a-z]+", base)

    def test_what_it_copies_is_there_and_all_that_the_package_is_built_from(self):
        copied = [source for name, words in instructions() if name == "COPY" for source in words[:-1]]
        assert all((PROJECT / source).exists() for source in copied)
        project = (PROJECT / "pyproject.toml").read_text("utf-8")
        (readme,) = re.findall(r'^readme = "(.*)"$', project, re.MULTILINE)
        assert {"pyproject.toml", readme, "LICENSE", "grader", ".ci/constraints.txt"} == set(copied)

    def test_it_installs_the_system_packages_that_the_makefile_installs_for_grading(self):
        (installed,) = [words for name, words in instructions() if name == "RUN" and "apt-get" in words]
        (system,) = re.findall(
            r"^system:\n\t@\.ci/packages (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE
        )
        packages = installed[installed.index("install") + 1 :]
        packages = [word for word in packages[: packages.index("&&")] if not word.startswith("-")]
        assert packages == ["bubblewrap"]
        assert set(packages) <= set(system.split())

    def test_it_does_not_run_as_root(self):
        names = [name for name, _ in instructions()]
        assert names.index("USER") < names.index("ENTRYPOINT")
        assert ("USER", ["grader"]) in instructions()
