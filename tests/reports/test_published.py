"""Reports in object storage, on a real S3 server: whole or not there, the last good one kept, deaths put right."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from toy_notebooks import CHART, job, toy

from aftersales.sources.storage import Folder
from aftersales.words.errors import SetupError
from aftersales_app.reports import published
from aftersales_app.reports.assets import assets_version
from aftersales_app.reports.batch import Step, in_place, run_batch
from aftersales_app.reports.index import updated_index
from aftersales_app.reports.job import ReportResult
from aftersales_app.reports.place import partial_folder, write_record
from aftersales_app.reports.published import STAGED, mend, stage

PLACE = "demo/2026-W46"


def told_apart(tmp_path, s3, text, *, status="ok", pages=("index.html", "refund-trends.html")):
    """A made report all of whose files say the same word, staged and not yet in place: its job and result."""
    given = job(tmp_path / "scratch", published=f"{s3}/reports")
    partial = partial_folder(given.folder)
    (partial / "findings").mkdir()
    for name in (*pages, "findings/signals.parquet"):
        (partial / name).write_text(text)
    write_record(partial, {"status": status, "said": text})
    result = ReportResult(given.shop, given.week, status, given.folder, None, 1.0, 1.0)
    return given, replace(result, staged=stage(partial, given))


def put(tmp_path, s3, text, **changes):
    return in_place(*told_apart(tmp_path, s3, text, **changes))


def contents(folder, place=PLACE):
    return {name.removeprefix(f"{place}/"): folder.read(name).decode() for name in folder.names(f"{place}/")}


def test_a_report_stands_where_a_local_one_would_and_its_assets_once_beside(tmp_path, s3):
    root = Folder(f"{s3}/reports")
    result = put(tmp_path, s3, "first")
    assert result.page == f"{s3}/reports/{PLACE}/index.html"
    assert sorted(contents(root)) == ["findings/signals.parquet", "index.html", "refund-trends.html", "run.json"]
    assert f"_assets/{assets_version()}/plotly.min.js" in root.names("_assets/")
    assert not [name for name in root.names() if STAGED in name]
    Folder(f"{s3}/reports").write(f"{PLACE}/mail.zh.eml", b"what was sent")
    put(tmp_path, s3, "second", pages=("index.html",))
    there = contents(root)
    assert (there["index.html"], there["findings/signals.parquet"]) == ("second", "second")
    assert there["mail.zh.eml"] == "what was sent"
    assert "refund-trends.html" not in there, "a page that is no longer made goes with the old report"


def test_a_failed_report_never_replaces_a_good_one(tmp_path, s3):
    root = Folder(f"{s3}/reports")
    put(tmp_path, s3, "good")
    failed = put(tmp_path, s3, "bad", status="failed", pages=())
    assert failed.page == f"{s3}/reports/{PLACE}/index.html", "the good one is what there is to open"
    there = contents(root)
    assert (there["index.html"], json.loads(there["run.json"])["status"]) == ("good", "ok")
    assert json.loads(there["failed/run.json"])["said"] == "bad"
    put(tmp_path, s3, "better")
    assert not [name for name in contents(root) if name.startswith("failed/")]


def test_whoever_goes_by_the_record_never_sees_half_a_report(tmp_path, s3):
    put(tmp_path, s3, "turn 0")
    reader, seen, torn, over = Folder(f"{s3}/reports"), set(), [], threading.Event()

    def said():
        try:
            return json.loads(reader.read(f"{PLACE}/run.json"))["said"]
        except FileNotFoundError:
            return None

    def read():
        while not over.is_set():
            before = said()
            files = {}
            for name in ("index.html", "refund-trends.html", "findings/signals.parquet"):
                files[name] = reader.read(f"{PLACE}/{name}").decode()
            if before is not None and before == said():
                seen.add(before)
                torn.extend(f"{before}: {name} says {text}" for name, text in files.items() if text != before)

    thread = threading.Thread(target=read)
    thread.start()
    for turn in range(1, 9):
        put(tmp_path, s3, f"turn {turn}")
    over.set()
    thread.join()
    assert torn == []
    assert len(seen) >= 2, "the reader did read between the turns"


def test_a_death_at_any_copy_is_put_right_by_the_next_run(tmp_path, s3, monkeypatch):
    root = Folder(f"{s3}/reports")
    put(tmp_path, s3, "old")
    copy, died = Folder.copy, 0
    for deadly in range(1, 5):
        given, result = told_apart(tmp_path, s3, f"new {deadly}")
        lock, left = threading.Lock(), [deadly]

        def dying(self, name, to, lock=lock, left=left):
            with lock:
                left[0] -= 1
                if left[0] <= 0:
                    raise KeyboardInterrupt
            copy(self, name, to)

        monkeypatch.setattr(Folder, "copy", dying)
        with pytest.raises(KeyboardInterrupt):
            in_place(given, result)
        monkeypatch.setattr(Folder, "copy", copy)
        died += 1
        assert "run.json" not in contents(root), "until it is whole it has no record"
        mend(given)
        there = contents(root)
        assert {text for name, text in there.items() if name != "run.json"} == {f"new {deadly}"}
        assert not [name for name in there if name.startswith(STAGED)]
    assert died == 4


def test_what_a_dead_worker_staged_is_not_read_and_goes(tmp_path, s3):
    root = Folder(f"{s3}/reports")
    put(tmp_path, s3, "old")
    given, whole = told_apart(tmp_path, s3, "never put in place")
    root.remove(f"{told_apart(tmp_path, s3, 'half staged')[1].staged}/complete.json")
    page = updated_index(f"{s3}/reports", [], language="en")
    assert page == f"{s3}/reports/index.html"
    assert Folder(f"{s3}/reports").read("index.html").decode().count("<section") == 1
    mend(given)
    assert {text for name, text in contents(root).items() if name != "run.json"} == {"old"}
    assert whole.staged not in {name.rsplit("/", 1)[0] for name in root.names()}


@pytest.mark.slow
def test_a_batch_on_this_machine_publishes_too_and_resumes_from_there(tmp_path, s3):
    books = [toy(tmp_path, "02-weekly-overview", CHART)], [toy(tmp_path, "05-bad", "1 / 0")]
    given = [
        job(tmp_path / "scratch", *books[0], shop="good", published=f"{s3}/reports"),
        job(tmp_path / "scratch", *books[0], *books[1], shop="bad", published=f"{s3}/reports"),
    ]
    steps: list[Step] = []
    good, bad = run_batch(given, workers=2, time_limit_seconds=120, progress=steps.append)
    assert (good.status, good.page) == ("ok", f"{s3}/reports/good/2026-W46/index.html")
    assert (bad.status, bad.page) == ("failed", f"{s3}/reports/bad/2026-W46/index.html")
    assert "ZeroDivisionError" in bad.reason
    root = Folder(f"{s3}/reports")
    assert root.read("bad/2026-W46/failure.txt").decode().startswith(bad.reason)
    page = root.read("good/2026-W46/index.html").decode()
    assert f"../../_assets/{assets_version()}/" in page
    assert not list((tmp_path / "scratch" / "reports").glob("*/2026-W46*")), "nothing of a report stays here"
    again = run_batch(given, workers=2, time_limit_seconds=120, resume=True)
    assert [r.status for r in again] == ["skipped", "failed"]
    index = updated_index(f"{s3}/reports", again, language="en", names={"good": "A <good> shop"})
    text = root.read("index.html").decode()
    assert index == f"{s3}/reports/index.html"
    assert "A &lt;good&gt; shop" in text
    assert 'href="good/2026-W46/index.html"' in text
    root.remove("index.json")
    updated_index(f"{s3}/reports", [], language="en")
    assert 'href="good/2026-W46/index.html"' in root.read("index.html").decode(), "found again in the folders"


def test_storage_that_fails_at_the_end_fails_the_report_in_words(tmp_path, s3, monkeypatch):
    given = job(tmp_path / "scratch", toy(tmp_path, "02-weekly-overview", CHART), published=f"{s3}/reports")

    def full(self, name, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(published.Folder, "write", full)
    from aftersales_app.reports.run import run_report

    result = run_report(given)
    assert (result.status, result.staged) == ("failed", "")
    assert "No space left on device" in result.reason


def test_a_second_run_waits_for_the_index_and_gives_up_in_a_sentence(s3, monkeypatch):
    from aftersales_app.reports import index

    monkeypatch.setattr(index, "_WAIT_SECONDS", 2)
    import time as clock

    Folder(f"{s3}/reports").write(
        ".index.lock", json.dumps({"host": "other", "pid": 1, "at": clock.time() + 5}).encode()
    )
    with pytest.raises(SetupError, match="writing the index page"):
        updated_index(f"{s3}/reports", [], language="en")
