"""The notebooks run in a fresh kernel, and what is committed is what they show."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


def read(name: str) -> Any:
    return nbformat.read(NOTEBOOKS / name, 4)  # type: ignore[no-untyped-call]


def outputs(notebook: Any) -> list[list[tuple[str, Any]]]:
    """Of each code cell: the kinds of its outputs, with the text of those that are text."""
    return [
        [(output.output_type, output.get("text")) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_committed_with_its_outputs(name: str) -> None:
    notebook, figures = read(name), 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        assert len(cell.source.splitlines()) <= 16
        assert cell.execution_count is not None
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            figures += "image/png" in output.get("data", {})
            assert not re.search(r"/(home|root|work|tmp|usr)/|0x[0-9a-f]{6}", str(output.get("text", "")))
    assert figures >= 12


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_runs_and_shows_the_same(name: str, tmp_path: Path) -> None:
    """No error, no warning, and no output but what is committed, to the last printed digit."""
    notebook = read(name)
    committed = outputs(notebook)
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert outputs(notebook) == committed
