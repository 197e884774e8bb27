"""Planted buyers: bursts, rings and serial refunders; and busy buyers who did nothing wrong.

What abuse looks like: reference "methods §5" (6–12 orders within a day; 4–8 accounts on one address within two days).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from aftersales_demo.goods import PLANTS, Goods
from aftersales_demo.honest import LINES_SCHEMA, ORDERS_SCHEMA
from aftersales_demo.moments import DAY, HOUR, MINUTE, second_of
from aftersales_demo.people import people
from aftersales_demo.spec import CANCELLED, KEPT, REFUSED, RETURNED, UNPAID, WAITING, ShopSpec

RECENT_WEEKS = 12
PLANTED_FROM = 9_000_000  # their nicks and telephones begin beyond those of all honest buyers
MALICIOUS = "恶意买家/同行捣乱"


@dataclass(frozen=True)
class Planted:
    """Accounts, orders and lines to be added to the honest ones; `buyer` and `order` count from this frame's own 0."""

    buyers: pl.DataFrame
    orders: pl.DataFrame
    lines: pl.DataFrame


@dataclass(frozen=True)
class _Book:
    """Rows gathered one by one: planted orders are a few hundred."""

    spec: ShopSpec
    rng: np.random.Generator
    pool: list[dict]
    buyers: list[dict] = field(default_factory=list)
    orders: list[tuple] = field(default_factory=list)
    lines: list[tuple] = field(default_factory=list)

    def account(self, **same: str) -> int:
        self.buyers.append(self.pool[len(self.buyers)] | same)
        return len(self.buyers) - 1

    def order(self, at: float, buyer: int, fate: int, label: str, sku: int, **more) -> None:
        quantity = more.pop("quantity", 1)
        row = {"created": int(at), "buyer": buyer, "fate": fate, "label": label, **more}
        self.lines.append((len(self.orders), sku, quantity))
        self.orders.append(tuple(row.get(name) for name in ORDERS_SCHEMA))

    def recent_days(self, count: int, weeks: int = RECENT_WEEKS) -> list[int]:
        """Starts of that many days spread over the last weeks, latest first; the first lies in the last two days."""
        end = second_of(self.spec.last_day) + DAY
        weeks = min(weeks, self.spec.weeks - 1)
        back = np.linspace(2, 7 * weeks - 3, max(count, 2))[:count].astype(int)
        return [end - int(b) * DAY for b in back]


def planted_orders(spec: ShopSpec, goods: Goods, *, rng: np.random.Generator) -> Planted:
    """All planted accounts with their orders; labels say what they are: ``burst:0``, ``ring:3``, ``reseller:0`` …"""
    book = _Book(spec, rng, people(600, rng=rng, first=PLANTED_FROM).to_dicts())
    if spec.abuse:
        _bursts(book, goods)
        _rings(book, goods)
        _slow_rings(book, goods)
        _serial_refunders(book, goods)
    if spec.innocents:
        _resellers(book, goods)
        _office(book, goods)
        _triers(book, goods)
    if spec.faults:
        _chance(book, goods)
    schema = dict.fromkeys(people(1, rng=np.random.default_rng(0)).columns, pl.String) | {"days": pl.Float64}
    return Planted(
        pl.DataFrame(book.buyers, schema=schema, orient="row"),
        pl.DataFrame(book.orders, schema=ORDERS_SCHEMA, orient="row"),
        pl.DataFrame(book.lines, schema=LINES_SCHEMA, orient="row"),
    )


def _popular(goods: Goods) -> list[int]:
    best = goods.products.sort("popularity", descending=True).head(20)["product"]
    return goods.skus.filter(pl.col("product").is_in(best.implode()))["sku"].to_list()


def _bursts(book: _Book, goods: Goods) -> None:
    """One account, 6–12 orders within hours: never paid, cancelled or refused; the latest still wait to be shipped."""
    rng, skus = book.rng, _popular(goods)
    # three in four spread over the last twelve weeks, the others older
    recent = book.recent_days(max(1, round(book.spec.bursts * 0.75)))
    older = [second_of(book.spec.last_day) - int(7 * w) * DAY for w in rng.uniform(14, 40, size=book.spec.bursts)]
    for number, day in enumerate((recent + older)[: book.spec.bursts]):
        buyer, sku = book.account(), int(rng.choice(skus))
        style = (WAITING, UNPAID, CANCELLED, REFUSED)[0 if number == 0 else 1 + number % 3]
        start = day + int(rng.integers(9, 15)) * HOUR
        for at in start + np.sort(rng.integers(0, int(rng.integers(2, 7)) * HOUR, size=int(rng.integers(6, 13)))):
            fate = style if rng.random() < 0.85 else int(rng.choice([UNPAID, CANCELLED]))
            told = MALICIOUS if fate == UNPAID and rng.random() < 0.6 else None
            reason = "不喜欢/不想要" if fate == REFUSED else "多拍/拍错/不想要" if fate == CANCELLED else None
            quantity = int(rng.choice([1, 1, 2, 5]))
            book.order(at, buyer, fate, f"burst:{number}", sku, close_reason=told, reason=reason, quantity=quantity)


