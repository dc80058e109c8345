"""Recording a hypothesis and concluding."""

import json
from typing import Any

import pytest
from neuroscribe.agent.description import short_label
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.prompts import predictors, prompt, system, system_pictures
from neuroscribe.tools.english.lexicon import categories
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.predicates import parse
from neuroscribe.tools.predicates.grammar import grammar
from neuroscribe.tools.predicates.parsing import ALGORITHM_KINDS
from neuroscribe.tools.registry import TOOLS, call
from pets import PET

assert investigate  # registers the tools


def hypothesise(lab: Lab, predictor: Any, statement: str = "x") -> Evidence:
    return call(lab, "hypothesise", {"statement": statement, "predictor": predictor})


def test_a_hypothesis_says_where_it_holds(lab):
    result = hypothesise(lab, json.dumps(PET))  # JSON text is read too
    windows = lab.explore
    expected = int((parse(PET).evaluate(windows) > 0).sum())
    assert expected > 0
    assert (result.data["id"], result.data["holds"]) == ("H1", expected)
    assert f"holds on {expected} of {int(windows.counted.sum())} explore tokens" in result.text
    assert all(s.endswith(("[cat]", "[dog]")) for s in result.data["samples"])
    assert "no token" not in result.text
    assert lab.hypotheses["H1"] == parse(PET).model_dump()
    assert "H1 has this very predictor" in str(hypothesise(lab, PET, "animals").error)
    assert list(lab.hypotheses) == ["H1"]


def test_a_long_predictor_is_not_said_again_at_length(lab):
    result = hypothesise(lab, {"kind": "words", "words": [f"word{n}" for n in range(300)]})
    assert len(result.text) < 400
    assert len(result.data["predictor"]["words"]) == 300


@pytest.mark.parametrize(
    ("predictor", "said"),
    [
        ({"kind": "words", "words": ["zebra"]}, "only texts that you write"),
        ({"kind": "not", "of": PET}, "more than half"),
        (  # a leading space where the vocabulary has none would be a rule that never holds
            {"kind": "not", "of": {"kind": "tokens", "tokens": ["cat", " dog"]}},
            'no token of the model is " dog": they hold nowhere; the vocabulary has "dog"',
        ),
    ],
)
def test_a_hypothesis_that_tells_little_is_said(lab, predictor, said):
    assert said in hypothesise(lab, predictor).text


def test_a_long_label_is_cut_between_words(lab):
    words = "one two three four five six seven eight nine ten eleven twelve, thirteen"
    assert short_label("  pets,  wild ") == "pets, wild"
    long = "closing quotes behind a name in code, contractions; never a possessive or the plural"
    assert short_label(long) == "closing quotes behind a name in code, contractions"
    assert short_label("a b c d e f g h i j k of the") == "a b c d e f g h i j k"
    component = {"words": "pets", "predictor": PET}
    result = call(lab, "conclude", {"label": words, "components": [component]})
    assert result.data["description"]["label"] == words.removesuffix(", thirteen")
    assert "cut to 12 words" in result.text


def test_a_recorded_hypothesis_may_stand_inside_another(lab):
    hypothesise(lab, PET)
    lab.unit = lab.target.unit("planted/0")
    one = {"kind": "hypothesis", "id": "H1"}
    behind = {"kind": "previous", "of": {"kind": "words", "words": ["no"]}}
    given = {"kind": "except", "of": one, "but": {"kind": "and", "of": [one, behind]}}
    result = hypothesise(lab, given, "pets, not behind no")
    full = {"kind": "except", "of": PET, "but": {"kind": "and", "of": [PET, behind]}}
    assert lab.hypotheses["H2"] == result.data["predictor"] == parse(full).model_dump()
    parts = [{"words": "p", "predictor": some} for some in ({"kind": "not", "of": one}, one)]
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
    hypothesise(lab, PET)
    same = {"kind": "or", "of": [PET, {"kind": "words", "words": ["zebra"]}]}
    said = hypothesise(lab, same).text
    assert "the very places of H1; only texts that you write" in said
    said = hypothesise(lab, {"kind": "words", "words": ["cat", "tree"]}).text
    more, less = said.split("beside H1, the most alike: more on ")[1].split("; less on ")
    assert "[tree]" in more
    assert "[dog]" in less
    assert "[cat]" not in more + less


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


@pytest.mark.parametrize("component", ["H1", {"predictor": "H1"}, {"predictor": PET, "words": " "}])
def test_a_recorded_hypothesis_is_concluded_by_its_id_alone(lab, component):
    hypothesise(lab, PET, "cats and dogs")
    result = call(lab, "conclude", {"label": "pets", "components": [component]})
    (kept,) = result.data["description"]["components"]
    assert (kept["words"], kept["predictor"]) == ("cats and dogs", parse(PET).model_dump())


def test_actions_have_no_other_door():
    assert all(TOOLS[name].action for name in ("hypothesise", "conclude"))


@pytest.mark.parametrize("kind", ["causal", "encoder"])
def test_every_prompt_makes_the_one_statement_of_the_grammar(kind):
    said = grammar(kind)
    assert len(system(kind)) < 7500, "a prompt costs tokens in every request"
    for text in (system(kind), prompt("conversation", about="", predictors=predictors(kind))):
        assert text.count(said) == 1
        assert '"kind":"' not in text.replace(said, "")
    assert grammar("image") in system_pictures()


def test_of_symbols_the_prompt_speaks_of_no_words():
    said = system("causal", ALGORITHM_KINDS)
    assert "\ntally {" in said
    for words in ("concept", "Concept names", "of 'run'", "as written, also on uncased", "shore"):
        assert words not in said, words
    assert len(said) < 7500


def test_the_system_prompt_names_every_concept():
    last = system("causal").splitlines()[-1]
    assert len(last) < 1100, "a prompt costs tokens in every request"
    names = last.removeprefix("Concept names: ").removesuffix(".").split(", ")
    assert names == list(categories())
