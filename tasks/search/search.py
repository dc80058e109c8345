"""One object that finds things in a run: by words and meaning, by what units do, by both.

    run = RunSearch("runs/a")
    run.search("weekday names", filters=Filters(score=0.5))
    run.similar("mlp.3/7", by="activations")
    run.groups(by="label")
    run.duplicates()

A run that is still being labelled is read again whenever its files have changed.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ...tools.errors import UsageError, nearest
from .embeddings import AT_ONCE, NEAR, LabelEmbeddings
from .groups import AT_LEAST, duplicates, grouped, identical_labels
from .records import Filters, Record, check_folder, interval, label_of, readable, state_of
from .results import Duplicates, Groups, Hit, Hits, Neighbour, Similar
from .similarity import Similarity, by_activations, by_exemplars, by_label, check_by, same_neuron
from .words import MOST_LETTERS, Query, Words

if TYPE_CHECKING:
    from ..labelling.data import RunData
    from .measure import Activity

_RANK = 60
"""Of reciprocal rank fusion (Cormack et al. 2009): a list adds 1 / (60 + rank)."""
_NEAREST = 3
_COMPARED = 2000


class RunSearch:
    """Search over one run of labels.

    Args:
        folder: The run folder; it may be in use, and may be read-only.
        encoder: Who embeds labels: `minilm`, another sentence encoder, or `none`.
        data: Gives the run's target and windows when they are needed; None: as `run.json` says.

    Raises:
        UsageError: if there is no run, or it has no label yet.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        encoder: str = "minilm",
        data: "Callable[[], RunData] | None" = None,
    ) -> None:
        self.folder = Path(folder)
        self.records: dict[str, Record] = {}
        """What the run says of each unit, as in `labels.jsonl`."""
        self.faults: list[str] = []
        """Lines of its files that are no labels."""
        check_folder(self.folder)
        self._state: object = None
        self._words: Words | None = None
        self._activity: Activity | None = None
        self._data = data
        self._embeddings = LabelEmbeddings(self.folder, encoder)
        self.refresh()
        if not self.records:
            raise UsageError(f"the run in {self.folder} has no labels yet; try again later")

    def refresh(self) -> bool:
        """Reads the labels again if their files have changed; whether they had."""
        from ..labelling.folder import RunFolder

        try:
            state = state_of(self.folder)
            if state == self._state:
                return False
            self.faults = []
            self.records = dict(RunFolder(self.folder).labels(self.faults))
        except OSError as error:
            raise UsageError(f"cannot read the run in {self.folder}: {error.strerror}") from error
        self._state = state
        self._words = None
        self._embeddings.read(self.records)
        return True

    def record(self, unit: str) -> Record:
        """What the run says of one unit.

        Raises:
            UsageError: if it has no label; names the nearest.
        """
        self.refresh()
        name = unit.strip().removesuffix("+")
        if name not in self.records:
            raise UsageError(
                f"the run in {self.folder} has no label of '{readable(unit, most=80)}'; "
                f"nearest: {nearest(name, self.records)}"
            )
        return self.records[name]

    # ---- by words and meaning

    def search(self, query: str = "", limit: int = 10, filters: Filters = Filters()) -> Hits:  # noqa: B008
        """Units whose label answers a query, best first.

        Full text and embeddings each give a ranking; reciprocal rank fusion merges them. Without
        any word in the query, all units that pass the filters, the best scored first.
        """
        self.refresh()
        most = _positive(limit)
        allowed = {unit: self.records[unit] for unit in filters.chosen(self.records)}
        notes = [] if allowed else [f"no unit passes the filters: {filters.english()}"]
        if len(query) > MOST_LETTERS:
            notes.append(f"only the first {MOST_LETTERS} letters of the query were read")
        words = self._words = self._words or Words(self.records)
        requested = words.read(query)
        if not requested.match:
            if query.strip():
                notes.append("there is no word in the query")
            best = sorted(allowed, key=lambda unit: _by_score(allowed[unit]))
            hits = tuple(Hit(unit, allowed[unit], ()) for unit in best[:most])
            return Hits(hits, len(best), len(allowed), ("filters only",), tuple(notes))
        notes += [f"'{word}' is in no label, read as '{near}'" for word, near in requested.read_as]
        cosines, remarks = self._cosines(query, allowed)
        notes += remarks
        by_words = [unit for unit in words.ranked(requested) if unit in allowed]
        by_meaning = sorted(
            (unit for unit, value in cosines.items() if value >= NEAR), key=lambda u: -cosines[u]
        )
        order = _fused([by_words, by_meaning], allowed)
        hits = _hits(order[:most], allowed, words, requested, cosines)
        used = ("full text", *([f"embeddings by {self._embeddings.encoder}"] if cosines else []))
        near = () if order else _nearest(query, allowed, cosines)
        return Hits(hits, len(order), len(allowed), used, tuple(notes), near)

    def embed_labels(self) -> int:
        """Embeds every label that has no embedding yet; how many texts these were."""
        missing = self._embeddings.missing()
        self._embeddings.add(missing)
        return len(missing)

    def _cosines(
        self, query: str, allowed: Mapping[str, Record]
    ) -> tuple[dict[str, float], list[str]]:
        """How near each unit is in meaning, where there are embeddings; and what to say of it."""
        absent = self._embeddings.absent
        if absent is not None or not allowed:
            return {}, [f"searched by words only: {absent}"] if absent else []
        missing = self._embeddings.missing()
        if len(missing) <= AT_ONCE:
            fault = self._embeddings.add(missing)
            near = self._embeddings.cosines(query)
            return {unit: near[unit] for unit in near if unit in allowed}, [fault] if fault else []
        return {}, [
            f"searched by words only: {len(missing)} texts of labels have no embedding yet; "
            f"--embed makes them once (at about 100 a second) and keeps them in {self.folder}"
        ]

    # ---- by what units do

    def similar(
        self,
        unit: str,
        limit: int = 10,
        by: str = "activations",
        filters: Filters = Filters(),  # noqa: B008
    ) -> Similar:
        """Units like this one, most similar first, beside what pairs have by chance.

        Raises:
            UsageError: if the unit has no label, or cannot be compared so.
        """
        self.record(unit)
        name = unit.strip().removesuffix("+")
        similarity = self.similarity(by, dict.fromkeys([name, *filters.chosen(self.records)]))
        if name in similarity.left_out:
            raise UsageError(
                f"{name} cannot be compared by {similarity.by}: it is {similarity.left_out[name]}"
            )
        place = similarity.units.index(name)
        values = similarity.block([place])[0]
        order = [
            i
            for i in sorted(range(len(values)), key=lambda i: -abs(float(values[i])))
            if i != place and not same_neuron(similarity.units[i], name)
        ]
        neighbours = tuple(
            Neighbour(similarity.units[i], self.records[similarity.units[i]], float(values[i]))
            for i in order[: _positive(limit)]
        )
        return Similar(
            name,
            similarity.by,
            similarity.compared,
            neighbours,
            len(order),
            similarity.controls(),
            similarity.error,
        )

    def groups(
        self,
        by: str = "activations",
        at_least: float | None = None,
        filters: Filters = Filters(),  # noqa: B008
    ) -> Groups:
        """Units that share a function, in groups of which every pair reaches the bar."""
        self.refresh()
        bar = AT_LEAST[check_by(by)] if at_least is None else _bar(at_least)
        return grouped(self.similarity(by, filters.chosen(self.records)), self.records, bar)

    def duplicates(
        self,
        at_least: float = 0.9,
        by: str = "activations",
        filters: Filters = Filters(),  # noqa: B008
    ) -> Duplicates:
        """Pairs nearly identical in activations, and identical labels; `label`: only the latter."""
        self.refresh()
        bar = _bar(at_least)
        chosen = {unit: self.records[unit] for unit in filters.chosen(self.records)}
        if check_by(by) == "label":
            return Duplicates(bar, (), identical_labels(chosen), "", ())
        first, second = (self.similarity(name, chosen) for name in ("activations", "exemplars"))
        return duplicates(first, second, chosen, bar)

    def similarity(self, by: str, units: Iterable[str]) -> Similarity:
        """The measure of that name between some units of the run."""
        wanted = list(units)
        if check_by(by) == "label":
            return by_label({unit: self.records[unit] for unit in wanted}, self._embeddings)
        from .measure import activity

        if self._activity is None or not set(self.records) <= set(self._activity.units.tolist()):
            self._activity = activity(self.folder, list(self.records), self._data)
        measure = by_activations if by == "activations" else by_exemplars
        return measure(self._activity, wanted)


