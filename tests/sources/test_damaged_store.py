"""A store damaged in every way: named in one sentence with the way back, never read as if it were whole."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake
from typer.testing import CliRunner

from aftersales.sources.importing import import_files, undo_import
from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.words.errors import DamageError, SetupError
from aftersales_app.cli import app

HEAD = "订单编号,买家会员名,总金额,买家应付货款,买家实际支付金额,订单状态,收货地址 ,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
ROW = '="351531300000{n:07d}",tb{n},100.00,100.00,100.00,交易成功,浙江省 杭州市 西湖区,{at},{at},测试店,0.00\n'
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def export(folder, name, numbers):
    folder.mkdir(exist_ok=True)
    rows = [ROW.format(n=n, at=f"2026-{9 + n % 2}-{1 + n % 25:02d} 10:00:00") for n in numbers]
    (folder / name).write_bytes((HEAD + "".join(rows)).encode("gb18030"))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Two shops; the first with two imports, a day apart."""
    folder = tmp_path_factory.mktemp("whole") / "house"
    folder.mkdir()
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        + "".join(
            f'[[shops]]\nid = "{i}"\nname = "测试店"\nexports = "in-{i}"\nlanguage = "en"\n' for i in ("one", "two")
        ),
        "utf-8",
    )
    settings = load_settings(folder / "shops.toml")
    for shop in settings.shops:
        export(folder / f"in-{shop.id}", "a.csv", range(1, 60))
        import_files(settings, shop, now=NOW)
    export(folder / "in-one", "b.csv", range(50, 80))
    import_files(settings, settings.shop("one"), now=NOW + timedelta(days=1))
    return folder


@pytest.fixture
def house(template, tmp_path):
    shutil.copytree(template, tmp_path / "house")
    return load_settings(tmp_path / "house" / "shops.toml")


def store_of(settings, shop="one"):
    return ShopStore(settings.store_path, shop)


def data_files(store, table="orders"):
    """The data files of a table that the newest commit alone has."""
    new, old = (
        set(DeltaTable(store.path(table), version=c.versions[table]).file_uris()) for c in store.commits()[:-3:-1]
    )
    return [Path(uri) for uri in sorted(new - old)]


def cut(file):
    file.write_bytes(file.read_bytes()[:-40])


def emptied(file):
    file.write_bytes(b"")


def removed(file):
    file.unlink()


