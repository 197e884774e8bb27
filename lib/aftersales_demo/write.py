"""Write made-up shops as export files."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from aftersales.tables.ledger import finding_id
from aftersales_demo.complaints import complaint_rows, complaints
from aftersales_demo.evidence import write_evidence
from aftersales_demo.headers import CASE_MEMBERS, CASES, ITEM_REPORT, PARCELS
from aftersales_demo.ledger_exports import Decision, decision_rows, decisions, money_rows, product_rows, traffic_rows
from aftersales_demo.moments import DAY, HOUR, NEVER, moment_text, second_of
from aftersales_demo.order_file import known, order_report, payment_no, yuan
from aftersales_demo.planted import planted
from aftersales_demo.refund_file import refund_report
from aftersales_demo.shop import Shop, simulate_shop, stream
from aftersales_demo.snapshot import REFUND_WORDS, STATUS_WORDS, seen_lines, seen_orders
from aftersales_demo.spec import DEMO_LAST_DAY, DEMO_SEED, ShopSpec, basic_spec, demo_spec
from aftersales_demo.talk import conversations
from aftersales_demo.workbook import write_workbook

WEEKS_AN_EXPORT = 13
OVERLAP_DAYS = 35  # each export reaches so far back into the one before, where orders have moved on since
BASIC_SHARE = 5  # the second shop has a fifth of the first one's orders


def write_demo(
    folder: Path, *, seed: int = DEMO_SEED, last_day: date = DEMO_LAST_DAY, orders: int = 100_000, weeks: int = 110
) -> dict:
    """Write both demo shops under a folder and tell what was written: shop id → folder, files and what was planted.

    ``yunqi/`` has every file a shop can have, ``basic/`` three reports with masked buyers. The same arguments write the
    same bytes. Other files in the folder are left alone.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     wrote = write_demo(Path(place), orders=200, weeks=16)
    >>> sorted(wrote), wrote["basic"]["files"][-1]
    (['basic', 'demo'], '退款报表202611230005.xlsx')
    """
    specs = {
        "yunqi": demo_spec(last_day=last_day, orders=orders, weeks=weeks),
        "basic": basic_spec(last_day=last_day, orders=max(1, orders // BASIC_SHARE), weeks=weeks),
    }
    return {
        spec.shop_id: write_shop(simulate_shop(spec, seed=seed), Path(folder) / name) for name, spec in specs.items()
    }


def write_shop(shop: Shop, folder: Path) -> dict:
    """Write one shop's export files into a folder (made where absent).

    Gives the folder, the files in it by name, and what was planted (also as ``planted.json``).
    """
    folder.mkdir(parents=True, exist_ok=True)
    exports = export_days(shop.spec)
    for number, (since, at) in enumerate(exports):
        _write_reports(shop, folder, since=since, at=at, workbook=number == len(exports) - 1)
    filed, taken = complaints(shop), decisions(shop)
    if not shop.spec.masked:
        _write_books(shop, filed, taken, folder)
    told = planted(shop, filed, taken)
    (folder / "planted.json").write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    return {"folder": folder, "files": files, "planted": told}


def export_days(spec: ShopSpec) -> list[tuple[int, int]]:
    """From when and at what moment each export was made, oldest first; periods overlap."""
    spans, end = [], spec.last_day + timedelta(days=1)
    while end > spec.first_day:
        start = max(spec.first_day, end - timedelta(weeks=WEEKS_AN_EXPORT, days=OVERLAP_DAYS))
        spans.append((second_of(start), second_of(end)))
        end -= timedelta(weeks=WEEKS_AN_EXPORT)
    return spans[::-1]


def _write_reports(shop: Shop, folder: Path, *, since: int, at: int, workbook: bool) -> None:
    stamp = f"{date.fromordinal(date(1970, 1, 1).toordinal() + at // DAY):%Y%m%d}0005"
    orders = seen_orders(shop, since=since, at=at)
    write_quoted_gb18030(order_report(shop, orders, at=at), folder / f"ExportOrderList{stamp}.csv")
    items: pl.DataFrame = item_report(shop, orders, at=at)
    if workbook:
        spaced = items.rename({"商品ID": "商品 ID"})
        write_workbook(spaced, folder / f"ExportItemlList{stamp}.xlsx", sheet="宝贝报表")
    else:
        write_quoted_gb18030(items, folder / f"ExportItemlList{stamp}.csv")
    refunds = refund_report(shop, since=since, at=at)
    write_workbook(refunds, folder / f"退款报表{stamp}.xlsx", sheet="退款报表")


def _write_books(shop: Shop, filed: pl.DataFrame, taken: list[Decision], folder: Path) -> None:
    """All that a shop keeps beside the three reports; templates are UTF-8, the platform's files GB18030."""
    talks = conversations(shop, filed)
    states, members = case_book(shop)
    templates = {
        "投诉登记.csv": complaint_rows(shop, filed),
        "聊天记录.csv": talks,
        "物流轨迹.csv": parcel_events(shop),
        "证据清单.csv": write_evidence(shop, filed, talks, folder),
        "商品资料.csv": product_rows(shop),
        "案件登记.csv": states,
        "案件订单.csv": members,
        "决定登记.csv": decision_rows(taken),
    }
    for name, rows in templates.items():
        write_utf8(rows, folder / name)
    write_quoted_gb18030(traffic_rows(shop), folder / "生意参谋_店铺日报.csv")
    write_quoted_gb18030(money_rows(shop, filed), folder / "千牛动账明细.csv")


