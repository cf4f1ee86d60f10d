"""The registry of data sets, the choice of none, and an assignment's own archives."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from grader import datasets
from grader.datasets import NAMES, NOTHING, Archive
from grader.errors import DatasetError


@pytest.mark.parametrize("name", NAMES)
def test_a_named_set_is_a_source_and_knows_its_sums(name, tmp_path):
    source = datasets.named(name)
    assert source.name == name
    sample = source.subset(tmp_path)
    assert sample.name == name
    assert not sample.complete
    assert all(len(digest) == 64 for digest in sample.sums.values())
    assert {path.name for path in sample.root.rglob("*") if path.is_file()} == set(sample.sums)


def test_an_unknown_set_is_refused():
    with pytest.raises(DatasetError, match=r"There is no data set 'mist'\. There are: fashion-mnist\."):
        datasets.named("mist")


def test_nothing_is_a_set_that_is_whole_and_nowhere(tmp_path):
    none = datasets.named("none").find(env={}, cache=tmp_path)
    assert (none.root, none.complete, none.sums) == (None, True, {})
    assert NOTHING.where(env={}, cache=tmp_path) == ()
    assert NOTHING.subset(tmp_path) is None


def test_the_users_cache_is_the_platforms(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert datasets.user_cache() == tmp_path / "grader"


# --- archives -------------------------------------------------------------------------------------------


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def tarred(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


FLATS = {"flats/one.csv": "area\n50\n", "two.csv": "area\n60\n"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assignment").mkdir()
    return tmp_path / "assignment"


def source_of(folder, **contents):
    """The source of archives with these contents, none of which is anywhere yet."""
    wanted = [
        Archive(file=name.replace("_", "."), sha256=hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    ]
    return datasets.archives(wanted, beside=folder)


def test_archives_are_verified_and_unpacked_beside_the_notebook(folder, tmp_path):
    contents = {"a_zip": zipped(FLATS), "b_tgz": tarred({"three.csv": "3"}), "c_csv": b"4\n"}
    for name, content in contents.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    source = source_of(folder, **contents)
    found = source.find(env={}, cache=tmp_path / "cache")
    assert source.name == "a.zip, b.tgz, c.csv"
    assert (found.folder, found.complete, found.provenance) == ("data", True, str(folder))
    unpacked = {str(path.relative_to(found.root)) for path in found.root.rglob("*") if path.is_file()}
    assert unpacked == {"flats/one.csv", "two.csv", "three.csv", "c.csv"}
    assert found.sums == {archive.file: archive.sha256 for archive in source.wanted}
    assert source.find(env={}, cache=tmp_path / "cache") == found


def test_a_python_that_can_not_unpack_a_tar_safely_says_so(folder, tmp_path, monkeypatch):
    monkeypatch.delattr(tarfile, "data_filter")
    content = tarred({"three.csv": "3"})
    (folder / "b.tgz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"b\.tgz can't be unpacked safely by Python before 3\.11\.4"):
        source_of(folder, b_tgz=content).find(env={}, cache=tmp_path / "cache")


def test_the_places_are_tried_in_order(folder, tmp_path):
    content = zipped(FLATS)
    source, cache = source_of(folder, a_zip=content), tmp_path / "cache"
    places = {
        "cache": cache / "archives",
        "assignment": folder,
        "variable": tmp_path / "variable",
        "option": tmp_path / "option",
    }
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
        (place / "a.zip").write_bytes(content)
        env = {"GRADER_DATA": str(places["variable"])} if place == places["variable"] else {}
        explicit = place if place == places["option"] else None
        assert source.find(explicit, env=env, cache=cache).provenance == str(place)


def test_an_archive_that_is_nowhere_is_told_with_the_places(folder, tmp_path):
    with pytest.raises(DatasetError) as refused:
        source_of(folder, a_zip=b"").find(tmp_path, env={"GRADER_DATA": "/gone"}, cache=tmp_path / "cache")
    said = str(refused.value)
    assert said.startswith(
        f"a.zip was not found in {tmp_path}, /gone, {folder}, {tmp_path / 'cache/archives'}; "
    )
    assert said.endswith("or name another one with --data.")


def test_another_file_of_that_name_is_refused_with_both_sums(folder, tmp_path):
    (folder / "a.zip").write_bytes(b"another")
    with pytest.raises(DatasetError) as refused:
        source_of(folder, a_zip=b"wanted").find(env={}, cache=tmp_path)
    for content in (b"another", b"wanted"):
        assert hashlib.sha256(content).hexdigest() in str(refused.value)


def test_nothing_is_unpacked_outside(folder, tmp_path):
    outside = {"../../escaped.txt": "x"}
    content = zipped(outside)
    (folder / "a.zip").write_bytes(content)
    root = source_of(folder, a_zip=content).find(env={}, cache=tmp_path / "cache").root
    assert [path.relative_to(root) for path in tmp_path.rglob("escaped.txt")] == [Path("escaped.txt")]
    content = tarred(outside)
    (folder / "b.tgz").write_bytes(content)
    with pytest.raises(DatasetError, match=r"b\.tgz can't be unpacked: .*escaped\.txt"):
        source_of(folder, b_tgz=content).find(env={}, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(zipped({"a/b": "1", "a": "2"}), id="a file that is a folder as well"),
        pytest.param(
            zipped({"a": "1"}).replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"),
            id="encrypted",
        ),
    ],
)
def test_an_archive_that_cannot_be_unpacked_is_refused_by_name(folder, tmp_path, content):
    (folder / "a.zip").write_bytes(content)
    with pytest.raises(DatasetError, match=r"a\.zip can't be unpacked: "):
        source_of(folder, a_zip=content).find(env={}, cache=tmp_path / "cache")
