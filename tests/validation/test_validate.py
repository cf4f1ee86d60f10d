"""Catalogues of mutants: what they must cost, what they cost, and what is a surprise."""

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from grader import assignment as assignments
from grader.errors import RubricError, UsageError
from grader.model import Check, Ending, FoundBy, Grade, Outcome, QuestionGrade
from grader.validation.validate import Catalogue, Mutant, compare, load, submissions

MUTANTS = """\
        Mutant(name="reference"),
        Mutant(name="rising", changes=(swap("3.0", "0.5"),), costs={"2": "0.5"}, says="below the one before"),
        Mutant(name="blank", changes=(blank,), costs={"1": "1", "2": "1"}),
        Mutant(name="a-cell-more", changes=(insert("number = None", after="2"),)),
"""


def written(assignment, mutants=MUTANTS, opens='{"3": "0.5"}'):
    """The tiny assignment with a catalogue beside its rubric."""
    text = (
        "from grader.validation import Catalogue, Mutant, blank, insert, swap\n"
        f"CATALOGUE = Catalogue(mutants=(\n{mutants}), opens={opens})\n"
    )
    (assignment / "mutants.py").write_text(text)
    return assignments.load(assignment)


# --- reading a catalogue --------------------------------------------------------------------------------


def test_a_catalogue_lies_beside_its_rubric(assignment):
    catalogue = load(written(assignment))
    assert [mutant.name for mutant in catalogue.mutants] == ["reference", "rising", "blank", "a-cell-more"]
    assert catalogue.opens == {"3": "0.5"}


def test_without_one_there_is_nothing_to_validate(assignment):
    with pytest.raises(UsageError, match=r"tiny has no catalogue of mutants: .*mutants\.py does not exist\."):
        load(assignments.load(assignment))


@pytest.mark.parametrize(
    ("mutants", "message"),
    [
        pytest.param("1 / 0,", "ZeroDivisionError: division by zero", id="an error in it"),
        pytest.param(
            'Mutant(name="Two Words"),',
            "'Two Words' is not a valid name; write words-with-hyphens.",
            id="name",
        ),
        pytest.param(
            'Mutant(name="../a"),', "'../a' is not a valid name; write words-with-hyphens.", id="a path"
        ),
        pytest.param('Mutant(name="a"), Mutant(name="a"),', "Two mutants have the name 'a'.", id="twice"),
        pytest.param(
            'Mutant(name="a", costs={"9": "1"}),',
            "a: 1 points can't be lost in question 9; it has 0.",
            id="unknown question",
        ),
        pytest.param(
            'Mutant(name="a", costs={"2": "1.5"}),',
            "a: 1.5 points can't be lost in question 2;",
            id="too much",
        ),
        pytest.param(
            'Mutant(name="a", costs={"2": "0.5"}, opens={"2": "0.75"}),',
            "a: 1.25 points can't be lost in question 2;",
            id="too much together",
        ),
        pytest.param(
            'Mutant(name="a", opens={"2": "0"}),',
            "a: 0 points can't be lost in question 2;",
            id="nothing",
        ),
        pytest.param('Mutant(name="a", costs={"2": "half"}),', "ConversionSyntax", id="no number"),
    ],
)
def test_a_catalogue_that_contradicts_itself_is_refused(assignment, mutants, message):
    chosen = written(assignment, mutants)
    with pytest.raises(RubricError) as refused:
        load(chosen)
    assert str(refused.value).startswith(f"{assignment / 'mutants.py'}: ")
    assert message in str(refused.value)


def test_a_file_without_a_catalogue_is_refused(assignment):
    (assignment / "mutants.py").write_text("MUTANTS = ()")
    with pytest.raises(RubricError, match=r"mutants\.py: it does not define a CATALOGUE\."):
        load(assignments.load(assignment))


def test_a_mutant_that_changes_nothing_is_refused_by_name(assignment, tmp_path):
    chosen = written(assignment, 'Mutant(name="aged", changes=(swap("absent", "x"),)),')
    with pytest.raises(RubricError, match=r"^The mutant aged: there is no `absent`\.$"):
        submissions(load(chosen), chosen, tmp_path / "out")


