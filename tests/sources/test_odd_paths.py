"""A store in a folder of any name, on a disk and in object storage: written, merged, read, rolled back, cleaned."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from aftersales.sources.records import KEPT
from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder, encoded_url, table_place
from aftersales.sources.store import Commit, ShopStore
from aftersales.words.errors import SetupError

NAMES = (
    "my shops", "店 铺", "a#b", "50%", "a%20b", "a%E5%BA%97", "a?b", "a[x]b", "a*b", "a&b+c", "a'b", 'a"b', "a^b|c", "🛒",
    "blank at the end ", "{a}", "<a>", "$HOME", "~a", "-a", "a\\b", "x" * 200, "ａｂ", "e\u0301",
)  # fmt: skip


def days(*numbers):
    return pl.DataFrame({"day": [date(2026, 1, n) for n in numbers]}).with_columns(
        visitors=pl.lit(5, dtype=pl.Int64), buyers=pl.lit(1, dtype=pl.Int64), score=pl.lit(None, dtype=pl.Float64)
    )


def messages(*numbers):
    kinds = {"message_id": pl.String, "sent_at": pl.Datetime("us", "Asia/Tokyo")}
    empty = KEPT["messages"].empty("Asia/Tokyo").drop("month")
    rows = pl.DataFrame({"message_id": [str(n) for n in numbers], "sent_at": [datetime(2026, n, 1) for n in numbers]})
    rows = rows.with_columns(pl.col("sent_at").dt.replace_time_zone("Asia/Tokyo")).cast(kinds)
    return pl.concat([empty, rows], how="diagonal")


def lived_in(place):
    """A store that went through everything a store goes through; what it holds of days and of messages."""
    store = ShopStore(place, "shop", "Asia/Tokyo")
    store.append("traffic", days(1, 2))
    store.append("messages", messages(1, 2))
    store.upsert("traffic", days(2, 3), gone=days(1).select("day"))
    store.upsert("messages", messages(2, 3))
    kept = {name: store.version(name) for name in ("traffic", "messages")}
    store.append("traffic", days(9))
    versions = store.roll_back(kept)
    store.write_commit(Commit(0, None, datetime(2026, 1, 2, tzinfo=UTC), "import", "1", versions, "print"))
    store.keep_commits([0], why="tidy")
    found = store.table("traffic").sort("day").collect()["day"].dt.day().to_list()
    spring = store.table("messages", months=["2026-02", "2026-03"]).sort("message_id").collect()
    return found, spring["message_id"].to_list(), len(store.commits())


@pytest.mark.parametrize("name", NAMES)
def test_a_store_on_a_disk_works_in_a_folder_of_any_name(name, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / name).mkdir()
    file = tmp_path / name / "shops.toml"
    file.write_text('[store]\npath = "store"\n[[shops]]\nid = "shop"\nname = "s"\nexports = "in"\n', "utf-8")
    place = load_settings(file).store_path
    assert lived_in(place) == ([2, 3], ["2", "3"], 1)
    # found again by whoever opens the same shops.toml, also after the folder was renamed
    (tmp_path / name).rename(tmp_path / "renamed")
    again = load_settings(tmp_path / "renamed" / "shops.toml").store_path
    assert len(ShopStore(again, "shop", "Asia/Tokyo").commits()) == 1


def test_a_linked_folder_is_followed(tmp_path):
    (tmp_path / "我的 店").mkdir()
    (tmp_path / "link").symlink_to("我的 店")
    assert lived_in(str(tmp_path / "link" / "store")) == ([2, 3], ["2", "3"], 1)
    assert (tmp_path / "我的 店" / "store" / "shop" / "traffic").is_dir()


def test_tables_that_cannot_stay_where_they_are_are_named_with_the_way_out(tmp_path):
    (tmp_path / "a[x]b" / "store" / "shop").mkdir(parents=True)
    with pytest.raises(SetupError, match=r"folder with '\['.*part store of shops.toml"):
        table_place(str(tmp_path / "a[x]b" / "store"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["店 铺 50%", "a#b", "a[x]b", "🛒{a}"])
def test_a_store_in_object_storage_works_under_a_prefix_of_any_name(name, s3):
    place = f"{s3}/{name}/store"
    assert lived_in(place) == ([2, 3], ["2", "3"], 1)
    assert any(found.startswith(f"{name}/store/shop/traffic/") for found in Folder(s3).names())


def test_an_address_is_encoded_once():
    assert encoded_url(encoded_url("s3://b/我 的#/50%")) == encoded_url("s3://b/我 的#/50%")


@pytest.mark.parametrize("name", NAMES)
def test_files_of_a_folder_of_any_name_are_written_listed_and_read(name, tmp_path):
    folder = Folder(str(tmp_path / name))
    folder.write("a/b.txt", b"one")
    assert folder.write_new("c.txt", b"two")
    assert not folder.write_new("c.txt", b"three")
    assert [(n, folder.read(n)) for n in folder.names()] == [("a/b.txt", b"one"), ("c.txt", b"two")]
    if "\\" not in name:
        address = Folder((tmp_path / name).as_uri())
        assert not address.remote
        assert address.names() == folder.names()
