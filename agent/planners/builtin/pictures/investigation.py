"""The course of a built-in investigation on pictures.

1. Survey the unit; one that never fires is dead. Look at exemplars. Search compositions of atoms
   over explore, and record the best as rivals.
2. Take an active picture that no case explains yet, and draw its parts: the smallest part that
   leaves the unit on is the core (`changes`). Where drawing the picture again does not switch the
   unit on, a few times over, the picture's content is not what it responds to.
3. Draw the core with every value of every attribute, on every background, and beside other things
   (`cases`): what leaves it on is the case; what switches it off is an exception.
4. Again from 2, for active pictures that the cases do not foretell.
5. Foretell fresh scenes (`check`), compare with the rivals, conclude.

Without experiments the best composition of the search is the conclusion; with random ones it is
searched over explore and scenes drawn at random together. Photographs, whose scenes are not known,
are searched alone (`photos`, or `seen` where a network reads them).
"""

from collections.abc import Generator

import numpy as np

from .....tools.evidence import Evidence
from .....tools.predicates import parse
from .....tools.predicates.network_reader import reader_network
from .....tools.scenes.grammar import sample
from .....tools.scenes.scene import Scene
from ..findings import Hypothesis
from ..turns import Calls, Turns
from .cases import Cases, relaxed
from .changes import SubScene, parts_of, simplest, varied
from .course import PictureCourse
from .feature_table import AtomTable, areas, build, joined
from .photos import photos
from .predictive_check import checked
from .rules import CaseList
from .search import correlations, search
from .seen import seen

_CASES = 4
_SEEDS = 6  # active pictures looked at for one case
_RANDOM = 900  # scenes of the comparison that draws at random
_RIVALS = 3
_AGAIN = 3  # drawings that confirm a core
_CLEARLY = 0.1  # of correlation


