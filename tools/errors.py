"""Errors that a person caused and can mend: one line that says what to do."""

from collections.abc import Iterable


class UsageError(ValueError):
    """Unusable arguments or input; the command line prints it as one line and exits with 2."""


def not_finite(site: str) -> UsageError:
    """The refusal of a model whose activations are NaN or infinite: no statistic of them holds."""
    return UsageError(
        f"site {site} gives values that are not finite (NaN or infinity); load the model with "
        "--dtype float32, or check its weights"
    )


def said(error: BaseException, most: int = 200) -> str:
    """What an error of other code says, in one line; its kind where it says nothing."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def nearest(wrong: str, valid: Iterable[str], *, most: int = 3) -> str:
    """The valid names closest to a wrong one, as text for an error message."""
    import difflib  # only where something is wrong: the help of the command line starts here

    names = [str(name) for name in valid]
    found = difflib.get_close_matches(wrong, names, n=most, cutoff=0.3) or names[:most]
    return ", ".join(found)
