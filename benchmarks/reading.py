"""How long reading an order report takes, beside the plainest reading there is.

    python benchmarks/reading.py [--rows 300000] [--repeat 5]
    python benchmarks/reading.py --memory [--gigabytes 1.0]

Peer: ``polars.read_csv`` of the same UTF-8 bytes with its default inference: no cleaning, no types for money and times
in a zone, no account of rows. The claims: ours at most 3 times that from UTF-8, at most 8 times from GB18030, and
1 GB of file within 4 GiB of memory. The report is made up after the 46 columns of the 2017 order report, every cell
quoted, from a fixed seed.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

ALL_HEADERS = """
订单编号 买家会员名 买家支付宝账号 买家应付货款 买家应付邮费 买家支付积分 总金额
返点积分 买家实际支付金额 买家实际支付积分 订单状态 买家留言 收货人姓名 收货地址
运送方式 联系电话 联系手机 订单创建时间 订单付款时间 宝贝标题 宝贝种类
物流单号 物流公司 订单备注 宝贝总数量 店铺Id 店铺名称 订单关闭原因
卖家服务费 买家服务费 发票抬头 是否手机订单 分阶段订单信息 特权订金订单id 是否上传合同照片
是否上传小票 是否代付 定金排名 修改后的sku 修改后的收货地址 异常信息 天猫卡券抵扣
集分宝抵扣 是否是O2O交易 退款金额 预约门店
"""
HEADERS = ALL_HEADERS.split()
SEED = 20_261_109
PEER = "polars.read_csv, UTF-8"
LIMITS = {"read_export, UTF-8": 3.0, "read_export, GB18030": 8.0}
MEMORY_LIMIT_GIB = 4.0
STATUSES = ("交易成功", "买家已付款，等待卖家发货", "卖家已发货，等待买家确认", "交易关闭")
PLACES = (
    "广东省 广州市 越秀区",
    "浙江省 杭州市 西湖区",
    "上海 上海市 浦东新区",
    "内蒙古自治区 包头市 昆都仑区",
    "湖北省 武汉市 洪山区",
)


def report(rows: int, *, seed: int = SEED) -> pl.DataFrame:
    """An order report of so many rows as text cells, as an export writes them."""
    rng = np.random.default_rng(seed)
    n = pl.Series(np.arange(rows))
    created = pl.Series(np.sort(rng.integers(1_767_225_600, 1_793_491_200, rows)) * 1_000_000).cast(pl.Datetime("us"))
    cents, status = rng.integers(100, 90_000, rows), rng.choice(4, rows, p=[0.7, 0.08, 0.12, 0.1])
    amount = pl.Series(cents / 100).round(2).cast(pl.Decimal(18, 2)).cast(pl.String)
    cells = {
        "订单编号": '="' + (n + 3_515_313_000_000_000_000).cast(pl.String) + '"',
        "买家会员名": "tb" + pl.Series(rng.integers(1_000, 999_999, rows)).cast(pl.String),
        "买家应付货款": amount, "总金额": amount, "买家实际支付金额": amount,
        "订单状态": pl.Series(np.array(STATUSES)[status]),
        "买家留言": pl.Series(np.where(rng.random(rows) < 0.03, "请尽快发货,谢谢", "")),
        "收货人姓名": pl.Series(["王**", "李某某", "张**", "赵小明"])[rng.integers(0, 4, rows)],
        "收货地址": pl.Series(PLACES)[rng.integers(0, 5, rows)] + " 某路" + (n % 997).cast(pl.String) + "号(510180)",
        "联系手机": "'138" + pl.Series(rng.integers(10_000_000, 99_999_999, rows)).cast(pl.String),
        "订单创建时间": created.dt.strftime("%Y-%m-%d %H:%M:%S"),
        "订单付款时间": created.dt.offset_by("35s").dt.strftime("%Y-%m-%d %H:%M:%S"),
        "宝贝标题": "某某家居四件套 纯棉 加厚 被套床单 1.8米 第" + (n % 300).cast(pl.String) + "款",
        "物流单号": "YT" + (n + 100_000_000_000).cast(pl.String),
        "物流公司": pl.Series(["圆通速递", "申通快递", "中通快递"])[rng.integers(0, 3, rows)],
        "店铺名称": pl.repeat("云栖家居旗舰店", rows, eager=True),
        "订单关闭原因": pl.Series(np.where(status == 3, "买家未付款", "订单未关闭")),
        "退款金额": pl.Series(np.where(rng.random(rows) < 0.1, "12.50", "0.00")),
    }  # fmt: skip
    constant = {
        "买家应付邮费": "0.00",
        "运送方式": "快递",
        "宝贝种类": "1",
        "宝贝总数量": "1",
        "卖家服务费": "0元",
        "是否手机订单": "手机订单",
        "是否代付": "否",
    }
    return pl.DataFrame({h: cells.get(h, pl.repeat(constant.get(h, ""), rows, eager=True)) for h in HEADERS})


def as_csv(frame: pl.DataFrame) -> bytes:
    """The report as the platform writes it: every cell quoted, ids as ``="…"`` outside the quotes."""
    plain = frame.write_csv(quote_style="always").encode()
    return plain.replace(b'"=""', b'="').replace(b'""","', b'","')


