"""A kept conversation that others may have made: what of it may be loaded, and with which key."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...tools.errors import UsageError
from ...tools.llm.endpoints import loopback
from ...tools.models.trust import Named, clean, seal, sealed
from .threads import About


def checked(about: About, file: Path, *, target: Any, data: str | None, ask: bool) -> About:
    """What a conversation names, with what the person named in its place.

    Args:
        about: As it was kept.
        file: Where it was kept, for messages.
        target: A loaded model or the name of one; None: the conversation's.
        data: Instead of the conversation's.
        ask: Whether a person at a terminal may be asked.

    Raises:
        UsageError: if it names what may not be loaded (`tools/models/trust.py`).
    """
    named = Named(file, about.own, ask)
    model = target if isinstance(target, str) else about.target
    if target is None:
        model = named.target(about.target, "the model before the question")
    for what in ("run", "index"):
        folder = getattr(about, what)
        if folder is not None:
            named.folder(folder, what)
    return replace(about, target=model, data=data or named.data(about.data))


def key_seal(base_url: str | None) -> str | None:
    """A mark of the key that is sent to an endpoint now; None for the default endpoint."""
    return None if base_url is None else seal(_with_key(base_url))


def key_for(about: About, file: Path) -> str | None:
    """The key for the endpoint that a conversation was kept with; None: the one that is set.

    The key that is set now may be another endpoint's; it goes to a kept endpoint only where it
    went there before. An endpoint on this machine is asked without a key otherwise.

    Raises:
        UsageError: if another endpoint would get a key that it never got.
    """
    url = about.base_url
    if url is None or sealed(_with_key(url), about.key):
        return None
    if loopback(url):
        return "none"
    raise UsageError(
        f"{file} was kept with the endpoint {clean(url)}, which was not used with the key that is "
        "set now: give --base-url to send texts and key there"
    )


def _with_key(base_url: str) -> dict[str, Any]:
    return {"base_url": base_url, "key": os.environ.get("OPENAI_API_KEY") or ""}
