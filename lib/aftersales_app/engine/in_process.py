"""A papermill engine that runs notebooks inside this process: imports are paid once, then many notebooks run.

Starting a kernel and importing polars and plotly is nearly the whole cost of a small report. A worker process that
runs one notebook after another in an IPython shell of its own saves that, if every notebook gets a fresh namespace and
finds the process as the first one found it (``process_state``). There is no protection from a notebook that kills
the process, and no interrupt: both are the business of the worker pool (``batch``).
"""

from __future__ import annotations

import atexit
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.engines import Engine
from traitlets import Type
from traitlets.config import Config

from aftersales_app.engine.process_state import restored_process_state
from aftersales_app.engine.tidied import tidied

# what ipykernel writes too, so that both engines leave the same notebook
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": ".".join(map(str, sys.version_info[:3])),
}


class Outputs:
    """The outputs of the cell that runs now, in the order in which they come."""

    def __init__(self) -> None:
        self.cell: NotebookNode = NotebookNode(outputs=[], execution_count=None)
        self.shown: dict[str, list[NotebookNode]] = {}
        self.clear_before_next = False

    def begin(self, cell: NotebookNode, execution_count: int) -> None:
        """Collect for this cell from now on."""
        cell.outputs, cell.execution_count = [], execution_count
        self.cell, self.clear_before_next = cell, False

    def add(self, output: NotebookNode) -> None:
        """Append one output; text of one stream in a row becomes one output, as nbclient does it."""
        self._clear_if_due()
        last = self.cell.outputs[-1] if self.cell.outputs else None
        if output.output_type == "stream" and last and last.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            self.cell.outputs.append(output)

    def show(self, output: NotebookNode, *, display_id: str | None, update: bool) -> None:
        """Append a display, or renew the earlier ones of that display id."""
        if update:
            for earlier in self.shown.get(display_id or "", []):
                earlier.data, earlier.metadata = output.data, output.metadata
            return
        if display_id:
            self.shown.setdefault(display_id, []).append(output)
        self.add(output)

    def clear(self, *, wait: bool) -> None:
        """Drop the cell's outputs now, or when the next one comes."""
        self.clear_before_next = True
        if not wait:
            self._clear_if_due()

    def _clear_if_due(self) -> None:
        if self.clear_before_next:
            self.cell.outputs, self.clear_before_next = [], False


class _Stream(io.TextIOBase):
    encoding = "utf-8"  # type: ignore[assignment]

    def __init__(self, name: str, outputs: Outputs) -> None:
        self.name, self.outputs = name, outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if text:
            self.outputs.add(new_output("stream", name=self.name, text=text))
        return len(text)


class _Publisher(DisplayPublisher):
    def publish(
        self, data: Any, metadata: Any = None, *args: Any, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        shown = new_output("display_data", data=dict(data), metadata=dict(metadata or {}))
        self.shell.outputs.show(  # type: ignore[union-attr]
            shown, display_id=(transient or {}).get("display_id"), update=update
        )

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear(wait=wait)  # type: ignore[union-attr]


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        """No prompt: the execution count stands in the output."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        outputs: Outputs = self.shell.outputs  # type: ignore[union-attr]
        count = outputs.cell.execution_count
        outputs.add(
            new_output("execute_result", data=dict(format_dict), metadata=dict(md_dict or {}), execution_count=count)
        )

    def finish_displayhook(self) -> None:
        self._is_active = False

    def flush(self) -> None:
        """Let go of the results shown. IPython's own also clears up all memory, a quarter of the time of a report."""
        self.shell.user_ns.get("_oh", {}).clear()  # type: ignore[union-attr]
        self._ = self.__ = self.___ = ""


class NotebookShell(InteractiveShell):
    """An IPython shell whose results, displays, prints and errors become notebook outputs."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    outputs: Outputs

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.outputs.add(new_output("error", ename=etype.__name__, evalue=str(evalue), traceback=list(stb)))


@contextmanager
def notebook_shell() -> Iterator[NotebookShell]:
    """A new shell that `get_ipython()` finds while it lasts; an outer shell is put back afterwards."""
    families = list(NotebookShell._walk_mro())
    outer = {family: family.__dict__.get("_instance") for family in families}
    main = sys.modules["__main__"]
    for family in families:
        family._instance = None
    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    shell = NotebookShell.instance(config=config)
    shell.outputs = Outputs()
    formatter: Any = shell.display_formatter
    formatter.active_types = formatter.format_types
    streams = sys.stdin, sys.stdout, sys.stderr
    # nobody is there to answer: reading ends at once instead of waiting for ever
    sys.stdin, sys.stdout, sys.stderr = (
        io.StringIO(),
        _Stream("stdout", shell.outputs),
        _Stream("stderr", shell.outputs),
    )
    try:
        yield shell
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        atexit.unregister(shell.atexit_operations)  # or every shell lives until the process ends
        shell.atexit_operations()
        shell.restore_sys_module_state()
        sys.stdin, sys.stdout, sys.stderr = streams
        sys.modules["__main__"] = main
        shell.user_ns.clear()
        for family, instance in outer.items():
            family._instance = instance


def run_cell(shell: NotebookShell, cell: NotebookNode) -> bool:
    """Run one code cell, its outputs written into it; whether it went well."""
    shell.outputs.begin(cell, shell.execution_count)
    result = shell.run_cell(cell.source, store_history=True)
    well = result.success and not any(output.output_type == "error" for output in cell.outputs)
    return bool(well or "raises-exception" in cell.metadata.get("tags", []))


class InProcessEngine(Engine):
    """papermill's engine ``aftersales``: the notebook runs in this process, in a shell and namespace of its own."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **_: Any) -> None:
        """Run all code cells in order up to the first that fails, keeping papermill's own record."""
        with restored_process_state(), notebook_shell() as shell:
            _run_cells(nb_man, lambda cell: run_cell(shell, cell))
        nb_man.nb.metadata["language_info"] = dict(LANGUAGE_INFO)
        tidied(nb_man.nb)


def _run_cells(nb_man: Any, run: Callable[[NotebookNode], bool]) -> None:
    for index, cell in enumerate(nb_man.nb.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        nb_man.cell_start(cell, index)
        try:
            well = run(cell)
            if not well:
                nb_man.cell_exception(cell, cell_index=index)
                break
        finally:
            nb_man.cell_complete(cell, cell_index=index)
