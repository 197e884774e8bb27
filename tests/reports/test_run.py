"""One report: pages the same on every run, offline and strict, put in place whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import nbformat
import pytest
from toy_notebooks import CHART, job, toy

from aftersales_app.reports.assets import assets_version, plotly_script, published_assets
from aftersales_app.reports.finalize import already_made
from aftersales_app.reports.page import page_faults
from aftersales_app.reports.place import last_attempt, mend, partial_folder, put_in_place, read_record, write_record
from aftersales_app.reports.run import run_report
from aftersales_app.reports.single_file import single_file

PLOTLY = "import plotly.graph_objects as go\ngo.Figure(go.Bar(y=[1, 2]), layout={'height': 200})"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A report of two notebooks in two languages."""
    root = tmp_path_factory.mktemp("made")
    first = toy(root / "books", "02-weekly-overview", CHART, "import polars as pl\npl.DataFrame({'a': [1]})")
    second = toy(root / "books", "03-refund-trends", PLOTLY, ("print('a log line'); secret_code = 1", ""))
    given = job(root, first, second, languages=("zh", "en"), shop_name="云栖家居旗舰店")
    return given, run_report(given)


def pages(given):
    return {p.name: p.read_bytes() for p in sorted(given.folder.glob("*.html"))}


def test_the_overview_is_the_index_and_the_second_language_lies_beside_it(made):
    given, result = made
    assert (result.status, result.reason) == ("ok", None)
    assert list(pages(given)) == ["index.en.html", "index.html", "refund-trends.en.html", "refund-trends.html"]
    assert result.page == given.folder / "index.html"
    html = pages(given)["index.html"].decode()
    assert 'href="refund-trends.html"' in html
    assert 'href="index.en.html"' in html
    assert "02-weekly-overview页" in html
    assert "云栖家居旗舰店" in html
    assert "02-weekly-overview page" in pages(given)["index.en.html"].decode()


def test_the_same_input_gives_the_same_bytes(made, tmp_path):
    given, _ = made
    again = replace(given, folder=tmp_path / "reports" / "demo" / "2026-W46", assets=tmp_path / "reports" / "_assets")
    assert run_report(again).status == "ok"
    assert pages(again) == pages(given)


def test_a_page_holds_no_code_and_no_log_and_loads_nothing_from_afar(made):
    given, _ = made
    for html in (page.decode() for page in pages(given).values()):
        assert "secret_code" not in html
        assert "a log line" not in html
        assert "import polars" not in html
        assert "Content-Security-Policy" in html
        assert not re.search(r'(?:src|href)="(?:https?:)?//', html)
        for address in re.findall(r'(?:src|href)="([^"#]+\.(?:js|css))"', html):
            assert (given.folder / address).is_file(), address


def test_every_chart_is_on_its_page_also_a_plain_plotly_figure(made):
    given, _ = made
    assert 'id="c-plot"' in pages(given)["index.html"].decode()
    html = pages(given)["refund-trends.html"].decode()
    assert 'class="plot" id="figure-1-plot"' in html
    assert html.count('class="plot-data"') == 1


def test_plotly_comes_once_and_from_the_installed_wheel(made):
    given, _ = made
    found = list(given.assets.rglob("plotly.min.js"))
    assert len(found) == 1
    assert found[0].read_bytes() == plotly_script().read_bytes()
    assert found[0].parent.name == assets_version()
    before = found[0].stat().st_mtime_ns
    published_assets(given.assets)
    assert found[0].stat().st_mtime_ns == before


