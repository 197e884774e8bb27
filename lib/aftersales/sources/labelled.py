"""Labelled texts for training: a CSV with a text and its cause a row, Chinese or English headers, UTF-8 or GB18030."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from aftersales.sources.found import read_file
from aftersales.sources.masking import masked, masked_error
from aftersales.tables.values import REASONS
from aftersales.words.errors import DataError

TEXT_HEADERS = ("text", "文本", "投诉内容", "内容")
CAUSE_HEADERS = ("cause", "原因", "投诉原因")
# Of causes with fewer texts none can be held back to try the model on.
LEAST_TEXTS = 2


def read_labelled(path: Path) -> pl.DataFrame:
    r"""The labelled texts of a file, each text once. Columns out: text, cause (a reason group), in the file's order.

    A text under two causes, and a cause with one text only, is left out. Raises `DataError` where the file cannot be
    read, lacks a column, names a cause that is none of the 18, or leaves fewer than two causes.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as place:
    ...     file = Path(place) / "labelled.csv"
    ...     _ = file.write_text("原因,内容\ndamaged,碎了\ndamaged,裂了\nsize,小了\nsize,大了\n", "utf-8")
    ...     read_labelled(file).rows()[0]
    ('碎了', 'damaged')
    """
    table = _table(path)
    found = [next((h for h in headers if h in table.columns), None) for headers in (TEXT_HEADERS, CAUSE_HEADERS)]
    if None in found:
        raise DataError(
            f"{path.name} needs a column of texts and one of causes",
            found=masked(", ".join(table.columns)),
            hint=f"call them {TEXT_HEADERS[0]} and {CAUSE_HEADERS[0]}",
        )
    rows = table.select(pl.col(str(found[0])).alias("text"), pl.col(str(found[1])).str.strip_chars().alias("cause"))
    rows = rows.drop_nulls().unique(maintain_order=True)
    strange = sorted(set(rows["cause"]) - set(REASONS))
    if strange:
        raise DataError(
            f"{path.name} names causes that are no reason groups",
            found=masked(", ".join(strange[:5])),
            hint=f"use {', '.join(REASONS)}",
        )
    rows = rows.filter(pl.len().over("text") == 1).filter(pl.len().over("cause") >= LEAST_TEXTS)
    if rows["cause"].n_unique() < LEAST_TEXTS:
        raise DataError(
            f"{path.name} has too few labelled texts",
            found=f"{rows.height} different texts that can be used",
            hint=f"label {LEAST_TEXTS} different texts each of {LEAST_TEXTS} causes at the least, better 20 each",
        )
    return rows


def _table(path: Path) -> pl.DataFrame:
    raw = read_file(path, path.name)
    try:
        return pl.read_csv(_decoded(raw, path.name).encode(), infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path.name} is no table", found=masked_error(str(error).splitlines()[0][:120])) from error


def _decoded(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is neither UTF-8 nor GB18030", hint="save it as CSV with UTF-8") from error
