"""Passes what happens in an investigation on to a transcript, if there is one."""

import re
import time
from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from ..tools.evidence import Evidence
from ..tools.llm.usage import Meter
from .description import Description
from .state import Message

if TYPE_CHECKING:
    from .transcript import Recorder

_ID = re.compile(r"\[(E\d+)\]")


class Record:
    """The transcript's writer, or nothing."""

    def __init__(self, recorder: "Recorder | None") -> None:
        self._recorder = recorder

    def message(
        self,
        message: Message,
        *,
        before: Mapping[str, float] | None = None,
        meter: Meter | None = None,
        started: float | None = None,
    ) -> None:
        """A message; with the meter before it, also what it cost."""
        if self._recorder is None:
            return
        more: dict[str, Any] = {}
        if before is not None and meter is not None:
            now = meter.as_dict()
            names = ("tokens_in", "tokens_cached", "tokens_out", "cost", "retries")
            more["usage"] = {name: round(now[name] - before[name], 6) for name in names}
        if started is not None:
            more["seconds"] = round(time.monotonic() - started, 3)
        self._recorder.write("message", message=message, **more)

    def evidence(self, evidence: Evidence) -> None:
        """A tool call with its result."""
        if self._recorder is not None:
            self._recorder.write("evidence", evidence=evidence)

    def ledger(self, rows: list[dict[str, Any]], *, after: str | None) -> None:
        """The rivals' scores."""
        if self._recorder is not None:
            self._recorder.write("ledger", rows=rows, after=after)

    def conclusion(self, description: Description) -> None:
        """The description."""
        if self._recorder is not None:
            self._recorder.write("conclusion", description=description)

    def end(self, ended: str, reason: str | None, meter: Meter) -> None:
        """Why it ended and what it spent."""
        if self._recorder is not None:
            said = ended if reason is None else f"{ended}: {reason}"
            self._recorder.write("end", reason=said, meter=meter.as_dict())

    def again(
        self,
        messages: Iterable[Message],
        evidence: Mapping[str, Evidence],
        rows: list[dict[str, Any]],
    ) -> None:
        """Writes what a checkpoint holds, so that a resumed investigation has a whole record."""
        left = dict(evidence)
        given = list(messages)
        for at, message in enumerate(given):
            self.message(message)
            if message["role"] == "assistant":  # its results stand before its tool messages
                for answer in takewhile(lambda item: item["role"] == "tool", given[at + 1 :]):
                    found = _ID.match(str(answer["content"]))
                    if found is not None and found[1] in left:
                        self.evidence(left.pop(found[1]))
        if rows:
            self.ledger(rows, after=None)
