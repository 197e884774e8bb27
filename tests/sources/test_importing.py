"""The one door into the store, with real files: nothing lost, order of import without effect, undo, two at once."""

from __future__ import annotations

import subprocess
import sys
from itertools import permutations

import polars as pl
import pytest

from aftersales.sources.importing import import_files, nothing_new, undo_import
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import AftersalesError, SetupError, UsageError

HEAD = "订单编号,买家会员名,总金额,买家应付货款,买家应付邮费,买家实际支付金额,订单状态,收货人姓名,收货地址 ,联系手机,订单创建时间,订单付款时间 ,店铺名称,退款金额,物流公司\n"
ROW = '="{id}",{buyer},{total},{goods},5.00,{net},{status},王小明,浙江省 杭州市 西湖区 文三路1号(310000),\'13900001111,{at},{paid},测试店,{refund},{courier}\n'
REFUNDS = "订单编号,退款编号,订单付款时间,买家实际支付金额,宝贝标题,买家退款金额,退款的申请时间,退款状态,买家退款原因\n"


def order(
    number, *, status="交易成功", refund="0.00", net="105.00", courier="圆通速递", at="2026-10-05 10:00:00", buyer="tb1"
):
    paid = "" if status == "等待买家付款" else at
    return ROW.format(id=3515313000000000000 + number, buyer=buyer, total="105.00", goods="100.00", net=net, status=status,
                      at=at, paid=paid, refund=refund, courier=courier)  # fmt: skip


def shop(folder, **files):
    exports = folder / "in"
    exports.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (exports / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode("gb18030"))
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "t"\nname = "测试店"\nexports = "in"\n', "utf-8"
    )
    settings = load_settings(folder / "shops.toml")
    return settings, settings.shop("t")


def table(settings, name):
    return ShopStore(settings.store_path, "t").table(name).collect()


def test_rows_read_are_taken_merged_or_set_aside_and_lineage_knows_them(tmp_path):
    settings, one = shop(
        tmp_path,
        a=HEAD + order(1) + order(2) + order(2) + order(3).replace("3515313000000000003", "3.5153E+18"),
        b=HEAD + order(2, refund="20.00", net="85.00"),
    )
    account = import_files(settings, one)
    a, b = sorted(account.files, key=lambda f: f.file)
    assert all(f.balanced for f in account.files)
    assert (a.rows_read, a.rows_taken, a.rows_merged, a.rows_set_aside) == (4, 2, 1, 1)
    assert (b.rows_read, b.rows_merged) == (1, 1)
    lineage = table(settings, "lineage")
    assert lineage.height == 4
    assert lineage.filter(pl.col("merged"))["key"].to_list() == ["3515313000000000002"] * 2
    aside = table(settings, "set_aside")
    assert aside.select("file", "row").rows() == [("a.csv", 5)]
    assert "13900001111" not in aside["cells"][0]
    assert "王小明" not in aside["cells"][0]
    assert table(settings, "orders").height == 2


def test_importing_again_changes_nothing(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1))
    first = import_files(settings, one)
    again = import_files(settings, one)
    assert again.commit is None
    assert again.unchanged == 1
    forced = import_files(settings, one, [str(tmp_path / "in" / "a.csv")])
    assert forced.commit is None
    assert ShopStore(settings.store_path, "t").head().number == first.commit


STATES = {
    "a": HEAD + order(1, status="买家已付款，等待卖家发货", courier="") + order(2, status="等待买家付款", net="0.00"),
    "b": HEAD + order(1, status="卖家已发货，等待买家确认") + order(2, status="交易关闭", net="0.00").replace("2026-10-05 10:00:00,测试店", ",测试店"),
    "c": HEAD + order(1, status="交易成功", net="85.00", refund="20.00", courier=""),
    "r": REFUNDS + "=\"3515313000000000001\",77,2026-10-05 10:00:00,105.00,枕头,20.00,2026-10-09 09:00:00,退款成功,质量问题\n",
}  # fmt: skip


