"""The check pack: what is in it, that it checks as the rubric does, and that a damaged one is refused."""

import json
import zipfile

import msgspec
import pytest

from grader import zips
from grader.assignment import load
from grader.datasets import fashion_mnist
from grader.errors import RubricError, UsageError
from grader.execution import reference
from grader.handout import pack
from grader.model import Profile
from grader.results.store import Store


def members_of(graded, folder):
    chosen = load(graded.assignment)
    with Store.existing(graded.results) as store:
        runs = reference.stored(store)
    folder.mkdir()
    dataset = fashion_mnist.subset(graded.cache)
    return pack.members(chosen, pack.excerpt_of(chosen), runs, dataset, profile=Profile.QUICK, folder=folder)


@pytest.fixture
def members(graded, tmp_path):
    return members_of(graded, tmp_path / "made")


@pytest.fixture
def written(members, tmp_path):
    path = tmp_path / "tiny.pack"
    path.write_bytes(zips.write(members))
    return path


def test_it_holds_the_public_checks_and_the_blank_notebook(members):
    assert set(members) == {
        "pack.json", "assignment.toml", "blank.ipynb", "test_tiny.py",
        "reference/0/execution.json", "reference/0/executed.ipynb",
        "reference/0/evidence/evidence.bin", "reference/0/evidence/probed.bin",
    }  # fmt: skip
    source = members["test_tiny.py"].decode()
    assert "test_the_number" in source
    assert "test_there_are_three" not in source
    assert not any(b"6 * 7" in content for content in members.values())


def test_of_the_reference_it_holds_only_what_public_checks_read(members, written, tmp_path):
    opened = pack.unpacked(written, tmp_path / "opened")
    assert (opened.about.names, opened.about.probes) == (["number"], [])
    (run,) = opened.reference.runs
    assert run.value("number", "1").number == 42
    assert b"losses" not in members["reference/0/evidence/evidence.bin"]


def test_questions_are_worth_what_their_public_checks_are(written, tmp_path):
    opened = pack.unpacked(written, tmp_path / "opened")
    assert [(each.id, str(each.points)) for each in opened.assignment.questions] == [
        ("1", "1"), ("2", "0.75"), ("3", "0.5"),
    ]  # fmt: skip


def test_it_is_the_same_bytes_every_time(graded, members, tmp_path):
    assert members_of(graded, tmp_path / "again") == members


def test_a_setting_that_only_hidden_checks_read_stays_at_home(graded, tmp_path):
    with (graded.assignment / "assignment.toml").open("a") as toml:
        toml.write(
            '[settings]\nmost = 3\nanswers = ["forty-two"]\nodd = { "a b" = [1.5, true], c = "\\"\\\\" }\n'
        )
    graded.rubric("def test_the_loss_falls(student):", "def test_the_loss_falls(student, settings):")
    first = 'seen = student.value("losses", "2")\n    if'
    graded.rubric(first, f'settings["most"], settings["odd"]\n    {first}')
    members = members_of(graded, tmp_path / "made")
    (tmp_path / "tiny.pack").write_bytes(zips.write(members))
    settings = pack.unpacked(tmp_path / "tiny.pack", tmp_path / "opened").assignment.settings
    assert json.loads(json.dumps(settings, default=float)) == {
        "most": 3,
        "odd": {"a b": [1.5, True], "c": '"\\'},
    }
    assert b"forty-two" not in members["assignment.toml"]


def test_what_only_reports_say_stays_at_home(graded, tmp_path):
    toml = graded.assignment / "assignment.toml"
    toml.write_text(f'objections = "Write to zq@example.org."\n{toml.read_text()}')
    assert b"zq@" not in members_of(graded, tmp_path / "made")["assignment.toml"]


@pytest.mark.parametrize("reads", ["answer('1').text", "notebook", "text_with('number')", "evidence"])
def test_a_public_check_that_reads_more_of_the_reference_is_named(graded, tmp_path, reads):
    graded.rubric(", reference.first", f", reference.first.{reads} and reference.first")
    says = r"test_the_number takes points from the reference: .*(?:reads `|no attribute)"
    with pytest.raises(RubricError, match=says):
        members_of(graded, tmp_path / "made")


