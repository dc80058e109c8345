"""Which scores fail a sanity test, so that reports can say it beside the number."""

FAILING = {}


def mark(name):
    return None
