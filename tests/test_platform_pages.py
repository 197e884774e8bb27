"""An Amazon India sales report and a Shopify orders export, from the raw files to the pages, by built-in layouts."""

from __future__ import annotations

import csv
import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SHOPS = {"amazon india": ("in", "₹"), "shopify": ("us", "$")}


@pytest.fixture(scope="module")
def reports(root, tmp_path_factory) -> Path:
    """The reports of one weekly run over a shop of each platform."""
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import platform_exports
    finally:
        sys.path.pop(0)
    folder = tmp_path_factory.mktemp("platforms")
    text = '[store]\npath = "store"\n[reports]\npath = "reports"\n'
    for name, (market, _) in SHOPS.items():
        made, key = platform_exports.shop(name, orders=900), name.replace(" ", "-")
        (folder / key).mkdir()
        for file in made.files:
            (folder / key / file.name).write_bytes(file.content())
        text += (
            f'[[shops]]\nid = "{key}"\nname = "Shop {market}"\nexports = "{key}"\nlanguage = "en"\nmarket = "{market}"\n'
            f'platform = "{made.platform}"\nzone = "{made.zone}"\ncurrency = "{made.currency}"\n'
        )
    (folder / "shops.toml").write_text(text, "utf-8")
    env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")}
    command = [
        sys.executable,
        "-m",
        "aftersales_app.cli",
        "weekly",
        "--config",
        str(folder / "shops.toml"),
        "--jobs",
        "1",
    ]
    ran = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=900)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "reports"


def words(file: Path) -> str:
    """What a page says, without its style, scripts and charts' data."""
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", file.read_text("utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def pages(reports: Path, shop: str) -> dict[str, str]:
    return {p.name: words(p) for p in sorted(reports.glob(f"{shop}/*/*.html"))}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHOPS)
def test_a_full_report_in_the_shops_currency_and_language(reports, name):
    found = pages(reports, name.replace(" ", "-"))
    assert {"index.html", "data-health.html", "refund-trends.html", "problem-products.html"} <= set(found)
    assert SHOPS[name][1] in found["index.html"]
    assert SHOPS[name][1] in found["refund-trends.html"]
    assert [page for page, text in found.items() if "¥" in text or "CNY" in text] == []
    assert {page: said for page, text in found.items() if (said := re.findall(r"[\u4e00-\u9fff]+", text))} == {}


@pytest.mark.slow
def test_amazon_india_tells_refunds_by_status_and_what_cannot_be_judged(reports):
    found = pages(reports, "amazon-india")
    files = sorted((reports.parent / "amazon-india").glob("*.csv"))
    rows = [row for file in files for row in csv.DictReader(file.read_text("utf-8-sig").splitlines())]
    back = [row for row in rows if row["Status"].endswith(("Returned to Seller", "Returning to Seller"))]
    health = found["data-health.html"]
    assert f"{len(back)} refunds without a request time" in health
    assert "The orders contain no buyer data" in health
    assert "no product is listed" in found["problem-products.html"]
    assert "The files contain no refund reasons" in found["index.html"]
    october = [row for row in rows if row["Date"].startswith("10-") and row["Status"] != "Cancelled"]
    paid = sum(float(row["Amount"]) for row in october)
    refunded = sum(float(row["Amount"]) for row in october if row in back)
    assert f"₹{refunded / 1000:,.0f}K of ₹{paid / 1000:,.0f}K" in found["refund-trends.html"]


@pytest.mark.slow
def test_shopify_sums_are_those_of_the_file(reports):
    files = sorted((reports.parent / "shopify").glob("*.csv"))
    rows = [row for file in files for row in csv.DictReader(file.read_text("utf-8-sig").splitlines())]
    october = [row for row in rows if row["Created at"].startswith("2026-10-") and row["Paid at"]]
    paid, back = (sum(float(row[c]) for row in october) for c in ("Total", "Refunded Amount"))
    assert f"${back:,.0f} of ${paid / 1000:,.0f}K" in pages(reports, "shopify")["refund-trends.html"]
