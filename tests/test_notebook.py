"""The notebook runs from top to bottom, in a kernel of its own."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "docs" / "notebook.ipynb"


@pytest.mark.filterwarnings("default")
def test_every_cell_runs_and_prints(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import nbformat
        from nbclient import NotebookClient
    monkeypatch.setenv("FWF_CASE", str(demo))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)  # what is committed holds no stale answers
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent.parent)}}).execute()
    shown = [c for c in notebook.cells if c.cell_type == "code" and c.outputs]
    assert len(shown) >= 6
