"""What the files cover: days without orders, a last day cut short, a refund report that begins late or ends early.

Every "is this odd?" here is one question: had things gone on at the shop's usual pace, how likely was it to see nothing
at all? For events that come independently at a known pace that is exp(-expected) (Poisson).

A day without an order is odd in a shop that sells every day; a week without a complaint is not. A silence is called a
gap where, had things gone on at the pace of the weeks beside it, seeing nothing at all was unlikely: exp(-expected)
below `GAP_CHANCE`, as for independent events (Poisson).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of, summed
from aftersales.measures.inputs import columns_of
from aftersales.measures.requests import refund_requests
from aftersales.tables.columns import Frame
from aftersales.tables.orders import Orders
from aftersales.words.promotions import in_pause

# Orders come in clumps, so a silence must be a good deal rarer than 1 in 100 before it is called a gap.
GAP_CHANCE = 0.001
# A week holds each weekday once, so its median is the pace just before or after a silence.
NEIGHBOUR_DAYS = 7
# The pace of a shop changes over a year; four weeks before are its usual pace now.
USUAL_DAYS = 28


def empty_days(orders: Chunks, *, until: date, market: str) -> pl.DataFrame:
    """The runs of days, between the first and last day with orders, on which no order was created.

    Orders may come in parts.
    Columns out: first_day, last_day (Date), days, expected (orders that the median day of the week before, or of the
    week after where that is more, would have brought), chance (of such a silence at that pace), odd (Bool: chance
    below `GAP_CHANCE`, and no holiday), holiday (Bool: it lies within a pause of the market's couriers, such as Spring
    Festival). Sorted by first_day. The day of an order is that of its creation, else of payment.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "created_at": [datetime(2026, 11, d) for d in (2, 3, 6)]})
    >>> found = empty_days(orders, until=date(2026, 11, 8), market="cn")
    >>> found.select("first_day", "days", "expected", "odd").rows()
    [(datetime.date(2026, 11, 4), 2, 2.0, False)]
    """
    days = _orders_per_day(orders, until=until).sort("day")
    every = days.upsample("day", every="1d").with_columns(pl.col("orders").fill_null(0)) if days.height else days
    middle = pl.col("orders").rolling_median(NEIGHBOUR_DAYS, min_samples=1)
    backwards = pl.col("orders").reverse().rolling_median(NEIGHBOUR_DAYS, min_samples=1).reverse()
    every = every.with_columns(before=middle, after=backwards)
    busy = every.filter(pl.col("orders") > 0).with_columns(
        first_day=pl.col("day").shift(1).dt.offset_by("1d"),
        last_day=pl.col("day").dt.offset_by("-1d"),
        pace=pl.max_horizontal(pl.col("before").shift(1), "after"),
    )
    length = (pl.col("last_day") - pl.col("first_day")).dt.total_days() + 1
    gaps = busy.with_columns(days=length).filter(pl.col("days") > 0)
    found = _judged(gaps.select("first_day", "last_day", "days", "pace"), pl.col("days") * pl.col("pace"))
    ends = zip(found["first_day"], found["last_day"], strict=True)
    quiet = [in_pause(*pair, market) for pair in ends]
    holiday = pl.Series(quiet, dtype=pl.Boolean)
    return found.drop("pace").with_columns(holiday=holiday, odd=pl.col("odd") & ~holiday)


def last_day_cut(orders: Frame, *, until: date) -> pl.DataFrame:
    """Whether the last day with orders is only partly in the files: one row, none where there are no orders.

    Columns out: day, last_at (of the last order created), expected (orders that usually come after that time of day, by
    the four weeks before), chance (that none came), odd (Bool).

    >>> from datetime import datetime
    >>> at = [datetime(2026, 11, d, 22) for d in (2, 3, 4)]
    >>> last_day_cut(pl.DataFrame({"order_id": ["a", "b", "c"], "created_at": at}), until=date(2026, 11, 8)).select(
    ...     "day", "odd").rows()
    [(datetime.date(2026, 11, 4), False)]
    """
    made = _made(orders, until=until).select("at", day=pl.col("at").dt.date())
    last = made.select(last_at=pl.col("at").max()).collect(engine="streaming").drop_nulls()
    if last.is_empty():
        return _judged(pl.DataFrame(schema={"day": pl.Date, "last_at": last.schema["last_at"]}), pl.lit(0.0))
    last = last.select(day=pl.col("last_at").dt.date(), last_at="last_at")
    day, moment = last.item(0, "day"), last.item(0, "last_at")
    usual = made.filter(pl.col("day") < day, pl.col("day") >= pl.lit(day).dt.offset_by(f"-{USUAL_DAYS}d"))
    later = usual.select(n=(pl.col("at").dt.time() > moment.time()).sum(), days=pl.col("day").n_unique()).collect(
        engine="streaming"
    )
    expected = later.item(0, "n") / later.item(0, "days") if later.item(0, "days") else 0.0
    return _judged(last, pl.lit(float(expected)))


def refund_span(orders: Frame, refunds: Frame, *, until: date) -> pl.DataFrame:
    """Whether dated refund requests reach from the first orders to the last: two rows, "start" and "end"; or none.

    A refund report that was filtered by request date misses the requests on the first orders; one not exported again
    misses the latest. Columns out: edge, orders_day (first, last order), refunds_day (first, last request), days
    (between them), expected (requests at the usual pace in those days; at the start without the usual wait, the median
    from order to request), chance, odd (Bool).

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "created_at": [datetime(2026, 11, d) for d in (2, 3, 9)]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["b"], "applied_at": [datetime(2026, 11, 5)]})
    >>> refund_span(orders, refunds, until=date(2026, 11, 15)).select("edge", "days", "odd").rows()
    [('start', 3, False), ('end', 4, False)]
    """
    made = _made(orders, until=until).select("order_id", day=pl.col("at").dt.date())
    asked = refund_requests(refunds, until=until).select("order_id", asked=pl.col("applied_at").dt.date()).drop_nulls()
    # of the few orders that came back alone: a large shop's others need not be told apart
    bought_on = made.join(asked, on="order_id", how="semi").group_by("order_id").agg(pl.col("day").min())
    wait = (
        asked.join(bought_on, on="order_id")
        .select(((pl.col("asked") - pl.col("day")).dt.total_days()).median())
        .collect(engine="streaming")
        .item()
    )
    ends = [pl.col("day").min().alias("first_day"), pl.col("day").max().alias("last_day")]
    bought = made.select(ends).collect(engine="streaming").row(0)
    requests = asked.select(pl.col("asked").min(), last=pl.col("asked").max(), n=pl.len()).collect(engine="streaming")
    first, last, n = requests.row(0)
    if first is None or bought[0] is None:
        rows: list[tuple] = []
    else:
        pace = n / max((last - first).days + 1, 1)
        start, end = (first - bought[0]).days, (bought[1] - last).days
        rows = [
            ("start", bought[0], first, start, max(start - (wait or 0), 0) * pace),
            ("end", bought[1], last, end, max(end, 0) * pace),
        ]
    names = {"edge": pl.String, "orders_day": pl.Date, "refunds_day": pl.Date, "days": pl.Int64, "expected": pl.Float64}
    return _judged(pl.DataFrame(rows, schema=names, orient="row"), pl.col("expected"))


def known_orders(table: Frame) -> pl.DataFrame:
    """How many rows of refunds or complaints are on an order whose own row is there: rows, unknown, share_unknown.

    >>> known_orders(pl.DataFrame({"order_known": [True, False, True]})).row(0)
    (3, 1, 0.3333333333333333)
    """
    unknown = (~pl.col("order_known")).sum().cast(pl.Int64)
    found = table.lazy().select(rows=pl.len().cast(pl.Int64), unknown=unknown).collect(engine="streaming")
    return found.with_columns(share_unknown=pl.when(pl.col("rows") > 0).then(pl.col("unknown") / pl.col("rows")))


def buyer_keys(orders: Chunks) -> pl.DataFrame:
    """How well buyers can be told apart: quality, orders, share; the best quality first, all four of them.

    Orders may come in parts.
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "buyer_key_quality": ["masked", "masked", "full"]})
    >>> buyer_keys(orders).rows()
    [('full', 1, 0.3333333333333333), ('composite', 0, 0.0), ('masked', 2, 0.6666666666666666), ('none', 0, 0.0)]
    """
    columns, quality = ["order_id", "buyer_key_quality"], pl.col("buyer_key_quality").fill_null("none").alias("quality")
    counts = [_orders_by(columns_of(part, Orders, columns, needed=["order_id"]), quality) for part in parts_of(orders)]
    every = pl.DataFrame({"quality": ["full", "composite", "masked", "none"]})
    every = every.join(summed(counts, ["quality"]), on="quality", how="left", maintain_order="left").with_columns(
        pl.col("orders").fill_null(0)
    )
    total = pl.col("orders").sum()
    return every.with_columns(share=pl.when(total > 0).then(pl.col("orders") / total))


def _made(orders: Frame, *, until: date) -> pl.LazyFrame:
    """Orders with the moment they were made, or paid where that is unknown."""
    lines = columns_of(orders, Orders, ["order_id", "created_at", "paid_at"], needed=["order_id"])
    there = [c for c in ("created_at", "paid_at") if c in orders.collect_schema().names()]
    at = pl.coalesce(there) if there else pl.lit(None, dtype=pl.Datetime("us"))
    return lines.select("order_id", at=at).filter(pl.col("at").dt.date() <= until)


def _orders_per_day(orders: Chunks, *, until: date) -> pl.DataFrame:
    counts = [_orders_by(_made(part, until=until), pl.col("at").dt.date().alias("day")) for part in parts_of(orders)]
    return summed(counts, ["day"])


def _orders_by(lines: pl.LazyFrame, key: pl.Expr) -> pl.DataFrame:
    """How many orders there are of each key: the key, orders. A set of all orders at once would take gigabytes."""
    orders = pl.col("order_id").hash().n_unique().cast(pl.Int64)
    return lines.group_by(key).agg(orders=orders).collect(engine="streaming")


def _judged(frame: pl.DataFrame, expected: pl.Expr) -> pl.DataFrame:
    chance = (-pl.col("expected")).exp()
    return (
        frame.with_columns(expected=expected.cast(pl.Float64))
        .with_columns(chance=chance)
        .with_columns(odd=pl.col("chance") < GAP_CHANCE)
    )


# The median of fewer days is one or two days' accident: in a file that begins with one row it would call that row a
# daily pace.
LEAST_DAYS = 14


def days_covered(
    per_day: pl.DataFrame, *, first: date, last: date, market: str, every_day: bool = False
) -> pl.DataFrame:
    """Every day from ``first`` to ``last``, and whether the rows of one kind of file cover it.

    ``per_day`` holds day (Date) and rows, days without rows left out; a kind that writes a row ``every_day`` whatever
    happens covers only the days that have one. Columns out: day, rows (0 where none), covered, begun (whether the
    kind's first row lies on or before the day). Days before the first row are not covered; days after the last one, and
    runs of empty days between, where such a silence is likely at the kind's pace: the median day of the four weeks
    before, or after where that is less (a shop on the rise was quieter before); and where both ends lie within a
    pause of the market's couriers. Sorted by day; empty where the kind has no rows at all.

    >>> from datetime import timedelta
    >>> busy = [date(2026, 10, 1) + timedelta(n) for n in range(46) if n not in (20, 21)]
    >>> per_day = pl.DataFrame({"day": busy, "rows": [5] * 44})
    >>> days = days_covered(per_day, first=date(2026, 10, 1), last=date(2026, 11, 15), market="cn")
    >>> days.filter(~pl.col("covered"))["day"].to_list()
    [datetime.date(2026, 10, 21), datetime.date(2026, 10, 22)]
    """
    rows = pl.DataFrame({"day": pl.date_range(first, last, "1d", eager=True)}).join(
        per_day.select("day", pl.col("rows").cast(pl.Int64)), on="day", how="left", maintain_order="left"
    )
    rows = rows.with_columns(pl.col("rows").fill_null(0))
    begun = rows.with_columns(begun=(pl.col("rows") > 0).cum_sum() > 0)
    if not begun["begun"].any():
        return begun.clear().with_columns(covered=pl.lit(None, dtype=pl.Boolean)).select(*_COLUMNS)
    if every_day:
        return begun.with_columns(covered=pl.col("rows") > 0).select(*_COLUMNS)
    runs = _with_pace(begun).with_columns(run=(pl.col("rows") > 0).rle_id())
    ends = (
        runs.group_by("run")
        .agg(
            first_day=pl.col("day").first(),
            last_day=pl.col("day").last(),
            expected=pl.len() * pl.col("pace").first(),
            empty=(pl.col("rows") == 0).first(),
        )
        .filter("empty")
    )
    quiet = [in_pause(*pair, market) for pair in zip(ends["first_day"], ends["last_day"], strict=True)]
    gap = ((-pl.col("expected")).exp() < GAP_CHANCE) & ~pl.Series("quiet", quiet, dtype=pl.Boolean)
    gaps = ends.select("run", gap=gap)
    covered = pl.col("begun") & ~pl.col("gap").fill_null(value=False)
    return runs.join(gaps, on="run", how="left", maintain_order="left").with_columns(covered=covered).select(*_COLUMNS)


_COLUMNS = ("day", "rows", "covered", "begun")


def _with_pace(rows: pl.DataFrame) -> pl.DataFrame:
    """Each day with the pace just before and just after the run of days it lies in, the lesser of the two."""
    known = pl.when("begun").then("rows")  # before its first row the kind has no pace
    before = known.rolling_median(USUAL_DAYS, min_samples=LEAST_DAYS)
    after = known.reverse().rolling_median(USUAL_DAYS, min_samples=LEAST_DAYS).reverse()
    busy = pl.col("rows") > 0
    sides = rows.with_columns(
        before=pl.when(busy).then(before).forward_fill(),
        after=pl.when(busy).then(after).backward_fill(),
    )
    return sides.with_columns(pace=pl.min_horizontal("before", "after").fill_null(0.0)).drop("before", "after")
