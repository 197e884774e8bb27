"""Deadlines: the files' own clock counts, a usual length only where a file has none, and then it says so."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from aftersales.measures.deadlines import USUAL_HOURS, deadlines

NOW = datetime(2026, 11, 22, 12)
NO_COMPLAINTS = pl.DataFrame(schema={"complaint_id": pl.String, "order_id": pl.String})
NO_REFUNDS = pl.DataFrame(schema={"refund_id": pl.String, "order_id": pl.String})
NO_ORDERS = pl.DataFrame(schema={"order_id": pl.String, "status": pl.String})


def refund(**cells: object) -> pl.DataFrame:
    row = {"refund_id": "r", "order_id": "o", "status": "requested", "kind": "refund_only", "phase": "after_receipt",
           "applied_at": NOW - timedelta(hours=5), "deadline_at": None, "evidence_due_at": None}  # fmt: skip
    kinds = {"deadline_at": pl.Datetime, "evidence_due_at": pl.Datetime}
    return pl.DataFrame([row | cells], schema_overrides=kinds)


def one(refunds: pl.DataFrame = NO_REFUNDS, complaints: pl.DataFrame = NO_COMPLAINTS, orders: pl.DataFrame = NO_ORDERS):
    return deadlines(orders, refunds, complaints, now=NOW).row(0, named=True)


@pytest.mark.parametrize(
    ("cells", "step"),
    [
        ({"phase": "before_shipping"}, "answer_unshipped"),
        ({"phase": "in_transit"}, "answer_in_transit"),
        ({"kind": "return_refund"}, "answer_return"),
        ({}, "answer_refund"),
        ({"status": "returned"}, "check_return"),
        ({"status": "to_return"}, "wait_for_return"),
        ({"status": "refused"}, "talk_again"),
        ({"evidence_due_at": NOW + timedelta(hours=3)}, "give_evidence"),
    ],
)
def test_each_state_of_a_refund_has_its_step(cells, step):
    assert one(refund(**cells))["step"] == step


def test_the_files_clock_counts_whatever_is_usual():
    due = NOW + timedelta(days=9, minutes=7)
    row = one(refund(deadline_at=due))
    assert (row["due_at"], row["from_file"]) == (due, True)


def test_without_one_the_usual_length_stands_in_and_is_marked():
    row = one(refund(phase="before_shipping"))
    assert row["due_at"] == NOW - timedelta(hours=5) + timedelta(hours=USUAL_HOURS["answer_unshipped"])
    assert row["from_file"] is False


def test_a_refused_refund_without_a_clock_gets_none():
    assert one(refund(status="refused"))["due_at"] is None


def test_evidence_that_is_over_gives_way_to_the_refunds_own_clock():
    due = NOW + timedelta(hours=30)
    row = one(refund(evidence_due_at=NOW - timedelta(hours=1), deadline_at=due))
    assert (row["step"], row["due_at"]) == ("answer_refund", due)


def test_what_is_over_or_still_to_come_has_no_deadline():
    done = pl.concat([refund(status="succeeded"), refund(status="closed"), refund(applied_at=NOW + timedelta(hours=1))])
    assert deadlines(NO_ORDERS, done, NO_COMPLAINTS, now=NOW).is_empty()


def test_complaints_go_by_their_evidence_clock_and_answered_ones_have_none():
    filed = {"order_id": "o", "filed_at": NOW - timedelta(days=2), "closed_at": None}
    rows = pl.DataFrame(
        [
            {"complaint_id": "evidence", "evidence_due_at": NOW + timedelta(hours=4), **filed},
            {"complaint_id": "platform", "platform_involved_at": NOW - timedelta(hours=2), **filed},
            {"complaint_id": "unanswered", **filed},
            {"complaint_id": "answered", "first_response_at": NOW, **filed},
            {"complaint_id": "closed", **filed, "closed_at": NOW - timedelta(days=1)},
        ],
        schema_overrides={"closed_at": pl.Datetime},
    )
    found = {r["id"]: r for r in deadlines(NO_ORDERS, NO_REFUNDS, rows, now=NOW).iter_rows(named=True)}
    assert set(found) == {"evidence", "platform", "unanswered", "answered"}
    assert (found["evidence"]["due_at"], found["evidence"]["from_file"]) == (NOW + timedelta(hours=4), True)
    assert (found["platform"]["step"], found["platform"]["from_file"]) == ("give_evidence", False)
    assert found["unanswered"]["step"] == "answer_complaint"
    assert (found["answered"]["step"], found["answered"]["due_at"]) == ("settle_complaint", None)


def test_an_unshipped_order_goes_by_its_promise():
    orders = pl.DataFrame(
        {"order_id": ["a", "a", "b", "c"], "status": ["paid", "paid", "shipped", "paid"], "paid_at": [NOW] * 4,
         "ship_by": [NOW + timedelta(hours=9), NOW + timedelta(hours=6), NOW, None],
         "shipped_at": [None, None, NOW, None]},
        schema_overrides={"ship_by": pl.Datetime, "shipped_at": pl.Datetime},
    )  # fmt: skip
    table = deadlines(orders, NO_REFUNDS, NO_COMPLAINTS, now=NOW)
    assert table.select("order_id", "due_at", "from_file").rows() == [
        ("a", NOW + timedelta(hours=6), True), ("c", NOW + timedelta(hours=48), False),
    ]  # fmt: skip


def test_times_with_a_zone_and_without_read_the_same():
    zoned = refund(deadline_at=NOW).with_columns(pl.col(pl.Datetime).dt.replace_time_zone("Asia/Shanghai"))
    assert one(zoned)["due_at"] == one(refund(deadline_at=NOW))["due_at"]
