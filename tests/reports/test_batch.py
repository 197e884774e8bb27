"""One failure stays one: notebooks that fail, loop, die or eat memory do not touch the other reports."""

from __future__ import annotations

import json
import os

import psutil
import pytest
from toy_notebooks import CHART, job, toy

from aftersales.words.errors import UsageError
from aftersales_app.reports import batch
from aftersales_app.reports.batch import Step, run_batch
from aftersales_app.reports.run import run_report


def record(given):
    return json.loads((given.folder / "run.json").read_text("utf-8"))


def nothing_left(given):
    return sorted(p.name for p in given.folder.parent.iterdir() if p.name != given.folder.name) == []


GOOD = """import os
import polars as pl
assert pl.thread_pool_size() == int(os.environ['POLARS_MAX_THREADS'])
pl.DataFrame({'a': [1]}).group_by('a').len()"""
BAD = {
    "loops": "while True:\n    pass",
    "loops-in-a-kernel": "import os\nfrom pathlib import Path\n{marker}.write_text(str(os.getpid()))\nwhile True:\n    pass",
    "exits": "import os\nos._exit(9)",
    "segfaults": "import ctypes\nctypes.string_at(0)",
    "hungry": "held = []\nwhile True:\n    held.append(bytearray(20_000_000))",
}
LIMIT_SECONDS = 30.0  # the two loops wait for it side by side; a kernel on a busy machine needs half of it to start


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """One batch of two good reports and five that go wrong in the worst ways; the root, jobs, results and steps."""
    root = tmp_path_factory.mktemp("mixed")
    good = toy(root / "books", "02-weekly-overview", CHART, GOOD)
    jobs = [job(root, good, shop="first")]
    for name, code in BAD.items():
        bad = toy(root / "books", f"05-{name}", code.replace("{marker}", f"Path({str(root / 'pid')!r})"))
        jobs.append(job(root, good, bad, shop=name, engine="kernel" if "kernel" in name else "in-process"))
    jobs.append(job(root, good, shop="last", engine="kernel"))
    steps: list[Step] = []
    results = run_batch(jobs, workers=2, time_limit_seconds=LIMIT_SECONDS, memory_limit_mb=1200, progress=steps.append)
    return root, jobs, dict(zip([j.shop for j in jobs], results, strict=True)), steps


def test_the_good_reports_are_whole(mixed):
    _, jobs, results, _ = mixed
    for given in (jobs[0], jobs[-1]):
        result = results[given.shop]
        assert (result.status, result.reason) == ("ok", None)
        assert result.page == given.folder / "index.html"
        assert record(given)["status"] == "ok"
        assert record(given)["store_version"] == "7"
        assert [n["outputs"] for n in record(given)["notebooks"]] == [2]
        assert record(given)["notebooks"][0]["peak_memory_mb"] > 20
        assert (given.folder / "notebooks" / "02-weekly-overview.ipynb").is_file()
        assert not (given.folder / "failure.txt").exists()


@pytest.mark.parametrize(
    ("shop", "words"),
    [
        ("loops", f"{LIMIT_SECONDS} 秒"),
        ("loops-in-a-kernel", f"{LIMIT_SECONDS} 秒"),
        ("exits", "退出码 9"),
        ("segfaults", "SIGSEGV"),
        ("hungry", "1,200 MB"),
    ],
)
def test_the_bad_ones_fail_alone_and_in_words(mixed, shop, words):
    _, jobs, results, _ = mixed
    given = next(j for j in jobs if j.shop == shop)
    assert results[shop].status == "failed"
    assert words in results[shop].reason
    assert "Traceback" not in results[shop].reason
    assert record(given)["status"] == "failed"
    assert (given.folder / "failure.txt").read_text("utf-8").startswith(results[shop].reason)
    assert (given.folder / "notebooks" / "02-weekly-overview.ipynb").is_file(), "what was made before is the trail"


def test_a_loop_ends_soon_after_its_limit(mixed):
    _, _, results, _ = mixed
    assert all(results[shop].seconds < 2 * LIMIT_SECONDS for shop in ("loops", "loops-in-a-kernel"))


def test_nothing_unfinished_is_left_and_no_kernel_lives_on(mixed):
    root, jobs, _, _ = mixed
    assert all(nothing_left(given) for given in jobs)
    assert not psutil.pid_exists(int((root / "pid").read_text()))
    assert "POLARS_MAX_THREADS" not in os.environ


def test_progress_hears_of_every_job_once_ended_and_of_running_ones(mixed):
    _, _, results, steps = mixed
    ended = [s.result for s in steps if s.state == "ended"]
    assert sorted(r.shop for r in ended) == sorted(results)
    assert {s.job.shop for s in steps if s.state == "running"} >= {"loops"}
    assert max(s.notebooks_done for s in steps if s.job.shop == "loops") == 1


def test_resume_starts_nothing_for_what_is_there(tmp_path, monkeypatch):
    given = [job(tmp_path, toy(tmp_path, "02-weekly-overview", CHART), shop=shop) for shop in ("a", "b")]
    made = [run_report(one) for one in given]
    monkeypatch.setattr(batch, "worker_pool", lambda *_, **__: pytest.fail("a worker was started"))
    steps: list[Step] = []
    kept = run_batch(given, workers=2, time_limit_seconds=60, resume=True, progress=steps.append)
    assert [r.status for r in kept] == ["skipped", "skipped"]
    assert [r.page for r in kept] == [r.page for r in made]
    assert [s.state for s in steps] == ["ended", "ended"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"topp": 3}, ["topp", "top: int"]), ({"top": "3"}, ["top", "int", "how many"]), ({"top": True}, ["top", "bool"]),
        ({"share": "high"}, ["share", "float"]), ({"names": ["a", 1]}, ["names", "list[str]"]), ({"shop": "x"}, ["shop"]),
    ],
)  # fmt: skip
def test_unknown_and_ill_typed_parameters_are_refused_before_anything_starts(tmp_path, parameters, words):
    path = toy(
        tmp_path, "05-top", CHART,
        parameters="top: int = 5  # how many\nshare: float = 0.5  # how much\nnames: list[str] = []  # which",
    )  # fmt: skip
    fine = job(tmp_path, path, shop="fine", parameters={"top": 3, "share": 1, "names": ["a"]})
    with pytest.raises(UsageError) as refused:
        run_batch([fine, job(tmp_path, path, parameters=parameters)], workers=1, time_limit_seconds=60)
    assert all(word in str(refused.value) for word in words), refused.value
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("changes", [{"week": "2026-46"}, {"week": "W46"}, {"languages": ("fr",)}, {"languages": ()}])
def test_a_job_that_makes_no_sense_is_refused(tmp_path, changes):
    if changes.get("week") == "2026-46":
        changes = {"week": "46"}
    with pytest.raises(UsageError):
        run_batch([job(tmp_path, toy(tmp_path, "05-x", CHART), **changes)], workers=1, time_limit_seconds=60)


def test_two_reports_in_one_folder_are_refused(tmp_path):
    given = job(tmp_path, toy(tmp_path, "05-x", CHART))
    with pytest.raises(UsageError, match="one folder"):
        run_batch([given, given], workers=1, time_limit_seconds=60)
