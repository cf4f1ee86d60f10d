"""What checks said, as a small table: in HTML, and as plain text for frontends that show no HTML."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from grader.jupyter import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Row = tuple[str, str, list[str]]
    """An outcome, a question, and lines about them."""

MARKS = {
    "passed": ("✓", "#2a9d4f"),
    "partial": ("✗", "#d9480f"),
    "failed": ("✗", "#e03131"),
    "skipped": ("-", "#868e96"),
    "review": ("?", "#4c7bd9"),
    "broken": ("!", "#c2255c"),
}
"""By outcome: a mark, and a colour that can be read on light and on dark pages."""
FINE = ("passed", "review", "skipped")
LONGEST = 300
"""Characters of a line; what a check found may be a whole array."""
EXPLAINED = {"message": "", "where": "", "expected": "Expected: ", "actual": "Found: ", "hint": "Hint: "}


def sentence(text: str) -> dict[str, str]:
    return {"text/plain": text}


def table(result: Mapping[str, Any], asked: Sequence[str], caption: str, warning: str = "") -> dict[str, str]:
    """What to look at first and a row for each question, or one for each check of those asked for, by MIME type.

    Raises:
        CheckError: there is no such question.
    """
    questions = {question["id"]: question for question in result["questions"] if question["checks"]}
    if unknown := [name for name in asked if name not in questions]:
        raise CheckError(
            f"No public check is about {unknown[0]}. There are checks about {', '.join(questions)}"
        )
    if asked:
        rows = [row for name in asked for row in _checks(questions[name])]
    else:
        rows = list(map(_summary, questions.values()))
    causes = (
        [] if asked else [[shortened(each["text"]), *_explained(each)] for each in result.get("causes", ())]
    )
    notes = list(result.get("notices", ()))
    if result["ending"] != "finished":
        notes.append(f"The notebook did not run to its end ({result['ending']}): {result['ending_detail']}")
    if not asked:
        to_do = [
            f"{each['text']} {each['todo']}" for each in result.get("hand_in", ()) if each["state"] != "done"
        ]
        notes += ["Before you hand in:", *(f"• {text}" for text in to_do)] if to_do else []
        wrong = [name for outcome, name, _ in rows if outcome not in FINE]
        notes += (
            f"To see all that the checks say about question {name}: `%check {name}`" for name in wrong[:1]
        )
    warnings = [warning] if warning else []
    bold = (_paragraph(text, "font-weight:bold") for text in warnings)
    first = f"Look at {'these' if causes[1:] else 'this'} first:"
    listed = [
        "\n   ".join([f"{number}. {lines[0]}", *lines[1:]]) for number, lines in enumerate(causes, start=1)
    ]
    items = "".join(f"<li>{'<br>'.join(map(_inline, lines))}</li>" for lines in causes)
    ordered = [_paragraph(first), f'<ol style="margin:0.4em 0">{items}</ol>'] if causes else []
    plain = [caption, *warnings, *([first, *listed] if causes else []), *map(_plain, rows), *notes]
    return {
        "text/plain": "\n".join(plain),
        "text/html": "".join([_paragraph(caption), *bold, *ordered, _html(rows), *map(_paragraph, notes)]),
    }


def _summary(question: Mapping[str, Any]) -> Row:
    """One line: the question, or what is wrong first."""
    wrong = [check for check in question["checks"] if check["outcome"] not in FINE]
    if wrong:
        line = f"{wrong[0]['title']} {wrong[0]['message']}"
    elif question["title"] and any(float(check["max"]) for check in question["checks"]):
        line = question["title"]
    else:  # that something is there says nothing of whether it is right
        line = question["checks"][0]["title"]
    more = f" ({len(wrong) - 1} more)" if wrong[1:] else ""
    return question["outcome"], question["id"], [shortened(line) + more]


def _checks(question: Mapping[str, Any]) -> Iterator[Row]:
    for check in question["checks"]:
        said = () if check["outcome"] in FINE else _explained(check)
        yield check["outcome"], question["id"], [check["title"], *said]


def _explained(facts: Mapping[str, Any]) -> Iterator[str]:
    return (shortened(f"{label}{facts[key]}") for key, label in EXPLAINED.items() if facts.get(key))


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text as one line, cut where it gets too long: an array may be a single word."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 2].rstrip()} …"


def _plain(row: Row) -> str:
    outcome, name, (first, *more) = row
    return "\n".join(
        [f"{MARKS[outcome][0]} {outcome:8} {name:5} {first}", *(f"{'':17}{line}" for line in more)]
    )


def _html(rows: Sequence[Row]) -> str:
    def cell(content: str, style: str = "") -> str:
        return f'<td style="text-align:left;vertical-align:top;{style}">{content}</td>'

    def row(outcome: str, name: str, lines: list[str]) -> str:
        mark, colour = MARKS[outcome]
        marked = cell(f"<b>{mark} {outcome}</b>", f"white-space:nowrap;color:{colour}")
        return f"<tr>{marked}{cell(escape(name))}{cell('<br>'.join(map(_inline, lines)))}</tr>"

    return f'<table style="margin:0">{"".join(row(*each) for each in rows)}</table>'


def _paragraph(text: str, style: str = "") -> str:
    return f'<p style="margin:0.4em 0;{style}">{_inline(text)}</p>'


def _inline(text: str) -> str:
    return re.sub(r"`(.+?)`", r"<code>\1</code>", escape(text))
