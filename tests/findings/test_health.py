"""Data health: nothing wrong gives nothing; what was cut, lost or never there is found and its cost is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from aftersales.findings.finding import Finding, with_states
from aftersales.findings.health import OPTIONAL, data_health, file_account
from aftersales.measures.coverage import buyer_keys, empty_days, last_day_cut, refund_span
from aftersales.sources.notes import note
from aftersales.tables.ledger import finding_id
from aftersales.words.language import LANGUAGES, catalogue, say

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
FIRST = datetime(2026, 9, 7)
UNTIL = date(2026, 11, 1)


def sound(days=56, a_day=24):
    """A shop whose files are all there: an order an hour, every sixth refunded four days later."""
    at = [FIRST + timedelta(hours=24 * i / a_day) for i in range(days * a_day)]
    orders = pl.DataFrame(
        {
            "order_id": [str(i) for i in range(len(at))], "created_at": at, "paid_at": at, "paid": [10] * len(at),
            "buyer_key_quality": ["full"] * len(at), "product_id": ["p"] * len(at),
        }
    )  # fmt: skip
    asked = [
        (str(i), t + timedelta(days=4))
        for i, t in enumerate(at)
        if i % 6 == 0 and (t + timedelta(days=4)).date() <= UNTIL
    ]
    refunds = pl.DataFrame(
        {"refund_id": [a[0] for a in asked], "order_id": [a[0] for a in asked], "applied_at": [a[1] for a in asked],
         "order_known": [True] * len(asked)}
    )  # fmt: skip
    files = pl.DataFrame(
        {"file": ["orders.csv"], "layout": ["x"], "rows_read": [9], "rows_taken": [8], "rows_merged": [1],
         "rows_set_aside": [0]}
    )  # fmt: skip
    rows = {name: pl.DataFrame({"row": [1]}) for name in OPTIONAL if name != "complaints"}
    complaints = pl.DataFrame({"complaint_id": ["c"], "order_known": [True]})
    nothing = pl.DataFrame(schema={"file": pl.String, "reason": pl.String})
    return rows | {"orders": orders, "refunds": refunds, "complaints": complaints, "files": files, "set_aside": nothing}


def kinds(tables):
    return {f.kind for f in data_health(tables, market="cn", until=UNTIL)}


def test_a_sound_shop_has_one_finding_that_says_so():
    assert kinds(sound()) == {"healthy"}


def without(tables, column, first, last):
    day = pl.col(column).dt.date()
    return tables["orders" if column == "created_at" else "refunds"].filter(~day.is_between(first, last))


def day(n):
    return (FIRST + timedelta(days=n)).date()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda t: {"orders": without(t, "created_at", day(20), day(22))}, "gap"),
        (lambda t: {"orders": without(t, "created_at", day(20), day(20))}, "gap_day"),
        (lambda t: {"orders": t["orders"].filter(pl.col("created_at") < datetime(2026, 11, 1, 9))}, "cut_day"),
        (lambda t: {"refunds": without(t, "applied_at", day(0), day(20))}, "refunds_start"),
        (lambda t: {"refunds": without(t, "applied_at", day(40), day(60))}, "refunds_end"),
        (
            lambda t: {"refunds": t["refunds"].with_columns(applied_at=pl.lit(None, dtype=pl.Datetime))},
            "no_refund_dates",
        ),
        (lambda t: {"refunds": t["refunds"].clear()}, "no_refunds"),
        (lambda t: {"refunds": t["refunds"].with_columns(order_known=pl.lit(value=False))}, "unknown_refunds"),
        (lambda t: {"complaints": t["complaints"].with_columns(order_known=pl.lit(value=False))}, "unknown_complaints"),
        (lambda t: {"orders": t["orders"].with_columns(buyer_key_quality=pl.lit("masked"))}, "masked_buyers"),
        (lambda t: {"orders": t["orders"].with_columns(buyer_key_quality=pl.lit("none"))}, "no_buyers"),
        (lambda t: {"orders": t["orders"].drop("product_id")}, "no_products"),
        (lambda t: {"files": t["files"].with_columns(rows_read=10, rows_set_aside=1)}, "set_aside"),
        (lambda t: {"files": t["files"].with_columns(rows_read=10)}, "unbalanced"),
        (lambda t: {"parcels": t["parcels"].clear()}, "absent_parcels"),
        (
            lambda t: {"refunds": t["refunds"].with_columns(amount=pl.lit(99), status=pl.lit("succeeded"))},
            "beyond_paid",
        ),
        (
            lambda t: {
                "refunds": t["refunds"].with_columns(
                    applied_at=pl.when(pl.col("refund_id") == "600")
                    .then(pl.col("applied_at") - pl.duration(days=5))
                    .otherwise("applied_at")
                )
            },
            "before_order",
        ),
    ],
)
def test_one_thing_wrong_is_found_alone_and_told_in_both_languages(change, found):
    tables = sound()
    tables |= change(tables)
    health = data_health(tables, market="cn", until=UNTIL)
    assert [f.kind for f in health] == [found]
    for language in LANGUAGES:
        assert health[0].headline(language)
        assert health[0].caution(language)
    # who has counted days and buyers already is told the same
    counted = {
        "without_orders": empty_days(tables["orders"], market="cn", until=UNTIL),
        "told_apart": buyer_keys(tables["orders"]),
    }
    again = data_health(tables, market="cn", until=UNTIL, **counted)
    assert [(f.id, f.headline("en"), f.size) for f in again] == [(f.id, f.headline("en"), f.size) for f in health]


def test_an_empty_shop_names_all_that_is_missing_and_breaks_nothing():
    found = kinds({})
    assert {"no_refunds", *(f"absent_{name}" for name in OPTIONAL)} == found


def test_every_sentence_of_health_says_what_it_costs_and_is_used():
    sentences = {k.removeprefix("health.") for k in catalogue() if k.startswith("health.") and ".cost." not in k}
    costs = {k.removeprefix("health.cost.") for k in catalogue() if k.startswith("health.cost.")}
    assert sentences - {"no_finding"} == costs


def test_a_slow_shop_has_quiet_days_that_are_no_gaps():
    made = [FIRST + timedelta(days=d) for d in (0, 1, 3, 4, 8, 9, 13, 20)]
    orders = pl.DataFrame({"order_id": [str(i) for i in range(len(made))], "created_at": made})
    gaps = empty_days(orders, market="cn", until=UNTIL)
    assert gaps["days"].to_list() == [1, 3, 3, 6]
    assert not gaps["odd"].any()


def test_a_silent_day_at_spring_festival_is_no_gap_but_one_in_a_plain_week_is():
    festival, plain = date(2026, 2, 17), date(2026, 3, 24)
    days = [date(2026, 1, 20) + timedelta(days=d) for d in range(90)]
    made = [
        datetime.combine(d, datetime.min.time()) + timedelta(hours=h)
        for d in days if d not in {festival, plain} for h in range(24)
    ]  # fmt: skip
    orders = pl.DataFrame({"order_id": [str(i) for i in range(len(made))], "created_at": made})
    gaps = empty_days(orders, market="cn", until=days[-1])
    assert gaps.select("first_day", "expected", "holiday", "odd").rows() == [
        (festival, 24, True, False), (plain, 24, False, True),
    ]  # fmt: skip


def test_gaps_and_cuts_look_no_further_than_the_day_asked_for():
    orders = sound()["orders"]
    assert last_day_cut(orders, until=day(30)).item(0, "day") == day(30)
    assert refund_span(orders, sound()["refunds"], until=day(30)).filter(edge="end").item(0, "orders_day") == day(30)


def test_the_gap_sentence_holds_the_numbers_of_its_table():
    tables = sound()
    tables["orders"] = without(tables, "created_at", day(20), day(22))
    found = data_health(tables, market="cn", until=UNTIL)[0]
    row = found.table.row(0, named=True)
    assert (row["first_day"], row["last_day"], row["days"]) == (day(20), day(22), 3)
    assert "3 days" in found.headline("en")
    assert "about 72" in found.headline("en")


def test_the_file_account_adds_up_and_names_the_commonest_reason():
    files = pl.DataFrame(
        {
            "file": ["a", "b"],
            "rows_read": [10, 4],
            "rows_taken": [5, 4],
            "rows_merged": [2, 0],
            "rows_set_aside": [3, 0],
        }
    )
    why = pl.DataFrame({"file": ["a"] * 3, "reason": ["no time", "no order id", "no order id"]})
    lineage = pl.DataFrame(
        {"table": ["orders"] * 8, "key": ["k"] * 8, "file": ["a"] * 8, "row": [1, 2, 3, 4, 5, 6, 7, 7]}
    )
    account = file_account(files, why, lineage)
    first = account.row(0, named=True)
    assert (first["file"], first["main_reason"], first["rows_traced"], first["balanced"]) == (
        "a",
        "no order id",
        7,
        True,
    )
    assert (
        account["rows_read"].sum()
        == account.select("rows_taken", "rows_merged", "rows_set_aside").sum_horizontal().sum()
    )


def test_in_the_real_report_the_days_without_orders_are_found():
    path = DATA / "tmall_order_report.csv"
    if not path.exists():
        pytest.skip("the real Tmall order report is not on this machine")
    report = pl.read_csv(path, schema_overrides={"订单编号": pl.String})
    report = report.rename({c: c.strip() for c in report.columns})
    orders = report.select(
        order_id="订单编号",
        created_at=pl.col("订单创建时间").str.to_datetime(time_unit="us"),
        paid_at=pl.col("订单付款时间").str.to_datetime(time_unit="us"),
    )
    refunds = report.filter(pl.col("退款金额") > 0).select(refund_id="订单编号", order_id="订单编号")
    found = data_health({"orders": orders, "refunds": refunds}, market="cn", until=date(2020, 3, 1))
    gaps = {f.values["first_day"] for f in found if f.kind in {"gap", "gap_day"}}
    assert gaps == {date(2020, 2, 8), date(2020, 2, 16)}
    assert {"no_refund_dates", "no_buyers", "no_products"} <= {f.kind for f in found}


def test_ids_are_of_kind_and_scope_alone_and_states_tell_last_week_from_this():
    one = Finding("gap", "a", "k", {}, pl.DataFrame(), size=10)
    grown, eased = (
        Finding("gap", "a", "k", {"n": 1}, pl.DataFrame(), size=11),
        Finding("gap", "a", "k", {}, pl.DataFrame(), size=8),
    )
    assert one.id == grown.id == finding_id("gap", "a") != finding_id("gap", "b")
    assert [f.state for f in with_states([grown], [one])] == ["still"]
    assert [f.state for f in with_states([eased], [one])] == ["better"]
    assert [f.state for f in with_states([], [one])] == ["gone"]
    assert [f.state for f in with_states([one], [])] == ["new"]


def test_both_languages_have_the_same_placeholders():
    import string

    for key in catalogue():
        if key.startswith(("health.", "signal.", "verdict_of_week.")):
            fields = [{f for _, f, _, _ in string.Formatter().parse(catalogue()[key][x]) if f} for x in LANGUAGES]
            assert fields[0] == fields[1], key
    assert say("health.no_finding", "zh") != say("health.no_finding", "en")


def test_doubts_about_how_files_were_read_are_told_once_a_kind_with_the_largest():
    def told(rows, column="订单状态"):
        return note("unread", cells=rows, header=column, examples="'怪词'")

    files = pl.DataFrame({
        "file": ["a.csv", "b.csv"], "rows_read": [9, 9], "rows_taken": [9, 9], "rows_merged": [0, 0],
        "rows_set_aside": [0, 0], "notes": [told(2), told(7) + "\n" + note("refund_disagrees", rows=1, example="7 (none, 20)")],
    })  # fmt: skip
    found = {
        f.scope: f
        for f in data_health({"files": files.lazy()}, market="cn", until=date(2026, 11, 15))
        if f.kind.startswith("noted")
    }
    assert found["unread"].headline("en") == (
        "b.csv: 7 cells under 订单状态 could not be read and were left empty, such as '怪词'; the same in 1 other file."
    )
    assert "b.csv" in found["refund_disagrees"].headline("zh")
