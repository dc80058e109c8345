"""Texts of other sources are what they say."""

from types import SimpleNamespace

from checks import rejects
from neuroscribe.tools.instruments.write_texts import listed
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call


def test_grammars_and_language_models_write(lab):
    found = call(lab, "write_texts", {"source": "grammar", "words": ["cat", "dog"], "many": 6})
    assert len(found.data["texts"]) == 6
    assert sum("cat" in text.lower() for text in found.data["texts"]) >= 3
    assert sum("dog" in text.lower() for text in found.data["texts"]) >= 3
    both = {"source": "grammar", "words": ["cat", "dog"], "together": True, "many": 2}
    for text in call(lab, "write_texts", both).data["texts"]:
        assert "cat" in text.lower()
        assert "dog" in text.lower()
    rejects("needs words", lab, "write_texts", {"source": "grammar"})

    def complete(messages: list, **options: object) -> SimpleNamespace:
        assert "pets" in messages[0]["content"]
        return SimpleNamespace(text='Here: ["the cat sat", "a dog ran"]')

    rejects("needs a language model", lab, "write_texts", {"source": "llm", "prompt": "pets"})
    lab.llm = SimpleNamespace(complete=complete)  # type: ignore[assignment]
    found = call(lab, "write_texts", {"source": "llm", "prompt": "about pets"})
    assert found.data["texts"] == ["the cat sat", "a dog ran"]
    assert listed("1. one\n- two") == ["one", "two"]


def test_the_target_continues_a_prompt(stories_lab, minilm_lab):
    arguments = {"source": "target", "prompt": "Once upon a time", "many": 3, "length": 12}
    first = call(stories_lab, "write_texts", arguments)
    assert all(text.startswith("Once upon a time") for text in first.data["texts"])
    again = call(
        Lab(stories_lab.target, stories_lab.explore, unit=stories_lab.unit),
        "write_texts",
        arguments,
    )
    assert again.data == first.data
    rejects("no language model", minilm_lab, "write_texts", arguments)
