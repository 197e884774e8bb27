"""The contact queue: what can still be stopped comes first, one line a person, and drafts that accuse nobody."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import polars as pl
import pytest

from aftersales.findings.contacts import CONTACTS, SITUATIONS, contacts
from aftersales.findings.drafts import with_drafts
from aftersales.words.language import catalogue

NOW = datetime(2026, 11, 22, 12)
NO_COMPLAINTS = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
SUSPECTED = {"case_id": pl.String, "order_id": pl.String, "waiting": pl.Boolean, "asked": pl.Boolean,
             "created_at": pl.Datetime("us"), "money_at_risk": pl.Float64}  # fmt: skip
NOBODY = pl.DataFrame(schema=SUSPECTED)
# Words that a message to a buyer must never hold: suspicion, threats, and what names the lists it comes from.
ACCUSING = re.compile(
    r"疑似|恶意|骗|欺诈|诈|黑名单|可疑|异常|怀疑|报警|起诉|名单|案子|威胁|suspect|fraud|malicious|abus|cheat|blacklist|police|legal action|"
    r"\bcase\b|threat",
    re.IGNORECASE,
)


def orders(*rows: dict) -> pl.DataFrame:
    usual = {"buyer_key": None, "buyer_key_quality": "full", "title": "枕头", "paid": 100.0, "amount": 100.0,
             "status": "finished", "paid_at": NOW - timedelta(days=1), "ship_by": None, "shipped_at": None,
             "delivered_at": None}  # fmt: skip
    times = ("ship_by", "shipped_at", "delivered_at")
    return pl.DataFrame(
        [usual | row for row in rows], schema_overrides=dict.fromkeys(times, pl.Datetime) | {"buyer_key": pl.String}
    )


def refunds(*rows: dict) -> pl.DataFrame:
    usual = {"status": "requested", "kind": "refund_only", "phase": "after_receipt", "amount": 100.0,
             "reason": "no_reason", "applied_at": NOW - timedelta(hours=3), "deadline_at": NOW + timedelta(hours=40)}  # fmt: skip
    return pl.DataFrame([{"refund_id": f"r{i}"} | usual | row for i, row in enumerate(rows)])


def queue(orders_: pl.DataFrame, refunds_: pl.DataFrame, suspected: pl.DataFrame = NOBODY, **more) -> pl.DataFrame:
    return contacts(orders_, refunds_, NO_COMPLAINTS, now=NOW, suspected=suspected, judged=NO_COMPLAINTS, **more)


def suspects(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SUSPECTED, orient="row")


def test_unshipped_comes_first_then_what_is_on_its_way_then_the_rest():
    table = queue(
        orders({"order_id": "rest", "buyer_key": "a"}, {"order_id": "way", "buyer_key": "b", "status": "shipped"},
               {"order_id": "still", "buyer_key": "c", "status": "paid", "ship_by": NOW + timedelta(days=2)}),
        refunds({"order_id": "rest", "deadline_at": NOW + timedelta(hours=1), "amount": 9_000.0},
                {"order_id": "way", "phase": "in_transit"}, {"order_id": "still", "phase": "before_shipping"}),
    )  # fmt: skip
    assert table.select("orders", "stage").rows() == [(["still"], 1), (["way"], 2), (["rest"], 3)]


def test_within_the_same_hours_more_money_goes_first_and_a_nearer_clock_before_more_money():
    table = queue(
        orders(*({"order_id": o, "buyer_key": o} for o in ("small", "large", "soon", "passed"))),
        refunds({"order_id": "small", "amount": 10.0}, {"order_id": "large", "amount": 500.0},
                {"order_id": "soon", "amount": 1.0, "deadline_at": NOW + timedelta(hours=2)},
                {"order_id": "passed", "amount": 900.0, "deadline_at": NOW - timedelta(hours=2)}),
    )  # fmt: skip
    assert table["who"].to_list() == ["soon", "large", "small", "passed"]


def test_what_is_long_overdue_comes_after_what_is_due_tomorrow():
    table = queue(
        orders({"order_id": "forgotten", "buyer_key": "a", "status": "paid", "ship_by": NOW - timedelta(days=78)},
               {"order_id": "late", "buyer_key": "b", "status": "paid", "ship_by": NOW - timedelta(hours=30)},
               {"order_id": "tomorrow", "buyer_key": "c"}, {"order_id": "gone", "buyer_key": "d"}),
        refunds({"order_id": "tomorrow", "deadline_at": NOW + timedelta(hours=30), "amount": 1.0},
                {"order_id": "gone", "deadline_at": NOW - timedelta(days=20), "amount": 900.0}),
    )  # fmt: skip
    assert table["who"].to_list()[:2] == ["b", "c"]
    assert dict(table.select("who", "stage").iter_rows()) == {"b": 1, "c": 3, "a": 4, "d": 4}


def test_one_person_is_one_line_with_all_orders_and_all_money():
    table = queue(
        orders({"order_id": "1", "buyer_key": "x"}, {"order_id": "2", "buyer_key": "x", "status": "paid"}),
        refunds({"order_id": "1", "amount": 30.0}, {"order_id": "2", "phase": "before_shipping", "amount": 50.0}),
    )
    assert table.height == 1
    row = table.row(0, named=True)
    assert (row["situation"], row["also"], row["money"]) == ("cancel_unshipped", ["refund_request"], 80.0)
    assert (set(row["orders"]), row["lead_orders"]) == ({"1", "2"}, ["2"])


def test_masked_buyers_are_one_line_an_order():
    table = queue(
        orders(*({"order_id": o, "buyer_key": "same", "buyer_key_quality": "masked"} for o in "12")),
        refunds({"order_id": "1"}, {"order_id": "2"}),
    )
    assert table["who"].to_list() == ["order:1", "order:2"]
    assert table["buyer_key"].null_count() == 2


def test_suspected_orders_that_wait_are_asked_about_and_those_of_closed_cases_are_not():
    shop = orders({"order_id": "w", "buyer_key": "x", "status": "paid", "ship_by": NOW + timedelta(hours=5)})
    listed = suspects(("case", "w", True, False, NOW - timedelta(hours=9), 100.0))
    none = refunds({"order_id": "other", "status": "closed"})
    row = queue(shop, none, listed).row(0, named=True)
    assert (row["situation"], row["case_id"], row["due_at"]) == ("confirm_many", "case", NOW + timedelta(hours=5))
    assert queue(shop, none, listed, states={"case": "contacted"})["situation"].to_list() == ["confirm_many"]
    for over in ("settled", "won", "innocent", "dropped"):
        assert queue(shop, none, listed, states={"case": over}).is_empty()


def test_a_run_that_came_to_nothing_is_asked_about_once_and_only_for_a_week():
    shop = orders({"order_id": "u", "buyer_key": "x", "status": "closed_unpaid"})
    none = refunds({"order_id": "other", "status": "closed"})
    fresh = suspects(("case", "u", False, True, NOW - timedelta(days=2), 100.0))
    assert queue(shop, none, fresh)["situation"].to_list() == ["ask_why"]
    assert queue(shop, none, fresh, states={"case": "contacted"}).is_empty()
    old = fresh.with_columns(created_at=pl.lit(NOW - timedelta(days=20)))
    assert queue(shop, none, old).is_empty()


def test_whoever_is_not_on_the_list_is_treated_like_any_buyer():
    shop = orders({"order_id": "w", "buyer_key": "x", "status": "paid", "ship_by": NOW + timedelta(hours=5)})
    assert queue(shop, refunds({"order_id": "other", "status": "closed"})).is_empty()


def test_not_received_is_told_apart_by_what_the_records_say_of_arrival():
    table = queue(
        orders({"order_id": "there", "buyer_key": "a", "delivered_at": NOW - timedelta(days=1)},
               {"order_id": "coming", "buyer_key": "b", "status": "shipped"}),
        refunds({"order_id": "there", "phase": "in_transit", "reason": "lost_or_stalled"},
                {"order_id": "coming", "phase": "in_transit", "reason": "lost_or_stalled"}),
    )  # fmt: skip
    found = dict(table.select("who", "situation").iter_rows())
    assert found == {"a": "not_received_signed", "b": "not_received"}


def test_a_dispute_is_one_line_not_two():
    told = pl.DataFrame({"complaint_id": ["refund-r0"], "order_id": ["1"], "filed_at": [NOW - timedelta(days=1)],
                         "source": ["refund_report"]})  # fmt: skip
    judged = told.with_columns(fault=pl.lit("seller"), asked=pl.lit(None, pl.Float64), value=pl.lit(70.0))
    due = NOW + timedelta(hours=7)
    table = contacts(
        orders({"order_id": "1", "buyer_key": "x"}), refunds({"order_id": "1", "deadline_at": due}), told, now=NOW,
        suspected=NOBODY, judged=judged,
    )  # fmt: skip
    row = table.row(0, named=True)
    assert (table.height, row["situation"], row["due_at"], row["from_file"]) == (1, "complaint_seller", due, True)


def test_an_empty_shop_has_an_empty_queue_with_its_columns():
    empty = orders({"order_id": "x"}).clear()
    assert queue(empty, refunds({"order_id": "x"}).clear()).schema == CONTACTS


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_draft_accuses_anybody(language):
    drafts = {k: v[language] for k, v in catalogue().items() if k.startswith("today.draft.")}
    assert {f"today.draft.{s}" for s in SITUATIONS} <= set(drafts)
    for key, text in drafts.items():
        assert not ACCUSING.search(text), (key, ACCUSING.search(text))
        assert text.startswith("您好，" if language == "zh" else "Hello,"), key


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("situation", SITUATIONS)
def test_every_situation_can_be_told(language, situation):
    usual = {"situation": situation, "orders": ["1"], "lead_orders": ["1", "2"], "fault": "seller", "offer_low": 5.0,
             "offer_high": 20.0, "offer_cases": 9, "offer_basis": "cause", "money": 1.0}  # fmt: skip
    told = with_drafts(pl.DataFrame([usual], schema_overrides=CONTACTS).select(*usual, *(
        pl.lit(None, dtype=t).alias(c) for c, t in CONTACTS.items() if c not in usual)), language=language)  # fmt: skip
    row = told.row(0, named=True)
    assert row["what"]
    assert row["do"]
    assert row["draft"]
    assert "{" not in row["draft"]
    assert "None" not in row["draft"]
    assert (row["offer"] is not None) == situation.startswith("complaint")