def _rings(book: _Book, goods: Goods) -> None:
    """4–8 accounts that share an address or a telephone, the same product within two days, then the same refund."""
    rng, skus = book.rng, _popular(goods)
    for number, day in enumerate(book.recent_days(book.spec.rings)):
        first = book.pool[len(book.buyers)]
        where = {key: first[key] for key in ("province", "city", "district", "street", "postcode", "days")}
        same = {"phone": first["phone"]} if number % 3 == 2 else where
        style, sku = (WAITING, RETURNED, REFUSED, CANCELLED)[number % 4], int(rng.choice(skus))
        reason, note = {
            RETURNED: ("质量问题", "做工太差了 跟图片完全不一样 退款"),
            REFUSED: ("不喜欢/不想要", None),
            CANCELLED: ("多拍/拍错/不想要", None),
        }.get(style, (None, None))
        for _ in range(int(rng.integers(4, 9))):
            buyer = book.account(**same)
            for _ in range(int(rng.integers(1, 4))):
                at = day + 8 * HOUR + int(rng.integers(0, 40 * HOUR if style != WAITING else 30 * HOUR))
                fate = style if rng.random() < 0.88 else KEPT
                book.order(at, buyer, fate, f"ring:{number}", sku, reason=reason, note=note)


def _slow_rings(book: _Book, goods: Goods) -> None:
    """The hard case: accounts with one order each over four weeks, same product, same reason, nearly the same words."""
    rng, skus = book.rng, _popular(goods)
    texts = (
        "收到就有一股很重的异味，根本没法用",
        "打开有很重的异味，根本没法用！",
        "有一股很重的异味 根本没法用",
        "收到有很重异味，没法用",
    )
    end = second_of(book.spec.last_day)
    for number in range(book.spec.slow_rings):
        first, sku = book.pool[len(book.buyers)], int(rng.choice(skus))
        where = {key: first[key] for key in ("province", "city", "district", "street", "postcode", "days")}
        for place in range(7):
            buyer = book.account(**(where if place % 3 else {}))
            at = end - (14 + 25 * number + 4 * place) * DAY + int(rng.integers(10, 22)) * HOUR
            book.order(
                at, buyer, RETURNED, f"slow_ring:{number}", sku, reason="质量问题", note=texts[place % len(texts)]
            )


def _serial_refunders(book: _Book, goods: Goods) -> None:
    """Ordinary in pace, but four of five orders come back with money asked for and no return."""
    rng, end = book.rng, second_of(book.spec.last_day)
    reasons = ("质量问题", "少件/漏发", "快递/物流一直未送到", "功能/效果不符")
    for number in range(book.spec.serial_refunders):
        buyer = book.account()
        span = min(7 * book.spec.weeks - 30, 260)
        for back in rng.integers(9, span, size=int(rng.integers(9, 15))):
            fate = RETURNED if rng.random() < 0.8 else KEPT
            sku = int(rng.integers(0, len(goods.skus)))
            at = end - int(back) * DAY + int(rng.integers(9, 23)) * HOUR
            reason = str(rng.choice(reasons)) if fate == RETURNED else None
            book.order(at, buyer, fate, f"serial:{number}", sku, reason=reason)


def _resellers(book: _Book, goods: Goods) -> None:
    """Innocent: many orders and large quantities, sent to one door; hardly anything comes back."""
    rng, end, skus = book.rng, second_of(book.spec.last_day), _popular(goods)
    for number in range(2):
        buyer = book.account()
        span = min(7 * book.spec.weeks - 30, 200)
        days = np.concatenate([rng.integers(2, span, size=26), np.repeat(rng.integers(10, 60), 7)])
        for back in days:
            at = end - int(back) * DAY + int(rng.integers(9, 18)) * HOUR + int(rng.integers(0, 60)) * MINUTE
            fate = CANCELLED if rng.random() < 0.03 else KEPT
            book.order(
                at, buyer, fate, f"reseller:{number}", int(rng.choice(skus[:12])), quantity=int(rng.integers(2, 9))
            )


def _office(book: _Book, goods: Goods) -> None:
    """Innocent: colleagues order the same thing to the same office on one day; one does not like it."""
    rng = book.rng
    for number, back in enumerate((23, 64)):
        first = book.pool[len(book.buyers)]
        where = {key: first[key] for key in ("province", "city", "district", "postcode", "days")}
        where["street"] = f"软件园路{18 + number}号创新大厦{number + 6}楼前台"
        day = second_of(book.spec.last_day) - back * DAY
        sku = goods.skus_of(PLANTS[book.spec.goods]["office"])[number]
        for place in range(12):
            at = day + 11 * HOUR + int(rng.integers(0, 5 * HOUR))
            fate = RETURNED if place == 11 else KEPT
            reason = "7天无理由退换货" if fate == RETURNED else None
            book.order(at, book.account(**where), fate, f"office:{number}", sku, reason=reason)


def _triers(book: _Book, goods: Goods) -> None:
    """Innocent: the same thing in several sizes at once, all but one sent back."""
    rng, skus = book.rng, goods.skus_of(PLANTS[book.spec.goods]["trier"])
    for number, back in enumerate((17, 38, 71)):
        buyer = book.account()
        at = second_of(book.spec.last_day) - back * DAY + 20 * HOUR
        for place, sku in enumerate(skus[:4]):
            fate = KEPT if place == 0 else RETURNED
            reason = "大小/尺寸不符" if fate == RETURNED else None
            note = "买了几个尺寸试，留一个，其他退" if fate == RETURNED else None
            book.order(
                at + int(rng.integers(1, 9)) * MINUTE, buyer, fate, f"trier:{number}", sku, reason=reason, note=note
            )


def _chance(book: _Book, goods: Goods) -> None:
    """Innocent product: three sold, two came back, for two different ordinary reasons."""
    sku = goods.skus_of(PLANTS[book.spec.goods]["chance"])[0]
    told = (("7天无理由退换货", None), (None, None), ("大小/尺寸不符", "比想象中小一点"))
    for number, (back, (reason, note)) in enumerate(zip((45, 33, 24), told, strict=True)):
        at = second_of(book.spec.last_day) - back * DAY + (14 + number) * HOUR
        book.order(at, book.account(), RETURNED if reason else KEPT, "chance:0", sku, reason=reason, note=note)
