"""Black-box functions with known truth, in the spirit of FIND (Schwettmann et al. 2023).

An investigator may call a function a limited number of times and answers in words and in code. The
code runs behind walls (`tools/sandbox`) on inputs that it has not seen.
"""
