"""The executed notebook without machine paths and random ids, so that only its times differ between runs."""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode


def tidied(notebook: NotebookNode) -> NotebookNode:
    """The same notebook, tidied."""
    record = notebook.metadata.get("papermill", {})
    for name in ("input_path", "output_path"):
        record[name] = Path(record.get(name) or "").name
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
        elif "papermill-error-cell-tag" in tags:
            cell.id = f"error-{number}"
    return notebook
