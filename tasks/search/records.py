"""The labels of a run as they are searched: what is read, what each says, which are wanted.

A record has the shape of `tasks/labelling/shape.py`: lines of another shape are left out when read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ...agent.statuses import LABELLED, STATUSES
from ...agent.transcript.sections import triple
from ...tools.errors import UsageError, nearest

Record = Mapping[str, Any]
KINDS: tuple[str, ...] = STATUSES
_MOST_LOOKED_AT = 500
"""Neighbouring folders that are looked at for a run."""
_UNSAID = ("but", "kind", "on", "by", "network")
"""Parts of a predictor that exclude words, or name no words of the input."""
_MOST_WORDS = 64
"""Words of a unit's predictors that are searched: the strongest levels come first."""


@dataclass(frozen=True)
class Filters:
    """Which units are wanted; what is left out restricts nothing."""

    score: float | None = None
    """Least held-out correlation."""
    confidence: float | None = None
    """Least confidence."""
    layers: tuple[str, ...] = ()
    """Numbers (`3`), ranges (`2-5`) or patterns of sites (`mlp.*`); any of them."""
    kinds: tuple[str, ...] = ()
    """Statuses, any of them: see `KINDS`."""
    sign: int | None = None
    """1 or -1: the side of the unit that was labelled."""
    units: str | None = None
    """Pattern of whole names: `mlp.3/1*`."""

    def __post_init__(self) -> None:
        for name, least in (("score", -1.0), ("confidence", 0.0)):
            value = getattr(self, name)
            if value is not None and not least <= value <= 1:
                raise UsageError(f"the least {name} is {value}; it must be from {least:g} to 1")
        for kind in self.kinds:
            if kind not in KINDS:
                raise UsageError(
                    f"'{kind}' is no kind of label; nearest: {nearest(kind, KINDS)}; "
                    f"all: {', '.join(KINDS)}"
                )
        if self.sign not in (None, 1, -1):
            raise UsageError(f"the sign is {self.sign}; it must be 1 or -1")

    def keep(self, unit: str, record: Record) -> bool:
        """Whether a unit is wanted; one without a score or confidence has not the least of it."""
        score, confidence = interval(record)[0], record.get("confidence")
        return (
            (self.score is None or (score is not None and score >= self.score))
            and (
                self.confidence is None
                or (confidence is not None and confidence >= self.confidence)
            )
            and (not self.layers or any(_in_layer(unit, layer) for layer in self.layers))
            and (not self.kinds or record.get("status") in self.kinds)
            and (self.sign is None or unit.endswith("-") == (self.sign < 0))
            and (self.units is None or fnmatchcase(unit, self.units))
        )

    def chosen(self, records: Mapping[str, Record]) -> list[str]:
        """The units of a run that are wanted.

        Raises:
            UsageError: if a layer is in no unit's name; says which sites there are.
        """
        for layer in self.layers:
            if not any(_in_layer(unit, layer) for unit in records):
                sites = sorted({site_of(unit) for unit in records})
                raise UsageError(
                    f"no unit of this run is at layer '{layer}'; write a number, a range such as "
                    f"2-5 or a pattern such as mlp.*; nearest sites: {nearest(layer, sites)}"
                )
        return [unit for unit, record in records.items() if self.keep(unit, record)]

    def english(self) -> str:
        """What is asked for, in words; empty where nothing is."""
        parts = [
            f"score at least {self.score:g}" if self.score is not None else "",
            f"confidence at least {self.confidence:g}" if self.confidence is not None else "",
            f"layer {' or '.join(self.layers)}" if self.layers else "",
            f"kind {' or '.join(self.kinds)}" if self.kinds else "",
            f"sign {'+' if self.sign > 0 else '-'}" if self.sign else "",
            f"units {self.units}" if self.units else "",
        ]
        return ", ".join(part for part in parts if part)


# ---- what a record says


