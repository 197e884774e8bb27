"""The explorer in a real browser: its figures are the pages' own, for every filter that a page shows; links, keys, files."""

from __future__ import annotations

import csv
import io
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from said import soup, words
from test_browser import violations

import aftersales as asa
from aftersales.measures.rates import refund_rate
from aftersales.words.language import say
from aftersales.words.plain import table_cell
from aftersales_app.reports.explorer_data import Explored, packed, unpacked

pytestmark = pytest.mark.slow
Figures = dict[str, dict[str, tuple[str, str, str]]]
HOSTILE = (
    "=cmd|' /C calc'!A0<img src=x onerror=window.hacked=1>", "＝1+1", "-5.20", "-5+cmd|' /C'!A0", "\t@SUM(1)", "0012345",
    "1e5", "3252490880209298352", 'a";b,c', "收到=好", "+86", "|x", "%x",
)  # fmt: skip


@pytest.fixture(scope="module")
def tab(chromium: Any) -> Iterator[Any]:
    with chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True) as context:
        page = context.new_page()
        page.heard = []
        page.on("console", lambda m: page.heard.append(m.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on("request", lambda r: page.heard.append(r.url) if not r.url.startswith(("file:", "blob:")) else None)
        yield page
        assert page.heard == []


def ready(tab: Any, path: Path, filters: str) -> None:
    """The page with these filters, answered."""
    address = f"{path.as_uri()}#{filters}"
    if tab.url.split("#")[0] != path.as_uri():
        tab.goto(address)
        tab.wait_for_selector("#explorer[data-answers]")
    elif tab.url != address:
        answers = tab.evaluate("() => Number(document.getElementById('explorer').dataset.answers)")
        tab.evaluate("hash => { location.hash = hash; }", f"#{filters}")
        tab.wait_for_function("n => Number(document.getElementById('explorer').dataset.answers) > n", arg=answers)


def table(tab: Any, button: str) -> list[list[str]]:
    with tab.expect_download() as download:
        tab.click(button)
    return list(csv.reader(io.StringIO(Path(download.value.path()).read_text("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def figures(tab: Any, reports: Path) -> Callable[..., Figures]:
    """What the explorer of a shop's Chinese page counts with these filters: by grouping and value three numbers."""

    def read(shop: str, filters: str) -> Figures:
        [path] = reports.glob(f"{shop}/*/explorer.html")
        ready(tab, path, filters)
        found: Figures = defaultdict(dict)
        for by, value, *numbers in table(tab, "#x-csv-figures")[1:]:
            found[by][value] = tuple(numbers)
        return found

    return read


def counted(figures: dict[str, tuple[str, str, str]]) -> dict[str, tuple[int, int]]:
    return {value: (int(part), int(whole)) for value, (_, part, whole) in figures.items() if int(whole)}


def cells(block: Any) -> list[list[str]]:
    return [[words(cell) for cell in row.select("td")] for row in block.select("tbody tr")]


@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_weeks_and_places_are_those_of_the_refund_page(shop, reports, config, figures):
    data = asa.open(shop, language="zh", config=config).data
    [page] = reports.glob(f"{shop}/*/refund-trends.html")
    shown = figures(shop, "measure=refund_rate&weeks=all")["周"]
    told = cells(soup(page).select_one("#refund-weeks details"))
    assert len(told) >= 20
    part, whole = counted(shown), {}
    for row in data.refund_rate_weekly.tail(len(told)).iter_rows(named=True):
        whole[f"{row['cohort']:%G-W%V}"] = (row["refund_orders"], row["paid_orders"])
    assert [f"{n:,}" for n, _ in whole.values()] == [row[1] for row in told]
    assert {week: part[week] for week in whole} == whole
    quarter = figures(shop, "measure=refund_rate")
    [regions] = soup(page).select("#refund-regions details")
    assert cells(regions)
    for name, refunds, orders, *_ in ([row[0], row[1], row[2]] for row in cells(regions)):
        n, of = counted(quarter["省份"])[name]
        assert {f"{n:,}", f"{of:,}"} <= {refunds, orders}, name
    for by, frame in (("province", data.provinces), ("courier", data.couriers)):
        named = frame.select(pl.col(by).fill_null("未记录"), "refund_orders", "paid_orders")
        assert counted(quarter[say(f"scope.{by}", "zh")]) == {n: (a, b) for n, a, b in named.iter_rows()}


@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_money_is_that_of_the_pages(shop, config, figures):
    data = asa.open(shop, language="zh", config=config).data
    rows = data.refund_rate_weekly.select(pl.col("cohort").dt.strftime("%G-W%V"), "refund_money", "paid_money")
    for measure, at in (("refund_money", 1), ("paid_money", 2)):
        shown = {w: n[0] for w, n in figures(shop, f"measure={measure}&weeks=all")["周"].items()}
        assert shown == {row[0]: f"{row[at]:.2f}" for row in rows.iter_rows()}
    last = data.refund_rate_weekly.tail(12)["rate_money"].to_list()
    shown = [n[0] for n in figures(shop, "measure=refund_rate_money")["周"].values()][-12:]
    assert [float(n) for n in shown] == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize("shop", ["demo", "basic"])
def test_products_and_reasons_are_those_of_their_pages(shop, reports, config, figures):
    data = asa.open(shop, language="zh", config=config).data
    products = data.product_views.filter(level="product", against="category", reason="any").filter(pl.col("orders") > 0)
    shown = counted(figures(shop, "measure=refund_rate")["商品"])
    assert shown == {data.titles[p]: (n, of) for p, n, of in
                     products.select("product_id", "refunds", "orders").iter_rows()}  # fmt: skip
    [page] = reports.glob(f"{shop}/*/problem-products.html")
    for name, orders, refunds, *_ in cells(soup(page).select_one("#products-small")):
        assert (refunds, orders) == tuple(f"{n:,}" for n in shown[name])
    week = str(data.week)
    asked = figures(shop, f"measure=requests&weeks={week}")["原因"]
    [page] = reports.glob(f"{shop}/*/refund-trends.html")
    told = {row[0]: row[1] for row in cells(soup(page).select_one("#refund-reasons details"))}
    assert {name: n for name, n in told.items() if n != "0"} == {
        name: n for name, (n, _, _) in asked.items() if name in told
    }
    every = data.reasons.select(pl.format("reason.{}", "reason"), "cases").iter_rows()
    quarter = figures(shop, "measure=requests")["原因"]
    assert {name: int(n) for name, (n, _, _) in quarter.items()} == {say(key, "zh"): n for key, n in every}


def test_complaints_are_those_of_their_page(reports, config, figures):
    data = asa.open("demo", language="zh", config=config).data
    half_year = f"{data.week.shift(-25)}..{data.week}"
    shown = figures("demo", f"measure=complaints&weeks={half_year}")
    [page] = reports.glob("demo/*/complaint-trends.html")
    told: dict[str, int] = defaultdict(int)
    for row in cells(soup(page).select_one("#complaint-channels details")):
        told[row[1]] += int(row[2])
    assert {name: n for name, n in told.items() if n} == {k: int(n) for k, (n, _, _) in shown["投诉渠道"].items()}
    kinds = {row[0]: int(row[1]) for row in cells(soup(page).select_one("#complaint-kinds"))}
    assert kinds == {k: int(n) for k, (n, _, _) in figures("demo", "measure=complaints")["原因"].items()}
    rates = counted(figures("demo", "measure=complaint_rate&weeks=all")["周"])
    weekly = data.complaint_rate_weekly.filter(pl.col("paid_orders") > 0)
    assert rates == {f"{day:%G-W%V}": (n, of) for day, n, of in
                     weekly.select("cohort", "complaint_orders", "paid_orders").iter_rows()}  # fmt: skip


def test_filters_together_count_what_the_measures_count(config, figures):
    data = asa.open("demo", language="zh", config=config).data
    orders, refunds = data.tables["orders"], data.tables["refunds"]
    both = refund_rate(orders, refunds, by=["province", "courier"], until=data.until, since=data.quarter)
    shown = counted(figures("demo", f"measure=refund_rate&province={quote('河南省')}")["快递"])
    mine = both.filter(province="河南省").select(pl.col("courier").fill_null("未记录"), "refund_orders", "paid_orders")
    assert shown == {n: (a, b) for n, a, b in mine.iter_rows()}
    unshipped = refund_rate(
        orders.filter(pl.col("courier").is_null()), refunds, by="week", until=data.until, since=data.quarter
    )
    total = figures("demo", "measure=refund_rate&courier=?")["合计"]
    [(_, _, of)] = total.values()
    assert int(of) == unshipped["paid_orders"].sum()
    # what nobody has is a filter too: nothing, never everything
    [none] = figures("demo", "measure=refund_rate&product=there-is-none")["合计"].values()
    assert none == ("未记录", "0", "0")


def test_a_product_s_name_leads_to_its_orders_and_back(tab, reports):
    [page] = reports.glob("demo/*/problem-products.html")
    tab.goto(page.as_uri())
    link = tab.locator("#product-ranking td a").first
    name = link.inner_text()
    link.click()
    tab.wait_for_selector("#explorer[data-answers]")
    product = tab.locator(".x-chip[data-key^=chip-product]").inner_text()
    assert name.startswith(product.removeprefix("商品：").removesuffix(" ×"))
    chips, rows = tab.locator(".x-chip").count(), tab.locator("#x-rows tbody tr").count()
    tab.locator("#x-list-courier .x-row").first.click()
    tab.wait_for_function("n => document.querySelectorAll('#x-rows tbody tr').length !== n", arg=rows)
    assert tab.locator(".x-chip").count() == chips + 1
    assert tab.locator("#x-rows tbody tr").count() < rows
    tab.go_back()
    tab.wait_for_function("n => document.querySelectorAll('.x-chip').length === n", arg=chips)
    tab.go_back()
    assert tab.url.startswith(page.as_uri())


def test_it_can_be_used_by_keyboard_alone(tab, reports):
    [page] = reports.glob("demo/*/explorer.en.html")
    ready(tab, page, "measure=order_lines")
    before = tab.locator(".x-value").inner_text()
    tab.locator("#x-list-courier .x-row").first.focus()
    for chips in (1, 0):  # on, and off again: what had the focus keeps it
        tab.keyboard.press("Enter")
        tab.wait_for_function("n => document.querySelectorAll('.x-chip').length === n", arg=chips)
        assert tab.evaluate("() => document.activeElement.dataset.key").startswith("courier-")
    tab.wait_for_function("v => document.querySelector('.x-value').innerText === v", arg=before)
    tab.locator(".x-week[tabindex='0']").focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => location.hash.includes('weeks=')")
    tab.wait_for_function("() => document.querySelectorAll('.x-week.in').length === 1")
    search = tab.locator("#x-search-product")
    search.press_sequentially("ZT-1108")
    tab.wait_for_function("() => document.querySelectorAll('#x-list-product .x-row').length === 1")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelectorAll('.x-chip').length === 1")
    tab.locator(".x-reset").press("Enter")
    tab.wait_for_function("() => !document.querySelector('.x-chip')")
    tab.wait_for_function("v => document.querySelector('.x-value').innerText === v", arg=before)
    assert search.input_value() == ""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_filters_set_by_day_and_by_night(tab, reports, scheme):
    [page] = reports.glob("demo/*/explorer.en.html")
    tab.emulate_media(color_scheme=scheme)
    ready(tab, page, "measure=complaints&weeks=all&reason=quality")
    assert violations(tab) == []
    ready(tab, page, "measure=order_lines&reason=quality&courier=?")
    assert violations(tab) == []
    tab.emulate_media(color_scheme="light")


def test_hostile_titles_stay_text_on_the_page_and_in_the_files(tab, reports, tmp_path):
    """Every cell of the files is what `words.plain.table_cell`, the rule of all tables handed out, makes of it."""
    [report] = reports.glob("demo/2026-W*")
    place = tmp_path / "reports" / "demo" / "week"
    place.mkdir(parents=True)
    shutil.copy(report / "explorer.html", place)
    shutil.copytree(reports / "_assets", tmp_path / "reports" / "_assets")
    found = unpacked((report / "explorer.data.js").read_bytes())
    titles = [*HOSTILE, *found.header["titles"][len(HOSTILE) :]]
    (place / "explorer.data.js").write_bytes(packed(Explored({**found.header, "titles": titles}, found.columns)))
    products = ",".join(found.header["dimensions"]["product"][: len(HOSTILE)])
    ready(tab, place / "explorer.html", f"measure=order_lines&weeks=all&product={products}")
    assert tab.locator(".x-chip").first.inner_text() == f"商品：{HOSTILE[0]} ×"
    assert tab.evaluate("() => [window.hacked, document.querySelectorAll('#explorer img').length]") == [None, 0]
    heads, *rows = table(tab, "#x-csv-rows")
    at, number = heads.index("商品"), heads.index("订单编号")
    assert {row[at] for row in rows} == {table_cell(title) for title in HOSTILE}
    assert {len(row[number]) for row in rows} == {20}, "nineteen digits behind a mark that keeps them"
    assert all(row[number].startswith("#") for row in rows)
    assert int(tab.locator(".x-value").inner_text().replace(",", "")) == len(rows)
