"""A process that is killed in the midst of an investigation loses nothing that was paid for."""

import os
import signal
import sys
from typing import Any

import pytest
import torch
from neuroscribe.agent.investigate import investigate
from neuroscribe.agent.state import State
from scripted import Scripted, Turn

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")


@pytest.mark.parametrize("turn", [1, 2])
def test_a_kill_in_the_midst_of_a_turn(make_lab, tmp_path, turn):
    path = tmp_path / "c.sqlite"
    word = {"kind": "words", "words": ["cat"]}
    turns: list[Any] = [
        [("hypothesise", {"statement": "cats", "predictor": word})],
        [("survey", {})],
        [("conclude", {"label": "pets", "components": [], "status": "uninterpretable"})],
    ]

    def die(state: State) -> Turn:
        os.kill(os.getpid(), signal.SIGKILL)
        return []

    child = os.fork()
    if child == 0:
        torch.set_num_threads(1)  # a forked process has no pool of threads
        investigate(make_lab(), "planted/0", Scripted([*turns[:turn], die]), checkpoint=path)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    planner, lab = Scripted([*turns, turns[-1]]), make_lab()
    done = investigate(lab, "planted/0", planner, checkpoint=path)
    assert planner.seen[0]["step"] == turn
    assert [item.tool for item in lab.evidence][:2] == ["hypothesise", "survey"]
    assert done.status == "uninterpretable"
