"""Whatever lies in a shop's folder costs itself only and is named: in the account, in `status`, with the exit code."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import zipfile

import polars as pl
import pytest

from aftersales.sources import child
from aftersales.sources.importing import export_bytes, import_files, nothing_new
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import DataError
from aftersales_app.reports.preparing import prepared
from aftersales_app.status import status_lines

HEAD = "订单编号,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间 \n"


def order(number, amount="12.50"):
    return f"{351531300000000000 + number},{amount},{amount},交易成功,2026-11-09 10:00:00,2026-11-09 10:01:00\n"


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "t"\nname = "测试店"\nexports = "in"\nlanguage = ["en"]\n', "utf-8"
    )
    settings = load_settings(tmp_path / "shops.toml")
    (tmp_path / "in" / "good.csv").write_text(HEAD + order(1), "utf-8")
    return settings, settings.shop("t"), tmp_path / "in"


def packed(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def orders(settings):
    return ShopStore(settings.store_path, "t").table("orders").collect()["order_id"].sort().to_list()


def states(settings):
    rows = ShopStore(settings.store_path, "t").table("left_out").collect()
    return dict(rows.select("file", "state").iter_rows())


def test_strays_are_named_and_the_rest_is_taken(shop):
    settings, one, folder = shop
    (folder / "empty.csv").write_bytes(b"")
    (folder / "other.csv").write_text("a,b,c\n1,2,3\n")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "really.csv").write_bytes(b"\x89PNG")
    (folder / "note.txt").write_text("记得周五对账", "utf-8")
    account = import_files(settings, one)
    assert {f.file for f in account.failed} == {"empty.csv", "other.csv"}
    assert orders(settings) == ["351531300000000001"]
    assert states(settings) == {
        "empty.csv": "unreadable", "other.csv": "unreadable", "picture.png": "not_export", "really.csv": "not_export",
        "note.txt": "not_export",
    }  # fmt: skip
    said = "\n".join(status_lines(settings))
    assert all(name in said for name in states(settings))
    assert nothing_new(settings, one)
    again = import_files(settings, one)
    assert again.commit is None
    assert len(again.failed) == 2


def test_what_was_left_out_goes_when_the_file_goes_or_can_be_read(shop):
    settings, one, folder = shop
    (folder / "other.csv").write_text("a,b,c\n1,2,3\n")
    import_files(settings, one)
    (folder / "other.csv").write_text(HEAD + order(2), "utf-8")
    assert not nothing_new(settings, one)
    import_files(settings, one)
    assert states(settings) == {}
    assert len(orders(settings)) == 2


def test_archives_are_read_as_they_are_and_copies_are_not_counted_twice(shop):
    settings, one, folder = shop
    same = (folder / "good.csv").read_bytes()
    (folder / "a.zip").write_bytes(
        packed(
            **{
                "good.csv": same,
                "十一月__new.csv": HEAD + order(2),
                "in.zip": packed(**{"x.csv": HEAD + order(3)}),
                "pic.png": b"x",
            }
        )
    )
    (folder / "b.csv.gz").write_bytes(gzip.compress((HEAD + order(4)).encode()))
    account = import_files(settings, one)
    assert account.failed == ()
    assert [o[-1] for o in orders(settings)] == ["1", "2", "3", "4"]
    assert states(settings) == {
        "a.zip": "opened", "a.zip/good.csv": "duplicate", "a.zip/pic.png": "not_export", "b.csv.gz": "opened",
    }  # fmt: skip
    assert export_bytes(settings, one, "a.zip/十一月/new.csv").decode() == HEAD + order(2)
    assert nothing_new(settings, one)
    assert import_files(settings, one).commit is None


def test_what_is_no_ordinary_file_is_named(shop):
    settings, one, folder = shop
    os.mkfifo(folder / "pipe.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / "dangling.csv").symlink_to(folder / "moved away.csv")
    with open(folder / "huge.csv", "wb") as huge:
        huge.truncate(1 << 40)
    (folder / "line\nbreak.csv").write_text(HEAD + order(2), "utf-8")
    with open(os.fsencode(folder) + b"/" + "订单.csv".encode("gb18030"), "wb") as named:
        named.write((HEAD + order(3)).encode())
    with open(os.fsencode(folder) + b"/\xff\xfe.csv", "wb") as named:
        named.write((HEAD + order(4)).encode())
    (folder / "round").symlink_to(folder)
    (folder / f"{'长' * 80}.csv").write_text(HEAD + order(5), "utf-8")
    account = import_files(settings, one)
    assert {f.file for f in account.failed} == {"pipe.csv", "loop.csv", "huge.csv", "dangling.csv"}
    assert len(orders(settings)) == 5
    assert set(states(settings)) == {"pipe.csv", "loop.csv", "huge.csv", "dangling.csv"}
    files = set(ShopStore(settings.store_path, "t").table("files").collect()["file"])
    assert {"line\\nbreak.csv", "订单.csv"} <= files


@pytest.mark.parametrize(
    ("name", "content", "failed"),
    [
        ("empty.csv", b"", True), ("blank.csv", b"\xef\xbb\xbf\r\n \r\n", True), ("empty.xlsx", b"", True),
        ("sub/empty.csv", b"", True), ("link.csv", None, True), ("header.csv", HEAD.encode(), False),
        ("header.txt", HEAD.encode("utf-16"), False), ("header.zip", packed(**{"header.csv": HEAD}), False),
    ],
)  # fmt: skip
def test_an_empty_file_fails_every_time_and_a_header_alone_is_a_period_without_rows(shop, name, content, failed):
    settings, _, folder = shop
    (folder / name).parent.mkdir(exist_ok=True)
    if content is None:
        (folder / name).symlink_to("/nowhere")
    else:
        (folder / name).write_bytes(content)
    first = prepared(settings.file, "t", "", None, True)
    second = prepared(settings.file, "t", "", None, True)
    assert (first.incomplete, second.incomplete) == (failed, failed)
    assert any("no data rows under the header" in line for line in first.said) is not failed
    assert orders(settings) == ["351531300000000001"]
    (folder / name).unlink()
    assert not prepared(settings.file, "t", "", None, True).incomplete


def test_two_named_files_of_one_name_are_both_taken(shop, tmp_path):
    settings, one, folder = shop
    for number, place in enumerate(("one", "two"), 2):
        (tmp_path / place).mkdir()
        (tmp_path / place / "orders.csv").write_text(HEAD + order(number), "utf-8")
    import_files(settings, one, [str(tmp_path / p / "orders.csv") for p in ("one", "two")] + [str(folder / "good.csv")])
    assert len(orders(settings)) == 3
    files = set(ShopStore(settings.store_path, "t").table("files").collect()["file"])
    assert files == {"one/orders.csv", "two/orders.csv", "good.csv"}


@pytest.mark.parametrize("name", ["总金额", "买家实际支付金额"])
@pytest.mark.parametrize("amount", ["9999999999999999", "1234567890123456.78", "-9999999999999999", "1e308", "9" * 40])
def test_one_cell_never_stops_an_import(shop, name, amount):
    settings, one, folder = shop
    place = HEAD.split(",").index(name)
    cells = order(2).split(",")
    cells[place] = amount
    (folder / "odd.csv").write_text(HEAD + ",".join(cells) + order(3), "utf-8")
    account = import_files(settings, one)
    assert account.failed == ()
    assert {o[-1] for o in orders(settings)} >= {"1", "3"}
    [odd] = [f for f in account.files if f.file == "odd.csv"]
    assert odd.rows_set_aside == 1 or any("could not be read" in note for note in odd.notes)


def test_a_price_times_an_absurd_quantity_is_unknown(shop):
    settings, one, folder = shop
    (folder / "items.csv").write_text(
        "子订单编号,主订单编号,商品标题,商品价格,购买数量,订单状态,订单创建时间\n7,8,灯,99999999999,999999999,交易成功,2026-11-09 10:00:00\n",
        "utf-8",
    )
    import_files(settings, one)
    lines = ShopStore(settings.store_path, "t").table("orders").collect()
    assert lines.filter(pl.col("order_id") == "8")["amount"].to_list() in ([None], [])


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("bytes_lost", [1, 2, 3, 5, 7, 12, 30, 45, 58])
def test_a_download_cut_off_gives_no_half_row_and_the_whole_file_replaces_it(shop, encoding, bytes_lost):
    settings, one, folder = shop
    head = "订单编号,订单创建时间,订单状态,总金额\n"
    rows = [f"35153130000000001{n},2026-11-09 10:00:00,交易成功,{n}2345.67\n" for n in range(2, 5)]
    whole = (head + "".join(rows)).encode(encoding)
    (folder / "cut.csv").write_bytes(whole[:-bytes_lost])
    account = import_files(settings, one)
    totals = ShopStore(settings.store_path, "t").table("order_records").collect().filter(pl.col("file") == "cut.csv")
    assert set(totals["total"].cast(pl.String)) <= {"22345.67", "32345.67", "42345.67"}
    assert account.failed == ()
    aside = dict(next(f for f in account.files if f.file == "cut.csv").reasons)
    # a cut behind a whole row, before its line's end, leaves nothing to set aside
    left = whole[:-bytes_lost].decode(encoding, "ignore")
    assert (
        totals.height == len(rows)
        or aside == {"cut_off": 1}
        or left == head + "".join(rows[: totals.height]).rstrip("\n")
    )
    (folder / "cut.csv").write_bytes(whole)
    [again] = import_files(settings, one).files
    assert (again.rows_read, again.rows_set_aside) == (3, 0)
    assert len(orders(settings)) == 4


PANIC = "class Panic(BaseException): ...\nraise Panic('index out of bounds')"


def test_a_panic_in_the_child_is_a_sentence_and_the_next_file_is_read():
    with pytest.raises(DataError, match=r"a\.xlsx is cut off or damaged\. Found: index out of bounds"):
        child.in_child(exec, PANIC, file="a.xlsx", size=1)
    assert child.in_child(len, b"ab", file="a.xlsx", size=2) == 2


@pytest.mark.parametrize(
    "harm", ["x = bytearray(3 << 30)", "while True: pass", "import os; os.abort()", "import os; os._exit(3)"]
)
def test_what_ends_the_child_costs_its_file_only(harm, monkeypatch):
    monkeypatch.setattr(child, "SECONDS", 0.5)
    with pytest.raises(DataError, match=r"a\.xlsx would take more than an export can need"):
        child.in_child(exec, harm, file="a.xlsx", size=10)
    assert child.in_child(len, b"ab", file="b.xlsx", size=2) == 2


def test_the_program_says_which_file_and_exits_with_1(shop):
    settings, _, folder = shop
    (folder / "empty.csv").write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", "import", "--config", str(settings.file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "empty.csv: not imported" in done.stdout
    assert "Traceback" not in done.stderr
