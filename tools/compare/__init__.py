"""Comparative Neuron Analysis: which units make two runs differ."""
