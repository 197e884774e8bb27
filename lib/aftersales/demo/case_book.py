"""The case book of a made-up shop: which suspicions somebody took up, and how the platform decided."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import polars as pl

from aftersales.demo.headers import CASE_MEMBERS, CASES
from aftersales.demo.shop import Shop
from aftersales.findings.finding import finding_id

# A case is filed three days after its last order and decided nine days later; what is younger has not been taken up.
FILED_AFTER_DAYS, DECIDED_AFTER_DAYS = 3, 12
# What somebody suspected of a reseller: the first dozen of his orders.
FIRST_ORDERS = 12
CLERK = "陈雪（客服）"
# How cases end, in turn; a reseller whom somebody had suspected is cleared.
ENDS = ("成立", "成立", "部分成立", "成立", "不成立", "成立", "和解")
# The names that the pages and `aftersales case` give the types, so that one type is one row among how cases ended.
TYPES = {"burst": "burst", "ring": "ring", "slow_ring": "slow_ring", "serial": "serial_refunder"}
NOTES = {
    "成立": "平台判定异常订单成立", "部分成立": "平台支持一部分，其余证据不足", "不成立": "平台认为证据不足",
    "和解": "与买家协商解决", "正常买家": "核实为经销商，长期客户",
}  # fmt: skip


def case_book(shop: Shop) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The states that cases entered, and the orders each is about, as our templates have them; empty without abuse."""
    states: list[tuple[str, ...]] = []
    members: list[tuple[str, ...]] = []
    if not shop.spec.masked and shop.spec.abuse:
        groups = sorted(_groups(shop, tuple(TYPES)).items(), key=lambda group: (_last_day(group[1]), group[0]))
        old = [g for g in groups if _last_day(g[1]) + timedelta(days=DECIDED_AFTER_DAYS) <= shop.spec.last_day]
        taken = [(label, orders, ENDS[k % len(ENDS)]) for k, (label, orders) in enumerate(old)]
        resellers = list(_groups(shop, ("reseller",)).values())[:1]
        taken += [("burst:", orders.head(FIRST_ORDERS), "正常买家") for orders in resellers]
        for label, orders, end in taken:
            case = finding_id("suspect", str(orders["order_id"][0]))
            states += _states(case, _last_day(orders), end)
            members += [(case, "订单", order, TYPES[label.split(":")[0]]) for order in orders["order_id"]]
    return pl.DataFrame(states, schema=CASES, orient="row"), pl.DataFrame(members, schema=CASE_MEMBERS, orient="row")


def _last_day(orders: pl.DataFrame) -> date:
    return orders["day"].max()  # type: ignore[return-value]


def _states(case: str, last: date, end: str) -> list[tuple[str, ...]]:
    steps = [("已提交", FILED_AFTER_DAYS, "整理订单、聊天和物流记录后提交"), (end, DECIDED_AFTER_DAYS, NOTES[end])]
    at = datetime.combine(last, time(10))
    return [
        (case, f"{at + timedelta(days=days):%Y-%m-%d %H:%M:%S}", state, note, CLERK)
        for state, days, note in (steps[1:] if end == "正常买家" else steps)
    ]


def _groups(shop: Shop, kinds: tuple[str, ...]) -> dict[str, pl.DataFrame]:
    """The planted orders of each group, by time."""
    seen = shop.orders.filter(pl.col("label").is_not_null() & (pl.col("created") < shop.now)).sort("created")
    seen = seen.with_columns(day=pl.from_epoch("created").dt.date())
    groups = seen.partition_by("label", as_dict=True, maintain_order=True)
    return {str(label[0]): rows for label, rows in groups.items() if str(label[0]).split(":")[0] in kinds}
