"""Late, missing and cut-off data, in real export files: marked and told, and never an alarm."""

from __future__ import annotations

import re
import shutil

import polars as pl
import pytest

from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.week.loading import load
from aftersales.week.sections.health_told import gaps_told
from aftersales.week.sections.plan import week_plan
from aftersales.week.sections.weekly_overview import actions, answer, data_quality, routine, tiles
from aftersales_app.mail.digest import notice_bodies
from aftersales_app.mail.readiness import data_reasons
from aftersales_demo.workbook import write_workbook

pytestmark = pytest.mark.slow

REPORTS = ("ExportOrderList", "ExportItemlList", "退款报表", "投诉登记")  # the other files make no verdict
LAST = "202611230005"  # the newest export: from late July to Sunday, 22 November 2026
SHOPS = '[store]\npath = "store"\n[reports]\npath = "reports"\n'
SHOP = '[[shops]]\nid = "{id}"\nname = "云栖家居旗舰店"\nlanguage = ["zh", "en"]\nexports = "{id}"\n'
# what is left of the newest export, by the time an order was made and the time a refund was asked for
VARIANTS = {
    "whole": (pl.lit(value=True), pl.lit(value=True)),
    "late": (pl.lit(value=True), pl.col("at") < "2026-11-02"),
    "hole": (~((pl.col("at") > "2026-09-28") & (pl.col("at") < "2026-10-26")), pl.lit(value=True)),
    "cut": (pl.col("at") < "2026-11-22 08", pl.col("at") < "2026-11-22 08"),
}
OF_REFUNDS = ("refund_request_rate", "refund_rate_orders", "refund_rate_money", "handling_hours_median")
OF_ORDERS = ("refund_request_rate", "refund_rate_orders", "refund_rate_money", "complaint_rate")
ALARMS = ("above", "below")


def cut_workbook(file, column, sheet, keep):
    rows = pl.read_excel(file, infer_schema_length=0)
    write_workbook(rows.filter(rows.select(keep=_kept(rows[column], keep))["keep"]), file, sheet=sheet)


def cut_order_report(file, keep):
    head, *lines = file.read_text("gb18030").splitlines(keepends=True)
    made = pl.Series([re.search(r'"(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d)"', line)[1] for line in lines])
    left = [line for line, stays in zip(lines, _kept(made, keep), strict=True) if stays]
    file.write_text(head + "".join(left), "gb18030", newline="")


def _kept(at, keep):
    return at.to_frame("at").select(keep=keep & pl.lit(value=True) & pl.col("at").is_not_null())["keep"]


@pytest.fixture(scope="module")
def reports(demo_made, tmp_path_factory):
    """The same small shop four times: its files whole, and damaged in three ways."""
    place = tmp_path_factory.mktemp("damaged")
    made = demo_made / "in" / "yunqi"
    (place / "shops.toml").write_text(SHOPS + "".join(SHOP.format(id=name) for name in VARIANTS), "utf-8")
    settings = load_settings(place / "shops.toml")
    for name, (orders, refunds) in VARIANTS.items():
        folder = place / name
        folder.mkdir()
        for file in (f for report in REPORTS for f in made.glob(f"{report}*")):
            shutil.copy(file, folder)
        cut_order_report(folder / f"ExportOrderList{LAST}.csv", orders)
        cut_workbook(folder / f"ExportItemlList{LAST}.xlsx", "订单创建时间", "宝贝报表", orders)
        cut_workbook(folder / f"退款报表{LAST}.xlsx", "退款的申请时间", "退款报表", refunds)
        assert not import_files(settings, settings.shop(name)).failed
    return {name: load(name, "2026-W47", "en", config=str(place / "shops.toml")) for name in VARIANTS}


def weeks(report, measures, first, last="2026-W47"):
    rows = report.data.signals.filter(
        pl.col("measure").is_in(measures), pl.col("week") >= first, pl.col("week") <= last
    )
    assert set(rows["measure"]) == set(measures)
    return rows


def test_whole_data_mark_nothing(reports):
    report = reports["whole"]
    assert not report.data.signals["lacking"].any()
    assert report.data.damage == []
    assert data_reasons(report) == []


