"""What a layout can express: numbers, days, currencies, paid gross or net, filling down, sums, one row for three."""

from __future__ import annotations

from pathlib import Path

import pytest

from aftersales.sources.layout import load_layouts
from aftersales.sources.notes import note_words
from aftersales.sources.read import Reading, read_export
from aftersales.words.errors import SetupError

HEADERS = """
[layout.headers]
order_id = ["No"]
created_at = ["Day"]
paid_net = ["Paid"]
"""


def layout(keys: str = "", rest: str = HEADERS, *, kind: str = "order_report") -> str:
    return f'[[layout]]\nname = "own"\nkind = "{kind}"\nsignature = ["order_id"]\n{keys}\n{rest}'


def read(tmp_path: Path, toml: str, csv: str, **keys: str) -> list[Reading]:
    (tmp_path / "own.toml").write_text(toml, "utf-8")
    return read_export("own.csv", layouts=load_layouts([tmp_path / "own.toml"]), content=csv.encode(), **keys)


def paid(tmp_path: Path, toml: str, csv: str, **keys: str) -> list[str]:
    [reading] = read(tmp_path, toml, csv, **keys)
    return [str(x) for x in reading.frame["paid_net"]]


@pytest.mark.parametrize(
    ("cells", "keys", "currency", "expected"),
    [
        ("12,50|1.234,00|89,90", "", "EUR", ["12.50", "1234.00", "89.90"]),
        ("179.800|2.500.000|1.250.000", "", "CNY", ["179800.00", "2500000.00", "1250000.00"]),
        ("179.800|95.000", "", "IDR", ["179800.00", "95000.00"]),
        ("1.500|95.250", "", "KWD", ["1.50", "95.25"]),
        ("1.500|12.5", "", "CNY", ["1.50", "12.50"]),
        ("89.900|12.000", "", "CNY", []),
        ("89.900|7", "", "EUR", ["7.00"]),
        ("89.900|12.000", 'decimal = ","', "EUR", ["89900.00", "12000.00"]),
        ("89.900|12.000", 'thousands = "."', "EUR", ["89900.00", "12000.00"]),
        ("89.900|12.000", 'decimal = "."', "EUR", ["89.90", "12.00"]),
        ("12.50|1,234.00|1,28,976.50", "", "INR", ["12.50", "1234.00", "128976.50"]),
        ("₹647.62|₹ 1,028.00", "", "INR", ["647.62", "1028.00"]),
        ("Rp 89.900|Rp1.250.000", "", "IDR", ["89900.00", "1250000.00"]),
        ("1 234,50 €|12,5 €", "", "EUR", ["1234.50", "12.50"]),
        ("1'234.50|12.50", "", "CHF", ["1234.50", "12.50"]),
        ("12,50|12.50", "", "EUR", ["12.50"]),
    ],
)
def test_numbers_are_read_as_the_file_writes_them(tmp_path, cells, keys, currency, expected):
    rows = "".join(f'{i};2026-11-09;"{cell}"\n' for i, cell in enumerate(cells.split("|")))
    assert paid(tmp_path, layout(keys), "No;Day;Paid\n" + rows, currency=currency) == expected


def test_a_number_that_means_two_things_is_asked_about(tmp_path):
    [reading] = read(tmp_path, layout(), "No,Day,Paid\n1,2026-11-09,89.900\n2,2026-11-09,1.000\n", currency="CNY")
    assert reading.set_aside.select("reason", "column").rows() == [("doubtful_value", "Paid")] * 2


@pytest.mark.parametrize(
    ("cells", "keys", "expected"),
    [
        ("04-30-22|06-01-22", "", ["2022-04-30 00:00", "2022-06-01 00:00"]),
        ("28.09.2026 14:00|01.10.2026 09:30", "", ["2026-09-28 14:00", "2026-10-01 09:30"]),
        ("28/09/2026|01/10/2026", "", ["2026-09-28 00:00", "2026-10-01 00:00"]),
        ("4/5/2026|4/6/2026", "", []),
        ("4/5/2026|4/6/2026", 'dates = "%d/%m/%Y"', ["2026-05-04 00:00", "2026-06-04 00:00"]),
        ("04-05-22|260405", 'dates = ["%m-%d-%y", "%y%m%d"]', ["2022-04-05 00:00", "2026-04-05 00:00"]),
        ("04/30/2026 1:05:09 PM|05/01/2026 12:00:00 AM", "", ["2026-04-30 13:05", "2026-05-01 00:00"]),
        ("2026-09-27 23:00:00 -0700|2026-09-28T06:00:00Z", "", ["2026-09-28 14:00", "2026-09-28 14:00"]),
        ("2026-09-27 22:00", 'zone = "UTC"', ["2026-09-28 06:00"]),
        ("30 Apr 2026|1 May 2026", "", ["2026-04-30 00:00", "2026-05-01 00:00"]),
    ],
)
def test_days_are_read_as_the_file_writes_them(tmp_path, cells, keys, expected):
    rows = "".join(f"{i},{cell},1\n" for i, cell in enumerate(cells.split("|")))
    [reading] = read(tmp_path, layout(keys), "No,Day,Paid\n" + rows)
    assert reading.frame["created_at"].dt.strftime("%Y-%m-%d %H:%M").to_list() == expected
    assert set(reading.set_aside["reason"]) <= {"doubtful_value"}
    assert reading.frame.height + reading.set_aside.height == cells.count("|") + 1


