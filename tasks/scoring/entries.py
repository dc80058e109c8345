"""What a record says of a unit's scores: a value, alone or with its interval; its specificity."""

from collections.abc import Mapping
from typing import Any

from ...agent.transcript.sections import entry_of, triple

HEADLINES = ("correlation", "cosine", "auprc", "f1", "iou", "gain_over_lookup")
"""The scores that stand beside a description."""
_NAMED = 5
_SHARES = {
    "base": "token identity only",
    "ideas": "components only",
    "shared": "either",
    "both": "both together",
}
_WORDS = {
    "pairs": "same-{kind} pairs right",
    "auroc": "AUROC of active against silent {places}",
    "rank": "rank correlation with the activation",
}


def value_of(scores: Mapping[str, Any] | None, name: str) -> float | None:
    """A score's value, whether it is kept with its interval or alone; None where there is none."""
    entry = entry_of(scores, name)
    return entry.get("value") if isinstance(entry, Mapping) else entry


def judged_pictures(line: Any) -> bool:
    """Whether a judge was shown pictures; few of them are pairs, so that the AUROC leads."""
    return isinstance(line, Mapping) and line.get("shown") == "pictures"


def words_value(scores: Mapping[str, Any] | None) -> float | None:
    """What leads of a judge's scores: pairs right, of pictures the AUROC."""
    name = "auroc" if judged_pictures(entry_of(scores, "words")) else "pairs"
    return value_of(scores, f"words.{name}")


def beside_within(scores: Mapping[str, Any] | None) -> list[str]:
    """What stands beside scores within tokens, a line each: the bigram table, the reference."""
    out = []
    for name, what in (("bigram", "bigram table"), ("reference", "reference")):
        auroc = value_of(scores, f"within.{name}.auroc")
        if isinstance(auroc, (int, float)):
            reader = entry_of(scores, f"within.{name}.reader")
            said = f"{what} ({reader}'s states)" if isinstance(reader, str) else what
            correlation = value_of(scores, f"within.{name}.correlation")
            middle = f", correlation {correlation:.3f}" if correlation is not None else ""
            out.append(f"{said}: AUROC {auroc:.3f}{middle}")
    return out


def shares_words(scores: Mapping[str, Any] | None) -> str:
    """What explains the held-out variance (`scores.shares`), in one line; empty without it."""
    out = []
    for name, what in _SHARES.items():
        value, low, high = triple(entry_of(scores, f"shares.{name}"))
        if value is None:
            return ""
        ends = "" if low is None or high is None else f" (95% {low:.1%} .. {high:.1%})"
        out.append(f"{what} {value:.1%}{ends}")
    return ", ".join(out)


def reach_words(scores: Mapping[str, Any] | None) -> str:
    """How many held-out places the scores leave out (`scores.out_of_reach`); empty without."""
    lost, of = (entry_of(scores, f"out_of_reach.{name}") for name in ("places", "of"))
    if not isinstance(lost, int) or not isinstance(of, int):
        return ""
    return f"scores leave out {lost:,} of {of:,} held-out places, which cannot reach the output"


def also_words(scores: Mapping[str, Any] | None) -> str:
    """How a description does on other data (`scores.also`); empty without."""
    value, low, high = triple(entry_of(scores, "also.correlation"))
    documents = entry_of(scores, "also.documents")
    if value is None or low is None or high is None or not isinstance(documents, int):
        return ""
    table, *_ = triple(entry_of(scores, "also.tokens"))
    beside = "" if table is None else f"; the table of tokens {table:.2f}"
    return (
        f"on other data, {documents:,} documents: correlation {value:.2f} "
        f"(95% {low:.2f} .. {high:.2f}){beside}"
    )


def words_lines(line: Any) -> list[str]:
    """What a judge could do with the words of a label (`scores.words`), a line each; else empty."""
    if not isinstance(line, Mapping):
        return []
    out = []
    kind, places = ("kind", "pictures") if judged_pictures(line) else ("token", "places")
    for name, what in _WORDS.items():
        value, low, high = triple(line.get(name))
        if value is not None:
            ends = "" if low is None or high is None else f" (95% {low:.2f} .. {high:.2f})"
            out.append(f"{what.format(kind=kind, places=places)} {value:.2f}{ends}")
    for name, what in (("shuffled", "another unit's"), ("against", "another run's")):
        rival = line.get(name)
        if isinstance(rival, Mapping):
            known = [
                (k, value_of(rival, key)) for k, key in (("pairs", "pairs"), ("AUROC", "auroc"))
            ]
            said = ", ".join(f"{k} {v:.2f}" for k, v in known if v is not None) or "no pairs"
            out.append(f"under {what} label '{rival.get('label')}': {said}")
    picked = line.get("retrieval")
    if isinstance(picked, Mapping):
        right = "picked" if picked.get("right") else "not picked"
        out.append(f"{right} among {picked.get('among')} units")
    out += [str(line["reason"])] if line.get("reason") else []
    out += [str(text) for text in line.get("warnings") or ()]
    return [f"judged by {line.get('judge')}", *out]


def reference_line(scores: Mapping[str, Any] | None) -> list[str]:
    """The reference of a unit of pictures, a line; none where there is none."""
    value = value_of(scores, "reference.correlation")
    if value is None:
        return []
    low, high = (entry_of(scores, f"reference.correlation.{end}") for end in ("low", "high"))
    reader = entry_of(scores, "reference.reader")
    between = f" [{low:.2f}, {high:.2f}]" if isinstance(low, float) else ""
    return [f"reference, ridge from {reader}'s states: correlation {value:.3f}{between}"]


def specificity_words(entry: Any) -> str:
    """The `specificity` of a record in words; empty where there is none."""
    if not isinstance(entry, Mapping) or not isinstance(entry.get("n"), int):
        return ""
    shared = [str(one.get("unit")) for one in entry.get("shared") or () if isinstance(one, Mapping)]
    rest = (entry.get("shared_count") or len(shared)) - _NAMED
    more = f" and {rest} more" if rest > 0 else ""
    same = f"; shared with {', '.join(shared[:_NAMED])}{more}" if shared else ""
    p, middle = entry.get("p"), entry.get("median_of_controls")
    if not isinstance(p, (int, float)) or not isinstance(middle, (int, float)):
        return (
            f"not known: {entry['n']} of {entry.get('looked_at')} units of its site are active "
            f"about as often and as strongly, {entry.get('least')} are needed{same}"
        )
    return (
        f"p = {p:.2g}: correlation {entry.get('score', 0):.2f} here, as high on "
        f"{entry.get('as_high_count')} of {entry['n']} matched units, whose median is "
        f"{middle:.2f}{same}"
    )
