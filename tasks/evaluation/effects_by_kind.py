"""Are planted effects told apart? What is said of units that write toward their own concept, toward
other words, nothing, or the same as a twin.

    named       one of the words that it really writes toward is among those it is said to raise
    at best     the same for the words nearest to what it really writes: far from every planted
                direction has its own words among them
    by chance   the same for what is said of another unit with other words: names that fit anyway
    causal      its effect is said to be causal or weakly causal, beside matched units
    no effect   no effect is shown
    redundant   another unit is said to make up for it
    its twin    the twin is found to write the same way and to fire with it (twins only), whatever
                both do together: two units that add up are no redundant ones

Matched units may be planted too, so that one planted effect stands beside others as large.

Units whose effect was not measured (dead ones) are counted in `missing`, and nowhere else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ...tools.statistics.causal_rule import SHOWN
from ...tools.statistics.intervals import mean, share

RELATIONS = ("own", "other", "nothing", "twin")
COLUMNS = ("named", "at best", "by chance", "causal", "no effect", "redundant", "its twin")
WANTED = {"own": "named", "other": "named", "nothing": "no effect", "twin": "its twin"}
"""What should be said of each."""
Records = Sequence[Mapping[str, Any]]


def effects_by_kind(records: Records) -> dict[str, Any]:
    """Shares with their intervals by relation; empty where no record has causal evidence."""
    known = [r for r in records if _scores(r) and r.get("promotes") is not None]
    result: dict[str, Any] = {}
    for relation in RELATIONS:
        part = [r for r in known if r["relation"] == relation]
        if not part:
            continue
        writing = [r for r in part if r["promotes"]]
        twins = [r for r in part if r.get("twins")]
        result[relation] = {
            "n": len(part),
            "missing": sum(r["relation"] == relation and not _scores(r) for r in records),
            "named": share(named(_raised(r), r["promotes"]) for r in writing),
            "at best": share(r["nameable"] for r in writing if r.get("nameable") is not None),
            "by chance": mean([_by_chance(r, known) for r in writing]),
            "causal": share(_scores(r)["verdict"] in SHOWN for r in part),
            "no effect": share(_scores(r)["verdict"] == "no effect shown" for r in part),
            "redundant": share(bool(_scores(r)["redundant_with"]) for r in part),
            "its twin": share(bool(set(r["twins"]) & set(_scores(r)["alike"])) for r in twins),
        }
    return result


def named(said: str, words: Sequence[str]) -> bool:
    """Whether a sentence has one of the words in quotes."""
    return any(f"'{word.lower()}'" in said.lower() for word in words)


def _raised(record: Mapping[str, Any]) -> str:
    """What the effect's sentence says is raised, without what it says is lowered."""
    words = (record["record"].get("effect") or {}).get("words", "")
    return words.partition("; lowers")[0].partition("; away from")[0]


def _by_chance(record: Mapping[str, Any], records: Records) -> float | None:
    """The share of other units, with other words, whose sentence would name this unit's."""
    mine = set(record["promotes"])
    others = [
        named(_raised(r), record["promotes"])
        for r in records
        if r["bench"] == record["bench"] and r["promotes"] and not mine & set(r["promotes"])
    ]
    return sum(others) / len(others) if others else None


def _scores(record: Mapping[str, Any]) -> Mapping[str, Any]:
    return record["record"].get("effect_scores") or {}
