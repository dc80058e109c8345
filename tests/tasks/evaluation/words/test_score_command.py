"""The verb `score`: costs are said, lines are kept, what cannot be done is one line."""

import json
import shutil
from pathlib import Path

import pytest
import toy
from endpoint import completion, endpoint, fails
from neuroscribe.tasks.labelling.export import csv_text
from neuroscribe.tasks.labelling.folder import RunFolder
from neuroscribe.tasks.labelling.results import read_run
from neuroscribe.tasks.labelling.words import FILE, read_lines


def reads(handler, request) -> None:
    """Calls what stands behind `cat` active, and picks the first unit."""
    data = json.loads(request["messages"][1]["content"])
    if "units" in data:
        said = {"choice": "A"}
    else:
        said = {"degrees": {k: 9 * ("cat" in v) for k, v in data["places"].items()}}
    handler.send(200, completion({"content": json.dumps(said)}))


def is_control(request) -> bool:
    """Whether it is a control question."""
    data = json.loads(request["messages"][1]["content"])
    return data["description"].startswith('the word "')


@pytest.fixture
def run(described) -> Path:
    """A run whose units have labels of their own."""
    return described({"label": "the word cat"}, {"label": "=cmd|' words of animals"})


@pytest.fixture
def judged(run, verb):
    """Runs `score` with a judge that reads; the arguments are further options."""

    def judge(*options: str, act=reads):
        with endpoint(act) as server:
            found = verb(
                "score", str(run), "--judge", "openai:m", "--base-url", server.url, *options
            )
            return *found, server.requests

    return judge


def test_a_run_is_judged_and_the_scores_stand_in_every_door(run, judged, shown):
    code, out, err, requests = judged()
    assert code == 0, err
    assert "2 units to judge" in err
    assert "tokens in" in err
    assert "control questions" in out
    lines = read_lines(run)
    assert [line["unit"] for line in lines] == ["mlp.0/0", "mlp.0/1"]
    for line in lines:
        assert line["pairs"]["low"] <= line["pairs"]["value"] <= line["pairs"]["high"]
        assert line["shuffled"]["label"] != line["label"]
        assert line["retrieval"]["among"] == 20
        assert line["asked"]["tokens_in"] == 100 * line["asked"]["requests"]
        assert len(line["places"]) == line["pairs"]["n"] * 2 + 24 or line["pairs"]["n"] < 24
    assert "words" in shown("show", str(run))
    record = read_run(RunFolder(run))["mlp.0/0"].record
    assert record["scores"]["words"]["judge"] == "openai:m"
    assert "places" not in record["scores"]["words"]
    assert "same-token pairs right" in shown("show", str(run), "mlp.0/0")
    assert "'=cmd" in csv_text(read_run(RunFolder(run)))
    assert "openai:m" in (run / "report.html").read_text()
    assert all("cat" in json.dumps(request) for request in requests)


def test_the_same_command_asks_nothing_again_and_a_new_label_does(run, judged):
    judged()
    code, _, err, requests = judged()
    assert (code, requests) == (0, [])
    assert "2 units are judged already" in err
    folder = RunFolder(run)
    lines = list(folder.own_labels().values())
    lines[0]["label"] = "another label"
    folder.write_labels(lines)
    assert "words" not in read_run(folder)["mlp.0/0"].record["scores"]
    _, _, err, requests = judged()
    assert "1 units to judge" in err
    assert requests
    assert not any(map(is_control, requests)), "control is not repeated"


def test_degrees_of_places_in_an_older_form_are_shown_and_asked_again(run, judged):
    judged()
    old = [{k: v for k, v in line.items() if k != "form"} for line in read_lines(run)]
    (run / FILE).write_text("".join(json.dumps(line) + "\n" for line in old))
    assert "words" in read_run(RunFolder(run))["mlp.0/0"].record["scores"]
    _, _, err, requests = judged()
    assert "2 units to judge" in err
    assert any(map(is_control, requests)), "controls are new as well"


