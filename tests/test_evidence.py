"""The reader of evidence, given genuine, damaged and malicious files from a student's kernel."""

import contextlib
import json
import math
import os
import tempfile
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import evidence
from grader.analysis import pictures, training
from grader.analysis.linear import Linear, normalisation
from grader.errors import EvidenceError
from grader.evidence import HEADER, MAGIC, Evidence, Value
from grader.kernel.inside.probe import log

# --- building files -------------------------------------------------------------------------------------


def frame(fields, blob=b""):
    """One record; `fields` is an object, or bytes to use in its place."""
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    body = text + blob
    return HEADER.pack(len(text), len(blob), zlib.crc32(body)) + body


def file(*frames):
    return MAGIC + b"".join(frames)


def read(*frames):
    return Evidence(tuple(evidence.records(file(*frames))))


@contextlib.contextmanager
def log_of(size=1 << 20):
    """A probe's log of `size` bytes, and a function that returns its contents."""
    with tempfile.TemporaryFile(buffering=0) as stored:
        stored.truncate(size)

        def contents():
            return os.pread(stored.fileno(), size, 0)

        yield log.Log(stored.fileno()), contents


def arrays(**named):
    kept = log.Arrays()
    for name, array in named.items():
        kept.keep(name, np.asarray(array))
    return kept


# --- writer and reader agree ----------------------------------------------------------------------------


def test_writer_and_reader_use_the_same_format():
    assert log.MAGIC == evidence.MAGIC
    assert log.HEADER.format == evidence.HEADER.format
    assert set(log.DTYPES) == evidence.DTYPES
    assert log.MOST_DIMENSIONS == evidence.MOST_DIMENSIONS
    assert log.MOST_JSON == evidence.MOST_JSON


@pytest.mark.parametrize("dtype", sorted(evidence.DTYPES))
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0, 3), (1,) * 8])
def test_an_array_comes_back_as_it_was(dtype, shape):
    array = np.arange(math.prod(shape)).reshape(shape).astype(dtype)
    with log_of() as (writer, contents):
        assert writer.append({"kind": "cell", "cell": 0}, arrays(x=array, y=array))
        (record,) = evidence.records(contents())
    for name in ("x", "y"):
        assert record.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(record.arrays[name], array)


def test_arrays_of_a_record_cannot_be_changed():
    (record,) = read(frame({"arrays": {"x": ["|u1", [3], 0]}}, b"abc")).records
    with pytest.raises(ValueError, match="read-only"):
        record.arrays["x"][0] = 1


def test_records_come_in_the_order_in_which_they_were_written():
    with log_of() as (writer, contents):
        for cell in (3, 1, 2):
            writer.append({"kind": "cell", "cell": cell}, log.Arrays())
        assert [record.cell for record in evidence.records(contents())] == [3, 1, 2]


def test_load_reads_a_file(tmp_path):
    path = tmp_path / "evidence.bin"
    path.write_bytes(file(frame({"kind": "cell", "cell": 4})))
    assert evidence.load(path).cells[0].cell == 4


def test_used_is_the_end_of_the_complete_records():
    with log_of() as (writer, contents):
        assert evidence.used(contents()) == len(MAGIC)
        writer.append({"kind": "cell", "cell": 1}, arrays(x=[1.0, 2.0]))
        data = contents()
    used = evidence.used(data)
    assert len(MAGIC) < used < len(data)
    assert not any(data[used:])
    assert len(list(evidence.records(data[:used]))) == 1


# --- truncated and corrupt files ------------------------------------------------------------------------

GOOD = frame({"kind": "cell", "cell": 1, "arrays": {"x": ["<f8", [2], 0]}}, b"0123456789abcdef")


@pytest.mark.parametrize("data", [b"", b"GRADER", b"\0" * 100, b"PK\x03\x04rest"])
def test_a_file_without_the_header_is_refused(data):
    with pytest.raises(EvidenceError, match="has no valid header; run the notebook again"):
        list(evidence.records(data))
    with pytest.raises(EvidenceError):
        evidence.used(data)


@pytest.mark.parametrize("cut", range(1, len(GOOD)))
def test_a_truncated_record_is_left_out(cut):
    data = file(GOOD, GOOD[:cut])
    assert len(list(evidence.records(data))) == 1
    assert evidence.used(data) == len(file(GOOD))


