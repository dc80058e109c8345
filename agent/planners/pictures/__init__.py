"""The built-in planner's course on pictures: it draws what would tell its rivals apart."""

from .investigation import Investigation

__all__ = ["Investigation"]
