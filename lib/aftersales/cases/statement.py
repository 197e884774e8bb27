"""The statement of facts: a paragraph of dated sentences from the records, without an adjective."""

from __future__ import annotations

from typing import Any

import polars as pl

from aftersales.cases.case import Case
from aftersales.cases.quoting import quoted
from aftersales.cases.records import Records
from aftersales.tables.columns import known_sum, known_total
from aftersales.words.language import Language, run_on, say

# More orders than this are told together; the list of orders has each.
MOST_SINGLY = 3
_TITLE_MOST, _REASON_MOST = 30, 40


def statement(
    case: Case, records: Records, outcomes: pl.DataFrame, *, language: Language, currency: str = "CNY"
) -> str:
    """What happened, in order. ``outcomes`` has a row an order: order_id, undone, refused, asked, waiting, buyer
    (`order_evidence`). Empty where the orders are unknown.
    """
    orders = [o for (o,), _ in records.orders.group_by("order_id", maintain_order=True)]
    if case.kind == "orders" or len(orders) > MOST_SINGLY:
        return run_on(_together(case, records, outcomes, language, currency), language)
    return run_on((s for o in orders for s in _singly(str(o), records, language, currency)), language)


def _together(case: Case, records: Records, outcomes: pl.DataFrame, language: Language, currency: str) -> list[str]:
    heads = records.orders.group_by("order_id", maintain_order=True).agg(
        pl.col("created_at").min(),
        known_sum(pl.col("amount")),
        pl.col("status", "buyer_key", "address_key").first(),
        pl.col("phone_key").first(),
    )
    if heads.is_empty():
        return []
    buyers = heads["buyer_key"].drop_nulls().n_unique()
    values: dict[str, Any] = {
        "first": heads["created_at"].min(), "last": heads["created_at"].max(), "orders": heads.height,
        "amount": known_total(heads["amount"]), "buyers": buyers,
    }  # fmt: skip
    sentences = [say("dossier.fact.orders" if buyers else "dossier.fact.orders_masked", language, currency=currency,
                     **values)]  # fmt: skip
    own = outcomes.join(heads.select("order_id", "status"), on="order_id")
    unpaid = pl.col("status").fill_null("") == "closed_unpaid"
    asked = pl.col("asked") & ~pl.col("undone") & ~pl.col("refused")
    counts = own.select(
        unpaid=unpaid.sum(),
        cancelled=(pl.col("undone") & ~unpaid).sum(),
        refused=(pl.col("refused") & ~pl.col("undone")).sum(),
        asked=asked.sum(),
        waiting=pl.col("waiting").sum(),
        kept=(~pl.col("asked") & ~pl.col("waiting")).sum(),
    ).row(0, named=True)
    parts = [say(f"dossier.fact.became_{name}", language, n=n) for name, n in counts.items() if n]
    if parts:
        sentences.append(say("dossier.fact.became", language, parts=parts))
    back = records.refunds["amount"].sum()
    if back:
        sentences.append(say("dossier.fact.money_back", language, currency=currency, amount=back))
    complaints = records.complaints
    if complaints.height:
        demanded = known_total(complaints["amount_demanded"])
        sentences.append(
            say("dossier.fact.complaints", language, currency=currency, n=complaints.height, asked=demanded)
        )
        if case.pattern == "copied_text" and complaints.height > 1:
            sentences.append(say("dossier.fact.alike", language))
    for key, told in (("address_key", "same_address"), ("phone_key", "same_phone")):
        shared = heads.drop_nulls(key).group_by(key).agg(orders=pl.len(), buyers=pl.col("buyer_key").n_unique())
        shared = shared.filter(pl.col("buyers") > 1).sort("orders", "buyers", key, descending=[True, True, False])
        if shared.height:
            sentences.append(say(f"dossier.fact.{told}", language, **shared.row(0, named=True)))
    return sentences


def _singly(order: str, records: Records, language: Language, currency: str) -> list[str]:
    lines = records.orders.filter(pl.col("order_id") == order)
    title = quoted(lines["title"][0], most=_TITLE_MOST, language=language)
    paid_at, shipped_at = lines["paid_at"].drop_nulls().min(), lines["shipped_at"].drop_nulls().min()
    sentences = [say("dossier.fact.order", language, currency=currency, order=order, title=title,
                     paid=known_total(lines["paid"]), created=lines["created_at"].drop_nulls().min())]  # fmt: skip
    sentences.append(
        say("dossier.fact.paid", language, at=paid_at) if paid_at else say("dossier.fact.unpaid", language)
    )
    if shipped_at is not None:
        sent = lines.filter(pl.col("shipped_at").is_not_null())
        courier, number = sent["courier"][0] or say("dossier.not_told", language), sent["tracking_no"][0] or "–"
        sentences.append(say("dossier.fact.shipped", language, at=shipped_at, courier=courier, tracking=number))
    trace = records.parcels.filter(pl.col("tracking_no").is_in(lines["tracking_no"].drop_nulls().to_list()))
    for events, told in ((("picked_up", "in_transit"), "scanned"), (("signed",), "signed"), (("refused",), "refused")):
        at = trace.filter(pl.col("event").is_in(list(events)))["at"].min()
        if at is not None:
            sentences.append(say(f"dossier.fact.{told}", language, at=at))
    asks = [("applied_at", "refund", row) for row in _rows(records.refunds, order)]
    asks += [("filed_at", "complaint", row) for row in _rows(records.complaints, order)]
    for moment, told, row in sorted(asks, key=lambda a: str(a[2][a[0]])):
        if row[moment] is None:
            continue
        reason = quoted(row.get("reason_raw") or row.get("kind"), most=_REASON_MOST, language=language)
        sentences.append(
            say(
                f"dossier.fact.{told}",
                language,
                currency=currency,
                at=row[moment],
                amount=row.get("amount"),
                reason=reason or say("dossier.not_told", language),
                complaint=row.get("complaint_id"),
                kind=reason or say("dossier.not_told", language),
                status=f"dossier.refund.{row.get('status') or 'unknown'}",
            )
        )
    return sentences


def _rows(table: pl.DataFrame, order: str) -> list[dict[str, Any]]:
    return table.filter(pl.col("order_id") == order).to_dicts()
