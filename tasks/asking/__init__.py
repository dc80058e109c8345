"""Asks a model: a conversation whose answers come from experiments and cite them."""
