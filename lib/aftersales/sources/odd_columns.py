"""Columns that a file has lost, swapped or filled with something else: seen beside others of its layout.

A header says what a column is; only its contents say whether that is so. Two columns of the same type whose contents
changed places are read without an error, and a renamed header leaves a field empty. What does not fit is named in the
file's notes; nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import polars as pl
import polars.selectors as cs

from aftersales.sources.kinds import KINDS
from aftersales.sources.masking import masked_texts
from aftersales.sources.notes import note
from aftersales.sources.read import Reading
from aftersales.sources.records import DIRECT, NO_MONTH, RECORDS
from aftersales.sources.store import Commit, ShopStore
from aftersales.sources.to_records import TABLE_OF

SAMPLE = 400  # rows of a file that tell what its columns hold
_STORED = 2  # files of the store that a new one is compared with
_BESIDE = 8  # files whose rows are compared with a new one's: more tell no more, and cost each file as much again
# What comes before what in any shop's life of an order or refund; of money, what is at most what.
_ORDER = {
    "order_report": (
        ("created_at", "paid_at"), ("created_at", "shipped_at"), ("created_at", "confirmed_at"),
        ("paid_at", "shipped_at"), ("paid_at", "confirmed_at"), ("shipped_at", "confirmed_at"),
        ("payable", "total"), ("paid_net", "total"),
        ("shipping_fee", "total"), ("shipping_fee", "payable"), ("shipping_fee", "paid_net"), ("refunded", "total"),
    ),
    "item_report": (
        ("created_at", "paid_at"), ("created_at", "shipped_at"), ("paid_at", "shipped_at"), ("quantity", "payable"),
    ),
    "refund_report": (("paid_at", "applied_at"), ("applied_at", "finished_at"), ("amount", "paid")),
    "complaints": (
        ("filed_at", "first_response_at"), ("filed_at", "closed_at"), ("filed_at", "platform_involved_at"),
        ("platform_involved_at", "closed_at"),
        ("compensation", "amount_demanded"),
    ),
    "daily_traffic": (("buyers", "visitors"),), "traffic": (("buyers", "visitors"),),
}  # fmt: skip
_SUMS = {"order_report": (("payable", "shipping_fee", "total"),)}
_PRODUCT = ("product_id", "merchant_code", "sku_code", "title")
# Free text: what it holds differs from file to file, and no figure is made of it.
_FREE = ("note", "text", "seller_note", "buyer_message", "shop_name")
_PEOPLE = ("receiver", "buyer", "address", "phone", "mobile")
# What most cells of a field cannot look like.
_PRICE = r"^[\d.,]*\d[.,]\d\d$"
_WAY = r"揽收|签收|派件|派送|运输"  # what happens to a parcel
_OTHERS = (  # states, ways of paying, answers of yes and no
    r"^(?i:true|false|yes|no|cancell?ed|shipped|unshipped|cod|card|credit card|paypal)$|^[是否]$|支付|货到付款"
)
_WRONG = {
    "order_id": rf"^\D+$|(\p{{Han}}.*){{3}}|^\d{{1,3}}([.,]\d{{3}})+$|{_PRICE}", "refund_id": r"^\D+$",
    "line_id": r"^\D+$|^[A-Z]{2}\d{6,}$",
    "title": rf"^[\d\W_]*$|^.$|{_OTHERS}", "courier": rf"\d{{5}}|{_WAY}|{_OTHERS}",
    "tracking_no": r"^\D+$|^'?1[3-9]\d{9}$",
    "product_id": rf"^\p{{Han}}+$|{_PRICE}", "merchant_code": _PRICE, "sku_code": _PRICE,
    "sku": rf"^\d{{4,}}$|{_PRICE}|{_OTHERS}", "channel": rf"@|^\d+$|{_PRICE}|{_OTHERS}",
    "warehouse": rf"{_PRICE}|{_OTHERS}",
    "address": r"^[\d\W_]+$", "receiver": r"^\d+\s\S|\d+(号|室|弄)|省.*市|市.*区", "place": rf"{_WAY}|退回",
    "phone": r"^\D*(\d\D*){0,5}$|^'?[A-Z]{2}\d{8}", "mobile": r"^\D*(\d\D*){0,5}$|^'?[A-Z]{2}\d{8}",
    "kind": r"^(支付宝|微信支付|银行卡|余额)$|^\d+$",
}  # fmt: skip
# What is hardly ever the same on all rows.
_VARIED = ("order_id", "refund_id", "buyer", "tracking_no", "address")
# Fields of few words, which another file of the shop writes as well.
_CLOSED = ("province", "courier", "channel", "warehouse", "reason_raw", "kind", "event", "place", "sender", "category")
_NUMBERS = ("order_id", "refund_id")  # which no platform masks
# Of these a shop has a handful, however many its orders.
_HANDFUL = ("courier", "channel", "warehouse", "sender")
_FEW, _MOST, _LEAST = 8, 0.9, 0.1
_PRICE_FACTOR = 3
# Amounts of one order differ by less; the number of an order or a product is this much larger than its price.
_NUMBER_FACTOR = 1_000


@dataclass(frozen=True)
class Columns:
    """What one file says of one kind: the fields it has columns for, and some of its rows."""

    file: str
    layout: str
    kind: str
    there: frozenset[str]
    rows: pl.DataFrame
    stored: bool = False

    @cached_property
    def texts(self) -> dict[str, _Texts]:
        """What the text columns hold, by field."""
        return {f: _texts(self.rows[f]) for f in self.rows.select(cs.string()).columns}


def columns_of_file(file: str, readings: Sequence[Reading]) -> list[Columns]:
    """What a file just read says, for comparison with others."""
    found = []
    for layout, kind in dict.fromkeys((r.layout, r.kind) for r in readings if r.frame.height):
        there = frozenset().union(*(r.there for r in readings if r.layout == layout))
        frame = pl.concat([r.frame for r in readings if (r.layout, r.kind) == (layout, kind)], how="diagonal_relaxed")
        some = frame.gather_every(max(frame.height // SAMPLE, 1)).head(SAMPLE)
        found.append(Columns(file, layout, kind, there, some.drop("row", *_FREE, strict=False)))
    return found


def stored_columns(store: ShopStore, head: Commit, like: Sequence[Columns]) -> list[Columns]:
    """The newest files in the store of the layouts and kinds given, without those of their names."""
    files = store.table("files", head).select("file", "layout", "first_at", "last_at", "import_id").collect()
    held = store.table("held", head).filter(pl.col("state") == "held").select("file").collect()["file"]
    new = {c.file for c in like}
    files = files.filter(~pl.col("file").is_in([*new, *held])).sort("import_id", "file", descending=True)
    found = []
    for layout, kind in dict.fromkeys((c.layout, c.kind) for c in like):
        table = TABLE_OF[kind]
        kept = (RECORDS | DIRECT)[table]
        of_it = files.filter(pl.col("layout").str.split(" + ").list.contains(layout)).head(_STORED)
        for name, first, last in of_it.select("file", "first_at", "last_at").iter_rows():
            rows = store.table(table, head, with_month=bool(kept.month_of))
            if "file" in rows.collect_schema().names():
                rows = rows.filter(pl.col("file") == name)
            if kept.month_of and first and last:
                month = pl.col("month").is_between(pl.lit(f"{first:%Y-%m}"), pl.lit(f"{last:%Y-%m}"))
                rows = rows.filter(month | (pl.col("month") == NO_MONTH))
            some = rows.head(SAMPLE).collect(engine="streaming")
            if not some.height:
                continue
            fields = [c for c in KINDS[kind] if c in some.columns and c not in _FREE]
            told = [f for f in fields if some[f].null_count() < some.height]
            if "lacks" in some.columns:
                told = [f for f in fields if f not in some["lacks"][0].split(",")]
            there = frozenset(told)
            found.append(Columns(name, layout, kind, there, some.select(fields), stored=True))
    return found


@dataclass(frozen=True)
class Odd:
    """What is odd about a file: its notes, and whether its products are none of the shop's."""

    file: str
    notes: tuple[str, ...]
    strange: bool = False