def _fused(rankings: Sequence[Sequence[str]], records: Mapping[str, Record]) -> list[str]:
    """Reciprocal rank fusion; of equals, the better scored comes first."""
    total: dict[str, float] = {}
    for ranking in rankings:
        for rank, unit in enumerate(ranking, 1):
            total[unit] = total.get(unit, 0.0) + 1 / (_RANK + rank)
    return sorted(total, key=lambda unit: (-total[unit], _by_score(records[unit])))


def _hits(
    units: Sequence[str],
    records: Mapping[str, Record],
    words: Words,
    asked: Query,
    cosines: Mapping[str, float],
) -> tuple[Hit, ...]:
    where = words.where(asked, units)
    result = []
    for unit in units:
        cosine = cosines.get(unit)
        why = list(where.get(unit, ()))
        if cosine is not None and cosine >= NEAR:
            why.append(f"meaning {cosine:.2f}")
        result.append(Hit(unit, records[unit], tuple(why), cosine))
    return tuple(result)


def _nearest(
    query: str, records: Mapping[str, Record], cosines: Mapping[str, float]
) -> tuple[str, ...]:
    """Units whose labels come nearest, though not near."""
    if cosines:
        return tuple(sorted(cosines, key=lambda unit: -cosines[unit])[:_NEAREST])
    labels = {label_of(records[unit]).lower(): unit for unit in list(records)[:_COMPARED]}
    near = difflib.get_close_matches(readable(query, most=200).lower(), labels, _NEAREST, 0.0)
    return tuple(labels[text] for text in near)


def _by_score(record: Record) -> tuple[bool, float]:
    """For sorting: the highest held-out correlation first, those without one last."""
    score = interval(record)[0]
    return score is None, -(score or 0.0)


def _positive(limit: int) -> int:
    if limit < 1:
        raise UsageError(f"{limit} units are asked for; it must be at least 1")
    return limit


def _bar(at_least: float) -> float:
    if not 0 < at_least <= 1:
        raise UsageError(f"the bar is {at_least}; it must be above 0 and at most 1")
    return at_least
