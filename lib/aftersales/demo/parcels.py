"""The parcels' traces, in our own template: picked up, on the road, out for delivery, signed for, refused, returned."""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales.demo.headers import PARCELS
from aftersales.demo.moments import DAY, HOUR, NEVER, moment_text
from aftersales.demo.shop import Shop, stream

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
    return sent.with_row_index("row").filter(of).select(
        "row", "tracking_no", "courier", at=at, event=pl.lit(event), place=place, note=pl.lit(note)
    )  # fmt: skip
