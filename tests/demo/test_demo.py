"""The made-up shops: the same seed gives the same bytes, the books balance, and what is said to be planted is there."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftersales.words.errors import UsageError
from aftersales_demo import ShopSpec, basic_spec, demo_spec, shop_tables, simulate_shop, write_demo
from aftersales_demo.complaints import complaints
from aftersales_demo.faults import matches
from aftersales_demo.moments import NEVER, day_weights
from aftersales_demo.order_file import order_report
from aftersales_demo.snapshot import seen_cases, seen_orders
from aftersales_demo.workbook import write_workbook

SEED, ORDERS, WEEKS = 7, 3_000, 30

# Copied from the real files' headers, not from the code under test.
T3 = (
    '"订单编号","买家会员名","买家支付宝账号","支付单号","支付详情","买家应付货款","买家应付邮费","买家支付积分","总金额","返点积分",'
    '"买家实际支付金额","买家实际支付积分","订单状态","买家留言","收货人姓名","收货地址 ","运送方式","联系电话 ","联系手机",'
    '"订单创建时间","订单付款时间 ","宝贝标题 ","宝贝种类 ","物流单号 ","物流公司","订单备注","宝贝总数量","店铺Id","店铺名称",'
    '"订单关闭原因","卖家服务费","买家服务费","发票抬头","是否手机订单","分阶段订单信息","特权订金订单id","是否上传合同照片",'
    '"是否上传小票","是否代付","定金排名","修改后的sku","修改后的收货地址","异常信息","天猫卡券抵扣","集分宝抵扣","是否是O2O交易",'
    '"新零售交易类型","新零售导购门店名称","新零售导购门店id","新零售发货门店名称","新零售发货门店id","退款金额","预约门店",'
    '"确认收货时间","打款商家金额","含应开票给个人的个人红包","是否信用购","体验期结束时间","前N有礼","配送类型","主订单编号"'
)
T6 = (
    "订单编号,退款编号,支付单号,订单付款时间,商品 id,商品编码,退款完结时间,买家实际支付金额,宝贝标题,买家退款金额,手工退款/系统退款,"
    "售后类型,退款的申请时间,超时时间,退款状态,货物状态,退货物流信息,发货物流信息,客服介入状态,卖家真实姓名,卖家退货地址,卖家手机,"
    "退货物流单号,退货物流公司,买家退款原因,买家退款说明,买家退货时间,责任方,售中或售后,备注标签,商家备注,完结时间,"
    "部分退款/全部退款,是否零秒响应,退款操作人,业务类型"
)
COMPLAINTS = (
    "投诉编号,订单编号,投诉时间,投诉类型,投诉渠道,投诉内容,买家诉求,诉求金额,商家首次响应时间,平台介入时间,举证截止时间,"
    "判责结果,责任方,完结时间,赔付金额,备注"
)


def written(folder: Path) -> dict:
    return write_demo(folder, seed=SEED, orders=ORDERS, weeks=WEEKS)


def quoted_rows(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("gb18030").replace('="', '"')
    return list(csv.DictReader(io.StringIO(text)))


def sheet(path: Path) -> pl.DataFrame:
    return pl.read_excel(path, infer_schema_length=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("demo")
    written(place)
    return place


@pytest.fixture(scope="module")
def orders(folder):
    """Each order as the latest file has it."""
    files = sorted((folder / "yunqi").glob("ExportOrderList*.csv"))
    return {row["订单编号"]: row for file in files for row in quoted_rows(file)}


@pytest.fixture(scope="module")
def told(folder):
    return json.loads((folder / "yunqi" / "planted.json").read_text("utf-8"))


def fingerprints(place: Path) -> dict[str, str]:
    files = sorted(p for p in place.rglob("*") if p.is_file())
    return {str(p.relative_to(place)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder, tmp_path):
    again = tmp_path / "again"
    written(again)
    assert fingerprints(again) == fingerprints(folder)
    other = tmp_path / "other"
    write_demo(other, seed=SEED + 1, orders=ORDERS, weeks=WEEKS)
    assert fingerprints(other) != fingerprints(folder)


def test_headers_are_those_of_the_real_files_to_the_letter(folder):
    first = sorted((folder / "yunqi").glob("ExportOrderList*.csv"))[0]
    assert first.read_bytes().split(b"\r\n", 1)[0].decode("gb18030") == T3
    report = sorted((folder / "basic").glob("退款报表*.xlsx"))[0]
    assert sheet(report).columns == T6.split(",")
    assert (folder / "yunqi" / "投诉登记.csv").read_text("utf-8").splitlines()[0] == COMPLAINTS


def test_the_rich_shop_has_every_kind_of_file_and_the_poor_one_three_reports(folder):
    names = {p.name.split("2")[0] for p in (folder / "yunqi").iterdir()}
    assert {"ExportOrderList", "ExportItemlList", "退款报表", "投诉登记.csv", "聊天记录.csv", "物流轨迹.csv", "证据清单.csv",
            "商品资料.csv", "决定登记.csv", "生意参谋_店铺日报.csv", "千牛动账明细.csv", "evidence"} <= names  # fmt: skip
    names = {p.name.split("2")[0] for p in (folder / "basic").iterdir()}
    assert names == {"ExportOrderList", "ExportItemlList", "退款报表", "planted.json"}


def test_ids_stand_guarded_and_telephones_with_an_apostrophe(folder):
    text = sorted((folder / "yunqi").glob("ExportOrderList*.csv"))[0].read_bytes().decode("gb18030")
    first = text.split("\r\n")[1]
    assert first.startswith('="')
    assert ",\"'154" in first


def test_the_poor_shop_shows_nobody(folder):
    rows = quoted_rows(sorted((folder / "basic").glob("ExportOrderList*.csv"))[0])
    assert all(row["买家会员名"].endswith("**") and len(row["买家会员名"]) == 3 for row in rows)
    assert all(row["收货人姓名"].endswith("**") for row in rows)
    assert all(row["联系手机"][3:7] == "****" for row in rows)
    assert all(row["收货地址"].endswith(" ****") for row in rows)


def test_exports_overlap_and_orders_move_on_between_them(folder):
    seen: dict[str, list[str]] = {}
    for file in sorted((folder / "yunqi").glob("ExportOrderList*.csv")):
        for row in quoted_rows(file):
            seen.setdefault(row["订单编号"], []).append(row["订单状态"])
    twice = [states for states in seen.values() if len(states) == 2]
    assert any(states[0] == "卖家已发货，等待买家确认" and states[1] == "交易成功" for states in twice)
    final = {"交易成功", "交易关闭"}
    assert not any(states[0] in final and states[1] not in final for states in twice)


def test_refunds_never_exceed_what_was_paid(orders, folder):
    for row in orders.values():
        refunded, total = float(row["退款金额"]), float(row["总金额"])
        assert 0 <= refunded <= total + 1e-9
        # this report's "actually paid" is net of refunds
        paid = total if row["订单付款时间 "] else 0.0
        assert float(row["买家实际支付金额"]) == pytest.approx(paid - refunded)


def test_a_closed_order_was_never_paid_or_given_back_in_full(orders):
    for row in orders.values():
        if row["订单状态"] == "交易关闭" and row["订单付款时间 "]:
            # goods sent back after receipt do not bring the shipping fee back
            assert float(row["买家实际支付金额"]) in (0, float(row["买家应付邮费"]))
        if row["订单关闭原因"] == "订单未关闭":
            assert row["订单状态"] != "交易关闭"


def test_every_planted_id_stands_in_the_files(folder, orders, told):
    nicks = {row["买家会员名"] for row in orders.values()}
    groups = [group for part in ("abuse", "innocent") for kind in told[part].values() for group in kind]
    assert groups
    for group in groups:
        assert set(group["orders"]) <= set(orders)
        assert set(group["buyers"]) <= nicks
        assert {orders[o]["买家会员名"] for o in group["orders"]} == set(group["buyers"])
    filed = {
        r["投诉编号"]: r["订单编号"] for r in csv.DictReader((folder / "yunqi" / "投诉登记.csv").open(encoding="utf-8"))
    }
    assert told["complaints"]
    assert all(filed[c["complaint_id"]] == c["order_id"] for c in told["complaints"])
    batches = {r["批次"] for r in csv.DictReader((folder / "yunqi" / "商品资料.csv").open(encoding="utf-8"))}
    assert {f["batch"] for f in told["faults"] if "batch" in f} <= batches
    decided = {r["决定编号"] for r in csv.DictReader((folder / "yunqi" / "决定登记.csv").open(encoding="utf-8"))}
    assert {d["decision_id"] for d in told["decisions"]} == decided


def test_planted_nicks_are_nobody_elses(told, orders):
    planted = {n for part in ("abuse", "innocent") for kind in told[part].values() for g in kind for n in g["buyers"]}
    labelled = {o for part in ("abuse", "innocent") for kind in told[part].values() for g in kind for o in g["orders"]}
    assert {row["订单编号"] for row in orders.values() if row["买家会员名"] in planted} == labelled


def test_malicious_complaints_contradict_the_records(folder, told):
    parcels: dict[str, dict[str, str]] = {}
    for row in csv.DictReader((folder / "yunqi" / "物流轨迹.csv").open(encoding="utf-8")):
        parcels.setdefault(row["物流单号"], {}).setdefault(row["事件"], row["时间"])
    items = sheet(sorted((folder / "yunqi").glob("ExportItemlList*.xlsx"))[-1])
    by_order = {row["主订单编号"]: row for row in items.iter_rows(named=True)}
    filed = {r["投诉编号"]: r for r in csv.DictReader((folder / "yunqi" / "投诉登记.csv").open(encoding="utf-8"))}
    checked = 0
    for complaint in told["complaints"]:
        row, item = filed[complaint["complaint_id"]], by_order[complaint["order_id"]]
        trace = parcels[item["物流单号"]]
        if complaint["pattern"] == "not_received_but_signed":
            assert trace["签收"] < row["投诉时间"]
        elif complaint["pattern"] == "late_claim_against_first_scan":
            assert trace["揽收"] < item["应发货时间"]
        elif complaint["pattern"] == "quality_before_receipt":
            assert trace.get("签收", "9999") > row["投诉时间"]
        else:
            continue
        checked += 1
    assert checked >= 5


def test_open_cases_have_their_deadlines_ahead_and_finished_ones_none(folder):
    cases = sheet(sorted((folder / "yunqi").glob("退款报表*.xlsx"))[-1])
    still = cases.filter(~pl.col("退款状态").is_in(["退款成功", "退款关闭"]))
    assert len(still) > 0
    assert still["超时时间"].min() > "2026-11-23"
    assert (
        cases.filter(pl.col("退款状态") == "退款成功")["超时时间"].null_count()
        == (cases["退款状态"] == "退款成功").sum()
    )


def test_nothing_of_the_future_is_written(folder):
    now = "2026-11-23 00:00:00"
    for shop in ("yunqi", "basic"):
        cases = pl.concat([sheet(p) for p in (folder / shop).glob("退款报表*.xlsx")], how="vertical_relaxed")
        for column in ("退款的申请时间", "退款完结时间", "买家退货时间"):
            assert cases[column].drop_nulls().max() < now
        for file in (folder / shop).glob("ExportOrderList*.csv"):
            for row in quoted_rows(file):
                assert max(row["订单创建时间"], row.get("确认收货时间", "")) < now


def test_tables_hold_what_the_schemas_ask_and_the_money_of_the_files(orders):
    shop = simulate_shop(demo_spec(orders=ORDERS, weeks=WEEKS), seed=SEED)
    tables = shop_tables(shop)
    assert set(tables["orders"]["order_id"]) == set(orders)
    paid = float(tables["orders"]["paid"].sum())
    assert paid == pytest.approx(sum(float(r["总金额"]) for r in orders.values() if r["订单付款时间 "]))
    refunded = (
        tables["refunds"].filter(pl.col("status") == "succeeded").group_by("order_id").agg(pl.col("amount").sum())
    )
    by_order = tables["orders"].group_by("order_id").agg(pl.col("paid").sum())
    assert refunded.join(by_order, on="order_id").filter(pl.col("amount") > pl.col("paid")).is_empty()


def test_the_reader_takes_every_row_of_every_file(folder):
    read = pytest.importorskip("aftersales.sources.read", reason="the reader of export files is not there")
    for file in sorted(p for shop in ("yunqi", "basic") for p in (folder / shop).glob("*.*") if p.suffix != ".json"):
        for reading in read.read_export(file):
            assert reading.rows_read > 0, file.name
            assert reading.set_aside.is_empty(), file.name


def test_faults_can_be_switched_off_and_on_they_show():
    counts = {}
    for faults in (False, True):
        shop = simulate_shop(ShopSpec(orders=20_000, weeks=40, faults=faults, abuse=False, innocents=False), seed=3)
        lines = shop.lines.hstack(shop.orders["courier", "province", "shipped"][shop.lines["order"]])
        asked = pl.Series(np.isin(np.arange(len(lines)), shop.cases["line"].to_numpy()))
        courier = (pl.col("courier") == "申通快递") & (pl.col("province") == "河南省") & (pl.col("shipped") < NEVER)
        late = pl.col("shipped") >= shop.now - 28 * 86_400
        counts[faults] = lines.with_columns(asked=asked).filter(courier & late)["asked"].mean()
        assert bool(shop.faults) is faults
    assert counts[True] > 2 * counts[False]


def test_without_abuse_and_innocents_nobody_is_labelled():
    spec = ShopSpec(orders=500, weeks=20, faults=False, abuse=False, innocents=False, complaints=False)
    shop = simulate_shop(spec, seed=1)
    assert len(shop.orders) == 500
    assert shop.orders["label"].null_count() == 500
    assert complaints(shop).is_empty()


def test_refund_rates_lie_where_such_shops_have_them():
    home = simulate_shop(ShopSpec(orders=20_000, faults=False, abuse=False), seed=5)
    women = simulate_shop(basic_spec(), seed=5)
    rates = [s.cases["order"].n_unique() / (~s.orders["unpaid"]).sum() for s in (home, women)]
    assert 0.08 < rates[0] < 0.12
    assert 0.53 < rates[1] < 0.63


def test_sales_days_and_spring_festival_shape_the_days():
    spec = demo_spec()
    weights = dict(zip(pl.date_range(spec.first_day, spec.last_day, eager=True), day_weights(spec), strict=True))
    assert weights[date(2025, 11, 11)] > 4 * weights[date(2025, 11, 18)]
    assert weights[date(2026, 6, 18)] > 3 * weights[date(2026, 6, 25)]
    assert weights[date(2026, 2, 17)] < 0.25 * weights[date(2026, 3, 17)]


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), orders=st.integers(50, 800))
def test_every_shop_keeps_its_order_in_time(seed, orders):
    shop = simulate_shop(ShopSpec(orders=orders, weeks=20), seed=seed)
    o = shop.orders
    assert o["order_id"].n_unique() == len(o)
    assert shop.lines["line_id"].n_unique() == len(shop.lines)
    assert shop.cases["refund_id"].n_unique() == len(shop.cases)
    paid = o.filter(~pl.col("unpaid"))
    assert (paid["paid"] > paid["created"]).all()
    assert ((paid["shipped"] == NEVER) | (paid["shipped"] > paid["paid"])).all()
    assert ((paid["delivered"] == NEVER) | (paid["delivered"] > paid["scanned"])).all()
    assert ((paid["confirmed"] == NEVER) | (paid["confirmed"] > paid["delivered"])).all()
    assert (shop.cases["ended"] > shop.cases["applied"]).all()
    assert (shop.cases["applied"] > o["paid"].gather(shop.cases["order"])).all()
    at = seen_cases(shop, since=0, at=shop.now)
    assert ((at["deadline"] == NEVER) | (at["deadline"] > shop.now)).all()


@given(first=st.integers(30, 200))
@settings(max_examples=10)
def test_a_report_shows_only_what_had_happened_by_then(first):
    shop = simulate_shop(ShopSpec(orders=400, weeks=30), seed=2)
    at = shop.now - first * 86_400
    rows = order_report(shop, seen_orders(shop, since=0, at=at), at=at)
    moment = str(pl.select(pl.from_epoch(pl.lit(at))).item())
    for column in ("订单创建时间", "订单付款时间 ", "确认收货时间"):
        assert (rows[column].max() or "") <= moment


def test_fault_reaches_only_its_own_days_and_places():
    shop = simulate_shop(ShopSpec(orders=5_000, weeks=60), seed=4)
    lines = shop.lines.hstack(shop.orders["courier", "province", "shipped"][shop.lines["order"]])
    bad = next(f for f in shop.faults if f.kind == "bad_batch")
    hit = lines.filter(matches(bad))
    assert len(hit) > 0
    assert set(hit["sku"]) == {bad.sku}
    days = pl.from_epoch(hit["shipped"]).dt.date()
    assert bad.since <= days.min() <= days.max() <= bad.until


@given(
    st.lists(st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1), min_size=1)
)
@settings(max_examples=30)
def test_workbooks_give_back_every_text(texts):
    rows = pl.DataFrame({f"c{i}": [t, None] for i, t in enumerate(texts[:40])})
    with TemporaryDirectory() as place:
        path = Path(place) / "book.xlsx"
        write_workbook(rows, path, sheet="页")
        assert sheet(path).row(0) == rows.row(0)


def test_a_shop_too_young_for_its_plants_is_refused():
    with pytest.raises(UsageError, match="at least"):
        simulate_shop(ShopSpec(weeks=4), seed=1)
