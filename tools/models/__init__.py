"""Targets, sites, units, traces and interventions: reading and changing any network."""

from . import load  # noqa: F401  gives Target.load
from .forward import Inputs
from .intervention import Intervention, add, clamp, scale, zero
from .model import Model
from .restart import Cached, Restarted, Start
from .site import Code, Site
from .target import Target
from .trace import Trace
from .unit import Unit

__all__ = [
    "Cached",
    "Code",
    "Inputs",
    "Intervention",
    "Model",
    "Restarted",
    "Site",
    "Start",
    "Target",
    "Trace",
    "Unit",
    "add",
    "clamp",
    "scale",
    "zero",
]
