"""The resources: what a client may read, each under a `neuroscribe://` address."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

import mcp_types as types

from ...agent.statuses import CONFIDENCE
from ...agent.transcript import read
from ...tools.errors import UsageError, nearest
from ...tools.evidence import plain
from ...tools.io.plain_text import clip
from ...tools.lab import Lab
from ..labelling.folder import RunFolder
from ..labelling.results import LabelRun, UnitLabel, read_run
from .shared import Shared

MOST_LABELS = 500
"""Of one reading of all labels."""
_JSON, _TEXT = "application/json", "text/plain"
_ARGUMENTS = 300  # letters of a call's arguments in a transcript


class Content(NamedTuple):
    """What a resource holds."""

    kind: str
    """Its MIME type."""
    text: str


class Resources:
    """The resources of one server."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def listed(self) -> list[types.Resource]:
        """Those that need no name."""
        found = [_resource("target", "The model: its sites with their sizes, and the corpus.")]
        if self._shared.run is not None:
            found += [
                _resource("run", "The run of labels: settings, facts, how many of each status."),
                _resource("labels", f"Its labels, {MOST_LABELS} a reading; ?start=N for more."),
            ]
        return found

    def templates(self) -> list[types.ResourceTemplate]:
        """Those that are named by an id or a unit."""
        found = [_template("evidence/{id}", "Everything that a result of yours measured.", _JSON)]
        if self._shared.run is not None:
            found += [
                _template("labels/{unit}", "A unit's label with its parts and scores.", _JSON),
                _template("transcripts/{unit}", "How a unit was investigated, to read.", _TEXT),
            ]
        return found

    def read(self, lab: Lab, uri: str) -> Content:
        """One of them.

        Args:
            lab: Of the client that reads.
            uri: Its address; a unit in it may be percent-encoded or as it is.

        Raises:
            UsageError: if there is none; names what there is.
        """
        parts = urlsplit(uri)
        name = unquote(parts.path.lstrip("/"))
        if parts.scheme != "neuroscribe":
            raise UsageError(f"{uri} is no resource of this server: those are neuroscribe://...")
        if parts.netloc == "target":
            return _json(self._target())
        if parts.netloc == "evidence":
            if name not in lab.evidence:
                ids = [item.id for item in lab.evidence]
                raise UsageError(
                    f"you have no result '{name}'; "
                    + (f"yours are {ids[0]} to {ids[-1]}" if ids else "you have none yet")
                )
            kept = asdict(lab.evidence[name])
            return _json({key: value for key, value in kept.items() if key != "images"})
        if parts.netloc in ("run", "labels", "transcripts"):
            return self._of_run(parts.netloc, name, _start(parts.query))
        known = [item.uri for item in self.listed()] + [
            item.uri_template for item in self.templates()
        ]
        raise UsageError(f"there is no resource {uri}; nearest: {nearest(uri, known)}")

    def _target(self) -> dict[str, Any]:
        target, explore = self._shared.target, self._shared.explore
        return {
            "name": target.name,
            "kind": target.kind,
            "sites": {name: site.units for name, site in target.sites.items()},
            "corpus": self._shared.settings.data,
            "explore": {"windows": len(explore), "places": int(explore.counted.sum())},
            "labels": list(target.labels or ()),
        }

    def _of_run(self, what: str, name: str, start: int) -> Content:
        if self._shared.run is None:
            raise UsageError("this server was started without a run of labels (--run)")
        run = read_run(self._shared.run)
        if what == "run":
            return _json(run.as_dict()["run"])
        if what == "labels" and not name:
            return _json(_page(run, start))
        unit = run.named(name)
        if what == "labels":
            return _json(unit.as_dict())
        return Content(_TEXT, "\n".join(_told(self._shared.run, unit)))


def _page(run: LabelRun, start: int) -> dict[str, Any]:
    """Labels in few words, with a note of how to read on."""
    shown = run.units[start : start + MOST_LABELS]
    end = start + len(shown)
    more = f"; read on at neuroscribe://labels?start={end}" if end < len(run.units) else ""
    note = f"{len(shown)} of {len(run.units)} labels{more}"
    return {"note": note, "confidence": CONFIDENCE, "labels": [_short(unit) for unit in shown]}


def _short(unit: UnitLabel) -> dict[str, Any]:
    confidence = unit.record.get("confidence")
    names = ("unit", "label", "status", "correlation")
    return {**{name: getattr(unit, name) for name in names}, "confidence": confidence}


def _told(folder: RunFolder, unit: UnitLabel) -> Iterator[str]:
    """A transcript as a person reads it: what was said, what was run, what came out."""
    where = unit.record.get("transcript")
    if not where:
        raise UsageError(f"the run kept no transcript of {unit.unit}")
    transcript = read(folder.path / str(where))
    header = transcript.header
    yield f"{unit.unit} of {header['target']['name']}, by {header.get('planner')}"
    for event in transcript.events:
        if event["event"] == "message":
            said = event["message"].get("content")
            if event["message"].get("role") == "assistant" and isinstance(said, str) and said:
                yield f"\n{said.strip()}"
        elif event["event"] == "evidence":
            item = transcript.evidence[event["evidence"]["id"]]
            given = clip(json.dumps(item.arguments, ensure_ascii=False), _ARGUMENTS)
            yield f"\n[{item.id}] {item.tool}({given})\n{item.text}"
    yield f"\nEnded: {transcript.ended or 'interrupted'}. Label: {unit.label or unit.status}"


def _start(query: str) -> int:
    given = parse_qs(query).get("start", ["0"])[0]
    if not given.isdecimal():
        raise UsageError(f"start={given} is no number")
    return int(given)


def _json(value: Any) -> Content:
    return Content(_JSON, json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")))


def _resource(name: str, description: str) -> types.Resource:
    return types.Resource(
        uri=f"neuroscribe://{name}", name=name, description=description, mime_type=_JSON
    )


def _template(path: str, description: str, kind: str) -> types.ResourceTemplate:
    return types.ResourceTemplate(
        uri_template=f"neuroscribe://{quote(path, safe='/{}')}",
        name=path.partition("/")[0],
        description=description,
        mime_type=kind,
    )
