"""Parts 1 and 2: theory. The answers are laid before a person."""

from grader import question, review


def lay_before_a_person(student, name):
    answer = student.answer(name)
    written = answer.markdown or answer.source
    if not written.strip():
        review("No answer was found here; it may stand elsewhere in the hand-in.")
    review("A person reads this answer.", actual=written)


@question("1a", points=0.75)
def test_gradient_of_the_squared_norm(student):
    """The gradient of the squared norm is right for every dimension."""
    lay_before_a_person(student, "1a")


@question("1b", points=0.5)
def test_best_constant_vector(student):
    """The formula for the best constant vector is right."""
    lay_before_a_person(student, "1b")


@question("1b", points=0.25)
def test_best_constant_vector_is_derived(student):
    """The best constant vector is derived, step by step."""
    lay_before_a_person(student, "1b")


@question("2a", points=0.5)
def test_l1_training_loss(student):
    """The loss is an l1 norm of the model's errors, written with X, w and y."""
    lay_before_a_person(student, "2a")


@question("2b", points=0.25)
def test_says_whether_a_closed_form_exists(student):
    """The answer says that there is no closed form."""
    lay_before_a_person(student, "2b")


@question("2b", points=0.5)
def test_says_why_there_is_no_closed_form(student):
    """The reason for it is right."""
    lay_before_a_person(student, "2b")


@question("2c", points=0.75)
def test_names_an_algorithm_with_pros_and_cons(student):
    """An algorithm is named, with what speaks for it and what against it."""
    lay_before_a_person(student, "2c")