def test_an_unknown_mutant_is_named(assignment):
    with pytest.raises(
        UsageError, match=r"--only flying: there is no such mutant\. There are: reference, ris"
    ):
        load(written(assignment)).refuse_strangers(["rising", "flying"])


# --- comparing ------------------------------------------------------------------------------------------


def question(name, *checks):
    """Checks as (outcome, earned, max, message)."""
    made = tuple(
        Check(
            id=f"{name}-{i}",
            question=name,
            title="It is right.",
            outcome=outcome,
            earned=Decimal(earned),
            max=Decimal(most),
            message=message,
        )
        for i, (outcome, earned, most, message) in enumerate(checks)
    )
    return QuestionGrade(
        id=name,
        title="",
        points=sum(each.earned for each in made),
        max=sum(each.max for each in made),
        outcome=Outcome.PASSED,
        found_by=FoundBy.METADATA,
        checks=made,
    )


def grade(*, one=(Outcome.PASSED, "1"), two=(Outcome.PASSED, "1"), ending=Ending.FINISHED):
    questions = (
        question("1", (one[0], one[1], "1", "One is wrong.")),
        question("2", (two[0], two[1], "1", "Two is wrong.")),
        question("3", (Outcome.REVIEW, "0", "0.5", "A person reads this.")),
    )
    return Grade(
        student="m",
        assignment="tiny",
        title="",
        profile="quick",
        ending=ending,
        ending_detail="the kernel is gone",
        total=Decimal(2),
        max=Decimal("2.5"),
        provisional=True,
        seconds=1.0,
        questions=questions,
    )


FAILED, PARTIAL, REVIEW, BROKEN = (
    (Outcome.FAILED, "0"),
    (Outcome.PARTIAL, "0.25"),
    (Outcome.REVIEW, "0"),
    (Outcome.BROKEN, "0"),
)


@pytest.mark.parametrize(
    ("mutant", "got", "surprises"),
    [
        pytest.param({}, {}, (), id="harmless and free"),
        pytest.param({"costs": {"1": "1"}}, {"one": FAILED}, (), id="all of a question"),
        pytest.param({"costs": {"1": "0.75"}}, {"one": PARTIAL}, (), id="a part of it"),
        pytest.param({"opens": {"1": "1"}}, {"one": REVIEW}, (), id="left to a person"),
        pytest.param({}, {"one": PARTIAL}, ("1: -0.75, not all points",), id="a false loss"),
        pytest.param(
            {"costs": {"1": "1"}}, {}, ("1: all points, not -1",), id="a mistake that costs nothing"
        ),
        pytest.param(
            {"costs": {"1": "1"}},
            {"one": FAILED, "two": FAILED},
            ("2: -1, not all points",),
            id="charged twice",
        ),
        pytest.param(
            {"costs": {"1": "1"}}, {"one": REVIEW}, ("1: 1 open, not -1",), id="open instead of lost"
        ),
        pytest.param(
            {"opens": {"1": "1"}}, {"one": FAILED}, ("1: -1, not 1 open",), id="lost instead of open"
        ),
        pytest.param({}, {"one": BROKEN}, ("1: broken, not all points",), id="broken"),
        pytest.param(
            {"costs": {"3": "0.5"}}, {}, ("3: 0.5 open, not -0.5",), id="what is open for all, lost here"
        ),
        pytest.param(
            {"costs": {"1": "1"}, "says": "Two"}, {"one": FAILED}, ("nothing says: Two",), id="in other words"
        ),
        pytest.param({"costs": {"1": "1"}, "says": "One is"}, {"one": FAILED}, (), id="in these words"),
        pytest.param(
            {"says": "It is right."}, {}, ("nothing says: It is right.",), id="titles are not what is said"
        ),
        pytest.param(
            {},
            {"ending": Ending.BROKEN},
            ("internal error: the kernel is gone",),
            id="an ending that is ours",
        ),
    ],
)
def test_every_difference_is_a_surprise(assignment, mutant, got, surprises):
    tiny = assignments.load(assignment)
    finding = compare(
        Mutant(name="m", **mutant), grade(**got), Catalogue(mutants=(), opens={"3": "0.5"}), tiny
    )
    assert finding.surprises == surprises
    assert finding.as_expected is not bool(surprises)


