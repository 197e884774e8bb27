"""Built-in layouts of platforms other than Taobao, on made-up files under the platforms' real headers."""

from __future__ import annotations

import csv
import io

import polars as pl
import pytest

from aftersales.sources.layout import load_layouts
from aftersales.sources.read import read_export
from aftersales.sources.reading import Reading

INDIA = (
    "index,Order ID,Date,Status,Fulfilment,Sales Channel ,ship-service-level,Style,SKU,Category,Size,ASIN,"
    "Courier Status,Qty,currency,Amount,ship-city,ship-state,ship-postal-code,ship-country,promotion-ids,B2B,"
    "fulfilled-by,Unnamed: 22"
)
SHOPIFY = "Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Total,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Shipping Province,Refunded Amount,Source"
DOUYIN = "主订单编号,子订单编号,选购商品,商品规格,商品数量,商家编码,订单应付金额,运费,省,订单提交时间,订单完成时间,支付完成时间,订单状态,售后状态,取消原因,发货时间"
PINDUODUO = "商品,订单号,订单状态,商品总价(元),邮费(元),用户实付金额(元),商家实收金额(元),商品数量(件),省,市,支付时间,发货时间,确认收货时间,商品id,商品规格,售后状态,快递单号,快递公司,订单成交时间"
JD = "订单号,商品ID,商品名称,订购数量,支付方式,下单时间,京东价,订单金额,结算金额,余额支付,应付金额,订单状态,订单类型,下单帐号,客户姓名,客户地址,联系电话,订单备注,运费金额,付款确认时间,货号,订单完成时间"
KUAISHOU = "订单编号,订单状态,订单创建时间,商品ID,商品名称,买家ID,买家昵称,售后单号,售后状态,售后申请时间,售后类型,售后原因,申请描述,商家实收金额,退款金额,退货物流单号,售后完结时间,是否ATOM处理"
FBA = "return-date,order-id,sku,asin,fnsku,product-name,quantity,fulfillment-center-id,detailed-disposition,reason,status,license-plate-number,customer-comments"
WOO = "Order Number,Order Status,Order Date,Customer Note,Email (Billing),State Code (Shipping),SKU,Name,Quantity (- Refund),Item Cost,Order Subtotal Amount,Order Shipping Amount,Order Refund Amount,Order Total Amount,Order Total Tax Amount"
LAZADA = "orderItemId,orderType,lazadaId,sellerSku,lazadaSku,wareHouse,createTime,updateTime,orderNumber,deliveredDate,customerName,shippingRegion,payMethod,paidPrice,unitPrice,sellerDiscountTotal,shippingFee,itemName,variation,shippingProvider,trackingCode,status,refundAmount"


def read(header: str, rows: list[dict[str, object]], *, currency: str, zone: str, mark: str = ",") -> list[Reading]:
    """Rows by header, the rest empty, written as the platform writes them and read by the layouts of the package."""
    text = io.StringIO()
    writer = csv.DictWriter(text, header.split(","), restval="", delimiter=mark)
    writer.writeheader()
    writer.writerows(rows)
    name = "file.csv" if mark == "," else "file.txt"
    return read_export(name, layouts=load_layouts(), currency=currency, zone=zone, content=text.getvalue().encode())


def frame(readings: list[Reading], kind: str) -> pl.DataFrame:
    return pl.concat([r.frame for r in readings if r.kind == kind])


def test_amazon_india_gives_lines_states_and_refunds_by_status():
    states = {
        "Shipped - Delivered to Buyer": ("finished", "none", None),
        "Shipped - Returned to Seller": ("closed_refunded", "succeeded", 649),
        "Shipped - Returning to Seller": ("shipped", "returned", 649),
        "Shipped - Lost in Transit": ("shipped", "unknown", None),
        "Cancelled": ("closed_unpaid", "none", None),
        "Pending": ("unpaid", "none", None),
    }
    rows = [
        {"index": i, "Order ID": f"405-000000{i}-0000000", "Date": "04-30-22", "Status": status, "SKU": "JNE1",
         "ASIN": "B0MADEUP01", "Qty": 1, "currency": "INR", "Amount": "649.0", "ship-state": "MAHARASHTRA"}
        for i, status in enumerate(states)
    ]  # fmt: skip
    readings = read(INDIA, rows, currency="INR", zone="Asia/Kolkata")
    lines, orders = frame(readings, "item_report"), frame(readings, "order_report")
    assert lines.select("status", "refund_status", "refunded").rows() == list(states.values())
    assert [f"{at:%Y-%m-%d}" for at in lines["created_at"]] == ["2022-04-30"] * 6
    assert orders["province"].to_list() == ["Maharashtra"] * 6
    assert sum(r.rows_read for r in readings) == 6


def test_shopify_is_net_of_refunds_and_an_order_is_paid_once():
    first = {"Name": "#1", "Currency": "USD", "Created at": "2026-09-28 05:00:00 -0700", "Lineitem name": "Cup",
             "Financial Status": "partially_refunded", "Paid at": "2026-09-28 05:00:00 -0700", "Subtotal": "90",
             "Shipping": "10", "Total": "100", "Refunded Amount": "30", "Shipping Province": "CA"}  # fmt: skip
    second = {"Name": "#1", "Created at": "2026-09-28 05:00:00 -0700", "Lineitem name": "Pot"}
    voided = first | {"Name": "#2", "Financial Status": "voided", "Paid at": "", "Refunded Amount": "0"}
    readings = read(SHOPIFY, [first, second, voided], currency="USD", zone="America/Los_Angeles")
    orders = frame(readings, "order_report").sort("order_id")
    assert orders["paid_net"].to_list() == [70, None]
    assert orders["status"].to_list() == ["finished", "closed_unpaid"]
    assert frame(readings, "item_report").height == 2
    assert f"{orders['created_at'][0]:%Y-%m-%d %H:%M}" == "2026-09-28 05:00"


