"""The weekly run on a real Dask cluster, store and reports in object storage: the same bytes, deaths in mid-run."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from real_cluster import Cluster
from rich.console import Console
from toy_notebooks import CHART, job, toy

from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder
from aftersales.words.errors import SetupError
from aftersales_app.reports import cluster as cluster_module
from aftersales_app.reports.batch import run_batch
from aftersales_app.reports.cluster import DaskExecutor, connected
from aftersales_app.reports.progress import shown_progress

pytestmark = pytest.mark.cluster

PATIENCE = 600  # seconds: a busy machine is slow, not wrong
SECRETS = ("sesame-of-the-tests", "the-tests-own-key")


def shops_toml(folder: Path, *ids: str, store: str, reports: str) -> Path:
    parts = [f'[store]\npath = "{store}"\n[reports]\npath = "{reports}"\n']
    parts += [f'[[shops]]\nid = "{i}"\nname = "{i}店"\nexports = "{i}"\nlanguage = "en"\n' for i in ids]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shops.toml").write_text("".join(parts), "utf-8")
    return folder / "shops.toml"


def uploaded(folder: Path, url: str) -> None:
    there = Folder(url)
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and "results" not in p.parts):
        there.write(path.relative_to(folder).as_posix(), path.read_bytes())


def without_key() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")}


@pytest.mark.slow
def test_a_cluster_leaves_the_same_bytes_though_a_worker_is_killed_in_mid_run(demo, tmp_path, s3):
    """The worker that makes the report is killed in the middle, another makes it; compared with a run on this machine."""
    text = (demo / "shops.toml").read_text("utf-8").replace('"in/', f'"{demo}/in/').replace('["zh", "en"]', '"zh"')
    here, there = tmp_path / "here.toml", tmp_path / "there.toml"
    here.write_text(text.replace('"store"', f'"{demo}/store"').replace('"reports"', f'"{tmp_path}/reports"'), "utf-8")
    there.write_text(text.replace('"store"', f'"{s3}/store"').replace('"reports"', f'"{s3}/reports"'), "utf-8")
    uploaded(demo / "store", f"{s3}/store")  # the shop's folder, and its head beside it
    program = [sys.executable, "-m", "aftersales_app.cli", "weekly", "--no-import", "--shop", "basic", "--config"]
    local = subprocess.run([*program, here], capture_output=True, text=True, env=without_key(), check=False)
    assert local.returncode == 0, local.stderr
    cluster = Cluster(tmp_path, workers=2)
    try:
        said, killed = [], []
        run = subprocess.Popen(
            [*program, there, "--on", "dask", "--scheduler", cluster.address],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=without_key(), cwd=tmp_path,
        )  # fmt: skip
        for line in run.stderr:
            said.append(line.strip())
            if "：开始" in line and not killed:
                killed.append(busy_worker(cluster))
                os.kill(killed[0], signal.SIGKILL)
        out = run.stdout.read()
        assert run.wait(timeout=PATIENCE) == 0, (said, out)
    finally:
        cluster.stop()
    assert any("失联" in line for line in said), said
    assert sum("basic 2026-W47：完成" in line for line in said) == 1
    pages = [line for line in out.splitlines() if line.endswith("index.html")]
    assert pages[-1] == f"{s3}/reports/index.html"
    assert len(pages) == 2

    reports, mine = Folder(f"{s3}/reports"), Folder(str(tmp_path / "reports"))
    assert {n for n in mine.names() if not n.endswith(".lock")} == set(reports.names())
    same = [n for n in reports.names() if re.search(r"\.(html|parquet|eml|txt|js|css)$", n)]
    assert len(same) > 20
    assert [n for n in same if reports.read(n) != mine.read(n)] == []
    for name in reports.names():
        content = reports.read(name)
        assert not [s for s in SECRETS if s.encode() in content], name
    [name] = [n for n in reports.names("basic/") if n.endswith("/run.json")]
    record, local_record = json.loads(reports.read(name)), json.loads(mine.read(name))
    assert (record["status"], record["store_version"]) == ("ok", local_record["store_version"])


def busy_worker(cluster: Cluster) -> int:
    """The process of a worker that has a report in the making, which is a process below it."""
    until = time.monotonic() + PATIENCE
    pids = list(cluster.pids().values())
    while time.monotonic() < until:
        for pid in pids:
            below = psutil.Process(pid).children(recursive=True)
            if any("spawn_main" in " ".join(child.cmdline()) for child in below):
                return pid
        time.sleep(0.05)
    pytest.fail("no worker is busy")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Two workers without object storage, for reports in a folder that all see."""
    made = Cluster(tmp_path_factory.mktemp("cluster"), workers=2)
    yield made
    made.stop()


