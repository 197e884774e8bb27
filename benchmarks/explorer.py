"""How fast the explorer answers, and what it weighs, on a shop of 200,000 order lines, in a real Chromium.

A demo shop of some 330,000 orders is made and imported (a minute or two), its last weeks that fit are written as
``explorer.html`` with its data, and the page answers a row of questions: every figure, every kind of filter, weeks.
An answer is timed three ways: its script, all that the page's thread works for it and for the rows a frame later (with
layout, without waiting), and from the change of the address to the second frame after it, where waiting counts.

    .venv/bin/python benchmarks/explorer.py [--orders 330000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import time
from pathlib import Path
from tempfile import mkdtemp

from playwright.sync_api import sync_playwright

from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.week.loading import load
from aftersales_app.reports.assets import published_assets
from aftersales_app.reports.explorer_data import explored, packed
from aftersales_app.reports.job import EXPLORER_DATA, ReportJob
from aftersales_app.reports.run import run_report
from aftersales_demo.write import write_demo

SHOP = """
[store]
path = "store"
[reports]
path = "reports"
[[shops]]
id = "demo"
name = "云栖家居旗舰店"
exports = "in/yunqi"
"""
ANSWER = """hash => new Promise(done => {
  const began = performance.now();
  addEventListener('hashchange', () => requestAnimationFrame(() => requestAnimationFrame(
    () => done(performance.now() - began))), {once: true});
  location.hash = hash;
})"""
QUESTIONS = [
    *(f"measure={m}&weeks=all" for m in ("refund_rate", "refund_money", "refund_rate_money", "paid_orders",
      "order_lines", "paid_money", "complaint_rate", "requests", "succeeded", "asked_money", "complaints")),
    "measure=order_lines&weeks=all&category=枕头", "measure=refund_rate&weeks=all&reason=quality",
    "measure=refund_rate&weeks=all&province=河南省&courier=申通快递", "measure=refund_rate&weeks=all&courier=?",
    "measure=refund_rate&province=广东省", "measure=order_lines&weeks=all&province=广东省,江苏省,浙江省",
]  # fmt: skip


def made(root: Path, orders: int) -> None:
    write_demo(root / "in", orders=orders)
    (root / "shops.toml").write_text(SHOP, "utf-8")
    settings = load_settings(root / "shops.toml")
    account = import_files(settings, settings.shops[0])
    assert not account.failed


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=int, default=330_000)
    options.add_argument("--keep", type=Path)
    given = options.parse_args()
    root = given.keep or Path(mkdtemp(prefix="explorer-"))
    if not (root / "shops.toml").is_file():
        made(root, given.orders)
    data = load("demo", config=str(root / "shops.toml")).data
    for table in ("orders", "refunds", "complaints"):
        _ = data.tables[table]
    _ = data.signals, data.titles, data.refund_rate_weekly  # what the pages have before
    began = time.process_time()
    found = explored(data)
    content = packed(found)
    print(f"{len(found.columns['line_paid']):,} order lines of {found.header['weeks']} weeks "
          f"(older ones left out: {found.header['left_out']}), {len(content) / 1e6:.2f} MB, "
          f"{time.process_time() - began:.2f} s of processor time to write")  # fmt: skip
    folder = root / "reports" / "demo" / str(data.week)
    shutil.rmtree(folder, ignore_errors=True)
    job = ReportJob("demo", str(data.week), ("zh",), (), root / "shops.toml", str(data.tables.commit.number), folder,
                    root / "reports" / "_assets", explorer=True)  # fmt: skip
    result = run_report(job)
    assert result.reason is None, result.reason
    own = sum(f.stat().st_size for f in published_assets(job.assets).glob("explorer.*"))
    page = (folder / "explorer.html").stat().st_size
    print(f"page {page / 1e3:.0f} kB, script and style {own / 1e3:.0f} kB, data "
          f"{(folder / EXPLORER_DATA).stat().st_size / 1e6:.2f} MB")  # fmt: skip
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, chromium_sandbox=os.getuid() != 0,
                                             args=["--disable-gpu"])  # fmt: skip
        tab = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True).new_page()
        began = time.perf_counter()
        tab.goto((folder / "explorer.html").as_uri())
        tab.wait_for_selector("#explorer[data-answers]", timeout=120_000)
        print(f"opened in {time.perf_counter() - began:.2f} s")
        devtools = tab.context.new_cdp_session(tab)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})  # what the page's thread works, not waits

        def worked() -> float:
            metrics = devtools.send("Performance.getMetrics")["metrics"]
            return next(1e3 * m["value"] for m in metrics if m["name"] == "TaskDuration")

        answers = {}
        back = [*reversed(QUESTIONS[:-1])]  # an address that does not change asks nothing
        for question in [*QUESTIONS, *back, *QUESTIONS[1:], *back]:
            before = worked()
            known = tab.evaluate("() => Number(document.getElementById('explorer').dataset.answers)")
            whole = tab.evaluate(ANSWER, "#" + question)
            tab.wait_for_function("n => Number(document.getElementById('explorer').dataset.answers) > n", arg=known)
            own = worked() - before
            script = float(tab.evaluate("() => document.getElementById('explorer').dataset.ms"))
            answers.setdefault(question, []).append((script, own, whole))
        browser.close()
    for question, times in answers.items():
        script, own, frame = (sorted(column) for column in zip(*times, strict=True))
        told = "  ".join(f"{statistics.median(c):6.1f} (to {c[-1]:.0f})" for c in (script, own, frame))
        print(f"ms of script, of the thread, to the frame: {told}  {question}")
    every = [sorted(column) for column in zip(*(t for times in answers.values() for t in times), strict=True)]
    print(json.dumps({name: {"median": statistics.median(column), "19 of 20": column[int(0.95 * len(column))]}
                      for name, column in zip(("script", "thread", "frame"), every, strict=True)}))  # fmt: skip
    if given.keep is None:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
