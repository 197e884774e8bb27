"""What each order shows when a buyer's conduct is looked at: who, where, when, which product, and how it ended."""

from __future__ import annotations

from datetime import date

import polars as pl

from aftersales.measures.chunks import Chunks, parts_of
from aftersales.measures.inputs import columns_of, local_time
from aftersales.measures.requests import refund_requests
from aftersales.tables.columns import Frame, known_sum
from aftersales.tables.orders import Orders

# Keys of these qualities name one buyer; a masked nick (张**) is shared by thousands.
NAMING = ("full", "composite")
# The close reason by which a seller calls a buyer malicious. Source: reference "b1", the export's own wording.
SELLER_SAYS = ("恶意买家", "同行捣乱")
# More sizes or colours than this of one product at once are no trial: S to XXL and one more.
TRIAL_MOST = 6
# A trial is ordered in one sitting, and sent back for its size, its look or no reason at all.
TRIAL_SECONDS = 3600
TRIAL_REASONS = ("no_reason", "size", "not_as_described")
AFTER_SHIPPING = ("in_transit", "after_receipt")
_STILL_OPEN = ("unpaid", "paid", "part_shipped")


def order_evidence(orders: Chunks, refunds: Frame, *, until: date) -> pl.DataFrame:
    """One row an order created up to ``until``, with what the tests of bursts and rings look at.

    ``orders`` may come in parts, as a large shop's months do, so that no more than one part's text is held at a time.

    Columns out: order_id; buyer, address, phone (keys as numbers, see `key_number`; buyer null where the platform masks
    it), province, product_id (of the order's dearest line), reason (of the first request, null without): Categorical;
    at (seconds since 1970, local: `placed_at`), amount (Float64, money), undone (never paid, or refund asked before
    shipping), refused (parcel refused), unreturned (refund asked after shipping, the goods not sent back), asked (any
    of these, or any other request for money back), waiting (not shipped yet, nothing asked), trial (one of several
    sizes or colours of one product ordered in one sitting, of which one was kept), counts (a trial counts once, as
    kept), seller_says (closed as malicious by the seller). Sorted by at, order_id. Orders without a created_at (and
    without paid_at) are left out.

    >>> from datetime import datetime
    >>> orders = pl.DataFrame({"order_id": ["a", "b", "c"], "buyer_key": ["x", "x", None],
    ...     "created_at": [datetime(2026, 11, 9, 9)] * 3, "status": ["finished", "closed_unpaid", "paid"]})
    >>> refunds = pl.DataFrame({"refund_id": ["1"], "order_id": ["a"], "reason": ["refused_parcel"]})
    >>> seen = order_evidence(orders, refunds, until=date(2026, 11, 15))
    >>> seen.select("order_id", "undone", "refused", "asked").rows()
    [('a', False, True, True), ('b', True, False, True), ('c', False, False, False)]
    """
    asked, parts = _asked(refunds, until=until), parts_of(orders)
    rows = pl.concat([_thin(_evidence(part, asked, until=until)) for part in parts])
    split = _in_several_parts(rows) if len(parts) > 1 else rows["order_id"].clear()
    if split.len():
        whole = pl.concat([part.filter(pl.col("order_id").is_in(split.implode())) for part in parts])
        rest = rows.filter(~pl.col("order_id").is_in(split.implode()))
        rows = pl.concat([rest, _thin(_evidence(whole, asked, until=until))])
    return rows if rows["at"].is_sorted() else rows.sort("at", "order_id")


def key_number(key: pl.Expr) -> pl.Expr:
    """A key of a person as a number: the same for the same text in one run, a fifth of the room.

    Of ten million keys two get one number with a chance of three in a million.

    >>> keys = pl.DataFrame({"k": ["a", "b", "a", None]}).select(key_number(pl.col("k"))).to_series()
    >>> keys[0] == keys[2], keys[0] == keys[1], keys[3]
    (True, False, None)
    """
    return pl.when(key.is_not_null()).then(key.hash())


def placed_at() -> pl.Expr:
    """When an order of `order_evidence` was created, as a moment (local, no zone).

    >>> pl.DataFrame({"at": [0]}).select(placed_at()).item()
    datetime.datetime(1970, 1, 1, 0, 0)
    """
    return pl.from_epoch("at", time_unit="s").dt.cast_time_unit("us").alias("created_at")


def _asked(refunds: Frame, *, until: date) -> pl.DataFrame:
    """Orders of which money was asked back: whether before shipping, refused, goods not sent back; the first reason."""
    cases = refund_requests(refunds, until=until).sort("applied_at", nulls_last=True)
    asked = cases.group_by("order_id").agg(
        before=(pl.col("phase") == "before_shipping").any(),
        refused=(pl.col("reason") == "refused_parcel").any(),
        unreturned=((pl.col("kind") == "refund_only") & pl.col("phase").is_in(AFTER_SHIPPING)).any(),
        reason=pl.col("reason").first(),
        asks=pl.lit(True).first(),
    )
    return asked.collect(engine="streaming")


