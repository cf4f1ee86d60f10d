"""Whether an answer says that there is a closed form."""

import pytest
from hw1.closed_form import YesNo, yes_no


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No, because the absolute value is not differentiable at 0.", "no"),
        ("**No**, there is a kink", "no"),
        ("2b) No", "no"),
        ("There is no closed-form solution.", "no"),
        ("It doesn't have a closed form since |x| has a kink", "no"),
        ("It doesn\N{RIGHT SINGLE QUOTATION MARK}t have a closed form", "no"),
        ("We cannot find a closed form expression", "no"),
        ("A closed form does not exist.", "no"),
        ("No. Usually one iterates; how fast that is depends on the data.", "no"),
        ("No, for least squares there is a closed form, but not here.", "no"),
        ("没有闭式解", "no"),
        ("Yes, there is a closed form", "yes"),
        ("Yes, w = (X^TX)^{-1}X^Ty", "yes"),
        ("Sí, existe", "yes"),
        ("Yes and no", "unclear"),
        ("Yes, but there is no closed form in general", "unclear"),
        ("No, there is a closed form", "unclear"),
        (
            "Unlike least squares, which has a closed form, the l1 loss has no closed form solution.",
            "unclear",
        ),
        ("There exists a closed form solution", "unclear"),
        ("The l1 loss never has a closed form", "unclear"),
        ("I do not believe there is one", "unclear"),
        ("Nobody has a closed form for it", "unclear"),
        ("For the l2 loss there is a closed form. For l1 there is not.", "unclear"),
        ("Yes, sort of; no in general", "unclear"),
        ("Yes. Well, I never found one.", "unclear"),
        ("Yes for l2, it isn't there for l1", "unclear"),
        ("No iteration is needed, the normal equations solve it", "unclear"),
        ("No, not always", "unclear"),
        ("Si es diferenciable, basta igualar el gradiente a cero", "unclear"),
        ("Si il y a un minimum unique, on le trouve en descendant le gradient", "unclear"),
        ("No. Not always is a gradient there, so one iterates.", "no"),
        ("No need to iterate: there is a closed form", "unclear"),
        ("Not sure", "unclear"),
        ("Is there one? no", "unclear"),
        ("It depends", "unclear"),
        ("The loss is not differentiable.", "unclear"),
        ("Note that the loss has a kink", "unclear"),
        ("", "unclear"),
        ("?" * 10_000, "unclear"),
        ("\\" * 10_000, "unclear"),
    ],
)
def test_yes_or_no_is_read_where_it_is_plain(text, said):
    assert yes_no(text) is YesNo(said)
