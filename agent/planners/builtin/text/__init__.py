"""Investigations of units that read text."""
