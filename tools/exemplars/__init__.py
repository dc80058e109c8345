"""The exemplar index: one pass over a corpus for all units of the chosen sites and both signs."""

from .build import build_index
from .index import Band, Exemplar, ExemplarIndex, UnitExemplars
from .merge import merge

__all__ = [
    "Band",
    "Exemplar",
    "ExemplarIndex",
    "UnitExemplars",
    "build_index",
    "merge",
]