def test_a_limit_ends_it_between_units_and_the_same_command_goes_on(run, judged):
    whole = judged("--dry-run", "--json")
    cost = json.loads(whole[1])
    assert whole[3] == []
    code, _, err, _ = judged("--max-tokens", str((cost["tokens_in"] + cost["tokens_out"]) // 3))
    assert code == 1
    assert "will stop at --max-tokens" in err
    done = len(read_lines(run))
    assert done < 2
    assert judged()[0] == 0
    assert len(read_lines(run)) == 2


def test_the_labels_of_another_run_stand_beside(run, judged, tmp_path):
    other = Path(shutil.copytree(run, tmp_path / "other"))
    lines = list(RunFolder(other).own_labels().values())
    lines[0]["label"] = "the word dog"
    RunFolder(other).write_labels(lines)
    code, out, err, _ = judged("--against", str(other), "--json")
    assert code == 0, err
    found = json.loads(out)
    first, second = found["units"]
    assert first["against"]["label"] == "the word dog"
    assert first["against"]["pairs"]["n"] == first["pairs"]["n"]
    assert second["against"]["pairs"] == second["pairs"], "the same label is not asked about twice"
    assert found["summary"]["against"]["run"] == str(other)


def test_a_damaged_line_is_said_and_its_unit_judged_again(run, judged):
    judged()
    path = run / FILE
    first, second = path.read_text().splitlines()
    path.write_text(first + "\n" + second[:40])
    _, _, err, _ = judged()
    assert "not valid JSON" in err
    assert "1 units to judge" in err
    path.write_text(json.dumps({**json.loads(first), "pairs": "many"}) + "\n")
    assert "pairs is a text" in str(read_run(RunFolder(run)).said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--judge", "gpt"], "--judge 'gpt' is not openai:MODEL"),
        (["--judge", "openai:m", "--units", "mlp.0/7"], "has no label of mlp.0/7"),
        (["--judge", "openai:m", "--against", "nowhere"], "there is no run in nowhere"),
        (["--judge", "openai:m", "--data", "nowhere.txt"], "nowhere.txt"),
        (["--judge", "openai:m", "--target", "nowhere"], "nowhere"),
        (["--judge", "openai:m", "--target", "planted"], "another model than the one of"),
    ],
)
def test_what_cannot_be_judged_is_one_line(run, refused, options, said):
    assert said in refused("score", str(run), "--base-url", "http://127.0.0.1:9/v1", *options)


def test_another_corpus_is_refused(run, refused, tmp_path):
    other = str(toy.write_text(tmp_path / "other.jsonl", documents=70))
    options = ["--judge", "openai:m", "--base-url", "http://127.0.0.1:9/v1", "--data", other]
    assert "another corpus than the one of" in refused("score", str(run), *options)


def test_no_run_and_no_label_are_one_line(run, refused, tmp_path):
    judge = ["--judge", "openai:m", "--base-url", "http://127.0.0.1:9/v1"]
    assert "no run in" in refused("score", str(tmp_path), *judge)
    folder = RunFolder(run)
    folder.write_labels({**line, "status": "failed"} for line in folder.own_labels().values())
    assert "no unit of" in refused("score", str(run), *judge)


def test_a_judge_that_cannot_be_reached_ends_it_and_keeps_what_there_is(run, judged):
    code, out, err, _ = judged(act=fails(401))
    assert (code, out) == (2, "")
    assert "the judge gives no answer" in err
    assert read_lines(run) == []


def test_labelling_may_be_judged_in_the_same_go(toy_folder, verb, tmp_path):
    out = tmp_path / "fresh"
    data, model = str(toy_folder / "text.jsonl"), str(toy_folder / "model")
    given = [model, "--units", "mlp.0/0", "--data", data, "--tokens", "4000", "--out", str(out)]
    given += ["--context-length", "32", "--controls", "none"]
    with endpoint(reads) as server:
        code, shown, err = verb(
            "label", *given, "--judge", "openai:m", "--base-url", server.url, "--seed", "3"
        )
    assert code == 0, err
    assert len(read_lines(out)) == ("units to judge" in err)
    assert "words" in shown
