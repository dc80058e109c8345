"""SAELens reads what is written here, and gives the numbers that are computed here.

It runs where SAELens is installed (`pip install sae-lens`), which neuroscribe does not need.
"""

from dataclasses import fields

import pytest
import torch
from neuroscribe.tools.models.dictionaries import read_dictionary, write_saelens

sae_lens = pytest.importorskip("sae_lens")
KINDS = {
    "standard": {},
    "topk": {"k": 5},
    "topk by norm": {"k": 5, "rescale_acts_by_decoder_norm": True},
    "abstopk": {"k": 5},
    "jumprelu": {},
    "gated": {},
    "matching_pursuit": {"residual_threshold": 0.5},
    "transcoder": {"d_out": 9, "apply_b_dec_to_input": False},
    "skip_transcoder": {"d_out": 9, "apply_b_dec_to_input": False},
    "jumprelu_transcoder": {"d_out": 9, "apply_b_dec_to_input": False},
}


@pytest.mark.parametrize("norm", ["none", "layer_norm", "constant_norm_rescale"])
@pytest.mark.parametrize("named", KINDS)
def test_both_give_the_same(tmp_path, named, norm):
    kind = named.partition(" ")[0]
    if norm != "none" and "transcoder" in kind:
        pytest.skip("SAELens does not undo norms of transcoders")
    made, config = sae_lens.registry.get_sae_class(kind)
    known = {field.name for field in fields(config)}
    given = {"d_in": 16, "d_sae": 60, "normalize_activations": norm, **KINDS[named]}
    theirs = made(config(**{key: value for key, value in given.items() if key in known}))
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.copy_(torch.randn(weight.shape, generator=draw) / 4)
        if kind.startswith("jumprelu"):
            theirs.threshold.abs_()
    theirs.save_model(tmp_path / "theirs")
    ours = read_dictionary(tmp_path / "theirs")
    write_saelens(ours, tmp_path / "ours")
    again = sae_lens.SAE.load_from_disk(tmp_path / "ours")
    x = torch.randn(50, 16, generator=draw)
    with torch.no_grad():
        for other in (theirs, again):
            close = {"rtol": 1e-4, "atol": 1e-5}
            torch.testing.assert_close(ours.encode(x), other.encode(x), **close)
            torch.testing.assert_close(ours.reconstruct(x), other(x), **close)
