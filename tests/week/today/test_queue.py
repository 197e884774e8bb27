"""`aftersales today` on the demo shops: what counts as now, what is said of it, and what leaves the house."""

from __future__ import annotations

import csv
import io
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from aftersales.sources.settings import load_settings
from aftersales.words.errors import SetupError, UsageError
from aftersales_app.cases.recording import recorded
from aftersales_app.today.handout import LARGEST, chat_lines, handout, write_handout
from aftersales_app.today.queue import Queue, contact_queue, moment_of
from aftersales_app.today.terminal import show

CLOCK = datetime(2026, 11, 23, 1, tzinfo=UTC)
END = datetime(2026, 11, 22, 23, 50)
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def queue_of(demo: Path, shop: str = "demo", **more) -> Queue:
    return contact_queue(shop, config=demo / "shops.toml", with_import=False, clock=CLOCK, **more)


@pytest.fixture(scope="module")
def queue(demo) -> Queue:
    return queue_of(demo)


@pytest.fixture(scope="module")
def basic(demo) -> Queue:
    return queue_of(demo, "basic", language="en")


def printed(queue: Queue, *, width: int = 120, limit: int = 500, drafts: bool = True) -> str:
    out = io.StringIO()
    show(queue, Console(file=out, width=width, highlight=False), limit=limit, drafts=drafts)
    return out.getvalue()


def test_now_is_the_clock_while_the_data_are_of_the_day_and_their_end_once_they_are_older():
    early, late = datetime(2026, 11, 23, 9), datetime(2026, 12, 24, 9)
    assert moment_of(None, clock=early, data_until=END).now == early
    old = moment_of(None, clock=late, data_until=END)
    assert (old.now, old.taken_from) == (END, "data")
    assert moment_of("now", clock=late, data_until=END).now == late
    assert moment_of("data", clock=early, data_until=END).now == END
    assert moment_of("2026-11-23 18:05", clock=early, data_until=END).now == datetime(2026, 11, 23, 18, 5)
    with pytest.raises(UsageError, match="written like"):
        moment_of("tomorrow", clock=early, data_until=END)


def test_the_list_says_what_now_is_and_when_the_data_end(demo, queue):
    assert "当前时间 2026-11-23 09:00" in printed(queue)
    stale = contact_queue("demo", config=demo / "shops.toml", with_import=False, clock=CLOCK + timedelta(days=40))
    assert "以数据截止时间" in printed(stale)
    assert "按当前时间已超时" in printed(stale, width=400)


def test_unshipped_and_interceptable_come_first(queue):
    stages = queue.people["stage"].to_list()
    assert stages == sorted(stages)
    assert stages[0] == 1
    urgency = queue.people.filter(pl.col("stage") == 3)["urgency"].to_list()
    assert urgency == sorted(urgency)


def test_deadlines_are_the_files_own(demo, queue):
    rows = queue.people.filter(pl.col("step").is_in(["check_return", "answer_return", "answer_refund"]))
    assert rows.height > 0
    assert rows["from_file"].all()


def test_nobody_is_on_the_list_twice(queue):
    assert queue.people["who"].is_unique().all()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("limit", [1, 20, 500])
def test_the_chat_text_fits_one_message(demo, language, limit):
    text = chat_lines(queue_of(demo, language=language), limit=limit)
    assert len(text.encode("utf-8")) <= LARGEST
    assert text.splitlines()[1].startswith("1. ")


def test_a_chat_text_calls_nobody_and_counts_what_does_not_fit(queue):
    loud = replace(queue, people=queue.people.with_columns(what=pl.lit("@所有人 " + "长" * 60)))
    text = chat_lines(loud, limit=500)
    assert "@" not in text
    assert len(text.encode("utf-8")) <= LARGEST
    shown = sum(bool(re.match(r"\d+\. ", line)) for line in text.splitlines())
    assert f"其余 {loud.people.height - shown} 位" in text


def test_the_handout_holds_everybody_and_the_bad_batchs_buyers(queue, tmp_path):
    rows = list(csv.reader(io.StringIO(handout(queue).decode("utf-8-sig"))))
    assert len(rows) == 1 + queue.people.height + queue.batch_buyers.height
    assert {len(row) for row in rows} == {len(rows[0])}
    ids = {part for row in rows[1:] for part in row[2].split()}
    assert all(re.fullmatch(r"#\d+", one) for one in ids)
    assert {one[1:] for one in ids} >= set(queue.people["orders"].explode().drop_nulls())
    (tmp_path / "taken").write_text("a file, not a folder", "utf-8")
    with pytest.raises(SetupError, match="cannot be written"):
        write_handout(queue, tmp_path / "taken" / "such.csv")


def test_no_cell_of_it_is_a_formula_whatever_it_is_cut_at(queue):
    text = handout(queue).decode("utf-8-sig")
    for separator in (",", ";", "\t", "|"):
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            assert not any(cell.startswith(RUNS) for cell in row)


def test_a_shop_with_order_item_and_refund_reports_only_says_what_it_lacks(basic):
    assert basic.people.height > 0
    text = " ".join(printed(basic).split())
    for said in (
        "No complaints file",
        "No parcel tracking",
        "No chat records",
        "files contain no batches",
        "is masked",
    ):
        assert said in text, said


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_it_prints_at_any_width_without_losing_an_order_number(queue, width):
    text = printed(queue, width=width, limit=12, drafts=False)
    first = queue.people["orders"][0][0]
    # at any width where a number fits on a line
    assert first in text
    assert "None" not in text


def test_what_is_left_out_by_the_limit_is_counted(queue):
    assert f"其余 {queue.people.height - 3} 位" in printed(queue, limit=3)


def test_whoever_was_cleared_is_no_longer_suspected(demo, tmp_path):
    house = tmp_path / "house"
    shutil.copytree(demo, house, ignore=shutil.ignore_patterns("reports"))
    before = queue_of(house)
    suspected = before.people.filter(pl.col("case_id").str.starts_with("suspect"))
    if suspected.is_empty():
        pytest.skip("the small demo shop has no suspected case that is open now")
    case = suspected["case_id"][0]
    recorded("demo", case, state="innocent", note="asked, all is well", config=house / "shops.toml", now=CLOCK)
    after = queue_of(house)
    assert case not in after.people["case_id"].to_list()
    theirs = after.people.filter(pl.col("who").is_in(suspected.filter(case_id=case)["who"].implode()))
    # what is asked of the shop stays; what was only suspicion is gone
    assert not set(theirs["situation"]) & {"confirm_many", "on_its_way", "ask_why"}


def test_it_tells_how_long_it_took(queue):
    assert queue.seconds > 0
    assert re.search(r"用时 [\d.]+ 秒", printed(queue))


def test_an_unknown_shop_is_refused(demo):
    with pytest.raises(UsageError, match="no shop"):
        queue_of(demo, "nobody")
    assert load_settings(demo / "shops.toml").ids == ("demo", "basic")
