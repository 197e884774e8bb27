"""`aftersales kinds`: the kinds of goods learnt from titles, drafted as the products template for people to correct."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl

from aftersales.findings.product_counts import ALL
from aftersales.measures.kinds import title_tokens
from aftersales.measures.triangles import ANY
from aftersales.sources.layout import load_layouts
from aftersales.week.loading import load
from aftersales.words.errors import SetupError, UsageError
from aftersales.words.language import say
from aftersales.words.plain import safe_cell

# Columns of the products template, then what only helps to correct it and is not read back.
TEMPLATE = ("product_id", "merchant_code", "from_day", "category", "batch", "supplier", "unit_cost")
BESIDE = ("title", "words")
MOST_NAMED = 12  # kinds named on the screen


def drafted_kinds(shop: str, *, out: Path | None = None, config: Path | None = None) -> tuple[str, list[str]]:
    """The table of a shop's product kinds as CSV text, written to ``out`` where given; and lines on what it holds.

    A category that the shop has given stays. Elsewhere the kind is the title word that says what the product is
    (`expected_by_kind`), of several the one that most of the shop's products share; products that no word tells stay
    blank. Rows of the products table are written again, so that reading the file back loses no batch, supplier or cost.

    Raises
    ------
    UsageError
        No product of the shop has a paid order.
    SetupError
        The file cannot be written.

    """
    report = load(shop, config=str(config) if config else None)
    names = report.data.product_counts.names.select("product_id", "title", "category")
    if names.is_empty():
        raise UsageError(f"No product of {shop} has a paid order in the last sixty weeks")
    known = report.data.product_views.filter(level="product", against="category", reason=ANY)
    kinds = kinds_of(names, known.select("product_id", "like_words"))
    rows = _template_rows(report.data.tables["products"].collect(), kinds)
    text = _as_csv(rows, report.language)
    lines = _lines(kinds, report.say)
    if out is not None:
        try:
            out.write_text(text, "utf-8-sig")
        except OSError as error:
            hint = "close it where it is open, or name another file"
            raise SetupError(f"{out.name} cannot be written", found=error.strerror, hint=hint) from None
        lines.append(report.say("kinds.read_back", file=out.name, shop=shop))
    return text, lines


def kinds_of(names: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The kind of each product; ``names``: product_id, title, category ("all": none given); ``known``: product_id,
    like_words (the words that say what it is).

    Columns out: product_id, title, kind (null where nothing tells it), given (whether the shop's files name it), words
    (list of text). Sorted by kind, product_id; those without a kind last.

    >>> names = pl.DataFrame({"product_id": ["1", "2", "3", "4"],
    ...     "title": ["长袖连衣裙", "碎花连衣裙", "连衣裙", "贺卡"], "category": ["all"] * 4})
    >>> known = pl.DataFrame({"product_id": ["1", "2"], "like_words": [["长袖", "连衣裙"], ["连衣裙"]]})
    >>> kinds_of(names, known).select("product_id", "kind").rows()
    [('1', '连衣裙'), ('2', '连衣裙'), ('3', '连衣裙'), ('4', None)]
    """
    given = pl.col("category").is_not_null() & (pl.col("category") != ALL)
    named = names.join(known, on="product_id", how="left").with_columns(given=given)
    words = set(named.filter(~pl.col("given"))["like_words"].explode().drop_nulls())
    # what was not sold lately is told by the same words
    held = [
        [w for w in dict.fromkeys(title_tokens(title)) if w in words] if not said else list(said)
        for title, said in named.select("title", "like_words").iter_rows()
    ]
    named = named.with_columns(words=pl.Series(held, dtype=pl.List(pl.String)))
    often = named.filter(~pl.col("given")).select("product_id", word="words").explode("word").drop_nulls()
    often = often.with_columns(shared=pl.len().over("word"), length=pl.col("word").str.len_chars())
    ranked = often.sort("shared", "length", "word", descending=[True, True, False])
    of_word = ranked.unique("product_id", keep="first", maintain_order=True).select("product_id", learnt="word")
    kind = pl.when("given").then("category").otherwise("learnt")
    found = named.join(of_word, on="product_id", how="left").with_columns(kind=kind)
    return found.select("product_id", "title", "kind", "given", "words").sort("kind", "product_id", nulls_last=True)


def _template_rows(products: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """The shop's rows of the products table, and one for each product that has none; each with its kind."""
    rows = kinds.join(products.rename({"category": "stated"}), on="product_id", how="left", maintain_order="left")
    return rows.with_columns(category=pl.coalesce("stated", "kind"))


def _as_csv(rows: pl.DataFrame, language: str) -> str:
    layout = next(known for known in load_layouts() if known.name == "template_products")
    headers = layout.groups[0].headers
    packed = io.StringIO()
    table = csv.writer(packed, lineterminator="\r\n")
    table.writerow([headers[c][0 if language == "zh" else -1] for c in TEMPLATE] + list(_beside(language)))
    for row in rows.iter_rows(named=True):
        day = "" if row["from_day"] is None or row["from_day"].year == 1970 else row["from_day"].isoformat()
        cells = {c: "" if row[c] is None else str(row[c]) for c in TEMPLATE} | {"from_day": day}
        words = "" if row["given"] else " ".join(row["words"])
        table.writerow([cells[c] for c in TEMPLATE] + [safe_cell(row["title"] or ""), safe_cell(words)])
    return packed.getvalue()


def _beside(language: str) -> list[str]:
    return [say(f"kinds.column.{name}", "zh" if language == "zh" else "en") for name in BESIDE]


def _lines(kinds: pl.DataFrame, tell: Callable[..., str]) -> list[str]:
    unknown = kinds.filter(pl.col("kind").is_null()).height
    sizes = kinds.drop_nulls("kind").group_by("kind").agg(products=pl.len())
    sizes = sizes.sort("products", "kind", descending=[True, False])
    given = kinds.filter("given").height
    lines = [tell("kinds.found", products=kinds.height, kinds=sizes.height, given=given, unknown=unknown)]
    shown = [tell("kinds.kind", kind=kind, products=products) for kind, products in sizes.head(MOST_NAMED).iter_rows()]
    more = sizes.height - len(shown)
    return lines + shown + ([tell("kinds.more", more=more)] if more > 0 else [])
