"""The verb `route` on an organism and on files."""

import json

from neuroscribe.tasks.cli.app import run


def test_the_adder_needs_its_first_layer(capsys):
    assert run(["route", "organism:adder", "--many", "24", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    accuracy = found["accuracy"]
    assert len(accuracy) == 5  # a wait of 0 to 4 layers
    assert found["clean"] >= 0.85
    assert accuracy[0][1] > accuracy[0][0] + 0.4  # looking back is what brings the operands
    assert max(v for row in accuracy[1:] for v in row if v is not None) < 0.3
    assert accuracy[1][4] is None  # more layers than there are


def test_the_table_says_what_is_smallest(capsys):
    assert run(["route", "organism:adder", "--many", "24", "--keep", "0.5"]) == 0
    assert "wait 0 layers, look back for 1" in capsys.readouterr().out


def test_prompts_of_other_models_come_from_a_file(tmp_path, capsys):
    assert run(["route", "organism:nothing"]) == 2
    assert run(["route", "minilm"]) == 2
    capsys.readouterr()
    path = tmp_path / "prompts.jsonl"
    lines = [{"prompt": "1+2=", "target": "3"}, {"prompt": "4+5=", "target": "9"}]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    assert run(["route", "organism:adder", "--prompts", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prompts"] == 2
    path.write_text(json.dumps({"prompt": "1+2="}))
    assert run(["route", "organism:adder", "--prompts", str(path)]) == 2
    assert "line 1" in capsys.readouterr().err
