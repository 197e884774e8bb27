"""One timeline of a case from all tables: to the minute, each entry with the file and row it was read from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import polars as pl

from aftersales.cases.records import Records, origin
from aftersales.tables.columns import known_total
from aftersales.words.language import Language, say

# The moments of an order, and which records tell of each before the other.
_ORDER_MOMENTS = (
    ("created_at", "order_records", "item_records"), ("paid_at", "order_records", "item_records"),
    ("shipped_at", "item_records", "order_records"), ("confirmed_at", "order_records", "item_records"),
)  # fmt: skip
_COMPLAINT_MOMENTS = ("first_response_at", "platform_involved_at", "closed_at")
SOURCES = ("order", "parcel", "refund", "complaint", "chat", "money", "evidence", "case")

Entry = dict[str, Any]


def timeline(
    records: Records, *, language: Language, currency: str = "CNY", states: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Every moment of the case in order.

    Columns out: at (local, with its zone), source (`SOURCES`), order_id (null where it belongs to none), text (one
    sentence; a chat message's words as they were written), said (Bool: text is somebody's own words), main (Bool: fit
    for a short list: not a single message, a parcel's way stations or a ledger line), file, row. Sorted by time, then
    by source. Moments nobody recorded are no entries. ``states`` (at, state, note, by) are the case's own, for the
    internal copy.
    """
    found: list[Entry] = []
    for entries in (_orders, _parcels, _refunds, _complaints, _messages, _money, _evidence):
        found += entries(records, language, currency)
    found += _states(states, language)
    schema: dict[str, Any] = {
        "at": records.orders["created_at"].dtype, "source": pl.String, "order_id": pl.String, "text": pl.String,
        "said": pl.Boolean, "main": pl.Boolean, "file": pl.String, "row": pl.Int64,
    }  # fmt: skip
    frame = pl.DataFrame(found, schema=schema)
    rank = pl.col("source").replace_strict({s: i for i, s in enumerate(SOURCES)}, return_dtype=pl.Int64)
    return frame.sort(pl.col("at"), rank, "order_id", "file", "row", nulls_last=True, maintain_order=True)


def _entry(
    at: datetime | None,
    source: str,
    text: str,
    place: tuple[str | None, int | None],
    *,
    order_id: str | None = None,
    said: bool = False,
    main: bool = True,
) -> Iterator[Entry]:
    if at is not None:
        file, row = place
        yield {
            "at": at,
            "source": source,
            "order_id": order_id,
            "text": text,
            "said": said,
            "main": main,
            "file": file,
            "row": row,
        }


