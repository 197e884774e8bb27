"""Reports a minute: `run_batch` against plain `papermill`, one after another, on the same notebooks in one run.

    python benchmarks/batch.py                                    four toy notebooks a report, eight reports
    python benchmarks/batch.py --notebooks notebooks --config shops.toml --shop demo --week 2026-W46 --jobs 8

Ours makes executed notebooks and pages. The plain way calls the papermill program, as one would in a shell loop, and
then nbconvert's for the page; both rates are given, papermill alone and with the page. It pays the same for every
report, so a few reports show its rate (``--plain-jobs``), while ours pays for its workers once and needs them all. The
two take turns, so that a busy neighbour slows both. Read the ratio, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from aftersales_app.reports.batch import run_batch
from aftersales_app.reports.job import ReportJob
from aftersales_app.reports.run import run_variables

ROUNDS = 3
TOY_NAMES = ("02-weekly-overview", "03-refund-trends", "05-problem-products", "09-did-it-work")
TOY_ROWS = 200_000
TOY = (
    "import polars as pl, plotly.graph_objects as go",
    f"orders = pl.select(day=pl.int_range({TOY_ROWS}) % 365, paid=pl.int_range({TOY_ROWS}) % 97)\n"
    "daily = orders.group_by('day').agg(pl.col('paid').sum()).sort('day')",
    "go.Figure(go.Scatter(x=daily['day'].to_list(), y=daily['paid'].to_list()))",
    "go.Figure(go.Bar(x=daily['day'].to_list(), y=daily['paid'].to_list()))",
    "daily.head(8)",
)


def toy_notebooks(folder: Path) -> tuple[Path, ...]:
    parameters = 'shop: str = "demo"  # which\nweek: str = "2026-W46"  # which\nlanguage: str = "zh"  # which'
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# How fast?"),
            new_code_cell(parameters, metadata={"tags": ["parameters"]}),
            *[
                new_code_cell(code, metadata={"tags": ["show"] if number > 1 else []})
                for number, code in enumerate(TOY)
            ],
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    paths = tuple(folder / f"{name}.ipynb" for name in TOY_NAMES)
    for path in paths:
        nbformat.write(notebook, path)
    return paths


def jobs_of(given: argparse.Namespace, folder: Path, notebooks: tuple[Path, ...], count: int) -> list[ReportJob]:
    return [
        ReportJob(
            given.shop, given.week, (given.language,), notebooks, given.config, given.commit,
            folder=folder / f"report-{number}" / given.week, assets=folder / "_assets",
        )
        for number in range(count)
    ]  # fmt: skip


def ours(jobs: list[ReportJob], workers: int) -> float:
    started = time.perf_counter()
    results = run_batch(jobs, workers=workers, time_limit_seconds=600)
    seconds = time.perf_counter() - started
    failed = [r.reason for r in results if r.status != "ok"]
    if failed:
        sys.exit(f"a report failed, so its time counts for nothing: {failed[0]}")
    return seconds


def plain(jobs: list[ReportJob]) -> dict[str, float]:
    spent = {"papermill": 0.0, "nbconvert": 0.0}
    for job in jobs:
        job.folder.mkdir(parents=True)
        for notebook in job.notebooks:
            target = job.folder / notebook.name
            own = [part for name in ("shop", "week") for part in ("-p", name, getattr(job, name))]
            language = ["-p", "language", job.languages[0]]
            environment = {**os.environ, **run_variables(job), "PLOTLY_RENDERER": "plotly_mimetype+notebook_connected"}
            for command in (
                [
                    "papermill",
                    str(notebook),
                    str(target),
                    *own,
                    *language,
                    "--cwd",
                    str(notebook.parent),
                    "--no-progress-bar",
                ],
                ["nbconvert", "--to", "html", "--no-input", str(target)],
            ):
                started = time.perf_counter()
                called = [sys.executable, "-m", *command]
                done = subprocess.run(called, check=False, capture_output=True, text=True, env=environment)
                if done.returncode:
                    sys.exit(f"{command[0]} failed on {notebook.name}: {done.stderr.strip().splitlines()[-1]}")
                spent[command[0]] += time.perf_counter() - started
    return {"papermill": spent["papermill"], "papermill and nbconvert": sum(spent.values())}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--notebooks", type=Path, help="a folder of notebooks; toy ones without")
    asked.add_argument("--config", type=Path, default=None, help="shops.toml")
    asked.add_argument("--shop", default="demo")
    asked.add_argument("--week", default="2026-W46")
    asked.add_argument("--language", default="zh")
    asked.add_argument("--commit", default="", help="pinned commit of the store")
    asked.add_argument("--jobs", type=int, default=8, help="reports a round")
    asked.add_argument("--plain-jobs", type=int, default=2, help="of them also made the plain way")
    asked.add_argument("--workers", type=int, default=max(1, len(os.sched_getaffinity(0))))
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as text:
        root = Path(text)
        notebooks = tuple(sorted(given.notebooks.resolve().glob("*.ipynb"))) if given.notebooks else toy_notebooks(root)
        rates: dict[str, list[float]] = {"ours": [], "papermill": [], "papermill and nbconvert": []}
        for number in range(given.rounds):
            spent = plain(jobs_of(given, root / f"plain-{number}", notebooks, given.plain_jobs))
            for name, seconds in spent.items():
                rates[name].append(60 * given.plain_jobs / seconds)
            seconds = ours(jobs_of(given, root / f"ours-{number}", notebooks, given.jobs), given.workers)
            rates["ours"].append(60 * given.jobs / seconds)
            shown = ", ".join(f"{name} {values[-1]:.1f}" for name, values in rates.items())
            print(f"round {number + 1}: reports a minute: {shown}", flush=True)
        middle = {name: median(values) for name, values in rates.items()}
        print(f"{given.jobs} reports of {len(notebooks)} notebooks, {given.workers} workers, {given.rounds} rounds:")
        print(f"ours: {middle.pop('ours'):.1f} reports a minute")
        for name, rate in middle.items():
            print(f"{name}: {rate:.1f} reports a minute; ours makes {median(rates['ours']) / rate:.1f} times as many")


if __name__ == "__main__":
    main()
