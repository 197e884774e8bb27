"""`aftersales kinds`: the drafted table of product kinds is read back as our products template, and loses nothing."""

from __future__ import annotations

import csv
import io
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import UsageError
from aftersales_app.product_kinds import drafted_kinds

# of the first kind every second is sent back, of the last hardly any
GOODS = (("雪纺连衣裙", 0.5), ("男士跑步鞋", 0.2), ("坚果礼盒", 0.02))
EACH = 12


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose files name no category but one, in a products table of its own."""
    folder, draw = tmp_path_factory.mktemp("kinds"), random.Random(5)
    orders, refunds = [], []
    for number in range(3_600):
        product = number % (len(GOODS) * EACH)
        kind, at = product // EACH, datetime(2026, 8, 3, 9) + timedelta(minutes=36 * number)
        orders.append({
            "子订单编号": f"5{number:017d}", "主订单编号": f"5{number:017d}", "商品标题": f"{GOODS[kind][0]} {product}号",
            "商品价格": "80.00", "购买数量": "1", "商品ID": f"70000{product:03d}", "订单状态": "交易成功",
            "订单创建时间": at, "订单付款时间": at, "买家应付货款": "80.00", "买家实付金额": "80.00",
        })  # fmt: skip
        if draw.random() < GOODS[kind][1]:
            asked = at + timedelta(days=draw.randint(1, 9))
            refunds.append({
                "退款编号": f"9{number:015d}", "订单编号": f"5{number:017d}", "商品ID": f"70000{product:03d}",
                "退款的申请时间": asked, "买家退款金额": "80.00", "退款状态": "退款成功", "买家退款原因": "不喜欢",
            })  # fmt: skip
    for name, rows in (("宝贝", orders), ("退款", refunds)):
        written(folder / "in" / f"{name}.csv", rows)
    written(folder / "in" / "products.csv", [{"商品ID": "70000000", "类目": "女装", "批次": "B7", "成本价": "21.50"}])
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "s"\nname = "S"\nlanguage = "zh"\nexports = "in"\n', "utf-8"
    )
    account = import_files(load_settings(folder / "shops.toml"), load_settings(folder / "shops.toml").shop("s"))
    assert not account.failed, account.lines("en")
    return folder


def written(file: Path, rows: list[dict[str, object]]) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_drafted_table_names_kinds_and_is_read_back(house: Path) -> None:
    file, config = house / "kinds.csv", house / "shops.toml"
    text, lines = drafted_kinds("s", out=file, config=config)
    rows = {row["商品ID"]: row for row in csv.DictReader(io.StringIO(text))}
    assert len(rows) == len(GOODS) * EACH
    # what the shop has given stays, with all that stood beside it
    assert [rows["70000000"][c] for c in ("类目", "批次", "成本价")] == ["女装", "B7", "21.50"]
    dresses = {row["类目"] for number, row in rows.items() if "连衣裙" in row["商品标题"] and number != "70000000"}
    snacks = {row["类目"] for row in rows.values() if "坚果" in row["商品标题"]}
    assert len(dresses) == 1
    assert len(snacks) == 1
    assert not dresses & snacks
    assert "" not in dresses
    assert "36" in lines[0]
    # corrected by hand, then imported
    file.write_text(text.replace(next(iter(dresses)), "连衣裙"), "utf-8-sig")
    settings = load_settings(config)
    account = import_files(settings, settings.shop("s"), [str(file)])
    assert not account.failed
    assert "识别依据" not in "".join(account.lines("zh"))
    products = ShopStore(settings.store_path, "s").table("products").collect()
    assert products.height == len(GOODS) * EACH
    orders = ShopStore(settings.store_path, "s").table("orders").collect()
    assert orders.filter(product_id="70000005")["category"].unique().to_list() == ["连衣裙"]
    kept = products.filter(product_id="70000000").row(0, named=True)
    assert (kept["category"], kept["batch"], str(kept["unit_cost"])) == ("女装", "B7", "21.50")


def test_a_shop_without_orders_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    config = tmp_path / "shops.toml"
    config.write_text('[store]\npath = "store"\n[[shops]]\nid = "s"\nname = "S"\nexports = "in"\n', "utf-8")
    with pytest.raises(UsageError):
        drafted_kinds("s", config=config)
