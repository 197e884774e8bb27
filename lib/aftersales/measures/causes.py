"""The cause of a complaint from its words, in the 18 reason groups: a trained model where sure, else the lexicon.

Where neither is sure the cause is "unsure" and a person should read the text: a wrong cause in a reply costs more than
none. Words: `cause_words`; model: `text.train` on the shop's own labels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from aftersales.measures.cause_words import CAUSE_WORDS
from aftersales.stats.text import CLASSIFIED_CHARS, UNSURE, UNSURE_BELOW, TextModel, normal_texts, predict
from aftersales.tables.values import REASONS
from aftersales.words.errors import DataError

SAYS, HINTS = 2.0, 1.0
# What speaks for nothing in particular: a lone hint (1 of 2) does not reach an even chance with another beside it.
DOUBT = 1.0


def causes(
    texts: Sequence[str | None] | pl.Series, *, model: TextModel | None = None, unsure_below: float = UNSURE_BELOW
) -> pl.DataFrame:
    """The cause each text speaks of. One row a text, in order.

    Columns out: cause (one of `tables.values.REASONS`, or "unsure"), probability (0..1; of the model, or the lexicon's
    share of the weight of words found; null where nothing was found), ground ("model", "words", null where unsure).
    A model whose labels are not all reason groups is a `DataError`.

    >>> causes(["付款五天了还没发货", "The cup arrived broken", "嗯嗯"]).select("cause", "ground").rows()
    [('late_ship', 'words'), ('damaged', 'words'), ('unsure', None)]
    """
    by_words = _by_words(texts)
    frame = by_words.select("cause", "probability", pl.lit("words").alias("ground"))
    sure = (pl.col("probability") >= unsure_below).fill_null(value=False)
    if model is not None:
        strange = sorted(set(model.labels) - set(CAUSE_WORDS))
        if strange:
            raise DataError("The text model knows labels that are no causes", found=", ".join(strange))
        told = predict(model, texts, unsure_below=unsure_below)
        certain = pl.Series((told["label"] != UNSURE).to_list(), dtype=pl.Boolean)
        frame = frame.with_columns(
            pl.when(certain).then(told["best"]).otherwise("cause").alias("cause"),
            pl.when(certain).then(told["probability"]).otherwise("probability").alias("probability"),
            pl.when(certain).then(pl.lit("model")).otherwise("ground").alias("ground"),
        )
    return frame.select(
        pl.when(sure).then("cause").otherwise(pl.lit(UNSURE)).alias("cause"),
        "probability",
        pl.when(sure).then("ground").alias("ground"),
    )


def complaint_causes(facts: pl.DataFrame, *, model: TextModel | None = None) -> pl.Series:
    """A cause a complaint: its kind where that is a reason group already, else by `causes` from kind and words.

    >>> complaint_causes(pl.DataFrame({"kind": ["quality", "投诉"], "text": ["", "付款五天了还没发货"]})).to_list()
    ['quality', 'late_ship']
    """
    words = facts.select(pl.concat_str(pl.col("kind", "text").fill_null(""), separator="。"))[:, 0]
    known = facts["kind"].is_in(list(REASONS)).fill_null(value=False)
    told = causes(words, model=model)["cause"]
    return pl.select(pl.when(known).then(facts["kind"]).otherwise(told)).to_series()


def _by_words(texts: Sequence[str | None] | pl.Series) -> pl.DataFrame:
    column = pl.Series("text", texts, dtype=pl.String).str.slice(0, CLASSIFIED_CHARS)
    text = pl.col("text")
    scores = pl.DataFrame({"text": normal_texts(column)}).select(
        pl.sum_horizontal(
            *(text.str.contains(p).cast(pl.Float64) * SAYS for p in says),
            *(text.str.contains(p).cast(pl.Float64) * HINTS for p in hints),
        ).alias(cause)
        for cause, (says, hints) in CAUSE_WORDS.items()
    )
    weight = scores.to_numpy()
    best = weight.argmax(axis=1) if len(weight) else np.zeros(0, dtype=np.int64)
    top = weight.max(axis=1, initial=0.0)
    share = top / (weight.sum(axis=1) + DOUBT)
    cause = pl.Series(np.asarray(list(CAUSE_WORDS))[best].tolist(), dtype=pl.String)
    frame = pl.DataFrame({"cause": cause, "probability": share})
    return frame.with_columns(pl.when(pl.Series(top > 0)).then(pl.all()))
