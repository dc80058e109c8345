"""Planted units that look at pictures: the vision suite, its drawings and its reader of pixels."""
