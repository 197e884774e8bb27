"""Money of a whole order over its lines: the parts sum to the whole, to the cent."""

from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from aftersales.sources.spread import spread

cents = st.integers(0, 10**11)


@given(st.lists(st.tuples(cents, st.lists(cents | st.none(), min_size=1, max_size=6)), min_size=1, max_size=5))
def test_parts_sum_to_the_whole(orders):
    rows = [
        {"order": str(i), "whole": Decimal(whole) / 100, "by": None if w is None else Decimal(w) / 100}
        for i, (whole, weights) in enumerate(orders)
        for w in weights
    ]
    money = pl.Decimal(18, 2)
    frame = pl.DataFrame(rows, schema={"order": pl.String, "whole": money, "by": money})
    parts = spread(frame.lazy(), "part", whole="whole", by="by", over="order").collect()
    assert parts["part"].min() >= 0
    sums = parts.group_by("order").agg(pl.col("part").sum(), pl.col("whole").first())
    assert sums["part"].to_list() == sums["whole"].to_list()


def test_a_missing_whole_stays_missing_and_larger_lines_get_more():
    money = pl.Decimal(18, 2)
    frame = pl.DataFrame({"order": ["a", "a", "b"], "whole": ["10", "10", None], "by": ["30", "10", "5"]}).with_columns(
        pl.col("whole", "by").cast(money)
    )
    parts = spread(frame.lazy(), "part", whole="whole", by="by", over="order").collect()
    assert parts["part"].to_list() == [Decimal("7.50"), Decimal("2.50"), None]
