"""A fingerprint of a network: a hash of every weight and buffer, with its name, shape and type.

1. Tensors pass through SHA-256 in pieces, so that no copy of the whole is made; a tensor under
   several names is read once.
2. The result is kept for as long as no tensor is replaced or written to (PyTorch counts writes).
"""

import hashlib
import weakref
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_PIECE = 1 << 22  # numbers that are copied off a device at a time
_LENGTH = 16  # hex digits: 64 bits tell apart whatever people have
_kept: "weakref.WeakKeyDictionary[nn.Module, tuple[Any, str]]" = weakref.WeakKeyDictionary()


def fingerprint(network: nn.Module) -> str:
    """The same for the same weights, wherever they lie; 16 hex digits.

    Weights on the meta device have no values: their names and shapes stand for them.
    """
    tensors = sorted(network.state_dict(keep_vars=True).items())
    state = tuple(
        (name, id(one), one.data_ptr(), -1 if one.is_inference() else one._version)
        for name, one in tensors
    )
    known = _kept.get(network)
    if known is not None and known[0] == state:
        return known[1]
    digest = hashlib.sha256()
    done: dict[Any, bytes] = {}
    for name, tensor in tensors:
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        if tensor.device.type != "meta":
            key = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, tensor.device)
            if key not in done:
                done[key] = _hash(tensor.detach())
            digest.update(done[key])
    result = digest.hexdigest()[:_LENGTH]
    _kept[network] = (state, result)
    return result


def sampled_fingerprint(network: nn.Module) -> str:
    """The fingerprint of earlier records, from a thousand numbers of each weight."""
    digest = hashlib.sha256()
    for name, weight in sorted(network.state_dict().items()):
        digest.update(f"{name}{tuple(weight.shape)}{weight.dtype}".encode())
        if weight.device.type == "meta":
            continue
        step = max(1, weight.numel() // 1024)
        sample = weight.detach().flatten()[::step].cpu().double().numpy()
        digest.update(np.ascontiguousarray(sample).tobytes())
    return digest.hexdigest()[:_LENGTH]


def _hash(tensor: Tensor) -> bytes:
    digest = hashlib.sha256()
    flat = tensor.reshape(-1)
    for start in range(0, flat.numel(), _PIECE):
        piece = flat[start : start + _PIECE].cpu().contiguous()
        digest.update(piece.view(torch.uint8).numpy().data)
    return digest.digest()