def label_of(record: Record) -> str:
    """The label on one line; where there is none, the reason."""
    return readable(record.get("label") or record.get("reason"))


def interval(record: Record) -> tuple[float | None, float | None, float | None]:
    """The held-out correlation, and the ends of its 95% interval."""
    return triple((record.get("scores") or {}).get("correlation"))


def has_label(record: Record) -> bool:
    """Whether the label says what the unit does, and not why nothing is said."""
    return record.get("status") in LABELLED


def effect_of(record: Record) -> str:
    """What the unit does to the output, in words."""
    return readable((record.get("effect") or {}).get("words"))


def clauses(record: Record, name: str = "components") -> list[str]:
    """The words of the `components` or `rejected` rivals of a record."""
    return [readable(item["words"]) for item in record.get(name) or ()]


def sayings(record: Record) -> list[str]:
    """The label and the components' words, each once: what is compared by meaning."""
    texts = (label_of(record), *clauses(record))
    return list(dict.fromkeys(text for text in texts if text))


def predictor_words(record: Record) -> str:
    """Words that the predictors look for, each once; not those that they exclude."""
    rest = [item["predictor"] for item in reversed(record.get("components") or ())]
    words: dict[str, None] = {}
    while rest and len(words) < _MOST_WORDS:
        one = rest.pop()
        if isinstance(one, str):
            words[one] = None
        elif isinstance(one, list):
            rest.extend(reversed(one[:_MOST_WORDS]))
        elif isinstance(one, dict) and one.get("kind") != "not":
            rest.extend(one[key] for key in reversed(one) if key not in _UNSAID)
    return readable(" ".join(words))


def readable(text: Any, *, most: int = 2000) -> str:
    """Text on one line without control characters; anything else is empty."""
    if not isinstance(text, str):
        return ""
    text = text[:most]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def shortened(text: str, most: int) -> str:
    """Text of at most so many letters, with an ellipsis where it is cut."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def site_of(unit: str) -> str:
    """The site in a unit's name."""
    return unit.rpartition("/")[0]


def _in_layer(unit: str, layer: str) -> bool:
    site = site_of(unit)
    span = re.fullmatch(r"(\d+)(?:-(\d+))?", layer.strip())
    if span is None:
        return fnmatchcase(site, layer.strip())
    numbers = re.findall(r"(?<![^.])\d+(?![^.:])", site)
    return bool(numbers) and int(span[1]) <= int(numbers[-1]) <= int(span[2] or span[1])


# ---- the folder


def check_folder(path: Path) -> None:
    """Refuses a folder that holds no run.

    Raises:
        UsageError: names the nearest folders with one.
    """
    if _is_run(path):
        return
    what = "has neither run.json nor labels.jsonl" if path.is_dir() else "is no folder"
    near = _runs_near(path)
    others = f"; nearest runs: {nearest(str(path), near)}" if near else ""
    raise UsageError(f"there is no run in {path}: it {what}{others}")


def state_of(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Names, sizes and times of the files that hold labels: another value where they changed."""
    result = []
    for file in sorted(path.glob("labels*.jsonl")):
        facts = file.stat()
        result.append((file.name, facts.st_size, facts.st_mtime_ns))
    return tuple(result)


def _is_run(path: Path) -> bool:
    try:
        return (path / "run.json").is_file() or any(path.glob("labels*.jsonl"))
    except OSError:
        return False


def _runs_near(path: Path) -> list[str]:
    """Runs in the folder, beside it, and one further down."""
    looked_at: dict[Path, None] = {}
    for place in (path, path.parent):
        for folder in _folders(place):
            looked_at[folder] = None
            looked_at.update(dict.fromkeys(_folders(folder)))
            if len(looked_at) > _MOST_LOOKED_AT:
                break
    return [str(folder) for folder in looked_at if _is_run(folder)]


def _folders(place: Path) -> Iterable[Path]:
    try:
        return sorted(folder for folder in place.iterdir() if folder.is_dir())
    except OSError:
        return []