MANY = "No,Day,Paid,Currency\n1,2026-11-09,10,EUR\n2,2026-11-09,100,SEK\n3,2026-11-09,5,eur\n4,2026-11-09,7,GBP\n"


def test_several_currencies_are_never_added_up(tmp_path):
    [reading] = read(tmp_path, layout(), MANY, currency="EUR")
    assert reading.frame["order_id"].to_list() == ["1", "3"]
    assert reading.set_aside.select("reason", "column").unique().rows() == [("other_currency", "Currency")]
    said = note_words(reading.notes[0], "en")
    assert "SEK 100.00 (1)" in said
    assert "GBP 7.00 (1)" in said


def test_several_currencies_are_named_where_the_shops_is_not_known(tmp_path):
    [reading] = read(tmp_path, layout(), MANY)
    assert reading.frame.height == 4
    assert note_words(reading.notes[0], "en").endswith("GBP 7.00 (1), SEK 100.00 (1)")


def test_a_currency_stated_for_the_whole_file(tmp_path):
    csv = "No,Day,Paid\n1,2026-11-09,10\n"
    assert paid(tmp_path, layout('currency = "USD"'), csv, currency="USD") == ["10.00"]
    assert paid(tmp_path, layout('currency = "USD"'), csv, currency="CNY") == []


REFUNDED = HEADERS + 'refunded = ["Back"]\ntotal = ["Total"]\n'


@pytest.mark.parametrize(
    ("keys", "row", "net"),
    [
        ('paid = "gross"', "1,2026-11-09,100,30,120", "70.00"),
        ('paid = "net"', "1,2026-11-09,100,30,120", "100.00"),
        ("", "1,2026-11-09,70,30,100", "70.00"),
        ("", "1,2026-11-09,100,30,100", "70.00"),
        ("", "1,2026-11-09,0,120,100", "-20.00"),
    ],
)
def test_paid_gross_or_net(tmp_path, keys, row, net):
    assert paid(tmp_path, layout(keys, REFUNDED), f"No,Day,Paid,Back,Total\n{row}\n") == [net]


def test_order_columns_are_filled_down_within_an_order_only(tmp_path):
    toml = layout(
        'fill_down = ["order_id", "created_at", "Note"]', HEADERS + 'title = ["Item"]\nseller_note = ["Note"]\n'
    )
    csv = "No,Day,Paid,Item,Note\n1,2026-11-09,30,a,x\n,,,b,\n2,2026-11-10,5,c,\n,,,d,\n"
    # several rows of one order are its lines; the money, which stands once an order, is the order's
    of_kind = {reading.kind: reading for reading in read(tmp_path, toml, csv) if reading.frame.height}
    lines, orders = of_kind["item_report"].frame, of_kind["order_report"].frame
    assert lines.select("order_id", "title", "seller_note").rows() == [
        ("1", "a", "x"), ("1", "b", "x"), ("2", "c", None), ("2", "d", None),
    ]  # fmt: skip
    assert lines["created_at"].dt.day().to_list() == [9, 9, 10, 10]
    assert [str(x) for x in orders["paid_net"]] == ["30.00", "5.00"]


SUMS = """
[layout.headers]
refund_id = ["Case"]
order_id = ["No"]
status = ["State"]
applied_at = ["Day"]
[layout.computed]
amount = { sum = ["Goods", "Freight"], where = { header = "State", matches = "成功" } }
"""


def test_a_sum_of_columns_where_a_state_says_so(tmp_path):
    csv = "Case,No,State,Day,Goods,Freight\n1,7,退款成功,2026-11-09,28.90,6\n2,8,退款成功,2026-11-09,5,-\n3,9,退款关闭,2026-11-09,9,9\n"
    [reading] = read(tmp_path, layout("", SUMS, kind="refund_report"), csv)
    assert [str(x) for x in reading.frame["amount"]] == ["34.90", "5.00", "None"]
    assert reading.frame["status"].to_list() == ["succeeded", "succeeded", "closed"]


def test_a_sum_with_an_unreadable_part_is_no_smaller_sum(tmp_path):
    csv = "Case,No,State,Day,Goods,Freight\n1,7,退款成功,2026-11-09,28.90,six\n"
    [reading] = read(tmp_path, layout("", SUMS, kind="refund_report"), csv)
    assert (reading.frame.height, reading.set_aside["reason"].to_list()) == (0, ["unreadable_value"])


