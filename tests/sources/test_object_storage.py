"""A store in object storage, on a real S3 server: the same tables as on a disk, undo, status, one import at a time."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from aftersales.sources.importing import import_files, undo_import
from aftersales.sources.lock import LOCK_NAME, import_lock
from aftersales.sources.records import KEPT
from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.words.errors import SetupError
from aftersales_app.status import status_lines

HEAD = "订单编号,买家会员名,总金额,买家应付货款,买家实际支付金额,订单状态,收货地址 ,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
ROW = '="351531300000{n:07d}",tb{n},100.00,100.00,{net},交易成功,浙江省 杭州市 西湖区,{at},{at},测试店,{refund}\n'
# what differs between two imports of the same files: when and under which name they were made
OF_THE_RUN = {"import_id", "imported_at", "exported_at", "at", "first_import", "made_at"}


def export(folder, name, numbers, *, refunded=()):
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        ROW.format(n=n, at=f"2026-{9 + n % 2}-{1 + n % 25:02d} 10:00:00", net="0.00" if n in refunded else "100.00",
                   refund="100.00" if n in refunded else "0.00")
        for n in numbers
    ]  # fmt: skip
    (folder / name).write_bytes((HEAD + "".join(rows)).encode("gb18030"))


def settings_of(folder, store, exports="in"):
    file = folder / f"{'remote' if '://' in store else 'local'}.toml"
    file.write_text(
        f'[store]\npath = "{store}"\n[[shops]]\nid = "t"\nname = "测试店"\nexports = "{exports}"\nlanguage = "en"\n',
        "utf-8",
    )
    return load_settings(file)


def contents(settings):
    """Every table of the newest commit, without what tells one run from another, its rows in one order."""
    store = ShopStore(settings.store_path, "t")
    commit, found = store.head(), {}
    for name in KEPT:
        frame = store.table(name, commit).collect()
        frame = frame.drop([c for c in frame.columns if c in OF_THE_RUN])
        found[name] = frame.sort(pl.struct(pl.all()).hash(1)) if frame.width else frame
    return found


def same(one, other):
    return [name for name in one if not one[name].equals(other[name])]


@pytest.mark.slow
def test_a_store_in_object_storage_holds_the_same_tables_and_takes_imports_back(tmp_path, s3):
    export(tmp_path / "in", "a.csv", range(1, 60))
    here, there = settings_of(tmp_path, "store"), settings_of(tmp_path, f"{s3}/deep/store")
    for settings in (here, there):
        account = import_files(settings, settings.shop("t"))
        assert [(f.rows_read, f.rows_taken) for f in account.files] == [(59, 59)]
    first = contents(there)
    assert same(contents(here), first) == []
    assert first["orders"].height == 59

    export(tmp_path / "in", "b.csv", range(40, 80), refunded=(41, 45))
    for settings in (here, there):
        import_files(settings, settings.shop("t"))
    both = contents(there)
    assert same(contents(here), both) == []
    assert both["orders"].height == 79

    assert undo_import(there, there.shop("t")).action.startswith("undo")
    assert same(contents(there), first) == []
    said = "\n".join(status_lines(there))
    assert f"store {s3}/deep/store" in said
    assert "data version 3, 1 file," in said
    assert "not imported yet: b.csv" in said
    assert "orders from 1 Sept 2026 to 25 Oct 2026" in said
    assert "sesame-of-the-tests" not in said


def test_export_files_may_lie_in_object_storage_too(tmp_path, s3):
    export(tmp_path / "in", "a.csv", range(1, 20))
    Folder(f"{s3}/exports/t").write("2026/a.csv", (tmp_path / "in" / "a.csv").read_bytes())
    settings = settings_of(tmp_path, "store", exports=f"{s3}/exports/t")
    account = import_files(settings, settings.shop("t"))
    assert [(f.file, f.rows_taken) for f in account.files] == [("2026/a.csv", 19)]


def test_a_file_is_written_new_by_exactly_one_of_many(s3):
    folder, won = Folder(f"{s3}/locks"), []

    def claim(name, number):
        if folder.write_new(name, str(number).encode()):
            won.append((name, number))

    for name in ("one", "two", "three"):
        claims = [threading.Thread(target=claim, args=(name, n)) for n in range(8)]
        for thread in claims:
            thread.start()
        for thread in claims:
            thread.join()
    assert sorted(name for name, _ in won) == ["one", "three", "two"]
    assert {name: folder.read(name).decode() for name, _ in won} == {name: str(number) for name, number in won}


def test_a_second_import_says_so_and_a_lease_of_a_dead_machine_is_broken(s3):
    folder = Folder(f"{s3}/store/t")
    told = pytest.raises(SetupError, match="Another import of this shop is running")
    with import_lock(folder, wait_seconds=0), told, import_lock(folder, wait_seconds=0):
        pytest.fail("two imports at once")
    assert folder.names() == []
    folder.write(LOCK_NAME, f'{{"host": "gone", "pid": 1, "at": {time.time() - 3601}}}'.encode())
    with import_lock(folder, wait_seconds=0):
        assert folder.names() == [LOCK_NAME]
    assert folder.names() == []


def test_a_store_that_cannot_be_reached_is_told_in_a_sentence(tmp_path, s3, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    settings = settings_of(tmp_path, f"{s3}/store")
    with pytest.raises(SetupError, match="cannot be reached") as told:
        ShopStore(settings.store_path, "t").head()
    assert "sesame-of-the-tests" not in str(told.value)


def test_the_key_of_the_installation_is_asked_for_by_name(tmp_path, s3, monkeypatch):
    monkeypatch.delenv("AFTERSALES_KEY")
    export(tmp_path / "in", "a.csv", range(1, 3))
    settings = settings_of(tmp_path, f"{s3}/store")
    with pytest.raises(SetupError, match="AFTERSALES_KEY"):
        import_files(settings, settings.shop("t"))


def test_a_run_that_stood_still_past_its_lease_commits_nothing_and_leaves_the_new_owner_alone(
    tmp_path, s3, monkeypatch
):
    monkeypatch.setattr("aftersales.sources.lock.RENEW_SECONDS", 600.0)  # the process stands still
    monkeypatch.setattr("aftersales.sources.lock.LAPSE_SECONDS", 0.2)
    export(tmp_path / "in", "a.csv", range(1, 20))
    settings = settings_of(tmp_path, f"{s3}/store")
    import_files(settings, settings.shop("t"))
    stalled = ShopStore(settings.store_path, "t")
    head = stalled.head()
    with import_lock(stalled.folder):
        stalled.append(
            "traffic", pl.DataFrame({"day": [date(2026, 9, 1)], "visitors": [5], "buyers": [1], "score": [1.0]})
        )
        export(tmp_path / "in", "b.csv", range(20, 30))
        assert import_files(settings, settings.shop("t")).commit == 2  # another machine breaks the lease
        stalled.append(
            "traffic", pl.DataFrame({"day": [date(2026, 9, 2)], "visitors": [5], "buyers": [1], "score": [1.0]})
        )
        with pytest.raises(SetupError, match="Another run"):
            stalled.write_commit(replace(head, number=2, parent=1, versions=stalled.create_missing(), seals={}))
        next_owner = b'{"owner": "another", "at": 0}'
        stalled.folder.write(LOCK_NAME, next_owner)
    assert stalled.folder.read(LOCK_NAME) == next_owner
    stalled.folder.remove(LOCK_NAME)
    export(tmp_path / "in", "c.csv", range(30, 35))
    assert import_files(settings, settings.shop("t")).commit == 3
    fresh = ShopStore(settings.store_path, "t")
    assert [c.number for c in fresh.commits()] == [0, 1, 2, 3]
    assert fresh.table("traffic").collect().height == 0
    assert fresh.table("orders").collect().height == 34


def test_damage_in_object_storage_is_named(tmp_path, s3):
    export(tmp_path / "in", "a.csv", range(1, 20))
    settings = settings_of(tmp_path, f"{s3}/store")
    import_files(settings, settings.shop("t"))
    folder = ShopStore(settings.store_path, "t").folder
    file = next(n for n in folder.names("orders/") if n.endswith(".parquet"))
    content = folder.read(file)
    folder.write(file, content[:-1] + b"?")
    with pytest.raises(SetupError, match="is damaged"):
        ShopStore(settings.store_path, "t").table("orders")
    folder.write(file, content)
    assert ShopStore(settings.store_path, "t").table("orders").collect().height == 19
    folder.remove("commits/000001.json")
    with pytest.raises(SetupError, match=r"000001\.json is gone"):
        ShopStore(settings.store_path, "t").head()