def notes_of(odd: Sequence[Odd]) -> dict[str, list[str]]:
    """The notes by file."""
    found: dict[str, list[str]] = {}
    for one in odd:
        found.setdefault(one.file, []).extend(n for n in one.notes if n not in found.get(one.file, ()))
    return found


def odd_columns(new: Sequence[Columns], stored: Sequence[Columns]) -> list[Odd]:
    """What is odd about each new file, by itself and beside the others of its layout and kind."""
    found = []
    for at, one in enumerate(new):
        others = [c for c in (*new, *stored) if (c.layout, c.kind) == (one.layout, one.kind) and c.file != one.file]
        filled = {f for c in new if (c.file, c.layout) == (one.file, one.layout) for f in _filled(c.rows)}
        near = _near(others, new, at)
        notes = dict.fromkeys([*_by_itself(one, filled), *(_beside(one, others, near, filled) if near else ())])
        strange = bool(near) and _other_products(one, near)
        sure = any(c.stored for c in others) or len({c.file for c in others}) > 1
        if strange and not sure:
            notes[note("other_products", file=near[0].file)] = None
        if notes or strange:
            found.append(Odd(one.file, tuple(notes), strange and sure))
    return found


def _near(others: Sequence[Columns], new: Sequence[Columns], at: int) -> list[Columns]:
    """Those of the store, and of the files read with it the nearest before and behind."""
    place = {id(c): abs(i - at) for i, c in enumerate(new)}
    return sorted(others, key=lambda c: place.get(id(c), 0))[:_BESIDE]