def test_douyin_counts_as_paid_what_has_a_time_of_payment():
    base = {
        "选购商品": "杯",
        "商品数量": 1,
        "订单应付金额": "28.90",
        "省": "广东省",
        "订单提交时间": "2026-09-22 00:54:10",
    }
    rows = [
        base | {"主订单编号": "\t69179", "子订单编号": "\t69179", "支付完成时间": "2026-09-22 00:55:00", "订单状态": "已完成", "售后状态": "-"},
        base | {"主订单编号": "\t69180", "子订单编号": "\t69180", "支付完成时间": "-", "订单状态": "已关闭", "售后状态": "-"},
        base | {"主订单编号": "\t69181", "子订单编号": "\t69181", "支付完成时间": "2026-09-22 00:55:00", "订单状态": "已关闭", "售后状态": "同意退款，退款成功"},
    ]  # fmt: skip
    readings = read(DOUYIN, rows, currency="CNY", zone="Asia/Shanghai")
    lines = frame(readings, "item_report")
    assert lines["status"].to_list() == ["finished", "closed_unpaid", "closed_refunded"]
    assert lines["refund_status"].to_list() == ["none", "none", "succeeded"]
    assert [None if v is None else float(v) for v in lines["paid_net"]] == [28.9, None, 28.9]
    assert set(frame(readings, "order_report")["province"]) == {"广东省"}


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("未发货，退款成功", "closed_refunded"),
        ("已收货", "finished"),
        ("待发货", "paid"),
        ("已发货，待签收", "shipped"),
    ],
)
def test_pinduoduo_states(word: str, meant: str):
    row = {"商品": "杯", "订单号": "260922-000000000000001", "订单状态": word, "用户实付金额(元)": "12.50", "省": "浙江省",
           "支付时间": "2026-09-22 10:00:00", "售后状态": "无售后或售后取消", "商品id": "5"}  # fmt: skip
    [line] = frame(read(PINDUODUO, [row], currency="CNY", zone="Asia/Shanghai"), "item_report").to_dicts()
    assert (line["status"], float(line["paid_net"]), line["refund_status"]) == (meant, 12.5, "none")


def test_jd_kuaishou_amazon_returns_woocommerce_and_lazada_are_known_by_their_headers():
    jd = {"订单号": "1", "商品名称": "杯", "下单时间": "2026-09-22 10:00:00", "京东价": "60", "订单金额": "60", "结算金额": "50",
          "余额支付": "10", "应付金额": "40", "订单状态": "完成", "付款确认时间": "2026-09-22 10:01:00"}  # fmt: skip
    [order] = frame(read(JD, [jd], currency="CNY", zone="Asia/Shanghai"), "order_report").to_dicts()
    assert (order["status"], float(order["paid_net"])) == ("finished", 50)
    ks = {
        "订单编号": "1",
        "售后单号": "9",
        "售后状态": "售后成功",
        "售后申请时间": "2026-09-22 10:00:00",
        "退款金额": "5",
    }
    [case] = frame(read(KUAISHOU, [ks], currency="CNY", zone="Asia/Shanghai"), "refund_report").to_dicts()
    assert (case["status"], float(case["amount"])) == ("succeeded", 5)
    back = {"return-date": "2026-09-22T10:00:00+00:00", "order-id": "304-1", "sku": "K", "reason": "APPAREL_TOO_SMALL",
            "status": "Unit returned to inventory", "customer-comments": 'says "tight"'}  # fmt: skip
    [case] = frame(read(FBA, [back], currency="EUR", zone="Europe/Berlin", mark="\t"), "refund_report").to_dicts()
    assert (case["status"], case["reason"], case["amount"]) == ("succeeded", "size", None)
    woo = {"Order Number": "7", "Order Status": "Refunded", "Order Date": "2026-09-22 10:00", "Name": "Cup",
           "Order Total Amount": "20", "Order Refund Amount": "20"}  # fmt: skip
    [order] = frame(read(WOO, [woo], currency="USD", zone="America/New_York"), "order_report").to_dicts()
    assert (order["status"], float(order["paid_net"])) == ("closed_refunded", 0)
    laz = {"orderItemId": "1", "orderNumber": "2", "createTime": "28 Sep 2026 14:00", "paidPrice": "10", "unitPrice": "12",
           "itemName": "Cup", "status": "delivered", "shippingRegion": "Selangor"}  # fmt: skip
    readings = read(LAZADA, [laz], currency="MYR", zone="Asia/Kuala_Lumpur")
    [line] = frame(readings, "item_report").to_dicts()
    assert (line["status"], float(line["paid_net"]), f"{line['created_at']:%m-%d %H}") == ("finished", 10, "09-28 14")
    assert frame(readings, "order_report")["province"].to_list() == ["Selangor"]
