from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.measures.mix import change_split, rate_split
from aftersales.words.errors import DataError, UsageError

PRODUCTS = st.sampled_from(["mug", "rug", "lamp", None])
cells = st.lists(
    st.tuples(PRODUCTS, st.booleans(), st.integers(1, 500), st.integers(0, 40), st.sampled_from(["size", None])),
    min_size=1,
    max_size=30,
)


def tables(rows, money=False):
    frame = pl.DataFrame(
        rows, schema={"product": pl.String, "after": pl.Boolean, "exposure": pl.Int64, "events": pl.Int64,
                      "reason": pl.String}, orient="row",
    )  # fmt: skip
    events = pl.col("events")
    if money:
        events = (events * pl.lit(Decimal("19.99"))).cast(pl.Decimal(18, 2))
    return frame.select("product", "after", "exposure"), frame.select("product", "reason", "after", events=events)


def change(events):
    after = events.filter("after")["events"].sum()
    return after - events.filter(~pl.col("after"))["events"].sum()


@given(cells)
def test_the_parts_are_the_whole(rows):
    exposures, events = tables(rows)
    for event_by in ([], ["reason"]):
        parts = change_split(exposures, events, by=["product"], event_by=event_by)
        summed = parts.select(pl.col("change", "volume", "mix", "rate").sum()).row(0)
        assert summed[0] == pytest.approx(change(events))
        assert sum(summed[1:]) == pytest.approx(change(events))
        off = parts.select((pl.col("change") - pl.col("volume") - pl.col("mix") - pl.col("rate")).abs().max()).item()
        assert off < 1e-9


@given(cells)
def test_money_sums_to_the_cent(rows):
    exposures, events = tables(rows, money=True)
    for event_by in ([], ["reason"]):
        parts = change_split(exposures, events, by=["product"], event_by=event_by)
        total = sum((parts[c].sum() for c in ("volume", "mix", "rate")), Decimal(0))
        assert parts["mix"].dtype.is_decimal()
        assert total == parts["change"].sum() == change(events)


@given(cells)
def test_mix_and_rate_make_up_the_change_of_the_rate(rows):
    exposures, events = tables(rows)
    orders = [exposures.filter(pl.col("after") == a)["exposure"].sum() for a in (False, True)]
    if min(orders) == 0:
        with pytest.raises(DataError, match="both periods"):
            rate_split(exposures, events, by=["product"])
        return
    seen = [events.filter(pl.col("after") == a)["events"].sum() for a in (False, True)]
    for event_by in ([], ["reason"]):
        parts = rate_split(exposures, events, by=["product"], event_by=event_by)
        expected = seen[1] / orders[1] - seen[0] / orders[0]
        assert parts["mix"].sum() + parts["rate"].sum() == pytest.approx(expected)


def test_more_of_the_same_is_volume_only():
    exposures, events = tables([(p, a, n * (1 + a), e * (1 + a), "size") for a in (False, True)
                                for p, n, e in (("mug", 100, 5), ("rug", 50, 10))])  # fmt: skip
    parts = change_split(exposures, events, by=["product"])
    assert parts["volume"].to_list() == pytest.approx(parts["change"].to_list())
    assert parts["mix"].abs().max() == pytest.approx(0)
    assert parts["rate"].abs().max() == pytest.approx(0)


def test_a_shift_to_a_difficult_product_is_mix_only():
    rows = [("mug", False, 100, 5, None), ("rug", False, 100, 20, None), ("mug", True, 40, 2, None),
            ("rug", True, 160, 32, None)]  # fmt: skip
    exposures, events = tables(rows)
    parts = change_split(exposures, events, by=["product"])
    assert parts["rate"].abs().max() == pytest.approx(0)
    assert parts["volume"].sum() == pytest.approx(0)
    assert parts["mix"].sum() == pytest.approx(9)


def test_the_order_of_rows_does_not_matter_and_null_is_a_level():
    rows = [
        (None, False, 10, 1, None),
        ("mug", False, 10, 1, None),
        (None, True, 20, 9, None),
        ("mug", True, 5, 1, None),
    ]
    forward = change_split(*tables(rows), by=["product"])
    assert forward.equals(change_split(*tables(rows[::-1]), by=["product"]))
    assert None in forward["product"].to_list()


def test_refunds_without_orders_and_missing_columns_are_refused():
    exposures, events = tables([("mug", True, 10, 1, None), ("mug", False, 10, 1, None)])
    with pytest.raises(DataError, match="without orders"):
        change_split(exposures, events.with_columns(product=pl.lit("rug")), by=["product"])
    with pytest.raises(UsageError, match="lacks columns"):
        change_split(exposures, events, by=["colour"])
