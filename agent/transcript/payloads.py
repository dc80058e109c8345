"""Compares the payload of a recorded result with the one of the same call made again.

Words and whole numbers are compared exactly, fractions within a tolerance. Measured inputs are
compared in the recorded order or, where near ties changed it, by input. Keys that a later version
adds to a payload are no difference, and are named; nor is where it cuts a label that is too long.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

from ...tools.evidence import Evidence
from ..description import MOST_WORDS, short_label

RELATIVE, ABSOLUTE = 1e-3, 1e-4
_IGNORED = {"seconds", "refused"}  # `refused` says in words what was left out
_ABSENT = "(absent)"
_SHOWN = 20  # differences kept of one call


class Difference(NamedTuple):
    """One place of one payload where the replay gave something else."""

    evidence: str
    tool: str
    path: str
    """Where in the payload: `stats.mean`, `measured[3].activations[7]`."""
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.evidence} {self.tool}: {self.path} was {_brief(self.recorded)}, "
            f"is {_brief(self.replayed)}"
        )


def differences(recorded: Any, replayed: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Walks two payloads side by side and gives each place where they differ.

    Keys that only the replayed one has are left to `keys_added`.
    """
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key, value in recorded.items():
            if key not in _IGNORED:
                yield from differences(value, replayed.get(key, _ABSENT), _inner(path, key))
    elif _is_list(recorded) and _is_list(replayed):
        if len(recorded) != len(replayed):
            yield f"{path} (length)", len(recorded), len(replayed)
            return
        for i, (one, other) in enumerate(zip(recorded, _aligned(recorded, replayed), strict=True)):
            yield from differences(one, other, f"{path}[{i}]")
    elif not _equal(recorded, replayed):
        yield path or "(all)", recorded, replayed


def keys_added(recorded: Any, replayed: Any, path: str = "") -> Iterator[str]:
    """Where a replayed payload has keys that the recorded one lacks, places in lists left out."""
    if isinstance(recorded, Mapping) and isinstance(replayed, Mapping):
        for key, value in replayed.items():
            if key in recorded:
                yield from keys_added(recorded[key], value, _inner(path, key))
            elif key not in _IGNORED:
                yield _inner(path, key)
    elif _is_list(recorded) and _is_list(replayed) and len(recorded) == len(replayed):
        for one, other in zip(recorded, replayed, strict=True):
            yield from keys_added(one, other, f"{path}[]")


def _inner(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def compared(recorded: Evidence, again: Evidence) -> list[Difference]:
    """Where a call that was made again gave something else; at most 20 places."""
    found: list[tuple[str, Any, Any]]
    if (recorded.error is None) != (again.error is None):
        found = [("error", recorded.error, again.error)]
    else:
        every = differences(recorded.data, again.data)
        found = [one for one in every if not _cut_earlier(*one)]
    return [Difference(recorded.id, recorded.tool, *item) for item in found[:_SHOWN]]


def _cut_earlier(path: str, recorded: Any, replayed: Any) -> bool:
    """Whether a label differs in nothing but where the limit of its words cuts it."""
    return (
        path == "description.label"
        and len(str(recorded).split()) == MOST_WORDS
        and bool(replayed)
        and short_label(f"{recorded} ...") == replayed
    )


def _aligned(recorded: Sequence[Any], replayed: Sequence[Any]) -> Sequence[Any]:
    """The replayed inputs in the recorded order, where both lists hold the same inputs."""
    keys = [_input(item) for item in recorded]
    others = [_input(item) for item in replayed]
    if keys == others or None in keys or len(set(keys)) < len(keys) or set(keys) != set(others):
        return replayed
    by_key = dict(zip(others, replayed, strict=True))
    return [by_key[key] for key in keys]


def _input(item: Any) -> tuple[Any, ...] | None:
    if not isinstance(item, Mapping) or not {"window", "text", "recipe"} & set(item):
        return None
    return tuple(str(item.get(name)) for name in ("unit", "window", "text", "recipe"))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        if isinstance(one, int) and isinstance(other, int):
            return one == other
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return one == other


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def _brief(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
