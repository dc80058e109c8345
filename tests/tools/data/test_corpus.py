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
