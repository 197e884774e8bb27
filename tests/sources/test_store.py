"""Delta tables, commits that pin them, and rolling back what was never committed."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from aftersales.sources.history import check_key
from aftersales.sources.records import KEPT
from aftersales.sources.store import Commit, ShopStore
from aftersales.words.errors import SetupError, UsageError


@pytest.fixture
def store(tmp_path):
    made = ShopStore(str(tmp_path), "shop")
    made.write_commit(Commit(0, None, datetime(2026, 1, 1, tzinfo=UTC), "create", "0", made.create_missing(), "print"))
    return made


def traffic(*days):
    return pl.DataFrame({"day": days}).with_columns(
        visitors=pl.lit(5, dtype=pl.Int64), buyers=pl.lit(1, dtype=pl.Int64), score=pl.lit(None, dtype=pl.Float64)
    )


def commit(store, number, day):
    versions = {name: store.version(name) for name in KEPT}
    made = Commit(number, number - 1, datetime(2026, 1, day, tzinfo=UTC), "import", str(number), versions, "print")
    store.write_commit(made)
    return made


def test_every_table_is_there_empty_with_its_types(store):
    for name, kept in KEPT.items():
        frame = store.table(name).collect()
        assert frame.height == 0
        assert frame.schema == pl.Schema({c: t for c, t in kept.types("Asia/Shanghai").items() if c != "month"}), name


def test_a_pinned_commit_does_not_see_what_came_later(store):
    store.append("traffic", traffic(date(2026, 1, 1)))
    first = commit(store, 1, 2)
    store.upsert("traffic", traffic(date(2026, 1, 1), date(2026, 1, 2)))
    assert store.table("traffic").collect().height == 1, "not committed, so not seen"
    commit(store, 2, 3)
    assert store.table("traffic").collect().height == 2
    assert store.table("traffic", first).collect().height == 1
    assert store.as_of(date(2026, 1, 2)).number == 1
    with pytest.raises(UsageError, match="no import by"):
        store.as_of(date(2025, 12, 31))


def test_upsert_updates_inserts_and_deletes_in_one_step(store):
    store.append("traffic", traffic(date(2026, 1, 1), date(2026, 1, 2)))
    new = traffic(date(2026, 1, 2), date(2026, 1, 3)).with_columns(visitors=pl.lit(9, dtype=pl.Int64))
    store.upsert("traffic", new, gone=pl.DataFrame({"day": [date(2026, 1, 1)]}))
    commit(store, 1, 2)
    assert store.table("traffic").sort("day").select("day", "visitors").collect().rows() == [
        (date(2026, 1, 2), 9),
        (date(2026, 1, 3), 9),
    ]


def test_what_a_killed_import_left_is_rolled_back(store):
    store.append("traffic", traffic(date(2026, 1, 1)))
    first = commit(store, 1, 2)
    store.append("traffic", traffic(date(2026, 1, 2)))
    versions = store.roll_back(first.versions)
    store.write_commit(Commit(2, 1, datetime(2026, 1, 3, tzinfo=UTC), "import", "2", versions, "print"))
    assert store.table("traffic").collect()["day"].to_list() == [date(2026, 1, 1)]
    assert store.roll_back(versions) == versions, "rolling back to where one is changes nothing"


def test_uncommitted_changes_go_newest_first_so_that_a_kill_in_between_leaves_no_gap(store, monkeypatch):
    store.append("traffic", traffic(date(2026, 1, 1)))
    first = commit(store, 1, 2)
    for day in (2, 3, 4):
        store.append("traffic", traffic(date(2026, 1, day)))
    removed = []

    once = type(store.folder).remove

    def remove(folder, name):
        if len(removed) == 2:
            raise KeyboardInterrupt
        removed.append(name)
        once(folder, name)

    with monkeypatch.context() as patch:
        patch.setattr(type(store.folder), "remove", remove)
        with pytest.raises(KeyboardInterrupt):
            store.drop_uncommitted(first.versions)
    assert len(removed) == 2
    assert store.version("traffic") > first.versions["traffic"], "the table opens, with what is still to go"
    store.drop_uncommitted(first.versions)
    assert store.version("traffic") == first.versions["traffic"]


def test_another_installation_key_is_refused_in_words(store):
    with pytest.raises(SetupError, match="installation key"):
        check_key(store.commits(), "another")
    check_key(store.commits(), "print")
    check_key([], "anything")


def test_times_come_back_in_the_shops_zone(tmp_path):
    london = ShopStore(str(tmp_path), "uk", "Europe/London")
    london.create_missing()
    moment = pl.Series([datetime(2026, 7, 1, 12)]).dt.replace_time_zone("Europe/London").dt.cast_time_unit("us")
    types = {c: t for c, t in KEPT["parcels"].types("Europe/London").items() if c != "month"}
    row = pl.DataFrame(
        {c: moment if c == "at" else pl.Series([None if c in ("courier", "event", "place", "note") else "x"], dtype=t)
         for c, t in types.items()}
    )  # fmt: skip
    london.append("parcels", row)
    versions = {"parcels": london.version("parcels")}
    london.write_commit(Commit(0, None, datetime(2026, 7, 2, tzinfo=UTC), "create", "0", versions, "print"))
    assert london.table("parcels").collect()["at"].to_list() == moment.to_list()
