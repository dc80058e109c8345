"""Scans: a unit fires on `cat`, half as much on `dog`, on neither behind `no`."""

from checks import rejects
from neuroscribe.tools.registry import call


def test_a_scan_lists_the_words_that_a_unit_is_on_at(lab):
    found = call(lab, "scan", {})
    assert found.data["on"] == ["cat"]
    assert "All: on with cat 2; off with dog 1, " in found.text
    assert set(found.data["words"]) >= {"the", "no", "tree"}
    assert found.data["measured"][0]["source"] == "scan"
    found = call(lab, "scan", {"after": "cat"})
    words = found.data["words"]
    assert {word for word, value in words.items() if value == 0} == {"no"}
    assert "; off with no 0." in found.text
    assert call(lab, "scan", {"before": "we", "after": "cat"}).data["without"] == 2
    farther = call(lab, "scan", {"after": "and the cat"})  # it reaches one word only
    assert "off with 0." in farther.text
    assert "; off with" not in farther.text


def test_a_scan_lists_both_ends_and_says_what_it_left_out(lab):
    words = ["cat", *(f"{name} tree" for name in "abcdefgh"), *("dog " * n for n in range(1, 50))]
    found = call(lab, "scan", {"words": [f"the {word}" for word in words], "many": 5000})
    assert "many=5000 was read as 3000, the most" in found.text
    assert found.text.count(",") >= 2 * 19  # 20 from each end
    assert "Highest: on with the cat 2; off with" in found.text
    assert "Lowest: off with" in found.text
    few = call(lab, "scan", {"words": ["cat", "dog", "tree"], "many": 2})
    assert "1 of your words, the last, were not scanned" in few.text


def test_a_scan_can_read_the_word_between_two_texts(lab):
    sides = {"before": "we no", "after": "tree ran", "words": ["cat", "the"]}
    assert call(lab, "scan", sides).data["words"] == {"cat": 0, "the": 0}
    free = sides | {"before": "we", "at": "word"}
    assert call(lab, "scan", free).data["words"] == {"cat": 2, "the": 0}
    assert call(lab, "scan", free | {"before": "we no"}).data["words"]["cat"] == 0
    found = call(lab, "scan", {"words": ["cat", "dog", "tree"], "before": "no"})
    assert found.data["on"] == []
    rejects("pass words", lab, "scan", {"words": [" "]})


def test_an_apostrophe_stands_right_behind_the_scanned_word(lab):
    for after, text in (("ran", "the cat ran"), ("'s", "the cat's")):
        found = call(lab, "scan", {"words": ["cat"], "before": "the", "after": after})
        assert text in [one["text"] for one in found.data["measured"]]
