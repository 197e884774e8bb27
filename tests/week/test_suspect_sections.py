"""The sections of the page on suspected orders: each shows something for a shop with and without abuse, in both languages."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from frames import Frames, Plain

from aftersales.cases.case import Case
from aftersales.week.sections import malicious_orders as sections
from aftersales.week.suspect_results import SuspectResults
from aftersales.words.language import say
from aftersales.words.periods import Week
from aftersales_demo import ShopSpec, shop_tables, simulate_shop

WEEK = Week.parse("2026-W47")
ALL = ("answer", "innocents", "case_list", "told", "orders_listed", "return_numbers", "not_assessed",
       "seller_label", "unknown")  # fmt: skip
ZONE = ZoneInfo("Asia/Shanghai")
NO_CASES = pl.DataFrame(
    schema={"case_id": pl.String, "at": pl.Datetime("us", "Asia/Shanghai"), "state": pl.String}
)  # fmt: skip
NO_MEMBERS = Case("", "orders", "", ()).members()
NO_PARCELS = pl.DataFrame(schema={"tracking_no": pl.String})
NO_COMPLAINTS = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})


class Results(Plain, SuspectResults):
    """A shop's week over frames in memory."""

    def __init__(
        self, tables: dict[str, pl.DataFrame], cases: pl.DataFrame = NO_CASES, members: pl.DataFrame = NO_MEMBERS
    ) -> None:
        own = {"cases": cases, "case_members": members, "complaints": NO_COMPLAINTS, "parcels": NO_PARCELS}
        self.tables = Frames(tables | own)
        self.week, self.shop = WEEK, SimpleNamespace(currency="CNY", market="cn")


def report(data: Results, language: str) -> SimpleNamespace:
    return SimpleNamespace(data=data, language=language, say=lambda key, **v: say(key, language, **v))


@pytest.fixture(scope="module")
def tables():
    return shop_tables(simulate_shop(ShopSpec(orders=20_000, weeks=60), seed=3))


@pytest.fixture(scope="module")
def results(tables):
    return Results(tables)


@pytest.fixture(scope="module")
def quiet():
    return Results(shop_tables(simulate_shop(ShopSpec(orders=10_000, weeks=40, abuse=False), seed=3)))


def shown(thing) -> str:
    items = thing.items if hasattr(thing, "items") else [thing]
    return "".join(item.html() for item in items)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ALL)
def test_every_section_shows_something(results, quiet, name, language):
    for data in (results, quiet):
        html = shown(getattr(sections.SuspiciousOrders(report(data, language)), name)())
        assert "<" in html
        assert "None" not in html


def test_only_planted_orders_are_listed(tables, results):
    labels = simulate_shop(ShopSpec(orders=20_000, weeks=60), seed=3).orders
    planted = set(
        labels.filter(pl.col("label").str.contains("^(burst|ring|slow_ring|serial)"))["order_id"].cast(pl.String)
    )
    named = set(results.suspicious_orders("zh")["order_id"])
    assert len(named & planted) >= 0.9 * len(named)
    assert len(named) >= 20


def test_without_abuse_the_page_says_so(quiet):
    assert sections.SuspiciousOrders(report(quiet, "en")).answer().headline == say("suspects.none", "en")


def test_what_is_not_shipped_comes_first(results):
    waiting = sections.SuspiciousOrders(report(results, "en")).case_list().frame["waiting"] > 0
    assert waiting.to_list() == sorted(waiting.to_list(), reverse=True)


def test_a_case_that_was_decided_is_not_among_what_is_to_be_done(tables, results):
    first = sections.SuspiciousOrders(report(results, "en")).case_list().frame.row(0, named=True)
    won = pl.DataFrame([(first["case_id"], datetime(2026, 11, 22, 9, tzinfo=ZONE), "won")], schema=NO_CASES.schema,
                       orient="row")  # fmt: skip
    after = Results(tables, won)
    shown_now = sections.SuspiciousOrders(report(after, "en")).case_list().frame
    place = shown_now["case_id"].to_list().index(first["case_id"])
    assert shown_now.row(place, named=True)["state"] == "won"
    assert shown_now["case_probability"][place] is None
    assert shown_now["decided"].to_list() == [False] * (shown_now.height - 1) + [True]
    assert first["case_id"] not in shown(sections.SuspiciousOrders(report(after, "en")).told())
    assert after.with_state(after.suspicious_orders("en")).filter("decided").height == first["orders"]
    assert f"{shown_now.height - 1} open cases" in sections.SuspiciousOrders(report(after, "en")).answer().headline


def test_a_case_marked_innocent_leaves_the_list_with_its_buyers(tables, results):
    rows = results.suspicious_orders("zh")
    case = rows.filter(pl.col("pattern") == "burst")["case_id"][0]
    cleared = pl.DataFrame(
        [(case, datetime(2026, 11, 22, 9, tzinfo=ZONE), "innocent")], schema=NO_CASES.schema, orient="row"
    )
    held = Case(case, "orders", "burst", tuple(rows.filter(pl.col("case_id") == case)["order_id"])).members()
    after = Results(tables, cleared, held)
    assert set(after.cleared_buyers) == set(rows.filter(pl.col("case_id") == case)["buyer_key"])
    assert case not in after.suspicious_orders("zh")["case_id"].to_list()
    assert after.suspicious_orders("zh")["case_id"].n_unique() == rows["case_id"].n_unique() - 1


def test_a_cleared_buyer_comes_back_where_the_pattern_changed(tables, results):
    rows = results.suspicious_orders("zh")
    burst = rows.filter(pl.col("pattern") == "burst")
    case, buyer, first = burst["case_id"][0], burst["buyer_key"][0], burst["created_at"].min()
    # the buyer had ordered before, and kept everything
    orders = tables["orders"]
    calm = orders.filter(
        pl.col("created_at").dt.replace_time_zone(None) < first - timedelta(days=40), pl.col("status") == "finished",
        ~pl.col("order_id").is_in(tables["refunds"]["order_id"].implode()),
    )["order_id"].unique(maintain_order=True).tail(40)  # fmt: skip
    known = pl.when(pl.col("order_id").is_in(calm.implode())).then(pl.lit(buyer)).otherwise("buyer_key")
    known_tables = tables | {"orders": orders.with_columns(buyer_key=known)}
    again = Results(known_tables).suspicious_orders("zh").filter(pl.col("buyer_key") == buyer)
    held = Case(case, "orders", "burst", tuple(calm)).members()

    def listed(day: datetime) -> int:
        state = pl.DataFrame([(case, day, "innocent")], schema=NO_CASES.schema, orient="row")
        return Results(known_tables, state, held).suspicious_orders("zh").filter(pl.col("buyer_key") == buyer).height

    assert again.height
    before, after = first - timedelta(days=20), first + timedelta(days=400)
    assert listed(before.replace(tzinfo=ZONE)) == again.height
    assert listed(after.replace(tzinfo=ZONE)) == 0


def test_abuse_that_no_file_shows_is_named_with_what_it_needs_and_in_its_market_alone(results):
    html = shown(sections.SuspiciousOrders(report(results, "en")).not_assessed())
    assert "return register: weight, serial number" in html
    assert "freight insurance" in html
    elsewhere = SimpleNamespace(shop=SimpleNamespace(market="us"))
    html = shown(sections.SuspiciousOrders(report(elsewhere, "en")).not_assessed())
    assert "gift kept" in html
    assert "insurance" not in html
    assert "Price protection" not in html
