"""What all studies have in common: the folder with its page, and nothing found where nothing is."""

import json
from typing import Any

import pytest
from neuroscribe.tasks.studies import arithmetic_report, brackets_report, recall_report
from neuroscribe.tasks.studies.options import Arithmetic, Brackets, Recall
from neuroscribe.tasks.studies.report import show, write
from neuroscribe.tools.models import Target
from neuroscribe.tools.models.untrained import untrained

STUDIES: dict[str, tuple[Any, Any, Any, set[str]]] = {
    "arithmetic": (
        arithmetic_report.study,
        Arithmetic(many=20),
        Arithmetic(many=24, keep_wrong=True),
        {"neurons", "ablation", "heads", "route", "links"},
    ),
    "recall-vs-reasoning": (
        recall_report.study,
        Recall(many=16),
        Recall(many=20, keep_wrong=True),
        {"layers", "patched", "units", "overlap"},
    ),
    "code-brackets": (
        brackets_report.study,
        Brackets(many=16),
        Brackets(many=16),
        {"accuracy", "lens", "components", "zeroed", "steered"},
    ),
}


@pytest.mark.parametrize("name", STUDIES)
def test_the_folder_holds_the_numbers_and_a_page_by_itself(name, tmp_path, capsys):
    study, options, _, keys = STUDIES[name]
    made = study(Target.load(options.target), options)
    page = write(made, tmp_path / "out").read_text()
    kept = json.loads((tmp_path / "out" / "study.json").read_text())
    assert kept["study"] == name
    assert {"found", "not_found", "remarks", *keys} <= set(kept)
    assert "http://" not in page
    assert "https://" not in page
    assert page.count("data:image/svg+xml") == sum(len(s.plots) for s in made.sections)
    show(made)
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    for section in made.sections:
        assert section.title in printed
    plain = " ".join(printed.split())
    assert all(" ".join(one.text.split()) in plain for one in made.sentences)


@pytest.mark.parametrize("name", STUDIES)
def test_an_untrained_copy_shows_nothing(name):
    study, _, options, _ = STUDIES[name]
    made = study(untrained(Target.load(options.target)), options)
    assert [one.text for one in made.sentences if one.found] == []
    accuracy = made.data["prompts"]
    if name == "arithmetic":
        assert accuracy["accuracy"]["value"] < 0.1
    if name == "recall-vs-reasoning":
        assert accuracy["recall"]["accuracy"]["value"] < 0.2
        assert made.data["margin"]["recall"]["low"] <= 0
