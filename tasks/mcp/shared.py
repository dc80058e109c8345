"""What all clients of one server share, and what each has to itself.

Shared: the target, the windows of explore, what tools computed from these alone (`memo`), the run.
Each client has a `Notebook`: a lab with its own evidence, meter and folder for pictures.
"""

import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ...agent.planners import language_model
from ...tools.data.windows import TokenWindows
from ...tools.errors import UsageError
from ...tools.evidence import EvidenceStore
from ...tools.exemplars import ExemplarIndex
from ...tools.images.backends import Backend, open_backend
from ...tools.lab import Lab
from ...tools.llm.client import LLM
from ...tools.memo import Memo
from ...tools.models import Target, Unit
from ...tools.predicates.judging import REQUESTS, Judge, judge_of
from ...tools.registry import Tool, offered
from ..asking import all_tools as _belt  # noqa: F401  registers every tool
from ..asking.data import default_data
from ..labelling.data import check_data, load_data
from ..labelling.folder import RunFolder
from ..labelling.results import read_run
from ..labelling.settings import Settings
from ..labelling.trusted import allowed, load_allowed
from ..search.search import RunSearch

TOKENS = 20_000
"""Of all three splits of the corpus, where neither user nor run say how many."""


@dataclass(frozen=True)
class Notebook:
    """One client's lab."""

    lab: Lab
    pictures: "TemporaryDirectory[str]"
    """Where its tools put pictures; removed with the notebook."""


@dataclass(frozen=True)
class Shared:
    """What every client experiments on."""

    target: Target
    explore: TokenWindows
    """Token windows, or image rows, of the explore split: nothing else of the corpus is kept."""
    settings: Settings
    run: RunFolder | None = None
    search: RunSearch | None = None
    """The run as tools search it."""
    unit: Unit | None = None
    llm: LLM | None = None
    reader: Target | None = None
    """A second network that reads texts."""
    judge: Judge | None = None
    """Who reads places; all clients together have its limit."""
    backends: Mapping[str, Backend] = field(default_factory=dict)
    memo: Memo = field(default_factory=Memo)
    index: ExemplarIndex | None = None

    def notebook(self) -> Notebook:
        """A new client's."""
        folder = TemporaryDirectory(prefix="neuroscribe-mcp-", ignore_cleanup_errors=True)
        lab = Lab(
            self.target,
            self.explore,
            evidence=EvidenceStore(Path(folder.name)),
            llm=self.llm,
            seed=self.settings.seed,
            unit=self.unit,
            memo=self.memo,
            backends=self.backends,
            reader=self.reader,
            judge=self.judge,
            open=True,
            run=self.search,
            index=self.index,
        )
        return Notebook(lab, folder)

    def tools(self, lab: Lab) -> dict[str, Tool]:
        """The tools that clients may call, by name: a planner's own acts are none of them."""
        return {name: item for name, item in offered(lab).items() if not item.action}


def settings_of(run: Path | None, **given: Any) -> Settings:
    """The settings of a run, so far as its folder may name them, with what the user gave instead.

    Args:
        run: The folder of a run; None: there is none.
        given: `target`, `data`, `tokens`, `seed`, `length`, `images`, `reader`,
            `direction`, `special`; None: not given.

    Raises:
        UsageError: if there is no run in the folder, no target is named, the data is not there, or
            the run names what may not be loaded (`tools/models/trust.py`).
    """
    given["context_length"] = given.pop("length")
    given["images"] = tuple(given["images"]) if given["images"] else None
    named = {key: value for key, value in given.items() if value is not None}
    if run is not None:
        labels = read_run(RunFolder(run))
        kept = allowed(
            run,
            {**labels.facts, "settings": labels.settings},
            target=named.get("target"),
            data=named.get("data"),
            images=named.get("images"),
            reader=named.get("reader"),
        )
    elif "target" in named:
        kept = Settings(target=named["target"], units="", data="", tokens=TOKENS)
    else:
        raise UsageError("name a model with --target, or a run with --run")
    settings = replace(kept, **named)
    if settings.data:
        check_data(settings.data)
    return settings


def open_shared(
    settings: Settings,
    *,
    run: Path | None = None,
    unit: str | None = None,
    planner: str | None = None,
    base_url: str | None = None,
    judge: str | None = None,
    judge_requests: int = REQUESTS,
    index: Path | None = None,
    named: str | None = None,
    device: str | None = None,
    trust_remote_code: bool = False,
) -> Shared:
    """Loads everything; whatever is printed meanwhile goes to stderr.

    Args:
        settings: What `settings_of` gave.
        run: The folder of a run whose labels are served.
        unit: The unit that tools mean by default.
        planner: `openai:MODEL`, for the tools that ask a language model.
        base_url: Its endpoint.
        judge: `openai:MODEL` there reads places for `judged`; None: the planner's model.
        judge_requests: To the judge in all.
        index: An exemplar index of this model over this corpus.
        named: The target that the person named; None: it is the run's.
        device: cpu, cuda, mps.
        trust_remote_code: Run the model's own code.

    Raises:
        UsageError: if the target, the data, the unit or a model is unusable.
    """
    llm = None if planner is None else language_model(planner, base_url=base_url)
    judged_by = judge_of(judge, llm, base_url=base_url, limit=judge_requests)
    backends = {spec: open_backend(spec) for spec in settings.images}
    print(f"neuroscribe: loading {settings.target}", file=sys.stderr)
    with redirect_stdout(sys.stderr):
        target = load_allowed(
            run,
            settings,
            target=named,
            trust_remote_code=trust_remote_code,
            device=device,
        )
        target.check_output()
        settings = replace(settings, data=settings.data or default_data(target))
        whole = load_data(target, settings)
        studied = None if unit is None else target.unit(unit)
        bench = replace(whole, windows={"explore": whole.windows["explore"]})
        search = None if run is None else RunSearch(run, data=lambda: bench)
    folder = None if run is None else RunFolder(run)
    explore = bench.windows["explore"]
    found = None if index is None else ExemplarIndex.open(index, target=target, windows=explore)
    reader = None if target.image is not None else whole.reader  # pictures carry theirs
    readers = {"llm": llm, "reader": reader, "judge": judged_by}
    return Shared(
        target,
        explore,
        settings,
        folder,
        search,
        studied,
        backends=backends,
        index=found,
        **readers,
    )
