"""The case book of a made-up shop: which suspicions somebody took up, and how the platform decided."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import polars as pl

from aftersales.demo.headers import CASES
from aftersales.demo.shop import Shop
from aftersales.findings.finding import finding_id

# A case is filed three days after its last order and decided nine days later; what is younger has not been taken up.
FILED_AFTER_DAYS, DECIDED_AFTER_DAYS = 3, 12
CLERK = "陈雪（客服）"
# How cases end, in turn; a reseller whom somebody had suspected is cleared.
ENDS = ("成立", "成立", "部分成立", "成立", "不成立", "成立", "和解")
TYPES = {"burst": "短时大量下单", "ring": "多账号同址", "slow_ring": "多账号同址", "serial": "反复退款"}
NOTES = {
    "成立": "平台判定异常订单成立", "部分成立": "平台支持一部分，其余证据不足", "不成立": "平台认为证据不足",
    "和解": "与买家协商解决", "正常买家": "核实为经销商，长期客户",
}  # fmt: skip


def case_rows(shop: Shop) -> pl.DataFrame:
    """One row a state that a case entered and order it is about, as our template has them; empty without abuse."""
    if shop.spec.masked or not shop.spec.abuse:
        return pl.DataFrame(schema=CASES)
    rows: list[tuple[str, ...]] = []
    today = shop.spec.last_day
    taken = 0
    for label, orders in sorted(_groups(shop, tuple(TYPES)).items(), key=lambda g: (g[1]["day"].max(), g[0])):
        last: date = orders["day"].max()  # type: ignore[assignment]
        if last + timedelta(days=DECIDED_AFTER_DAYS) > today:
            continue
        end = ENDS[taken % len(ENDS)]
        taken += 1
        rows += _case(orders, TYPES[label.split(":")[0]], last, end)
    for orders in list(_groups(shop, ("reseller",)).values())[:1]:
        rows += _case(orders.head(12), "短时大量下单", orders["day"].head(12).max(), "正常买家")  # type: ignore[arg-type]
    return pl.DataFrame(rows, schema=CASES, orient="row")


def _groups(shop: Shop, kinds: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """The planted orders of each group, by time."""
    seen = shop.orders.filter(pl.col("label").is_not_null() & (pl.col("created") < shop.now)).sort("created")
    seen = seen.with_columns(day=pl.from_epoch("created").dt.date())
    groups = seen.partition_by("label", as_dict=True, maintain_order=True)
    return {str(label[0]): rows for label, rows in groups.items() if str(label[0]).split(":")[0] in kinds}


def _case(orders: pl.DataFrame, kind: str, last: date, end: str) -> list[tuple[str, ...]]:
    case = finding_id("suspect", str(orders["order_id"][0]))
    steps = [("已提交", FILED_AFTER_DAYS, "整理订单、聊天和物流记录后提交"), (end, DECIDED_AFTER_DAYS, NOTES[end])]
    if end == "正常买家":
        steps = steps[1:]
    at = datetime.combine(last, datetime.min.time()) + timedelta(hours=10)
    return [
        (case, f"{at + timedelta(days=days):%Y-%m-%d %H:%M:%S}", state, order, kind, note, CLERK)
        for state, days, note in steps
        for order in orders["order_id"]
    ]
