"""Splits and limits by a hash of each document's text."""

import pytest
from checks import refused
from neuroscribe.tools.data.corpus import SHARES, Corpus, Document


def corpus(many: int) -> Corpus:
    return Corpus("c", [Document(str(i), f"document {i:05d} " + "x" * 50) for i in range(many)])


def test_splits_share_out_documents():
    whole = corpus(4000)
    splits = whole.splits()
    parts = [{item.id for item in split.documents} for split in splits]
    assert sum(map(len, parts)) == 4000 == len(set.union(*parts))
    for part, share in zip(parts, SHARES.values(), strict=True):
        assert len(part) / 4000 == pytest.approx(share, abs=0.03)
    again = Corpus("c", list(reversed(whole.documents))[:3000]).splits()
    assert {item.id for item in again.test.documents} <= parts[2]
    refused("it has 2 documents of 6 words in all", corpus(2).splits)


def test_a_limit_is_spread_over_the_corpus_and_over_the_splits():
    whole = corpus(4000)
    characters = sum(len(item.text) for item in whole.documents)
    part = whole.limited(characters // 4)
    ids = [int(item.id) for item in part.documents]
    assert len(ids) == pytest.approx(1000, abs=2)
    assert ids == sorted(ids)
    for quarter in range(4):
        inside = sum(1000 * quarter <= i < 1000 * (quarter + 1) for i in ids)
        assert inside == pytest.approx(250, abs=50)
    for split, share in zip(part.splits(), SHARES.values(), strict=True):
        assert len(split) / len(part) == pytest.approx(share, abs=0.05)
    more = {int(item.id) for item in whole.limited(characters // 2).documents}
    assert set(ids) < more
    assert whole.limited(characters) is whole


def test_fields_are_a_part_of_the_hash_and_earlier_hashes_stay_known():
    def made(*labels):
        return Corpus("x", (Document(str(i), f"t{i}", {"label": n}) for i, n in enumerate(labels)))

    bare = Corpus("x", (Document(str(i), f"t{i}") for i in range(2)))
    assert bare.hash == "a5459795731c7672"
    assert len({bare.hash, made(0, 1).hash, made(1, 0).hash}) == 3
    assert made(0, 1).hash == Corpus("y", reversed(made(0, 1).documents)).hash
    assert made(0, 1).is_known_as(bare.hash), "as a run of before says"
    assert not bare.is_known_as(made(0, 1).hash)
    assert not made(1, 0).is_known_as(made(0, 1).hash)
