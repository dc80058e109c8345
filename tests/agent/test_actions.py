"""Recording a hypothesis and concluding."""

import json
from typing import Any

import pytest
from neuroscribe.agent.description import short_label
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.prompts import predictors, prompt, system, system_pictures
from neuroscribe.tools.english.lexicon import categories
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.grammar import grammar
from neuroscribe.tools.registry import TOOLS, call

assert investigate  # registers the tools

PET = {"kind": "words", "words": ["cat", "dog"]}


def test_a_hypothesis_says_where_it_holds(lab):
    result = call(lab, "hypothesise", {"statement": "pets", "predictor": PET})
    windows = lab.explore
    expected = int((parse(PET).evaluate(windows) > 0).sum())
    assert expected > 0
    assert (result.data["id"], result.data["holds"]) == ("H1", expected)
    assert f"holds on {expected} of {int(windows.counted.sum())} explore tokens" in result.text
    assert all(s.endswith(("[cat]", "[dog]")) for s in result.data["samples"])
    assert lab.hypotheses["H1"] == parse(PET).model_dump()


def test_a_long_predictor_is_not_said_again_at_length(lab):
    words = {"kind": "words", "words": [f"word{n}" for n in range(300)]}
    result = call(lab, "hypothesise", {"statement": "many", "predictor": words})
    assert len(result.text) < 400
    assert len(result.data["predictor"]["words"]) == 300


def test_tokens_that_the_model_lacks_are_named(lab):
    """A leading space where the vocabulary has none would be a rule that never holds."""
    tokens = {"kind": "not", "of": {"kind": "tokens", "tokens": ["cat", " dog"]}}
    text = call(lab, "hypothesise", {"statement": "pets", "predictor": tokens}).text
    assert 'no token of the model is " dog": they hold nowhere; the vocabulary has "dog"' in text
    assert "no token" not in call(lab, "hypothesise", {"statement": "p", "predictor": PET}).text


def test_a_long_label_is_cut_between_words():
    words = "one two three four five six seven eight nine ten eleven twelve, thirteen"
    assert short_label(words) == words.removesuffix(", thirteen")
    assert short_label("  pets,  wild ") == "pets, wild"


def test_it_may_be_written_as_json_text(lab):
    result = call(lab, "hypothesise", {"statement": "pets", "predictor": json.dumps(PET)})
    assert result.error is None


def test_one_that_holds_nowhere_or_nearly_everywhere_is_said(lab):
    nowhere = {"kind": "words", "words": ["zebra"]}
    result = call(lab, "hypothesise", {"statement": "z", "predictor": nowhere})
    assert "only texts that you write" in result.text
    result = call(lab, "hypothesise", {"statement": "n", "predictor": {"kind": "not", "of": PET}})
    assert "more than half" in result.text


def test_the_same_predictor_twice_is_refused(lab):
    call(lab, "hypothesise", {"statement": "pets", "predictor": PET})
    again = call(lab, "hypothesise", {"statement": "animals", "predictor": PET})
    assert "H1 has this very predictor" in str(again.error)
    assert list(lab.hypotheses) == ["H1"]


def test_a_recorded_hypothesis_may_stand_inside_another(lab):
    call(lab, "hypothesise", {"statement": "pets", "predictor": PET})
    lab.unit = lab.target.unit("planted/0")
    one = {"kind": "hypothesis", "id": "H1"}
    behind = {"kind": "previous", "of": {"kind": "words", "words": ["no"]}}
    given = {"kind": "except", "of": one, "but": {"kind": "and", "of": [one, behind]}}
    result = call(lab, "hypothesise", {"statement": "pets, not behind no", "predictor": given})
    full = {"kind": "except", "of": PET, "but": {"kind": "and", "of": [PET, behind]}}
    assert lab.hypotheses["H2"] == result.data["predictor"] == parse(full).model_dump()
    parts = [
        {"words": "pets", "predictor": {"kind": "not", "of": one}},
        {"words": "p", "predictor": one},
    ]
    done = call(lab, "conclude", {"label": "pets", "components": parts})
    stored = [part["predictor"] for part in done.data["description"]["components"]]
    assert stored == [parse({"kind": "not", "of": PET}).model_dump(), parse(PET).model_dump()]
    wrong = {"kind": "not", "of": {"kind": "hypothesis", "id": "H9"}}
    for name, arguments in (
        ("hypothesise", {"statement": "x", "predictor": wrong}),
        ("test_hypotheses", {"hypotheses": [wrong]}),
        ("separate", {"hypotheses": ["H1", wrong]}),
        ("conclude", {"label": "x", "components": [{"words": "x", "predictor": wrong}]}),
    ):
        assert "there is no hypothesis 'H9'" in str(call(lab, name, arguments).error)


