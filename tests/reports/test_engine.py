"""Both engines leave the same notebook, and one notebook leaves nothing behind for the next."""

from __future__ import annotations

import random
import re
import subprocess
import sys
import warnings

import nbformat
import plotly.io as pio
import polars as pl
import pytest
from toy_notebooks import CHART, toy

from aftersales_app.reports.notebook import executed_notebook

OUTPUTS = (
    ("print('one'); print('two')", ""),
    ("import sys; print('warned', file=sys.stderr)", ""),
    ("import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1, 2, 3], x=['a', 'b', 'c']))", "show"),
    ("go.Figure(go.Scatter(y=[1, 2])).show()", "show"),
    (CHART, "show"),
    ("import polars as pl\npl.DataFrame({'shop': [shop], 'week': [week]})", "show"),
    (
        "from IPython.display import HTML, display\nh = display(HTML('<b>first</b>'), display_id='x')\n"
        "h.update(HTML('<b>then</b>'))\n'last expression'",
        "show",
    ),
    ("from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')", ""),
    ("hidden = 5; hidden;", ""),
    ("import asyncio\nawait asyncio.sleep(0)\nget_ipython().user_ns['hidden'], __name__, _", ""),
    ("%%capture caught\nprint('swallowed')", ""),
    ("caught.stdout, display_id if (display_id := None) else 'none'", ""),
    ("import os\nos.environ['AFTERSALES_COMMIT'], language", ""),
)


def run(path, tmp_path, engine, name="out", **parameters):
    given = {"shop": "basic", "week": "2026-W45", "language": "en"} | parameters
    return executed_notebook(
        path, parameters=given, engine=engine, output=tmp_path / f"{name}.{engine}.ipynb",
        variables={"AFTERSALES_COMMIT": "12"}, language="en",
    )  # fmt: skip


def comparable(notebook):
    """Outputs as both engines must leave them: text without colours, and the run's own paths in tracebacks aside."""
    found = []
    for cell in notebook.cells:
        outputs = [dict(o) for o in cell.get("outputs", [])]
        for output in outputs:
            if output["output_type"] == "error":
                output["traceback"] = re.sub(r"\x1b\[[0-9;]*m", "", output["traceback"][-1])
        found.append((cell.cell_type, cell.source, cell.get("execution_count"), outputs))
    return found


def test_both_engines_leave_the_same_outputs(tmp_path):
    path = toy(tmp_path, "01-outputs", *OUTPUTS)
    here, kernel = run(path, tmp_path, "in-process"), run(path, tmp_path, "kernel")
    assert here.reason is None
    assert kernel.reason is None
    assert comparable(here.notebook) == comparable(kernel.notebook)
    assert here.notebook.metadata.papermill.parameters == kernel.notebook.metadata.papermill.parameters
    assert [c.metadata.papermill.status for c in here.notebook.cells] == ["completed"] * len(here.notebook.cells)
    counts = [c.execution_count for c in here.notebook.cells if c.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))


def test_both_engines_fail_alike(tmp_path):
    path = toy(tmp_path, "01-fails", "'fine'", "1 / 0", "'never reached'")
    here, kernel = run(path, tmp_path, "in-process"), run(path, tmp_path, "kernel")
    assert here.reason == kernel.reason
    assert "ZeroDivisionError: division by zero" in here.reason
    assert "The answer" in here.reason
    assert "1 / 0" in here.traceback
    assert comparable(here.notebook) == comparable(kernel.notebook)
    statuses = [
        [c.metadata.papermill.status for c in n.notebook.cells if c.cell_type == "code"] for n in (here, kernel)
    ]
    assert statuses[0] == statuses[1]


@pytest.mark.parametrize(
    "source", ["def (", "raise SystemExit(3)", "class Bad:\n    def _repr_html_(self): 1 / 0\nBad()"]
)
def test_every_kind_of_error_is_one(tmp_path, source):
    done = run(toy(tmp_path, "01-bad", source), tmp_path, "in-process")
    assert done.reason is not None


def test_our_own_errors_speak_for_themselves(tmp_path):
    source = "from aftersales.words.errors import DataError\nraise DataError('Nothing computed', hint='look again')"
    done = run(toy(tmp_path, "01-ours", source), tmp_path, "in-process")
    assert "Nothing computed. Hint: look again" in done.reason
    assert "DataError" not in done.reason


