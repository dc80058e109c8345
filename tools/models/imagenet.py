"""The 1,000 classes of ImageNet (ILSVRC 2012; Russakovsky et al. 2015), and groups of them.

Groups are the classes under some synsets of WordNet 3.0 (Fellbaum 1998): dogs, vehicles, musical
instruments. They overlap: terriers are dogs, dogs are mammals.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def class_names() -> tuple[str, ...]:
    """`[class]`: each with its synonyms, the usual name first: `tench, Tinca tinca`."""
    return tuple(line.partition(" ")[2] for line in _data()["classes"])


@cache
def class_ids() -> tuple[str, ...]:
    """`[class]`: the WordNet id, with which file names of ImageNet begin: `n01440764`."""
    return tuple(line.partition(" ")[0] for line in _data()["classes"])


@cache
def class_groups() -> dict[str, tuple[int, ...]]:
    """Numbers of classes by the name of their group, large groups first."""
    return {name: tuple(_numbers(ranges)) for name, ranges in _data()["groups"].items()}


def _numbers(ranges: str) -> list[int]:
    """`3-5,9` as 3, 4, 5, 9."""
    ends = [part.partition("-") for part in ranges.split(",")]
    return [i for first, _, last in ends for i in range(int(first), int(last or first) + 1)]


@cache
def _data() -> dict[str, Any]:
    file = files("neuroscribe.tools.models").joinpath("imagenet.json")
    return json.loads(file.read_text(encoding="utf-8"))
