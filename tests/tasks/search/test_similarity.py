"""Units alike in what they do: planted twins are found, strangers are not, controls are right."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from checks import refused
from neuroscribe.tasks.labelling.data import load_data
from neuroscribe.tasks.labelling.settings import Settings
from neuroscribe.tasks.search import RunSearch, measure
from neuroscribe.tasks.search.groups import grouped
from neuroscribe.tasks.search.records import Filters
from neuroscribe.tasks.search.similarity import Similarity, by_activations
from neuroscribe.tools.models import Target

from .conftest import labelled

TWINS = {"mlp.0/2", "mlp.0/5", "mlp.0/9"}


@pytest.fixture(scope="module")
def search(twins: Path) -> RunSearch:
    return RunSearch(twins, encoder="none")


@pytest.fixture(scope="module")
def direct(twins: Path) -> tuple[np.ndarray, np.ndarray]:
    """Activations straight from the target: `[unit, place]`, and peaks `[unit, window]`."""
    settings = Settings.from_dict(json.loads((twins / "run.json").read_text())["settings"])
    target = Target.load(settings.target)
    windows = load_data(target, settings).windows["explore"]
    units = [target.unit(f"mlp.0/{at}") for at in range(12)]
    values = target.activations(windows, units).detach().numpy()
    peaks = np.where(windows.counted, values, -np.inf).max(2)
    return values[:, windows.counted], peaks


def test_the_copy_is_nearest_and_strangers_and_shuffled_windows_are_far(search):
    found = search.similar("mlp.0/2", limit=11)
    assert [one.unit for one in found.neighbours[:2]] == ["mlp.0/5", "mlp.0/9"]
    assert found.neighbours[0].value > 0.999
    assert found.neighbours[1].value > 0.95
    assert all(abs(one.value) < 0.9 for one in found.neighbours[2:])
    assert (found.others, found.error) == (11, 0)
    usual, shuffled = found.controls
    assert usual.pairs == 12 * 11 // 2
    assert shuffled.pairs > 100
    assert shuffled.p95 < 0.2 < usual.p95


def test_correlations_and_overlaps_are_those_of_the_activations(search, direct):
    wanted, peaks = np.corrcoef(direct[0])[2], direct[1]
    for one in search.similar("mlp.0/2", limit=11).neighbours:
        assert one.value == pytest.approx(wanted[int(one.unit.split("/")[1])], abs=2e-3)
    k = max(1, min(20, peaks.shape[1] // 10))
    tops = [set(np.argsort(-row, kind="stable")[:k].tolist()) for row in peaks]
    for one in search.similar("mlp.0/2", limit=11, by="exemplars").neighbours:
        other = tops[int(one.unit.split("/")[1])]
        assert one.value == pytest.approx(len(tops[2] & other) / len(tops[2] | other), abs=1e-6)


def test_a_projection_keeps_correlations_within_its_error(twins, direct, monkeypatch, tmp_path):
    monkeypatch.setattr(measure, "MOST_NUMBERS", 1)
    monkeypatch.setattr(measure, "LEAST_WIDTH", 400)
    folder = tmp_path / "run"
    shutil.copytree(twins, folder, ignore=shutil.ignore_patterns("*.npz"))
    names = [f"mlp.0/{at}" for at in range(12)]
    found = measure.activity(folder, names)
    assert not found.exact
    assert found.rows.shape[1] == 400 < direct[0].shape[1]
    assert found.error == pytest.approx(0.05)
    values = by_activations(found, names).block(range(12))
    wrong = values - np.corrcoef(direct[0])
    assert np.sqrt(np.square(wrong[np.triu_indices(12, 1)]).mean()) < 2 * found.error
    assert np.abs(wrong).max() < 5 * found.error


def test_duplicates_and_a_group_are_the_planted_ones_and_no_others(search):
    found = search.duplicates(0.95)
    pairs = [{pair.first, pair.second} for pair in found.pairs]
    assert {"mlp.0/2", "mlp.0/5"} == pairs[0]
    assert all(pair <= TWINS for pair in pairs)
    assert found.pairs[0].overlap == pytest.approx(1.0)
    assert all(pair.same_label for pair in found.pairs)  # the toy planner says the same of all
    found = search.groups(at_least=0.9)
    (group,) = found.groups
    assert set(group.units) == TWINS
    assert group.lowest >= 0.9, "every pair reaches the bar"
    assert group.name == "the word cat"
    assert found.alone == 9
    assert found.reach == pytest.approx(3 / 66)


def test_a_chain_of_half_alike_units_is_no_group():
    values = np.array([[1, 0.8, 0.2], [0.8, 1, 0.75], [0.2, 0.75, 1]], np.float32)
    names = ("mlp.0/1", "mlp.0/2", "mlp.0/3")
    chain = Similarity("label", "", names, {}, lambda rows: values[rows], np.zeros(0, np.float32))
    records = {name: labelled(name, f"label of {name}") for name in names}
    records["mlp.0/1"]["status"] = "uninterpretable"
    (group,) = grouped(chain, records, 0.7).groups
    assert set(group.units) == {"mlp.0/1", "mlp.0/2"}
    assert (group.lowest, group.named_by) == (pytest.approx(0.8), "mlp.0/2")


def test_what_was_measured_is_kept_and_a_damaged_file_is_measured_again(
    twins, search, monkeypatch, tmp_path
):
    value = search.similar("mlp.0/2").neighbours[0].value
    with monkeypatch.context() as patch:
        patch.setattr(measure, "_measure", None)  # it must not be measured again
        assert RunSearch(twins).similar("mlp.0/2").neighbours[0].value == value
    folder, file = tmp_path / "run", tmp_path / "run" / measure.FILE
    shutil.copytree(twins, folder)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert RunSearch(folder).similar("mlp.0/2").neighbours[0].unit == "mlp.0/5"
    run = json.loads((folder / "run.json").read_text())
    seen = f"{run['target']['fingerprint']} {run['corpus']['hash']}"
    assert measure._kept(file, seen) is not None
    file.unlink()
    run["target"]["fingerprint"] = "another"
    (folder / "run.json").write_text(json.dumps(run))
    refused("no longer what the run", RunSearch(folder).similar, "mlp.0/2")


def test_one_unit_and_none_have_no_control(search, write):
    found = search.similar("mlp.0/2", filters=Filters(units="mlp.0/2"))
    assert found.neighbours == ()
    assert found.controls[0].p95 is None
    nothing = [labelled("mlp.0/1", "no pattern found", status="uninterpretable")]
    assert RunSearch(write(nothing), encoder="none").groups(by="label").groups == ()


def test_labels_alone_need_no_model(write):
    said = ("Weekday names.", "weekday names", "closing brackets", "no pattern", "no pattern")
    records = [labelled(f"mlp.0/{at}", label) for at, label in enumerate(said, 1)]
    for record in records[3:]:
        record["status"] = "uninterpretable"
    search = RunSearch(write(records), encoder="none")
    assert search.duplicates(by="label").labels == (("mlp.0/1", "mlp.0/2"),)
    found = search.groups(by="label")
    assert [set(group.units) for group in found.groups] == [{"mlp.0/1", "mlp.0/2"}]
    assert set(found.left_out) == {"mlp.0/4", "mlp.0/5"}
    assert search.similar("mlp.0/1", by="label").neighbours[0].unit == "mlp.0/2"
    for unit, by, said in (
        ("mlp.0/4", "label", "without a description"),
        ("mlp.0/1", "activations", r"no run\.json"),
        ("mlp.0/1", "colour", "not by 'colour'"),
    ):
        refused(said, search.similar, unit, by=by)
    refused("above 0", search.groups, by="label", at_least=0.0)
