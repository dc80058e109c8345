"""Training the reader: the same again, and labels that are those of the graph."""

import numpy as np
from neuroscribe.tasks.groundtruth.images.glance import NOTHING, SEVERAL, prepared, trained
from neuroscribe.tasks.groundtruth.images.train_reader import KINDS, pieces, save, train


def test_pieces_and_weights_are_the_same_again(tmp_path):
    (crops, labels), (again, _) = (pieces(60, seed=8) for _ in range(2))
    assert np.array_equal(crops, again)
    one, other = (train(crops, labels, epochs=1, seed=2) for _ in range(2))
    for first, second in zip(one.parameters(), other.parameters(), strict=True):
        assert np.array_equal(first.detach(), second.detach())
    save(one, tmp_path / "w.safetensors")
    assert (tmp_path / "w.safetensors").stat().st_size < 700_000


def test_the_shipped_network_says_what_the_labels_say():
    crops, labels = pieces(80, seed=9)
    network, kinds = trained()
    assert set(kinds) == set(KINDS)
    assert {SEVERAL, NOTHING} < set(kinds)
    found = network(prepared(crops))
    order = [kinds.index(kind) for kind in KINDS]  # labels count in the order of training
    said = found.kind[:, order].argmax(1).numpy()
    named = labels[:, 1] >= 0
    assert (said[named] == labels[named, 0]).mean() >= 0.96
    assert (found.colour.argmax(1).numpy() == labels[:, 1])[named].mean() >= 0.96
