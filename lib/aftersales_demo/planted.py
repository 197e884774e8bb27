"""What was planted in a shop, told by the ids its files carry: the truth that a search can be measured against."""

from __future__ import annotations

from typing import Any

import polars as pl

from aftersales_demo.faults import Fault, matches
from aftersales_demo.goods import PLANTS, bad_batch_since
from aftersales_demo.ledger_exports import Decision
from aftersales_demo.moments import NEVER
from aftersales_demo.phrases import MALICIOUS_TEXTS
from aftersales_demo.shop import Shop
from aftersales_demo.spec import ShopSpec

# label of planted orders → where they stand in planted.json
KINDS = {
    "burst": ("abuse", "bursts"), "ring": ("abuse", "rings"), "slow_ring": ("abuse", "slow_rings"),
    "serial": ("abuse", "serial_refunders"), "reseller": ("innocent", "resellers"),
    "office": ("innocent", "office_group_buys"),
    "trier": ("innocent", "size_triers"), "chance": ("innocent", "unlucky_products"),
}  # fmt: skip


def planted(shop: Shop, filed: pl.DataFrame, taken: list[Decision]) -> dict[str, Any]:
    """What was planted: faults, abuse, innocent look-alikes, malicious complaints, decisions with their true effects.

    Buyers are told by nick (as the clear order report has them), orders, products and complaints by their ids. Orders
    created or shipped after the last day are in no file and not told here.
    """
    spec = shop.spec
    told: dict[str, Any] = {
        "shop": spec.shop_id,
        "seed": shop.seed,
        "first_day": str(spec.first_day),
        "last_day": str(spec.last_day),
        "faults": [_fault(shop, fault) for fault in shop.faults],
        "abuse": {},
        "innocent": {},
        "complaints": _complaints(shop, filed),
        "decisions": [{"decision_id": d.decision_id, "lever": d.lever, "scope": d.scope, "truth": d.truth}
                      for d in taken],
    }  # fmt: skip
    for part, name in KINDS.values():
        told[part][name] = []
    labelled = shop.orders.filter(pl.col("label").is_not_null() & (pl.col("created") < shop.now))
    for label, orders in sorted(labelled.group_by("label"), key=lambda group: str(group[0][0])):
        part, name = KINDS[str(label[0]).split(":")[0]]
        told[part][name].append(_group(shop, orders.sort("created")))
    return told


def _group(shop: Shop, orders: pl.DataFrame) -> dict[str, Any]:
    buyers = shop.buyers[orders["buyer"].unique().sort()]
    rows = shop.orders.with_row_index("row").filter(pl.col("order_id").is_in(orders["order_id"].implode()))["row"]
    lines = shop.lines.filter(pl.col("order").is_in(rows.cast(pl.Int64).implode()))
    products = shop.goods.products["product_id"].gather(lines["product"].unique().sort())
    shared = [c for c in ("street", "phone") if len(buyers) > 1 and buyers[c].n_unique() < len(buyers)]
    days = pl.from_epoch(orders["created"]).dt.date()
    waits = (orders["shipped"] >= shop.now) & (orders["paid"] < shop.now) & (orders["closed"] > shop.now)
    return {
        "buyers": buyers["nick"].to_list(),
        "orders": orders["order_id"].to_list(),
        "first_day": str(days.min()),
        "last_day": str(days.max()),
        "shared": ["address" if c == "street" else c for c in shared],
        "products": products.to_list(),
        "still_unshipped": int(waits.sum()),
    }  # fmt: skip


def _fault(shop: Shop, fault: Fault) -> dict[str, Any]:
    lines = shop.lines.hstack(shop.orders["courier", "province", "shipped"][shop.lines["order"]])
    hit = lines.filter(matches(fault) & (pl.col("shipped") < min(shop.now, NEVER)))
    told: dict[str, Any] = {
        "kind": fault.kind,
        "since": str(fault.since),
        "until": str(fault.until),
        "extra_rate": fault.extra,
        "reason": fault.reason,
        "lines_shipped": len(hit),
    }
    products, skus = shop.goods.products, shop.goods.skus
    if fault.sku is not None:
        told |= {"merchant_code": skus["code"][fault.sku], "properties": skus["properties"][fault.sku]}
        told |= {"product_id": products["product_id"][skus["product"][fault.sku]], "batch": bad_batch(shop)}
    if fault.product is not None:
        told |= {"product_id": products["product_id"][fault.product], "title": products["title"][fault.product]}
    if fault.courier is not None:
        told |= {"courier": fault.courier, "province": fault.province}
    return told


def bad_batch(shop: Shop) -> str:
    """The name of the bad batch as the product list has it."""
    spec: ShopSpec = shop.spec
    code = PLANTS[spec.goods]["bad_batch"]
    day = bad_batch_since(spec)
    found = shop.goods.batches.filter(pl.col("merchant_code").str.starts_with(code) & (pl.col("from_day") == day))
    return str(found["batch"][0])


def _complaints(shop: Shop, filed: pl.DataFrame) -> list[dict[str, Any]]:
    bad = filed.filter(pl.col("pattern").is_not_null())
    return [
        {
            "complaint_id": row["complaint_id"],
            "order_id": shop.orders["order_id"][row["order"]],
            "buyer": shop.buyers["nick"][shop.orders["buyer"][row["order"]]],
            "pattern": row["pattern"],
            "contradiction": MALICIOUS_TEXTS[row["pattern"]][3],
        }
        for row in bad.iter_rows(named=True)
    ]
