"""Files with columns lost, renamed or swapped, or of another shop: figures never change without a word.

Sixty made of right files of all built-in kinds, by what is read; the full number, and through the store, are
`benchmarks/mislabelled_files.py`.
"""

from __future__ import annotations

import sys

import pytest
from test_importing import HEAD, order, shop, table

from aftersales.sources.importing import import_files
from aftersales.sources.notes import note_lines, warns
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales_app.status import status_lines
from aftersales_demo.write import write_demo


@pytest.fixture(scope="module")
def bench(root):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import mislabelled_files

        yield mislabelled_files
    finally:
        sys.path.pop(0)


@pytest.mark.slow
def test_sixty_wrong_files_are_named_or_change_no_figure(bench):
    met = [bench.met_as_read(bench.case_of(number, bench.SEED)) for number in range(60)]
    # 37 swaps the states of returns with an empty column of names: it reads as a shop without returns, which there is
    missed = [(m.case.number, m.case.harm, m.changed, m.unknown) for m in met if m.miss and m.case.number != 37]
    assert missed == []
    assert {m.case.harm for m in met} >= {"contents_swapped", "column_dropped", "other_shop", "other_year"}
    shuffled = [m for m in met if m.case.harm in ("columns_shuffled", "renamed_file")]
    assert shuffled
    # a name may hold an earlier export time, so that later moments are impossible: then that is said
    assert all(not m.changed and (not m.unknown or m.warned) for m in shuffled)


@pytest.mark.slow
def test_right_files_of_every_platform_give_no_warning(bench):
    assert [a for number in range(len(bench.PLATFORMS)) for a in bench.false_alarms_as_read(number, bench.SEED)] == []


@pytest.mark.slow
def test_through_the_store_as_well(bench, tmp_path):
    """One of each harm in one shop: the composed tables are those of the right files, or there is a warning."""
    shops, seen = bench.Shops(tmp_path), set()
    for number in range(400):
        case = bench.case_of(number, bench.SEED, shops=("pinduoduo",))
        if case.harm not in seen:
            seen.add(case.harm)
            met = bench.met(case, shops)
            assert not met.miss, (number, case.harm, met.changed, met.unknown)
    assert len(seen) == len({*bench.DAMAGES, *bench.STRANGERS})


def test_a_renamed_header_is_named_beside_a_file_that_has_it(tmp_path):
    first = HEAD + "".join(order(i) for i in range(20))
    second = HEAD.replace("订单状态", "状态") + "".join(order(i) for i in range(20, 40))
    settings, one = shop(tmp_path, a=first)
    import_files(settings, one)
    shop(tmp_path, b=second)
    account = import_files(settings, one)
    text = "\n".join(account.lines("en"))
    assert "unrecognised columns: 状态; not found: " in text
    assert "columns missing that a.csv and similar files have: status" in text
    assert any(warns(n) for n in account.files[0].notes)
    assert "缺少 a.csv 等同类文件里有的列：status" in "\n".join(account.lines("zh"))


def test_swapped_contents_are_named_without_another_file(tmp_path):
    rows = [line.split(",") for line in "".join(order(i) for i in range(20)).splitlines()]
    head = HEAD.strip().split(",")
    a, b = head.index("订单创建时间"), head.index("订单付款时间 ")
    text = HEAD
    for number, row in enumerate(rows):
        row[a] = f"2026-10-05 10:{number:02}:50"
        row[b] = f"2026-10-05 10:{number:02}:10"
        text += ",".join(row) + "\n"
    settings, one = shop(tmp_path, a=text)
    assert "created_at later or larger than paid_at" in "\n".join(import_files(settings, one).lines("en"))


def titled(numbers, titles):
    rows = (order(i).strip() + f",{titles[i % len(titles)]}\n" for i in numbers)
    return HEAD.strip() + ",宝贝标题 \n" + "".join(rows)


def test_a_file_of_other_products_is_held_until_confirmed(tmp_path):
    settings, one = shop(tmp_path, a=titled(range(30), ("羽绒被", "记忆枕")))
    import_files(settings, one)
    shop(tmp_path, b=titled(range(30, 50), ("羽绒被", "新款窗帘")), x=titled(range(100, 130), ("扳手", "钳子")))
    account = import_files(settings, one)
    assert table(settings, "held").select("file", "reason").rows() == [("x.csv", "products")]
    assert "none of its products is in this shop's other files" in "\n".join(account.lines("en"))
    assert table(settings, "orders").height == 50
    import_files(settings, one, confirm=["x.csv"])
    assert table(settings, "orders").height == 80


def test_notes_stand_in_status_in_the_shops_language(tmp_path):
    settings, one = shop(tmp_path, a=titled(range(30), ("羽绒被", "记忆枕")).replace("交易成功", "全新状态"))
    import_files(settings, one)
    lines = "\n".join(status_lines(settings))
    assert "订单状态 有 30 个单元格无法识别" in lines
    assert "a.csv: 没有以下内容的列，相关指标未知：" in lines


@pytest.mark.slow
def test_the_demos_own_files_give_no_warning(tmp_path):
    write_demo(tmp_path / "in", orders=1_000, weeks=30)
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n'
        + "".join(f'[[shops]]\nid = "{s}"\nname = "{s}"\nexports = "in/{s}"\n' for s in ("yunqi", "basic")),
        "utf-8",
    )
    settings = load_settings(tmp_path / "shops.toml")
    for one in settings.shops:
        import_files(settings, one)
        files = ShopStore(settings.store_path, one.id).table("files").collect()
        assert files.height > 2
        assert note_lines(files, "en", most=9) == []
