"""Predicates: the executable half of a description, as JSON that says where a unit is active."""

from .concepts import resolve
from .core import Predicate
from .parsing import KINDS, PICTURE_KINDS, AnyPredicate, parse

__all__ = ["KINDS", "PICTURE_KINDS", "AnyPredicate", "Predicate", "parse", "resolve"]