# Rows of text into the files a seller downloads: quoted GB18030 and plain UTF-8 (workbooks: `workbook`).


# Ids that spreadsheets would spoil stand as ="…", as in the platform's own files.
GUARDED = ("订单编号", "子订单编号", "主订单编号", "主订单id", "子订单id")


def write_quoted_gb18030(rows: pl.DataFrame, path: Path) -> None:
    """A report as the platform writes it: all cells quoted, ids as ``="…"``, GB18030, DOS line ends.

    Cells must hold no double quotes; made-up texts do not.
    """
    cells = [
        pl.format('="{}"', pl.col(c)) if c in GUARDED else pl.format('"{}"', pl.col(c).fill_null(""))
        for c in rows.columns
    ]
    text = rows.select(line=pl.concat_str(cells, separator=","))["line"].str.join("\r\n").item()
    head = ",".join(f'"{c}"' for c in rows.columns)
    path.write_bytes(f"{head}\r\n{text}\r\n".encode("gb18030"))


def write_utf8(rows: pl.DataFrame, path: Path) -> None:
    """One of our templates: UTF-8, quoted only where needed."""
    rows.write_csv(path, null_value="", line_terminator="\n")


# The item report: one row an order line.


def item_report(shop: Shop, orders: pl.DataFrame, *, at: int) -> pl.DataFrame:
    """The rows of an item report, all text, for orders as `snapshot.seen_orders` gives them."""
    rows = seen_lines(shop, orders, at=at).with_columns(
        refund_word=pl.col("refund_status").replace_strict(REFUND_WORDS, return_dtype=pl.String)
    )
    asked = pl.col("refund_status").is_not_null()
    values = {
        "子订单编号": pl.col("line_id"),
        "主订单编号": pl.col("order_id"),
        "商品标题": pl.col("title"),
        "商品价格": yuan("price_fen"),
        "购买数量": pl.col("quantity"),
        "外部系统编号": pl.col("code"),
        "商品属性": pl.col("properties"),
        "订单状态": pl.col("status").replace_strict(STATUS_WORDS, return_dtype=pl.String),
        "商家编码": pl.col("product_code"),
        "支付单号": known("paid", payment_no()),
        "买家应付货款": yuan("amount_fen"),
        "买家实付金额": known("paid", yuan("amount_fen")),
        "退款状态": pl.when(asked).then("refund_word").otherwise(pl.lit("没有申请退款")),
        "退款金额": pl.when(asked).then(yuan("refunded_fen")).otherwise(pl.lit("无退款申请")),
        "订单创建时间": moment_text("created"),
        "订单付款时间": moment_text("paid"),
        "商品ID": pl.col("product_id"),
        "发货时间": moment_text("shipped"),
        "物流单号": known("shipped", pl.col("tracking_no")),
        "物流公司": known("shipped", pl.col("courier")),
        "是否主动赔付": pl.lit("否"),
        "应发货时间": moment_text("ship_by"),
    }
    return rows.select(values.get(name, pl.lit("")).cast(pl.String).alias(name) for name in ITEM_REPORT)


