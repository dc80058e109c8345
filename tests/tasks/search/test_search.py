"""Search by words and meaning, with filters, on runs that are whole, growing and damaged."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checks import refused
from neuroscribe.tasks.search import RunSearch
from neuroscribe.tasks.search.embeddings import FILE
from neuroscribe.tasks.search.records import Filters
from neuroscribe.tools.models.sentence_encoder import minilm_installed

from .conftest import RECORDS, labelled

needs_minilm = pytest.mark.skipif(not minilm_installed(), reason="needs the offline extra")


def words(folder: Path) -> RunSearch:
    return RunSearch(folder, encoder="none")


def units(found: object) -> list[str]:
    return [hit.unit for hit in found]  # type: ignore[attr-defined]


def test_words_are_found_by_stem_beginning_and_nearest_spelling(write):
    search = words(write())
    for query in ("weekdays", "week", "wekday"):
        found = search.search(query)
        assert units(found)[0] == "mlp.0/1"
    assert "'wekday' is in no label, read as 'weekday'" in found.notes
    found = search.search("kolours")
    assert found.nearest == () or found.hits
    lost = search.search("xyzzy")
    assert not lost
    assert 0 < len(lost.nearest) <= 3


def test_a_rejected_rival_ranks_below_a_label_and_is_said(write):
    found = words(write()).search("weekday names")
    assert units(found)[0] == "mlp.0/1"
    assert found[0].why == ("label: 'weekday', 'names'",)
    rival = next(hit for hit in found if hit.unit == "mlp.2/5")
    assert rival.why == ("rejected rival: 'weekday', 'names'",)
    assert found.used == ("full text",)


def test_words_that_a_predictor_excludes_are_not_searched(write):
    cherry, plum = ({"kind": "words", "words": [word]} for word in ("cherry", "plum"))
    rule = {"words": "fruit", "predictor": {"kind": "except", "of": cherry, "but": plum}}
    search = words(write([labelled("mlp.0/1", "fruit", components=[rule])]))
    assert units(search.search("cherry")) == ["mlp.0/1"]
    assert not search.search("plum")


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        (Filters(score=0.6), ["mlp.0/1", "mlp.0/2", "mlp.2/4"]),
        (Filters(confidence=0.6), ["mlp.0/1"]),
        (Filters(layers=("2",)), ["mlp.2/4", "mlp.2/5"]),
        (Filters(layers=("1-2",)), ["mlp.2/4", "mlp.2/5", "mlp.1/3-"]),
        (Filters(layers=("mlp.0", "3")), ["mlp.0/1", "mlp.0/2", "mlp.3/6", "mlp.3/7"]),
        (Filters(kinds=("dead", "uninterpretable")), ["mlp.3/6", "mlp.3/7"]),
        (Filters(sign=-1), ["mlp.1/3-"]),
        (Filters(units="mlp.?/[45]"), ["mlp.2/4", "mlp.2/5"]),
    ],
)
def test_filters_alone_give_units_by_score(write, filters, wanted):
    found = words(write()).search("", filters=filters)
    assert units(found) == wanted
    assert found.used == ("filters only",)


def test_filters_narrow_a_query_and_must_mean_something(write):
    search = words(write())
    assert units(search.search("names", filters=Filters(score=0.8))) == ["mlp.0/1"]
    refused(r"nearest sites: mlp\.\d", search.search, "", filters=Filters(layers=("9",)))
    refused(r"nearest: mlp\.0/1", search.record, "mlp.0/11")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"score": 1.5}, "from -1 to 1"),
        ({"score": float("nan")}, "from -1 to 1"),
        ({"confidence": -0.1}, "from 0 to 1"),
        ({"kinds": ("dread",)}, "nearest: dead"),
        ({"sign": 2}, "1 or -1"),
    ],
)
def test_filters_without_a_meaning_are_refused(wrong, said):
    refused(said, Filters, **wrong)


@pytest.mark.parametrize(
    "query",
    [
        *('"', "'; drop table labels; --", 'weekday" OR "', "NEAR(a b) AND NOT *", "(((((("),
        *("label:weekday ^week -names", "\x00\x00weekday\x00", "\ud800 weekday", "%s {} \\"),
        *("a" * 100_000, "weekday " * 20_000, "日本語 曜日", "понедельник", "😀😀"),
    ],
)
def test_hostile_queries_are_only_words(write, query):
    search = words(write())
    found = search.search(query)
    assert len(found) <= len(RECORDS)
    assert ("weekday" in query) == ("mlp.0/1" in units(found)) or found.used == ("filters only",)
    assert units(search.search("weekday"))[0] == "mlp.0/1"


def test_labels_in_other_scripts_are_found(write):
    search = words(write([labelled("mlp.0/1", "日本語の曜日"), labelled("mlp.0/2", "дни недели")]))
    assert units(search.search("日本")) == ["mlp.0/1"]
    assert units(search.search("недел")) == ["mlp.0/2"]


def test_a_run_in_progress_is_read_again(write):
    folder = write()
    search = words(folder)
    assert not search.search("zebra")
    line = json.dumps(labelled("mlp.4/8", "zebras"))
    with (folder / "labels.jsonl").open("a") as file:
        file.write(line[:40])
    assert not search.search("zebra")  # the line is not whole yet
    with (folder / "labels.jsonl").open("a") as file:
        file.write(line[40:] + "\n")
    assert units(search.search("zebra")) == ["mlp.4/8"]
    shard = json.dumps(labelled("mlp.4/9", "two zebras")) + "\n"
    (folder / "labels.2-of-2.jsonl").write_text(shard)
    assert set(units(search.search("zebra"))) == {"mlp.4/8", "mlp.4/9"}
    assert not search.refresh()


def test_damaged_lines_and_odd_values_are_left_out(write):
    odd = {"unit": "mlp.9/1", "label": 7, "components": "x", "scores": [], "rejected": [3, None]}
    odd |= {"confidence": "high", "effect": "none", "status": None}
    lines = [*RECORDS, "{torn", "[]", '{"label": "no unit"}', json.dumps(odd), "\x00"]
    search = words(write(lines))
    assert set(search.records) == {record["unit"] for record in RECORDS}
    assert units(search.search("weekday"))[0] == "mlp.0/1"
    assert len(search.search("")) == 7
    assert [line.partition(" line ")[2] for line in search.faults] == [
        "8: it is not valid JSON; it is left out",
        "9: it is a list, not an object; it is left out",
        "10: unit is missing; it is left out",
        "11: label is a whole number, not a text; it is left out",
        "12: it is not valid JSON; it is left out",
    ]


def test_where_there_is_no_run_the_nearest_are_named(write, tmp_path):
    write(name="alpha")
    refused("is no folder; nearest runs: .*alpha", RunSearch, tmp_path / "alpa")
    refused(r"neither run\.json nor .*; nearest runs: .*alph", RunSearch, tmp_path)
    refused("no labels yet", RunSearch, write([], name="empty"))


@needs_minilm
def test_embeddings_are_kept_and_a_damaged_file_is_made_again(write):
    folder = write()
    search = RunSearch(folder)
    found = search.search("days such as Monday")  # no word of a label
    best = found[0]
    assert best.unit == "mlp.0/1"
    assert found.used == ("full text", "embeddings by minilm")
    assert any(why.startswith("meaning 0.") for why in best.why)
    lost = search.search("quantum chromodynamics")
    assert not lost
    assert len(lost.nearest) == 3
    kept = RunSearch(folder)
    assert kept._embeddings.missing() == []
    assert kept.search("days such as Monday")[0].cosine == pytest.approx(best.cosine, abs=1e-6)
    (folder / FILE).write_bytes(b"PK\x03\x04 torn")
    assert RunSearch(folder).search("days such as Monday")[0].unit == best.unit
    (folder / FILE).unlink()
    (folder / FILE).mkdir()  # as good as a folder that cannot be written
    found = RunSearch(folder).search("days such as Monday")
    assert found[0].unit == best.unit
    assert any("was not written" in note for note in found.notes)


def test_ten_thousand_labels_are_searched_in_about_the_time_they_are_read(write):
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"word{at}" for at in range(2000)])
    records = []
    for at, some in enumerate(rng.choice(vocabulary, (10_000, 50)).tolist()):
        rule = {"words": " ".join(some[:8]), "predictor": {"kind": "words", "words": some}}
        label = " ".join(some[8:14])
        records.append(labelled(f"mlp.{at % 12}/{at // 12}", label, components=[rule]))
    folder = write(records)

    def timed(do: Callable[[], Any]) -> tuple[Any, float]:
        started = time.perf_counter()
        return do(), time.perf_counter() - started

    def opened() -> RunSearch:
        search = RunSearch(folder, encoder="made up")
        search._embeddings._embed = lambda texts: np.ones((len(texts), 384)) / np.sqrt(384)
        return search

    search, loaded = timed(opened)
    found, seconds = timed(lambda: search.search("word17 wrod18"))
    assert found.total > 10
    assert any("have no embedding yet" in note for note in found.notes)
    assert seconds < max(2.0, 4 * loaded)
    search.embed_labels()
    again = opened()
    found, seconds = timed(lambda: again.search("word17"))
    assert seconds < max(2.0, 4 * loaded)
    assert found.used == ("full text", "embeddings by made up")
