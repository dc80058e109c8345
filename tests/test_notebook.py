"""The notebook of the documentation runs as it stands, and shows what it says."""

import os
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "neuroscribe.ipynb"


@pytest.mark.slow
@pytest.mark.readme
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs for cell in cells), "outputs are stripped"
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    pages = [
        str(output.data["text/html"])
        for cell in cells
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    run, answer, shown, ablated, known = pages
    assert "colours" in run
    assert "planted/4" in answer
    assert 'class="heat"' in shown
    assert "falls by" in ablated
    assert "recovered" in known