@pytest.mark.parametrize("at", range(len(GOOD)))
def test_a_flipped_bit_ends_the_file_before_its_record(at):
    torn = bytearray(GOOD)
    torn[at] ^= 0x10
    assert len(list(evidence.records(file(GOOD, bytes(torn), GOOD)))) == 1


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(b"{", id="not JSON"),
        pytest.param(b"\xff\xfe{\0}\0", id="another encoding"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b'{"a": -Infinity}', id="infinity"),
        pytest.param(b'{"a": "\\ud800"}', id="half a surrogate pair"),
        pytest.param(b'{"a": "\\uDFFF"}', id="the other half"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', id="an encoded surrogate"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="an endless number"),
        pytest.param(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="deep nesting"),
        pytest.param(b'{"a": ' + b"[" * 340 + b"]" * 340 + b"}", id="nesting that only a writer trips over"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"7", id="a number"),
        pytest.param({"arrays": []}, id="a table that is a list"),
        pytest.param({"arrays": {"x": None}}, id="an entry that is null"),
        pytest.param({"arrays": {"x": ["<f8", [2]]}}, id="an entry too short"),
        pytest.param({"arrays": {"x": ["|O", [2], 0]}}, id="objects"),
        pytest.param({"arrays": {"x": [">f8", [1], 0]}}, id="big-endian"),
        pytest.param({"arrays": {"x": [["<f8"], [1], 0]}}, id="a list as dtype"),
        pytest.param({"arrays": {"x": ["|u1", 2, 0]}}, id="a number as shape"),
        pytest.param({"arrays": {"x": ["|u1", [-1], 0]}}, id="a negative size"),
        pytest.param({"arrays": {"x": ["|u1", [-1, -1], 0]}}, id="two negative sizes"),
        pytest.param({"arrays": {"x": ["|u1", [True], 0]}}, id="true as size"),
        pytest.param({"arrays": {"x": ["|u1", [1], False]}}, id="false as offset"),
        pytest.param({"arrays": {"x": ["|u1", [1.0], 0]}}, id="a float as size"),
        pytest.param({"arrays": {"x": ["|u1", [1], -1]}}, id="a negative offset"),
        pytest.param({"arrays": {"x": ["|u1", [17], 0]}}, id="one byte too many"),
        pytest.param({"arrays": {"x": ["|u1", [1], 16]}}, id="an offset at the end"),
        pytest.param({"arrays": {"x": ["|u1", [0], 17]}}, id="nothing, beyond the end"),
        pytest.param({"arrays": {"x": ["<f8", [1 << 30] * 8, 0]}}, id="a huge shape"),
        pytest.param({"arrays": {"x": ["|u1", [1 << 64], 0]}}, id="a huge size"),
        pytest.param({"arrays": {"x": ["|u1", [0, 1 << 30, 1 << 30], 0]}}, id="a huge shape of nothing"),
        pytest.param({"arrays": {"x": ["|u1", [1] * 9, 0]}}, id="nine dimensions"),
    ],
)
def test_an_invalid_record_is_refused(fields):
    with pytest.raises(EvidenceError):
        list(evidence.records(file(frame(fields, b"0123456789abcdef"))))


def test_the_message_shortens_the_name_of_the_array():
    with pytest.raises(EvidenceError, match=r"'n{80}' has an invalid type, shape or offset") as caught:
        list(evidence.records(file(frame({"arrays": {"n" * 5000: 1}}))))
    assert len(str(caught.value)) < 300


def test_overlapping_arrays_are_views_of_one_block():
    table = {f"x{i}": ["|u1", [1 << 20], 0] for i in range(1000)}
    (record,) = read(frame({"arrays": table}, bytes(1 << 20))).records
    assert len(record.arrays) == 1000
    assert all(not array.flags.owndata for array in record.arrays.values())


def test_more_json_than_any_genuine_notebook_writes_is_refused():
    large = frame(b'{"a": "' + b"x" * (evidence.MOST_JSON - 20) + b'"}')
    with pytest.raises(EvidenceError, match="is over 32 MiB; genuine notebooks stay far below"):
        for _ in evidence.records(file(*[large] * 5)):
            pass


def test_of_a_repeated_key_the_last_counts():
    text = b'{"kind": "cell", "cell": 1, "cell": 2, "arrays": {"x": 1, "x": ["|u1", [1], 0]}}'
    (record,) = read(frame(text, b"a")).records
    assert (record.cell, set(record.arrays)) == (2, {"x"})


# --- accessors ------------------------------------------------------------------------------------------