def test_the_later_state_wins_whatever_the_order_of_import(tmp_path):
    seen = []
    for number, names in enumerate(permutations(STATES)):
        if number % 4:
            continue
        settings, one = shop(tmp_path / str(number), **STATES)
        (tmp_path / str(number) / "aftersales.key").write_text("the same key of 32 characters or more")
        for name in names:
            import_files(settings, one, [str(tmp_path / str(number) / "in" / f"{name}.csv")])
        orders, refunds = table(settings, "orders"), table(settings, "refunds")
        seen.append((orders.sort("line_id").rows(), refunds.sort("refund_id").rows()))
    assert all(s == seen[0] for s in seen)
    orders = table(settings, "orders").sort("line_id")
    assert orders.select("status", "courier").rows() == [("finished", None), ("closed_unpaid", "圆通速递")]
    assert [str(p) for p in orders["paid"]] == ["105.00", "0.00"]
    assert table(settings, "refunds").select("refund_id", "source", "order_known", "reason").rows() == [
        ("77", "refund_report", True, "quality")
    ]


def test_undo_takes_the_last_import_back_and_the_one_before(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1))
    import_files(settings, one)
    before = table(settings, "orders")
    shop(tmp_path, b=HEAD + order(2) + order(1, status="交易关闭"))
    import_files(settings, one)
    assert table(settings, "orders").height == 2
    undo_import(settings, one)
    assert table(settings, "orders").equals(before)
    assert table(settings, "files")["file"].to_list() == ["a.csv"]
    # given again, perhaps after a kill behind its commit, it takes nothing more back; named, the one before goes too
    with pytest.raises(UsageError, match=r"taken back already.*000001.*a\.csv.*--undo --id 000001"):
        undo_import(settings, one)
    with pytest.raises(UsageError, match=r"Import 000002 .*taken back already"):
        undo_import(settings, one, import_id="000002")
    with pytest.raises(UsageError, match="Import 000007 is not the last that stands"):
        undo_import(settings, one, import_id="000007")
    assert table(settings, "orders").equals(before)
    undo_import(settings, one, import_id="000001")
    assert table(settings, "orders").is_empty()
    with pytest.raises(UsageError, match="no import"):
        undo_import(settings, one)
    import_files(settings, one)
    assert table(settings, "orders").height == 2


def test_another_shops_file_is_refused_and_the_good_ones_are_taken(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1), b=(HEAD + order(2)).replace("测试店", "别人的店"))
    account = import_files(settings, one)
    assert [f.file for f in account.failed] == ["b.csv"]
    assert "another shop's" in account.failed[0].error
    assert "别人的店" in account.failed[0].error
    assert table(settings, "orders").height == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "empty"),
        ("photo.zip", b"PK\x03\x04" + b"\0" * 60, "zip"),
        ("broken.xlsx", b"PK\x03\x04" + b"\0" * 60, "xlsx"),
        ("other.csv", "甲,乙,丙\n1,2,3\n".encode("gb18030"), "3 columns that no layout knows"),
        ("noise.csv", bytes(range(128, 256)) * 20, ""),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, name, content, words):
    settings, one = shop(tmp_path, a=HEAD + order(1))
    (tmp_path / "in" / name).write_bytes(content)
    account = import_files(settings, one)
    assert [f.file for f in account.failed] == [name]
    said = account.failed[0].error
    assert words in said
    assert "\n" not in said
    assert "Traceback" not in said
    assert table(settings, "orders").height == 1


def test_missing_file_and_folder_are_sentences(tmp_path):
    settings, one = shop(tmp_path)
    account = import_files(settings, one, [str(tmp_path / "nowhere.csv")])
    assert "There is no file nowhere.csv" in account.failed[0].error
    (tmp_path / "in").rmdir()
    with pytest.raises(SetupError, match="There is no folder"):
        import_files(settings, one)


def test_another_key_beside_the_store_is_refused(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1))
    import_files(settings, one)
    (tmp_path / "aftersales.key").write_text("another key of 32 characters or more")
    with pytest.raises(AftersalesError, match="installation key"):
        import_files(settings, one)


