"""The verbs `index` and `index-merge`, as a user calls them."""

import json

from neuroscribe.tasks.cli.app import run
from neuroscribe.tools.exemplars import ExemplarIndex


def test_shards_merge_and_open(test_data, tmp_path, capsys):
    text = tmp_path / "text.txt"
    text.write_text((test_data / "text/corpora/tinyshakespeare.txt").read_text()[:60_000])
    common = ["index", str(test_data / "stories260k"), "--data", str(text), "--sites", "mlp.2"]
    for part in ("1/2", "2/2"):
        assert run([*common, "--out", str(tmp_path / part[0]), "--shard", part]) == 0
    capsys.readouterr()
    folders = [str(tmp_path / "2"), str(tmp_path / "1")]
    assert run(["index-merge", *folders, "--out", str(tmp_path / "all"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["units"] == 172
    assert said["shards"] == ["1/1"]
    found = ExemplarIndex.open(tmp_path / "all").unit("mlp.2/7-")
    assert len(found.top) == 20
    assert found.count == said["tokens"] > 3000
    assert run([*common, "--out", str(tmp_path / "1"), "--tokens", "15000"]) == 2
    assert "another corpus" in capsys.readouterr().err


def test_bad_arguments_are_one_line(test_data, tmp_path, refused):
    common = ["index", str(test_data / "stories260k"), "--out", str(tmp_path / "i")]
    for options, said in (
        (["--data", "builtin:story"], "nearest: builtin:stories"),
        (["--data", "self:9", "--shard", "3/2"], "not I/N"),
        (["--data", "self:9", "--sites", "mpl.2"], "nearest: mlp.2"),
        (["--data", "self:9", "--split", "report"], "explore or all"),
    ):
        assert said in refused(*common, *options)
