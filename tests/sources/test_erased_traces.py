"""A buyer who left traces beside the orders (talk without an order, a parcel sent back, rows set aside) is erased whole."""

from __future__ import annotations

import json

import polars as pl
import pytest
from exported import MONEY_LOG, ORDER, REFUND, T1, T4, TEMPLATES, table

from aftersales.sources.identity import installation_key, keyed_hash
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales.words.errors import UsageError
from aftersales_app.erasure import quotes, run_erase

ORDER_ID, NICK, BROWSER = "351531300001", "星陨紫荆客", "只聊不买客"
PARCEL, RETURN = "SF777000111", "YT99887766554"
OTHERS = f"{ORDER_ID}0"  # another buyer's order, whose number holds this one
MINE = (
    "榴莲炸药味", "孔雀羽毛", "紫水晶河马", "河马跳舞我们", "蓝色长颈鹿", "长颈鹿毯子三公分", "翡翠湾", "琥珀巷口", "粉色鳄鱼",
    "紫荆客官", NICK, "欧阳紫荆", PARCEL, RETURN,
)  # fmt: skip
THEIRS = ("犀牛抱枕", "独角兽挂钟", "SF888000222", "海豚杯")


def write(folder):
    def put(kind, *rows):
        headers = {"orders": T1, "refunds": T4, "money": MONEY_LOG}.get(kind) or TEMPLATES[kind].split(",")
        (folder / f"{kind}.csv").write_bytes(table(headers, *rows).encode("gb18030"))

    folder.mkdir()
    mine = {**ORDER, "订单编号": ORDER_ID, "买家会员名": NICK, "店铺名称": "店", "收货人姓名": "欧阳紫荆", "物流单号 ": PARCEL,
            "买家留言": "一股榴莲炸药味儿"}  # fmt: skip
    other = {
        **mine,
        "订单编号": OTHERS,
        "买家会员名": "tb_other",
        "收货人姓名": "李四四",
        "物流单号 ": "SF888000222",
        "买家留言": "",
    }
    unread = {"总金额": "abc", "买家实际支付金额": "xyz"}
    put("orders", mine, other, {**mine, **unread, "订单编号": ""}, {**other, **unread})
    put(
        "refunds",
        {**REFUND, "订单编号": ORDER_ID, "买家会员名称": NICK, "退货物流单号": RETURN, "买家退款说明": "三根孔雀羽毛"},
    )
    at = "2026-11-09 11:0{}:00"
    put(
        "messages",
        {"会话编号": "V1", "订单编号": ORDER_ID, "发送方": "买家", "发送时间": at.format(0), "内容": "紫水晶河马跳舞"},
        {"会话编号": "V1", "发送方": "商家", "发送时间": at.format(1), "内容": "您说的河马跳舞我们记下了"},
        {
            "会话编号": "V2",
            "买家会员名": NICK,
            "发送方": "买家",
            "发送时间": at.format(2),
            "内容": "蓝色长颈鹿毯子厚吗",
        },
        {"会话编号": "V2", "发送方": "商家", "发送时间": at.format(3), "内容": "长颈鹿毯子三公分厚"},
        {
            "会话编号": "V3",
            "买家会员名": BROWSER,
            "发送方": "买家",
            "发送时间": at.format(4),
            "内容": "绿色犀牛抱枕有吗",
        },
        {"会话编号": "V4", "买家会员名": NICK, "发送方": "买家", "发送时间": at.format(5), "内容": "粉色鳄鱼枕头呢"},
        {"会话编号": "V4", "买家会员名": "tb_other", "发送方": "买家", "发送时间": at.format(6), "内容": "海豚杯呢"},
        {"会话编号": "V4", "发送方": "商家", "发送时间": at.format(7), "内容": "独角兽挂钟缺货"},
    )
    put(
        "parcels",
        {"物流单号": PARCEL, "时间": "2026-11-10 10:00:00", "事件": "签收", "地点": "杭州翡翠湾"},
        {"物流单号": RETURN, "时间": "2026-11-12 10:00:00", "事件": "退回", "描述": "上门取件琥珀巷口"},
    )
    put("money", {"入帐日期": "2026-11-10", "入帐时间": "2026-11-10 10:00:00", "支付流水号": "1", "主订单id": ORDER_ID,
                  "入帐类型": "赔付", "收入金额(元)": "0", "支出金额(元)": "5", "备注": "补偿紫荆客官五块钱"})  # fmt: skip


