"""Cohort curves: they end where their observation does, and never fall."""

from datetime import date, timedelta

import polars as pl

from aftersales.measures.cohort_shares import LONGEST_AGE_DAYS, cohort_shares
from aftersales_demo import ShopSpec, shop_tables, simulate_shop


def test_curves_rise_end_in_time_and_agree_with_the_counts():
    last = date(2026, 11, 22)
    tables = shop_tables(simulate_shop(ShopSpec(orders=4_000, last_day=last), seed=3))
    found = cohort_shares(tables["orders"], tables["refunds"], since=last - timedelta(days=69), until=last)
    assert found.filter(pl.col("share").diff().over("cohort") < 0).is_empty()
    ends = found.group_by("cohort").agg(pl.col("age_days").max()).sort("cohort")
    for monday, age in ends.iter_rows():
        assert age <= min(LONGEST_AGE_DAYS, (last - monday).days)
    assert ends["age_days"][-1] < ends["age_days"][0]
    assert found.filter(pl.col("refund_orders") > pl.col("orders")).is_empty()


def test_no_refund_dates_no_curves():
    tables = shop_tables(simulate_shop(ShopSpec(orders=2_000), seed=1))
    undated = tables["refunds"].with_columns(applied_at=pl.lit(None, dtype=tables["refunds"].schema["applied_at"]))
    found = cohort_shares(tables["orders"], undated, since=date(2026, 10, 5), until=date(2026, 11, 22))
    assert found.is_empty()