def executed(root, cluster, jobs, *, seconds=300.0, **limits):
    """A batch on the cluster; results by shop, and what a log would hold."""
    settings = load_settings(
        shops_toml(root, *[j.shop for j in jobs], store=str(root / "s"), reports=str(root / "reports"))
    )
    (root / "reports").mkdir(exist_ok=True)
    said = io.StringIO()
    screen = Console(file=said, width=200)
    with (
        connected(cluster.address, workers=1, language="en", screen=screen) as client,
        shown_progress(jobs, language="en", console=screen) as progress,
    ):
        executor = DaskExecutor(client, settings, seconds, **limits)
        executor.check(jobs[0].shop)
        results = run_batch(jobs, workers=1, time_limit_seconds=seconds, executor=executor, progress=progress)
    return {r.shop: r for r in results}, said.getvalue()


DEADLY = "import os, signal, time\ntime.sleep(3)\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)"


@pytest.mark.slow
def test_what_goes_wrong_on_a_cluster_stays_one_failure_in_the_words_of_a_local_run(tmp_path, cluster):
    good = toy(tmp_path / "books", "02-weekly-overview", CHART)
    bad = {
        "crashes": "import ctypes\nctypes.string_at(0)", "breaks": "1 / 0",
        "kills": DEADLY, "hungry": "held = []\nwhile True:\n    held.append(bytearray(20_000_000))",
    }  # fmt: skip
    jobs = [job(tmp_path, good, shop="first", languages=("en",))]
    for name, code in bad.items():
        jobs.append(job(tmp_path, good, toy(tmp_path / "books", f"05-{name}", code), shop=name, languages=("en",)))
    jobs.append(job(tmp_path, good, shop="last", languages=("en",)))
    results, said = executed(tmp_path, cluster, jobs, seconds=300.0, memory_mb=900)
    assert {shop: r.status for shop, r in results.items()} == dict.fromkeys(results, "failed") | {
        "first": "ok",
        "last": "ok",
    }
    words = {
        "crashes": "SIGSEGV", "breaks": "ZeroDivisionError",
        "kills": "Its workers died 2 times", "hungry": "exceeded the memory limit of 900 MB",
    }  # fmt: skip
    for shop, word in words.items():
        assert word in results[shop].reason, shop
        assert "Traceback" not in results[shop].reason
        assert f"{shop} 2026-W46: failed" in said
        record = json.loads((tmp_path / "reports" / shop / "2026-W46" / "run.json").read_text("utf-8"))
        assert (record["status"], record["reason"]) == ("failed", results[shop].reason)
    assert "kills 2026-W46: its worker was lost, restarting on another one" in said
    for shop in ("first", "last"):
        assert f"{shop} 2026-W46: started" in said
        assert (tmp_path / "reports" / shop / "2026-W46" / "index.html").is_file()
    assert sorted(p.name for p in (tmp_path / "reports" / "first").iterdir()) == ["2026-W46"]


@pytest.mark.slow
def test_a_report_that_loops_is_stopped_at_its_limit_and_not_tried_again(tmp_path, cluster):
    given = job(tmp_path, toy(tmp_path / "books", "05-loops", "while True:\n    pass"), shop="loops", languages=("en",))
    results, said = executed(tmp_path, cluster, [given], seconds=10.0)
    assert "exceeded the time limit of 10.0 seconds" in results["loops"].reason
    assert "restarting" not in said


@pytest.mark.slow
def test_a_run_that_is_stopped_stops_its_jobs(tmp_path, cluster):
    marker = tmp_path / "pid"
    code = f"import os\nfrom pathlib import Path\nPath({str(marker)!r}).write_text(str(os.getpid()))\nwhile True:\n    pass"
    given = job(tmp_path, toy(tmp_path / "books", "05-loops", code), shop="loops")

    over = threading.Event()

    def stop_soon():
        while not (marker.is_file() and marker.read_text()) and not over.wait(0.05):
            pass
        if not over.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    # a process that is started in the background ignores the signal until it is told not to
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=stop_soon, daemon=True).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            executed(tmp_path, cluster, [given])
    finally:
        over.set()
        signal.signal(signal.SIGINT, before)
    until = time.monotonic() + PATIENCE
    while psutil.pid_exists(int(marker.read_text())) and time.monotonic() < until:
        time.sleep(0.1)
    assert not psutil.pid_exists(int(marker.read_text())), "the loop was ended with the run"


