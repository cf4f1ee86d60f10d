"""The wheel in a kit is what pip takes; that it runs where it is installed is tested in tests/install."""

import base64
import csv
import hashlib
import io
import zipfile
from importlib import metadata

from grader.handout import wheel
from grader.places import PACKAGE


def test_it_holds_the_program_and_a_true_record_of_it():
    with zipfile.ZipFile(io.BytesIO(wheel.wheel())) as archive:
        names = archive.namelist()
        (record,) = (name for name in names if name.endswith(".dist-info/RECORD"))
        rows = {row[0]: row[1:] for row in csv.reader(archive.read(record).decode().splitlines())}
        assert set(rows) == set(names)
        for name in names:
            content = archive.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert rows[name] == (["", ""] if name == record else [f"sha256={digest}", str(len(content))])
    assert {f"grader/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*.py")} <= set(names)
    assert not any("__pycache__" in name for name in names)


def test_its_name_and_its_words_about_itself_are_those_of_this_program():
    version = metadata.version("grader")
    assert wheel.name() == f"grader-{version}-py3-none-any.whl"
    with zipfile.ZipFile(io.BytesIO(wheel.wheel())) as archive:
        about = archive.read(f"grader-{version}.dist-info/METADATA").decode()
        assert (
            "grader = grader.__main__:main"
            in archive.read(f"grader-{version}.dist-info/entry_points.txt").decode()
        )
    assert f"\nVersion: {version}\n" in about