def _orders(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    for (order,), lines in records.orders.group_by("order_id", maintain_order=True):
        amount, paid = known_total(lines["amount"]), known_total(lines["paid"])
        shipped = lines.filter(pl.col("shipped_at").is_not_null())
        values: dict[str, Any] = {
            "amount": amount, "paid": paid, "lines": lines.height, "title": _short(lines["title"][0]),
            "courier": _word(shipped["courier"]), "tracking": _word(shipped["tracking_no"]),
        }  # fmt: skip
        # of several orders a list tells each one's payment and shipping: the short timeline needs their placing only
        several = records.orders["order_id"].n_unique() > 1
        for moment, first, second in _ORDER_MOMENTS:
            at: Any = lines[moment].drop_nulls().min()
            place = _first_place(records, (first, second), str(order), moment)
            key = "created_short" if several and moment == "created_at" else moment
            text = say(f"dossier.event.{key}", language, currency=currency, **values)
            main = not several or moment == "created_at"
            yield from _entry(at, "order", text, place, order_id=str(order), main=main)
        due: Any = lines["ship_by"].drop_nulls().min()
        place = _first_place(records, ("item_records", "order_records"), str(order), "ship_by")
        text = say("dossier.event.ship_by", language)
        yield from _entry(due, "order", text, place, order_id=str(order), main=not several)


def _first_place(records: Records, names: tuple[str, ...], order: str, moment: str) -> tuple[str | None, int | None]:
    for name in names:
        rows: pl.DataFrame = getattr(records, name)
        if moment in rows.columns and rows.filter((pl.col("order_id") == order) & pl.col(moment).is_not_null()).height:
            return origin(rows, "order_id", order, moment)
    return origin(getattr(records, names[0]), "order_id", order)


def _parcels(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    of = {t: o for o, t in records.orders.select("order_id", "tracking_no").drop_nulls().iter_rows()}
    several = records.orders["order_id"].n_unique() > 1
    back = {t: o for o, t in records.refunds.select("order_id", "return_tracking_no").drop_nulls().iter_rows()}
    for row in records.parcels.iter_rows(named=True):
        number = row["tracking_no"]
        way = "back" if number in back and number not in of else "out"
        event = say(f"dossier.parcel.{row['event'] or 'unknown'}", language)
        text = say(
            f"dossier.event.parcel_{way}",
            language,
            event=event,
            place=row["place"] or "",
            note=row["note"] or "",
            tracking=number,
        )
        told = ("signed", "refused", "returned") if several else ("picked_up", "signed", "refused", "returned")
        main = row["event"] in told
        order = of.get(number) or back.get(number)
        yield from _entry(row["at"], "parcel", text, (row["file"], row["row"]), order_id=order, main=main)


def _refunds(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    for row in records.refunds.iter_rows(named=True):
        place = origin(records.refund_records, "refund_id", row["refund_id"])
        if place == (None, None):
            place = _first_place(records, ("item_records", "order_records"), row["order_id"], "refunded")
        values = {
            "amount": row["amount"], "reason": row["reason_raw"] or say("dossier.not_told", language),
            "kind": f"dossier.kind.{row['kind'] or 'unknown'}", "phase": f"dossier.phase.{row['phase'] or 'unknown'}",
            "status": f"dossier.refund.{row['status'] or 'unknown'}", "refund": row["refund_id"],
        }  # fmt: skip
        asked = say("dossier.event.applied_at", language, currency=currency, **values)
        yield from _entry(row["applied_at"], "refund", asked, place, order_id=row["order_id"])
        ended = say("dossier.event.finished_at", language, currency=currency, **values)
        yield from _entry(row["finished_at"], "refund", ended, place, order_id=row["order_id"])


def _complaints(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    for row in records.complaints.iter_rows(named=True):
        place = origin(records.complaint_records, "complaint_id", row["complaint_id"])
        if place == (None, None) and row["order_id"]:
            place = origin(records.refund_records, "order_id", row["order_id"])
        filed = say(
            "dossier.event.filed_at",
            language,
            complaint=row["complaint_id"],
            kind=row["kind"] or say("dossier.not_told", language),
        )
        yield from _entry(row["filed_at"], "complaint", filed, place, order_id=row["order_id"])
        for moment in _COMPLAINT_MOMENTS:
            verdict = row["verdict"] or say("dossier.not_told", language)
            text = say(
                f"dossier.event.{moment}", language, currency=currency, verdict=verdict, paid=row["compensation"] or 0
            )
            yield from _entry(row[moment], "complaint", text, place, order_id=row["order_id"])


def _messages(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    for row in records.messages.iter_rows(named=True):
        text = say(
            "dossier.event.message",
            language,
            sender=f"dossier.sender.{row['sender'] or 'unknown'}",
            text=row["text"] or "",
        )
        place = (row["file"], row["row"])
        yield from _entry(row["sent_at"], "chat", text, place, order_id=row["order_id"], said=True, main=False)


def _money(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    for row in records.money.iter_rows(named=True):
        income, expense = float(row["income"] or 0), float(row["expense"] or 0)
        text = say(
            "dossier.event.money_in" if income else "dossier.event.money_out",
            language,
            currency=currency,
            kind=row["kind"] or "",
            amount=income or expense,
        )
        place = (row["file"], row["row"])
        yield from _entry(row["at"], "money", text, place, order_id=row["order_id"], main=False)


def _evidence(records: Records, language: Language, currency: str) -> Iterator[Entry]:
    for row in records.evidence.iter_rows(named=True):
        kind = row["kind"] or say("dossier.not_told", language)
        text = say("dossier.event.evidence", language, kind=kind, name=row["path"])
        yield from _entry(row["taken_at"], "evidence", text, (row["file"], row["row"]), order_id=row["order_id"])


def _states(states: pl.DataFrame | None, language: Language) -> Iterator[Entry]:
    for row in () if states is None else states.iter_rows(named=True):
        parts = [say(f"case.state.{row['state']}", language), row["by"], row["note"]]
        text = say("dossier.event.state", language, told=" · ".join(p for p in parts if p))
        yield from _entry(row["at"], "case", text, (None, None))


def _short(text: str | None, most: int = 30) -> str:
    clean = (text or "").strip()
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _word(values: pl.Series) -> str:
    known = values.drop_nulls().unique(maintain_order=True).to_list()
    return "、".join(str(v) for v in known[:2]) or "–"