def test_a_worker_that_does_not_reach_store_or_reports_is_named_before_anything_starts(tmp_path, cluster, s3):
    settings = load_settings(shops_toml(tmp_path, "a", store=f"{s3}/store", reports=f"{s3}/reports"))
    screen = Console(file=io.StringIO())
    refused = pytest.raises(SetupError, match=r"The worker tcp://\S+ does not reach store and reports")
    with connected(cluster.address, workers=1, language="en", screen=screen) as client, refused as told:
        DaskExecutor(client, settings, 60).check("a")
    assert not [s for s in SECRETS if s in str(told.value)]
    assert Folder(f"{s3}/reports").names() == [], "the probe is gone"


def test_another_version_on_a_worker_is_named(tmp_path, cluster, monkeypatch):
    settings = load_settings(shops_toml(tmp_path, "a", store=str(tmp_path / "s"), reports=str(tmp_path)))
    monkeypatch.setattr(cluster_module, "code_version", lambda: "0.1.0+other")
    refused = pytest.raises(SetupError, match=r"another version of the program. Found: .*here is 0\.1\.0\+other")
    screen = Console(file=io.StringIO())
    with connected(cluster.address, workers=1, language="en", screen=screen) as client, refused:
        DaskExecutor(client, settings, 60).check("a")


def test_no_scheduler_no_workers_no_dask_are_each_one_sentence(tmp_path, monkeypatch):
    screen = Console(file=io.StringIO())
    with monkeypatch.context() as hurried:
        hurried.setattr(cluster_module, "CONNECT_SECONDS", 2)
        for address in ("tcp://127.0.0.1:9", "nonsense"):
            refused = pytest.raises(SetupError, match=rf"The Dask scheduler {address} cannot be reached")
            with refused, connected(address, workers=1, language="en", screen=screen):
                pass
    monkeypatch.setattr(cluster_module, "FIRST_WORKER_SECONDS", 2)
    empty = Cluster(tmp_path, workers=0)
    try:
        monkeypatch.setenv("AFTERSALES_SCHEDULER", empty.address)
        with (
            pytest.raises(SetupError, match="has no workers"),
            connected(None, workers=1, language="en", screen=screen),
        ):
            pass
    finally:
        empty.stop()
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused = pytest.raises(SetupError, match=r"Dask, which is not installed.*aftersales\[dask\]")
    with refused, connected(None, workers=1, language="en", screen=screen):
        pass


@pytest.mark.slow
def test_a_cluster_that_loses_all_its_workers_for_good_does_not_hold_the_run_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "NO_WORKERS_SECONDS", 3.0)
    (tmp_path / "c").mkdir()
    dying = Cluster(tmp_path / "c", workers=1)
    given = [
        job(tmp_path, toy(tmp_path / "books", "05-slow", f"import time\ntime.sleep({n})"), shop=shop)
        for n, shop in ((300, "slow"), (301, "waits"))
    ]

    def all_gone():
        busy_worker(dying)
        for process in dying.processes[1:]:
            for one in [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]:
                one.kill()

    threading.Thread(target=all_gone, daemon=True).start()
    try:
        results, said = executed(tmp_path, dying, given)
    finally:
        dying.stop()
    assert {r.status for r in results.values()} == {"failed"}
    assert all("集群长时间没有工作进程" in r.reason for r in results.values()), said


@pytest.mark.slow
def test_without_a_scheduler_a_cluster_is_started_here_and_says_so(tmp_path):
    head = "订单编号,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
    rows = "".join(
        f'="35153130000000{n:05d}",10.00,10.00,交易成功,2026-10-{1 + n % 25:02d} 10:00:00,2026-10-{1 + n % 25:02d} 10:01:00,a店,0.00\n'
        for n in range(50)
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "ExportOrderList.csv").write_bytes((head + rows).encode("gb18030"))
    toy(tmp_path / "notebooks", "02-weekly-overview", CHART)
    config = shops_toml(tmp_path, "a", store="store", reports="reports")
    done = subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", "weekly", "--config", config, "--on", "dask", "--jobs", "2"],
        capture_output=True, text=True, env=without_key(), check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "starting 2 Dask worker processes on this machine" in done.stderr
    assert "a 2026-W43: done" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "reports" / "a" / "2026-W43" / "findings" / "signals.parquet").is_file()
    assert str(tmp_path / "reports" / "index.html") in done.stdout