def cell(index, values=None, figures=(), blob=b"", **fields):
    return frame(
        {"kind": "cell", "cell": index, "values": values or {}, "figures": list(figures), **fields}, blob
    )


def number(value):
    return {"type": "number", "value": value}


def test_a_value_is_listed_once_with_the_cell_that_assigned_it():
    seen = read(cell(1, {"a": number(1)}), cell(2), cell(5, {"a": number(2), "b": number(3)}))
    assert [(value.cell, value.number) for value in seen.values("a")] == [(1, 1.0), (5, 2.0)]
    assert seen.value("a").number == 2
    assert seen.value("a", by=4).number == 1
    assert seen.value("a", by=0) is None
    assert seen.values("c") == ()


def test_figures_belong_to_their_cell():
    seen = read(cell(1, figures=[{"title": "one"}, {"title": "two"}]), cell(2, figures=[{"title": "three"}]))
    assert [figure.text("title") for figure in seen.figures(1)] == ["one", "two"]
    assert seen.figures(9) == ()


def test_the_last_notes_count():
    seen = read(cell(1, notes=[{"what": "old"}]), cell(2, notes=[{"what": "new"}, 7]), cell(3, notes=[]))
    assert seen.notes() == ({"what": "new"},)


def test_notes_that_are_too_many_or_too_long_are_left_out():
    seen = read(cell(1, notes=[{"what": "x" * 3000}, *({"what": n} for n in range(1000))]))
    assert seen.notes() == tuple({"what": n} for n in range(evidence.MOST_NOTES))


def test_what_was_asked_and_what_came_back_are_read_in_pairs():
    asked = [{"probe": "f", "conversation": n, "cell": 2, "inputs": {"x": [n]}} for n in (1, 2)]
    answers = [frame({"outcome": number(10)}), frame({"outcome": 7, "probe": "g", "cell": 9})]
    data = evidence.MAGIC + b"".join(
        evidence.packed(one) + answer for one, answer in zip(asked, answers, strict=True)
    )
    rounds = evidence.rounds(data)
    assert [(each.probe, each.conversation, each.cell, each.inputs["x"]) for each in rounds] == [
        ("f", 1, 2, [1]),
        ("f", 2, 2, [2]),
    ]
    assert [each.outcome.number for each in rounds] == [10, None]


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"nonsense",
        frame({"outcome": number(1)})[:-1],
        frame({"outcome": number(1)}) + b"x",
        frame({"outcome": number(1)}) * 2,
        frame([1]),
        frame({"outcome": number(1), "arrays": 3}),
    ],
    ids=["nothing", "no record", "cut", "more behind it", "two", "a list", "odd arrays"],
)
def test_an_answer_is_one_valid_record(record):
    assert evidence.answer(record) is None
    assert evidence.answer(frame({"outcome": number(1)})).number == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (number(3), 3.0),
        (number(0.5), 0.5),
        (number(True), 1.0),
        (number("inf"), math.inf),
        (number("-inf"), -math.inf),
        (number("1234567890123456789012345678901234567890"), None),
        (number(10**400), None),
        (number(None), None),
        (number([1]), None),
        ({"type": "tensor", "array": "one"}, 2.5),
        ({"type": "tensor", "array": "three"}, None),
        ({"type": "tensor", "array": "missing"}, None),
        ({"type": "tensor", "array": ["one"]}, None),
        ({"type": "text", "value": "3"}, None),
    ],
    ids=str,
)
def test_number(fields, expected):
    known = {"one": np.array([[2.5]]), "three": np.zeros(3)}
    assert Value(0, fields, known).number == expected


def test_nan_is_a_number():
    assert math.isnan(Value(0, number("nan"), {}).number)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param([1, 2, 3], (1, 2, 3), id="list"),
        pytest.param([[1, 2, 3]], (1, 2, 3), id="row"),
        pytest.param([[1], [2]], (1, 2), id="column"),
        pytest.param([], (), id="empty"),
        pytest.param([[1, 2], [3, 4]], None, id="matrix"),
        pytest.param(5.0, None, id="scalar"),
        pytest.param(np.zeros(2_000_000, np.uint8), None, id="more than any history"),
    ],
)
def test_numbers(array, expected):
    assert Value(0, {"array": "x"}, {"x": np.asarray(array)}).numbers == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [([60000, 28, 28], (60000, 28, 28)), ([], ()), ([-1], None), ([True], None), ([1.5], None), ("28", None)],
)
def test_shape_is_known_without_the_array(shape, expected):
    assert Value(0, {"shape": shape}, {}).shape == expected


