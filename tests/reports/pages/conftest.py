"""Pages to read: a made-up shop in two languages, one with three masked reports, one with too little data to say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from once import made_once

ORDERS = 30_000  # enough for signals, products, suspects and complaints to be found; small enough to be quick
SHOPS = """
[store]
path = "store"
[reports]
path = "reports"
[[shops]]
id = "demo"
name = "云栖家居旗舰店"
platform = "tmall"
language = ["zh", "en"]
exports = "in/yunqi"
[shops.people]
quality = "王敏"
warehouse = "李强"
[[shops]]
id = "basic"
name = "晴野女装店"
language = "zh"
exports = "in/basic"
[[shops]]
id = "young"
name = "Young shop"
language = "en"
exports = "in/young"
"""
HEAD = "订单编号,总金额,买家实际支付金额,订单状态,收货地址 ,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
ROW = '="35153130000000{n:05d}",100.00,{net},交易成功,浙江省 杭州市 西湖区,2026-11-{day:02d} 10:00:00,2026-11-{day:02d} 10:01:00,Young shop,{refund}\n'


def young_shop() -> str:
    """Three weeks of an order report without refund dates: nothing can be said of it yet."""
    return HEAD + "".join(
        ROW.format(n=n, net="0.00" if n % 9 == 0 else "100.00", refund="100.00" if n % 9 == 0 else "0.00", day=1 + n % 22)
        for n in range(150)
    )  # fmt: skip


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a weekly run over the three shops, made once for all workers."""
    return made_once(tmp_path_factory, "pages", _make_reports) / "reports"


def _make_reports(root: Path) -> None:
    from aftersales_demo.write import write_demo

    write_demo(root / "in", orders=ORDERS)
    (root / "in" / "young").mkdir()
    (root / "in" / "young" / "ExportOrderList.csv").write_bytes(young_shop().encode("gb18030"))
    (root / "shops.toml").write_text(SHOPS, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", "weekly", "--config", str(root / "shops.toml"), "--jobs", "2"],
        capture_output=True, text=True, check=False, timeout=600,
        env={k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def config(reports: Path) -> str:
    return str(reports.parent / "shops.toml")


@pytest.fixture(scope="session")
def pages(reports: Path) -> list[Path]:
    """Every page there is: the index and all pages of the shops."""
    records = sorted(reports.glob("*/2026-W*/run.json"))
    named = [r.parent / n["page"] for r in records for n in json.loads(r.read_text("utf-8"))["notebooks"]]
    return [reports / "index.html", *named, *(r.parent / "explorer.html" for r in records)]
