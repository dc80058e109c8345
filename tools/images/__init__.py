"""Instruments on pictures: what a planner shows, draws, edits, covers and switches off.

`belt.py` in the package above registers them; those that ask the same of text share its names.
"""
