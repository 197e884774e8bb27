"""One failure stays one: notebooks that fail, loop, die or eat memory do not touch the other reports."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace

import psutil
import pytest
from toy_notebooks import CHART, job, toy

from aftersales.reports.batch import Step, run_batch
from aftersales.words.errors import QuestionError

WATCH = "from pathlib import Path\nPath({marker!r}).write_text('here')\n"


def record(given):
    return json.loads((given.folder / "run.json").read_text("utf-8"))


def nothing_left(given):
    return sorted(p.name for p in given.folder.parent.iterdir() if p.name != given.folder.name) == []


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """One batch of two good reports and four that go wrong in the worst ways, and how long it took."""
    root = tmp_path_factory.mktemp("mixed")
    good = toy(
        root / "books", "02-weekly-overview", CHART, "import polars as pl\npl.DataFrame({'a': [1]}).group_by('a').len()"
    )
    bad = {
        "loops": "while True:\n    pass",
        "exits": "import os\nos._exit(9)",
        "segfaults": "import ctypes\nctypes.string_at(0)",
        "hungry": "held = []\nwhile True:\n    held.append(bytearray(20_000_000))",
    }
    jobs = [job(root, good, shop="first")]
    jobs += [job(root, good, toy(root / "books", f"05-{name}", code), shop=name) for name, code in bad.items()]
    jobs.append(job(root, good, shop="last", engine="kernel"))
    steps: list[Step] = []
    started = time.monotonic()
    results = run_batch(jobs, workers=2, time_limit_seconds=12, memory_limit_mb=1200, progress=steps.append)
    return jobs, dict(zip([j.shop for j in jobs], results, strict=True)), steps, time.monotonic() - started


def test_the_good_reports_are_whole(mixed):
    jobs, results, _, _ = mixed
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
    [("loops", "12"), ("exits", "退出码 9"), ("segfaults", "SIGSEGV"), ("hungry", "1,200 MB")],
)
def test_the_bad_ones_fail_alone_and_in_words(mixed, shop, words):
    jobs, results, _, _ = mixed
    given = next(j for j in jobs if j.shop == shop)
    assert results[shop].status == "failed"
    assert words in results[shop].reason
    assert "Traceback" not in results[shop].reason
    assert record(given)["status"] == "failed"
    assert (given.folder / "failure.txt").read_text("utf-8").startswith(results[shop].reason)
    assert (given.folder / "notebooks" / "02-weekly-overview.ipynb").is_file(), "what was made before is the trail"


def test_nothing_unfinished_is_left_and_no_process_lives_on(mixed):
    jobs, _, _, seconds = mixed
    assert all(nothing_left(given) for given in jobs)
    assert seconds < 60
    assert [c for c in psutil.Process().children(recursive=True) if "ipykernel" in " ".join(c.cmdline())] == []


def test_progress_hears_of_every_job_once_ended_and_of_running_ones(mixed):
    _, results, steps, _ = mixed
    ended = [s.result for s in steps if s.state == "ended"]
    assert sorted(r.shop for r in ended) == sorted(results)
    assert {s.job.shop for s in steps if s.state == "running"} >= {"loops"}
    assert max(s.notebooks_done for s in steps if s.job.shop == "loops") == 1


def test_an_endless_kernel_is_killed_with_its_worker(tmp_path):
    marker = tmp_path / "pid"
    loop = f"import os\nfrom pathlib import Path\nPath({str(marker)!r}).write_text(str(os.getpid()))\nwhile True:\n    pass"
    given = job(tmp_path, toy(tmp_path, "05-loops", loop), engine="kernel", languages=("en",))
    started = time.monotonic()
    (result,) = run_batch([given], workers=1, time_limit_seconds=6)
    assert time.monotonic() - started < 25
    assert "6.0 seconds" in result.reason
    assert not psutil.pid_exists(int(marker.read_text()))


def test_a_failed_notebook_fails_the_report_but_not_its_neighbours(tmp_path):
    good, bad = toy(tmp_path, "02-weekly-overview", CHART), toy(tmp_path, "03-refund-trends", "1 / 0")
    silent = toy(tmp_path, "04-silent", "x = 1")
    given = job(tmp_path, bad, good, silent, languages=("en", "zh"))
    (result,) = run_batch([given], workers=1, time_limit_seconds=60)
    assert result.status == "failed"
    assert "ZeroDivisionError" in result.reason
    assert "3 more" in result.reason
    assert [n.status for n in result.notebooks] == ["failed", "ok", "failed"] * 2
    pages = sorted(p.name for p in given.folder.glob("*.html"))
    assert pages == ["index.html", "index.zh.html"]
    assert "Traceback" in (given.folder / "failure.txt").read_text("utf-8")
    assert (given.folder / "notebooks" / "03-refund-trends.zh.ipynb").is_file()


def test_workers_use_polars_with_their_share_of_threads(tmp_path):
    source = "import polars as pl\nassert pl.thread_pool_size() == int(__import__('os').environ['POLARS_MAX_THREADS'])\npl.DataFrame({'n': [pl.thread_pool_size()]})"
    jobs = [job(tmp_path, toy(tmp_path, "05-polars", source), shop=name) for name in ("a", "b")]
    results = run_batch(jobs, workers=2, time_limit_seconds=60)
    assert [r.status for r in results] == ["ok", "ok"], results
    assert "POLARS_MAX_THREADS" not in os.environ


def test_resume_keeps_what_would_come_out_the_same(tmp_path):
    marker = tmp_path / "ran"
    count = f"from pathlib import Path\np = Path({str(marker)!r})\np.write_text(str(int(p.read_text() or 0) + 1) if p.exists() else '1')\n"
    path = toy(tmp_path, "02-weekly-overview", count + CHART, parameters="top: int = 5  # how many")
    given = job(tmp_path, path)

    def again(changed, resume=True):
        return run_batch([changed], workers=1, time_limit_seconds=60, resume=resume)[0].status, marker.read_text()

    assert again(given) == ("ok", "1")
    assert again(given) == ("skipped", "1")
    assert again(replace(given, commit="8")) == ("ok", "2")
    assert again(replace(given, commit="8", parameters={"top": 3})) == ("ok", "3")
    assert again(replace(given, commit="8", parameters={"top": 3}), resume=False) == ("ok", "4")
    toy(tmp_path, "02-weekly-overview", count + CHART + "\n", parameters="top: int = 5  # how many, changed")
    assert again(replace(given, commit="8", parameters={"top": 3})) == ("ok", "5")


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
    with pytest.raises(QuestionError) as refused:
        run_batch([fine, job(tmp_path, path, parameters=parameters)], workers=1, time_limit_seconds=60)
    assert all(word in str(refused.value) for word in words), refused.value
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("changes", [{"week": "2026-46"}, {"week": "W46"}, {"languages": ("fr",)}, {"languages": ()}])
def test_a_job_that_makes_no_sense_is_refused(tmp_path, changes):
    if changes.get("week") == "2026-46":
        changes = {"week": "46"}
    with pytest.raises(QuestionError):
        run_batch([job(tmp_path, toy(tmp_path, "05-x", CHART), **changes)], workers=1, time_limit_seconds=60)


def test_two_reports_in_one_folder_are_refused(tmp_path):
    given = job(tmp_path, toy(tmp_path, "05-x", CHART))
    with pytest.raises(QuestionError, match="one folder"):
        run_batch([given, given], workers=1, time_limit_seconds=60)
