"""Forty shop-weeks of the real notebooks: reports a minute, against the papermill program in one and in two processes.

    python benchmarks/shop_weeks.py [--weeks 10] [--plain 2] [--orders 20000]
    python benchmarks/shop_weeks.py --where              where the time of one report goes
    python benchmarks/shop_weeks.py --memory 200         the most memory of a worker over so many reports

Four made-up shops (two seeds, each with the shop of all files and the shop of masked buyers), ten weeks each, all
notebooks, one language. The papermill program is called notebook after notebook, as in a shell loop, and makes executed
notebooks only, while ours makes the pages too; it pays the same for every report, so a few shop-weeks show its rate
(``--plain`` for one process, twice as many for two). Each side has a copy of the store of its own with no results kept,
so that neither finds what the other computed; within a side the first notebook of a shop-week computes what the others
then find, as in real runs. Importing is no part of it. The sides take turns: half of the slow one, ours, the other
half. Read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.periods import Week
from aftersales_app.reports.batch import run_batch
from aftersales_app.reports.job import ReportJob
from aftersales_app.reports.run import run_report, run_variables
from aftersales_app.reports.weekly import notebook_paths
from aftersales_demo.shop import simulate_shop
from aftersales_demo.spec import basic_spec, demo_spec
from aftersales_demo.write import write_shop

SEEDS = (1, 2)
LAST_WEEK = Week.parse("2026-W47")
HISTORY_WEEKS = 70
_SHOP = '[[shops]]\nid = "{id}"\nname = "{name}"\nexports = "{id}"\nlanguage = "zh"\n'
# A moment of the main thread belongs to the innermost of its callers that stands here.
PLACES = (
    ("import", ("<frozen importlib",)),
    ("query", ("/polars/", "/deltalake/", "/aftersales/measures/", "/aftersales/findings/", "/scipy/", "/numpy/")),
    ("drawing", ("/plotly/", "/_plotly_utils/", "/aftersales/charts/", "/matplotlib/")),
    ("page", ("/nbconvert/", "/jinja2/", "/html/parser", "/aftersales_app/reports/page", "/mistune")),
    ("notebook file", ("/nbformat/", "/papermill/", "/json/", "/jsonschema", "/fastjsonschema")),
    ("words and sections", ("/aftersales/words/", "/babel/", "/aftersales/week/sections/")),
)


def made_shops(folder: Path, *, orders: int) -> Path:
    """Write and import the four shops; the shops.toml."""
    blocks = ['[store]\npath = "store"\n[reports]\npath = "reports"\n']
    for seed in SEEDS:
        for spec in (demo_spec(orders=orders, weeks=HISTORY_WEEKS), basic_spec(orders=orders, weeks=HISTORY_WEEKS)):
            name = f"{spec.shop_id}-{seed}"
            write_shop(simulate_shop(spec, seed=seed), folder / name)
            blocks.append(_SHOP.format(id=name, name=spec.name))
    config = folder / "shops.toml"
    config.write_text("\n".join(blocks), "utf-8")
    settings = load_settings(config)
    for shop in settings.shops:
        import_files(settings, shop)
    return config


def side(folder: Path, name: str) -> Path:
    """A copy of the shops with no kept results, for one side; its shops.toml."""
    copy = folder.parent / name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("results", "*.csv", "*.xlsx"))
    return copy / "shops.toml"


def jobs_of(config: Path, out: Path, *, weeks: int) -> list[ReportJob]:
    """A job a shop and week: the last weeks of every shop, week by week."""
    settings = load_settings(config)
    books = notebook_paths(settings)
    jobs = []
    for back in range(weeks):
        for shop in settings.shops:
            commit = ShopStore(settings.store_path, shop.id, shop.zone).head().number
            week = str(LAST_WEEK.shift(-back))
            jobs.append(
                ReportJob(
                    shop.id, week, ("zh",), books, config, str(commit),
                    folder=out / shop.id / week, assets=out / "_assets",
                )
            )  # fmt: skip
    return jobs


def by_us(jobs: Sequence[ReportJob], workers: int) -> float:
    """Seconds for these jobs, and what they leave: executed notebooks and pages."""
    started = time.perf_counter()
    results = run_batch(jobs, workers=workers, time_limit_seconds=1200)
    failed = [r.reason for r in results if r.status != "ok"]
    if failed:
        sys.exit(f"a report failed, so its time counts for nothing: {failed[0]}")
    return time.perf_counter() - started


def by_papermill(jobs: Sequence[ReportJob], processes: int) -> float:
    """Seconds for these jobs by the papermill program, so many at a time: executed notebooks alone."""
    started = time.perf_counter()
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(_papermill, jobs))
    return time.perf_counter() - started


def _papermill(job: ReportJob) -> None:
    job.folder.mkdir(parents=True)
    environment = {**os.environ, **run_variables(job), "PLOTLY_RENDERER": "plotly_mimetype"}
    for book in job.notebooks:
        command = [
            sys.executable, "-m", "papermill", str(book), str(job.folder / book.name), "-p", "shop", job.shop,
            "-p", "week", job.week, "-p", "language", "zh", "--cwd", str(book.parent), "--no-progress-bar",
        ]  # fmt: skip
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if done.returncode:
            sys.exit(f"papermill failed on {book.name}: {done.stderr.strip().splitlines()[-1]}")


def rates(folder: Path, *, weeks: int, plain: int, workers: int) -> dict[str, float]:
    """Reports a minute of each side, and the ratios."""
    ours = jobs_of(side(folder, "ours"), folder.parent / "out-ours", weeks=weeks)
    one = jobs_of(side(folder, "one"), folder.parent / "out-one", weeks=weeks)[:plain]
    two = jobs_of(side(folder, "two"), folder.parent / "out-two", weeks=weeks)[: 2 * plain]
    spent = Counter[str]()
    turns: list[tuple[str, Callable[[], float]]] = [
        ("papermill", lambda: by_papermill(one[: plain // 2], 1)),
        ("papermill, two processes", lambda: by_papermill(two[:plain], 2)),
        ("ours", lambda: by_us(ours, workers)),
        ("papermill, two processes", lambda: by_papermill(two[plain:], 2)),
        ("papermill", lambda: by_papermill(one[plain // 2 :], 1)),
    ]
    for name, turn in turns:
        spent[name] += turn()
        print(f"{name}: {spent[name]:.0f} s so far", flush=True)
    made = {"papermill": len(one), "papermill, two processes": len(two), "ours": len(ours)}
    found = {name: 60 * made[name] / seconds for name, seconds in spent.items()}
    return found | {f"ours over {n}": found["ours"] / found[n] for n in list(made)[:2]}


def memory_of(jobs: Sequence[ReportJob], workers: int) -> list[float]:
    """The most memory (MB) of the worker during each report, in the order in which they were made."""
    results = run_batch(jobs, workers=workers, time_limit_seconds=1200)
    failed = [r.reason for r in results if r.status != "ok"]
    if failed:
        sys.exit(f"a report failed: {failed[0]}")
    return [r.peak_memory_mb for r in results]


def where_time_goes(config: Path, out: Path) -> dict[str, float]:
    """Seconds of one report in a fresh process, results not yet kept, by what the main thread was at."""
    seen: Counter[str] = Counter()
    main, over = threading.main_thread().ident, threading.Event()

    def look() -> None:
        while not over.wait(0.005):
            frame = sys._current_frames().get(main or 0)
            found = "other"
            while frame is not None and found == "other":
                file = frame.f_code.co_filename
                found = next((name for name, marks in PLACES if any(m in file for m in marks)), "other")
                frame = frame.f_back
            seen[found] += 1

    job = jobs_of(config, out, weeks=1)[0]
    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    started, cpu = time.perf_counter(), time.process_time()
    result = run_report(job)
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    over.set()
    watcher.join()
    if result.status != "ok":
        sys.exit(f"the report failed: {result.reason}")
    looks = sum(seen.values())
    return {n: seconds * c / looks for n, c in seen.most_common()} | {"whole": seconds, "processor": used}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--weeks", type=int, default=10)
    asked.add_argument("--plain", type=int, default=2, help="shop-weeks of papermill in one process")
    asked.add_argument("--orders", type=int, default=20_000)
    asked.add_argument("--workers", type=int, default=max(1, len(os.sched_getaffinity(0))))
    asked.add_argument("--where", action="store_true", help="where the time of one report goes, cold and warm")
    asked.add_argument("--memory", type=int, metavar="REPORTS", help="the most memory of a worker over so many reports")
    asked.add_argument("--config", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.config:
        for name, seconds in where_time_goes(given.config, given.config.parent / f"out-{os.getpid()}").items():
            print(f"{name:20s} {seconds:6.2f}")
        return
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text) / "shops"
        folder.mkdir()
        config = made_shops(folder, orders=given.orders)
        if given.where:
            for state in ("nothing kept yet", "results kept"):
                started = time.perf_counter()
                command = [sys.executable, __file__, "--config", str(config)]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                print(f"{state}: {time.perf_counter() - started:.1f} s with start-up and imports\n{done.stdout}")
            return
        if given.memory:
            weeks = -(-given.memory // (2 * len(SEEDS)))
            jobs = jobs_of(config, folder.parent / "out", weeks=weeks)[: given.memory]
            peaks = memory_of(jobs, given.workers)
            eighth = max(1, len(peaks) // 8)
            said = " ".join(f"{max(peaks[k : k + eighth]):.0f}" for k in range(0, len(peaks), eighth))
            print(f"most memory of a worker, eighth by eighth of {len(peaks)} reports: {said} MB")
            return
        for name, rate in rates(folder, weeks=given.weeks, plain=given.plain, workers=given.workers).items():
            print(f"{name:40s} {rate:6.2f}")


if __name__ == "__main__":
    main()
