"""Targets, sites, units, traces and interventions: reading and changing any network."""

from .intervention import Intervention, add, clamp, scale, zero
from .site import Site
from .target import Inputs, Target
from .trace import Trace
from .unit import Unit

__all__ = [
    "Inputs",
    "Intervention",
    "Site",
    "Target",
    "Trace",
    "Unit",
    "add",
    "clamp",
    "scale",
    "zero",
]
