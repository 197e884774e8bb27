"""Three hundred damaged export files, each met well; the full ten thousand are `benchmarks/damaged_files.py`."""

from __future__ import annotations

import contextlib
import io
import random
import sys
import zipfile

import pytest
import xlsxwriter

from aftersales.sources.read import read_export
from aftersales.words.errors import DataError
from aftersales_demo.write import write_demo


@pytest.fixture(scope="module")
def mutator(root):
    sys.path.insert(0, str(root / "benchmarks"))
    try:
        import damaged_files

        yield damaged_files  # its processes look for it where this one does
    finally:
        sys.path.pop(0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    write_demo(place, orders=300, weeks=16)
    return place


@pytest.mark.slow
def test_three_hundred_damaged_files_are_read_or_refused_in_one_sentence_and_lose_no_row(mutator, folder):
    found, lost = mutator.met(folder, range(300), workers=1)
    assert [(m.number, m.harm, m.fault, m.said) for m in found if m.fault] == []
    assert lost == []
    assert {m.said == "read" for m in found} == {True, False}


def book(cells, *, styled=()):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        sheet, bold = made.add_worksheet(), made.add_format({"bold": True})
        sheet.write_row(0, 0, ["订单编号", "总金额", "订单创建时间"])
        for row, column, text in cells:
            sheet.write(row, column, text)
        for row, column in styled:
            sheet.write_blank(row, column, None, bold)
    return out.getvalue()


ROW = [(1, 0, "77"), (1, 1, "12.50"), (1, 2, "2026-11-09 10:00:00")]


@pytest.mark.parametrize("kind", ["blanks", "rows", "strings", "lying"])
def test_a_bomb_is_refused_within_memory_and_time(mutator, kind):
    parts = mutator.parts_of(book(ROW))
    name = "xl/sharedStrings.xml" if kind == "strings" else "xl/worksheets/sheet1.xml"
    unit = {"rows": b"<row><c><v>1</v></c></row>" * 40_000, "strings": b"<si><t>" + b"x" * (1 << 20) + b"</t></si>"}
    end = parts[name].rindex(b"</s")
    packed = mutator.repacked(
        parts, name, parts[name][:end], unit.get(kind, b" " * (1 << 20)), 2_500, parts[name][end:], lie=kind == "lying"
    )
    assert len(packed) < 10_000_000
    with pytest.raises(DataError, match="more than an export can"):
        read_export("bomb.xlsx", content=packed)


@pytest.mark.parametrize("far", [(1_048_575, 16_383), (900_000, 500)])
def test_two_cells_in_far_corners_do_not_cost_the_rectangle_between_them(far):
    with pytest.raises(DataError, match="more than an export can"):
        read_export("far.xlsx", content=book([*ROW, (*far, "x")]))


def test_styled_empty_cells_down_to_the_last_corner_do_no_harm():
    [reading] = read_export("styled.xlsx", content=book(ROW, styled=[(1_048_575, 16_383)]))
    assert reading.frame["order_id"].to_list() == ["77"]


def test_a_part_whose_own_header_is_broken_is_read_or_refused():
    whole = book(ROW)
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        at = archive.getinfo("xl/worksheets/sheet1.xml").header_offset
    chance = random.Random(1)
    for _ in range(20):
        broken = bytearray(whole)
        broken[at + chance.randrange(30)] ^= 0xFF
        with contextlib.suppress(DataError):
            read_export("broken.xlsx", content=bytes(broken))