@pytest.mark.parametrize("there_already", [False, True])
def test_assets_that_a_killed_process_left_half_copied_go(tmp_path, there_already):
    if there_already:
        published_assets(tmp_path)
    gone = subprocess.Popen([sys.executable, "-c", "pass"])
    gone.wait()
    half = tmp_path / f"{assets_version()}.partial-{gone.pid}"
    half.mkdir()
    (half / "plotly.min.js").write_text("half")
    target = published_assets(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [target.name]
    assert (target / "plotly.min.js").read_bytes() == plotly_script().read_bytes()


def test_the_record_says_what_was_run(made):
    given, result = made
    record = read_record(given.folder)
    assert {"shop", "week", "parameters", "store_version", "code_version", "seconds", "peak_memory_mb"} <= set(record)
    assert [(n["name"], n["language"], n["status"]) for n in record["notebooks"]] == [
        ("02-weekly-overview", "zh", "ok"), ("03-refund-trends", "zh", "ok"),
        ("02-weekly-overview", "en", "ok"), ("03-refund-trends", "en", "ok"),
    ]  # fmt: skip
    assert all(n["seconds"] > 0 and n["peak_memory_mb"] > 0 for n in record["notebooks"])
    assert json.dumps(record)  # plain JSON
    kept = already_made(given)
    assert kept.status == "skipped"
    assert kept.page == result.page
    assert kept.notebooks == result.notebooks


def test_executed_notebooks_are_the_trail(made):
    given, _ = made
    book = nbformat.read(given.folder / "notebooks" / "03-refund-trends.en.ipynb", as_version=4)
    assert book.metadata.papermill.parameters == {"shop": "demo", "week": "2026-W46", "language": "en"}
    assert any(output.output_type == "stream" for cell in book.cells for output in cell.get("outputs", []))


def test_a_single_file_opens_alone_and_stays_strict(made, tmp_path):
    given, _ = made
    alone = single_file(given.folder / "index.html").decode()
    assert "<link" not in alone
    assert '<style id="plotly.js-style-global"' in alone
    assert "<script src" not in alone
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', alone)[1]
    scripts = re.findall(r"<script>", alone)
    assert policy.count("'sha256-") >= len(scripts) > 0
    assert "'unsafe-inline'" not in re.search(r"script-src ([^;]+)", policy)[1]
    assert "refund-trends.html" not in alone
    assert 'class="plot-data"' in alone


def bad_page(tmp_path, html):
    path = toy(tmp_path, "05-bad", f"from IPython.display import HTML\nHTML({html!r})")
    return run_report(job(tmp_path, path, languages=("en",)))


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<script>draw()</script>", "inline script"), ('<b onclick="x()">b</b>', "onclick"),
        ('<img src="https://example.com/a.png">', "example.com"), ('<script src="//cdn.example.com/p.js"></script>', "cdn"),
    ],
)  # fmt: skip
def test_a_page_its_policy_would_break_is_a_failure(tmp_path, html, words):
    result = bad_page(tmp_path, html)
    assert result.status == "failed"
    assert words in result.reason
    assert list(result.folder.glob("*.html")) == []