def _by_itself(one: Columns, filled: set[str]) -> Iterator[str]:
    pairs = [pair for pair in _ORDER.get(one.kind, ()) if set(pair) <= set(one.rows.columns)]
    for (a, b), (less, more) in zip(pairs, _signs(one.rows, pairs), strict=True):
        both = one.rows.select(pl.all_horizontal(pl.col(a, b).is_not_null()).sum()).item() if more > less else 0
        # a few rows may be so by right, as a refund with its freight; of swapped columns many are
        if more > less and more >= max(3, 0.25 * both):
            yield note("turned_around", first=a, second=b, rows=more)
    yield from _unlikely(one.rows)
    if one.kind == "refund_report" and _positive(one.rows["amount"]) <= 0.4:
        yield _odd("amount", one.rows["amount"].cast(pl.String))
    empty = [f for f in one.rows.columns if f in one.there - filled - {"receiver"}]
    if empty and one.kind in _ORDER:
        yield note("empty", fields=", ".join(sorted(empty)))


def _unlikely(rows: pl.DataFrame) -> Iterator[str]:
    """Fields whose cells cannot be what their header says, whatever the shop."""
    for field in (f for f in _WRONG if f in rows.columns):
        cells = rows[field].drop_nulls()
        if field not in _NUMBERS:
            cells = cells.filter(~cells.str.contains(r"[*＊#$]"))  # masked by the platform
        wrong = float(cells.str.contains(_WRONG[field]).mean() or 0)  # type: ignore[arg-type]
        if wrong > 0.5 and (cells.len() >= _FEW or (cells.len() >= 3 and wrong == 1)):
            yield _odd(field, cells)
    for field in (f for f in _VARIED if f in rows.columns):
        cells = rows[field].drop_nulls()
        if cells.len() >= 2 * _FEW and cells.n_unique() == 1 and cells[0].strip("#*$密文"):
            yield _odd(field, cells)
    for field in (f for f in _HANDFUL if f in rows.columns):
        cells = rows[field].drop_nulls()
        if cells.len() >= 2 * _FEW and cells.n_unique() > cells.len() / 2:
            yield _odd(field, cells)
    amounts = {f: rows[f].filter(rows[f] > 0) for f in rows.select(cs.decimal()).columns}
    middles = sorted((float(a.median()), f) for f, a in amounts.items() if a.len() >= _FEW)  # type: ignore[arg-type]
    if len(middles) > 1 and middles[-1][0] >= _NUMBER_FACTOR * middles[-2][0]:
        yield _odd(middles[-1][1], rows[middles[-1][1]].cast(pl.String))
    if {"title", "channel"} <= set(rows.columns):  # every sale of one product, and many ways it came about
        titles, channels = (rows[c].drop_nulls() for c in ("title", "channel"))
        if titles.len() >= 2 * _FEW and titles.n_unique() == 1 and channels.n_unique() >= 4:
            yield _odd("title", titles)
    yield from _contradicted(rows)
    if "quantity" in rows.columns and rows.height >= _FEW:
        none = rows["quantity"].filter(rows["quantity"] == 0)
        if none.len() > 0.2 * rows.height:
            yield _odd("quantity", none.cast(pl.String))


