"""Rows in a table that are none of its records: totals, the header once more on every page, notes under the table."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from aftersales.sources.kinds import KINDS
from aftersales.sources.recognition import Match

# Words that such a row begins with; nothing a shop sells or an order's number begins so.
_TOTAL = (
    r"(?i)^[\s'\"=*]*(?:(?:本页|当页|全部|订单|金额|总)?合\s*计|总\s*计|小\s*计|累\s*计|汇\s*总"
    r"|(?:grand |sub-?|page )?totals?\b"
    r"|sum\b|summe\b|gesamt(?:summe)?\b|zwischensumme\b|totale?\b|somme\b|sous-total|итого|всего|合計|総計|小計|합계|총계|tổng)"
)
_NOTE = (
    r"(?i)^[\s'\"=]*(?:[（(\[【]?(?:备注|附注|注意|注|说明|提示|声明)[】\])）]?\s*[:：、.]|导出|制表|统计|生成时间|打印|数据来源|以上"
    r"|共\s*\d|第\s*\d+\s*页|\*+\s|note[s:]|exported|generated|printed|report |page \d|source:|end of|=====|-----)"
)
_FEW = 3  # with fewer columns read, a lone cell says nothing


def first_words(cells: Sequence[str | None]) -> str | None:
    """Why a row is none, by its first words: ``total_row`` or ``note_row``; None where they do not say so.

    >>> first_words(["", "合计", "20"]), first_words(["备注：仅供参考"]), first_words(["3515", "灯"])
    ('total_row', 'note_row', None)
    """
    said = [cell for cell in cells if cell and cell.strip()]
    if not said:
        return None
    found = pl.Series(said[:1])
    if found.str.contains(_TOTAL).item():
        return "total_row"
    return "note_row" if len(said) == 1 and found.str.contains(_NOTE).item() else None


def stray_rows(cells: pl.DataFrame, match: Match, headers: Sequence[str]) -> pl.DataFrame:
    """The rows among the raw cells that are no records: ``row`` and ``reason``."""
    fields = KINDS[match.layout.kind]
    spelled = (h for name in fields if fields[name].present for h in match.layout.spellings(name))
    key = next((f"c{place}" for place in match.columns(spelled)), None)
    if key is None or not cells.height:
        return pl.DataFrame(schema={"row": cells.schema["row"], "reason": pl.String})
    odd = ~pl.col(key).str.contains("[0-9]") | pl.col(key).str.contains(f"{_TOTAL}|{_NOTE}")
    some = cells.filter(odd.fill_null(value=True))
    columns = [c for c in cells.columns if c != "row"]
    first = pl.coalesce(columns)
    alone = pl.sum_horizontal(pl.col(c).is_not_null() for c in columns) == 1
    # words without a number under the table stand in its first column; in another one they are a line's own cell
    words = pl.col(columns[0]).is_not_null() & ~first.str.contains("[0-9]")
    again = [pl.col(c).str.strip_chars() == headers[int(c[1:])].strip() for c in columns if headers[int(c[1:])].strip()]
    found = some.select(
        "row",
        reason=pl.when(pl.sum_horizontal(a.fill_null(value=False) for a in again) >= min(2, len(again)))
        .then(pl.lit("repeated_header"))
        .when(first.str.contains(_TOTAL))
        .then(pl.lit("total_row"))
        .when(alone & (first.str.contains(_NOTE) | words) & (len(columns) >= _FEW))
        .then(pl.lit("note_row")),
    )
    return found.filter(pl.col("reason").is_not_null())