def left(settings, *words):
    folder, found = Folder(settings.store_path), set()
    for name in folder.names():
        content = folder.read(name)
        found |= {w for w in words if w not in found and quotes(name, content, [w])}
    return found


@pytest.mark.parametrize("where", ["disk", "s3"])
def test_traces_beside_the_orders_go_and_others_stay(where, tmp_path, request):
    place = "store" if where == "disk" else f"{request.getfixturevalue('s3')}/some/where"
    write(tmp_path / "in")
    (tmp_path / "shops.toml").write_text(
        f'[store]\npath = "{place}"\n[[shops]]\nid = "t"\nname = "店"\nexports = "in"\nlanguage = "en"\n', "utf-8"
    )
    settings = load_settings(tmp_path / "shops.toml")
    shop, store = settings.shop("t"), ShopStore(settings.store_path, "t")
    import_files(settings, shop)
    key = installation_key(settings.store_path)
    [hashed] = keyed_hash(pl.Series([NICK]), key=key, purpose="buyer")
    known = left(settings, *MINE, hashed)
    assert known == {*MINE, hashed} - {"榴莲炸药味", NICK, "欧阳紫荆"}
    told = run_erase(settings, "t", buyer=NICK, sure=True)
    assert left(settings, *MINE, hashed) == set()
    assert left(settings, *THEIRS) == set(THEIRS)
    rows = {line.split(":")[0].strip(): line.split("(")[1] for line in told if ".csv: " in line}
    assert rows == {
        "orders.csv": "2, 4)",
        "refunds.csv": "2)",
        "messages.csv": "2, 3, 4, 5, 7)",
        "parcels.csv": "2, 3)",
        "money.csv": "2)",
    }
    for file in (tmp_path / "in").iterdir():
        file.write_bytes(file.read_bytes() + b"\r\n")
    import_files(settings, shop)
    assert left(settings, *MINE, hashed) == set()
    assert left(settings, *THEIRS) == set(THEIRS)
    # somebody who only asked is somebody as well
    assert "messages 1" in run_erase(settings, "t", buyer=BROWSER, sure=True)[0]
    assert left(settings, "犀牛抱枕") == set()
    with pytest.raises(UsageError, match="holds nothing of buyer"):
        run_erase(settings, "t", buyer="nobody at all")
    assert store.table("messages").filter(pl.col("text") == "海豚杯呢").collect().height == 1


def test_a_row_set_aside_keeps_no_column_that_a_layout_takes_for_a_person(tmp_path):
    (tmp_path / "own.toml").write_text(
        '[[layout]]\nname = "eigene"\nkind = "order_report"\nsignature = ["Bestellnr"]\n[layout.headers]\norder_id = ["Bestellnr"]\n'
        'total = ["Summe"]\ncreated_at = ["Datum"]\nbuyer = ["Kunde"]\naddress = ["Wohin"]\nbuyer_message = ["Wunsch"]\n',
        "utf-8",
    )
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text(
        "Bestellnr,Summe,Datum,Kunde,Wohin,Wunsch,Shipping Street\n"
        "1001,5.00,2026-11-09 10:00:00,Anna Berg,Weg 1,bitte klingeln,Weg 1\n"
        "1002,abc,2026-11-09 10:00:00,Jörn Tiefsee,Seepfad neun,hinter die Tonne,Seepfad neun\n",
        "utf-8",
    )
    (tmp_path / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "t"\nname = "店"\nexports = "in"\nlayouts = ["own.toml"]\n', "utf-8"
    )
    settings = load_settings(tmp_path / "shops.toml")
    import_files(settings, settings.shop("t"))
    [cells] = ShopStore(settings.store_path, "t").table("set_aside").collect()["cells"]
    assert json.loads(cells) == {"Bestellnr": "1002", "Summe": "abc", "Datum": "2026-11-09 10:00:00"}
    assert left(settings, "Tiefsee", "Seepfad", "Tonne") == set()