def _contradicted(rows: pl.DataFrame) -> Iterator[str]:
    """Fields that others of the same rows belie."""
    there, least = set(rows.columns), 2 * _FEW
    many = {
        c: rows[c].drop_nulls().n_unique()
        for c in ("order_id", "merchant_code", "sku_code", "product_id", "title")
        if c in there and rows.height >= least
    }
    for code in (c for c in ("merchant_code", "sku_code", "product_id") if many.get(c, 0) > 0.9 * rows.height):
        # codes of goods come again and again, numbers of orders hardly ever
        if many.get("order_id", rows.height) < 0.5 * rows.height:
            yield _odd("order_id", rows["order_id"])
        elif 0 < many.get("title", 0) < 0.3 * rows.height:
            yield _odd(code, rows[code])
    if {"reason", "reason_raw"} <= there:  # words of which the layout knows none
        told = rows.drop_nulls("reason_raw")
        other = told["reason_raw"].str.contains("(?i)其他|其它|other")
        unknown = told["reason"].is_null() | ((told["reason"] == "other") & ~other)
        if (told.height >= 3 and unknown.all()) or (told.height >= _FEW and unknown.sum() > _MOST * told.height):
            yield _odd("reason_raw", told["reason_raw"])
    if {"status", "refunded"} <= there and rows.height >= _FEW:  # money back on orders that went well
        well = rows.filter(pl.col("status").is_in(["paid", "shipped", "finished"]), pl.col("refunded") > 0)
        if well.height > 0.5 * rows.height:
            yield _odd("refunded", well["refunded"].cast(pl.String))
    if {"status", "refunded"} <= there:  # the state says that money went back, the amount that none did
        back = rows.filter(pl.col("status") == "closed_refunded")["refunded"].drop_nulls()
        none = back.filter(back == 0)
        if none.len() >= 3 and none.len() > 0.5 * back.len():
            yield _odd("refunded", none.cast(pl.String))


def _odd(field: str, cells: pl.Series) -> str:
    shown = "…" if field in _PEOPLE else masked_texts(cells.drop_nulls().head(1))[0][:20]
    return note("odd_contents", field=field, example=shown)


def _signs(rows: pl.DataFrame, pairs: Sequence[tuple[str, str]]) -> list[tuple[int, int]]:
    """Of each pair of fields, on how many rows the first is less than the second, and on how many it is more."""
    told = {
        f"{at}{sign}": rule.sum()
        for at, (a, b) in enumerate(pairs)
        for sign, rule in (("<", pl.col(a) < pl.col(b)), (">", pl.col(a) > pl.col(b)))
    }
    counts = rows.select(**told).row(0) if pairs else ()
    return list(zip(counts[::2], counts[1::2], strict=True))


def _positive(amounts: pl.Series) -> float:
    """The share above zero; one half where too few are known to tell."""
    known = amounts.drop_nulls()
    return float((known > 0).sum()) / known.len() if known.len() >= _FEW else 0.5