def flipped(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    times = file.stat()
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def swapped(file):
    others = [p for p in file.parent.glob("*.parquet") if p != file] or [
        p for p in file.parent.parent.rglob("*.parquet") if p != file
    ]
    shutil.copy2(others[0], file)


@pytest.mark.parametrize("harm", [cut, emptied, removed, flipped, swapped])
def test_a_damaged_data_file_is_named_with_the_way_back(house, harm):
    store = store_of(house)
    file = data_files(store)[-1]
    harm(file)
    with pytest.raises(DamageError) as told:
        store_of(house).table("orders").collect()
    said = str(told.value)
    assert file.name in said
    assert "--as-of 2026-11-20" in said
    assert "aftersales import one" in said
    fresh = store_of(house)
    assert fresh.table("orders", fresh.as_of(NOW.date())).collect().height == 59
    with pytest.raises(DamageError):
        import_files(house, house.shop("one"), [])
    assert store_of(house, "two").table("orders").collect().height == 59


@pytest.mark.parametrize("harm", [cut, emptied, removed, flipped])
@pytest.mark.parametrize("which", ["first", "last"])
def test_a_damaged_log_is_named(house, harm, which):
    store = store_of(house)
    version = store.head().versions["orders"]
    harm(store.folder.local / "orders" / "_delta_log" / f"{0 if which == 'first' else version:020d}.json")
    with pytest.raises(DamageError, match="orders"):
        store_of(house).table("orders").collect()


def test_an_edited_log_that_can_still_be_read_is_named(house):
    store = store_of(house)
    log = store.folder.local / "orders" / "_delta_log" / f"{store.head().versions['orders']:020d}.json"
    log.write_text(log.read_text("utf-8").replace('\\"numRecords\\":', '\\"numRecords\\":1'), "utf-8")
    with pytest.raises(DamageError, match=r"is not what was written|\d were written"):
        store_of(house).table("orders").collect()


@pytest.mark.parametrize("table", ["orders", "order_records", "files"])
def test_a_table_folder_gone_or_put_back_from_an_older_copy_is_named(house, template, table):
    store = store_of(house)
    folder = store.folder.local / table
    shutil.rmtree(folder)
    with pytest.raises(DamageError, match=table):
        import_files(house, house.shop("one"))
    shutil.copytree(store_of(house, "two").folder.local / table, folder)
    with pytest.raises(DamageError, match=table):
        store_of(house).table(table).collect()


@pytest.mark.parametrize("harm", [cut, emptied, removed, flipped])
@pytest.mark.parametrize("name", ["one.head.json", "one/commits/000002.json"])
def test_damage_to_the_commits_themselves_is_named(house, harm, name):
    harm(store_of(house).folder.local.parent / name)
    for verb in (["weekly", "--shop", "one"], ["import", "one"], ["weekly", "--no-import", "--shop", "one"]):
        done = CliRunner().invoke(app, [*verb, "--config", str(house.file)])
        assert done.exit_code != 0, verb
    with pytest.raises(DamageError):
        store_of(house).head()


def test_commits_put_back_from_an_older_copy_are_named(house):
    store = store_of(house)
    (store.folder.local / "commits" / "000002.json").unlink()
    with pytest.raises(DamageError, match=r"000002\.json is gone, the newest commit"):
        store.commits()
    shutil.rmtree(store.folder.local)
    with pytest.raises(DamageError, match="is gone, the newest commit"):
        import_files(house, house.shop("one"))


def test_an_older_head_is_completed_from_the_chain(house):
    store = store_of(house)
    head = store.folder.local.parent / "one.head.json"
    older = head.read_bytes()
    undo_import(house, house.shop("one"))
    head.write_bytes(older)
    assert [c.number for c in store_of(house).commits()] == [0, 1, 2, 3]
    assert store_of(house).table("orders").collect().height == 59


def test_what_a_power_cut_left_of_an_uncommitted_change_is_taken_away(house, tmp_path):
    store = store_of(house)
    version = store.version("orders")
    (store.folder.local / "orders" / "_delta_log" / f"{version + 1:020d}.json").write_bytes(b"")
    (store.folder.local / "commits" / ".000003.json.1.2.part").write_bytes(b"{")
    export(tmp_path / "house" / "in-one", "c.csv", range(100, 105))
    assert import_files(house, house.shop("one")).commit == 3
    assert store_of(house).table("orders").collect().height == 84


def test_a_verified_file_is_not_hashed_again(house, monkeypatch):
    store_of(house).table("orders").collect()
    hashed = []
    real = Folder.sha256
    monkeypatch.setattr(Folder, "sha256", lambda self, name: (hashed.append(name), real(self, name))[1])
    store_of(house).table("orders").collect()
    assert hashed == []
    file = data_files(store_of(house))[-1]
    os.utime(file)
    store_of(house).table("orders").collect()
    assert hashed == [file.relative_to(store_of(house).folder.local).as_posix()]


def test_a_store_of_format_1_opens_and_gets_its_checksums_with_the_next_commit(house, tmp_path):
    store = store_of(house)
    rows = [
        {"commit": c.number, "parent": c.parent, "made_at": c.made_at, "action": c.action, "import_id": c.import_id,
         "versions": json.dumps(dict(c.versions)), "key_fingerprint": c.key_fingerprint, "store_format": 1,
         "account": json.dumps(list(c.account))}
        for c in store.commits()
    ]  # fmt: skip
    shutil.rmtree(store.folder.local / "commits")
    (store.folder.local.parent / "one.head.json").unlink()
    write_deltalake(str(store.folder.local / "commits"), pl.DataFrame(rows))
    old = store_of(house)
    assert old.table("orders").collect().height == 79
    assert old.head().seals == {}
    assert old.as_of(NOW.date()).number == 1
    export(tmp_path / "house" / "in-one", "c.csv", range(100, 105))
    assert import_files(house, house.shop("one")).commit == 3
    new = store_of(house)
    assert new.table("orders").collect().height == 84
    assert set(new.head().seals) == set(new.head().versions)
    assert [c.number for c in new.commits()] == [0, 1, 2, 3]
    undo_import(house, house.shop("one"))
    assert not (new.folder.local / "commits" / "_delta_log" / "00000000000000000000.json").exists()
    assert store_of(house).table("orders").collect().height == 79


def test_a_run_overtaken_by_another_commits_nothing(house, tmp_path):
    stalled, other = store_of(house), store_of(house)
    head = stalled.head()
    row = pl.DataFrame({"day": [NOW.date()], "visitors": [5], "buyers": [1]}).with_columns(
        score=pl.lit(None, pl.Float64)
    )
    stalled.append("traffic", row)
    export(tmp_path / "house" / "in-one", "c.csv", range(100, 105))
    import_files(house, house.shop("one"))
    versions = {t: other.version(t) for t in head.versions}
    with pytest.raises(SetupError, match="Another run"):
        stalled.write_commit(replace(head, number=3, parent=2, versions=versions, seals={}))
    assert [c.number for c in store_of(house).commits()] == [0, 1, 2, 3]
    # and what it still writes into the tables is no commit's, and gone with the next run
    stalled.append("traffic", row)
    export(tmp_path / "house" / "in-one", "d.csv", range(110, 115))
    import_files(house, house.shop("one"))
    fresh = store_of(house)
    assert fresh.table("traffic").collect().height == 0
    assert fresh.table("orders").collect().height == 89


def test_a_change_that_is_not_this_runs_is_not_committed(house):
    mine, foreign = store_of(house), store_of(house)
    head = mine.head()
    row = pl.DataFrame({"day": [NOW.date()], "visitors": [5], "buyers": [1]}).with_columns(
        score=pl.lit(None, pl.Float64)
    )
    mine.append("traffic", row)
    foreign.append("traffic", row)
    with pytest.raises(SetupError, match="is not this run's"):
        mine.write_commit(
            replace(head, number=3, parent=2, versions={**head.versions, "traffic": mine.version("traffic")}, seals={})
        )
    assert store_of(house).head().number == 2


def test_files_are_on_the_disk_before_the_commit_and_the_commit_before_the_head(house, tmp_path, monkeypatch):
    steps = []
    sync, link, move = os.fsync, os.link, Path.replace

    def named(handle):
        steps.append(("sync", os.readlink(f"/proc/self/fd/{handle}")))
        sync(handle)

    monkeypatch.setattr(os, "fsync", named)
    monkeypatch.setattr(os, "link", lambda a, b: (steps.append(("link", str(b))), link(a, b))[1])
    monkeypatch.setattr(Path, "replace", lambda a, b: (steps.append(("move", str(b))), move(a, b))[1])
    export(tmp_path / "house" / "in-one", "c.csv", range(100, 105))
    import_files(house, house.shop("one"))
    store = store_of(house)
    record, head = str(store.folder.local / "commits" / "000003.json"), str(store.folder.local.parent / "one.head.json")
    made, listed = steps.index(("link", record)), steps.index(("move", head))
    before = {path for step, path in steps[:made] if step == "sync"}
    new = set(store.history.head().files) - set(_files_before(store))
    assert new
    for name in new:
        file = store.folder.local / name
        assert str(file) in before, f"{name} is not on the disk when the commit is made"
        assert str(file.parent) in before, f"the folder of {name} is not on the disk when the commit is made"
    assert any(step == "sync" and "000003.json" in path for step, path in steps[:made]), "the record itself"
    assert ("sync", os.path.dirname(record)) in steps[made:listed], "the record's folder"
    assert any(step == "sync" and "one.head.json" in path for step, path in steps[made:listed]), "the head itself"
    assert ("sync", os.path.dirname(head)) in steps[listed:], "the head's folder"


def _files_before(store):
    """The files that the records up to the last but one list."""
    records = sorted((store.folder.local / "commits").glob("*.json"))[:-1]
    return {name for record in records for name in json.loads(record.read_text("utf-8"))["files"]}


def test_a_wrong_note_of_the_newest_checkpoint_costs_nothing(house):
    log = Path(store_of(house).path("orders")) / "_delta_log"
    (log / "_last_checkpoint").write_text('{"version": 99999999, "size": -1}')
    export(house.file.parent / "in-one", "c.csv", range(80, 90))
    import_files(house, house.shop("one"), now=NOW + timedelta(days=2))
    assert store_of(house).table("orders").collect()["order_id"].n_unique() == 89
