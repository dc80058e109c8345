"""Lenses: what the residual stream and single units say in tokens.

Nothing is imported here: `logit_lens`, `tuned_lens`, `projection` and `token_change` are imported
one by one, so that the vocabulary projection needs neither of the others.
"""
