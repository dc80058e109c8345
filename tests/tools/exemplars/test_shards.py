"""Shards merge to the very bytes of one pass, in any order; wrong merges are refused."""

from itertools import permutations
from pathlib import Path

import pytest
from checks import refused
from neuroscribe.tools.exemplars import ExemplarIndex, build_index, merge
from neuroscribe.tools.exemplars import places as places_module
from token_rows import random_windows

SITES = ("mlp.0", "mlp.1", "head.0", "resid.1")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "owner.lock"
    }


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks in a small corpus."""
    monkeypatch.setattr(places_module, "_TOKENS", 100)
    monkeypatch.setattr(places_module, "_FEWEST", 100)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("family", ["llama", "bert"])
def test_any_order_and_grouping_gives_the_same_bytes(family, tiny, tmp_path):
    target, windows = tiny(family), random_windows(130)
    build_index(target, windows, SITES, tmp_path / "one", k=5, sample=64)
    parts = [tmp_path / f"part{i}" for i in range(4)]
    for i, part in enumerate(parts):
        build_index(target, windows, SITES, part, k=5, sample=64, shard=(i, 4))
    whole = contents(tmp_path / "one")
    for number, order in enumerate(list(permutations(parts))[::5]):
        out = tmp_path / f"flat{number}"
        merge(order, out)
        assert contents(out) == whole
    merge([parts[3], parts[0]], tmp_path / "some")
    merge([parts[1], parts[2]], tmp_path / "others")
    merge([tmp_path / "others", tmp_path / "some"], tmp_path / "tree")
    assert contents(tmp_path / "tree") == whole
    some = ExemplarIndex.open(tmp_path / "some")
    assert some.header["shards"] == [[0, 4], [3, 4]]
    assert 0 < some.count < windows.counted.sum()


def test_more_shards_than_blocks(tiny, tmp_path):
    target, windows = tiny("gpt2"), random_windows(8)
    build_index(target, windows, ["mlp.0"], tmp_path / "one")
    for i in range(3):
        build_index(target, windows, ["mlp.0"], tmp_path / f"p{i}", shard=(i, 3))
    merge([tmp_path / f"p{i}" for i in range(3)], tmp_path / "all")
    assert contents(tmp_path / "all") == contents(tmp_path / "one")


def test_wrong_merges_are_refused(tiny, tmp_path):
    target, windows = tiny("gpt2"), random_windows(90)
    build_index(target, windows, ["mlp.0"], tmp_path / "a", shard=(0, 2))
    build_index(target, windows, ["mlp.1"], tmp_path / "b", shard=(1, 2))
    build_index(target, windows, ["mlp.0"], tmp_path / "c", shard=(0, 3))
    build_index(target, random_windows(91), ["mlp.0"], tmp_path / "d", shard=(1, 2))
    for folders, said in (
        ([], "nothing to merge"),
        (["a", "b"], "other sites"),
        (["a", "c"], "cut differently"),
        (["a", "d"], "another corpus"),
        (["a", "a"], "given twice"),
        (["a", "none"], "no index in"),
    ):
        refused(said, merge, [tmp_path / name for name in folders], tmp_path / "out")
    refused("not empty", merge, [tmp_path / "a"], tmp_path / "b")
