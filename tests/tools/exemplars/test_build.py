"""The index against a brute-force pass, on several architectures."""

import numpy as np
import pytest
import torch
from checks import refused
from neuroscribe.tools.data.sources import load_corpus
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.exemplars import ExemplarIndex, build_index
from neuroscribe.tools.exemplars.topk import keys_of, positions_of, values_of
from neuroscribe.tools.models import Target, Unit
from token_rows import random_windows

SITES = ("mlp.0", "head.1", "resid.1")


def brute_force(target: Target, windows: TokenWindows, sites: tuple[str, ...]) -> dict:
    """`[window, place, unit]` of each site, one window at a time."""
    found: dict[str, np.ndarray] = {}
    for name in sites:
        site = target.sites[name]
        found[name] = np.full((*windows.ids.shape, site.units), np.nan, np.float32)
    for at in range(len(windows)):
        size = int(windows.attended[at].sum())
        row = windows.rows(slice(at, at + 1))
        row.__dict__["ids"], row.__dict__["attended"] = row.ids[:, :size], row.attended[:, :size]
        values = target.trace(row, sites, output=False).values
        for name in sites:
            scalar = target.sites[name].scalar(values[name])[0].numpy()
            found[name][at, :size] = scalar
    return found


def compare(target: Target, windows: TokenWindows, index: ExemplarIndex, k: int) -> int:
    values = brute_force(target, windows, index.sites)
    compared = 0
    for name in index.sites:
        site = target.sites[name]
        neuron = name.startswith(("mlp.", "head."))
        for number in range(site.units):
            for sign in (1, -1):
                got = index.unit(Unit(name, number, sign))
                if not got.real:
                    assert got.top == got.bands == got.low == ()
                    assert got.meaning
                    continue
                column = sign * values[name][:, :, number]
                here = column[windows.counted]
                want = np.sort(here)[::-1][:k]
                want = want[want > 0] if neuron else want
                np.testing.assert_allclose([item.value for item in got.top], want, atol=2e-5)
                for item in (*got.top, *got.low, *(e for b in got.bands for e in b.exemplars)):
                    assert windows.counted[item.window, item.place]
                    assert column[item.window, item.place] == pytest.approx(item.value, abs=2e-5)
                assert len({(item.window, item.place) for item in got.top}) == len(got.top)
                unclear = int((np.abs(here) < 1e-5).sum())  # either side of 0 by rounding
                assert abs(got.fired - int((here > 0).sum())) <= unclear
                assert got.count == len(here)
                assert got.mean == pytest.approx(here.mean(), abs=1e-5)
                assert got.sd == pytest.approx(here.std(), abs=1e-4)
                compared += 1
    return compared


@pytest.mark.parametrize("family", ["gpt2", "llama", "opt", "bert"])
def test_equals_brute_force(family, tiny, tmp_path):
    target = tiny(family)
    windows = random_windows(120)
    build_index(target, windows, SITES, tmp_path / "index", k=7, sample=500)
    index = ExemplarIndex.open(tmp_path / "index", target=target, windows=windows)
    assert compare(target, windows, index, 7) >= 70


def test_equals_brute_force_on_a_trained_model(stories260k, test_data, tmp_path):
    corpus = load_corpus(str(test_data / "text/corpora/wikitext2-valid.txt"))
    windows = cut(stories260k, corpus.limited(15_000), length=64)
    build_index(stories260k, windows, ["mlp.2", "head.4", "resid.0"], tmp_path / "i")
    index = ExemplarIndex.open(tmp_path / "i", target=stories260k, windows=windows)
    assert compare(stories260k, windows, index, 20) > 400
    assert index.windows.text(3) == windows.text(3)


def test_signs_without_meaning_say_so(tiny, tmp_path):
    windows = random_windows(60)
    for family, said in (("gpt2", "floor"), ("opt", "never negative"), ("llama", "gated")):
        build_index(tiny(family), windows, ["mlp.1", "head.0"], tmp_path / family)
        index = ExemplarIndex.open(tmp_path / family)
        negative = index.unit("mlp.1/3-")
        assert said in negative.meaning
        assert negative.real == bool(negative.top) == (family == "llama")
        assert "never negative" in index.unit("head.0/1-").meaning
    one, other = (ExemplarIndex.open(tmp_path / "llama").unit(u) for u in ("mlp.1/3", "mlp.1/3-"))
    assert one.real
    assert other.real
    assert not {x[:2] for x in one.top} & {x[:2] for x in other.top}
    assert one.mean == -other.mean


def test_distinct_windows_and_bands(tiny, tmp_path):
    windows = random_windows(200)
    build_index(tiny("gpt2"), windows, ["resid.0"], tmp_path / "i", k=50)
    got = ExemplarIndex.open(tmp_path / "i").unit("resid.0/3", limit=5)
    assert len({item.window for item in got.low}) == len(got.low) == 5
    tops = [max(item.value for item in band.exemplars) for band in got.bands]
    assert tops == sorted(tops)
    assert all(len(band.exemplars) == 5 for band in got.bands)
    assert got.quantiles[0.5] < got.quantiles[0.9] < got.quantiles[1.0] == got.max


def test_quantiles_are_close_to_all_values(tiny, tmp_path):
    target, windows = tiny("gpt2"), random_windows(300)
    build_index(target, windows, ["mlp.0"], tmp_path / "i", sample=2000)
    index = ExemplarIndex.open(tmp_path / "i")
    values = brute_force(target, windows, ("mlp.0",))["mlp.0"][windows.counted]  # [token, unit]
    for number in range(0, 64, 9):
        got = index.unit(Unit("mlp.0", number))
        for share, value in got.quantiles.items():
            rank = float((values[:, number] <= value + 1e-5).mean())
            assert rank == pytest.approx(share, abs=0.03)


def test_keys_order_like_values_then_earlier_positions():
    values = torch.tensor([-torch.inf, -3.5, -1e-30, -0.0, 0.0, 1e-30, 2.0, 2.0, 1e30])
    positions = torch.tensor([4, 0, 7, 9, 8, 1, 5, 3, (1 << 32) - 1])
    keys = keys_of(values, positions)
    assert (keys[1:] > keys[:-1]).all()
    assert torch.equal(values_of(keys), values)
    assert torch.equal(positions_of(keys), positions)


def test_not_finite_values_are_refused(tiny, tmp_path, monkeypatch):
    target = tiny("gpt2")
    weight = target.network.get_submodule(target.sites["mlp.0"].module).weight
    monkeypatch.setattr(weight, "data", torch.full_like(weight, torch.nan))
    said = r"mlp_out\.0.*not finite.*float32"
    refused(said, build_index, target, random_windows(9), ["mlp_out.0"], tmp_path / "i")