class Investigation(PictureCourse):
    """One unit in one lab."""

    def turns(self) -> Turns:
        """The turns; each receives the evidence of its calls."""
        findings = self.findings
        if not (yield from self.survey()):
            return
        if self.has("exemplars"):
            shown = {"unit": str(self.unit), "kind": "top"}
            yield Calls("Where is it most active?", (("exemplars", shown),))
        yield from self._searched()
        if self.experiments == "random":
            yield from self._random()
        elif self.experiments == "designed" and self._drawn:
            yield from self._designed()
            self._choose()
        yield from self._recorded()
        if self.experiments == "designed" and self.rule.cases:
            findings.check = yield from checked(self)
        yield from self.measure_effect()

    def fit(self) -> None:
        for _ in self._searched():  # no call, where no picture can be made
            pass

    @property
    def _drawn(self) -> bool:
        """Whether most pictures are scenes that are known."""
        return len(self.known_rows) > 0.5 * len(self.inputs)

    def _searched(self) -> Turns:
        """Searches explore."""
        findings = self.findings
        self.values = self.lab.column(self.unit)[~self.aside, 0].astype(np.float64)  # [image]
        self.scale()
        known = [at for at, picture in enumerate(self.inputs.pictures) if picture.scene is not None]
        self.known_rows = np.array(known, int)
        network = reader_network(self.inputs)
        if self._drawn:
            findings.rivals = search(self._board(), self.values[self.known_rows], most=_RIVALS)
        elif network is not None:
            yield from seen(self, network)
        else:
            yield from photos(self)

    def _board(self) -> AtomTable:
        """The atoms over explore less what is kept aside, shared by a run's investigations."""

        def made() -> AtomTable:
            known = self.inputs.rows(self.known_rows)
            scenes = build([self._scene(row) for row in self.known_rows])
            return joined(scenes, areas(known)) if len(known) else scenes

        return self.lab.memo.once(("picture atoms", id(self.lab.explore)), made)

    def _random(self) -> Generator[Calls, list[Evidence], None]:
        """As many drawings as designed experiments take, at random; then the search over all."""
        scenes = [sample(self.rng) for _ in range(_RANDOM)]
        values = yield from self.draw("Scenes at random.", scenes)
        both = np.concatenate([self.values[self.known_rows], values])
        every = [*(self._scene(row) for row in self.known_rows), *scenes]
        self.findings.rivals = search(build(every), both, most=_RIVALS)

    def _designed(self) -> Generator[Calls, list[Evidence], None]:
        """Case after case."""
        tried: set[int] = set()
        for _ in range(_CASES):
            seeds = self._unexplained(tried)
            if not len(seeds):
                return
            scenes = [self._scene(seed) for seed in seeds]
            again = [varied(scene, self.rng) for scene in scenes for _ in range(2)]
            values = yield from self.draw("Active pictures, drawn again.", again)
            on = self.on(values).reshape(len(scenes), 2).mean(1)
            self.findings.replicated += [float(share) for share in on]
            tried.update(int(seed) for seed in seeds[on < 0.5])
            good = np.flatnonzero(on >= 0.5)
            if not len(good) and not self.rule.cases:
                return
            if not len(good):
                continue
            tried.add(int(seeds[good[0]]))  # the others may be explained by what it gives
            parts = parts_of(scenes[good[0]])
            values = yield from self.draw(
                "Which part of the picture does it need?", [part.scene for part in parts]
            )
            core = yield from self._confirmed(simplest(parts, self.on(values).tolist()))
            if core is None:
                continue
            case = yield from Cases(self, core).found()
            if case is not None:
                self.rule = self.rule.with_case(relaxed(self, case))

    def _confirmed(
        self, parts: list[SubScene]
    ) -> Generator[Calls, list[Evidence], SubScene | None]:
        """The first of these parts that is on again when it is drawn again."""
        again = [varied(part.scene, self.rng) for part in parts for _ in range(_AGAIN)]
        values = yield from self.draw("Is it on again?", again)
        values = values.reshape(len(parts), _AGAIN)
        for part, some in zip(parts, values, strict=True):
            if self.on(some).mean() > 0.5:
                self.stronger(some)
                return part
        return None

    def _choose(self) -> None:
        """Drops cases that explain explore clearly worse than the best composition does."""
        if not self.rule.cases or not self.findings.rivals:
            return
        known = self.known_rows
        predicted = self.rule.holds(self.inputs.rows(known))
        own = float(correlations(predicted[None] > 0, np.nan_to_num(self.values[known]))[0])
        if self.findings.rivals[0].checked > own + _CLEARLY:
            self.rule = CaseList()

    def _unexplained(self, tried: set[int]) -> np.ndarray:
        """Active pictures of explore that no case foretells, strong ones first."""
        predicted = self.rule.holds(self.inputs) > 0
        missed = np.flatnonzero(self.on(self.values) & ~predicted)
        missed = np.array([at for at in missed if int(at) not in tried], int)
        active = self.on(self.values).sum()
        if self.rule.cases and len(missed) < max(2, 0.01 * active):
            return missed[:0]
        order = missed[np.argsort(-self.values[missed])]
        return order[:_SEEDS]

    def _scene(self, row: int) -> Scene:
        scene = self.inputs.pictures[int(row)].scene
        assert scene is not None
        return scene

    def _recorded(self) -> Turns:
        """Records the rule and its rivals, and tests them on explore."""
        rivals = [Hypothesis.of(rival.predicate) for rival in self.findings.rivals]
        if self.rule.cases:
            words = "; or ".join(case.words() for case in self.rule.cases)
            rivals.insert(0, Hypothesis(words, self.rule.predicate()))
        yield from self.record(rivals)
        if not self.findings.parts:
            yield from self._parted()

    def _parted(self) -> Generator[Calls, list[Evidence], None]:
        """Fresh scenes on which the first two rivals differ, so that none stands untested."""
        if self.experiments == "none" or len(self.findings.recorded) < 2:
            return
        first, second = (one.predicate for one in list(self.findings.recorded.values())[:2])
        scenes = [sample(self.rng) for _ in range(400)]
        rows = self.look(scenes)
        one, other = (parse(p).evaluate(rows)[:, 0] >= 0.5 for p in (first, second))
        differ = np.flatnonzero(one != other)[:24]
        if len(differ):
            yield from self.draw(
                "Scenes on which the rivals differ.", [scenes[int(at)] for at in differ]
            )