def _filled(rows: pl.DataFrame) -> list[str]:
    return [c for c in rows.columns if rows[c].null_count() < rows.height]


def _beside(one: Columns, others: Sequence[Columns], near: Sequence[Columns], filled: set[str]) -> Iterator[str]:
    lost = frozenset().union(*(c.there for c in others)) - one.there - {*_FREE, "receiver"}
    lost &= KINDS[one.kind].keys()
    if lost:
        whole = max(others, key=lambda c: len(c.there & lost))
        yield note("lost_columns", fields=", ".join(sorted(lost)), file=whole.file)
    common = [c for c in one.rows.columns if c in one.there - {"receiver"} and all(c in o.rows.columns for o in near)]
    usual = pl.concat([o.rows.select(common) for o in near], how="vertical_relaxed")
    rows = one.rows.select(common)
    for field in common:
        share = 1 - usual[field].null_count() / usual.height
        if field not in filled and share * rows.height >= _FEW and share >= 0.5:
            yield note("emptied", field=field, file=near[0].file)
    for field in rows.select(cs.decimal()).columns:
        if _positive(usual[field]) >= 0.8 and _positive(rows[field]) <= 0.4:
            yield _odd(field, rows[field].cast(pl.String))
    for kind in (cs.temporal(), cs.numeric()):
        yield from _turned(rows, usual, rows.select(kind).columns)
    for parts in _SUMS.get(one.kind, ()):
        if set(parts) <= set(common) and _adds_up(usual, parts) >= _MOST and _adds_up(rows, parts) < 0.6:
            yield note("sum_broken", parts=" + ".join(parts[:-1]), whole=parts[-1], file=near[0].file)
    yield from _swapped(one, near, rows.select(cs.string()).columns, usual)
    yield from _prices(rows, usual)


def _turned(rows: pl.DataFrame, usual: pl.DataFrame, fields: Sequence[str]) -> Iterator[str]:
    """Pairs of times or amounts that stand in the other order than in the other files."""
    pairs = list(combinations(fields, 2))
    for (a, b), before, here in zip(pairs, _signs(usual, pairs), _signs(rows, pairs), strict=True):
        if min(sum(before), sum(here)) < 3:
            continue
        share, now = before[0] / sum(before), here[0] / sum(here)
        limit = 0.3 if min(sum(before), sum(here)) >= _FEW else 0
        if share >= _MOST and now <= limit:
            yield note("turned_around", first=a, second=b, rows=here[1])
        elif share <= _LEAST and now >= 1 - limit:
            yield note("turned_around", first=b, second=a, rows=here[0])


def _adds_up(rows: pl.DataFrame, parts: Sequence[str]) -> float:
    whole = rows.drop_nulls(parts)
    same = pl.sum_horizontal(parts[:-1]) == pl.col(parts[-1])
    return whole.select(same.mean()).item() if whole.height >= _FEW else 1.0


def _swapped(one: Columns, near: Sequence[Columns], fields: Sequence[str], usual: pl.DataFrame) -> Iterator[str]:
    """Texts that are like another column's in the other files, or like none."""
    here, before = {f: one.texts[f] for f in fields}, {f: _together([o.texts[f] for o in near]) for f in fields}
    told = [f for f in fields if here[f].count >= 5 and before[f].count >= 5]
    named = set()
    for a, b in combinations(told, 2):
        own = here[a].like(before[a]) + here[b].like(before[b])
        cross = here[a].like(before[b]) + here[b].like(before[a])
        if cross > own + 0.4:
            named |= {a, b}
            yield note("swapped", first=a, second=b, file=near[0].file)
    for f in told:
        if f in named or (f.endswith("_id") and f != "product_id"):
            continue
        unlike = here[f].coarse(before[f]) <= _LEAST
        unknown = f in _CLOSED and usual.height >= 20 and here[f].overlap(before[f]) <= 0.05
        if unlike or unknown:  # then whether the other files are alike themselves
            first, second = _halves(usual[f])
            if (unlike and first.coarse(second) >= _MOST) or (unknown and first.overlap(second) >= _MOST):
                yield _odd(f, one.rows[f])


