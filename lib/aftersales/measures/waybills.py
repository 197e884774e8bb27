"""Waybill numbers: how they are compared, which forms a shop's couriers use, and which are one typing error apart.

No maintained set of forms was found for the couriers of Chinese shops (jkeen/tracking_number_data has UPS, FedEx, DHL,
USPS and national posts only), so forms are learnt from the shop's own deliveries and returns.
"""

from __future__ import annotations

import polars as pl

# Shorter than this is no courier's number; 无, 自送, 0000 and telephone numbers are what people write instead of one.
LEAST_CHARACTERS = 8
_PHONE = r"^1[3-9]\d{9}$"
# A form that many of a courier's numbers have, or some of the shop's own deliveries, is one of its forms.
FORM_SHARE, FORM_DELIVERIES = 0.02, 5
# With fewer numbers of a courier its forms are not known.
LEAST_NUMBERS = 50
_RUNS = ("12345678", "87654321", "01234567")
SLIPS = 2  # characters typed wrongly, left out or doubled
_AT_ONCE = 20_000


def waybill(cell: pl.Expr) -> pl.Expr:
    """A number as it is compared: full-width characters as plain ones, capitals, nothing but letters and digits.

    Of several numbers in a cell the first. Null for what is no number: words, zeros, fewer than eight characters, a
    telephone number.

    >>> cells = pl.DataFrame({"n": ["ｓｆ１２３４ ５６７８", "无", "00000000000", "YT123456789,YT2", "13800138000"]})
    >>> cells.select(waybill(pl.col("n")))["n"].to_list()
    ['SF12345678', None, None, 'YT123456789', None]
    """
    first = cell.str.normalize("NFKC").str.to_uppercase().str.extract(r"^([^,;/|、]*)")
    plain = first.str.replace_all(r"[^A-Z0-9]", "")
    digits = plain.str.replace_all(r"[A-Z]", "")
    none = (
        (plain.str.len_chars() < LEAST_CHARACTERS)
        | (digits == "")
        | plain.str.contains(_PHONE)
        | (digits.str.strip_chars(digits.str.head(1)) == "")
    )
    return pl.when(~none).then(plain)


def courier(cell: pl.Expr) -> pl.Expr:
    """A courier's name as it is compared: 圆通速递, 圆通快递 and 圆通 are one.

    >>> pl.DataFrame({"c": ["圆通速递", " 圆通 ", "ＥＭＳ", ""]}).select(courier(pl.col("c")))["c"].to_list()
    ['圆通', '圆通', 'EMS', None]
    """
    plain = cell.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"\s", "")
    short = plain.str.replace(r"(?:快递|速递|速运|快运|物流|EXPRESS|集团|股份|有限|公司)+$", "")
    return pl.when(short != "").then(short).when(plain != "").then(plain)


