"""Conversations between buyers and the shop's service, in our own template."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import polars as pl

from aftersales_demo.headers import MESSAGES
from aftersales_demo.moments import DAY, HOUR, MINUTE, moment_text
from aftersales_demo.phrases import (
    AGREED,
    BURST_ASK,
    BURST_TALK,
    CALM,
    CLOSING,
    CONTACT,
    HELLO,
    NOT_AGREED,
    OFFER,
    SORRY,
    THREATS,
)
from aftersales_demo.shop import Shop, stream

COMPLAINT_TALK_SHARE, REFUND_TALK_SHARE, CONTACT_SHARE = 0.75, 0.2, 0.12
TALK_WEEKS = 12
Turn = tuple[str, str, int]  # sender, text, seconds after the turn before


def conversations(shop: Shop, filed: pl.DataFrame) -> pl.DataFrame:
    """Messages up to now, by conversation and time; columns of the template. Buyers go by their nick."""
    rng = stream(shop.seed, "talk")
    talks: list[tuple[int, int, list[Turn]]] = []
    for row in filed.iter_rows(named=True):
        if row["pattern"] or rng.random() < COMPLAINT_TALK_SHARE:
            turns = _hostile(shop, row, rng) if row["pattern"] else _ordinary(shop, row["order"], row["text"], rng)
            talks.append((row["order"], row["filed"] - int(rng.uniform(0.2, 5) * HOUR), turns))
    recent = shop.cases.filter(
        pl.col("applied").is_between(shop.now - TALK_WEEKS * 7 * DAY, shop.now)
        & (pl.col("phase") == "after_receipt")
        & pl.col("note").is_not_null()
    )
    for order, applied, note in recent.select("order", "applied", "note").iter_rows():
        if rng.random() < REFUND_TALK_SHARE:
            talks.append((order, applied - int(rng.uniform(0.1, 9) * HOUR), _ordinary(shop, order, note, rng)))
    talks += _burst_talks(shop, rng)
    return _rows(shop, talks)


def _pause(rng: np.random.Generator, *, longest_minutes: float = 25) -> int:
    return int(20 + min(rng.exponential(3 * MINUTE), longest_minutes * MINUTE))


def _ordinary(shop: Shop, order: int, text: str, rng: np.random.Generator) -> list[Turn]:
    share = int(rng.integers(5, 30))
    turns = [
        ("买家", text, 0),
        ("客服", str(rng.choice(HELLO)), _pause(rng)),
        ("客服", str(rng.choice(SORRY)), _pause(rng)),
    ]
    if rng.random() < CONTACT_SHARE:
        turns.append(("买家", _contact(shop, order, rng), _pause(rng)))
    agreed = rng.random() < 0.75
    turns.append(("客服", str(rng.choice(OFFER)).format(share=share), _pause(rng)))
    turns.append(("买家", str(rng.choice(AGREED if agreed else NOT_AGREED)), _pause(rng)))
    turns.append(("客服", str(rng.choice(CLOSING)), _pause(rng)))
    return turns


def _hostile(shop: Shop, row: dict, rng: np.random.Generator) -> list[Turn]:
    signed = datetime.fromtimestamp(min(shop.orders["delivered"][row["order"]], shop.now), UTC)
    calm = CALM[0] if signed.timestamp() < row["filed"] else CALM[1]
    turns = [
        ("买家", row["text"], 0),
        ("客服", str(rng.choice(HELLO)), _pause(rng)),
        ("客服", calm.format(signed=f"{signed.month}月{signed.day}日"), _pause(rng)),
    ]
    if row["pattern"] in ("threat_and_sum", "copied_text", "quality_before_receipt") or rng.random() < 0.4:
        turns.append(("买家", str(rng.choice(THREATS)), _pause(rng)))
        turns.append(("客服", CALM[1], _pause(rng)))
    if rng.random() < 0.5:
        turns.append(("买家", _contact(shop, row["order"], rng), _pause(rng)))
    return turns


def _contact(shop: Shop, order: int, rng: np.random.Generator) -> str:
    buyer = shop.buyers.row(shop.orders["buyer"][order], named=True)
    address = f"{buyer['province']}{buyer['city']}{buyer['district']}{buyer['street']}"
    return str(rng.choice(CONTACT)).format(
        phone=buyer["phone"], address=address, receiver=buyer["receiver"], tail=buyer["phone"][-6:]
    )


def _burst_talks(shop: Shop, rng: np.random.Generator) -> list[tuple[int, int, list[Turn]]]:
    bursts = shop.orders.with_row_index("row").filter(pl.col("label").str.starts_with("burst:").fill_null(False))
    last = bursts.group_by("label").agg(pl.col("row").last().cast(pl.Int64), pl.col("created").last()).sort("label")
    talks = []
    for row, created in last.select("row", "created").iter_rows():
        words = rng.choice(BURST_TALK, size=2, replace=False)
        turns = [
            ("客服", BURST_ASK[0], 0),
            ("买家", str(words[0]), _pause(rng)),
            ("客服", "理解，那我们先为您保留订单，如果不需要了可以随时告诉我们，感谢您的配合", _pause(rng)),
            ("买家", str(words[1]), _pause(rng)),
        ]
        talks.append((row, created + HOUR, turns))
    return talks


def _rows(shop: Shop, talks: list[tuple[int, int, list[Turn]]]) -> pl.DataFrame:
    rows = []
    for number, (order, start, turns) in enumerate(sorted(talks, key=lambda talk: (talk[1], talk[0]))):
        at, name = start, f"HH{number + 1:06d}"
        for sender, text, pause in turns:
            at += pause
            rows.append((name, order, sender, at, text))
    schema = {"talk": pl.String, "order": pl.Int64, "sender": pl.String, "at": pl.Int64, "text": pl.String}
    said = pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("at") < shop.now)
    orders = shop.orders["order_id", "buyer"][said["order"]]
    said = said.hstack(orders).with_columns(nick=shop.buyers["nick"].gather(orders["buyer"]))
    return said.select("talk", "order_id", "nick", "sender", moment_text("at"), "text").rename(
        dict(zip(("talk", "order_id", "nick", "sender", "at", "text"), MESSAGES, strict=True))
    )
