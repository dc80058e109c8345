"""Interrupted investigations go on from their checkpoint, with the same evidence and budget."""

import sqlite3
from typing import Any

import pytest
from neuroscribe.agent.budget import Budget
from neuroscribe.agent.checkpoints import Checkpoints
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.state import State
from pets import MEASURE, RIVALS, concluding
from scripted import Scripted, Turn

SCRIPT: list[Any] = [
    [("exemplars", {"kind": "quantile"}), *RIVALS],
    [*MEASURE, ("test_hypotheses", {"hypotheses": [{"kind": "repeated"}]})],
    [
        (
            "edit_text",
            {"text": "the cat ran", "edits": [{"kind": "replace", "old": "cat", "new": "dog"}]},
        )
    ],
    concluding("E4"),
]


class Recorded:
    """A recorder in memory."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []

    def write(self, event: str, **fields: Any) -> None:
        """Keeps an event."""
        self.events.append((event, fields))

    def kinds(self) -> list[tuple[str, str]]:
        """What happened, without ledgers, whose number differs after a resumption."""
        out = []
        for event, fields in self.events:
            if event == "message":
                out.append((event, fields["message"]["role"]))
            elif event == "evidence":
                out.append((event, f"{fields['evidence'].id} {fields['evidence'].tool}"))
            elif event != "ledger":
                out.append((event, ""))
        return out


def script(turns: list[Any], stop: int | None = None) -> Scripted:
    """The script; interrupted before the turn with that number."""

    def interrupted(state: State) -> Turn:
        raise KeyboardInterrupt

    return Scripted([interrupted if n == stop else turn for n, turn in enumerate(turns)])


@pytest.mark.parametrize("stop", [1, 2, 3])
def test_an_interrupted_investigation_goes_on(make_lab, tmp_path, stop):
    path = tmp_path / "a" / "unit.sqlite"
    plain, whole = Recorded(), make_lab()
    expected = investigate(whole, "planted/0", script(SCRIPT), recorder=plain)  # type: ignore[arg-type]
    first = make_lab()
    with pytest.raises(KeyboardInterrupt):
        investigate(first, "planted/0", script(SCRIPT, stop), checkpoint=path)
    assert path.stat().st_size < 200_000
    again, lab, planner = Recorded(), make_lab(), script(SCRIPT)
    done = investigate(lab, "planted/0", planner, checkpoint=path, recorder=again)  # type: ignore[arg-type]
    assert len(planner.seen) == len(SCRIPT) - stop, "no turn was asked for twice"
    assert done.description == expected.description
    assert done.ledger == expected.ledger
    assert done.steps == expected.steps
    assert [(e.id, e.data) for e in lab.evidence] == [(e.id, e.data) for e in whole.evidence]
    assert (lab.hypotheses, lab.inline) == (whole.hypotheses, whole.inline)
    assert again.kinds() == plain.kinds()
    assert not list(path.parent.iterdir()), "the checkpoint is gone when it is done"


def test_what_was_spent_is_still_spent(make_lab, tmp_path):
    lab = make_lab()

    def spend(state: State) -> Turn:
        lab.meter.tokens_in += 700
        lab.meter.started -= 100
        return SCRIPT[0]

    with pytest.raises(KeyboardInterrupt):
        investigate(lab, "planted/0", script([spend, *SCRIPT], 1), checkpoint=tmp_path / "c.sqlite")
    later, planner = make_lab(), script([spend, *SCRIPT])
    investigate(
        later,
        "planted/0",
        planner,
        checkpoint=tmp_path / "c.sqlite",
        budget=Budget(tokens=5000, seconds=1000),
    )
    left = planner.seen[0]["remaining"]
    assert left["tokens"] == 4300
    assert left["seconds"] is not None
    assert 850 < left["seconds"] <= 900


def test_a_planner_with_a_memory_starts_again(make_lab, tmp_path):
    path = tmp_path / "c.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), "planted/0", script(SCRIPT, 2), checkpoint=path)
    planner, lab = script(SCRIPT), make_lab()
    planner.resumable = False  # type: ignore[misc]
    done = investigate(lab, "planted/0", planner, checkpoint=path)
    assert done.steps == len(planner.seen) == len(SCRIPT)
    assert len(lab.evidence) == 7


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 99])
def test_a_damaged_checkpoint_means_a_fresh_start(make_lab, tmp_path, content):
    path = tmp_path / "c.sqlite"
    path.write_bytes(content)
    done = investigate(make_lab(), "planted/0", script(SCRIPT), checkpoint=path)
    assert done.status == "described"
    assert not path.exists()


def test_a_checkpoint_of_another_unit_is_not_used(make_lab, tmp_path):
    path = tmp_path / "c.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), "planted/1", script(SCRIPT, 2), checkpoint=path)
    planner = script(SCRIPT)
    done = investigate(make_lab(), "planted/0", planner, checkpoint=path)
    assert done.steps == len(planner.seen)


def test_only_the_latest_state_is_kept(make_lab, tmp_path):
    path = tmp_path / "c.sqlite"
    with pytest.raises(KeyboardInterrupt):
        investigate(make_lab(), "planted/0", script(SCRIPT, 3), checkpoint=path)
    with sqlite3.connect(path) as found:
        assert found.execute("SELECT count(*) FROM state").fetchone() == (1,)
        assert found.execute("SELECT count(*) FROM evidence").fetchone() == (6,)
    store = Checkpoints(path)
    assert [item.id for item in store.evidence(2)] == ["E1", "E2"]
    store.delete()
