"""The way of an order from payment to the buyer's door, were nothing to come back."""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales_demo.faults import switch_day
from aftersales_demo.moments import (
    DAY,
    HOUR,
    NEVER,
    SALES_DAYS,
    Ints,
    in_working_hours,
    past_the_rest,
    second_of,
)
from aftersales_demo.people import REMOTE
from aftersales_demo.spec import HONEST, UNPAID, WAITING, ShopSpec

COURIERS = ("中通快递", "圆通速递", "韵达快递", "申通快递", "极兔速递", "顺丰速运")
COURIER_SHARES = (0.26, 0.22, 0.18, 0.15, 0.14, 0.05)
# Where one courier has a station next door, it takes this share besides its usual one.
LOCAL_COURIERS = {"河南省": ("申通快递", 0.4), "四川省": ("极兔速递", 0.3)}
FORGOTTEN_SHARE = 0.004  # of orders lie in the warehouse for days: the honest late shipments
PROMISED_HOURS, PROMISED_HOURS_SALES = 48, 72
AUTO_CONFIRM_DAYS = 10
FREE_SHIPPING_FROM_FEN = 3_900


def journeys(orders: pl.DataFrame, spec: ShopSpec, *, rng: np.random.Generator) -> pl.DataFrame:
    """Orders with courier, paid, ship_by, shipped, scanned, due (at the door) and confirmed, in seconds (`NEVER`: not).

    Wants the columns created, fate and the buyer's province and days on the road. Closing times of unpaid orders stand
    in `unpaid_closed`.
    """
    count, created = len(orders), orders["created"].to_numpy()
    fate = orders["fate"].to_numpy()
    unpaid = (fate == UNPAID) | ((fate == HONEST) & (rng.random(count) < spec.unpaid_rate))
    paid = created + 8 + rng.exponential(90, size=count).astype(np.int64)
    busy = _busy(paid)
    shipped = _shipped(paid, busy, rng)
    # what must still wait on the last day has been paid only just before, so a day more is enough
    waiting = fate == WAITING
    shipped[waiting] = np.maximum(shipped[waiting], second_of(spec.last_day) + DAY + 10 * HOUR)
    ship_by = paid + np.where(busy > 0, PROMISED_HOURS_SALES, PROMISED_HOURS) * HOUR
    rest_ends = past_the_rest(paid, np.random.default_rng(0))
    ship_by = np.where(rest_ends > paid, rest_ends + 3 * DAY, ship_by)
    scanned = in_working_hours(shipped + (rng.gamma(2.0, 2.2, size=count) * HOUR).astype(np.int64), rng, closes=23)
    road = orders["days"].to_numpy() * np.clip(rng.gamma(14, 1 / 14, size=count), 0.6, 2.2) * (1 + 0.12 * (busy > 0))
    courier = _couriers(orders, spec, shipped, rng)
    road = np.where(courier == COURIERS.index("顺丰速运"), road * 0.6, road)
    due = in_working_hours(scanned + (road * DAY).astype(np.int64), rng)
    confirmed = due + (HOUR + rng.exponential(4.2 * DAY, size=count)).astype(np.int64)
    confirmed = np.maximum(np.minimum(confirmed, shipped + AUTO_CONFIRM_DAYS * DAY), due + 2 * HOUR)
    closed = created + np.where(rng.random(count) < 0.3, rng.integers(300, 20 * HOUR, size=count), DAY)
    told = orders["close_reason"].is_not_null().to_numpy()
    closed = np.where(told, created + rng.integers(HOUR, 6 * HOUR, size=count), closed)
    return orders.with_columns(
        pl.Series("courier", courier).replace_strict(range(len(COURIERS)), COURIERS, return_dtype=pl.String),
        unpaid=pl.Series(unpaid),
        unpaid_closed=pl.Series(np.where(unpaid, closed, NEVER)),
        **{
            name: pl.Series(np.where(unpaid, NEVER, values))
            for name, values in {
                "paid": paid,
                "ship_by": ship_by,
                "shipped": shipped,
                "scanned": scanned,
                "due": due,
                "confirmed": confirmed,
            }.items()
        },
    )


def _busy(paid: Ints) -> Ints:
    """How many times the warehouse is overrun: the day's sales factor above 1.6, and half of it on the day after."""
    days = paid // DAY
    first = int(days.min()) - 1
    calendar = np.arange(first, int(days.max()) + 1).astype("datetime64[D]").astype(object)
    load = np.array([max(0.0, SALES_DAYS.get((d.month, d.day), 1.0) - 1.6) for d in calendar])
    load[1:] = np.maximum(load[1:], load[:-1] / 2)
    return np.ceil(load[days - first]).astype(np.int64)


def _shipped(paid: Ints, busy: Ints, rng: np.random.Generator) -> Ints:
    hours = rng.gamma(2.2, 6.5, size=len(paid)) + busy * rng.uniform(2, 9, size=len(paid))
    forgotten = rng.random(len(paid)) < FORGOTTEN_SHARE
    hours = hours + np.where(forgotten, rng.uniform(48, 120, size=len(paid)), 0)
    return past_the_rest(in_working_hours(paid + (hours * HOUR).astype(np.int64), rng), rng)


def _couriers(orders: pl.DataFrame, spec: ShopSpec, shipped: Ints, rng: np.random.Generator) -> Ints:
    courier = rng.choice(len(COURIERS), size=len(orders), p=COURIER_SHARES)
    turn = rng.random(len(orders))
    for province, (name, share) in LOCAL_COURIERS.items():
        courier = np.where((orders["province"] == province).to_numpy() & (turn < share), COURIERS.index(name), courier)
    if not spec.faults or spec.goods == "women":
        return courier
    # the decision that worked: from its day on, other couriers carry what went to Sichuan with 极兔速递
    switched = (courier == COURIERS.index("极兔速递")) & (shipped >= second_of(switch_day(spec)))
    switched &= (orders["province"] == "四川省").to_numpy()
    return np.where(switched, rng.integers(0, 2, size=len(orders)), courier)


def priced(lines: pl.DataFrame, orders: pl.DataFrame, *, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.Series]:
    """Lines with `price_fen` and `amount_fen` (after the order's discount), and the shipping fee of every order in fen.

    Discounts are larger on sales days. Small and far orders pay for shipping.
    """
    created = orders["created"].to_numpy()
    usual = rng.choice([0.0, 0.05, 0.1], size=len(orders), p=[0.6, 0.25, 0.15])
    discount = np.where(_busy(created) > 0, np.maximum(usual, 0.15), usual)
    amount = lines["price_fen"].to_numpy() * lines["quantity"].to_numpy() * (1 - discount[lines["order"].to_numpy()])
    lines = lines.with_columns(amount_fen=pl.Series(np.round(amount).astype(np.int64)))
    goods = np.bincount(lines["order"].to_numpy(), lines["amount_fen"].to_numpy(), minlength=len(orders))
    far = orders["province"].is_in(REMOTE).to_numpy()
    fee = np.where(far, 1_000, np.where(goods < FREE_SHIPPING_FROM_FEN, 600, 0)).astype(np.int64)
    return lines, pl.Series("shipping_fen", fee)
