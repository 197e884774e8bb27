"""A large shop in parts: the same evidence and the same suspects as whole, wherever the cuts fall."""

from __future__ import annotations

import polars as pl
import pytest

from aftersales.demo import ShopSpec, shop_tables, simulate_shop
from aftersales.measures import parts
from aftersales.measures.order_evidence import order_evidence
from aftersales.measures.suspects import suspects
from aftersales.words.periods import Week

UNTIL = Week.parse("2026-W47").sunday


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    return shop_tables(simulate_shop(ShopSpec(orders=20_000, weeks=60), seed=3))


@pytest.fixture(scope="module")
def evidence(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    return order_evidence(tables["orders"], tables["refunds"], until=UNTIL)


def by_month(orders: pl.DataFrame) -> list[pl.DataFrame]:
    month = pl.coalesce("created_at", "paid_at").dt.strftime("%Y-%m")
    dated = orders.with_columns(month=month).sort("month", nulls_last=True)
    return [part.drop("month") for part in dated.partition_by("month", maintain_order=True)]


def test_evidence_of_months_is_that_of_the_whole(tables: dict[str, pl.DataFrame], evidence: pl.DataFrame) -> None:
    found = order_evidence(by_month(tables["orders"]), tables["refunds"], until=UNTIL)
    assert len(by_month(tables["orders"])) > 10
    assert found.equals(evidence)


def test_an_order_whose_lines_lie_in_two_parts_is_one(tables: dict[str, pl.DataFrame]) -> None:
    orders = tables["orders"]
    several = orders.filter(pl.len().over("order_id") > 1)["line_id"][0]
    late = pl.col("created_at").dt.offset_by("-3mo")
    torn = orders.with_columns(created_at=pl.when(pl.col("line_id") == several).then(late).otherwise("created_at"))
    whole = order_evidence(torn, tables["refunds"], until=UNTIL)
    found = order_evidence(by_month(torn), tables["refunds"], until=UNTIL)
    assert found["order_id"].n_unique() == found.height == whole.height
    of = orders.filter(pl.col("line_id") == several)["order_id"][0]
    told = pl.col("order_id") == of
    assert found.filter(told)["amount"].to_list() == whole.filter(told)["amount"].to_list()


def test_suspects_in_parts_are_those_of_the_whole(evidence: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    groups, members = suspects(evidence)
    monkeypatch.setattr(parts, "PART_ROWS", 700)
    groups_in_parts, members_in_parts = suspects(evidence)
    facts = ["orders", "asked", "expected", "p_refund", "p_timing", "expected_orders", "probability"]
    assert groups.height > 10
    order = ["pattern", "orders", "asked", "p_refund"]
    one, other = (table.sort(order).with_columns(pl.col(facts).fill_null(-1)) for table in (groups, groups_in_parts))
    assert one["pattern"].to_list() == other["pattern"].to_list()
    for name in facts:  # a likelihood is a sum, here in another order
        assert one[name].to_list() == pytest.approx(other[name].to_list(), rel=1e-4, abs=1e-12), name
    assert members["order_id"].unique().sort().equals(members_in_parts["order_id"].unique().sort())
