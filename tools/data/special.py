"""Which special tokens are places of a text; `Target.special_tokens` decides where nobody says."""

from typing import Literal, get_args

from ..errors import UsageError

Special = Literal["count", "skip", "skip-first", "last"]
"""Special tokens are places like others; they are left out; they are, with the first token of every
row; or of each text its last token counts alone."""


def checked_special(special: str | None) -> Special | None:
    """One of these, or None.

    Raises:
        UsageError: for another word.
    """
    known: dict[str, Special] = {one: one for one in get_args(Special)}
    if special is not None and special not in known:
        raise UsageError(f"--special is '{special}'; use count, skip, skip-first or last")
    return None if special is None else known[special]
