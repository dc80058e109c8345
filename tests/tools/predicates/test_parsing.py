"""What parsing mends, what it refuses and how it says so; identity and size of predicates."""

import json
import random
import time

import pytest
from checks import refused, tables
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.predicates import parse

TABLES = tables(__file__)

CAT = {"kind": "words", "words": ["cat"]}


@pytest.mark.parametrize(("loose", "strict"), TABLES["harmless_slips_are_mended"], ids=str)
def test_harmless_slips_are_mended(loose, strict):
    assert parse(loose).model_dump() == parse(strict).model_dump()


def test_the_dump_is_plain_json_and_comes_back():
    data = {
        "kind": "graded",
        "levels": [
            {"of": {"kind": "and", "of": [CAT, {"kind": "position", "stop": 4}]}, "value": 1},
            {"of": {"kind": "next", "of": {"kind": "concept", "name": "animals"}}, "value": 0.5},
        ],
    }
    predicate = parse(data)
    dumped = predicate.model_dump()
    assert json.loads(json.dumps(dumped)) == dumped
    assert parse(dumped) == predicate
    assert parse(json.dumps(dumped)) == predicate
    assert len(dumped["levels"][1]["of"]["of"]["words"]) > 20  # a concept keeps its words


def _deep(times: int) -> dict:
    data: dict = CAT
    for _ in range(times):
        data = {"kind": "not", "of": data}
    return data


def _cycle() -> dict:
    data: dict = {"kind": "not"}
    data["of"] = data
    return data


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        *TABLES["a_fault_is_one_line_with_its_path"],
        ("[" * 100_000, r"is not JSON"),
        ("9" * 10_000, r"is not JSON"),
        ("x" * 2_000_000, r"longer than 1,000,000 characters"),
        ({"kind": "words", "words": ["w" * 500]}, r"predicate\.words\[0\]: longer than 200"),
        ({"kind": "words", "words": ["w"] * 9_999}, r"predicate\.words: 9,999 items, more than"),
        ({"kind": "regex", "pattern": "a" * 400}, r"predicate\.pattern: .*at most 300 characters"),
        ({"kind": "regex", "pattern": "\ud800"}, r"predicate\.pattern: "),
        (_deep(40), r"nested deeper than 16"),
        (_cycle(), r"nested deeper than 16"),
        ({"kind": "or", "of": ["a"] * 390 + [{"kind": "not", "of": "a"}] * 9}, r"more than 400"),
        ({"kind": "or", "of": [{"kind": "or", "of": ["a"] * 99}] * 99}, r"more than 400 parts"),
        ({"kind": "or", "of": range(10**9)}, r"1,000,000,000 parts, more than 400"),
        ({1: 2}, r"no 'kind'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_fault_is_one_line_with_its_path(bad, said):
    start = time.perf_counter()
    caught = refused(said, parse, bad)
    assert "\n" not in caught
    assert len(caught) < 700
    assert time.perf_counter() - start < 2


def test_a_hostile_pattern_cannot_hang(minilm):
    windows = cut(minilm, ["a" * 180 + " " + "ab" * 90 + "!"] * 3, length=128)
    for pattern in ("(a+)+$", "(a|aa)+$", "(.*)*b!", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y"):
        start = time.perf_counter()
        parse({"kind": "regex", "pattern": pattern, "on": "word"}).evaluate(windows)
        assert time.perf_counter() - start < 2, pattern


def test_equality_and_atoms():
    one = parse({"kind": "or", "of": [{"words": ["a", "b"]}, {"kind": "repeated"}]})
    two = parse({"kind": "or", "of": [{"kind": "repeated"}, {"words": ["b", "a"]}]})
    assert one == two
    assert len({one, two, parse(["a"])}) == 2
    assert one != parse({"kind": "and", "of": [{"words": ["a", "b"]}, {"kind": "repeated"}]})
    before = parse({"kind": "except", "of": "a", "but": "b"})
    assert before != parse({"kind": "except", "of": "b", "but": "a"})
    assert one != "or"
    whole = parse(
        {
            "kind": "except",
            "of": {"kind": "and", "of": ["a", {"kind": "shape", "shape": "upper"}]},
            "but": {"kind": "previous", "of": {"kind": "repeated"}},
        }
    )
    assert [atom.kind for atom in whole.atoms()] == ["words", "shape", "repeated"]
    assert [atom.kind for atom in parse(["a"]).atoms()] == ["words"]


def test_complexity_prefers_the_plainer_of_two():
    def size(data: object) -> float:
        return parse(data).complexity  # type: ignore[arg-type]

    assert size(["a"]) == 1
    assert size(["a", "b"]) == 1.5
    assert size(["a"]) < size({"kind": "previous", "of": "a"})
    assert size({"kind": "previous", "of": "a"}) < size({"kind": "and", "of": ["a", "b"]})
    assert size({"kind": "concept", "name": "animals"}) < size([f"w{i}" for i in range(20)])
    assert size({"kind": "not", "of": "a"}) > size(["a"])
    flat = {"kind": "graded", "levels": [{"of": "a", "value": 1}, {"of": "b", "value": 0.5}]}
    assert size(flat) > size({"kind": "or", "of": ["a", "b"]})


JUNK = (None, True, -1, 10**30, 1e308, float("nan"), float("inf"), "", "\x00", "\ud800", "a" * 999)
SPARE = (*JUNK, [], {}, [[]], [None], {"kind": "not"}, b"x", {1}, object(), "words", ["a", 1], CAT)
SEEDS = (
    {"kind": "graded", "levels": [{"of": {"kind": "and", "of": [CAT, CAT]}, "value": 0.5}]},
    {"kind": "except", "of": {"kind": "regex", "pattern": "a+", "on": "word"}, "but": CAT},
    {"kind": "previous", "of": {"kind": "tokens", "tokens": ["a"]}, "distance": 2, "by": "word"},
    {"kind": "count", "of": {"kind": "shape", "shape": "upper"}, "at_least": 1, "at_most": 3},
    {"kind": "later", "of": {"kind": "position", "start": 1, "stop": 4}, "within": 2},
    {"kind": "or", "of": [{"kind": "concept", "name": "pets", "words": ["cat"], "part": "noun"}]},
)


def _spoil(data: object, draw: random.Random) -> object:
    """The data with something in it changed."""
    if draw.random() < 0.25 or not isinstance(data, dict | list) or not data:
        return draw.choice(SPARE)
    if isinstance(data, list):
        at = draw.randrange(len(data))
        return [_spoil(item, draw) if i == at else item for i, item in enumerate(data)]
    key = draw.choice(list(data))
    kept = {name: value for name, value in data.items() if name != key}
    changed = draw.choice([key, key, key, "of", "spare", 7, None])
    return kept if changed is None else {**kept, changed: _spoil(data[key], draw)}


def test_spoilt_predicates_work_or_are_refused_in_one_line(minilm):
    windows = cut(minilm, ["The cat saw a cat AND the dog."])
    draw, said, taken = random.Random(0), [], 0
    for _ in range(3000):
        data: object = draw.choice(SEEDS)
        for _ in range(draw.choice((1, 1, 2))):
            data = _spoil(data, draw)
        try:
            predicate = parse(data)  # type: ignore[arg-type]
        except UsageError as error:
            said.append(str(error))
            continue
        taken += 1
        assert predicate.evaluate(windows).shape == windows.ids.shape
        assert predicate.english()
        assert parse(predicate.model_dump()) == predicate
    assert len(said) > 1000
    assert max(map(len, said)) < 700
    assert not any("\n" in line for line in said)
    assert taken > 100
