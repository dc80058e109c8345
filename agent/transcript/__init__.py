"""Transcripts: everything that happened in an investigation, kept, shown and run again."""

from .page import render
from .payloads import Difference
from .record import Recorder, Transcript, make_header, read
from .replay import Replay, replay

__all__ = [
    "Difference",
    "Recorder",
    "Replay",
    "Transcript",
    "make_header",
    "read",
    "render",
    "replay",
]