def seconds(work: dict[str, Callable[[], object]], *, repeat: int) -> dict[str, list[float]]:
    """The times of each, run in turn, so that a busy moment of the machine meets all alike."""
    found: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeat):
        for name, run in work.items():
            gc.collect()
            start = time.perf_counter()
            run()
            found[name].append(time.perf_counter() - start)
    return found


def speed(rows: int, repeat: int) -> int:
    from aftersales.sources.read import read_export

    utf8 = as_csv(report(rows))
    gb18030 = utf8.decode().encode("gb18030")
    [reading] = read_export("report.csv", content=utf8)
    assert reading.frame.height == reading.rows_read == rows, "the benchmark's report must read without loss"
    took = seconds(
        {
            PEER: lambda: pl.read_csv(utf8),
            "read_export, UTF-8": lambda: read_export("a.csv", content=utf8),
            "read_export, GB18030": lambda: read_export("a.csv", content=gb18030),
            "decoding GB18030 alone": lambda: gb18030.decode("gb18030").encode(),
        },
        repeat=repeat,
    )
    print(f"{rows:,} rows, {len(utf8) / 1e6:.0f} MB as UTF-8; {repeat} turns; median time, median ratio within a turn")
    missed = 0
    for name, runs in took.items():
        ratio = statistics.median(own / peer for own, peer in zip(runs, took[PEER], strict=True))
        limit = LIMITS.get(name)
        missed += limit is not None and ratio > limit
        verdict = "" if limit is None else f"  limit {limit:.0f}  {'met' if ratio <= limit else 'MISSED'}"
        print(f"{name:<26}{statistics.median(runs):8.3f} s{ratio:8.2f} x{verdict}")
    return missed


def memory(gigabytes: float) -> int:
    """Peak memory of reading a file of that size, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.csv"
        block = as_csv(report(200_000))
        header, body = block.split(b"\n", 1)
        with path.open("wb") as file:
            file.write(header + b"\n")
            while file.tell() < gigabytes * 1e9:
                file.write(body)
        size = path.stat().st_size
        found = subprocess.run(
            [sys.executable, __file__, "--peak-of", str(path)], capture_output=True, text=True, check=True
        )
    rows, peak = found.stdout.split()
    gib = int(peak) / 2**20
    print(f"{size / 1e9:.2f} GB, {int(rows):,} rows: peak {gib:.2f} GiB, limit {MEMORY_LIMIT_GIB:.0f}  "
          f"{'met' if gib <= MEMORY_LIMIT_GIB else 'MISSED'}")  # fmt: skip
    return int(gib > MEMORY_LIMIT_GIB)


def peak_of(path: str) -> int:
    from aftersales.sources.read import read_export

    [reading] = read_export(path)
    print(reading.rows_read, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--peak-of", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peak_of:
        return peak_of(asked.peak_of)
    return memory(asked.gigabytes) if asked.memory else speed(asked.rows, asked.repeat)


if __name__ == "__main__":
    sys.exit(main())
