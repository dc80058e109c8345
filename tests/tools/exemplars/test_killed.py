"""kill -9 at any moment, then the same call: the very bytes of an undisturbed run."""

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import os, random, signal, sys, time
from pathlib import Path
import torch
torch.set_num_threads(1)  # no worker threads: the process forks
from torch import nn
from neuroscribe.tools.exemplars import build_index
from neuroscribe.tools.exemplars import places
from neuroscribe.tools.models import Site, Target
sys.path.insert(0, sys.argv[3])
from token_rows import random_windows

places._TOKENS = places._FEWEST = 100

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.table, self.up, self.down = nn.Embedding(64, 8), nn.Linear(8, 32), nn.Linear(32, 8)
    def forward(self, input_ids, attention_mask=None):
        time.sleep(0.002)
        return self.down(torch.relu(self.up(self.table(input_ids))))

sites = {
    "mlp": Site("mlp", "down", "input", 32, floor=0.0),
    "out": Site("out", "down", "output", 8),
}
target = Target(Net(), name="net", kind="module", sites=sites)
windows = random_windows(400)
folder = Path(sys.argv[1])

(folder / "cut0").mkdir()  # as a kill during the first write leaves it
(folder / "cut0" / ".work.json.123.0a1b2c3d").write_text("{")

def build(name):
    build_index(target, windows, ["mlp", "out"], folder / name, k=6, sample=300, state_every=0)

def contents(name):
    files = (folder / name).rglob("*")
    return {str(p.relative_to(folder / name)): p.read_bytes() for p in files
            if p.is_file() and p.name != "owner.lock"}

started = time.monotonic()
build("whole")
whole, seconds = contents("whole"), time.monotonic() - started
killed = part = 0
draw = random.Random(5)
for turn in range(10 * int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        build(f"cut{part}")
        os._exit(0)
    time.sleep(draw.uniform(0, seconds / 2))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    killed += os.WIFSIGNALED(status)
    part += not os.WIFSIGNALED(status) or killed % 3 == 0  # a build that ended, or three kills
    if killed == int(sys.argv[2]):
        break
for name in [f"cut{number}" for number in range(part + 1)]:
    build(name)
    assert contents(name) == whole, name
print("killed", killed)
"""


@pytest.mark.parametrize("times", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_killed(times, tmp_path):
    pytest.importorskip("fcntl")
    support = Path(__file__).parents[2] / "support"
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path), str(times), str(support)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["killed", str(times)]
