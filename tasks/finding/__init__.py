"""Search over a finished or running set of labels: by words, by meaning, by what units do."""
