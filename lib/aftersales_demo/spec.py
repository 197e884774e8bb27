"""What a made-up shop is to be like: its size, its rates, and which troubles are planted in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

# What becomes of an order. An honest one is left to chance; a planted one is told.
HONEST, UNPAID, CANCELLED, REFUSED, WAITING, KEPT, RETURNED = range(7)

DEMO_SEED = 20261116
DEMO_LAST_DAY = date(2026, 11, 22)


@dataclass(frozen=True)
class ShopSpec:
    """A shop to simulate. Rates are shares (0..1) of orders; a year's level follows from `orders` and `weeks`.

    `faults`, `abuse`, `innocents` (busy buyers who did nothing wrong) and `complaints` each switch one kind of planted
    trouble off. A shop without faults still has ordinary refunds at steady rates, a little different by product.

    >>> ShopSpec(orders=3_000, weeks=20).first_day
    datetime.date(2026, 7, 6)
    """

    shop_id: str = "demo"
    name: str = "云栖家居旗舰店"
    goods: Literal["home", "women"] = "home"
    orders: int = 100_000
    weeks: int = 110
    last_day: date = DEMO_LAST_DAY
    faults: bool = True
    abuse: bool = True
    innocents: bool = True
    complaints: bool = True
    masked: bool = False
    unpaid_rate: float = 0.055
    cancel_rate: float = 0.022
    transit_rate: float = 0.008
    stalled_rate: float = 0.004
    refused_rate: float = 0.005
    bursts: int = 8
    rings: int = 5
    slow_rings: int = 2
    serial_refunders: int = 4

    @property
    def first_day(self) -> date:
        """The Monday-to-Sunday weeks end on `last_day`; this is the day they begin."""
        return self.last_day - timedelta(days=7 * self.weeks - 1)


def demo_spec(*, last_day: date = DEMO_LAST_DAY, orders: int = 100_000, weeks: int = 110) -> ShopSpec:
    """The home-goods shop that has every file.

    >>> demo_spec().shop_id, demo_spec(orders=500).orders
    ('demo', 500)
    """
    return ShopSpec(last_day=last_day, orders=orders, weeks=weeks)


def basic_spec(*, last_day: date = DEMO_LAST_DAY, orders: int = 20_000, weeks: int = 110) -> ShopSpec:
    """The women's wear shop that has three reports and masked buyers; most of what it sells comes back.

    >>> basic_spec().masked, basic_spec().goods
    (True, 'women')
    """
    return ShopSpec(
        shop_id="basic",
        name="晴野女装店",
        goods="women",
        last_day=last_day,
        orders=orders,
        weeks=weeks,
        complaints=False,
        masked=True,
        unpaid_rate=0.08,
        cancel_rate=0.16,
        transit_rate=0.045,
        stalled_rate=0.004,
        refused_rate=0.02,
        bursts=2,
        rings=1,
        slow_rings=0,
        serial_refunders=1,
    )
