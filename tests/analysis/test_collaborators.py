import pytest

from grader.analysis.collaborators import acknowledged


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["Collaborators: Ana Lima"], "Collaborators: Ana Lima"),
        (["# HW", "**Collaborators:** none"], "**Collaborators:** none"),
        (["## Collaborators", "Ana and Bo"], "Ana and Bo"),
        (["I worked on this with Ana."], "I worked on this with Ana."),
        (["I did all of it alone."], "I did all of it alone."),
        (["Thanks to Bo for the idea.", "Collaborators: Bo"], "Collaborators: Bo"),
        (["I worked alone", "## Part 1"], "I worked alone"),
        (["Many thanks to", "Bo"], "Many thanks to"),
        (["Colaboradores: Ana"], "Colaboradores: Ana"),
        (["Collaborators:"], ""),
        (["The losses fall, together with the error."], ""),
        ([], ""),
    ],
)
def test_the_line_that_names_collaborators_is_found(lines, said):
    assert acknowledged(lines) == said
