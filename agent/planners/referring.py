"""Long predictors of recorded hypotheses, sent back by their ids.

Every request sends the whole conversation again, and a predictor may take thousands of tokens.
Once it is recorded its id says the same to the tools, and a few words say it to the model. What
stands before the newest turn never changes, so that an endpoint may go on from what it kept of the
last request.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from ..state import Message

_LONG = 240
"""Letters of a call's arguments that are worth an id."""
_RECORDED = re.compile(r"recorded as (H\d+): (.*)")


def referred(messages: Sequence[Message]) -> list[Message]:
    """The conversation with such predictors as `{"kind": "hypothesis", "id": "H3"}`."""
    said = {m["tool_call_id"]: m.get("content") for m in messages if m["role"] == "tool"}
    return [
        {**m, "tool_calls": [_brief(call, said.get(call["id"])) for call in m["tool_calls"]]}
        if m.get("tool_calls")
        else m
        for m in messages
    ]


def _brief(call: dict[str, Any], said: Any) -> dict[str, Any]:
    """A call of `hypothesise` that was recorded, with the id in place of a long predictor."""
    function = call["function"]
    found = _RECORDED.search(said) if isinstance(said, str) else None
    if function["name"] != "hypothesise" or found is None or len(function["arguments"]) <= _LONG:
        return call
    given = json.loads(function["arguments"])
    given["predictor"] = {"kind": "hypothesis", "id": found[1], "english": found[2]}
    return {**call, "function": {**function, "arguments": json.dumps(given)}}