def _evidence(orders: Frame, asked: pl.DataFrame, *, until: date) -> pl.DataFrame:
    heads = _heads(orders, until=until)
    said = pl.col("close_reason").fill_null("")
    known = pl.col("before", "refused", "unreturned", "asks").fill_null(value=False)
    rows = heads.join(asked.lazy(), on="order_id", how="left").with_columns(known)
    rows = rows.with_columns(
        undone=(pl.col("status").fill_null("") == "closed_unpaid") | pl.col("before"),
        unreturned=pl.col("unreturned") & ~pl.col("refused"),
        seller_says=pl.any_horizontal(said.str.contains(word, literal=True) for word in SELLER_SAYS),
    ).with_columns(
        asked=pl.col("undone") | pl.col("asks") | (pl.col("status").fill_null("") == "closed_refunded"),
        waiting=pl.col("shipped_at").is_null() & pl.col("status").is_in(_STILL_OPEN),
    )
    rows = rows.with_columns(waiting=pl.col("waiting").fill_null(value=False) & ~pl.col("asked"))
    rows = rows.drop("before", "asks", "close_reason", "status", "shipped_at").sort("at", "order_id")
    return _with_trials(rows.collect(engine="streaming"))


def _thin(rows: pl.DataFrame) -> pl.DataFrame:
    """The same without text but the order's number: forty million orders then take three gigabytes, not ten."""
    return rows.drop("sku").with_columns(
        pl.col("province", "product_id", "reason").cast(pl.Categorical),
        *(key_number(pl.col(key)).alias(key) for key in ("buyer", "address", "phone")),
    )


def _in_several_parts(rows: pl.DataFrame) -> pl.Series:
    """Orders whose lines lie in several parts: of damaged files alone."""
    number = rows["order_id"].hash()
    twice = number.sort()
    twice = twice.filter(twice == twice.shift(1)).unique()
    alike = rows.lazy().select("order_id").filter(number.is_in(twice.implode())).collect()["order_id"]
    return alike.filter(alike.is_duplicated()).unique()


def named_buyer() -> pl.Expr:
    """``buyer_key`` where it names one person (`NAMING`, or of no stated quality), else null.

    >>> orders = pl.DataFrame({"buyer_key": ["a", "b"], "buyer_key_quality": ["full", "masked"]})
    >>> orders.select(named_buyer()).to_series().to_list()
    ['a', None]
    """
    naming = pl.col("buyer_key_quality").is_null() | pl.col("buyer_key_quality").is_in(NAMING)
    return pl.when(naming).then("buyer_key")


def _heads(orders: Frame, *, until: date) -> pl.LazyFrame:
    """Order lines as orders: the dearest line says which product it was."""
    columns = [
        "order_id", "buyer_key", "buyer_key_quality", "address_key", "phone_key", "province", "product_id", "sku",
        "amount", "created_at", "paid_at", "shipped_at", "status", "close_reason",
    ]  # fmt: skip
    lines = columns_of(orders, Orders, columns, needed=["order_id"])
    lines = lines.with_columns(
        created_at=pl.coalesce(local_time(pl.col("created_at", "paid_at"))),
        amount=pl.col("amount").cast(pl.Float64),
    ).filter(pl.col("created_at").dt.date() <= until)
    dear = pl.col("amount").fill_null(0.0).arg_max()
    lone = lines.group_by("order_id").agg(
        pl.col("buyer_key", "buyer_key_quality", "address_key", "phone_key", "province", "created_at").first(),
        pl.col("product_id", "sku").get(dear),
        known_sum(pl.col("amount")),
        pl.col("shipped_at").min(),
        pl.col("status", "close_reason").first(),
    )
    return (
        lone.with_columns(
            buyer=named_buyer(),
            at=pl.col("created_at").dt.epoch("s"),
        )
        .rename({"address_key": "address", "phone_key": "phone"})
        .drop("buyer_key", "buyer_key_quality", "created_at")
    )


def _with_trials(rows: pl.DataFrame) -> pl.DataFrame:
    """Several sizes of one product in one sitting, one kept: a buyer's lawful way of trying; it counts as one kept."""
    # where the platform masks buyers, one province's orders in one sitting may be one buyer's
    key = ["who", "product_id"]
    named = rows.with_columns(who=pl.coalesce("buyer", "address", "phone", "province"))
    # only who ordered a product twice can have tried it
    several = pl.all_horizontal(pl.col(*key, "sku").is_not_null()) & (pl.len().over(key) >= 2)
    named = named.filter(several).sort(*key, "at", "order_id")
    later = (pl.col("at") - pl.col("at").shift(1).over(key) > TRIAL_SECONDS).fill_null(value=True)
    named = named.with_columns(sitting=later.cast(pl.Int64).cum_sum())
    spoilt = pl.col("undone") | pl.col("refused") | ~pl.col("reason").fill_null("other").is_in(TRIAL_REASONS)
    tried = named.group_by("sitting").agg(
        n=pl.len(),
        kinds=pl.col("sku").n_unique(),
        kept=(~pl.col("asked")).sum(),
        spoilt=(spoilt & pl.col("asked")).any(),
    )
    alike = (pl.col("n") >= 2) & (pl.col("n") <= TRIAL_MOST) & (pl.col("kinds") == pl.col("n"))
    tried = tried.filter(alike, pl.col("kept") >= 1, ~pl.col("spoilt")).select("sitting")
    trials = named.join(tried, on="sitting").sort("asked", "at")
    first = trials.unique("sitting", keep="first", maintain_order=True)["order_id"]
    trial = pl.col("order_id").is_in(trials["order_id"].implode())
    return rows.with_columns(trial=trial, counts=~trial | pl.col("order_id").is_in(first.implode()))
