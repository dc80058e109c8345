"""Investigations of units that look at pictures: they draw what would tell rivals apart."""