def test_a_lost_chart_is_a_fault(tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x")])
    html = '<div class="plot" id="lost-plot"></div>'
    book.cells[0].outputs = [nbformat.v4.new_output("display_data", data={"text/html": html})]
    head = '<meta http-equiv="Content-Security-Policy" content="x"><p>text</p>'
    assert page_faults(head + html, notebook=book, language="en") == []
    assert "lost-plot" in page_faults(head, notebook=book, language="en")[0]
    assert page_faults("", notebook=book, language="en")[0] == "no content security policy"


def test_a_failed_run_never_replaces_a_good_report(tmp_path):
    path = toy(tmp_path, "02-weekly-overview", CHART)
    given = job(tmp_path, path)
    assert run_report(given).status == "ok"
    good = pages(given)
    (given.folder / "mail.zh.eml").write_text("what was sent")
    toy(tmp_path, "02-weekly-overview", "1 / 0")
    failed = run_report(given)
    assert failed.status == "failed"
    assert pages(given) == good
    assert read_record(given.folder)["status"] == "ok"
    assert last_attempt(given.folder)["status"] == "failed"
    assert "ZeroDivisionError" in (given.folder / "failed" / "failure.txt").read_text("utf-8")
    toy(tmp_path, "02-weekly-overview", CHART)
    assert run_report(given).status == "ok"
    assert not (given.folder / "failed").exists()
    assert last_attempt(given.folder)["status"] == "ok"
    assert (given.folder / "mail.zh.eml").read_text() == "what was sent"


def test_a_page_that_is_no_longer_made_goes_with_the_old_report(tmp_path):
    one, two = toy(tmp_path, "02-weekly-overview", CHART), toy(tmp_path, "03-refund-trends", CHART)
    given = job(tmp_path, one, two)
    run_report(given)
    run_report(replace(given, notebooks=(one,)))
    assert list(pages(given)) == ["index.html"]


def test_a_death_between_the_two_renames_is_mended(tmp_path):
    folder = tmp_path / "demo" / "2026-W46"
    dead = 4_000_000  # beyond the largest process id of Linux' default
    old, partial = folder.with_name(f"2026-W46.old-{dead}"), folder.with_name(f"2026-W46.partial-{dead}")
    old.mkdir(parents=True)
    write_record(old, {"status": "ok"})
    partial.mkdir()
    mend(folder)
    assert read_record(folder) == {"status": "ok"}
    assert [p.name for p in folder.parent.iterdir()] == ["2026-W46"]


def test_until_it_is_whole_the_old_report_stands(tmp_path):
    folder = tmp_path / "demo" / "2026-W46"
    for turn in ("first", "second"):
        partial = partial_folder(folder)
        (partial / "index.html").write_text(turn)
        if turn == "second":
            assert (folder / "index.html").read_text() == "first"
            assert read_record(folder) == {"status": "ok"}
        write_record(partial, {"status": "ok"})
        put_in_place(partial, folder, good=True)
    assert (folder / "index.html").read_text() == "second"
    assert [p.name for p in folder.parent.iterdir()] == ["2026-W46"]


def write_toy_findings(*, folder, shop, week, config, commit):
    (folder / "findings").mkdir()
    (folder / "findings" / "signals.parquet").write_text(f"{shop} {week} {commit}")


def write_no_findings(**_):
    raise ValueError("nothing computed")


def test_findings_are_written_into_the_report(tmp_path):
    given = job(tmp_path, toy(tmp_path, "02-weekly-overview", CHART), findings="test_run:write_toy_findings")
    assert run_report(given).status == "ok"
    assert (given.folder / "findings" / "signals.parquet").read_text() == "demo 2026-W46 7"
    failed = run_report(replace(given, shop="b", folder=tmp_path / "b", findings="test_run:write_no_findings"))
    assert "nothing computed" in failed.reason
    assert (tmp_path / "b" / "index.html").is_file()


def test_markdown_comes_in_the_pages_language(tmp_path):
    path = toy(tmp_path, "02-weekly-overview", CHART)
    book = nbformat.read(path, as_version=4)
    book.cells[2].source = "## 结论是什么 · The answer"
    nbformat.write(book, path)
    given = job(tmp_path, path, languages=("zh", "en"))
    run_report(given)
    zh, en = ((given.folder / name).read_text("utf-8") for name in ("index.html", "index.en.html"))
    assert "结论是什么" in zh
    assert "The answer" not in zh
    assert "The answer" in en


def test_a_failed_notebook_fails_the_report_but_not_its_neighbours(tmp_path):
    good, bad = toy(tmp_path, "02-weekly-overview", CHART), toy(tmp_path, "03-refund-trends", "1 / 0")
    given = job(tmp_path, bad, good, toy(tmp_path, "04-silent", "x = 1"), languages=("en", "zh"))
    result = run_report(given)
    assert result.status == "failed"
    assert "ZeroDivisionError" in result.reason
    assert "3 more" in result.reason
    assert [n.status for n in result.notebooks] == ["failed", "ok", "failed"] * 2
    assert list(pages(given)) == ["index.html", "index.zh.html"]
    assert "Traceback" in (given.folder / "failure.txt").read_text("utf-8")
    assert (given.folder / "notebooks" / "03-refund-trends.zh.ipynb").is_file()


def test_only_what_would_come_out_the_same_is_kept(tmp_path):
    top = "top: int = 5  # how many"
    given = job(tmp_path, toy(tmp_path, "02-weekly-overview", CHART, parameters=top))
    assert already_made(given) is None
    run_report(given)
    assert already_made(given) is not None
    others = (
        {"commit": "8"},
        {"parameters": {"top": 3}},
        {"languages": ("en",)},
        {"findings": "a:b"},
        {"week": "2026-W45"},
    )
    assert all(already_made(replace(given, **change)) is None for change in others)
    (tmp_path / "shops.toml").write_text("[store]")
    assert already_made(replace(given, config=tmp_path / "shops.toml")) is None
    toy(tmp_path, "02-weekly-overview", CHART, parameters=top + ", changed")
    assert already_made(given) is None


@pytest.mark.slow
@pytest.mark.parametrize("alone", [False, True], ids=["with its assets", "as a single file"])
def test_a_browser_draws_the_chart_under_the_pages_own_policy(made, tmp_path, alone):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("there is no chromium here")
    page = made[0].folder / "refund-trends.html"
    if alone:
        (tmp_path / "sent.html").write_bytes(single_file(page))
        page = tmp_path / "sent.html"
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--virtual-time-budget=5000",
    ]
    seen = subprocess.run([browser, *options, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=False)
    assert '<svg class="main-svg"' in seen.stdout
    assert "Content Security Policy" not in seen.stderr


def test_a_page_that_embeds_rows_instead_of_counts_fails_and_names_the_block(tmp_path):
    rows = PLOTLY.replace("y=[1, 2]", "y=list(range(40_000))")
    heavy, light = toy(tmp_path, "02-weekly-overview", rows), toy(tmp_path, "03-refund-trends", CHART)
    given = job(tmp_path, heavy, light, languages=("en",))
    result = run_report(given)
    assert result.status == "failed"
    said = re.search(
        r"has (\d+) kB, more than the budget of 150 kB; its largest block is (\S+) \((\d+) kB\)", result.reason
    )
    assert said, result.reason
    assert said[2] == "figure-1"
    assert 150 < int(said[3]) <= int(said[1])
    assert "refund-trends" not in result.reason
