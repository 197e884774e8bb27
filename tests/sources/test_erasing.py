"""One buyer's data erased on request: nothing of them is left in any file of the store, and reading again brings none back."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from aftersales.sources.identity import installation_key, keyed_hash
from aftersales.sources.importing import import_files
from aftersales.sources.records import KEPT
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import UsageError
from aftersales_app.cli import app
from aftersales_app.erasure import run_erase
from aftersales_app.reports.tidying import old_reports, run_tidy
from aftersales_demo.write import write_demo


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The demo's fullest shop, small, imported in two steps, so that there are older versions."""
    folder = tmp_path_factory.mktemp("template") / "shop"
    write_demo(folder / "in", orders=300, weeks=16)
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "demo"\nname = "云栖家居旗舰店"\nlanguage = "en"\nexports = "in/yunqi"\n',
        "utf-8",
    )
    settings = load_settings(folder / "shops.toml")
    shop = settings.shop("demo")
    files = sorted((folder / "in" / "yunqi").glob("*.csv"))
    import_files(settings, shop, [str(f) for f in files if "Order" in f.name])
    import_files(settings, shop)
    return folder


@pytest.fixture
def place(template, tmp_path):
    """A copy of it, to erase in."""
    shutil.copytree(template, tmp_path / "shop")
    settings = load_settings(tmp_path / "shop" / "shops.toml")
    return settings, settings.shop("demo")


def store_of(settings):
    return ShopStore(settings.store_path, "demo")


def talkative_buyer(store):
    """A buyer with several orders, a refund with words, a complaint or a conversation."""
    orders = store.table("orders").select("order_id", "buyer_key", "tracking_no").collect()
    messages = store.table("messages").filter(pl.col("text").is_not_null()).collect()
    busy = orders.join(messages.select("order_id"), on="order_id").group_by("buyer_key").len().sort("len", "buyer_key")
    key = busy["buyer_key"].drop_nulls()[-1]
    mine = orders.filter(pl.col("buyer_key") == key)
    said = messages.filter(pl.col("order_id").is_in(mine["order_id"].to_list()) & (pl.col("sender") == "buyer"))["text"]
    return key, sorted(set(mine["order_id"])), set(mine["tracking_no"].drop_nulls()), set(said)


def everything_on_disk(settings):
    """Every text in every file of the store: parquet cell by cell, logs byte by byte."""
    for file in (store_of(settings).folder.local).rglob("*"):
        if file.suffix == ".parquet":
            frame = pl.read_parquet(file, hive_partitioning=False)
            yield file, str(frame.select(pl.col(pl.String)).to_dict(as_series=False))
            if "_delta_log" in file.parts:
                yield file, str(frame.to_dicts())
        elif file.is_file():
            yield file, file.read_text("utf-8", "replace")


def test_nothing_of_the_buyer_is_left_anywhere_and_the_others_are_untouched(place):
    settings, _ = place
    store = store_of(settings)
    key, mine, parcels, words = talkative_buyer(store)
    assert len(words) > 1
    before = {t: store.table(t).collect() for t in KEPT}
    (store.folder.local / "results" / "abc").mkdir(parents=True)
    told = run_erase(settings, "demo", orders=[mine[0]])
    assert "nothing has been erased" in told[-1]
    assert store.head().action == "import"
    told = run_erase(settings, "demo", orders=[mine[0]], sure=True)
    assert any(f"{len(mine)} orders" in line for line in told)
    assert any("ExportOrderList" in line for line in told), "the export files are named"
    for file, text in everything_on_disk(settings):
        assert key not in text, file
        assert not [w for w in words if len(w) > 5 and w in text and not _said_by_others(before, w, mine)], file
        if "erased" not in file.parts:
            assert not [p for p in parcels if p in text], file
    assert not (store.folder.local / "results").exists()
    after = {t: store.table(t).collect() for t in KEPT}
    assert after["orders"].height == before["orders"].height, "the sale stays, without a name"
    theirs = pl.col("order_id").is_in(mine)
    for table in ("orders", "refunds", "complaints", "order_records", "refund_records", "messages"):
        same = [f[table].filter(~theirs).sort(f[table].columns) for f in (before, after)]
        assert same[0].equals(same[1]), table
    sums = [f["orders"].select(pl.col("paid").sum(), pl.col("quantity").sum()).row(0) for f in (before, after)]
    assert sums[0] == sums[1]


def _said_by_others(before, words, mine):
    """The made-up shop's buyers have few phrases: those that others used as well prove nothing."""
    texts = [f.filter(~pl.col("order_id").is_in(mine)) for f in before.values() if "order_id" in f.columns]
    others = [s for f in texts for s in f.select(pl.col(pl.String)).iter_columns()]
    return any(s.str.contains(words, literal=True).any() for s in others)


def test_importing_the_same_files_again_does_not_bring_the_buyer_back(place):
    settings, shop = place
    store = store_of(settings)
    key, mine, _, _ = talkative_buyer(store)
    run_erase(settings, "demo", orders=[mine[0]], sure=True)
    for file in sorted(store.folder.local.parents[0].parent.joinpath("in", "yunqi").glob("*.csv")):
        file.write_bytes(file.read_bytes() + b"\n")  # another file, to the store: it is read again
    account = import_files(settings, shop)
    assert not account.failed
    assert sum(f.rows_read for f in account.files) > 1000
    assert all(f.balanced for f in account.files)
    for file, text in everything_on_disk(settings):
        assert key not in text, file
    again = store.table("orders").filter(pl.col("order_id").is_in(mine)).collect()
    assert again["buyer_key"].null_count() == again.height
    assert (
        store.table("messages")
        .filter(pl.col("order_id").is_in(mine), pl.col("text").is_not_null())
        .collect()
        .is_empty()
    )


