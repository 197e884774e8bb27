"""Any zone that shops.toml allows: times are read, weeks are cut and days end there, also where a clock skips an hour."""

from datetime import date, datetime
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest

from aftersales.findings.health import data_health
from aftersales.measures.durations import duration_summary, end_of_day
from aftersales.sources.clean import moment
from aftersales.sources.records import KEPT
from aftersales.sources.settings import Shop
from aftersales.tables.complaints import Complaints
from aftersales.words.periods import Week, in_zone

ZONES = sorted(available_timezones() - {"Factory", "localtime"})
# a day whose midnight never was
SKIPPED = {"America/Sao_Paulo": date(2018, 11, 4), "Africa/Cairo": date(2024, 4, 26), "Asia/Beirut": date(2024, 3, 31),
           "America/Asuncion": date(2023, 10, 1)}  # fmt: skip


def test_in_every_zone_the_last_minute_of_sunday_is_of_the_week_that_ends():
    late, early = "2026-11-15 23:59:59", "2026-11-16 00:00:00"
    for zone in ZONES:
        days = moment(pl.Series([late, early]), zone=zone).dt.date()
        assert [str(Week.of(day)) for day in days] == ["2026-W46", "2026-W47"], zone


def test_zones_that_only_this_machine_knows_are_refused():
    for name in ("Factory", "localtime", "Asia/Nowhere"):
        with pytest.raises(ValueError, match="no time zone"):
            Shop(id="s", name="s", exports="in", zone=name)


@pytest.mark.parametrize(("zone", "day"), SKIPPED.items())
def test_a_day_whose_midnight_never_was_keeps_its_orders_and_ends_its_eve(zone, day):
    read = moment(pl.Series([f"{day}", f"{day} 00:30:00", f"{day} 12:00:00"]), zone=zone)
    assert read.dt.date().to_list() == [day, None, day]  # half past midnight never was: such a row is set aside by name
    assert in_zone(datetime(day.year, day.month, day.day), ZoneInfo(zone)).hour == 1
    before = Week.of(day).monday
    cases = pl.LazyFrame({"a": moment(pl.Series([f"{before} 12:00:00"]), zone=zone)}).with_columns(
        b=pl.lit(None, dtype=pl.Datetime("us", zone))
    )
    until = date.fromordinal(day.toordinal() - 1)
    assert end_of_day(until, zone).tzinfo is not None
    found = duration_summary(cases, start="a", end="b", is_open=pl.lit(True), until=until)
    assert found["open"].to_list() == [1]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
def test_tables_of_any_zone_meet_tables_that_are_not_there(zone):
    tables = {
        n: KEPT[n].empty(zone).drop("month", strict=False).lazy() for n in ("orders", "refunds", "files", "set_aside")
    }
    assert data_health(tables, market="cn", until=date(2026, 11, 15))


def test_no_table_without_a_shop_is_in_any_shops_zone():
    kinds = {kind.time_zone for kind in Complaints.create_empty().schema.values() if isinstance(kind, pl.Datetime)}
    assert kinds == {"UTC"}