def test_a_finding_tells_losses_beside_those_of_the_reference(assignment):
    tiny = assignments.load(assignment)
    mutant = Mutant(name="m", costs={"1": "0.75"}, opens={"2": "1"})
    finding = compare(mutant, grade(two=FAILED), Catalogue(mutants=(), opens={"3": "0.5"}), tiny)
    assert (finding.expected, finding.got) == ("1 -0.75; 2 1 open", "2 -1")
    assert finding.said == ("2: Two is wrong.", "3: A person reads this.")


# --- the command line -----------------------------------------------------------------------------------


@pytest.fixture
def validated(assignment, call, warm):  # noqa: ARG001 - for `call`
    def validated(*arguments, mutants=MUTANTS):
        written(assignment, mutants)
        return call("validate", assignment, "--profile", "quick", "-j", "2", *arguments)

    return validated


def test_the_table_shows_every_mutant(validated):
    said = validated()
    assert said.code == 0, said.out + said.err
    rows = [line.split(None, 1) for line in said.out.splitlines()]
    assert [row[0] for row in rows if row][:5] == ["mutant", "reference", "rising", "blank", "a-cell-more"]
    assert "Mutants: 4, not as expected: 0." in said.out


def test_a_surprise_is_an_exit_code_and_a_sentence(validated):
    wrong = MUTANTS.replace('costs={"2": "0.5"}', 'costs={"1": "1"}')
    said = validated("--json", mutants=wrong)
    assert said.code == 1
    findings = {finding["mutant"]: finding for finding in json.loads(said.out)}
    assert findings["rising"]["surprises"] == ["1: all points, not -1", "2: -0.5, not all points"]
    assert [name for name, finding in findings.items() if finding["surprises"]] == ["rising"]


def test_a_message_that_gives_an_answer_away_is_a_surprise(validated, assignment):
    rubric = assignment / "test_tiny.py"
    rubric.write_text(rubric.read_text().replace(", reveal=True", ""))
    wrong = 'Mutant(name="another", changes=(swap("6 * 7", "41"),), costs={"1": "1"}),'
    (finding,) = json.loads(validated("--json", mutants=wrong).out)
    assert finding["surprises"] == [
        "1: test_the_number tells what students do not know: 42.0. Say it without, or give the check reveal=True"
    ]


def test_one_mutant_alone(validated):
    said = validated("--only", "rising", "--json")
    assert said.code == 0
    assert [finding["mutant"] for finding in json.loads(said.out)] == ["rising"]


@pytest.mark.system
def test_kept_results_are_not_run_again(validated, tmp_path):
    assert "nothing to run" not in validated("-o", tmp_path / "kept").err
    again = validated("-o", tmp_path / "kept")
    lines = [line for line in again.err.splitlines() if line.startswith("[")]
    assert (again.code, len(lines)) == (0, 4)
    assert all(line.endswith("(nothing to run)") for line in lines)


# --- homework 1 -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hw1():
    return assignments.load(assignments.locate("hw1"))


@pytest.mark.system
def test_homework_1_has_a_catalogue_worth_its_name(hw1, tmp_path):
    catalogue = load(hw1)
    mistakes = [mutant for mutant in catalogue.mutants if mutant.costs or mutant.opens]
    assert len(mistakes) >= 40
    assert len(catalogue.mutants) - len(mistakes) >= 25
    made = submissions(catalogue, hw1, tmp_path / "out")
    contents = {each.notebook.read_bytes() for each in made}
    assert len(contents) == len(made)


def test_every_question_has_a_mistake_that_costs_it(hw1):
    costly = {name for mutant in load(hw1).mutants if mutant.name != "blank-kit" for name in mutant.costs}
    assert {question.id for question in hw1.questions} - costly == {"0", "2c"}  # a list's and a person's


@pytest.mark.system
@pytest.mark.alone
def test_homework_1_is_graded_as_its_catalogue_says():
    ended = subprocess.run(
        [sys.executable, "-m", "grader", "validate", "hw1", "--profile", "quick", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    surprises = {each["mutant"]: each["surprises"] for each in json.loads(ended.stdout) if each["surprises"]}
    assert (surprises, ended.returncode) == ({}, 0), ended.stderr
