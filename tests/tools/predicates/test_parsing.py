"""What parsing mends, what it refuses and how it says so; identity and size of predicates."""

import json
import random
import time

import pytest
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.predicates import parse

CAT = {"kind": "words", "words": ["cat"]}


@pytest.mark.parametrize(
    ("loose", "strict"),
    [
        ({"kind": "words", "words": "cat"}, CAT),
        ({"words": ["cat"]}, CAT),
        ({"kind": "word", "word": "cat"}, CAT),
        ({"kind": " Words ", "words": [" cat ", "cat"]}, CAT),
        (["cat"], CAT),
        ([CAT], CAT),
        ('{"kind": "words", "words": ["cat"]}', CAT),
        ('```json\n{"kind": "words", "words": ["cat"]}\n```', CAT),
        ({"kind": "previous", "of": ["cat"]}, {"kind": "previous", "of": CAT}),
        ({"kind": "previous", "of": "cat"}, {"kind": "previous", "of": CAT}),
        ({"kind": "not", "of": [CAT]}, {"kind": "not", "of": CAT}),
        ({"kind": "and", "of": CAT}, {"kind": "and", "of": [CAT]}),
        ({"kind": "or", "of": ["cat", CAT]}, {"kind": "or", "of": [CAT, CAT]}),
        ({"of": CAT, "but": "dog"}, {"kind": "except", "of": CAT, "but": ["dog"]}),
        ({"kind": "shape", "shape": "Capitalized"}, {"kind": "shape", "shape": "capitalised"}),
        ({"pattern": "ing$"}, {"kind": "regex", "pattern": "ing$", "on": "token"}),
        ({"kind": "tokens", "tokens": "Ġthe"}, {"kind": "tokens", "tokens": [" the"]}),
        ({"kind": "tokens", "tokens": ["##ing"]}, {"kind": "tokens", "tokens": ["ing"]}),
        ({"kind": "words", "words": [1990]}, {"kind": "words", "words": ["1990"]}),
        (
            {"kind": "count", "of": "cat", "at_least": "2"},
            {"kind": "count", "of": CAT, "at_least": 2, "at_most": None},
        ),
        (
            {"kind": "graded", "levels": [{"of": "cat", "value": "0.5"}]},
            {"kind": "graded", "levels": [{"of": CAT, "value": 0.5}]},
        ),
    ],
    ids=str,
)
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
        ({"kind": "wrds"}, r"predicate\.kind: 'wrds' is not one of: tokens, .*nearest: words"),
        ({"kind": ["words"]}, r"predicate\.kind: a list is not one of"),
        ({}, r"predicate: no 'kind'; it is one of: tokens, words"),
        (None, r"expected a predicate, an object with a kind .* not null"),
        (3, r"expected a predicate"),
        ([], r"expected a predicate"),
        ("cat", r"is not JSON .* write an object such as"),
        ("", r"is not JSON"),
        ("[" * 100_000, r"is not JSON"),
        ("9" * 10_000, r"is not JSON"),
        ("x" * 2_000_000, r"longer than 1,000,000 characters"),
        ('{"kind": "words", "words": [NaN]}', r"predicate\.words\[0\]: expected a string"),
        ({"kind": "words"}, r"predicate\.words: missing"),
        ({"kind": "words", "words": []}, r"predicate\.words: an empty list"),
        ({"kind": "words", "words": ["  "]}, r"predicate\.words\[0\]: .* no visible character"),
        ({"kind": "words", "words": [None]}, r"predicate\.words\[0\]: expected a string, not null"),
        ({"kind": "words", "words": {"a": 1}}, r"predicate\.words: expected a list of words"),
        ({"kind": "words", "words": ["w" * 500]}, r"predicate\.words\[0\]: longer than 200"),
        ({"kind": "words", "words": ["w"] * 9_999}, r"predicate\.words: 9,999 items, more than"),
        ({"kind": "words", "words": ["a"], "case": 1}, r"'words' has no field 'case'; it has: wor"),
        ({"kind": "repeated", "of": CAT}, r"'repeated' has no field 'of'; it has: no fields"),
        ({"kind": "regex", "pattern": "(a"}, r"predicate\.pattern: RE2 does not take .*missing \)"),
        ({"kind": "regex", "pattern": "(?=a)b"}, r"RE2 does not take the pattern"),
        ({"kind": "regex", "pattern": r"(a)\1"}, r"RE2 does not take the pattern"),
        ({"kind": "regex", "pattern": "(a{900}){900}"}, r"RE2 does not take the pattern"),
        ({"kind": "regex", "pattern": "((a{99}){99}){9}"}, r"RE2 does not take the pattern"),
        ({"kind": "regex", "pattern": "a" * 400}, r"predicate\.pattern: .*at most 300 characters"),
        ({"kind": "regex", "pattern": ""}, r"predicate\.pattern: .*at least 1 character"),
        ({"kind": "regex", "pattern": "\ud800"}, r"predicate\.pattern: "),
        ({"kind": "regex", "pattern": "a", "on": "text"}, r"predicate\.on: .*'token' or 'word'"),
        ({"kind": "shape", "shape": "wavy"}, r"predicate\.shape: .*'capitalised'.*got 'wavy'"),
        ({"kind": "position", "start": 3, "stop": 2}, r"stop \(2\) must be greater than start"),
        ({"kind": "position", "start": -1}, r"predicate\.start: .*\(got -1\)"),
        ({"kind": "previous", "of": CAT, "distance": 0}, r"predicate\.distance: "),
        ({"kind": "previous", "of": CAT, "distance": 10**40}, r"predicate\.distance: "),
        ({"kind": "previous", "of": CAT, "distance": 1.5}, r"predicate\.distance: .*got 1.5"),
        ({"kind": "count", "of": CAT, "at_least": 3, "at_most": 1}, r"at_most \(1\) is below"),
        ({"kind": "earlier"}, r"predicate\.of: missing"),
        ({"kind": "not", "of": [CAT, "dog"]}, r'predicate\.of: several .*"kind": "or", "of"'),
        ({"kind": "and", "of": []}, r"predicate\.of: expected a list of predicates"),
        ({"kind": "and", "of": [CAT, {"kind": "x"}]}, r"predicate\.of\[1\]\.kind: 'x'"),
        (
            {"kind": "or", "of": [{"kind": "next", "of": {"kind": "words", "words": [2.5]}}]},
            r"predicate\.of\[0\]\.of\.words\[0\]: expected a string, not 2.5",
        ),
        (
            {"kind": "and", "of": [{"kind": "words", "words": ["a"], "inflect": "perhaps"}]},
            r"predicate\.of\[0\]\.inflect: ",
        ),
        ({"kind": "graded", "levels": [{"of": "a", "value": 3}]}, r"levels\[0\]\.value: .*got 3"),
        ({"kind": "graded", "levels": ["a"]}, r"levels\[0\]: expected \{"),
        ({"kind": "graded", "levels": []}, r"predicate\.levels: "),
        ({"kind": "graded", "levels": 1}, r"predicate\.levels: "),
        ({"kind": "concept"}, r"a concept needs a name"),
        ({"kind": "concept", "name": "animuls"}, r"predicate\.name: no concept .*nearest: animals"),
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
    with pytest.raises(UsageError, match=said) as caught:
        parse(bad)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
    assert time.perf_counter() - start < 2


