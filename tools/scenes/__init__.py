"""Scenes: pictures that the project draws, whose content is known exactly."""

from .scene import Scene, Thing, digest

__all__ = ["Scene", "Thing", "digest"]
