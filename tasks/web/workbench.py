"""The target and its corpus: loaded when first measured on, shared by all browsers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ...tools.errors import UsageError
from ...tools.lab import Lab
from ...tools.memo import Memo
from ...tools.models import Target, Unit
from ...tools.predicates.judging import Judge
from ..asking.data import default_data
from ..labelling.data import RunData, load_data
from ..labelling.settings import Settings


@dataclass
class Workbench:
    """What the playground and people's descriptions are measured on.

    One piece of work at a time uses it: see `busy`.

    Args:
        settings: Of the run; without one, with the target and data that were named. Empty data are
            a corpus whose words the target knows.
        load: Loads the target; raises where it may not be loaded.
        judge: Who reads places for `judged` predictors.
    """

    settings: Settings
    load: Callable[[Settings], Target]
    judge: Judge | None = None
    busy: threading.RLock = field(default_factory=threading.RLock)
    loaded: Target | None = None
    """The target, once it is there."""
    _bench: RunData | None = None
    _memo: Memo = field(default_factory=Memo)

    @property
    def target(self) -> Target:
        """The target.

        Raises:
            UsageError: if it cannot be loaded.
        """
        with self.busy:
            if self.loaded is None:
                self.loaded = self.load(self.settings)
            return self.loaded

    @property
    def bench(self) -> RunData:
        """Target, corpus and windows.

        Raises:
            UsageError: if the corpus cannot be read.
        """
        with self.busy:
            if self._bench is None:
                target = self.target
                data = self.settings.data or default_data(target)
                self._bench = load_data(target, replace(self.settings, data=data))
            return self._bench

    def lab(self) -> Lab:
        """A bench for one measurement, on the explore split."""
        windows = self.bench.windows["explore"]
        return Lab(
            self.target,
            windows,
            seed=self.settings.seed,
            memo=self._memo,
            reader=self.bench.reader,
            judge=self.judge,
        )

    @property
    def reads_meaning(self) -> bool:
        """Whether predictors can say `like` or `judged`."""
        return self.settings.reader is not None or self.judge is not None

    def unit(self, text: str) -> Unit:
        """A unit of the target.

        Raises:
            UsageError: if there is none of that name; names the nearest.
        """
        if not text.strip():
            raise UsageError(f"name a unit, such as {next(iter(self.target.sites))}/0")
        return self.target.unit(text.strip())
