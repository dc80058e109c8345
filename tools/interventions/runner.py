"""Runs many changed copies of one prompt and measures each.

1. The clean run is cached (`Target.cache`); a model that cannot be restarted is traced in full.
2. Rows with changes are sorted by the block and the place at which they begin and cut into batches
   of bounded memory; every batch is one restart at (block, place).
3. A row whose one change is linear in the residual stream (see `writes.py`) adds its term to the
   residual stream behind its block, and begins at the next block.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from ..data.tokens import surfaces
from ..errors import UsageError
from ..metrics.metric import Metric
from ..metrics.prompt import Prompt, TargetPrompts
from ..metrics.readings import rival, saturation
from ..models import Cached, Intervention, Start, Target
from ..models.forward import whole_output
from ..models.intervention import apply_all
from .writes import Writes, writes

FLOATS = 4 * 2**20
"""Floats of the widest activation of one batch."""
_MOST = 512
_STEP = 8  # rows whose first places differ by less than this share a batch

Row = Sequence[Intervention]
"""What one row carries; the interventions name no rows."""


class Runner:
    """One prompt on one target under one metric."""

    def __init__(
        self, target: Target, prompt: Prompt, metric: Metric, *, floats: int = FLOATS
    ) -> None:
        self.target, self.prompt, self.floats = target, prompt, floats
        self.cached: Cached | None = None
        if target.kind == "encoder" and not metric.whole:
            raise UsageError(
                f"{target.name} is an encoder and predicts no next token: effects on a target "
                "token need a causal model"
            )
        if target.kind == "causal" and target.restarts is not False and not metric.whole:
            try:
                self.cached = target.cache(prompt)
            except UsageError:
                if target.restarts is not False:
                    raise
        self.ends = metric.places
        """How many of the last places are measured."""
        self.metric = metric
        if metric.whole:
            logits = self._whole_run([()])[:, None]
        else:
            logits = self._ended(self.cached.logits) if self.cached else self._traced([()])
        _finite(target, logits)
        self.logits: Tensor = logits[0]
        """`[vocabulary]` of the clean run's last place; `[place, vocabulary]` where several are
        measured; `[1]`, the metric itself, where it is not about such logits alone."""
        self.metric = metric.with_clean(self.logits)
        self.before = float(self.logits if metric.whole else self.metric(self.logits[None]))
        """The metric on the clean run."""
        self.vocabulary = int(logits.shape[-1])
        self._values: dict[str, Tensor] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report has to say of the numbers."""
        sure = self._saturation()
        out = [] if sure is None else [sure]
        dtype = self.logits.dtype
        if dtype in (torch.float16, torch.bfloat16):
            out.append(
                f"the model computes in {str(dtype).removeprefix('torch.')}: effects below about "
                f"{self.rounding:.1g} are rounding"
            )
        return tuple(out)

    def _saturation(self) -> str | None:
        """What is said where the target is nearly sure; see `saturation`."""
        metric = self.metric
        if metric.token is None or metric.other is not None or metric.kind == "kl":
            return None
        p = self.before if metric.kind == "probability" else math.exp(min(0.0, self.before))
        names = () if self.target.tokenizer is None else surfaces(self.target)
        tokens = (metric.token, *metric.more)
        measured = "".join(names[t] if t < len(names) else f"#{t}" for t in tokens)
        other = None if metric.more else rival(self.logits, metric.token, names)
        return saturation(p, measured, other)

    @property
    def rounding(self) -> float:
        """How far rounding alone may move the metric."""
        largest = float(self.logits.float().abs().max())
        return torch.finfo(self.logits.dtype).eps * max(1.0, largest)

    def values(self, site: str) -> Tensor:
        """The site's clean values, `[place, unit]` or `[place, unit, channel]`."""
        if site not in self._values:
            self.read([site])
        return self._values[site]

    def read(self, sites: Sequence[str]) -> None:
        """Reads the clean values of many sites in one pass."""
        missing = [site for site in dict.fromkeys(sites) if site not in self._values]
        for site in missing:
            self.target.site(site)
        if missing:
            result = self.target.trace(self.prompt.inputs, missing, output=False).values
            self._values.update({site: result[site][0] for site in missing})

    def writes(self, site: str) -> Writes | None:
        """The shortcut from a site into the residual stream, where there is one."""
        return None if self.cached is None else writes(self.target, site, self.prompt)

    def measure(self, rows: Sequence[Row]) -> Tensor:
        """The metric of every changed row, float64 `[row]`.

        Raises:
            UsageError: for what an intervention names and the target lacks, or an output that is
                not finite.
        """
        places = None if self.prompt.tokenless else self.prompt.places
        for row in rows:
            self.target.check([], row, 1, places)
        out = torch.zeros(len(rows), dtype=torch.float64)
        if self.cached is None:
            many = self._many(self.prompt.places)
            for at in range(0, len(rows), many):
                part = rows[at : at + many]
                whole = self.metric.whole
                run = self._whole_run(part) if whole else self._numbers(self._traced(part))
                out[at : at + many] = run.cpu().double()
            return out
        keys = [self._begins(row) for row in rows]
        idle = {at for at, row in enumerate(rows) if self._idle(row, keys[at])}
        out[sorted(idle)] = self.before
        order = sorted(set(range(len(rows))) - idle, key=lambda at: keys[at])
        for part in self._batches(order, keys):
            direct, block, place = keys[part[0]]
            if direct:
                where = (block, place)
                states = torch.stack([self._state(rows[at], *where) for at in part])
                out[part] = self._restarted(states, block, place)
            else:
                changes = _in_one_batch([rows[at] for at in part])
                logits = self.target.restart(
                    self.cached, changes, rows=len(part), logits_at=self._logits_at
                ).output
                assert logits is not None
                out[part] = self._numbers(self._whole(logits))
        return out

    def from_changes(self, block: int, place: int, changes: Tensor) -> Tensor:
        """The metric where something is added to what goes into a block, float64 `[row]`.

        Args:
            block: The block; as many as there are: behind the last.
            place: The first changed place.
            changes: `[row, place, d]`, from `place` on.
        """
        many = self._many(changes.shape[1])
        base = self.state(block)[place:]
        parts = [
            self._restarted(base + changes[i : i + many], block, place)
            for i in range(0, len(changes), many)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64)

    def state(self, block: int) -> Tensor:
        """What goes into a block in the clean run, `[place, d]`."""
        assert self.cached is not None
        if block < len(self.cached.states):
            return self.cached.states[block][0]
        return self.values(f"resid.{block - 1}")

    def change(self, edit: Intervention) -> Tensor:
        """By how much an intervention changes its units in the clean run.

        `[place, unit]` (`[..., channel]`), at its own places and units.
        """
        old = self.values(edit.site)
        places = list(range(len(old))) if edit.places is None else list(edit.places)
        old = old[places] if edit.units is None else old[places][:, list(edit.units)]
        new = old[None].clone()
        apply_all(new, [Intervention(edit.site, None, edit.scale, edit.shift)])
        return new[0] - old

    def written(self, edit: Intervention) -> Tensor | None:
        """What an intervention adds to the residual stream behind its block, `[place, d]`.

        At its own places; None where that is not linear and direct.
        """
        known = self.writes(edit.site)
        if known is None or not bool(self.values(edit.site).isfinite().all()):
            return None
        change = self.change(edit)
        if known.weight is None and edit.units is not None:
            full = change.new_zeros(len(change), self.target.site(edit.site).units)
            full[:, list(edit.units)] = change
            return full
        units = None if edit.units is None else torch.tensor(edit.units, device=change.device)
        return known.change(change, units)

    def _begins(self, row: Row) -> tuple[bool, int, int]:
        """Whether a row goes by the shortcut, its first block and its first place."""
        place = min((min(change.places or (0,)) for change in row), default=0)
        if len(row) == 1:
            known = self.writes(row[0].site)
            if known is not None and bool(self.values(row[0].site).isfinite().all()):
                return True, known.block, place
        blocks = [self.target.site(change.site).block for change in row]
        depth = len(self.cached.states) if self.cached else 0
        return False, min((depth - 1 if b is None else b for b in blocks), default=0), place

    def _idle(self, row: Row, key: tuple[bool, int, int]) -> bool:
        """Whether a row cannot change what is measured: behind the last block, at other places."""
        direct, block, _ = key
        if not row:
            return True
        places, first = row[0].places, self.prompt.places - self.ends
        assert self.cached is not None
        return (
            direct
            and block == len(self.cached.states)
            and places is not None
            and max(places) < first
        )

    def _batches(
        self, order: Sequence[int], keys: Sequence[tuple[bool, int, int]]
    ) -> Iterator[list[int]]:
        part: list[int] = []
        for i in order:
            if part:
                first, here = keys[part[0]], keys[i]
                full = len(part) >= self._many(self.prompt.places - first[2])
                if full or here[:2] != first[:2] or here[2] - first[2] >= _STEP:
                    yield part
                    part = []
            part.append(i)
        if part:
            yield part

    def _state(self, row: Row, block: int, place: int) -> Tensor:
        (edit,) = row
        state = self.state(block)[place:].clone()  # [place, d]
        written = self.written(edit)
        assert written is not None
        places = range(self.prompt.places) if edit.places is None else edit.places
        state[[p - place for p in places]] += written
        return state

    def _restarted(self, states: Tensor, block: int, place: int) -> Tensor:
        assert self.cached is not None
        logits = self.target.restart(
            self.cached,
            [],
            rows=len(states),
            logits_at=self._logits_at,
            start=Start(block, place, states),
        ).output
        assert logits is not None
        return self._numbers(self._whole(logits))

    @property
    def _logits_at(self) -> Any:
        return "last" if self.ends == 1 else self.ends

    def _ended(self, logits: Tensor) -> Tensor:
        """What is measured of logits `[row, place, vocabulary]`."""
        return logits[:, -1] if self.ends == 1 else logits[:, -self.ends :]

    def _whole(self, logits: Tensor) -> Tensor:
        """A restart's logits, with the clean run's at measured places before it began."""
        missing = self.ends - logits.shape[1] if self.ends > 1 else 0
        if not missing:
            return logits
        before = self.logits[:missing].expand(len(logits), -1, -1)
        return torch.cat([before, logits], 1)

    def _whole_run(self, rows: Sequence[Row]) -> Tensor:
        """A metric of any kind, `[row]`, off whole runs with changes."""
        batch, metric = self.prompt.repeated(len(rows)), self.metric
        changes, wanted = _in_one_batch(rows), whole_output(self.target)
        run = self.target.trace(batch, metric.sites, interventions=changes, output=wanted)
        return metric.of(run.output, run.values)

    def _traced(self, rows: Sequence[Row]) -> Tensor:
        batch, changes = self.prompt.repeated(len(rows)), _in_one_batch(rows)
        with torch.no_grad():
            wanted = "last" if self.ends == 1 else True
            output: Any = self.target.trace(batch, interventions=changes, output=wanted).output
        if output is None or output.ndim not in (2, 3):
            raise UsageError(
                f"{self.target.name} gives no logits [input, place, vocabulary] or "
                "[input, vocabulary] to measure a target token on"
            )
        if output.ndim == 2 and self.ends > 1:
            raise UsageError(
                f"{self.target.name} gives logits of one place alone, so that a target of several "
                "tokens cannot be measured; use --several first"
            )
        return self._ended(output) if output.ndim == 3 else output

    def _numbers(self, logits: Tensor) -> Tensor:
        _finite(self.target, logits)
        return self.metric(logits).cpu().double()

    def _many(self, places: int) -> int:
        if self.prompt.tokenless:
            sizes = [math.prod(s.grid or (1,)) * s.units for s in self.target.sites.values()]
            return max(1, min(_MOST, self.floats // max(sizes, default=1)))
        widest = max((s.units * s.channels for s in self.target.sites.values()), default=1)
        inner = max(
            (s.units * s.channels for n, s in self.target.sites.items() if n != "logit"), default=1
        )
        ends = self.ends if self.ends == 1 or self.cached is not None else places
        floats = max(places * inner, ends * getattr(self, "vocabulary", widest), 1)
        return max(1, min(_MOST, self.floats // floats))


def runners_of(target: Target, read: TargetPrompts) -> list[Runner]:
    """One for each prompt."""
    return [Runner(target, row, m) for row, m in zip(read.prompts, read.metrics, strict=True)]


def _in_one_batch(rows: Sequence[Row]) -> list[Intervention]:
    """What all rows carry, each at its own number."""
    return [change.at(rows=[i]) for i, row in enumerate(rows) for change in row]


def _finite(target: Target, logits: Tensor) -> None:
    if not bool(torch.isfinite(logits).all()):
        raise UsageError(
            f"the output of {target.name} is not finite (NaN or infinity) on this prompt: effects "
            "on it cannot be measured; look for the site where it begins, or use 32 bits"
        )
