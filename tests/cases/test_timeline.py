"""The timeline: in order, from all tables, and each entry really stands in the file and row that it names."""

import polars as pl
import pytest

from aftersales.sources.read import read_export


@pytest.fixture(scope="module")
def told(demo_dossiers):
    """A complaint with a parcel's trace and a chat."""
    return next(
        d for d in demo_dossiers if d.case.complaints and d.records.messages.height and d.records.parcels.height
    )


def test_it_is_in_order_and_holds_every_kind_of_record(told):
    assert told.timeline["at"].is_sorted()
    assert {"order", "parcel", "complaint", "chat"} <= set(told.timeline["source"])
    assert told.timeline.filter(pl.col("source") == "chat").height == told.records.messages.height
    assert told.timeline.filter(pl.col("source") == "parcel").height == told.records.parcels.height


def test_each_entry_stands_in_the_row_of_the_file_it_names(told, demo):
    cells = {}
    for file in told.timeline["file"].drop_nulls().unique():
        for reading in read_export(file, content=(demo / "in" / "yunqi" / file).read_bytes()):
            for row in reading.frame.iter_rows(named=True):
                cells.setdefault((file, row["row"]), set()).update(str(v) for v in row.values())
    placed = told.timeline.drop_nulls("file")
    assert placed.height >= 0.9 * told.timeline.height
    numbers = set(told.records.orders["tracking_no"].drop_nulls())
    for row in placed.iter_rows(named=True):
        there = cells[row["file"], row["row"]]
        assert row["order_id"] in there or there & numbers, row


def test_the_moment_of_each_entry_is_the_files_own(told, demo):
    for row in told.timeline.filter(pl.col("source") == "chat").iter_rows(named=True):
        line = (demo / "in" / "yunqi" / row["file"]).read_text("utf-8-sig").splitlines()[row["row"] - 1]
        assert f"{row['at']:%Y-%m-%d %H:%M}" in line


def test_one_timeline_even_of_a_case_without_any_file_but_orders(told):
    assert told.timeline.filter(pl.col("source") == "order")["text"].str.contains("下单").any()
