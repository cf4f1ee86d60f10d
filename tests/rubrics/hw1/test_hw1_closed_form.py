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
        ("Unlike least squares, which has a closed form, the l1 loss has no closed form solution.", "no"),
        ("没有闭式解", "no"),
        ("Yes, there is a closed form", "yes"),
        ("Yes, w = (X^TX)^{-1}X^Ty", "yes"),
        ("There exists a closed form solution", "yes"),
        ("Sí, existe", "yes"),
        ("Yes and no", "unclear"),
        ("Yes, but there is no closed form in general", "unclear"),
        ("No, there is a closed form", "unclear"),
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
