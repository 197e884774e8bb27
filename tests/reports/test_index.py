"""The index lists shops and weeks, and what it costs does not grow with what has been run before."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from toy_notebooks import job

from aftersales.sources.storage import Folder
from aftersales.words.periods import Week
from aftersales_app.reports import index as index_module
from aftersales_app.reports.batch import Step
from aftersales_app.reports.index import WEEKS_SHOWN, updated_index
from aftersales_app.reports.job import ReportResult
from aftersales_app.reports.place import write_record
from aftersales_app.reports.progress import print_summary, shown_progress


def ended(reports, shop="demo", week="2026-W46", status="ok", reason=None, good=True):
    folder = reports / shop / week
    folder.mkdir(parents=True, exist_ok=True)
    if good:
        (folder / "index.html").write_text("page")
    write_record(folder, {"status": "ok" if good else "failed"})
    page = folder / "index.html" if good else None
    return ReportResult(shop, week, status, folder, page, seconds=1.5, peak_memory_mb=1.0, reason=reason)


def links(page):
    return re.findall(r'<a href="([^"]+)"', page.read_text("utf-8"))


def test_every_shop_and_week_is_linked_latest_first(tmp_path):
    results = [ended(tmp_path, shop, week) for shop in ("b", "a") for week in ("2026-W45", "2026-W46")]
    page = updated_index(tmp_path, results, language="zh", names={"a": "云栖 <家居>"})
    assert links(page) == [f"{s}/{w}/index.html" for s in ("a", "b") for w in ("2026-W46", "2026-W45")]
    assert all((tmp_path / link).is_file() for link in links(page))
    assert "云栖 &lt;家居&gt;" in page.read_text("utf-8")
    assert "Content-Security-Policy" in page.read_text("utf-8")
    assert all((tmp_path / css).is_file() for css in re.findall(r'href="([^"]+\.css)"', page.read_text("utf-8")))


def test_a_later_run_adds_and_renews_and_forgets_nothing(tmp_path):
    updated_index(tmp_path, [ended(tmp_path, "a", "2026-W45")], language="en")
    page = updated_index(tmp_path, [ended(tmp_path, "a"), ended(tmp_path, "b", status="skipped")], language="en")
    assert links(page) == ["a/2026-W46/index.html", "a/2026-W45/index.html", "b/2026-W46/index.html"]
    assert "failed" not in page.read_text("utf-8")
    page = updated_index(tmp_path, [ended(tmp_path, "a", status="failed", reason="why")], language="en")
    assert "the last run failed (the page is the last successful version)" in page.read_text("utf-8")
    page = updated_index(tmp_path, [ended(tmp_path, "c", status="failed", good=False)], language="en")
    assert len(links(page)) == 3
    page = updated_index(tmp_path, [ended(tmp_path, "a"), ended(tmp_path, "c")], language="en")
    assert "failed" not in page.read_text("utf-8")


def summary(above=0, headline="well", do=("first", "second")):
    told = {"zh": {"headline": f"{headline}！", "do": list(do)}, "en": {"headline": headline, "do": list(do)}}
    return {
        "severity": [above, 0.5, 1],
        "told": told,
        "trend": [0.1, None, 0.2],
        "normal": [0.05, 0.15],
        "signal": above > 0,
    }


def test_shops_are_told_worst_first_below_those_without_a_report(tmp_path):
    results = [ended(tmp_path, shop) for shop in ("calm", "bad", "worse")]
    for shop, above in (("calm", 0), ("bad", 1), ("worse", 2)):
        record = {"status": "ok", "languages": ["zh", "en"], "summary": summary(above, f"{shop} <b>", [f"{shop} & co"])}
        write_record(tmp_path / shop / "2026-W46", record)
    results += [ended(tmp_path, "late", "2026-W45"), ended(tmp_path, "down", status="failed", good=False)]
    page = updated_index(tmp_path, results, language="en", names={"absent": "Absent"})
    text = page.read_text("utf-8")
    assert re.findall(r"<h2>(.*?)</h2>", text) == ["Absent", "down", "late", "worse", "bad", "calm"]
    assert text.count("No report for 2026-W46") == 2
    assert '<p class="said">worse &lt;b&gt;</p>' in text
    assert "<li>worse &amp; co</li>" in text
    assert text.count("<svg") == 3
    assert "worse/2026-W46/index.en.html" in links(page)
    chinese = (tmp_path / "index.zh.html").read_text("utf-8")
    assert "worse &lt;b&gt;！" in chinese
    assert {"index.html", "worse/2026-W46/index.html"} <= set(links(tmp_path / "index.zh.html"))


def test_only_the_newest_week_is_remembered_in_words(tmp_path):
    for week in ("2026-W45", "2026-W46"):
        result = ended(tmp_path, "a", week)
        write_record(tmp_path / "a" / week, {"status": "ok", "summary": summary(1, f"said of {week}")})
        page = updated_index(tmp_path, [result], language="en")
    assert "said of 2026-W46" in page.read_text("utf-8")
    assert "W45" not in "".join(re.findall("said of [^<]*", (tmp_path / "index.json").read_text("utf-8")))


def test_an_empty_index_says_so(tmp_path):
    assert "There are no reports yet" in updated_index(tmp_path / "new", [], language="en").read_text("utf-8")


def test_a_lost_memory_is_found_again_in_the_folders(tmp_path):
    page = updated_index(tmp_path, [ended(tmp_path, "a", "2026-W45"), ended(tmp_path, "b")], language="zh")
    before = page.read_text("utf-8")
    (tmp_path / "index.json").write_text("{half")
    (tmp_path / "a" / "2026-W46.partial-1").mkdir()
    assert updated_index(tmp_path, [], language="zh").read_text("utf-8") == before


def test_what_an_update_costs_does_not_grow_with_the_runs_before(tmp_path, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr(index_module, "_found_entry", lambda *_: pytest.fail("no folder is looked into"))
    reader = Folder.read
    monkeypatch.setattr(Folder, "read", lambda self, name: opened.append(name) or reader(self, name))
    (tmp_path / "index.json").write_text("{}")
    first, costs = Week.parse("2020-W10"), []
    for number in range(2 * WEEKS_SHOWN):
        week = str(first.shift(number))
        result = ReportResult("a", week, "ok", tmp_path / "a" / week, None, seconds=1.0, peak_memory_mb=1.0)
        opened.clear()
        page = updated_index(tmp_path, [result], language="zh")
        costs.append((len(opened), (tmp_path / "index.json").stat().st_size))
    assert {reads for reads, _ in costs} == {2}, "its own memory, and the record of the report that ended"
    assert len({size for _, size in costs[WEEKS_SHOWN:]}) == 1
    assert page.read_text("utf-8").count("<li>") == WEEKS_SHOWN - 1


def reported(terminal):
    results = [
        ReportResult("demo", "2026-W46", "ok", Path("r"), Path("r/demo/index.html").absolute(), 12.3, 1.0),
        ReportResult("basic", "2026-W46", "failed", Path("r"), None, 2.0, 0.0, (), "It ran [too] long"),
    ]
    console = Console(file=io.StringIO(), force_terminal=terminal, width=140)
    jobs = [job(Path("r"), shop="demo"), job(Path("r"), shop="basic")]
    with shown_progress(jobs, language="en", console=console) as tell:
        for given, result in zip(jobs, results, strict=True):
            tell(Step(given, "running", 0))
            tell(Step(given, "running", 0))
            tell(Step(given, "ended", result=result))
    print_summary(results, language="en", seconds=14.3, console=console)
    return console.file.getvalue()


def test_a_log_gets_plain_lines_once_each(tmp_path):
    assert reported(terminal=False).splitlines() == [
        "demo 2026-W46: started", "demo 2026-W46: done, 12.3 s, r/demo/index.html",
        "basic 2026-W46: started", "basic 2026-W46: failed, 2.0 s. It ran [too] long",
        "2 reports: 1 done, 0 kept, 1 failed; 14.3 s in total",
    ]  # fmt: skip


def test_a_terminal_gets_bars_and_a_table_with_the_reason():
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", reported(terminal=True))
    assert "Creating reports" in text
    assert re.search(r"demo\s+│ 2026-W46 │ done\s+│ 12.3\s+│ r/demo/index.html", text)
    assert "It ran [too] long" in text


WRONG = {
    "null": "null", "a list": "[]", "a number": "7", "deep": "[" * 100_000, "a shop of null": '{"a": null}', "no weeks": '{"a": {"name": "a"}}',
    "weeks of a list": '{"a": {"name": "a", "weeks": []}}', "a week of null": '{"a": {"name": "a", "weeks": {"2026-W46": null}}}',
    "no such week": '{"a": {"name": "a", "weeks": {"2026-W99": {"status": "ok", "page": "", "good": true}}}}',
    "another's page": '{"a": {"name": "a", "weeks": {"2026-W46": {"status": "ok", "page": "javascript:alert(1)", "good": true}}}}',
    "a summary of text": '{"a": {"name": "a", "weeks": {"2026-W46": {"status": "ok", "page": "", "good": true, "summary": "x"}}}}',
    "a summary without end": '{"status": "ok", "summary": {"severity": [1, NaN, 2], "told": {}, "trend": [1e999], "normal": [0, 1]}}',
    "numbers": '{"a": {"name": 1, "weeks": {"2026-W46": {"status": 2, "page": 3, "good": 4}}}}', "not text": "\\ud800",
}  # fmt: skip


@pytest.mark.parametrize("how", WRONG)
def test_a_memory_or_record_that_is_not_ours_is_made_anew(tmp_path, how):
    for week in ("2026-W45", "2026-W46"):
        (tmp_path / "a" / week).mkdir(parents=True)
        (tmp_path / "a" / week / "index.html").write_text("x")
        (tmp_path / "a" / week / "run.json").write_text('{"status": "ok"}' if week == "2026-W45" else WRONG[how])
    (tmp_path / "index.json").write_text(WRONG[how])
    page = updated_index(tmp_path, [], language="en").read_text("utf-8")
    assert "a/2026-W45/index.html" in page
    assert "a/2026-W46/index.html" in page
    assert "javascript:" not in page