def test_two_imports_at_once_do_not_corrupt(tmp_path):
    settings, _ = shop(tmp_path, a=HEAD + order(1) + order(2), b=HEAD + order(2, status="交易关闭") + order(3))
    program = (
        "import sys; from aftersales.sources.importing import import_files; from aftersales.sources.settings import "
        "load_settings; s = load_settings(sys.argv[1]); import_files(s, s.shop('t'), [sys.argv[2]])"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "shops.toml"), str(tmp_path / "in" / f"{n}.csv")]
        )
        for n in "ab"
    ]
    assert [p.wait(60) for p in running] == [0, 0]
    orders = table(settings, "orders").sort("line_id")
    assert orders["status"].to_list() == ["finished", "closed_refunded", "finished"]
    assert ShopStore(settings.store_path, "t").head().number == 2
    assert table(settings, "files")["rows_read"].sum() == 4


def test_no_clear_name_phone_or_address_is_stored(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1, buyer="独一无二的买家"))
    import_files(settings, one)
    stored = b"".join(p.read_bytes() for p in (tmp_path / "store").rglob("*") if p.is_file())
    for name in ("orders", "order_records", "refunds", "set_aside"):
        said = str(table(settings, name).rows())
        for clear in ("独一无二", "王小明", "13900001111", "文三路"):
            assert clear not in said
            assert clear.encode() not in stored
    assert table(settings, "orders")["buyer_key_quality"].to_list() == ["full"]


def test_nothing_is_new_until_a_file_is_added_or_changed_and_looking_writes_nothing(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1))
    assert not nothing_new(settings, one)  # never imported
    import_files(settings, one)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    assert nothing_new(settings, one)
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
    shop(tmp_path, a=HEAD + order(1) + order(2))
    assert not nothing_new(settings, one)  # the same name, other rows
    import_files(settings, one)
    assert nothing_new(settings, one)
    shop(tmp_path, b=HEAD + order(3))
    assert not nothing_new(settings, one)
    import_files(settings, one)
    (tmp_path / "in" / "b.csv").unlink()
    assert nothing_new(settings, one)  # a file moved away is no news
    undo_import(settings, one)
    shop(tmp_path, b=HEAD + order(3))
    assert not nothing_new(settings, one)  # taken back, so to be read again


def test_a_file_that_could_not_be_read_stays_failed_until_it_changes(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1), b="nothing,of,the,kind\n1,2,3,4\n")
    assert import_files(settings, one).failed
    assert nothing_new(settings, one)
    assert import_files(settings, one).failed
    (tmp_path / "in" / "b.csv").write_bytes((HEAD + order(2)).encode("gb18030"))
    assert not nothing_new(settings, one)


def test_rows_of_another_shop_cost_themselves_only(tmp_path):
    other = order(2).replace("测试店", "别家店")
    settings, one = shop(tmp_path, a=HEAD + order(1) + other + order(3).replace("测试店", "测试 店 "))
    account = import_files(settings, one)
    assert account.failed == ()
    assert table(settings, "orders").height == 2
    assert table(settings, "set_aside")["reason"].to_list() == ["other_shop"]


@pytest.mark.parametrize("copy", ["a (1)", "a(10)", "a（2）"])
def test_of_two_downloads_of_one_name_the_later_wins(copy, tmp_path):
    settings, one = shop(tmp_path, **{"a": HEAD + order(1), copy: HEAD + order(1, net="77.00")})
    import_files(settings, one)
    assert [str(x) for x in table(settings, "orders")["paid"]] == ["77.00"]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (HEAD[:60].encode("gb18030"), "cut off in its header"),
        ((HEAD + order(1) + order(2)).encode("gb18030")[:-30] + bytes(4096), "cut_off"),
        ((HEAD + order(1) + order(2)).encode("utf-16")[:-30] + bytes(4096), "cut_off"),
    ],
)
def test_a_download_that_was_broken_off_is_called_so(content, found, tmp_path):
    settings, one = shop(tmp_path, a=content)
    account = import_files(settings, one)
    said = [f.error for f in account.failed] + table(settings, "set_aside")["reason"].to_list()
    assert [s for s in said if found in s], said
