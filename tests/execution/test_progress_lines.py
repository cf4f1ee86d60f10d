"""A progress line for each minibatch costs nothing: 20 epochs of 938 batches, as homework with real data has."""

import pytest

EPOCHS, BATCHES = 20, 938
TRAINING = """
from IPython.display import clear_output, display

{before}
losses = []
for epoch in range({epochs}):
    total = 0.0
    for batch in range({batches}):
        total += 1 / (1 + epoch)
        line = f"epoch {{epoch + 1}} of {epochs}, {{batch + 1}} of {batches}: loss {{total / (batch + 1):.4f}}"
        {progress}
    losses.append(total / {batches})
print()
print("the losses:", *losses)
"""
PROGRESS = {
    "printed": ("", 'print("\\r" + line, end="", flush=True)'),
    "cleared": ("", "clear_output(wait=True); print(line, flush=True)"),
    "updated": ('display("-", display_id="progress")', 'display(line, display_id="progress", update=True)'),
}


@pytest.mark.system
@pytest.mark.parametrize("kind", PROGRESS)
def test_a_progress_line_costs_nothing(fresh, grade_eve, kind):
    fresh.rubric(
        'assert seen is not None, "There are no losses."',
        'shown = student.answer("2").text.split()[-20:]\n'
        '    assert len(seen.numbers) == 3 or shown == [str(loss) for loss in seen.numbers], "Not shown."',
    )
    before, progress = PROGRESS[kind]
    training = TRAINING.format(before=before, progress=progress, epochs=EPOCHS, batches=BATCHES)
    grade, outcomes = grade_eve(losses=training, more=["after = 1"])
    assert (grade.ending, grade.ending_detail) == ("finished", "")
    assert outcomes == {"1": "passed", "2": "passed", "3": "review"}
