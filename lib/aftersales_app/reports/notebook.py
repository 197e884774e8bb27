"""One notebook, run and checked: a cell that promised to show something and did not is a failure, never a success."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill as pm
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from aftersales.charts.figure import PLOTLY_TYPE
from aftersales.sources.masking import masked_error
from aftersales.words.errors import error_words, uncoloured
from aftersales.words.language import Language, say
from aftersales.words.prose import localised
from aftersales_app.engine.process_state import RENDERER
from aftersales_app.engine.tidied import tidied
from aftersales_app.environment import environment
from aftersales_app.reports.job import Engine

SHOW = "show"
_ENGINES: dict[Engine, str | None] = {"in-process": "aftersales", "kernel": None}


@dataclass(frozen=True)
class Execution:
    """An executed notebook; ``reason`` and ``traceback`` say why where it failed."""

    notebook: NotebookNode
    reason: str | None = None
    traceback: str = ""


def executed_notebook(
    path: Path,
    *,
    parameters: Mapping[str, Any],
    engine: Engine,
    output: Path,
    variables: Mapping[str, str],
    language: Language,
) -> Execution:
    """Run a notebook with these parameters and environment variables and write it, executed, to ``output``.

    It runs in its own folder, as in JupyterLab. The executed notebook is there in case of failure too.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    failure: PapermillExecutionError | None = None
    with ExitStack() as stack:
        stack.enter_context(environment({**variables, "PLOTLY_RENDERER": RENDERER}))
        extra = _kernel_settings(stack) if engine == "kernel" else {}
        try:
            notebook = pm.execute_notebook(
                _as_template(path),
                _as_template(output),
                parameters=dict(parameters),
                engine_name=_ENGINES[engine],
                kernel_name="python3",
                language="python",
                cwd=str(path.parent),
                progress_bar=False,
                request_save_on_cell_execute=False,
                autosave_cell_every=0,
                **extra,
            )
        except PapermillExecutionError as error:
            notebook, failure = nbformat.read(output, as_version=4), error
    if failure is not None or engine == "kernel":  # else it was tidied before papermill wrote it
        nbformat.write(_without_values(tidied(notebook)), output)
    if failure is None:
        return Execution(notebook, _promise_broken(notebook, path.stem, language))
    reason = say(
        "reports.failed.cell",
        language,
        notebook=path.stem,
        count=failure.exec_count or "–",
        section=_section_of(notebook, failure.exec_count, language),
        error=error_words(failure.ename, failure.evalue, language),
    )
    return Execution(notebook, reason, uncoloured("\n".join(failure.traceback)))


def _without_values(notebook: NotebookNode) -> NotebookNode:
    """The executed notebook, its errors without the cells they quote."""
    for output in (o for cell in notebook.cells for o in cell.get("outputs", []) if o.output_type == "error"):
        output.evalue = masked_error(output.evalue)
        output.traceback = [masked_error(line) for line in output.traceback]
    return notebook


def _as_template(path: Path) -> str:
    """A path for papermill, which takes braces in it for places to put parameters."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _kernel_settings(stack: ExitStack) -> dict[str, Any]:
    # sockets in a private folder: nothing listens on the network, and two kernels never meet
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="as-", ignore_cleanup_errors=True))
    transport = {"transport": "ipc", "ip": f"{folder}/k"}
    return {"shutdown_kernel": "immediate", "config": Config({"KernelManager": transport})}


def unshown_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """The cells tagged ``show`` that have no output the page can show, or an error."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and SHOW in cell.metadata.get("tags", []):
            kinds = [output.output_type for output in cell.outputs]
            if "error" in kinds or not any(_has_html(output) for output in cell.outputs):
                yield cell


def shown_outputs(notebook: NotebookNode) -> int:
    """How many outputs of the notebook a page can show."""
    return sum(_has_html(output) for cell in notebook.cells for output in cell.get("outputs", []))


def _has_html(output: NotebookNode) -> bool:
    data = output.get("data", {})
    html = data.get("text/html", "")
    return bool((html if isinstance(html, str) else "".join(html)).strip()) or PLOTLY_TYPE in data


def _promise_broken(notebook: NotebookNode, name: str, language: Language) -> str | None:
    cell = next(unshown_cells(notebook), None)
    if cell is None:
        return None
    return say(
        "reports.failed.nothing_shown",
        language,
        notebook=name,
        count=cell.execution_count or "–",
        section=_section_of(notebook, cell.execution_count, language),
    )


def _section_of(notebook: NotebookNode, count: int | None, language: Language) -> str:
    heading = "–"
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (
            found := re.findall(r"^#{1,3}\s+(.+)$", localised(cell.source, language), re.M)
        ):
            heading = found[-1].strip()
        if cell.cell_type == "code" and count is not None and cell.execution_count == count:
            break
    return heading
