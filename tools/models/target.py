"""A target: the network under study, its tokenizer and its sites."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from .. import cancellation
from ..data.special import Special
from ..errors import UsageError, nearest
from .allocator import keep_freed_memory
from .causal import Spoken
from .fingerprint import fingerprint, sampled_fingerprint
from .forward import Batch, Inputs, Output, caching, forward
from .image_input import ImageInput
from .intervention import Intervention
from .lengths import trace_apart, uneven
from .probe import Probe, dotted, fault, verify
from .site import Chosen, Site
from .trace import Take, Trace, hooked
from .unit import Unit

if TYPE_CHECKING:
    from .clip import Clip
    from .planted import PlantedTruth
    from .restart import Cached, Restarted, Start

Kind = Literal["causal", "encoder", "module", "image"]
Piece = Literal["word", "letter", "token"]


class Target:
    """A network with named sites, read and changed through plain PyTorch hooks.

    One forward at a time: a lock makes it safe to share a target between threads, which then
    take turns. Two targets over one network must not be used at the same time.
    """

    load: ClassVar[Callable[..., "Target"]]
    """Loads a target by name, folder, Hugging Face id or `path/to/file.py:factory`: `load.load`."""

    def __init__(
        self,
        network: nn.Module,
        *,
        name: str,
        kind: Kind,
        sites: Mapping[str, Site],
        tokenizer: Any = None,
        body: nn.Module | None = None,
        context_length: int = 512,
        refused: Mapping[str, str] | None = None,
        probe: Probe | None = None,
        options: Mapping[str, Any] | None = None,
        image: ImageInput | None = None,
        labels: Sequence[str] = (),
        numbers: int = 0,
    ) -> None:
        keep_freed_memory()
        self.network = network.eval().requires_grad_(False)
        self.name = name
        self.kind: Kind = kind
        self.tokenizer = tokenizer
        self.sites: dict[str, Site] = dict(sites)
        """Sites by name; a dotted module path joins them when it is first asked for."""
        self.body = body if body is not None else network
        """The network without its vocabulary head: enough where only activations are wanted."""
        self.context_length = context_length
        self.refused = dict(refused or {})
        """Sites that this network ought to have and cannot give, with the reason."""
        self.probe = probe
        """Runs small forwards that check new sites; None: dotted paths are not offered."""
        self.options = dict(options or {})
        """What `Target.load(target.name, **target.options)` needs to load it again."""
        self.piece: Piece | None = None
        """What one token is; None: not told yet, see `data/vocabularies.py`."""
        self.special: Special | None = None
        """Which special tokens are places; None: see `special_tokens`."""
        self.notes: tuple[str, ...] = ()
        """What was done to weights from a file, in words."""
        self.image = image
        """How pictures become input; None: the target takes none."""
        self.labels = tuple(labels)
        """`[class]`: names of a classifier's outputs, the units of its site `logit`."""
        self.numbers = numbers
        """How many numbers a row has, where it reads rows of numbers; else 0."""
        self.head: Callable[[], nn.Module] | None = None
        """Gives an encoder's network with the head that it was trained with; None: unknown."""
        self.clip: Clip | None = None
        """The model of pictures and phrases of which this network is the half that sees."""
        self.truth: dict[str, PlantedTruth] = {}
        """What planted units compute, by unit name. No tool reads it."""
        self.derive: Callable[[str], Site | None] | None = None
        """Makes sites that need data (`along.2`) when they are first asked for; None for others."""
        self.unverified: set[str] = set()
        """Sites that are verified when they are first used."""
        self.lock = threading.RLock()
        self.restarts: bool | None = None
        """Whether `restart` works here; None: not tried yet."""
        self.trims = False
        """Whether a restart may run the end of its last block on the last place alone."""

    def over(self, network: nn.Module, **changes: Any) -> "Target":
        """A target like this one over a changed copy of its network; `changes` are of `Target`."""
        named = self.network.named_modules()
        path = next((path for path, module in named if module is self.body), "")
        settings: dict[str, Any] = {
            "name": self.name,
            "kind": self.kind,
            "sites": self.sites,
            "tokenizer": self.tokenizer,
            "body": network.get_submodule(path),
            "context_length": self.context_length,
            "refused": self.refused,
            "probe": None if self.probe is None else replace(self.probe, network=network),
            "options": self.options,
            "image": self.image,
            "labels": self.labels,
            "numbers": self.numbers,
        }
        new = Target(network, **{**settings, **changes})
        new.unverified = set(self.unverified)
        new.piece, new.special = self.piece, self.special
        return new

    @property
    def device(self) -> torch.device:
        """Where inputs go."""
        weights = itertools.chain(self.network.parameters(), self.network.buffers())
        return next((w.device for w in weights if w.device.type != "meta"), torch.device("cpu"))

    @property
    def fingerprint(self) -> str:
        """A hash of all weights: the same for the same model, wherever it lies."""
        return fingerprint(self.network)

    @property
    def special_tokens(self) -> Special:
        """Whether special tokens are places as others are: as `special` says, else they `count`
        where the answer of a text is read at them alone. Elsewhere they are left out (`skip`), with
        the first ordinary token of a row where it is an attention sink (`skip-first`)."""
        if self.special is not None:
            return self.special
        from .reading import reading
        from .sink import sink

        found = reading(self)
        if found is not None and found.special:
            return "count"
        return "skip-first" if sink(self) else "skip"

    def is_known_as(self, given: str) -> bool:
        """Whether a record's fingerprint is this network's; earlier records hold one of samples."""
        return given == self.fingerprint or given == sampled_fingerprint(self.network)

    def site(self, name: str) -> Site:
        """The site of that name: a known one, or a module path.

        `encoder.layer.3.output.dense` is that module's output, with `:in` behind it the module's
        input. It is checked by a probe run when it is first asked for.

        Raises:
            UsageError: if there is none; names the nearest ones, or why it cannot be reached.
        """
        if name in self.sites:
            return self._verified(name) if name in self.unverified else self.sites[name]
        if name in self.refused:
            raise UsageError(f"{self.name} has no usable site '{name}': {self.refused[name]}")
        if self.derive is not None and (made := self.derive(name)) is not None:
            return made
        path = name.removesuffix(":in").removesuffix(":out")
        modules = dict(self.network.named_modules())
        if self.probe is not None and path and path in modules:
            return self._dotted(name)
        near = nearest(name, self.sites)
        if self.probe is not None and "." in name:
            near += f"; nearest module paths: {nearest(path, [key for key in modules if key])}"
        raise UsageError(f"{self.name} has no site '{name}'; nearest: {near}")

    def usable(self, names: Sequence[str]) -> list[str]:
        """Those of its sites that can be read and written; `refused` says why others cannot."""
        for name in [name for name in names if name in self.unverified]:
            try:
                self.site(name)
            except UsageError as error:
                self.refused[name] = str(error)
        return [name for name in names if name not in self.refused]

    def add_site(self, site: Site) -> Site:
        """Adds a site of your own, such as a sparse autoencoder's code over a residual stream.

        Raises:
            UsageError: if the probe run shows that it cannot be read and written there.
        """
        if site.module not in dict(self.network.named_modules()):
            raise UsageError(f"{self.name} has no module '{site.module}' for site '{site.name}'")
        if self.probe is not None:
            with self.lock:
                try:
                    good, bad = verify(self.probe, {site.name: site})
                except Exception as error:
                    raise UsageError(f"site '{site.name}' does not work: {error}") from error
            if bad:
                raise UsageError(f"{self.name} cannot use '{site.name}': {bad[site.name]}")
            site = good[site.name]
        self.sites[site.name] = site
        return site

    @cached_property
    def headed(self) -> nn.Module | None:
        """An encoder with its head over this very network, so that hooks see it run."""
        if self.head is None:
            return None
        made: Any = self.head()
        if made.base_model is not self.network:
            setattr(made, made.base_model_prefix, self.network)
        return made.to(self.device).eval().requires_grad_(False)

    @cached_property
    def parameters(self) -> int:
        """How many parameters the network has."""
        return sum(weight.numel() for weight in self.network.parameters())

    def check_output(self) -> None:
        """Raises `UsageError` where no effect on the output of a network of one's own could be
        measured: it is NaN, a choice, or another one at each call."""
        if self.kind == "module" or isinstance(self.network, Spoken):
            why = None if self.probe is None else fault(self.probe)
            if why is not None:
                raise UsageError(f"{self.name} cannot be studied: {why}")

    def unit(self, text: str | Unit) -> Unit:
        """Parses a unit and checks that this target has it."""
        unit = Unit.parse(text) if isinstance(text, str) else text
        site = self.site(unit.site)
        if not 0 <= unit.index < site.units:
            raise UsageError(
                f"{unit}: site {site.name} of {self.name} has units 0 to {site.units - 1}"
            )
        return unit

    def trace(
        self,
        inputs: Inputs | Tensor | Mapping[str, Tensor],
        sites: Sequence[str] = (),
        *,
        interventions: Sequence[Intervention] = (),
        output: Output = True,
        take: Take | None = None,
        instead: Mapping[str, Site] | None = None,
    ) -> Trace:
        """One forward pass.

        Args:
            inputs: Token rows or image rows; for a module that takes none of them, its tensor
                or keyword tensors.
            sites: Names of the sites to return.
            interventions: Changes to carry, in order.
            output: Whether to compute the output too; without it the pass ends behind the last
                site that is read.
                `last`: a causal model's logits at the last attended place of each row alone,
                `[input, vocabulary]`.
            take: Called with each site's name and values as they arise; the trace then holds
                none, and no more than one site's values are in memory.
            instead: By name, sites that are read in the place of those: some of their units, or
                what lies under a code. They are not changed.

        Raises:
            UsageError: for an unknown site, or a row, place or unit that is not there.
            Stopped: where a person asked for it (`tools/cancellation.py`).
        """
        cancellation.check()
        batch = Batch(inputs, self.device, self.image)
        self.check(sites, interventions, *batch.shape)
        if self.kind == "module" and uneven(batch):
            trace = trace_apart(self, batch, sites, interventions, output, instead)
            if take is None:
                return trace
            for name in sites:
                take(name, trace.values[name])
            return Trace({}, trace.output)
        named = {*sites, *(change.site for change in interventions)}
        head = any(self.in_head(self.sites[name]) for name in named)
        raw = None
        with (
            self.lock,
            torch.no_grad(),
            hooked(
                self.network,
                {**self.sites, **(instead or {})},
                sites,
                interventions,
                inputs=batch.shape[0],
                take=take,
                end=output is False and bool(sites),
            ) as values,
        ):
            raw = forward(self, batch, output=output, head=head)
        return Trace(values, raw)

    def activations(self, inputs: Inputs | Tensor, units: Sequence[Unit]) -> Tensor:
        """The units' scalars, signed: `[unit, input, place]`.

        A head gives its norm. A channel of an image gives its value at every pixel, so that its
        readout is the maximum over places. All units must see as many places.
        """
        names = list(dict.fromkeys(unit.site for unit in units))
        of = {name: [i for i, unit in enumerate(units) if unit.site == name] for name in names}
        chosen = {name: [units[i].index for i in of[name]] for name in names}
        some = {name: Chosen.of(self.site(name), chosen[name]) for name in names}
        values = self.trace(inputs, names, output=False, instead=some).values
        columns: list[Tensor] = [values[names[0]].new_empty(0)] * len(units) if names else []
        for name in names:
            scalars = self.sites[name].scalar(values[name])  # [input, place, unit]
            for i, column in zip(of[name], scalars.unbind(2), strict=True):
                columns[i] = units[i].sign * column
        return torch.stack(columns)

    def cache(self, inputs: Inputs) -> "Cached":
        """One clean run of one row of a causal model, from which `restart` goes on."""
        from .restart import cache

        return cache(self, inputs)

    def restart(
        self,
        cached: "Cached",
        interventions: Sequence[Intervention],
        *,
        rows: int = 1,
        sites: Sequence[str] = (),
        output: bool = True,
        logits_at: Literal["last"] | int | None = None,
        start: "Start | None" = None,
    ) -> "Restarted":
        """The cached row again, `rows` times, with interventions: only what they can change runs.

        See `restart.py`; equal to `trace` on the repeated row, from the first changed place on.
        """
        from .restart import restart

        cancellation.check()
        return restart(
            self,
            cached,
            interventions,
            rows=rows,
            sites=sites,
            output=output,
            logits_at=logits_at,
            start=start,
        )

    def write(self, ids: Tensor, cache: Any = None) -> tuple[Tensor, Any]:
        """One step of a causal model that writes; the caller holds the lock.

        Args:
            ids: The next tokens, `[row, place]`.
            cache: The key-value cache of the tokens before; None: there are none.

        Returns:
            The logits behind the last token, `[row, vocabulary]`, and the cache with these tokens.
        """
        if isinstance(self.network, Spoken):  # what it keeps are the tokens
            seen = ids if cache is None else torch.cat([cache, ids], 1)
            return self.network(seen[:, -self.context_length :].to(self.device)).logits[:, -1], seen
        result = self.network(input_ids=ids.to(self.device), **caching(self.network, cache))
        kept = result.cache if hasattr(result, "cache") else result.past_key_values
        return result.logits[:, -1], kept

    def check(
        self,
        sites: Sequence[str],
        interventions: Sequence[Intervention],
        rows: int,
        places: int | None,
    ) -> None:
        """Raises `UsageError` for what an intervention names and the target or inputs lack."""
        for name in sites:
            self.site(name)
        for change in interventions:
            units = self.site(change.site).units
            for what, chosen, size in (
                ("row", change.rows, rows),
                ("place", change.places, places),
                ("unit", change.units, units),
            ):
                if not chosen or size is None:
                    continue
                wrong = next((item for item in chosen if not 0 <= item < size), None)
                if wrong is not None:
                    raise UsageError(
                        f"intervention on {change.site}: {what} {wrong} is not one of the "
                        f"{size} {what}s (0 to {size - 1})"
                    )

    def in_head(self, site: Site) -> bool:
        """Whether a site runs only when the vocabulary head does."""
        if self.body is self.network or site.block is not None:
            return False
        module = self.network.get_submodule(site.module)
        return module is self.network or all(module is not inner for inner in self.body.modules())

    def _dotted(self, name: str) -> Site:
        assert self.probe is not None
        with self.lock:
            result = dotted(self.probe, name)
            self.probe.forget()
            if isinstance(result, str):
                raise UsageError(f"{self.name} cannot use '{name}' as a site: {result}")
            return self.add_site(result)

    def _verified(self, name: str) -> Site:
        site = self.add_site(self.sites[name])
        self.unverified.discard(name)
        return site
