"""No table handed out runs in a spreadsheet, and no printed text acts on the terminal."""

import csv
import io
import re

import polars as pl
import pytest

from aftersales.cases.quoting import spreadsheet
from aftersales.charts import explore as lab
from aftersales.words.plain import begins_formula, safe_cell, table_cell
from aftersales_app.terminal import screen

FORMULAS = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "\u200b=1+1",
    "\ufeff@SUM(A1)", "＝1+1", "＋1+cmd", "－2+3", "＠SUM(1)", "\u3000＝1+1", "|calc", "%0A=1", "\x00=1+1", "=HYPERLINK(\"http://x\")",
)  # fmt: skip
NUMBERS = ("-5", "-5.20", "+3", "1,234.50", "-1,234", "12%", "-0.5%", "3.5E+18", "2026-11-16", "175/92A")
ORDER = "3515313123456789012"


@pytest.mark.parametrize("text", FORMULAS)
def test_no_writer_lets_a_formula_through(text):
    [[annex]] = csv.reader(
        io.StringIO(spreadsheet(["a"], [[text]], language="en").decode("utf-8-sig").split("\r\n", 1)[1])
    )
    for cell in (safe_cell(text), table_cell(text), annex):
        assert cell[:1] == "'", (text, cell)
        assert not begins_formula(cell)


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_stay_as_they_are(text):
    assert table_cell(text) == text == safe_cell(text)


def test_tables_are_utf_8_with_a_mark_and_keep_the_last_digits_of_order_numbers():
    whole = spreadsheet(["编号"], [[ORDER]], language="zh")
    assert whole.startswith(b"\xef\xbb\xbf")
    assert f"'{ORDER}" in whole.decode("utf-8-sig")
    assert table_cell(ORDER) == f"#{ORDER}"


def test_what_the_export_buttons_of_the_lab_write_is_safe(monkeypatch):
    given = {}
    monkeypatch.setattr(
        lab, "_itables", lambda: (lambda frame, *_, **options: given.update(frame=frame, **options) or "", "")
    )
    frame = pl.DataFrame({"=cmd": list(FORMULAS), "order_id": [ORDER] * len(FORMULAS), "rate": [0.5] * len(FORMULAS)})
    lab.explore(frame.with_columns(tags=pl.concat_list("=cmd"), kind=pl.col("=cmd").cast(pl.Categorical))).html()
    shown = given["frame"]
    assert shown.columns == ["'=cmd", "order_id", "rate", "tags", "kind"]
    assert shown["rate"].to_list() == frame["rate"].to_list()
    assert set(shown["order_id"]) == {f"#{ORDER}"}
    for column in ("'=cmd", "tags", "kind"):
        assert all(cell.startswith("'") for cell in shown[column]), column
    assert all(button["bom"] for button in given["buttons"])


def test_nothing_printed_acts_on_the_terminal():
    text = "a\x1b[31mred\x1b[0m\x07\x9b2J\u202egnp.exe\u200b :smile: [bold]x[/bold]\r\x08\ud800.csv\x1b]0;title\x07"
    out = screen()
    out.file = io.StringIO()
    out.print(text, markup=False)
    with out.status(text):
        pass
    said = out.file.getvalue()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]", said.replace("\n", ""))
    assert ":smile:" in said
    assert "[bold]x[/bold]" in said
