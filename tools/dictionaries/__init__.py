"""Training dictionaries on a target's activations, and measuring them.

Nothing is imported here. What a dictionary is, and how it is read from disk, stands in
`models/dictionaries`.
"""