def test_members_of_lists_and_mappings():
    value = Value(0, {"type": "list", "items": [number(1), 7, number(2)]}, {})
    assert [item.number for item in value.items] == [1, 2]
    assert value["a"] is None
    mapping = Value(0, {"type": "mapping", "items": {"a": number(1), "b": 7}}, {})
    assert mapping["a"].number == 1
    assert mapping["b"] is None
    assert mapping.items == ()


def test_state_holds_the_arrays_that_are_there():
    fields = {"state": {"weight": {"array": "w"}, "bias": {"array": "gone"}, "odd": 7}}
    assert set(Value(0, fields, {"w": np.zeros(2)}).state) == {"weight"}


# --- arbitrary input ------------------------------------------------------------------------------------


def call_every_accessor(seen):
    """Call every accessor that a rubric or a report may use; none may raise."""
    seen.notes()
    training.trace(seen)
    for record in seen.records:
        assert isinstance(record.cell, int)
        _ = record.kind
    for index in (-1, 0, 1):
        pictures.drawn(seen.figures(index))
    for value in (*seen.values("a"), *seen.figures(0)):
        call_accessors(value)
    seen.value("a", by=0)


def call_accessors(value, depth=0):
    assert isinstance(value.kind, str)
    assert value.number is None or isinstance(value.number, float)
    assert all(isinstance(one, float) for one in value.numbers or ())
    assert all(isinstance(array, np.ndarray) for array in value.state.values())
    assert isinstance(value.text("repr"), str)
    _ = value.array, value.shape
    normalisation(value)
    Linear.of(value, features=2, classes=2)
    for member in (*value.items, value["a"]):
        if member is not None and depth < 4:
            call_accessors(member, depth + 1)


def survives(data):
    """Reading gives valid results or `EvidenceError`, and uses memory in proportion to the file."""
    try:
        seen = Evidence(tuple(evidence.records(data)))
    except EvidenceError:
        return
    kept = [array for record in seen.records for array in record.arrays.values()]
    assert all(array.nbytes <= len(data) and not array.flags.owndata for array in kept if array.size)
    assert evidence.used(data) <= max(len(data), len(MAGIC))
    with np.errstate(all="ignore"):
        call_every_accessor(seen)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    survives(MAGIC + data)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=5), st.integers(0, 400))
def test_any_damage(changes, cut):
    data = bytearray(file(cell(0, {"a": {"type": "tensor", "array": "x"}}), GOOD, cell(1, {"a": number(1)})))
    for at, byte in changes:
        data[at % len(data)] = byte
    survives(bytes(data[: len(data) - cut]))


SIZES = st.one_of(st.integers(0, 20), st.sampled_from([-1, True, 1.5, 1 << 31, 1 << 70, None]))
ENTRIES = st.one_of(
    st.tuples(
        st.sampled_from([*sorted(evidence.DTYPES), "|O", ">f8", "<c16"]), st.lists(SIZES, max_size=9), SIZES
    ).map(list),
    st.none(),
)
KEYS = st.sampled_from(
    [
        "type",
        "value",
        "array",
        "shape",
        "state",
        "items",
        "transform",
        "repr",
        "events",
        "losses",
        "provenance",
        "axes",
        "images",
        "data",
        "a",
        "w",
        "b",
    ]
)
WORDS = st.sampled_from(
    ["number", "tensor", "mapping", "list", "x", "y", "nan", "inf", "", "Normalize(mean=(..), std=(e,))", "a"]
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), WORDS, st.just(10**400), st.text()
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=15,
)
FIELDS = st.dictionaries(KEYS, JSON, max_size=5)
RECORDS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["cell", "probe"]) | JSON},
    optional={
        "cell": st.integers(-1, 2) | JSON,
        "name": st.just("a") | JSON,
        "values": st.fixed_dictionaries({"a": FIELDS}) | JSON,
        "figures": st.lists(FIELDS, max_size=3) | JSON,
        "outcome": FIELDS | JSON,
        "notes": JSON,
        "trace": FIELDS | JSON,
        "arrays": st.dictionaries(st.sampled_from(["x", "y", "a", "w"]), ENTRIES, max_size=3),
    },
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(RECORDS, st.binary(max_size=400)), max_size=4))
def test_any_well_formed_records(written):
    survives(file(*(frame(fields, blob) for fields, blob in written)))
