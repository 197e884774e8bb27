"""Complaints, honest and malicious, with how each went."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from aftersales_demo.headers import COMPLAINTS
from aftersales_demo.moments import DAY, HOUR, NEVER, moment_text
from aftersales_demo.order_file import known, yuan
from aftersales_demo.phrases import DEMANDS, HONEST_TEXTS, MALICIOUS_TEXTS
from aftersales_demo.shop import Shop, stream
from aftersales_demo.spec import HONEST

HONEST_SHARE = 0.0025  # of orders
MALICIOUS_COUNTS = {
    "not_received_but_signed": 4, "late_claim_against_first_scan": 3, "quality_before_receipt": 2, "threat_and_sum": 3,
    "copied_text": 5,
}  # fmt: skip
CHANNELS, CHANNEL_SHARES = ("平台投诉", "旺旺", "12315", "差评"), (0.55, 0.3, 0.03, 0.12)
EVIDENCE_DAYS = 3
MALICIOUS_WEEKS = 11

SCHEMA: dict[str, Any] = {
    "complaint_id": pl.String, "order": pl.Int64, "line": pl.Int64, "filed": pl.Int64, "kind": pl.String,
    "channel": pl.String, "text": pl.String, "demand": pl.String, "asked_fen": pl.Int64, "answered": pl.Int64,
    "involved": pl.Int64, "evidence_due": pl.Int64, "verdict": pl.String, "fault": pl.String, "closed": pl.Int64,
    "paid_fen": pl.Int64, "pattern": pl.String,
}  # fmt: skip


def complaints(shop: Shop) -> pl.DataFrame:
    """One row a complaint filed by now, by time (`SCHEMA`); `pattern` is null for honest ones.

    Empty where complaints are switched off.
    """
    if not shop.spec.complaints:
        return pl.DataFrame(schema=SCHEMA)
    rng = stream(shop.seed, "complaints")
    rows = _honest(shop, rng) + (_malicious(shop, rng) if shop.spec.abuse else [])
    frame = pl.DataFrame(rows, schema={c: t for c, t in SCHEMA.items() if c != "complaint_id"}, orient="row")
    frame = frame.filter(pl.col("filed") < shop.now).sort("filed", "line")
    number = pl.concat_str(
        pl.lit("TS"),
        pl.from_epoch("filed").dt.strftime("%Y%m%d"),
        pl.int_range(pl.len()).cast(pl.String).str.zfill(5),
    )
    return frame.select(number.alias("complaint_id"), *frame.columns)


def _honest(shop: Shop, rng: np.random.Generator) -> list[tuple]:
    """Complaints that the records bear out: what the refund case says, what was shipped late, what was lost."""
    lines, amounts = shop.lines.with_row_index("line_no"), shop.lines["amount_fen"]
    cases = shop.cases.filter((pl.col("fate") == HONEST) & (pl.col("attempt") == 1))
    kinds = {
        "质量问题": "质量问题", "包装/商品破损": "商品破损", "快递/物流一直未送到": "物流问题",
        "少件/漏发": "少件/漏发",
        "大小/尺寸不符": "描述不符", "颜色/图案/款式与商品描述不符": "描述不符",
    }  # fmt: skip
    asked = cases.filter(pl.col("reason").is_in(list(kinds)))
    wanted = int(shop.spec.orders * HONEST_SHARE)
    chosen = np.sort(rng.choice(len(asked), size=min(len(asked), int(wanted * 0.7)), replace=False))
    rows = []
    for case in asked[chosen].select("order", "line", "applied", "reason").iter_rows():
        order, line, applied, reason = case
        filed = applied + int(rng.uniform(2, 70) * HOUR)
        rows.append(_row(order, line, filed, kind=kinds[reason], amount=int(amounts[line]), rng=rng))
    late = shop.orders.with_row_index("row").filter(
        (pl.col("scanned") < NEVER) & (pl.col("scanned") > pl.col("ship_by")) & (pl.col("fate") == HONEST)
    )
    first = lines.filter("first_of_order")["line_no"]
    for row in np.sort(rng.choice(len(late), size=min(len(late), wanted - len(rows)), replace=False)):
        order, due = late["row"][int(row)], late["ship_by"][int(row)]
        kind = "未按约定时间发货" if rng.random() < 0.7 else "服务态度"
        line = int(first[int(order)])
        filed = due + int(rng.uniform(0.5, 20) * HOUR)
        rows.append(_row(order, line, filed, kind=kind, amount=int(amounts[line]), rng=rng))
    return rows


def _row(order: int, line: int, filed: int, *, kind: str, amount: int, rng: np.random.Generator) -> tuple:
    answered = filed + int(np.clip(rng.gamma(1.3, 5.0), 0.1, 60) * HOUR)
    involved = filed + int(rng.uniform(1, 3) * DAY) if rng.random() < 0.12 else NEVER
    closed = max(answered, 0 if involved == NEVER else involved) + int(rng.uniform(0.3, 7) * DAY)
    sold = kind in ("质量问题", "描述不符", "少件/漏发", "服务态度", "未按约定时间发货")
    draw = rng.random()
    verdict, fault, share = ("协商一致", "卖家" if sold else "物流", rng.uniform(0.1, 0.6))
    if draw < 0.2:
        verdict, share = "投诉成立", rng.uniform(0.3, 1.0)
    elif draw < 0.35:
        verdict, fault, share = "买家撤诉", "", 0.0
    elif draw < 0.43:
        verdict, fault, share = "投诉不成立", "买家", 0.0
    asked = 0 if kind == "服务态度" else int(amount * rng.choice([0.2, 0.3, 0.5, 1.0, 1.0]) / 100) * 100
    return (
        order, line, filed, kind, str(rng.choice(CHANNELS, p=CHANNEL_SHARES)), str(rng.choice(HONEST_TEXTS[kind])),
        DEMANDS[kind], asked, answered, involved, involved + EVIDENCE_DAYS * DAY if involved < NEVER else NEVER,
        verdict, fault, closed, int(amount * share / 10) * 10, None,
    )  # fmt: skip


def _malicious(shop: Shop, rng: np.random.Generator) -> list[tuple]:
    """Complaints that the records speak against. Two of each pattern lie in the last days and are still open."""
    orders = shop.orders.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    single = shop.lines.group_by("order").agg(pl.len(), pl.col("sku").first(), pl.col("amount_fen").first())
    orders = orders.join(single, left_on="row", right_on="order", how="left", maintain_order="left")
    calm = orders.filter(
        (pl.col("fate") == HONEST) & (pl.col("len") == 1) & (pl.col("delivered") < NEVER) & ~_asked(shop)
    )
    first_line = shop.lines.with_row_index("n").filter("first_of_order")["n"]
    rows: list[tuple] = []
    used: set[int] = set()
    for pattern, count in MALICIOUS_COUNTS.items():
        filed_when = shop.now - (np.linspace(1, 7 * MALICIOUS_WEEKS, count) * DAY).astype(int)
        sku = None
        for number, when in enumerate(filed_when):
            fits = calm.filter(_fits(pattern, int(when)) & ~pl.col("row").is_in(sorted(used)))
            if pattern == "copied_text":
                sku = sku if sku is not None else fits["sku"].mode().sort()[0]
                fits = fits.filter(pl.col("sku") == sku)
            if fits.is_empty():
                continue
            order = fits.row(int(rng.integers(0, len(fits))), named=True)
            used.add(order["row"])
            rows.append(
                _malicious_row(pattern, number, order, line=int(first_line[order["row"]]), when=int(when), rng=rng)
            )
    return rows


def _asked(shop: Shop) -> pl.Expr:
    return pl.col("order_id").is_in(shop.cases["order_id"].unique().sort().implode())


def _fits(pattern: str, when: int) -> pl.Expr:
    """Which orders such a complaint can be filed about at that time."""
    if pattern == "quality_before_receipt":
        return (pl.col("shipped") < when - 6 * HOUR) & (pl.col("delivered") > when + 12 * HOUR)
    if pattern == "late_claim_against_first_scan":
        return pl.col("paid").is_between(when - 6 * DAY, when - 2 * DAY) & (pl.col("scanned") < pl.col("ship_by"))
    earliest = when - (40 if pattern == "copied_text" else 9) * DAY
    return pl.col("delivered").is_between(earliest, when - DAY) & (pl.col("paid") < NEVER)


def _malicious_row(pattern: str, number: int, order: dict, *, line: int, when: int, rng: np.random.Generator) -> tuple:
    kind, texts, demand, _ = MALICIOUS_TEXTS[pattern]
    amount = order["amount_fen"]
    times = {"not_received_but_signed": 1.0, "late_claim_against_first_scan": 0.3, "copied_text": 4.0}.get(pattern, 4.0)
    asked = 50_000 if pattern == "threat_and_sum" else int(amount * times / 100) * 100
    answered = when + int(rng.uniform(0.3, 8) * HOUR)
    involved = when + int(rng.uniform(0.2, 0.8) * DAY)
    closed = involved + int(rng.uniform(4, 9) * DAY)
    won = rng.random() < 0.6
    return (
        order["row"], line, when, kind, "12315" if pattern == "copied_text" and number % 2 else "平台投诉",
        texts[number % len(texts)], demand, asked, answered, involved, involved + EVIDENCE_DAYS * DAY,
        "投诉不成立" if won else "投诉成立", "买家" if won else "卖家", closed,
        0 if won else min(amount, asked), pattern,
    )  # fmt: skip


def complaint_rows(shop: Shop, filed: pl.DataFrame) -> pl.DataFrame:
    """The complaints as our template has them, as of now: what has not come yet is empty."""
    shown = filed.with_columns(
        pl.when(pl.col(c) < shop.now).then(c).otherwise(NEVER).alias(c) for c in ("answered", "involved", "closed")
    )
    due = pl.when(pl.col("involved") < NEVER).then("evidence_due").otherwise(NEVER)
    shown = shown.with_columns(evidence_due=due, order_id=shop.orders["order_id"].gather(shown["order"]))
    values = [
        pl.col("complaint_id"), pl.col("order_id"), moment_text("filed"), pl.col("kind"), pl.col("channel"),
        pl.col("text"), pl.col("demand"), yuan("asked_fen"), moment_text("answered"), moment_text("involved"),
        moment_text("evidence_due"), known("closed", pl.col("verdict")), known("closed", pl.col("fault")),
        moment_text("closed"), known("closed", yuan("paid_fen")), pl.lit(""),
    ]  # fmt: skip
    return shown.select(value.alias(name) for name, value in zip(COMPLAINTS, values, strict=True))