def changed(path, change):
    files = zips.read(path, most=1 << 26)
    change(files)
    path.write_bytes(zips.write(files))


def edited(files):
    files["test_tiny.py"] += b"\n"


def newer(files):
    about = json.loads(files["pack.json"])
    files["pack.json"] = json.dumps({**about, "format": 2, "program": "9.0"}).encode()


def saying(**changes):
    """A pack that says something else of itself."""

    def change(files):
        files["pack.json"] = json.dumps(json.loads(files["pack.json"]) | changes).encode()

    return change


def forged(change):
    """The same by somebody who knows how its version is made."""

    def again(files):
        change(files)
        said = pack.about(files)
        rest = {name: content for name, content in files.items() if name != "pack.json"}
        saying(version=pack._version(rest, said))(files)

    return again


def outside(files):
    files["../escaped.py"] = b""


BROKEN = {
    "edited": (edited, "was changed after it was made; download the kit again."),
    "of a later version": (
        newer,
        "was made by grader 9.0, and this is another version; install the wheel of its kit.",
    ),
    "without a word about itself": (
        lambda files: files.pop("pack.json"),
        "name the file that ends with .pack",
    ),
    "with a name that leads out": (outside, "is not a check pack, or it is damaged; download the kit again."),
    "changed in what it says": (saying(runs=10**8), "was changed after it was made; download the kit again."),
    **{
        f"forged, with {what}": (
            forged(change),
            "does not hold what a check pack holds; download the kit again.",
        )
        for what, change in {
            "many runs": saying(runs=10**8),
            "no runs": saying(runs=0),
            "another profile": saying(profile="slow"),
            "another assignment": saying(assignment="other"),
            "a file where a folder is": lambda files: files.update({"reference": b""}),
            "a name that is too long": lambda files: files.update({"a" * 300: b""}),
            "no assignment": lambda files: files.pop("assignment.toml"),
        }.items()
    },
    "about nothing": (lambda files: files.update({"pack.json": b"[]"}), "download the kit again"),
}


@pytest.mark.parametrize(("change", "says"), BROKEN.values(), ids=BROKEN)
def test_a_pack_is_refused_that_is(written, tmp_path, change, says):
    changed(written, change)
    with pytest.raises(UsageError) as refused:
        pack.unpacked(written, tmp_path / "opened")
    assert says in str(refused.value)
    assert str(written) in str(refused.value)
    assert not (tmp_path / "escaped.py").exists()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_pack_whose_compressed_bytes_are_damaged_is_refused(written, method):
    files = zips.read(written, most=1 << 26)
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    content = bytearray(written.read_bytes())
    content[100:160] = b"\xff" * 60
    written.write_bytes(content)
    with pytest.raises(UsageError, match="is not a check pack, or it is damaged; download the kit again"):
        pack.unpacked(written, written.parent / "opened")


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_pack_that_breaks_off_is_refused(written, tmp_path, share):
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UsageError, match="is not a check pack, or it is damaged; download the kit again"):
        pack.unpacked(written, tmp_path / "opened")


def test_a_pack_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"none\.pack can't be read \(No such file"):
        pack.unpacked(tmp_path / "none.pack", tmp_path / "opened")


def test_a_zip_bomb_is_refused(written, tmp_path):
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pack.json", bytes(pack.MOST_BYTES + 1))
    with pytest.raises(UsageError, match="is not a check pack, or it is damaged"):
        pack.unpacked(written, tmp_path / "opened")


def test_what_a_pack_says_of_itself_is_told(members):
    said = pack.about(members)
    assert msgspec.structs.asdict(said) | {"version": ""} == {
        "format": 1, "assignment": "tiny", "version": "", "program": said.program, "profile": "quick", "runs": 1,
        "names": ["number"], "probes": [],
    }  # fmt: skip
