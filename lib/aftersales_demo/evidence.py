"""A few small evidence files, as a shop would collect them, and the list of them in our own template."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import polars as pl

from aftersales_demo.headers import EVIDENCE
from aftersales_demo.moments import HOUR, moment_text
from aftersales_demo.shop import Shop, stream

# pattern of the complaint → what the shop has collected: kind, ending, source, note
COLLECTED = {
    "not_received_but_signed": (
        ("签收凭证", "png", "快递官网截图", "签收记录，含签收时间"), ("物流轨迹", "txt", "快递官网", "完整物流轨迹"),
        ("聊天记录", "txt", "旺旺", "与买家沟通记录"),
    ),
    "late_claim_against_first_scan": (
        ("揽收记录", "png", "快递官网截图", "首次揽收时间早于应发货时间"), ("发货底单", "png", "仓库拍照", ""),
    ),
    "quality_before_receipt": (
        ("物流轨迹", "txt", "快递官网", "投诉时包裹仍在途"), ("质检报告", "png", "供应商", "同批次质检报告"),
    ),
    "threat_and_sum": (
        ("聊天记录", "txt", "旺旺", "含威胁言论，未裁剪"), ("交易快照", "png", "平台", "下单时的商品详情页"),
    ),
    "copied_text": (("交易快照", "png", "平台", "下单时的商品详情页"),
                    ("质检报告", "png", "第三方检测", "材质检测报告")),
}  # fmt: skip
BURST_EVIDENCE = (
    ("订单列表", "png", "千牛截图", "同一账号当日订单列表"),
    ("聊天记录", "txt", "旺旺", "询问下单原因的记录"),
)
GATHERED_SHARE = 0.75  # of what a case needs has been collected: case files must show what is missing
WIDTH, HEIGHT = 48, 32


def tiny_png(shade: int) -> bytes:
    """A small picture of one colour with a darker frame: a real PNG.

    >>> tiny_png(7)[1:4], tiny_png(7) == tiny_png(7)
    (b'PNG', True)
    """
    colour = np.array([90 + shade * 53 % 150, 90 + shade * 97 % 150, 90 + shade * 29 % 150], dtype=np.uint8)
    pixels = np.broadcast_to(colour, (HEIGHT, WIDTH, 3)).copy()
    pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:] = 60, 60, 60, 60
    lines = b"".join(b"\x00" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def write_evidence(shop: Shop, filed: pl.DataFrame, talks: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """Write the files into ``folder/evidence`` and give the list's rows; file names are those within that folder."""
    rng = stream(shop.seed, "evidence")
    wanted = [
        (row["order"], row["filed"], kind)
        for row in filed.filter(pl.col("pattern").is_not_null()).iter_rows(named=True)
        for kind in COLLECTED[row["pattern"]]
    ]
    bursts = shop.orders.with_row_index("row").filter(pl.col("label").str.starts_with("burst:").fill_null(False))
    last = bursts.group_by("label").agg(pl.col("row").last().cast(pl.Int64), pl.col("created").last()).sort("label")
    wanted += [(row, at, kind) for row, at in last.select("row", "created").iter_rows() for kind in BURST_EVIDENCE]
    place = folder / "evidence"
    place.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (order, at, (kind, ending, source, note)) in enumerate(wanted):
        taken = at + int(rng.uniform(1, 20) * HOUR)
        if rng.random() > GATHERED_SHARE or taken >= shop.now:
            continue
        order_id = shop.orders["order_id"][order]
        name = f"{order_id[-8:]}_{kind}.{ending}"
        content = tiny_png(number) if ending == "png" else _text(order_id, kind, talks).encode()
        (place / name).write_bytes(content)
        rows.append((order_id, kind, name, taken, source, note))
    frame = pl.DataFrame(
        rows,
        schema=["order", "kind", "name", "taken", "source", "note"],
        orient="row",
        schema_overrides={"taken": pl.Int64},
    )
    return frame.with_columns(moment_text("taken")).rename(dict(zip(frame.columns, EVIDENCE, strict=True)))


def _text(order_id: str, kind: str, talks: pl.DataFrame) -> str:
    said = talks.filter(pl.col("订单编号") == order_id).select("发送时间", "发送方", "内容").rows()
    lines = [f"{at} {who}：{what}" for at, who, what in said] if kind == "聊天记录" else []
    return "\n".join([f"订单编号：{order_id}", f"类型：{kind}", *lines]) + "\n"
