"""The same large made-up shop straight into a store's tables, for shops whose files would take a day to read.

    python benchmarks/large_shop_tables.py FOLDER --lines 50000000

Writes FOLDER/shops.toml and FOLDER/store with the tables ``orders`` and ``refunds`` as an import would compose them,
month by month, and one commit; no records, no lineage. Keys of people are numbers as text, as long as real ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from large_shop_files import DAY, NAME, PROVINCES, SKUS, Size, months_of

from aftersales.sources.identity import fingerprint, installation_key
from aftersales.sources.importing import store_to_build_on
from aftersales.sources.store import Commit, ShopStore
from aftersales.tables.columns import MONEY
from aftersales.tables.orders import Orders
from aftersales.tables.refunds import Refunds

ZONE = "Asia/Shanghai"
SHOP = "large"
CONFIG = f"""[store]
path = "store"
[reports]
path = "reports"
[[shops]]
id = "{SHOP}"
name = "{NAME}"
platform = "tmall"
language = "zh"
exports = "exports"
[shops.costs]
freight_out = 6.5
freight_back = 8.0
handling = 3.0
share_not_resold = 0.25
"""
STATES = {
    "交易关闭": "closed_unpaid", "交易成功": "finished", "卖家已发货，等待买家确认": "shipped",
    "买家已付款，等待卖家发货": "paid",
}  # fmt: skip
REASONS = ("no_reason", "quality", "size", "damaged", "missing_or_empty", "wrong_item", "no_reason")


def _time(seconds: str, until: int, unless: pl.Expr | None = None) -> pl.Expr:
    known = pl.col(seconds) <= until if unless is None else (pl.col(seconds) <= until) & ~unless
    local = pl.from_epoch(seconds, time_unit="s").dt.cast_time_unit("us").dt.replace_time_zone(ZONE)
    return pl.when(known).then(local)


def _money(fen: str) -> pl.Expr:
    return (pl.col(fen).cast(pl.Decimal(18, 2)) / 100).cast(MONEY)


def _key(number: pl.Expr, purpose: str) -> pl.Expr:
    return pl.format("{}{}", pl.lit(purpose), number.hash(7).cast(pl.String).str.zfill(20)).str.slice(0, 24)


def _shaped(frame: pl.DataFrame, schema: type[Orders] | type[Refunds]) -> pl.DataFrame:
    missing = [pl.lit(None).alias(c) for c in schema.column_names() if c not in frame.columns]
    return frame.with_columns(missing).select(schema.column_names())


def order_lines(lines: pl.DataFrame, until: int) -> pl.DataFrame:
    """The ``orders`` table of these lines."""
    unpaid = pl.col("unpaid")
    status = pl.col("status").replace_strict(STATES)
    return _shaped(
        lines.select(
            "line_id", "order_id", "product_id", "title", "quantity", buyer_key=_key(pl.col("buyer"), "ab00"),
            buyer_key_quality=pl.lit("full"), address_key=_key(pl.col("buyer") // 3, "cd00"),
            phone_key=_key(pl.col("buyer"), "ef00"), province=pl.lit(pl.Series(PROVINCES)).gather("province"),
            sku=pl.lit(pl.Series(SKUS)).gather("sku"), merchant_code=pl.format("P{}", "product"),
            amount=_money("amount_fen"),
            paid=pl.when(unpaid).then(pl.lit(0).cast(MONEY)).otherwise(_money("amount_fen")),
            refunded=_money("refunded_fen"), created_at=_time("created", until), paid_at=_time("paid", until, unpaid),
            shipped_at=_time("shipped", until, unpaid), confirmed_at=_time("confirmed", until, unpaid), status=status,
            close_reason=pl.when(unpaid).then(pl.lit("买家未付款")),
            courier=pl.when(pl.col("tracking").is_not_null()).then("carrier"),
            tracking_no="tracking",
        ),
        Orders,
    )  # fmt: skip


def refund_cases(lines: pl.DataFrame, until: int) -> pl.DataFrame:
    """The ``refunds`` table of these lines."""
    cases = lines.filter(pl.col("refunded_fen") > 0).with_columns(ended=pl.col("applied") + 2 * DAY)
    before, open_ = pl.col("applied") < pl.col("shipped"), pl.col("ended") > until
    return _shaped(
        cases.select(
            "order_id", "line_id", "product_id", refund_id="9" + pl.col("line_id"), amount=_money("amount_fen"),
            applied_at=_time("applied", until), finished_at=_time("ended", until),
            kind=pl.when(before).then(pl.lit("refund_only")).otherwise(pl.lit("return_refund")),
            phase=pl.when(before).then(pl.lit("before_shipping")).otherwise(pl.lit("after_receipt")),
            status=pl.when(open_).then(pl.lit("requested")).otherwise(pl.lit("succeeded")), full=pl.lit(value=True),
            reason=pl.lit(pl.Series(REASONS)).gather("reason"), platform_involved=pl.lit(value=False),
            source=pl.lit("refund_report"), order_known=pl.lit(value=True),
        ),
        Refunds,
    )  # fmt: skip


def write_large_store(folder: Path, size: Size) -> Commit:
    """Write the store; its commit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shops.toml").write_text(CONFIG, "utf-8")
    key = installation_key(str(folder / "store"))
    store = ShopStore(str(folder / "store"), SHOP, ZONE)
    head = store_to_build_on(store, key_print=fingerprint(key), now=None)
    for lines, until in months_of(size):
        for part in _parts(lines):
            store.append("orders", Orders.validate(order_lines(part, until), cast=True))
            store.append("refunds", Refunds.validate(refund_cases(part, until), cast=True))
    commit = Commit(
        head.number + 1, head.number, datetime.now(UTC), "import", "000001", store.create_missing(), fingerprint(key)
    )
    store.write_commit(commit)
    return commit


def _parts(lines: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for start in range(0, lines.height, 1_000_000):
        yield lines[start : start + 1_000_000]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--lines", type=int, default=1_000_000)
    asked.add_argument("--seed", type=int, default=7)
    given = asked.parse_args()
    write_large_store(given.folder, Size(given.lines, given.seed))


if __name__ == "__main__":
    main()
