"""The files of a results folder: each in its place, whole, and nothing left of work in progress."""

import pytest

from grader.errors import HarnessError
from grader.results.folder import ResultsFolder
from grader.results.store import Store


@pytest.fixture
def folder(tmp_path):
    (root := tmp_path / "results").mkdir()
    return ResultsFolder(root)


@pytest.mark.parametrize("name", ["", ".", "..", "../ada", "a/b", "/etc", "students/../.."])
def test_a_students_name_never_leaves_the_folder(folder, name):
    for use in (folder.folder, folder.workplace):
        with pytest.raises(HarnessError, match="is not a valid folder name, so it can't be a student's"):
            use(name)


def test_a_file_is_written_whole_or_not_at_all(folder):
    folder.write("deep/down/page.html", "first")
    with pytest.raises(UnicodeEncodeError):
        folder.write("deep/down/page.html", "second \ud800")
    assert (folder.root / "deep/down/page.html").read_text() == "first"
    folder.write("deep/down/page.html", "third")
    assert [path.name for path in (folder.root / "deep/down").iterdir() if path.suffix != ".part"] == [
        "page.html"
    ]
    assert (folder.root / "deep/down/page.html").read_text() == "third"


def test_a_workplace_is_new_each_time(folder):
    (folder.workplace("ada") / "left").mkdir(parents=True)
    assert not folder.workplace("ada").exists()
    assert folder.workplace("ada").parent.is_dir()


def test_a_folder_takes_the_place_of_the_one_before(folder, tmp_path):
    for text in ("old", "new"):
        (tmp_path / text).mkdir()
        (tmp_path / text / text).touch()
        folder.put(tmp_path / text, folder.folder("ada"))
    assert [path.name for path in folder.folder("ada").iterdir()] == ["new"]


def test_folders_of_nobody_are_removed(folder):
    for student in ("ada", "ghost"):
        folder.folder(student).mkdir(parents=True)
    folder.remove_strangers({"ada"})
    assert [path.name for path in (folder.root / "students").iterdir()] == ["ada"]


def test_work_that_a_killed_run_left_is_cleared(folder):
    (folder.root / ".work/ada").mkdir(parents=True)
    folder.clear_work()
    assert list(folder.root.iterdir()) == []


def test_temporary_files_end_with_the_store_or_with_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    root = tmp_path / "results"
    with Store.open(root) as store:
        place = store.temporary()
        (place / "socket").touch()
        assert place.parent == tmp_path
    assert not place.exists()
    place.mkdir()
    (root / ".tmp").symlink_to(place)  # as a killed run leaves it
    with Store.open(root):
        assert not place.exists()
    assert not (root / ".tmp").is_symlink()


def test_a_link_to_anything_else_is_not_followed(folder, tmp_path):
    """Results may come from elsewhere."""
    (home := tmp_path / "grader-home").mkdir()
    (folder.root / ".tmp").symlink_to(home)
    folder.clear_work()
    assert home.is_dir()
    assert not (folder.root / ".tmp").is_symlink()
