"""Exports of one shop at several times: whatever the order of import and the cut into files, the later state stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.measures.rates import refund_rate
from aftersales.sources import compose
from aftersales.sources.read import read_export
from aftersales.sources.records import KEPT, RECORDS
from aftersales.sources.to_records import kept_rows

ZONE = "Asia/Shanghai"
START = datetime(2026, 11, 2, 9)
ORDERS = "订单编号,买家会员名,总金额,买家应付货款,买家应付邮费,买家实际支付金额,订单状态,订单创建时间,订单付款时间 ,宝贝标题 ,退款金额"
ITEMS = "子订单编号,主订单编号,商品标题,购买数量,订单状态,买家应付货款,买家实付金额,退款状态,退款金额,订单创建时间,订单付款时间"
STATUS = ("买家已付款，等待卖家发货", "卖家已发货，等待买家确认", "交易成功")
# word of the state, our state, whether an amount stands beside it
REFUND = (
    ("没有申请退款", None), ("买家已经申请退款，等待卖家同意", "requested"), ("卖家拒绝退款", "refused"),
    ("退款关闭", "closed"), ("退款成功", "succeeded"),
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """One order as an export shows it: how far it is, and for each line the place of its refund in `REFUND`."""

    number: int
    status: int
    refunds: tuple[int, ...]

    def rows(self) -> tuple[str, list[str]]:
        """Its row of the order report, and its rows of the item report."""
        at = f"{START + timedelta(hours=self.number):%Y-%m-%d %H:%M:%S}"
        goods, back = 100 * len(self.refunds), 100 * sum(REFUND[r][1] == "succeeded" for r in self.refunds)
        order = f"{self.number},tb{self.number},{goods}.00,{goods}.00,0.00,{goods - back}.00,{STATUS[self.status]},{at},{at},枕头,{back}.00"
        items = [
            f"{self.number}0{n},{self.number},枕头{n},1,{STATUS[self.status]},100.00,{0 if REFUND[r][1] == 'succeeded' else 100}.00,"
            f"{REFUND[r][0]},{'100.00' if r else '无退款申请'},{at},{at}"
            for n, r in enumerate(self.refunds)
        ]
        return order, items


@st.composite
def exports(draw):
    """Exports of some orders at three times, each time cut into files at will; and the orders' last states."""
    numbers = range(1, draw(st.integers(2, 4)) + 1)
    lines = {n: draw(st.integers(1, 2)) for n in numbers}
    files, last, ever = [], {}, set()
    for time in range(3):
        held = draw(st.lists(st.sampled_from(list(numbers)), unique=True)) if time else list(numbers)
        places = {n: draw(st.integers(0, 1)) for n in held}
        states = {
            n: State(n, draw(st.integers(0, 2)), tuple(draw(st.integers(0, 4)) for _ in range(lines[n]))) for n in held
        }
        last |= states
        ever |= {(n, line) for n, s in states.items() for line, r in enumerate(s.refunds) if r}
        for place in (0, 1):
            mine = [states[n].rows() for n in held if places[n] == place]
            stamp = f"{START + timedelta(days=7 * (time + 1)):%Y%m%d%H%M}"
            if mine:
                files.append((f"ExportOrderList{stamp}-{place}.csv", "\n".join([ORDERS, *(o for o, _ in mine)])))
                files.append(
                    (f"ExportItemlList{stamp}-{place}.csv", "\n".join([ITEMS, *(i for _, of in mine for i in of)]))
                )
    return files, last, ever


def composed(files) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and refunds of files, imported one after another in this order."""
    rows: dict[str, list[pl.DataFrame]] = {name: [KEPT[name].empty(ZONE)] for name in RECORDS}
    for number, (name, text) in enumerate(files):
        readings = read_export(name, content=(text + "\n").encode("gb18030"))
        assert not any(r.set_aside.height for r in readings)
        for table, kept in kept_rows(readings, key=b"k" * 32, import_id=f"{number:06d}", zone=ZONE).items():
            rows[table].append(kept.select(rows[table][0].columns))
    records = {name: pl.concat(parts, how="vertical_relaxed").lazy() for name, parts in rows.items()}
    none = {name: KEPT[name].empty(ZONE).lazy() for name in ("products", "parcels")}
    lines = compose.order_lines(records["order_records"], records["item_records"], **none)
    return lines.drop(compose.TOLD), compose.refunds(records["refund_records"], lines.lazy())


@settings(max_examples=25, deadline=None)
@given(exports(), st.randoms(use_true_random=False))
def test_any_order_of_import_and_any_cut_into_files_gives_the_last_states(made, random):
    files, last, ever = made
    orders, refunds = composed(files)
    shuffled = list(files)
    random.shuffle(shuffled)
    again = composed(shuffled)
    assert orders.equals(again[0])
    assert refunds.equals(again[1])

    # what the last export of each order says, and a request that is gone from it is a withdrawn one
    expected = Counter(
        (f"{n}0{line}", REFUND[r][1] if r else "closed")
        for n, s in last.items() for line, r in enumerate(s.refunds) if (n, line) in ever
    )  # fmt: skip
    assert Counter(refunds.select("line_id", "status").iter_rows()) == expected
    words = dict(enumerate(("paid", "shipped", "finished")))
    assert dict(orders.select("order_id", "status").iter_rows()) == {str(n): words[s.status] for n, s in last.items()}

    # money by state is the same in the files, the tables and the figure of the page
    back = 100 * sum(REFUND[r][1] == "succeeded" for s in last.values() for r in s.refunds)
    opened = 100 * sum(REFUND[r][1] == "requested" for s in last.values() for r in s.refunds)
    assert orders["paid"].sum() == 100 * sum(len(s.refunds) for s in last.values())
    assert orders["refunded"].sum() == back
    figure = refund_rate(orders, refunds, by="week", until=date(2026, 12, 31)).select("refund_money", "money_succeeded")
    assert figure.sum().row(0) == (Decimal(back + opened), Decimal(back))