def test_by_name_as_the_export_has_it_and_twice_is_once(place):
    settings, _ = place
    store = store_of(settings)
    hashed = keyed_hash(pl.Series(["tb_nobody"]), key=installation_key(settings.store_path), purpose="buyer")[0]
    assert hashed not in store.table("orders").collect()["buyer_key"].to_list()
    with pytest.raises(UsageError, match="holds nothing of buyer 'tb_nobody'"):
        run_erase(settings, "demo", buyer="tb_nobody")
    with pytest.raises(UsageError, match="--order or the buyer"):
        run_erase(settings, "demo")
    name, order = _clear_name(settings)
    run_erase(settings, "demo", buyer=name, sure=True)
    assert store.table("orders").filter(pl.col("order_id") == order).collect()["buyer_key"].null_count() >= 1
    with pytest.raises(UsageError, match="holds nothing"):
        run_erase(settings, "demo", buyer=name)
    run_erase(settings, "demo", orders=[order], sure=True)  # and by the order it still goes through


def _clear_name(settings):
    from aftersales.sources.read import read_export

    file = max((store_of(settings).folder.local.parents[0].parent / "in" / "yunqi").glob("ExportOrderList*.csv"))
    [reading] = read_export(file)
    row = reading.frame.filter(~pl.col("buyer").str.contains("*", literal=True)).row(0, named=True)
    return row["buyer"], row["order_id"]


def test_the_past_is_told_to_be_gone_and_the_store_goes_on(place):
    settings, shop = place
    store = store_of(settings)
    _, mine, _, _ = talkative_buyer(store)
    run_erase(settings, "demo", orders=[mine[0]], sure=True)
    assert len(store.commits()) == 1
    with pytest.raises(UsageError, match="the first was made on"):
        store.as_of(date(2020, 1, 1))
    for table in KEPT:
        versions = [h["version"] for h in DeltaTable(store.path(table)).history()]
        assert min(versions) == max(versions), f"{table} has a past"
    account = import_files(settings, shop)
    assert account.unchanged > 5
    result = CliRunner().invoke(app, ["erase", "demo", "--order", mine[0], "--config", str(settings.file)])
    assert result.exit_code == 0, result.output
    assert "nothing has been erased" in result.output


def test_tidy_keeps_every_day_that_as_of_promises(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n[keep]\nas_of_days = 30\nreport_weeks = 20\n[[shops]]\nid = "demo"\nname = "店"\nlanguage = "en"\nexports = "in"\n',
        "utf-8",
    )
    settings = load_settings(tmp_path / "shops.toml")
    shop, store = settings.shop("demo"), ShopStore(settings.store_path, "demo")
    start = datetime(2026, 6, 1, 3, tzinfo=UTC)
    made = [start + timedelta(days=10 * n) for n in range(10)]
    for n, moment in enumerate(made):
        text = "订单编号,总金额,订单创建时间\n" + "".join(
            f"{m},1.00,2026-05-{m + 1:02d} 10:00:00\n" for m in range(n + 1)
        )
        (tmp_path / "in" / "a.csv").write_text(text, "utf-8")
        import_files(settings, shop, now=moment)
    counts = {d: store.table("orders", store.as_of(d)).collect().height for d in map(_day, made)}
    now = made[-1] + timedelta(hours=1)
    files = len(list(store.folder.local.rglob("*.parquet")))
    lines, _ = run_tidy(settings, [shop], now=now)
    assert "old versions removed" in lines[0]
    assert "last 30" in lines[0]
    for day, count in counts.items():
        if now - timedelta(days=30) <= datetime(day.year, day.month, day.day, 23, tzinfo=UTC):
            assert store.table("orders", store.as_of(day)).collect().height == count, day
            assert store.table("order_records", store.as_of(day)).collect().height == count, day
    with pytest.raises(UsageError, match="the first was made on"):
        store.as_of(_day(made[2]))
    assert len(list(store.folder.local.rglob("*.parquet"))) < files
    assert run_tidy(settings, [shop], now=now) == ([], [])
    (tmp_path / "in" / "a.csv").write_text("订单编号,总金额,订单创建时间\n99,1.00,2026-05-01 10:00:00\n", "utf-8")
    assert not import_files(settings, shop, now=now).failed
    assert store.table("orders").collect().height == 11


def _day(moment):
    return moment.astimezone(UTC).date()


def test_reports_go_after_their_weeks_but_the_last_dozen_stays(tmp_path):
    weeks = [f"2024-W{n:02d}" for n in range(1, 31)] + [f"2026-W{n:02d}" for n in range(40, 47)]
    for week in (*weeks, "notes"):
        (tmp_path / week).mkdir()
    gone = old_reports(tmp_path, 20, datetime(2026, 11, 20, tzinfo=UTC))
    assert [p.name for p in gone] == weeks[:-12]
    assert old_reports(tmp_path / "nowhere", 20, datetime(2026, 11, 20, tzinfo=UTC)) == []
