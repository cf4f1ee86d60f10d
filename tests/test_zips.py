"""Zips of strangers: what is refused, what is read right, and that nothing larger than it says is written."""

import io
import stat
import struct
import zipfile

import pytest

from grader import zips


def packed(path, *names, method=zipfile.ZIP_STORED):
    """A zip with an entry of each name, or for each ZipInfo, that holds x."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in names:
            archive.writestr(name, "x")
    return path


def raw_named(path, raw, *, utf8=False):
    """A zip with one entry whose name is these bytes; the flag says whether they are UTF-8."""
    packed(path, "n" * len(raw))
    content = path.read_bytes().replace(b"n" * len(raw), raw)
    if utf8:
        at = content.index(b"PK\x01\x02") + 8
        content = content[:at] + struct.pack("<H", 0x800) + content[at + 2 :]
        content = content[:6] + struct.pack("<H", 0x800) + content[8:]
    path.write_bytes(content)
    return path


def only(path):
    with zips.opened(path) as archive:
        (member,) = zips.members(archive)
        return member


def info(name="x.ipynb", **settings):
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    for key, value in settings.items():
        setattr(entry, key, value)
    return entry


LEADS_OUT = "has a name that leads out of the zip"
DEVICE = "has a name that Windows reserves for a device"


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        pytest.param("../x.ipynb", LEADS_OUT, id="up"),
        pytest.param("a/../../x.ipynb", LEADS_OUT, id="up later"),
        pytest.param("..\\x.ipynb", LEADS_OUT, id="up on Windows"),
        pytest.param("/etc/passwd", LEADS_OUT, id="absolute"),
        pytest.param("C:\\x.ipynb", LEADS_OUT, id="a drive"),
        pytest.param("\\\\host\\x.ipynb", LEADS_OUT, id="a share"),
        pytest.param("con.ipynb", DEVICE, id="device"),
        pytest.param("a/NUL/x.ipynb", DEVICE, id="device as a folder"),
        pytest.param("Lpt1", DEVICE, id="printer"),
        pytest.param("ab/" * 400, "has a name that is too long", id="long"),
        pytest.param("é" * 128, "has a name that is too long", id="a long part"),
        pytest.param(info(external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link", id="link"),
        pytest.param(
            info(external_attr=(stat.S_IFIFO | 0o777) << 16), "is a device, pipe or socket", id="pipe"
        ),
        pytest.param("console.ipynb", "", id="no device"),
        pytest.param("a..b/x.ipynb", "", id="dots"),
        pytest.param(info(external_attr=(stat.S_IFREG | 0o777) << 16), "", id="a file"),
        pytest.param(info(external_attr=0), "", id="a file from Windows"),
    ],
)
def test_an_entry_that_must_not_be_unpacked_says_why(tmp_path, entry, problem):
    with zips.opened(packed(tmp_path / "z.zip", entry)) as archive:
        (member,) = zips.members(archive)
        assert member.problem == problem
        if problem:
            with pytest.raises(zipfile.BadZipFile, match=f"it {problem}"):
                member.unpack(tmp_path / "out")
            with pytest.raises(zipfile.BadZipFile, match=f"it {problem}"):
                member.content(10)
        else:
            member.unpack(tmp_path / "out")
            assert member.content(10) == b"x"
    assert (tmp_path / "out").exists() is not problem or problem == ""


def test_an_encrypted_entry_says_so(tmp_path):
    path = packed(tmp_path / "z.zip", "x.ipynb")
    content = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    assert only(path).problem == "is encrypted"


@pytest.mark.parametrize(("size", "problem"), [(15 << 20, ""), (17 << 20, "is packed too densely")])
def test_a_bomb_is_known_by_its_ratio(tmp_path, size, problem):
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(size))
    assert only(tmp_path / "z.zip").problem.startswith(problem)
    assert bool(only(tmp_path / "z.zip").problem) is bool(problem)


def test_no_more_is_written_than_an_entry_says(tmp_path):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(5 << 20))
    content = path.read_bytes().replace(struct.pack("<I", 5 << 20), struct.pack("<I", 1000))
    path.write_bytes(content)
    with zips.opened(path) as archive:
        (member,) = zips.members(archive)
        assert member.size == 1000
        with pytest.raises(zipfile.BadZipFile, match="damaged"):
            member.unpack(tmp_path / "out")
    assert (tmp_path / "out").stat().st_size <= 1000


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=str
)
def test_damaged_content_is_one_kind_of_error(tmp_path, method):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("x", " ".join(map(str, range(1000))))
    content = bytearray(path.read_bytes())
    content[40:70] = b"\xff" * 30
    path.write_bytes(content)
    with zips.opened(path) as archive:
        (member,) = zips.members(archive)
        with pytest.raises(zipfile.BadZipFile, match="damaged"):
            member.content(1 << 20)


def test_an_unknown_method_is_the_same_error(tmp_path):
    path = packed(tmp_path / "z.zip", "x")
    content = bytearray(path.read_bytes())
    content[8:10] = content[content.index(b"PK\x01\x02") + 10 :][:2] = struct.pack("<H", 97)
    at = content.index(b"PK\x01\x02") + 10
    content[at : at + 2] = struct.pack("<H", 97)
    path.write_bytes(content)
    with zips.opened(path) as archive, pytest.raises(zipfile.BadZipFile, match="damaged"):
        zips.members(archive)[0].content(10)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(b"", "is not a zip or is damaged", id="empty"),
        pytest.param(b"PK\x03\x04 and nothing else", "is not a zip or is damaged", id="broken off"),
        pytest.param(b"\x1f\x8b\x08\x00", "is a gzip archive, not a zip", id="gzip"),
        pytest.param(b"7z\xbc\xaf\x27\x1c\x00", "is a 7z archive, not a zip", id="7z"),
        pytest.param(b"Rar!\x1a\x07\x00", "is a RAR archive, not a zip", id="RAR"),
    ],
)
def test_what_is_not_a_zip_is_refused_by_its_kind(tmp_path, content, why):
    (tmp_path / "z.zip").write_bytes(content)
    with pytest.raises(zipfile.BadZipFile) as refusal:
        zips.opened(tmp_path / "z.zip")
    assert str(refusal.value) == why


def test_too_many_entries_are_refused_and_their_table_is_not_even_read(tmp_path, monkeypatch):
    path = packed(tmp_path / "z.zip", *map(str, range(31)))
    assert len(zips.members(zips.opened(path, most_entries=31))) == 31
    with pytest.raises(zipfile.BadZipFile, match="holds more than 30 files"):
        zips.opened(path, most_entries=30)
    monkeypatch.setattr(zips.zipfile, "ZipFile", lambda _: pytest.fail("its table was read"))
    with pytest.raises(zipfile.BadZipFile, match="holds more than 3 files"):
        zips.opened(path, most_entries=3)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Jörg Müller/hw.ipynb", "utf-8"),
        ("Jörg Müller/hw.ipynb", "cp437"),
        ("José Ñandú.ipynb", "cp437"),
        ("Jörg Øst.ipynb", "cp1252"),
        ("山田太郎/課題.ipynb", "shift_jis"),
        ("テスト.ipynb", "shift_jis"),
        ("さくら ひろし/hw1.ipynb", "shift_jis"),
        ("王小明/作业.ipynb", "gbk"),
        ("李娜_hw1.ipynb", "gbk"),
        ("plain name.ipynb", "ascii"),
    ],
)
def test_names_are_read_in_the_encoding_of_the_computer_that_made_the_zip(tmp_path, name, encoding):
    member = only(raw_named(tmp_path / "z.zip", name.encode(encoding)))
    assert "/".join(member.parts) == name


def test_a_name_with_a_null_is_refused(tmp_path):
    assert only(raw_named(tmp_path / "z.zip", b"a\0b.ipynb")).problem == "has a name that no disk can hold"


def test_a_name_that_the_zip_says_to_be_utf8_is_read_as_such(tmp_path):
    member = only(raw_named(tmp_path / "z.zip", "Jörg.ipynb".encode(), utf8=True))
    assert member.parts == ("Jörg.ipynb",)


def test_names_that_are_not_the_utf8_they_claim_to_be_are_refused_by_the_zip(tmp_path):
    with pytest.raises(zipfile.BadZipFile, match="is not a zip or is damaged"):
        zips.opened(raw_named(tmp_path / "z.zip", b"J\xf6rg.ipynb", utf8=True))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_backslashes_separate_and_duplicates_and_folders_are_kept_apart(tmp_path):
    path = packed(tmp_path / "z.zip", "a\\b.ipynb", "./c.txt", "folder/", "c.txt")
    with zips.opened(path) as archive:
        found = [(member.parts, member.is_folder) for member in zips.members(archive)]
    assert found == [
        (("a", "b.ipynb"), False),
        (("c.txt",), False),
        (("folder",), True),
        (("c.txt",), False),
    ]


def test_what_is_written_is_the_same_bytes_and_reads_back(tmp_path):
    files = {"a.txt": b"1", "b/c.txt": b"2"}
    (path := tmp_path / "z.zip").write_bytes(zips.write(files))
    assert zips.write(files) == path.read_bytes()
    assert zips.read(path, most=2) == files
    with pytest.raises(zipfile.BadZipFile, match="too large"):
        zips.read(path, most=1)
    assert zipfile.ZipFile(io.BytesIO(zips.write(files))).testzip() is None
