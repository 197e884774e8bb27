"""Rows set aside: which, why, and their cells without whatever names a person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

import polars as pl

from aftersales.sources.layout import normalised

# Why a row can be set aside; the sentences stand in words/catalogue/reading.toml. A layout may add words of its own.
REASONS = (
    "too_many_fields", "too_few_fields", "cut_off", "broken_quotes", "damaged_id", "missing_value", "unreadable_value",
    "negative_value", "doubtful_value", "other_currency", "other_shop", "repeated_header", "total_row", "note_row",
    "repeated_key", "dated_late", "dated_early",
)  # fmt: skip
SCHEMA: dict[str, type[pl.DataType]] = {
    "file": pl.String, "row": pl.Int64, "layout": pl.String, "reason": pl.String, "column": pl.String,
    "cells": pl.String,
}  # fmt: skip

# Columns that name a person, or hold free text in which people write names, phones and addresses.
_PERSONAL = re.compile(
    "会员|昵称|旺旺|支付宝|姓名|收货人|收件|地址|电话|手机|联系|邮箱|邮编|身份证|真实|买家id|用户|顾客|下单帐号|操作人|操作账号"
    "|留言|备注|备忘|说明|内容|诉求|描述|发票|物流信息|街道|buyer|customer|receiver|name|phone|mobile|address|email|text|note"
    "|message|demand|comment|抬头|资料|密文|号码|street|recipient|consignee|purchaser|straße|strasse|empfänger|käufer"
    "|alamat|nama|penerima|pembeli"
)
# Fields whose column is personal whatever a layout finds it under.
PERSONAL_FIELDS = (
    "buyer", "receiver", "address", "phone", "mobile", "buyer_message", "seller_note", "note", "text", "demand",
)  # fmt: skip
_PHONE = re.compile(r"^['\"=\s]*(?:\+?86[- ]?)?1[3-9]\d{9}['\"\s]*$|^['\"=\s]*0\d{2,3}-?\d{7,8}['\"\s]*$")
_LONGEST_CELL = 1_000  # what tells why a row was set aside; a cell of megabytes is not kept to show that


def set_aside(
    rows: Sequence[int],
    reasons: Iterable[str],
    columns: Iterable[str | None],
    cells: Iterable[str | None],
    *,
    file: str,
    layout: str,
) -> pl.DataFrame:
    """The table of rows set aside: file, row, layout, reason, column, cells; sorted by row.

    >>> set_aside([3], ["damaged_id"], ["订单编号"], ["{}"], file="a.csv", layout="x").rows()
    [('a.csv', 3, 'x', 'damaged_id', '订单编号', '{}')]
    """
    table = {"row": rows, "reason": list(reasons), "column": list(columns), "cells": list(cells)}
    frame = pl.DataFrame(table, schema={name: SCHEMA[name] for name in table})
    return frame.with_columns(file=pl.lit(file), layout=pl.lit(layout)).select(*SCHEMA).sort("row")


def nothing() -> pl.DataFrame:
    """No row set aside."""
    return pl.DataFrame(schema=SCHEMA)


def harmless_cells(headers: Sequence[str], cells: Sequence[str | None]) -> str:
    """A row's non-empty cells as JSON by header, personal columns and anything that looks like a phone left out.

    >>> harmless_cells(["订单编号", "买家会员名", "总金额"], ["3.5E+18", "tb1", "abc"])
    '{"订单编号": "3.5E+18", "总金额": "abc"}'
    """
    kept = {
        header.strip()[:_LONGEST_CELL]: cell[:_LONGEST_CELL]
        for header, cell in zip(headers, cells, strict=False)
        if cell and not _PERSONAL.search(normalised(header)) and not _PHONE.match(cell)
    }
    return json.dumps(kept, ensure_ascii=False)


def field_counts(found: int | None, expected: int) -> str:
    """What is kept of a row whose cells cannot be told apart, and so may hold a person's data in any place.

    >>> field_counts(12, 46)
    '{"fields": 12, "expected": 46}'
    """
    return json.dumps({"fields": found, "expected": expected})
