"""The shelf of a made-up shop: products, what they can be bought as (SKUs), and their batches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product as combinations

import numpy as np
import polars as pl

from aftersales.demo.goods_home import HOME_SHELF
from aftersales.demo.goods_women import WOMEN_SHELF
from aftersales.demo.spec import ShopSpec

BAD_BATCH_WEEKS = 5
# The merchant codes the planted faults hang on.
PLANTS = {
    "home": {"bad_batch": "ZT-1108", "size_chart": "SJ-1512", "broke_lately": "BW-0500", "packing": "DJ-0730",
             "chance": "JJ-1599", "office": "BW-0905", "trier": "SJ-1800"},
    "women": {"bad_batch": "QY-K301", "size_chart": "QY-D103", "broke_lately": "QY-T204", "packing": "",
              "chance": "QY-B699", "office": "QY-T201", "trier": "QY-D101"},
}  # fmt: skip
# Requests after receipt a line sold, and how likely a category's goods break or do not fit. Our guess, made to end at
# 8–12 % of orders for the home and 55–60 % for women's wear, all phases together (reference "f. Norms").
AFTER_RATE = {
    "枕头": 0.055, "被子": 0.060, "床品": 0.075, "灯具": 0.060, "收纳": 0.040, "小家具": 0.085, "杯壶厨具": 0.045,
    "卫浴清洁": 0.040, "连衣裙": 0.44, "上衣": 0.35, "裤装": 0.43, "外套": 0.45, "针织衫": 0.38, "半身裙": 0.41,
}  # fmt: skip
FRAGILE = ("灯具", "小家具", "杯壶厨具")
SUPPLIERS = ("棉语家纺", "安禾制品", "北岸工坊", "拾木家居", "清和日用", "远山针织", "白鹭制衣")


@dataclass(frozen=True)
class Goods:
    """Products and SKUs; a SKU's row names its product by row number."""

    products: pl.DataFrame  # product, product_id, category, title, code, price_fen, popularity, launched, supplier, …
    skus: pl.DataFrame  # sku, product, code, properties, price_fen
    batches: pl.DataFrame  # product_id, category, batch, supplier, unit_cost, merchant_code, from_day

    def product_of(self, code: str) -> int:
        """The row number of the product with that merchant code."""
        return int(self.products.filter(pl.col("code") == code)["product"][0])

    def skus_of(self, code: str) -> list[int]:
        """The row numbers of the SKUs of the product with that merchant code."""
        return self.skus.filter(pl.col("product") == self.product_of(code))["sku"].to_list()


def shelf(spec: ShopSpec, *, rng: np.random.Generator) -> Goods:
    """The products of the shop with their SKUs and batches; ids are 12 digits and come from the random stream."""
    rows = [r.split("|") for r in (HOME_SHELF if spec.goods == "home" else WOMEN_SHELF).strip().splitlines()]
    count = len(rows)
    ids = 620_000_000_000 + np.sort(rng.choice(300_000_000, size=count, replace=False)) * 1_000
    ids += rng.integers(0, 1_000, size=count)
    late = rng.random(count) < 0.12  # some products are new: they came in the last year
    launched = np.where(late, rng.integers(7 * spec.weeks // 2, 7 * spec.weeks - 20, size=count), 0)
    planted = set(PLANTS[spec.goods].values())
    products = pl.DataFrame(
        {
            "product": np.arange(count),
            "product_id": rng.permutation(ids).astype(str),
            "category": [r[0] for r in rows],
            "title": [f"{r[1]} {r[2]}" for r in rows],
            "code": [r[2] for r in rows],
            "price_fen": [round(100 * float(r[3])) for r in rows],
            "options": [r[4] for r in rows],
            "popularity": [float(r[5]) for r in rows],
            "launched": [0 if r[2] in planted else int(day) for r, day in zip(rows, launched, strict=True)],
            "supplier": [SUPPLIERS[i] for i in rng.integers(0, len(SUPPLIERS), size=count)],
            "cost_share": rng.uniform(0.32, 0.5, size=count).round(3),
            "after_rate": [AFTER_RATE[r[0]] for r in rows] * np.clip(rng.gamma(25, 1 / 25, size=count), 0.6, 1.5),
        }
    )
    skus = _skus(products)
    return Goods(products, skus, _batches(products, skus, spec))


def _skus(products: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for number, code, options, price in products.select("product", "code", "options", "price_fen").iter_rows():
        names = [(part.split(":")[0], part.split(":")[1].split(",")) for part in options.split(";")]
        for place, values in enumerate(combinations(*(values for _, values in names))):
            text = ";".join(f"{name}:{value}" for (name, _), value in zip(names, values, strict=True))
            step = 2_000 if len(names) > 1 and price > 15_000 and names[1][0] == "尺寸" else 0
            larger = names[1][1].index(values[1]) if len(names) > 1 else 0
            rows.append((number, f"{code}-{place + 1:02d}", text, price + step * larger))
    frame = pl.DataFrame(rows, schema=["product", "code", "properties", "price_fen"], orient="row")
    return frame.with_row_index("sku").with_columns(pl.col("sku").cast(pl.Int64))


def bad_batch_since(spec: ShopSpec) -> date:
    """The day from which the bad batch is shipped."""
    return spec.last_day - timedelta(days=7 * BAD_BATCH_WEEKS - 1)


def bad_sku(goods: Goods, spec: ShopSpec) -> int:
    """The SKU of the bad batch: the first one of its product."""
    return goods.skus_of(PLANTS[spec.goods]["bad_batch"])[0]


def _batches(products: pl.DataFrame, skus: pl.DataFrame, spec: ShopSpec) -> pl.DataFrame:
    """About three batches a product over the time of the simulation; best sellers also by SKU."""
    rows = []
    for p in products.iter_rows(named=True):
        cost = round(p["price_fen"] * p["cost_share"] / 100, 2)
        for step in range(3):
            day = spec.first_day + timedelta(days=int(7 * spec.weeks * (step / 3 + (p["product"] % 7) / 40 * step)))
            batch = f"{p['code'].replace('-', '')}-{day:%y%m}"
            rows.append((p["product_id"], p["category"], batch, p["supplier"], cost, "", day))
    bad = products.filter(pl.col("code") == PLANTS[spec.goods]["bad_batch"]).row(0, named=True)
    cost = round(bad["price_fen"] * bad["cost_share"] / 100 * 0.9, 2)
    for number, sku in enumerate(skus.filter(pl.col("product") == bad["product"])["code"]):
        for day, mark in ((spec.first_day, "A"), (bad_batch_since(spec), "B")):
            if mark == "B" and number:
                continue
            batch = f"{bad['code'].replace('-', '')}-{day:%m%d}{mark}"
            rows.append((bad["product_id"], bad["category"], batch, bad["supplier"], cost, sku, day))
    columns = ["product_id", "category", "batch", "supplier", "unit_cost", "merchant_code", "from_day"]
    return pl.DataFrame(rows, schema=columns, orient="row").sort("product_id", "merchant_code", "from_day")