@dataclass(frozen=True)
class _Texts:
    """How often a text column holds each value, and values of each shape, fine and coarse."""

    values: Counter[str]
    shapes: Counter[str]
    kinds: Counter[str]

    @cached_property
    def count(self) -> int:
        return self.values.total()

    def overlap(self, other: _Texts) -> float:
        return sum(n for value, n in self.values.items() if value in other.values) / max(self.count, 1)

    def coarse(self, other: _Texts) -> float:
        return _cosine(self.kinds, other.kinds)

    def like(self, other: _Texts) -> float:
        """How like the columns are: 0 to 1, half by their values, half by the values' shapes."""
        return (self.overlap(other) + _cosine(self.shapes, other.shapes)) / 2


def _texts(cells: pl.Series) -> _Texts:
    values = cells.drop_nulls().alias("value").value_counts(name="n")
    bare = (
        pl.col("value")
        .str.replace_all(r"\p{Han}+", "字")
        .str.replace_all(r"[A-Za-z]+", "A")
        .str.replace_all(r"\d", "9")
    )
    told = values.select(
        "n", bare.str.head(24).alias("shape"), bare.str.replace_all("9+", "9").str.head(6).alias("kind")
    )
    shapes, kinds = Counter[str](), Counter[str]()
    for n, shape, kind in told.iter_rows():
        shapes[shape] += n
        kinds[kind] += n
    return _Texts(Counter(dict(values.iter_rows())), shapes, kinds)


def _together(texts: Sequence[_Texts]) -> _Texts:
    found = _Texts(Counter(), Counter(), Counter())
    for one in texts:
        found.values.update(one.values)
        found.shapes.update(one.shapes)
        found.kinds.update(one.kinds)
    return found


def _halves(cells: pl.Series) -> tuple[_Texts, _Texts]:
    """A column by two halves of its rows, drawn without an order: what its own files differ by."""
    mixed = cells.sample(fraction=1, shuffle=True, seed=1)
    return _texts(mixed[: mixed.len() // 2]), _texts(mixed[mixed.len() // 2 :])


def _cosine(a: Counter[str], b: Counter[str]) -> float:
    both = sum(n * b[shape] for shape, n in a.items() if shape in b)
    return both / (sum(v * v for v in a.values()) * sum(v * v for v in b.values())) ** 0.5 if a and b else 0.0


def _prices(rows: pl.DataFrame, usual: pl.DataFrame) -> Iterator[str]:
    """Prices of the same products that are several times the usual: another currency, cents for yuan."""
    money = next((c for c in ("payable", "total", "paid_net", "paid") if c in rows.columns), None)
    for key in _PRODUCT:
        if money is None or key not in rows.columns:
            continue
        price = [pl.col(money).filter(pl.col(money) > 0).cast(pl.Float64).median().alias("price")]
        both = rows.group_by(key).agg(price).join(usual.group_by(key).agg(price), on=key, suffix="_usual").drop_nulls()
        if both.height and (times := both.select((pl.col("price") / pl.col("price_usual")).median()).item()):
            if not 1 / _PRICE_FACTOR <= times <= _PRICE_FACTOR:
                yield note("price_level", field=money, times=round(times, 3))
            return


def _other_products(one: Columns, others: Sequence[Columns]) -> bool:
    """Whether none of a file's products is the shop's, in a shop that sells the same products again and again."""
    told = 0
    for key in _PRODUCT:
        before = [o.texts[key] for o in others if key in o.texts]
        if key not in one.texts or min(one.texts[key].count, sum(b.count for b in before)) < _FEW:
            continue
        if one.texts[key].overlap(_together(before)) > 0.05:
            return False
        first, second = _halves(pl.concat([o.rows[key] for o in others if key in o.texts]).drop_nulls())
        told += first.overlap(second) >= 0.5
    return told > 0
