"""`aftersales train`: a text model from labelled texts, tried on texts held back, and kept where it does better."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from aftersales.measures.held_out import FEW_TEXTS, held_out
from aftersales.sources.labelled import read_labelled
from aftersales.sources.model_file import NAME, forget_model, store_model
from aftersales.sources.settings import load_settings
from aftersales.stats.text import model_bytes, train
from aftersales.words.errors import QuestionError
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
        raise QuestionError("There is no trained model to remove", hint="train one with `aftersales train FILE`")
    return [say("train.forgotten", language or settings.shops[0].language[0])]


def _line(key: str, row: dict[str, Any], name: str, language: Language, **more: str) -> str:
    columns = ("right", "wrong", "unsure", "accuracy", "accuracy_low", "accuracy_high", "said")
    values = {column: row[f"{name}{column}"] for column in columns}
    none = "_none" if values["accuracy"] is None else ""
    return say(f"{key}{none}", language, texts=row["texts"], dared=values["right"] + values["wrong"], **values, **more)
