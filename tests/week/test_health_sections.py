"""The pages on the data and the tour: every row stands in the account, no person on the page, every command runs."""

from __future__ import annotations

import inspect
import re
from datetime import date, timedelta

import nbformat
import polars as pl
import pytest

import aftersales as asa
from aftersales.sources.importing import import_files, undo_import
from aftersales.sources.recording import record
from aftersales.sources.settings import load_settings
from aftersales.week.health_results import ACTIONS
from aftersales.week.result import Result
from aftersales.week.sections import start_here
from aftersales.week.sections.data_health import DataHealth
from aftersales.words.language import catalogue
from aftersales_app.erasure import run_erase

HEAD = "订单编号,买家会员名,总金额,买家应付货款,买家实际支付金额,订单状态,收货人姓名,收货地址 ,联系手机,订单创建时间,订单付款时间 ,退款金额\n"
REFUNDS = "订单编号,退款编号,订单付款时间,买家实际支付金额,宝贝标题,买家退款金额,退款的申请时间,退款状态,买家退款原因\n"
TRAFFIC = "统计日期,访客数,支付买家数,体验分\n"
NAME, PHONE = "王小明", "13900001111"
FIRST, DAYS, HOLE = date(2026, 9, 1), 63, range(30, 33)


def order(number, day, *, total="105.00"):
    at = f"{day} 10:00:00"
    return f"{3515313000000000000 + number},tb_{number},{total},105.00,105.00,交易成功,{NAME},浙江省 杭州市 西湖区 文三路1号,{PHONE},{at},{at},0.00\n"


def order_report(days, *, a_day=12):
    return HEAD + "".join(order(a_day * n + k, FIRST + timedelta(days=n)) for n in days for k in range(a_day))