# The parcels' traces, in our own template: picked up, on the road, out for delivery, signed for, refused, returned.


TRACED_WEEKS = 26
HUBS = {"浙江省": "杭州转运中心", "广东省": "广州转运中心", "河南省": "郑州转运中心", "四川省": "成都转运中心"}
WAREHOUSE = "浙江省杭州市余杭区"


def parcel_events(shop: Shop) -> pl.DataFrame:
    """Events of the parcels shipped in the last weeks, up to now, by parcel and time; columns of the template."""
    orders = shop.orders.with_columns(shop.buyers["city", "district"][shop.orders["buyer"]])
    sent = orders.filter(pl.col("scanned").is_between(shop.now - TRACED_WEEKS * 7 * DAY, shop.now))
    rng = stream(shop.seed, "parcels")
    part = pl.Series(rng.uniform(0.3, 0.7, size=len(sent)))
    arrived = pl.col("delivered") < NEVER
    refused = (pl.col("delivered") == NEVER) & (pl.col("closed") < NEVER)
    sent = sent.with_columns(
        end=pl.when(arrived).then("delivered").otherwise("due"),
        part=part,
        turned=refused & pl.Series(_turned(shop, sent)),
    )
    door = pl.concat_str("province", "city", "district")
    hub = pl.col("province").replace_strict(HUBS, default=None, return_dtype=pl.String)
    hub = pl.coalesce(hub, pl.concat_str("city", pl.lit("转运中心")))
    half = (pl.col("scanned") + pl.col("part") * (pl.col("end") - pl.col("scanned"))).cast(pl.Int64)
    road, end = pl.max_horizontal(half, pl.col("scanned") + 6 * HOUR), pl.col("end")
    home, start, all_sent = pl.lit(WAREHOUSE), pl.col("scanned"), pl.lit(True)
    far, turned = pl.lit("杭州转运中心"), pl.col("turned")
    shares = [
        _event(sent, all_sent, at=start, event="揽收", place=home, note="快递员已揽收"),
        _event(sent, all_sent, at=start + 5 * HOUR, event="运输", place=far, note="已离开杭州转运中心"),
        _event(sent, all_sent, at=road, event="运输", place=hub, note="到达转运中心"),
        _event(sent, arrived | turned, at=end - 2 * HOUR, event="派送", place=door, note="快递员正在派送"),
        _event(sent, arrived, at=end, event="签收", place=door, note="已签收，签收人：本人或驿站代收"),
        _event(sent, turned, at=end, event="拒签", place=door, note="收件人拒收"),
        _event(sent, turned, at=end + 3 * DAY, event="退回", place=home, note="包裹已退回寄件人"),
    ]
    events = pl.concat(shares).filter(pl.col("at") < shop.now).sort("row", "at", maintain_order=True)
    return events.with_columns(moment_text("at")).drop("row").rename(dict(zip(_COLUMNS, PARCELS, strict=True)))


_COLUMNS = ("tracking_no", "courier", "at", "event", "place", "note")


def _turned(shop: Shop, sent: pl.DataFrame) -> np.ndarray:
    """Which of the parcels came back: refused at the door or turned round on their way, not lost."""
    back = shop.cases.filter((pl.col("phase") == "in_transit") & ~pl.col("lost") & pl.col("succeeds"))
    return sent["order_id"].is_in(back["order_id"].implode()).to_numpy()


def _event(sent: pl.DataFrame, of: pl.Expr, *, at: pl.Expr, event: str, place: pl.Expr, note: str) -> pl.DataFrame:
    return (
        sent.with_row_index("row")
        .filter(of)
        .select("row", "tracking_no", "courier", at=at, event=pl.lit(event), place=place, note=pl.lit(note))
    )


# The case book of a made-up shop: which suspicions somebody took up, and how the platform decided.


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