def test_a_hypothesis_is_shown_beside_the_one_most_like_it(lab):
    call(lab, "hypothesise", {"statement": "pets", "predictor": PET})
    same = {"kind": "or", "of": [PET, {"kind": "words", "words": ["zebra"]}]}
    result = call(lab, "hypothesise", {"statement": "animals", "predictor": same})
    assert "the very places of H1; only texts that you write" in result.text
    wider = {"kind": "words", "words": ["cat", "tree"]}
    result = call(lab, "hypothesise", {"statement": "more", "predictor": wider})
    more, less = result.text.split("beside H1, the most alike: more on ")[1].split("; less on ")
    assert "[tree]" in more
    assert "[cat]" not in more
    assert "[dog]" in less
    assert "[cat]" not in less


def test_nested_values_may_be_written_as_json_text(lab):
    parts = [{"words": "pets", "predictor": PET, "evidence": ["E1"]}]
    given: dict[str, Any] = {"label": " pets\n ", "components": json.dumps(parts)}
    result = call(lab, "conclude", {**given, "rejected": "[]"})
    assert result.error is None
    description = result.data["description"]
    assert description["label"] == "pets"
    assert description["components"][0]["predictor"] == parse(PET).model_dump()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"label": ""}, "label is empty"),
        ({"confidence": 7}, "between 0 and 1"),
        ({"components": [{"words": "x", "predictor": {"kind": "nope"}}]}, "nope"),
        ({"components": [{"words": "x", "predictor": "H3"}]}, "no hypothesis 'H3'"),
        ({"components": [{"words": "x"}]}, "predictor: Field required"),
        ({"status": "fine"}, "status: Input should be"),
    ],
)
def test_what_cannot_be_read_is_said(lab, given, said):
    good = {"label": "pets", "components": [{"words": "pets", "predictor": PET}]}
    result = call(lab, "conclude", {**good, **given})
    assert said in str(result.error)


def test_actions_have_no_other_door():
    assert TOOLS["hypothesise"].action
    assert TOOLS["conclude"].action


@pytest.mark.parametrize("kind", ["causal", "encoder"])
def test_every_prompt_makes_the_one_statement_of_the_grammar(kind):
    said = grammar(kind)
    assert len(system(kind)) < 7500, "a prompt costs tokens in every request"
    for text in (
        system(kind),
        prompt("conversation", about="", predictors=predictors(kind)),
    ):
        assert text.count(said) == 1
        assert '"kind":"' not in text.replace(said, "")
    assert grammar("image") in system_pictures()


def test_the_system_prompt_names_every_concept():
    last = system("causal").splitlines()[-1]
    assert len(last) < 1100, "a prompt costs tokens in every request"
    names = last.removeprefix("Concept names: ").removesuffix(".").split(", ")
    assert names == list(categories())


def test_a_label_that_is_too_long_is_cut_and_said(lab):
    component = {"words": "pets", "predictor": PET}
    result = call(lab, "conclude", {"label": "a " * 13 + "b", "components": [component]})
    assert result.data["description"]["label"] == " ".join("a" * 12)
    assert "cut to 12 words" in result.text
