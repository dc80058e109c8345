"""`neuroscribe evaluate scorers`: tables for people, JSON for programs."""

import functools
import json
from collections.abc import Iterator

import pytest
from neuroscribe.tasks.cli.app import run
from neuroscribe.tasks.evaluation.scorers import sanity, sanity_units
from neuroscribe.tasks.evaluation.scorers.marks import FAILING

GROUPS = ("frequent half", "frequent or", "rare half", "rare or")
SMALL = ["evaluate", "scorers", "--stories", "300", "--trials", "1"]


@pytest.fixture(scope="module", autouse=True)
def _measured_once() -> Iterator[None]:
    """The metrics and four planted units of the verb, made once for all its runs."""
    plan = tuple(next(p for p in sanity_units.PLAN if p[1] == group) for group in GROUPS)
    bench = functools.partial(sanity_units.sanity_bench, plan=plan)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sanity, "metric_sanity", functools.cache(sanity.metric_sanity))
        patch.setattr(sanity_units, "sanity_bench", functools.cache(bench))
        yield


def test_json_alone_on_stdout_and_the_same_in_the_folder(tmp_path, capsys):
    arguments = [*SMALL, "--only", "predicate,detection", "--json", "--out", str(tmp_path / "new")]
    assert run(arguments) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found == json.loads((tmp_path / "new" / "scorers.json").read_text())
    assert set(found["scorers"]) == {"predicate", "detection", "detection, F1 at base rate"}
    assert found["metrics"]["F1"]["passes"] is True
    assert found["metrics"]["AUC"]["extra"]["passes"] is False
    assert found["scorers"]["detection"]["needs"] == ["judge"]
    assert set(found["failing"]) <= set(found["metrics"] | found["scorers"])
    assert {name.lower() for name in found["failing"]} <= set(FAILING)
    assert "detection" in err


def test_a_table_says_which_fail(capsys):
    assert run([*SMALL, "--only", "fuzzing"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("fuzzing") and "fails extra" in line for line in lines)
    assert any(line.startswith("IoU") and "both" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "detektion"], "nearest: detection"),
        (["--judge", "oracle"], "openai:MODEL"),
        (["--trials", "0"], "--trials"),
    ],
)
def test_unusable_arguments_are_one_line(arguments, said, capsys):
    assert run(["evaluate", "scorers", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert len(err.splitlines()) == 1


def test_a_judge_is_asked_over_http_and_controlled(capsys, monkeypatch):
    from endpoint import answers, endpoint

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with endpoint(answers('{"answers": [1, 1, 1, 1, 1]}')) as server:
        judge = ["--judge", "openai:m", "--base-url", server.url]
        code = run([*SMALL, "--only", "detection,surprisal", "--json", *judge])
    assert code == 0
    found = json.loads(capsys.readouterr().out)
    assert found["control"]["right"] < 0.7
    assert found["scorers"]["detection"]["true"] == pytest.approx(0.5, abs=0.05)
    assert found["scorers"]["detection"]["passes"] is False
    assert "causal language model" in found["left_out"]["surprisal"]
