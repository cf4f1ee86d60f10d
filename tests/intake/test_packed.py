"""Zips of classes and of students: read right, or refused for one student with one clear line."""

import io
import stat
import struct
import zipfile

import pytest

from grader.errors import HarnessError, UsageError
from grader.intake import archives, listing, unpacking
from grader.intake.archives import Scratch
from grader.intake.collect import collect
from grader.limits import Limits

NOTEBOOK = '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def packed(*entries, method=zipfile.ZIP_DEFLATED):
    """The bytes of a zip with these names, which hold a notebook, or pairs of a name and its content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for entry in entries:
            name, content = entry if isinstance(entry, tuple) else (entry, NOTEBOOK)
            archive.writestr(name, content)
    return buffer.getvalue()


def link(name):
    entry = zipfile.ZipInfo(name)
    entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return entry


def encrypted(content):
    content = bytearray(content)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    return bytes(content)


def damaged(content):
    at = 30 + content[26] + 4
    return content[:at] + b"\xff" * 20 + content[at + 20 :]


def lying(content, size, said):
    return content.replace(struct.pack("<I", size), struct.pack("<I", said))


@pytest.fixture
def class_of(tmp_path):
    """Collect a class with bob, who handed in this zip, and ada, in a folder or a zip."""

    def class_of(content, kind="a folder", name="hw1.zip", **options):
        root = tmp_path / "class"
        for path, text in (("ada/hw1.ipynb", NOTEBOOK.encode()), (f"bob/{name}", content)):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(text)
        if kind == "a zip":
            (tmp_path / "class.zip").write_bytes(
                packed(("ada/hw1.ipynb", NOTEBOOK), (f"bob/{name}", content))
            )
            root = tmp_path / "class.zip"
        (tmp_path / "scratch").mkdir(exist_ok=True)
        found = collect(root, limits=Limits(), scratch=tmp_path / "scratch", **options)
        return {one.student: one for one in found.submissions}, found.notes

    return class_of


BAD = [
    pytest.param(packed("../hw1.ipynb"), "holds ../hw1.ipynb, which has a name that leads out", id="up"),
    pytest.param(packed("/hw1.ipynb"), "holds hw1.ipynb, which has a name that leads out", id="absolute"),
    pytest.param(packed("CON.ipynb"), "holds CON.ipynb, which has a name that Windows reserves", id="device"),
    pytest.param(packed((link("hw1.ipynb"), "/etc/passwd")), "holds hw1.ipynb, which is a link", id="link"),
    pytest.param(
        packed("hw1.ipynb", ("zeros", bytes(17 << 20))), "holds zeros, which is packed too densely", id="bomb"
    ),
    pytest.param(encrypted(packed("hw1.ipynb")), "holds hw1.ipynb, which is encrypted", id="encrypted"),
    pytest.param(packed(*(f"{n}.ipynb" for n in range(2001))), "holds more than 2,000 files", id="many"),
    pytest.param(
        packed(*(f"s{n}.ipynb" for n in range(11))), "holds 11 notebooks, as a class does", id="a class"
    ),
    pytest.param(packed(("in.zip", packed("x.ipynb"))), "holds no notebook but in.zip", id="nested"),
    pytest.param(
        damaged(packed("hw1.ipynb")), "hw1.ipynb: it was not opened because it is damaged; ask", id="damaged"
    ),
    pytest.param(
        damaged(packed("hw1.ipynb", method=zipfile.ZIP_LZMA)),
        "hw1.ipynb: it was not opened because it is damaged; ask",
        id="damaged LZMA",
    ),
    pytest.param(
        lying(packed(("hw1.ipynb", "x" * 5000)), 5000, 100),
        "hw1.ipynb: it was not opened because it is damaged; ask",
        id="a wrong size",
    ),
    pytest.param(packed("hw1.ipynb")[:60], "it is not a zip or is damaged", id="broken off"),
    pytest.param(b"", "it is not a zip or is damaged", id="empty"),
    pytest.param(b"\x1f\x8b\x08\x00tar", "it is a gzip archive, not a zip", id="gzip"),
    pytest.param(packed(("essay.pdf", "x")), "no notebook was handed in, only essay.pdf", id="a PDF"),
    pytest.param(packed(), "nothing was handed in", id="nothing"),
]


@pytest.mark.parametrize("kind", ["a folder", "a zip"])
@pytest.mark.parametrize(("content", "reason"), BAD)
def test_a_bad_zip_is_one_students_problem(class_of, tmp_path, kind, content, reason):
    found, _ = class_of(content, kind)
    assert found["ada"].problem is None
    assert found["bob"].notebook is None
    assert reason in found["bob"].problem
    assert "ask for the .ipynb file" in found["bob"].problem
    assert {path.parent for path in (tmp_path / "scratch").iterdir()} <= {tmp_path / "scratch"}
    assert all(path.name.isdecimal() for path in (tmp_path / "scratch").iterdir())


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_a_problem_too(class_of):
    assert "it holds two files of one name" in class_of(packed("a.ipynb", "a.ipynb"))[0]["bob"].problem


@pytest.mark.parametrize("kind", ["a folder", "a zip"])
@pytest.mark.parametrize("name", ["hw1.zip", "HW1.ZIP"])
def test_a_good_zip_is_opened_where_it_lies(class_of, kind, name):
    content = packed("work/hw1.ipynb", ("work/data/x.csv", "1"), ("else.txt", "2"), "__MACOSX/hw1.ipynb")
    bob = class_of(content, kind, name)[0]["bob"]
    assert (bob.problem, bob.origin) == (None, f"bob/{name}/work/hw1.ipynb")
    assert bob.notebook.read_text() == NOTEBOOK
    assert [(name, path.read_text()) for name, path in bob.support] == [("data/x.csv", "1")]


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"Rar!", "hw.rar", "hw.rar: it was not opened because it is a RAR archive, not a zip"),
        (b"", "hw.zip", "hw.zip: it was not opened because it is not a zip or is damaged"),
        (
            packed((link("x.ipynb"), "y")),
            "hw.zip",
            "hw.zip: it was not opened because it holds x.ipynb, which is a link",
        ),
        (
            packed(("in.zip", packed("x.ipynb"))),
            "hw.zip",
            "hw.zip: it was not opened because it holds no notebook but in.zip, an archive of its own",
        ),
        (
            packed(*(f"s{n}.ipynb" for n in range(11))),
            "hw.zip",
            "hw.zip: it was not opened because it holds 11 notebooks, as a class does",
        ),
        (
            packed(*(f"{n}.ipynb" for n in range(2001))),
            "hw.zip",
            "hw.zip: it was not opened because it holds more than 2,000 files",
        ),
    ],
    ids=["RAR", "empty", "a link", "nested", "a class", "many"],
)
def test_why_an_archive_was_not_opened_is_one_sentence(class_of, content, name, sentence):
    assert class_of(content, name=name)[0]["bob"].problem == f"{sentence}; ask for the .ipynb file"


def test_a_file_that_is_a_folder_as_well_is_not_given_to_the_notebook(class_of):
    bob = class_of(packed("hw1.ipynb", ("data", "1"), ("data/x.csv", "2")))[0]["bob"]
    assert [name for name, _ in bob.support] == ["data/x.csv"]


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        (("con.txt", "x"), "con.txt was ignored: it has a name that Windows reserves for a device"),
        (("src/aux.py", "x"), "src/aux.py was ignored: it has a name that Windows reserves for a device"),
        (("../up.txt", "x"), "../up.txt was ignored: it has a name that leads out of the zip"),
        ((link("data"), "/etc/passwd"), "data was ignored: it is a link"),
        ((link("old.ipynb"), "hw1.ipynb"), "old.ipynb was ignored: it is a link"),
    ],
    ids=["a device", "a device in a folder", "up", "a link", "a notebook's link"],
)
def test_a_harmless_entry_beside_a_notebook_costs_only_itself(class_of, tmp_path, extra, why):
    found, notes = class_of(packed("hw1.ipynb", extra, ("x.csv", "1")))
    assert (found["bob"].problem, found["bob"].others) == (None, ())
    assert [name for name, _ in found["bob"].support] == ["x.csv"]
    assert notes == (f"bob/hw1.zip/{why}",)
    assert len(list((tmp_path / "scratch").iterdir())) == 2


def test_what_lies_too_deep_in_a_zip_costs_only_itself(class_of):
    found, notes = class_of(packed("hw1.ipynb", ("/".join("d" * 15), "x"), ("x.csv", "1")))
    assert [name for name, _ in found["bob"].support] == ["x.csv"]
    assert [note for note in notes if note.endswith("it is a folder more than 10 levels deep")]


def test_zips_named_after_students_are_a_class(tmp_path):
    inside = packed("work/hw1.ipynb")
    (path := tmp_path / "class.zip").write_bytes(packed(("ada.zip", inside), ("bob.ZIP", inside)))
    (scratch := tmp_path / "scratch").mkdir()
    found = collect(path, limits=Limits(), scratch=scratch)
    assert {one.student: (one.origin, one.problem) for one in found.submissions} == {
        "ada": ("ada.zip/work/hw1.ipynb", None),
        "bob": ("bob.ZIP/work/hw1.ipynb", None),
    }


@pytest.mark.parametrize(
    ("name", "inside", "layout", "students"),
    [
        ("ada_1001_9001_hw.zip", ["hw.ipynb", "draft.ipynb"], "canvas", ["ada_1001"]),
        ("ada_1001_9001_hw.zip", [f"part{n}.ipynb" for n in range(4)], "canvas", ["ada_1001"]),
        ("ada-lima.zip", ["hw.ipynb", "draft.ipynb"], "plain", ["ada-lima"]),
        ("class.zip", ["ada_1001_9001_hw.ipynb", "bob_1002_9002_hw.ipynb"], "canvas", ["ada_1001", "bob_1002"]),
        ("class.zip", ["ada.ipynb", "bob.ipynb", "cyd.ipynb", "dan.ipynb"], "plain", ["ada", "bob", "cyd", "dan"]),
    ],
    ids=["one of Canvas", "parts of one of Canvas", "one student", "a class of Canvas", "a class"],
)  # fmt: skip
def test_the_only_zip_is_a_class_only_if_it_looks_like_one(tmp_path, name, inside, layout, students):
    (path := tmp_path / "download.zip").write_bytes(packed((name, packed(*inside))))
    (scratch := tmp_path / "scratch").mkdir()
    found = collect(path, limits=Limits(), scratch=scratch)
    assert (found.layout, [one.student for one in found.submissions]) == (layout, students)
    assert all(one.problem is None for one in found.submissions)


def test_a_zip_beside_a_notebook_stays_a_zip_that_the_notebook_opens(class_of, tmp_path):
    (tmp_path / "class/bob").mkdir(parents=True)
    (tmp_path / "class/bob/hw1.ipynb").write_text(NOTEBOOK)
    bob = class_of(packed("other.ipynb"), name="data.zip")[0]["bob"]
    assert (bob.origin, bob.others) == ("bob/hw1.ipynb", ())
    assert [name for name, _ in bob.support] == ["data.zip"]


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("MOST_ENTRIES", 3, "bob: more than 3 files were handed in"),
        ("MOST_BYTES", 2 << 20, "bob: more than 2 MiB were handed in"),
    ],
    ids=["entries", "bytes"],
)
def test_one_student_with_too_much_costs_nobody_else(tmp_path, monkeypatch, limit, value, reason):
    monkeypatch.setattr(unpacking, limit, value)
    big = ("bob/data", "".join(map(str, range(600_000))))
    (path := tmp_path / "class.zip").write_bytes(
        packed("ada/hw1.ipynb", "bob/hw1.ipynb", big, ("bob/1", "x"), ("bob/2", "x"))
    )
    (scratch := tmp_path / "scratch").mkdir()
    ada, bob = collect(path, limits=Limits(), scratch=scratch).submissions
    assert ada.problem is None
    assert bob.problem == f"{reason}; ask for the .ipynb file alone"
    assert len(list(scratch.iterdir())) == 1


def test_an_entry_that_leads_out_of_the_download_is_ignored_and_named(tmp_path):
    (path := tmp_path / "class.zip").write_bytes(
        packed("ada/hw1.ipynb", ("ada/../../evil", "x"), ("../up", "x"))
    )
    (scratch := tmp_path / "scratch").mkdir()
    found = collect(path, limits=Limits(), scratch=scratch)
    assert "ada/../../evil was ignored: it has a name that leads out of the zip" in found.notes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.zip", "scratch"]
    assert next(one for one in found.submissions if one.student == "ada").problem is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not a zip or is damaged; download it again, or unpack it and give the folder"),
        (b"Rar!", "it is a RAR archive, not a zip; download it again, or unpack it"),
        (packed(("ada/hw1.pdf", "x")), "no submissions recognised"),
        (packed(), "nothing is in it; download it again"),
    ],
    ids=["empty", "RAR", "a PDF", "no entries"],
)
def test_a_download_that_is_no_class_is_refused(tmp_path, content, why):
    (path := tmp_path / "class.zip").write_bytes(content)
    with pytest.raises(UsageError) as refusal:
        collect(path, limits=Limits(), scratch=tmp_path)
    assert why in str(refusal.value)


def test_a_zip_of_far_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(listing, "MOST_ENTRIES", 3)
    (path := tmp_path / "class.zip").write_bytes(packed(*(f"{n}.ipynb" for n in range(4))))
    with pytest.raises(UsageError, match="more than 3 files"):
        collect(path, limits=Limits(), scratch=tmp_path)


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    (path := tmp_path / "class.zip").write_bytes(packed("ada.ipynb"))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archives.zips.Member, "unpack", full)
    with pytest.raises(UsageError, match=r"No space left on device\); free some, or set TMPDIR"):
        collect(path, limits=Limits(), scratch=tmp_path)


def test_nothing_is_unpacked_without_a_place(tmp_path):
    (path := tmp_path / "class.zip").write_bytes(packed("ada.ipynb"))
    with pytest.raises(HarnessError, match=r"no folder to unpack ada.ipynb into"):
        collect(path, limits=Limits())


def test_zips_of_many_students_are_not_all_open_at_once(class_of, monkeypatch):
    opened = []
    open_zip = Scratch.open_zip

    def watched(self, *arguments, **options):
        opened.append(options.get("until"))
        return open_zip(self, *arguments, **options)

    monkeypatch.setattr(Scratch, "open_zip", watched)
    class_of(packed("hw1.ipynb"))
    assert len(opened) == 1
    assert opened[0] is not None


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("Jörg Müller", "cp437"), ("山田太郎", "shift_jis"), ("王小明", "gbk"), ("José", "utf-8")],
)
def test_students_are_named_as_their_computer_wrote_it(tmp_path, name, encoding):
    raw = name.encode(encoding)
    content = packed("n" * len(raw) + "/hw1.ipynb").replace(b"n" * len(raw) + b"/hw1", raw + b"/hw1")
    (path := tmp_path / "class.zip").write_bytes(content)
    (scratch := tmp_path / "scratch").mkdir()
    (one,) = collect(path, limits=Limits(), scratch=scratch).submissions
    assert one.student == name


def test_the_deepest_folders_of_a_zip_are_not_opened(tmp_path):
    deep = "/".join("d" * 15)
    (path := tmp_path / "class.zip").write_bytes(packed("ada/hw1.ipynb", (f"ada/{deep}/x.py", "x")))
    (scratch := tmp_path / "scratch").mkdir()
    found = collect(path, limits=Limits(), scratch=scratch)
    assert found.submissions[0].support == ()
    assert found.notes == (f"ada/{'/'.join('d' * 10)} was ignored: it is a folder more than 10 levels deep",)