def form(number: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """A number's leading letters and its length.

    >>> pl.DataFrame({"n": ["SF1234567890123"]}).select(*form(pl.col("n"))).row(0)
    ('SF', 15)
    """
    return number.str.extract(r"^([A-Z]*)").alias("prefix"), number.str.len_chars().cast(pl.Int64).alias("length")


def odd_forms(numbers: pl.DataFrame) -> pl.DataFrame:
    """How far a number's form is from those of its courier.

    ``numbers``: number, courier, own (of the shop's delivery, which no buyer types). Columns out: those, and slips
    (Int64): 0 for a form of this or another of the shop's couriers (the wrong one is soon picked from a list), 1 or 2
    where one or two characters are too many or missing, 3 for any other, null where the courier is not known or has too
    few numbers to tell. A run of digits like 1234567890 is 3.

    >>> known = pl.DataFrame({"number": [f"YT{n}" for n in range(10_000, 10_060)], "courier": "圆通", "own": True})
    >>> odd = pl.DataFrame({"number": ["YT00010001", "YT1234", "4711471147114711"], "courier": "圆通", "own": False})
    >>> known = known.with_columns(pl.col("number") + "7")
    >>> odd_forms(pl.concat([known, odd])).tail(3)["slips"].to_list()
    [2, 2, 3]
    """
    rows = numbers.with_columns(*form(pl.col("number")))
    of = (
        rows.drop_nulls("courier")
        .group_by("courier", "prefix", "length")
        .agg(n=pl.col("number").n_unique(), own=pl.col("number").filter("own").n_unique())
        .with_columns(all=pl.col("n").sum().over("courier"), all_own=pl.col("own").sum().over("courier"))
    )
    of = of.filter(pl.col("all") >= LEAST_NUMBERS)
    own = (pl.col("own") >= FORM_DELIVERIES) & (pl.col("own") >= FORM_SHARE / 4 * pl.col("all_own"))
    known = of.filter(own | (pl.col("n") >= FORM_SHARE * pl.col("all"))).select("courier", "prefix", "length")
    any_ = known.select("prefix", "length").unique().with_columns(fits=pl.lit(value=True))
    forms = rows.select("courier", "prefix", "length").unique().join(any_, on=["prefix", "length"], how="left")
    near = forms.join(known.rename({"prefix": "theirs", "length": "right"}), on="courier")
    letters = near.select("prefix", "theirs").unique()
    letters = letters.with_columns(edits=pl.Series([_edits(a, b) for a, b in letters.rows()], dtype=pl.Int64))
    near = near.join(letters, on=["prefix", "theirs"])
    digits = pl.col("length") - pl.col("prefix").str.len_chars() - (pl.col("right") - pl.col("theirs").str.len_chars())
    # one letter may be wrong, or all left out; two others are another courier's
    slip = (pl.col("edits") <= 1) | (pl.col("prefix") == "")
    gap = pl.when(slip).then(digits.cast(pl.Int64).abs() + pl.min_horizontal("edits", 1)).otherwise(SLIPS + 1)
    near = near.group_by("courier", "prefix", "length").agg(slips=gap.min().clip(upper_bound=SLIPS + 1))
    near = forms.join(near, on=["courier", "prefix", "length"], how="inner").select(
        "courier",
        "prefix",
        "length",
        slips=pl.when(pl.col("fits").fill_null(value=False)).then(0).otherwise(pl.col("slips").clip(1)).cast(pl.Int64),
    )
    found = rows.join(near, on=["courier", "prefix", "length"], how="left", maintain_order="left")
    run = pl.any_horizontal(pl.col("number").str.contains(run, literal=True) for run in _RUNS)
    slips = pl.when(run & ~pl.col("own") & pl.col("slips").is_not_null()).then(SLIPS + 1).otherwise("slips")
    return found.with_columns(slips=slips).drop("prefix", "length")


def slips_apart(typed: pl.Series, real: pl.Series) -> pl.DataFrame:
    """Pairs (typed, real) that differ by one or two characters: changed, left out or too many.

    >>> slips_apart(pl.Series(["1234567890", "123456809", "5555555555"]), pl.Series(["1234567809"])).rows()
    [('1234567890', '1234567809'), ('123456809', '1234567809')]
    """
    one, other = typed.drop_nulls().unique().sort(), real.drop_nulls().unique().sort()
    # whatever is at most two edits apart has a remainder in common once at most two characters are left out of each
    rest = _left(one, "typed")
    # a number has a hundred remainders: many numbers are looked at some at a time
    parts = [other.slice(at, _AT_ONCE) for at in range(0, other.len() if one.len() else 0, _AT_ONCE)]
    both = pl.concat(
        [
            rest.clear().select("typed", real="typed"),
            *(rest.join(_left(part, "real"), on="left").select("typed", "real").unique() for part in parts),
        ]
    )
    near = both.filter(pl.col("typed") != pl.col("real")).sort("typed", "real")
    return near.filter(pl.Series([_edits(a, b) <= SLIPS for a, b in near.rows()], dtype=pl.Boolean))


def _left(numbers: pl.Series, name: str) -> pl.DataFrame:
    """Each number with what is left of it without up to two characters."""
    some = numbers.alias(name).to_frame().with_columns(left=pl.col(name))
    layers = [some]
    for _ in range(SLIPS):
        size = pl.col("left").str.len_bytes()
        each = layers[-1].with_columns(at=pl.int_ranges(size)).explode("at").drop_nulls("at")
        cut = pl.col("left").str.slice(0, pl.col("at")) + pl.col("left").str.slice(pl.col("at") + 1)
        layers.append(each.select(name, left=cut).unique())
    return pl.concat(layers)


def _edits(one: str, other: str) -> int:
    """Characters changed, left out or added between two numbers (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]
