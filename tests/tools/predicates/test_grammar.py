"""The grammar that planners read says what `parse` takes, for every kind and field."""

import json
import re

import numpy as np
import pytest
from neuroscribe.tools.data.windows import TokenWindows, cut
from neuroscribe.tools.predicates import KINDS, PICTURE_KINDS, parse
from neuroscribe.tools.predicates.grammar import PICTURE_EXAMPLE, TEXT_EXAMPLE, grammar, kinds
from neuroscribe.tools.predicates.parsing import ALGORITHM_KINDS, CLASSES


@pytest.mark.parametrize("target_kind", ["causal", "encoder", "module", "image"])
def test_every_kind_has_a_line_with_all_its_fields(target_kind):
    more = (*ALGORITHM_KINDS, "attends") if target_kind == "module" else ()
    lines = dict(line.partition(" ")[::2] for line in grammar(target_kind, more).splitlines())
    for kind in kinds(target_kind, more):
        fields = set(CLASSES[kind].model_fields) - {"kind"}
        if kind == "like":  # is written by windows, and filled in
            fields = {"windows"}
        written = lines[kind].partition("}  ")[0]
        assert fields <= set(re.findall(r"[a-z_]+", written)), kind
        assert lines[kind].partition("}  ")[2], "a meaning"
    assert "At most 400 P in all" in grammar(target_kind)


def test_kinds_defaults_and_types_are_those_of_the_models():
    assert set(kinds("encoder")) - set(kinds("causal")) == {"next", "later"}
    assert set(kinds("encoder")) | set(kinds("image")) == (
        set(KINDS) - {"judged", "field", "coordinates", "attends", *ALGORITHM_KINDS}
    )
    assert set(kinds("module", ALGORITHM_KINDS)) >= set(ALGORITHM_KINDS)
    assert set(kinds("encoder")).isdisjoint(PICTURE_KINDS)
    lines = grammar("encoder").splitlines()
    assert any(line.startswith("words {words: [text], inflect=false}  ") for line in lines)
    assert any(line.startswith("previous {of: P, distance=1, by=token|word}  ") for line in lines)
    earlier = "earlier {of: P, within?: integer, since?: P, at_least=1, by=token|word}  "
    assert any(line.startswith(earlier) for line in lines)
    assert any(line.startswith("scaled {of: P, by: 0..1, where: P}  ") for line in lines)
    graded = next(line for line in lines if line.startswith("graded "))
    assert "{levels: [{of: P, value: 0..1}]}" in graded
    assert "largest value (not the first)" in graded
    assert "relation {first: T, relation: left of|" in grammar("image")


def test_meaning_is_offered_where_it_can_be_evaluated():
    assert "like" not in kinds("causal")
    assert kinds("causal", ("like", "judged"))[-2:] == ("like", "judged")
    assert "\nfield {name: text, op: =|!=|" in grammar("encoder", ("field",))
    assert "\njudged {statement: text}  How well" in grammar("causal", ("judged",))
    line = next(x for x in grammar("encoder", ("like",)).splitlines() if x.startswith("like "))
    assert "{examples?: [{text: text, place?: text}], unlike?: the same, statement?: " in line


def test_the_worked_example_means_what_it_says(stories260k):
    texts = [
        "The river ran by the bank. The bank was shut.",
        "They saw shores and a stream. A shore, a bank.",
    ]
    windows: TokenWindows = cut(stories260k, texts, length=64, document_per_row=True)
    degrees = parse(json.loads(TEXT_EXAMPLE[1])).evaluate(windows)
    held = [
        {
            (windows.words[windows.word[row, at]], float(degrees[row, at]))
            for at in np.flatnonzero(d)
        }
        for row, d in enumerate(degrees)
    ]
    assert held == [{("bank", 1.0)}, {("shores", np.float32(0.4)), ("shore", np.float32(0.4))}]
    assert degrees[0].max() == 1
    assert parse(PICTURE_EXAMPLE[1]).english() == "a red cat, except with a sea background"