def test_a_notebook_finds_the_process_as_the_first_one_did(tmp_path):
    dirty = """import os, random, sys, warnings, locale, decimal, plotly.io as pio, polars as pl, numpy as np
os.environ['LEFT_BEHIND'] = '1'; del os.environ['AFTERSALES_COMMIT']
os.chdir('/'); pio.renderers.default = 'json'; pio.templates.default = 'plotly_dark'
warnings.simplefilter('error'); sys.argv.append('x'); sys.path.insert(0, '/nowhere')
pl.Config.set_tbl_rows(1); decimal.getcontext().prec = 3; random.seed(1); np.random.seed(1)
sys.displayhook = print; left = 'behind'"""
    look = """import os, random, sys, decimal, plotly.io as pio, polars as pl, numpy as np
from pathlib import Path
('LEFT_BEHIND' in os.environ, os.environ['AFTERSALES_COMMIT'], Path.cwd().name, pio.renderers.default,
 pio.templates.default, len(sys.argv), sys.path[0] == '/nowhere', decimal.getcontext().prec, 'left' in globals(),
 random.random(), float(np.random.random()), pl.Config.state()['POLARS_FMT_MAX_ROWS'])"""
    before = (
        list(warnings.filters),
        pl.Config.save(),
        pio.renderers.default,
        random.getstate(),
        sys.modules["__main__"],
    )
    first = run(toy(tmp_path / "books", "01-look", (look, "")), tmp_path, "in-process", "first")
    run(toy(tmp_path / "books", "02-dirty", (dirty, "")), tmp_path, "in-process")
    second = run(toy(tmp_path / "books", "01-look", (look, "")), tmp_path, "in-process", "second")
    assert first.notebook.cells[-1].outputs == second.notebook.cells[-1].outputs
    seen = second.notebook.cells[-1].outputs[0].data["text/plain"].replace("\n", "")
    assert "'books', 'plotly_mimetype', 'plotly', 1, False, 28, False" in seen
    after = (
        list(warnings.filters),
        pl.Config.save(),
        pio.renderers.default,
        random.getstate(),
        sys.modules["__main__"],
    )
    assert before == after


def test_an_outer_shell_stays_what_it_was(tmp_path):
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.clear_instance()
    outer = InteractiveShell.instance()
    try:
        outer.run_cell("kept = 1")
        run(toy(tmp_path, "01-inner", ("kept = 2", "")), tmp_path, "in-process")
        from IPython import get_ipython

        assert get_ipython() is outer
        assert outer.user_ns["kept"] == 1
    finally:
        InteractiveShell.clear_instance()


def test_reading_from_a_keyboard_nobody_sits_at_fails_at_once(tmp_path):
    assert "EOFError" in run(toy(tmp_path, "01-asks", "input('name?')"), tmp_path, "in-process").reason


@pytest.mark.parametrize("first", ["aftersales_app.engine.in_process", "papermill"])
def test_the_engine_is_found_whichever_is_imported_first(first):
    code = f"import {first}; from papermill.engines import papermill_engines as e; print(e.get_engine('aftersales'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "InProcessEngine" in done.stdout, done.stderr


@pytest.mark.parametrize(
    "source",
    ["x = 1", "print('only text')", "from IPython.display import display, Markdown\ndisplay(Markdown('text'))"],
)
def test_a_promise_to_show_must_be_kept(tmp_path, source):
    done = run(toy(tmp_path, "01-silent", source), tmp_path, "in-process")
    assert "The answer" in done.reason
    assert "shows nothing" in done.reason


def test_executed_notebooks_differ_in_times_only(tmp_path):
    path = toy(tmp_path, "01-twice", *OUTPUTS)
    texts = []
    for turn in ("a", "b"):
        run(path, tmp_path / turn, "in-process")
        notebook = nbformat.read(tmp_path / turn / "out.in-process.ipynb", as_version=4)
        for part in (notebook, *notebook.cells):
            for key in ("start_time", "end_time", "duration"):
                part.metadata.papermill.pop(key)
        texts.append(nbformat.writes(notebook))
    assert texts[0] == texts[1]
    assert str(tmp_path) not in texts[0]
