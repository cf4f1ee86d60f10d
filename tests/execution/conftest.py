"""What the endings of a notebook do to its grade."""

import pytest


@pytest.fixture
def grade_eve(fresh, notebook_of):
    """Grade a hand-in with these cells: the grade, and its outcomes by question."""

    def graded(**cells):
        fresh.hand_in("eve", notebook_of(**cells))
        grade = fresh.grade()["eve"]
        return grade, {question.id: question.outcome for question in grade.questions}

    return graded