def test_weeks_after_the_end_of_the_refund_report_are_unsure_and_no_noughts(reports):
    rows = weeks(reports["late"], OF_REFUNDS, "2026-W45")
    assert rows.height == 3 * len(OF_REFUNDS)
    assert set(rows["verdict"]) == {"not_enough_data"}
    assert rows["lacking"].all()
    assert rows.select(pl.col("value", "seen").is_null().all()).row(0) == (True, True)
    # orders of the two weeks before had not yet asked for all they would ask
    before = weeks(reports["late"], ("refund_rate_orders", "refund_rate_money"), "2026-W43", "2026-W44")
    assert set(before["verdict"]) == {"not_enough_data"}
    assert before["value"].is_not_null().all()


def test_complaints_do_not_wait_for_refunds(reports):
    both = [weeks(reports[name], ("complaint_rate",), "2026-W40") for name in ("late", "whole")]
    assert both[0].select("week", "value", "verdict").equals(both[1].select("week", "value", "verdict"))


def test_a_missing_month_is_a_hole_and_no_fall(reports):
    rows = weeks(reports["hole"], OF_ORDERS, "2026-W40", "2026-W43")
    assert set(rows["verdict"]) == {"not_enough_data"}
    assert rows["value"].is_null().all()
    # nor do its edges or the weeks after it fall
    rows = weeks(reports["hole"], OF_ORDERS, "2026-W38")
    assert "below" not in set(rows["verdict"])
    assert not set(rows.filter(week="2026-W47")["verdict"]) & set(ALARMS)


def test_a_last_day_cut_short_leaves_its_week_unsure(reports):
    rows = weeks(reports["cut"], OF_ORDERS, "2026-W47")
    assert set(rows["verdict"]) == {"not_enough_data"}
    assert rows["lacking"].all()
    assert rows["value"].is_not_null().all()
    assert not weeks(reports["cut"], OF_ORDERS, "2026-W40", "2026-W46")["lacking"].any()


@pytest.mark.parametrize(
    ("name", "said", "warned"),
    [
        ("late", "Refund requests end on 1 Nov 2026", "Refund requests end on 1 Nov 2026"),
        ("hole", "refunds (", "No orders from 28 Sept 2026 to 25 Oct 2026"),
        ("cut", "The last day (22 Nov 2026) ends at", "The last day (22 Nov 2026) ends at"),
    ],
)
def test_page_and_mail_tell_what_is_missing(reports, name, said, warned):
    report = reports[name]
    verdict = answer(report)
    assert said in verdict.headline
    assert re.search("range|quiet|Refund rate", verdict.headline) is None
    step = next(step for step in week_plan(report) if step.href.startswith("data-health"))
    assert step.urgency == "today"
    assert step.what in actions(report).frame["what"]
    assert not any("2026-W47" in point.fact for point in verdict.conclusions)
    # the page names it among its warnings
    assert any(warned in note.text and note.look == "warning" for note in data_quality(report).items)
    assert any(warned in told for told, _ in gaps_told(report))
    # no mail for managers, but the reason for analysts
    reasons = data_reasons(report)
    assert any(verdict.headline.startswith(reason.rstrip(".")) for reason in reasons)
    notice = notice_bodies(shop=name, shop_name="x", week="2026-W47", reasons=reasons, language="en")
    assert all(reason in notice.text for reason in reasons)
    assert f"aftersales weekly --shop {name} --week 2026-W47" in notice.text


@pytest.mark.parametrize("name", ["late", "hole", "cut"])
def test_no_tile_raises_an_alarm_over_damaged_data(reports, name):
    shown = tiles(reports[name]).tiles
    assert not {tile.state for tile in shown} & {"signal_up", "signal_down", "better", "better_up"}
    marked = [tile.label for tile in shown if any("incomplete data" in note for note in tile.notes)]
    # the hole lies before the week of the tiles; a rate that cannot be told at all has no tile
    assert [t.label in marked for t in shown if t.label == "Refund rate"] in ([name != "hole"], [])
    assert ("Refunds requested" in marked) == (name != "hole")
    names = dict(routine(reports[name]).frame.select("name", "verdict").iter_rows())
    assert "normal range" not in names["Refund rate"]