def made(folder, files):
    (folder / "in").mkdir(parents=True)
    for name, text in files.items():
        (folder / "in" / f"{name}.csv").write_text(text, "utf-8")
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "t"\nname = "测试店"\nlanguage = ["zh", "en"]\nexports = "in"\n',
        "utf-8",
    )
    settings = load_settings(folder / "shops.toml")
    assert not import_files(settings, settings.shop("t")).failed
    return settings


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A shop that has an order report and nothing else, with three days missing."""
    folder = tmp_path_factory.mktemp("plain")
    made(folder, {"orders": order_report(n for n in range(DAYS) if n not in HOLE)})
    return str(folder / "shops.toml")


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """A shop with rows that cannot be taken, overlapping exports, a refund of an unknown order, two days of traffic gone."""
    folder = tmp_path_factory.mktemp("faulty")
    bad = order(9001, FIRST).replace("3515313000000009001", "3.51531E+18") + order(9002, FIRST, total="abc")
    traffic = [f"{FIRST + timedelta(days=n)},900,12,4.8\n" for n in range(DAYS) if n not in (40, 41)]
    made(
        folder,
        {
            "orders": order_report(range(DAYS)) + bad,
            "again": order_report(range(10)),
            "refunds": REFUNDS + f"99,1,{FIRST} 10:00:00,105.00,枕头,105.00,{FIRST} 12:00:00,退款成功,质量问题\n",
            "traffic": TRAFFIC + "".join(traffic),
        },
    )
    return str(folder / "shops.toml")


def sections(module):
    found = inspect.getmembers(module, inspect.isfunction)
    return [f for n, f in found if f.__module__ == module.__name__ and not n.startswith("_")]


_NO_SECTIONS = {*dir(Result), "table", "back"} - {"answer"}
HEALTH = [n for n in vars(DataHealth) if not n.startswith("_") and n not in _NO_SECTIONS]
ALL = [*sections(start_here), *(lambda report, name=name: getattr(DataHealth(report), name)() for name in HEALTH)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("section", ALL, ids=[*(f.__name__ for f in sections(start_here)), *HEALTH])
def test_every_section_shows_something_and_no_person(plain, faulty, section, language):
    for config in (plain, faulty):
        html = section(asa.open("t", language=language, config=config)).html()
        assert re.sub(r"<[^>]+>", "", html).strip()
        assert NAME not in html
        assert PHONE not in html
        assert "None" not in html


def test_notebooks_show_every_section_once(root):
    for stem, called, names in (
        ("00-start-here", r"asa\.start_here\.(\w+)\(report[,)]", [f.__name__ for f in sections(start_here)]),
        ("01-data-health", r"(?<=health\.)(\w+)\(\)", HEALTH),
    ):
        book = nbformat.read(root / "notebooks" / f"{stem}.ipynb", 4)
        assert sorted(re.findall(called, str([c.source for c in book.cells]))) == sorted(names)


def test_the_account_adds_up_and_its_first_row_is_the_sum_of_the_others(faulty):
    report = asa.open("t", config=faulty)
    rows = DataHealth(report).account().frame
    whole, kinds = rows.head(1), rows.slice(1)
    for name in ("files", "rows_read", "rows_taken", "rows_merged", "rows_set_aside"):
        assert whole[name][0] == kinds[name].sum()
    assert whole["rows_read"][0] == whole["rows_taken"][0] + whole["rows_merged"][0] + whole["rows_set_aside"][0]
    assert whole["rows_merged"][0] == 120
    assert report.data.rows_by_origin["rows"].sum() == whole["rows_taken"][0] + whole["rows_merged"][0]


def test_each_reason_is_counted_with_an_example_that_is_one_of_its_rows(faulty):
    report = asa.open("t", config=faulty)
    found = report.data.aside_reasons
    assert found["rows"].sum() == report.data.files_account["rows_set_aside"].sum() == 2
    assert set(found["file"]) == {"orders.csv"}
    assert found["row"].min() > 12 * DAYS


def test_the_answer_says_lost_only_what_was(plain, faulty):
    assert DataHealth(asa.open("t", language="en", config=plain)).answer().headline.startswith("No rows lost")
    assert (
        DataHealth(asa.open("t", language="en", config=faulty)).answer().headline.startswith("2 rows were not loaded")
    )


def test_missing_days_are_those_left_out(plain, faulty):
    hole = [FIRST + timedelta(days=n) for n in HOLE]
    days = asa.open("t", config=plain).data.covered_days
    assert days.filter(~pl.col("covered"))["day"].to_list() == hole
    assert days["kind"].unique().to_list() == ["orders"]
    lacking = asa.open("t", config=faulty).data.other_gaps
    assert lacking.filter(kind="traffic").select("days", "first_day").row(0) == (2, FIRST + timedelta(days=40))
    assert "orders" not in lacking["kind"]


def test_a_gap_of_orders_is_told_once(plain):
    told = DataHealth(asa.open("t", language="en", config=plain)).costs().frame["lacks"].to_list()
    assert sum("No orders from" in t for t in told) == 1
    assert not any("orders: " in t for t in told)
    assert len(set(told)) == len(told)


def test_a_refund_whose_order_is_not_there_is_shown(faulty):
    rows = DataHealth(asa.open("t", config=faulty)).unknown_orders().frame
    assert rows.filter(table="refunds").select("rows", "unknown", "share_unknown").row(0) == (1, 1, 1.0)


def test_shares_of_buyers_add_up(plain):
    assert DataHealth(asa.open("t", config=plain)).buyers().frame["share"].sum() == pytest.approx(1)


def test_a_file_read_again_after_its_correction_is_set_aside_no_more(tmp_path):
    bad = order(9001, FIRST).replace("3515313000000009001", "3.51531E+18")
    settings = made(tmp_path, {"orders": order_report(range(14)) + bad})
    config = str(tmp_path / "shops.toml")
    assert asa.open("t", config=config).data.aside_reasons["rows"].sum() == 1
    (tmp_path / "in" / "orders.csv").write_text(order_report(range(14)) + order(9001, FIRST), "utf-8")
    import_files(settings, settings.shop("t"))
    assert asa.open("t", config=config).data.aside_reasons.is_empty()
    undo_import(settings, settings.shop("t"))
    report = asa.open("t", config=config)
    assert report.data.imports["action"].to_list()[:2] == ["undo", "import"]
    assert report.data.aside_reasons["rows"].sum() == 1


def test_every_verb_that_writes_has_a_word_and_an_unknown_one_a_plain_one(tmp_path, root):
    settings = made(tmp_path, {"orders": order_report(range(14))})
    entry = pl.DataFrame({"decision_id": ["d1"]})
    for action in ("decide x", "case y won"):
        record(settings, settings.shop("t"), "decisions", entry, action=action)
    bought = asa.open("t", config=str(tmp_path / "shops.toml")).data.tables["orders"].collect()["order_id"][0]
    run_erase(settings, "t", orders=[bought], sure=True)
    record(settings, settings.shop("t"), "decisions", entry, action="fold 7")
    report = asa.open("t", config=str(tmp_path / "shops.toml"))
    assert report.data.imports["action"].to_list() == ["other", "erase"]  # erasing takes older states along
    assert "其他改动" in DataHealth(report).imports().html()
    assert all(f"data_health.action.{action}" in catalogue() for action in (*ACTIONS, "other"))
    code = "".join(file.read_text("utf-8") for file in (root / "lib").rglob("*.py"))
    assert set(re.findall(r'action=f?"(\w+)', code)) <= set(ACTIONS)


def commands(report):
    tables = (start_here.switching, start_here.own_files, start_here.own_cells)
    shown = [*(make(report) for make in tables), DataHealth(report).commands()]
    return [c for table in shown for c in table.frame["command"]]


def test_every_command_shown_is_one_that_the_program_knows(plain):
    import click
    from typer.main import get_command

    from aftersales_app.cli import app

    program = get_command(app)
    for line in commands(asa.open("t", config=plain)):
        if not line.startswith("aftersales "):
            continue
        _, verb, *rest = line.split()
        command = program.get_command(click.Context(program), verb)
        assert command is not None, line
        known = {o for p in command.params for o in p.opts}
        assert {r for r in rest if r.startswith("--")} <= known, line


def test_every_cell_shown_runs(plain, monkeypatch):
    monkeypatch.setenv("AFTERSALES_CONFIG", plain)
    report = asa.open("t")
    for line in commands(report):
        if not line.startswith("aftersales "):
            code = re.sub(r"^\w+ = ", "", line)
            assert eval(code, {"asa": asa, "report": report, "shop": report}) is not None


def test_the_tour_says_which_files_the_shop_has(plain, faulty):
    def held(config):
        frame = start_here.exports(asa.open("t", language="en", config=config)).frame
        return set(frame.filter(tone="good")["title"])

    assert held(plain) == {"Order report"}
    assert held(faulty) == {"Order report", "Refund report", "Daily traffic"}


def test_the_tour_leads_to_the_data_where_they_have_a_gap(plain):
    report = asa.open("t", language="en", config=plain)
    steps = start_here.steps(report).frame
    assert set(steps["page"]) == {"Data health"}
    state = start_here.pages(report).frame.filter(title="Data health").row(0, named=True)
    assert state["tone"] == "signal"
    assert state["now"].startswith(str(steps.height))
    assert start_here.steps(report, most=1).frame.height == 1 < steps.height


def test_the_days_of_orders_that_are_missing_are_those_the_findings_tell(plain, faulty):
    for config in (plain, faulty):
        data = asa.open("t", config=config).data
        told = [f.table for f in data.data_findings if f.kind in ("gap", "gap_day")]
        lacking = data.covered_days.filter(~pl.col("covered"), kind="orders")
        assert lacking.height == sum(t["days"].sum() for t in told)
