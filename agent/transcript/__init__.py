"""Transcripts: everything that happened in an investigation, kept, shown and run again."""

from .record import Recorder, Transcript, make_header, read

__all__ = ["Recorder", "Transcript", "make_header", "read"]