def test_a_day_out_of_the_order_number(tmp_path):
    toml = layout(
        "",
        '[layout.headers]\norder_id = ["No"]\npaid_net = ["Paid"]\n[layout.computed]\n'
        'created_at = { join = ["No"], pattern = "^A(\\\\d{6})", dates = "%y%m%d" }\n',
    )
    [reading] = read(tmp_path, toml, "No,Paid\nA261109-77,5\n")
    assert reading.frame["created_at"].dt.strftime("%Y-%m-%d").to_list() == ["2026-11-09"]


THREE = """
[layout.headers]
order_id = ["Order"]
line_id = ["Line"]
paid_net = ["Amount"]
created_at = ["Date"]
[[layout.emit]]
kind = "order_report"
once_per = "Order"
[layout.emit.headers]
order_id = ["Order"]
created_at = ["Date"]
province = ["State"]
[[layout.emit]]
kind = "refund_report"
where = { header = "Status", matches = "Returned" }
[layout.emit.headers]
order_id = ["Order"]
line_id = ["Line"]
amount = ["Amount"]
[layout.emit.computed]
refund_id = { join = ["Line"] }
status = { constant = "succeeded" }
"""


def test_one_row_feeds_order_line_and_refund(tmp_path):
    csv = (
        "Order,Line,Status,Amount,Date,State\n"
        "7,71,Shipped,5,04-30-22,MAHARASHTRA\n7,72,Shipped - Returned to Seller,6,04-30-22,MAHARASHTRA\n"
    )
    items, orders, refunds = read(tmp_path, layout("", THREE, kind="item_report"), csv)
    assert items.frame["line_id"].to_list() == ["71", "72"]
    assert orders.frame.select("order_id", "province").rows() == [("7", "Maharashtra")]
    assert refunds.frame.select("refund_id", "line_id", "status").rows() == [("72", "72", "succeeded")]


def test_words_are_read_by_the_usual_map_where_the_layout_names_none(tmp_path):
    [reading] = read(tmp_path, layout("", HEADERS + 'status = ["S"]\n'), "No,Day,Paid,S\n1,2026-11-09,5,交易成功\n")
    assert reading.frame["status"].to_list() == ["finished"]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (layout('decimals = ","'), ["'decimals'", "thousands", "did you mean 'decimal'"]),
        (layout() + "[layout.computed]\npaid_at = { joined = ['x'] }", ["'joined'", "did you mean 'join'", "running"]),
        (layout('dates = ["%Q"]'), ["%Q", "date format"]),
        (layout('encoding = "utf-9"'), ["utf-9", "gb18030"]),
        (layout('currency = "RMB"'), ["RMB", "ISO 4217"]),
        (layout('zone = "Mars"'), ["Mars", "Asia/Shanghai"]),
        (layout('delimiter = "||"'), ["one character"]),
        (layout('set_aside = [{ header = "x", matches = "(?=a)", reason = "r" }]'), ["(?=a)", "look-ahead"]),
        (layout() + "[layout.computed]\npaid_at = { join = ['x'], pattern = '(' }", ["'('", "unclosed"]),
        (layout() + "[layout.values]\nstatus = 'm'\n[maps.m]\nexact = { a = 'finnished' }", ["finnished", "did you mean 'finished'"]),
        (layout() + "[layout.values]\ntitle = 'reason'", ["title", "takes no value map"]),
        ("[maps.m]\npatterns = [['(', 'paid']]", ["value map m", "pattern"]),
    ],
)  # fmt: skip
def test_a_wrong_key_or_value_names_what_is_valid(tmp_path, toml, said):
    (tmp_path / "own.toml").write_text(toml, "utf-8")
    with pytest.raises(SetupError) as caught:
        load_layouts([tmp_path / "own.toml"])
    assert [words for words in said if words not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (layout("", '[layout.headers]\ncreated_at = ["Day"]\npaid_net = ["Paid"]\n'), "without order_id"),
        (layout("", '[layout.headers]\norder_id = []\n'), "order_id has no header"),
        (layout("", '[layout.headers]\norder_id = [" "]\n'), "order_id has no header"),
        (layout("", '[layout.headers]\nconversation_id = ["c"]\n', kind="messages"), "without sent_at"),
        (layout().replace('name = "own"', 'name = " "'), "no name"),
        ("x = " + "[" * 9_000, "not valid TOML"),
    ],
)  # fmt: skip
def test_a_layout_whose_rows_would_be_one_is_refused(tmp_path, toml, said):
    (tmp_path / "own.toml").write_text(toml, "utf-8")
    with pytest.raises(SetupError, match=said):
        load_layouts([tmp_path / "own.toml"])


def test_a_rule_on_a_column_that_is_not_there_is_named(tmp_path):
    toml = layout('set_aside = [{ header = "Test?", matches = "yes", reason = "test" }]')
    [reading] = read(tmp_path, toml, "No,Day,Paid\n1,2026-11-09,5\n")
    assert [n for n in reading.notes if "idle_rules" in n and "Test?" in n]
