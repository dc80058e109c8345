"""What is found of a target, and whether it can be trusted: sites, reading and writing, padding.

1. Its rows are ordinary tokens of its vocabulary, a picture of noise, or the factory's example.
2. Findings are what anyone would want to know before an experiment: kind, context, output, sites,
   what is refused and why, how fast a forward is.
3. Checks are run, not assumed: a second call gives what the first gave; a forward with hooks gives
   what one without gives; rows padded to one length give what each gives alone; the parts of the
   residual stream add up; a restart gives what a whole run gives. What fails says what to write.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from ..tools.data.surfaces import surfaces
from ..tools.data.windows import TokenRows, specials
from ..tools.errors import UsageError
from ..tools.models import Target
from ..tools.models.probe import probe_ids
from ..tools.models.reading import Reading, reading
from ..tools.models.spec import split
from ..tools.models.trace import hooked
from ..tools.residual.exact import exact_trace

Status = Literal["ok", "note", "wrong"]
_PLACES = 8
_CLOSE = 1e-4
_SPEED_PLACES = 64


class Check(NamedTuple):
    """One thing that was tried."""

    name: str
    status: Status
    said: str
    """What was seen, and what to do where it is not as it should be."""


class Sites(NamedTuple):
    """Sites of one kind, such as all `mlp.N`."""

    kind: str
    names: tuple[str, ...]
    units: tuple[int, ...]
    """Of each."""
    channels: int
    """Of a unit: more than 1 for heads."""


class Diagnosis(NamedTuple):
    """What `neuroscribe doctor` shows."""

    target: str
    findings: dict[str, str]
    sites: tuple[Sites, ...]
    paths: int
    """Module paths that are sites too."""
    refused: dict[str, str]
    """Why, by site."""
    checks: tuple[Check, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.status != "wrong" for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            **self._asdict(),
            "sites": [each._asdict() for each in self.sites],
            "checks": [each._asdict() for each in self.checks],
            "sound": self.sound,
        }


def diagnose(target: Target) -> Diagnosis:
    """Looks at a target that was loaded.

    Raises:
        UsageError: if it cannot even be run.
    """
    rows = _rows(target)
    kinds: dict[str, list[str]] = {}
    paths = 0
    modules = dict(target.network.named_modules())
    for name in target.sites:
        if name in modules:
            paths += 1
        else:
            kinds.setdefault(name.partition(".")[0], []).append(name)
    output = _output(target, rows)
    checks = list(_checks(target, rows, output))
    usable = {kind: [n for n in names if n in target.sites] for kind, names in kinds.items()}
    sites = [
        Sites(
            kind,
            tuple(names),
            tuple(target.sites[name].units for name in names),
            target.sites[names[0]].channels,
        )
        for kind, names in usable.items()
        if names
    ]
    return Diagnosis(
        target.name,
        _findings(target, rows, output),
        tuple(sites),
        paths,
        dict(target.refused),
        tuple(checks),
    )


def _rows(target: Target) -> Any:
    """Two rows of another length for a reader of text, else what the probe runs on."""
    if target.tokenizer is None or target.image is not None:
        return None
    plain = sorted(
        set(target.tokenizer.get_vocab().values()) - set(target.tokenizer.all_special_ids)
    )
    if not plain:
        raise UsageError(f"{target.name}: its tokenizer has special tokens only")
    before, after = specials(target.tokenizer)
    room = max(1, min(_PLACES, target.context_length) - len(before) - len(after))
    chosen = np.array(plain)[probe_ids(len(plain), room).numpy() % len(plain)]
    short = max(1, room // 2)
    ids = np.zeros((2, room + len(before) + len(after)), np.int32)
    attended = np.zeros(ids.shape, bool)
    for row, n in enumerate((room, short)):
        full = [*before, *chosen[:n].tolist(), *after]
        ids[row, : len(full)] = full
        attended[row, : len(full)] = True
    return TokenRows(ids, attended, attended)


def _output(target: Target, rows: Any, sites: tuple[str, ...] = ()) -> torch.Tensor:
    """The output of a forward, `[row, ...]`; `sites` are read beside it."""
    if rows is None:
        assert target.probe is not None
        if not sites:
            return target.probe.output(2).float()
        with hooked(target.network, target.sites, list(sites), (), inputs=2):
            return target.probe.output(2).float()
    output = target.trace(rows, sites).output
    if output is None:
        raise UsageError(f"{target.name} gives no output")
    return output.float()


def _findings(target: Target, rows: Any, output: torch.Tensor) -> dict[str, str]:
    kinds = {
        "causal": "a causal language model: every place predicts the next token",
        "encoder": "an encoder: every place sees all",
        "image": "a network that sees pictures",
        "module": "a module of its own kind",
    }
    found = {
        "kind": kinds[target.kind],
        "parameters": f"{target.parameters:,}",
        "weights": f"{_dtype(target)} on {target.device}",
        "output": _shape(target, output),
    }
    if target.notes:
        found["weights file"] = "; ".join(target.notes)
    if rows is not None:
        names = surfaces(target)
        special = [names[i] for i in target.tokenizer.all_special_ids]
        found["context"] = f"{target.context_length} tokens"
        found["tokens"] = f"{len(names):,}; special: {', '.join(special[:8]) or 'none'}"
        found["speed"] = _speed(target, rows)
        read = reading(target)
        if read is not None:
            found["answer"] = _read_at(read)
        if special:
            found["special tokens"] = (
                "count as places: the answer is read there"
                if target.counts_special
                else "do not count as places (--special count makes them)"
            )
    if target.labels:
        found["classes"] = f"{len(target.labels):,}: {', '.join(target.labels[:5])}, ..."
    return found


def _read_at(read: Reading) -> str:
    if read.where == "every place":
        return f"read at every place of {read.site}"
    mark = ", a special token" if read.special else ""
    return (
        f"read at {read.where}{mark}: of {read.site} no other place reaches the output; exemplars "
        "and surveys mark such places"
    )


def _dtype(target: Target) -> str:
    weight = next(target.network.parameters(), None)
    return "none" if weight is None else str(weight.dtype).removeprefix("torch.")


def _shape(target: Target, output: torch.Tensor) -> str:
    rest = ", ".join(str(n) for n in output.shape[1:])
    meaning = {"causal": "logits [place, token]", "encoder": "the mean of the last states"}
    return f"[row, {rest}] {meaning.get(target.kind, '')}".strip()


def _speed(target: Target, rows: Any) -> str:
    """Tokens a second of a batch."""
    places = min(_SPEED_PLACES, target.context_length)
    ids = np.resize(rows.ids[0][rows.attended[0]], (8, places)).astype(np.int32)
    batch = TokenRows(ids, np.ones(ids.shape, bool), np.ones(ids.shape, bool))
    target.trace(batch)
    start = time.perf_counter()
    target.trace(batch)
    return f"{ids.size / max(time.perf_counter() - start, 1e-9):,.0f} tokens a second"


def _checks(target: Target, rows: Any, first: torch.Tensor) -> Iterator[Check]:
    yield _finite(target, first)
    yield _compared(
        "a second call",
        lambda: _output(target, rows),
        first,
        "the network changes between calls, or draws at random: no effect can be told from that; "
        "make forward a function of its input (and call .eval())",
    )
    if split(target.name).factory:
        yield _loaded_again(target)
    bad = [name for name in target.sites if not _readable(target, name)]
    names = tuple(name for name in target.sites if name not in bad)
    yield _compared(
        "a forward with hooks",
        lambda: _output(target, rows, names),
        first,
        "reading sites changes the output: the network takes another way when it is hooked",
    )
    yield Check(
        "sites are read and written",
        "note" if bad else "ok",
        f"{len(names)} of {len(names) + len(bad)}"
        + (f"; not: {', '.join(bad[:5])}: {target.refused.get(bad[0], '')}" if bad else ""),
    )
    if rows is not None:
        yield _padding(target, rows, first)
        yield _adds_up(target, rows)
        if target.kind == "causal":
            yield _restarts(target, rows)


def _finite(target: Target, output: torch.Tensor) -> Check:
    kind = torch.float32 if target.probe is None else target.probe.output(2).dtype
    if not kind.is_floating_point:
        said = f"it is {kind}, a choice: return the logits before it, or measure units alone"
        return Check("the output is finite", "wrong", said)
    wrong = int((~torch.isfinite(output)).sum())
    said = f"{wrong:,} of {output.numel():,} values are NaN or infinite" if wrong else "all values"
    return Check("the output is finite", "wrong" if wrong else "ok", said)


def _compared(name: str, run: Callable[[], torch.Tensor], to: torch.Tensor, advice: str) -> Check:
    error = _difference(run(), to)
    if error <= _CLOSE:
        return Check(name, "ok", f"gives the same (largest difference {error:.1g})")
    return Check(name, "wrong", f"differs by {error:.2g} of the output's size: {advice}")


def _loaded_again(target: Target) -> Check:
    """Whether the factory gives the same network each time it is called."""
    name = "loading it again"
    if Target.load(target.name, **target.options).fingerprint == target.fingerprint:
        return Check(name, "ok", "gives the same weights")
    return Check(
        name,
        "wrong",
        "gives other weights: no run could be gone on with; load trained ones (--weights FILE), or "
        "draw them under a seed (torch.manual_seed(0))",
    )


def _difference(one: torch.Tensor, other: torch.Tensor) -> float:
    """The largest difference, relative to the largest value."""
    if one.shape != other.shape:
        return float("inf")
    scale = max(float(other.abs().nan_to_num().max()), 1e-12)
    return float((one - other).abs().nan_to_num(nan=0.0).max()) / scale


def _readable(target: Target, name: str) -> bool:
    try:
        target.site(name)
    except UsageError as error:
        target.refused[name] = str(error)
        return False
    return True


def _padding(target: Target, rows: Any, together: torch.Tensor) -> Check:
    """Whether the shorter row gives alone what it gives beside a longer one."""
    size = int(rows.attended[1].sum())
    if size == rows.ids.shape[1]:
        return Check("padding", "note", "rows have one length only: not tried")
    one = TokenRows(rows.ids[1:, :size], rows.attended[1:, :size], rows.counted[1:, :size])
    alone, beside = _output(target, one), together[1:]
    if alone.ndim > 2 and alone.shape[1] == size:
        beside = beside[:, :size]
    error = _difference(beside, alone)
    if error <= 10 * _CLOSE:
        return Check("padding", "ok", f"changes nothing (largest difference {error:.1g})")
    return Check(
        "padding",
        "wrong",
        f"a shorter row changes by {error:.2g} when a longer one stands beside it: what pads it is "
        "read; use texts of one length, or let forward take attention_mask",
    )


def _adds_up(target: Target, rows: Any) -> Check:
    name = "the residual stream adds up"
    if any(site.startswith(("mlp.", "head.")) for site in target.refused):
        return Check(name, "note", "sites of its blocks were refused, for the reasons above")
    if not any(site.startswith(("mlp.", "head.")) for site in target.sites):
        return Check(
            name,
            "note",
            "no blocks with mlp.N and head.N were found: name them with Model(blocks=..., "
            "sites=...); gradients and patching work without",
        )
    try:
        trace = exact_trace(target, rows)
    except UsageError as error:
        said = str(error).removeprefix(f"{target.name} ")
        return Check(name, "note", f"{said}; gradients and patching work without")
    if trace.architecture.post_norm:
        said = "carried through the norms behind them, with what these divided by kept (post-norm)"
        return Check(name, "ok", f"embeddings and all sub-updates, {said}")
    return Check(name, "ok", "embeddings and all sub-updates are the final residual")


def _restarts(target: Target, rows: Any) -> Check:
    name = "a run that starts in the middle"
    one = TokenRows(rows.ids[:1], rows.attended[:1], rows.counted[:1])
    try:
        target.cache(one)  # checks itself
    except UsageError as error:
        said = str(error).removeprefix(f"{target.name} ")
        return Check(name, "note", f"{said}; whole runs take longer")
    return Check(name, "ok", "gives what a whole run gives")


def counted(sites: Sites) -> str:
    """`mlp.0 .. mlp.5 (6 x 1,536)` or with each size where they differ."""
    sizes = Counter(sites.units)
    span = sites.names[0] if len(sites.names) == 1 else f"{sites.names[0]} .. {sites.names[-1]}"
    each = ", ".join(f"{n} x {size:,}" for size, n in sizes.items())
    return f"{span} ({each}{f', {sites.channels} channels each' if sites.channels > 1 else ''})"
