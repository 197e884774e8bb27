"""A layout drafted for an unknown file, and what a known one would be taken for."""

from __future__ import annotations

import subprocess
import sys

from test_importing import HEAD, order, shop, table

from aftersales.sources.drafting import draft
from aftersales.sources.layout import load_layouts
from aftersales.sources.preview import dry_run_lines
from aftersales.sources.read import read_export

SALES = (
    "Order Number;Order Date;Order Status;Customer;Product Name;Qty;Grand Total;Colour\n"
    "A1;28.09.2026 14:00;Shipped;Ann Example;Lamp;1;12,50;red\nA2;29.09.2026 09:00;Cancelled;Bob Example;Vase;2;1.234,00;blue\n"
)


def test_a_drafted_layout_reads_its_file(tmp_path):
    made = draft(SALES.encode(), file="sales.csv")
    (tmp_path / "sales.toml").write_text(made.toml(), "utf-8")
    [reading] = read_export("sales.csv", layouts=load_layouts([tmp_path / "sales.toml"]), content=SALES.encode())
    assert [str(x) for x in reading.frame["paid_net"]] == ["12.50", "1234.00"]
    assert reading.frame["status"].to_list()[0] == "shipped"
    assert made.ignored == ["Colour"]
    assert made.lacking == []


def test_what_names_do_not_tell_is_asked_or_guessed_by_values():
    csv = b"Ref,When,Worth\n100001,2026-11-09 10:00,12.50\n100002,2026-11-09 11:00,7.00\n"
    asked = []
    answers = {"order_id": "Ref", "created_at": "When", "paid_net": "Worth"}

    def ask(field, columns):
        asked.append(field)
        return answers[field]

    assert dict(draft(csv, file="x.csv", ask=ask).fields) == answers
    assert asked == ["order_id", "created_at", "paid_net"]
    assert dict(draft(csv, file="x.csv").fields) == answers


def test_the_command_prints_the_layout_and_hides_people(tmp_path):
    (tmp_path / "sales.csv").write_text(SALES, "utf-8")
    words = [
        sys.executable,
        "-m",
        "aftersales_app.cli",
        "layout",
        str(tmp_path / "sales.csv"),
        "--yes",
        "--language",
        "en",
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=200)
    assert (done.returncode, "[[layout]]" in done.stdout) == (0, True)
    assert "columns not read: Colour" in done.stderr
    assert "Ann Example" not in done.stdout + done.stderr


def test_a_dry_run_shows_and_writes_nothing(tmp_path):
    settings, one = shop(tmp_path, a=HEAD + order(1), b="甲,乙\n1,2\n")
    said = "\n".join(dry_run_lines(settings, one, [], []))
    assert "taobao_order_report" in said
    assert "105.00" in said
    assert "王小明" not in said
    assert "b.csv" in said
    assert not (tmp_path / "store" / "t").exists() or table(settings, "orders").is_empty()