def test_a_hostile_pattern_cannot_hang(minilm):
    windows = cut(minilm, ["a" * 180 + " " + "ab" * 90 + "!"] * 3, length=128)
    for pattern in ("(a+)+$", "(a|aa)+$", "(.*)*b!", "^(([a-z])+.)+[A-Z]([a-z])+$", "(x+x+)+y"):
        start = time.perf_counter()
        parse({"kind": "regex", "pattern": pattern, "on": "word"}).evaluate(windows)
        assert time.perf_counter() - start < 2, pattern


def test_equality_ignores_the_order_of_lists():
    one = parse({"kind": "or", "of": [{"words": ["a", "b"]}, {"kind": "repeated"}]})
    two = parse({"kind": "or", "of": [{"kind": "repeated"}, {"words": ["b", "a"]}]})
    assert one == two
    assert len({one, two, parse(["a"])}) == 2
    assert one != parse({"kind": "and", "of": [{"words": ["a", "b"]}, {"kind": "repeated"}]})
    before = parse({"kind": "except", "of": "a", "but": "b"})
    assert before != parse({"kind": "except", "of": "b", "but": "a"})
    assert one != "or"


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


def test_atoms_are_the_leaves_in_order():
    whole = parse(
        {
            "kind": "except",
            "of": {"kind": "and", "of": ["a", {"kind": "shape", "shape": "upper"}]},
            "but": {"kind": "previous", "of": {"kind": "repeated"}},
        }
    )
    assert [atom.kind for atom in whole.atoms()] == ["words", "shape", "repeated"]
    assert [atom.kind for atom in parse(["a"]).atoms()] == ["words"]


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
