"""Refunds without their amounts, all or a third of them: from the files to the page nothing unknown is a zero."""

from __future__ import annotations

import csv
import html
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from small_shops import write_config, write_shop

EVERY = {"all": 1, "part": 3}


@pytest.fixture(scope="module", params=EVERY)
def shop(request, tmp_path_factory) -> tuple[str, Path]:
    """A shop of which every refund, or every third, has no amount, and its report."""
    folder = tmp_path_factory.mktemp(request.param)
    write_shop(folder / "in")
    for file, column in (("refunds.csv", "买家退款金额"), ("orders.csv", "退款金额")):
        path = folder / "in" / file
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("gb18030"), newline="")))
        refunded = [row for row in rows if row[column] != "0.00"]
        for row in refunded[
            EVERY[request.param] - 1 :: EVERY[request.param]
        ]:  # the last one, of the last week, among them
            row[column] = ""
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        path.write_bytes(out.getvalue().encode("gb18030"))
    write_config(folder / "shops.toml", exports="in", zone="Asia/Shanghai", language="en")
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
    ran = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=600)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return request.param, folder


def words(folder: Path, page: str) -> str:
    [file] = folder.glob(f"reports/s/*/{page}.html")
    text = re.sub(r"<(style|script)\b.*?</\1>", " ", file.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


@pytest.mark.slow
def test_the_tables_know_no_amount(shop):
    which, folder = shop
    settings = load_settings(folder / "shops.toml")
    store = ShopStore(settings.store_path, "s", "Asia/Shanghai")
    refunds = store.table("refunds", store.head()).collect()
    orders = store.table("orders", store.head()).collect()
    unknown = refunds.filter(pl.col("amount").is_null())["order_id"]
    assert (unknown.len(), refunds.height) == ({"all": 15, "part": 5}[which], 15)
    # all was refunded, of nobody knows how much: then what was paid is not known either
    assert orders.filter(pl.col("order_id").is_in(unknown.implode()))["paid"].null_count() == unknown.len()


@pytest.mark.slow
def test_the_page_says_how_many_and_sums_no_zero(shop):
    which, folder = shop
    count = {"all": 15, "part": 5}[which]
    said = f"{count} of 15 refunds that succeeded or are open have no amount."
    assert said in words(folder, "data-health")
    page = words(folder, "index")
    assert said in page
    without = re.search(r"(\d+) of them without an amount: the total is a lower bound", page)
    if which == "all":
        assert "none with an amount: total unknown" in page
        assert "Refund rate by value" not in page
    else:
        assert without is not None
    for name in ("malicious-orders", "malicious-complaints", "complaint-trends", "problem-products"):
        assert not re.search(r"¥ ?0(?![.,\d])", words(folder, name)), name
