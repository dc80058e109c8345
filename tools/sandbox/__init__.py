"""Runs Python that a language model wrote, in the interpreter Monty and nowhere else.

`worker.py` is what both uses share: a worker process without files, network or a real clock, behind
limits. `functions.py` runs one function on many inputs; `programs.py` runs a program that may call
functions of ours.
"""
