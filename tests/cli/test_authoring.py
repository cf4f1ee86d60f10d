"""`kit`; `validate` is tested beside its room."""

import json
import zipfile


def test_the_kit_has_the_questions_and_no_solution(graded, call, tmp_path):
    said = call("kit", graded.assignment, "-o", tmp_path / "kit.zip")
    assert (said.code, said.out) == (0, f"Wrote {tmp_path}/kit.zip\n")
    with zipfile.ZipFile(tmp_path / "kit.zip") as kit:
        texts = {name: kit.read(name).decode() for name in kit.namelist()}
    (notebook,) = (text for name, text in texts.items() if name.endswith(".ipynb"))
    assert [cell["metadata"]["grader"]["question"] for cell in json.loads(notebook)["cells"]] == [
        "1",
        "2",
        "3",
    ]
    master = (graded.assignment / "master.ipynb").read_text()
    for solution in ("6 * 7", "3.0, 2.0", "Because it is so"):
        assert solution in master
        assert not any(solution in text for text in texts.values())
