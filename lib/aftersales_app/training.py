"""`aftersales train`: a text model from labelled texts, tried on texts held back, and kept where it does better.

Labelled texts are a CSV with a text and its cause a row, Chinese or English headers, UTF-8 or GB18030.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from aftersales.measures.held_out import FEW_TEXTS, held_out
from aftersales.sources.export_folder import read_file
from aftersales.sources.masking import masked, masked_error
from aftersales.sources.model_file import NAME, forget_model, store_model
from aftersales.sources.settings import load_settings
from aftersales.stats.text import model_bytes, train
from aftersales.tables.values import REASONS
from aftersales.words.errors import DataError, UsageError
from aftersales.words.language import Language, say


def trained(
    file: Path, *, force: bool = False, language: Language | None = None, config: Path | None = None
) -> list[str]:
    """Train on a file of labelled texts; lines that say how well causes are found, and whether the model was kept.

    Figures are of texts held back (`measures.held_out`), never of those learnt from. A model that finds fewer causes
    than the words alone is not kept, unless ``force``. `DataError` for a file that is no table of labelled texts.
    """
    settings = load_settings(config)
    spoken = language or settings.shops[0].language[0]
    labelled = read_labelled(file)
    figures = held_out(labelled)
    whole = figures.row(0, named=True)
    lines = [say("train.read", spoken, texts=labelled.height, causes=labelled["cause"].n_unique())]
    lines += [_line("train.together", whole, "", spoken), _line("train.words", whole, "words_", spoken)]
    lines += [
        _line("train.cause", row, "", spoken, cause=f"reason.{row['cause']}")
        for row in figures[1:].iter_rows(named=True)
    ]
    few = figures[1:].filter(pl.col("texts") < FEW_TEXTS).height
    if few:
        lines.append(say("train.few", spoken, few=few, causes=figures.height - 1, least=FEW_TEXTS))
    if whole["right"] <= whole["words_right"] and not force:
        return [*lines, say("train.not_kept", spoken, right=whole["right"], words=whole["words_right"])]
    store_model(settings.store_path, model_bytes(train(labelled["text"], labelled["cause"])))
    return [*lines, say("train.kept", spoken, file=NAME)]


def forgotten(*, language: Language | None = None, config: Path | None = None) -> list[str]:
    """Remove the trained model: causes are found by words alone again."""
    settings = load_settings(config)
    if not forget_model(settings.store_path):
        raise UsageError("There is no trained model to remove", hint="train one with `aftersales train FILE`")
    return [say("train.forgotten", language or settings.shops[0].language[0])]


def _line(key: str, row: dict[str, Any], name: str, language: Language, **more: str) -> str:
    columns = ("right", "wrong", "unsure", "accuracy", "accuracy_low", "accuracy_high", "said")
    values = {column: row[f"{name}{column}"] for column in columns}
    none = "_none" if values["accuracy"] is None else ""
    return say(f"{key}{none}", language, texts=row["texts"], dared=values["right"] + values["wrong"], **values, **more)


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
