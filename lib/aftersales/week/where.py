"""A part of a shop's orders: those by product, category, courier, province, channel …, and all that belongs to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from aftersales.advice.decisions import DIMENSIONS
from aftersales.week.tables import Tables
from aftersales.words.errors import UsageError, unknown
from aftersales.words.language import Language

# What a filter may name, as people write it, and the columns of orders that it is looked up in.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "product": ("product_id", "merchant_code", "title"), "category": ("category",), "courier": ("courier",),
    "province": ("province",), "channel": ("channel",), "warehouse": ("warehouse",), "batch": ("batch",),
    "sku": ("sku",),
}  # fmt: skip
_NAMES = {word: name for name in COLUMNS for word in (name, *DIMENSIONS.get(name, DIMENSIONS["product_id"]))}
_SHOWN = 12  # valid values named in an error
_BY_ORDER = ("complaints", "messages", "money", "evidence")


@dataclass(frozen=True)
class Where:
    """Which orders: by name of `COLUMNS` the values allowed, all names together. Empty is the whole shop."""

    parts: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def parse(cls, text: str | Mapping[str, str | Sequence[str]]) -> Where:
        """A filter as it is written: ``"courier=申通快递; province=河南省|山东省"``, or the same as a mapping.

        Raises `UsageError` for a part without ``=`` or a column that is none.

        >>> Where.parse("快递=申通快递; province=河南省|山东省").parts
        (('courier', ('申通快递',)), ('province', ('河南省', '山东省')))
        """
        if isinstance(text, str):
            pairs = [part.partition("=") for part in text.replace("；", ";").split(";") if part.strip()]
            wrong = next(("".join(pair) for pair in pairs if not pair[1] or not pair[2].strip()), None)
            if wrong is not None:
                raise UsageError("A filter is written column=value", found=f"'{wrong.strip()}'")
            given = {name.strip(): value.split("|") for name, _, value in pairs}
        else:
            given = {name: [value] if isinstance(value, str) else list(value) for name, value in text.items()}
        for name in given:
            if name.lower() not in _NAMES:
                raise unknown("column to filter by", name, COLUMNS)
        return cls(tuple((_NAMES[n.lower()], tuple(v.strip() for v in values)) for n, values in given.items()))

    def __bool__(self) -> bool:
        return bool(self.parts)

    def __str__(self) -> str:
        return "; ".join(f"{name}={'|'.join(values)}" for name, values in self.parts)

    def said(self, language: Language) -> str:
        """The filter in words.

        >>> Where.parse("courier=申通快递").said("zh"), Where.parse("courier=申通快递").said("en")
        ('快递 申通快递', 'courier 申通快递')
        """
        comma = "、" if language == "zh" else ", "
        named = {n: DIMENSIONS.get(n, DIMENSIONS["product_id"])[0] if language == "zh" else n for n in COLUMNS}
        return ("，" if language == "zh" else ", ").join(f"{named[n]} {comma.join(v)}" for n, v in self.parts)

    def matches(self) -> pl.Expr:
        """Whether an order line matches."""
        return pl.all_horizontal(
            pl.any_horizontal(pl.col(c).is_in(list(values)).fill_null(value=False) for c in COLUMNS[name])
            for name, values in self.parts
        )


@dataclass(frozen=True, eq=False)
class PartOfTables(Tables):
    """The tables of the orders that match: their lines, and the refunds, complaints, parcels … that belong to these.

    A refund that names another line or product of an order is left out; one that names none belongs to each of its
    order's lines. Traffic is of the whole shop and has no rows here; the store's own books are whole.
    """

    where: Where

    def check(self) -> None:
        """Raise `UsageError` where a value of the filter is on no order line, naming those that are."""
        orders = self.store.table("orders", self.commit)
        for name, values in self.where.parts:
            known = pl.concat(
                [
                    orders.select(value=pl.col(c)).drop_nulls().group_by("value").agg(lines=pl.len())
                    for c in COLUMNS[name]
                ]
            ).collect(engine="streaming")
            for value in values:
                if value not in known["value"]:
                    often = known.sort("lines", "value", descending=[True, False]).head(_SHOWN)["value"]
                    raise unknown(f"{name} on this shop's orders called", value, often)

    @cached_property
    def _lines(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The lines that match, and the other lines of the same orders: order_id, line_id, product_id, tracking_no."""
        lines = self.store.table("orders", self.commit).select(
            "order_id", "line_id", "product_id", "tracking_no", mine=self.where.matches()
        )
        found = lines.filter(pl.col("mine").any().over("order_id")).collect()
        return found.filter("mine").drop("mine"), found.filter(~pl.col("mine")).drop("mine")

    def _cut(self, name: str, table: pl.LazyFrame) -> pl.LazyFrame:
        mine, others = (lines.lazy() for lines in self._lines)
        if name == "orders":
            return table.filter(self.where.matches())
        if name == "refunds":
            return _touching(table.join(mine.select("order_id").unique(), on="order_id", how="semi"), mine, others)
        if name in _BY_ORDER:
            return table.join(mine.select("order_id").unique(), on="order_id", how="semi")
        if name == "parcels":
            return table.join(mine.select("tracking_no").drop_nulls().unique(), on="tracking_no", how="semi")
        return table.head(0) if name == "traffic" else table


def _touching(refunds: pl.LazyFrame, mine: pl.LazyFrame, others: pl.LazyFrame) -> pl.LazyFrame:
    """Refunds but those that name a line, or else a product, of the order that is not among ``mine``."""
    columns = refunds.collect_schema().names()
    ties = []
    for key in ("line_id", "product_id"):
        for side, lines in (("mine", mine), ("others", others)):
            tie = f"_{side}_{key}"
            named = lines.select("order_id", key, pl.lit(value=True).alias(tie)).drop_nulls().unique()
            refunds = refunds.join(named, on=["order_id", key], how="left", maintain_order="left")
            ties.append(pl.when(tie).then(pl.lit(value=side == "mine")))
    return refunds.filter(pl.coalesce(*ties, pl.lit(value=True))).select(columns)
