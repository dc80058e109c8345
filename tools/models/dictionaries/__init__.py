"""Sparse autoencoders and transcoders: computed, read from disk, laid over sites."""

from .attach import PREFIX, add_dictionaries, add_dictionary, is_dictionary, read_dictionary
from .dictionary import Card, Dictionary
from .saelens import write_saelens
from .sparsify import write_sparsify

__all__ = [
    "PREFIX",
    "Card",
    "Dictionary",
    "add_dictionaries",
    "add_dictionary",
    "is_dictionary",
    "read_dictionary",
    "write_saelens",
    "write_sparsify",
]
