"""Part 0: the course's participation list decides; without it, a person."""

from grader import fail, question, review


@question("0", points=0.5)
def test_introduced_on_the_forum(student):
    """You introduced yourself on the class forum."""
    match student.roster.get("participated", "").strip().lower():
        case "yes" | "y" | "true" | "1":
            return
        case "no" | "n" | "false" | "0":
            fail(
                "The participation list does not show that you posted.",
                expected="a post on the class forum",
                actual="none",
                hint="If you did post, tell the course staff the name you posted under.",
            )
        case _:
            review(
                "The participation list does not mention this student.", actual=student.answer("0").markdown
            )
