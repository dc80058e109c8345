"""Number types that not every device has."""

import re
from pathlib import Path

import neuroscribe.tools as tools


def test_float64_is_made_on_the_cpu_alone():
    """An Apple GPU has no float64: a tensor goes to the CPU before it becomes one."""
    folder = Path(tools.__file__).parent
    wrong = [
        f"{path.relative_to(folder)}: {line.strip()}"
        for path in folder.rglob("*.py")
        for line in path.read_text().splitlines()
        if re.search(r"(?<!\.cpu\(\))\.double\(\)", line)
        or re.search(r"float64, device=|float64\)\.to\(", line)
    ]
    assert not wrong
