"""The schema of result.json is generated from its types, and the page that explains it says the same."""

import json
import re

import jsonschema
import pytest

from grader import jsons
from grader.judging.exhibits import Exhibits
from grader.model import Ending, FlagKind, FoundBy, Outcome, Visibility
from grader.places import RESULT_PAGE
from grader.results import codec, document

PAGE = RESULT_PAGE.read_text(encoding="utf-8")
SECTIONS = {
    re.sub(r"^(A|An|The) ", "", title).strip("`"): text
    for title, text in re.findall(r"^##+ (.+?)$(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
SCHEMA = document.schema()


def documented(section):
    return re.findall(r"^\| `([a-z_]+)` \|", SECTIONS[section], re.MULTILINE)


def example():
    return re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_shipped_schema_is_that_of_the_types():
    """If a key was added, write `jsons.write(document.schema()) + "\\n"` into the file."""
    shipped = RESULT_PAGE.with_name("result.schema.json").read_text(encoding="utf-8")
    assert shipped == jsons.write(SCHEMA) + "\n"


@pytest.mark.parametrize(
    ("section", "definition"),
    [
        ("grade", "Result"),
        ("question", "Question"),
        ("check", "Check"),
        ("review", "Review"),
        ("item", "Item"),
        ("ruling", "Ruling"),
        ("tally", "Tally"),
        ("exhibit", "Exhibit"),
        ("passage", "Passage"),
        ("flag", "Flag"),
        ("identity", "Identity"),
        ("Lateness", "Lateness"),
    ],
)
def test_the_page_explains_all_keys_of_the_schema_and_no_others_in_their_order(section, definition):
    assert documented(section) == list(SCHEMA["$defs"][definition]["properties"])


def test_each_object_of_the_schema_has_a_section():
    objects = {name for name, part in SCHEMA["$defs"].items() if part.get("type") == "object"}
    assert objects == {
        "Result",
        "Question",
        "Check",
        "Review",
        "Item",
        "Ruling",
        "Tally",
        "Exhibit",
        "Passage",
        "Flag",
        "Identity",
        "Lateness",
    }


def test_the_page_explains_the_data_of_an_exhibit():
    exhibits = Exhibits()
    line = {"label": "train", "who": "reference", "y": [1], "low": [1], "high": [1]}
    exhibits.curves("", x="epoch", y="loss", series=[line])
    exhibits.images("", series=[{"label": "sample", "who": "student", "images": []}])
    exhibits.confusion("", classes=["a"], student=[[1]], reference=[[0]])
    exhibits.text("", "words")
    parts = [data for _, _, data in exhibits.shown]
    inner = [each for data in parts for each in [*data.get("series", []), data.get("rows", [[0, {}]])[0][1]]]
    written = {*_keys(parts), *_keys(inner)}
    assert set(documented("data")) == written


def _keys(series):
    return [key for each in series for key in each]


@pytest.mark.parametrize("enum", [Ending, Outcome, FoundBy, FlagKind, Visibility])
def test_every_word_of_an_enum_is_explained(enum):
    assert {str(word) for word in enum} <= set(re.findall(r"`([^`\n]+)`", PAGE))
    assert sorted(SCHEMA["$defs"][enum.__name__]["enum"]) == sorted(enum)


def test_the_example_on_the_page_is_a_result():
    assert codec.dumps(codec.loads(example())) == example()
    jsonschema.validate(json.loads(example()), SCHEMA)


@pytest.mark.parametrize(
    "change",
    [
        {"total": "0.50"},
        {"schema": 2},
        {"ending": "happily"},
        {"questions": [{}]},
    ],
    ids=["points as text", "another schema", "an unknown word", "no question"],
)
def test_the_schema_refuses_what_is_not_a_result(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(example()) | change, SCHEMA)


def test_the_schema_allows_keys_that_come_later():
    jsonschema.validate(json.loads(example()) | {"mood": "sunny"}, SCHEMA)
