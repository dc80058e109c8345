"""Checks that many tests make: of tools' calls, of what is refused, of numbers; tables of cases."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from neuroscribe.tools.activations.records import inputs_of
from neuroscribe.tools.errors import UsageError
from neuroscribe.tools.evidence import Evidence
from neuroscribe.tools.lab import Lab
from neuroscribe.tools.registry import call

Given = Mapping[str, Any] | None
"""Arguments of a call; more of them may be given by name."""


def tables(test_file: str, name: str | None = None) -> dict[str, Any]:
    """The tables of cases beside a test file, in JSON; or those of another file beside it."""
    path = Path(test_file) if name is None else Path(test_file).with_name(f"{name}.py")
    return json.loads(path.with_suffix(".json").read_text())


def refused(said: str, function: Callable[..., Any], *args: Any, **options: Any) -> str:
    """Checks that a call is refused in one line that matches `said`; gives the line."""
    with pytest.raises(UsageError, match=said) as caught:
        function(*args, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def done(lab: Lab, tool: str, given: Given = None, **more: Any) -> Evidence:
    """The evidence of a call of a tool that succeeds."""
    found = call(lab, tool, {**(given or {}), **more})
    assert found.error is None, found.error
    return found


def rejects(said: str, lab: Lab, tool: str, given: Given = None, **more: Any) -> None:
    """Checks that a call of a tool fails and says so."""
    assert said in (call(lab, tool, {**(given or {}), **more}).error or "")


def made_again(lab: Lab, items: Sequence[Mapping[str, Any]], *, rel: float = 1e-5) -> None:
    """Checks that recorded pictures, made again, activate the unit as the record says."""
    again = lab.activations(inputs_of(lab, items), [lab.unit])[0, :, 0]
    assert again.tolist() == pytest.approx([item["activations"][0] for item in items], rel=rel)


def close(one: Any, other: Any, step: float = 1e-4) -> None:
    """Checks that two tensors are the same within `step`, relative and absolute."""
    one, other = (torch.as_tensor(x).float() for x in (one, other))
    torch.testing.assert_close(one, other, rtol=step, atol=step)
