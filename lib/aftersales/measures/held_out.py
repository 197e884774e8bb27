"""How well the cause of a text is found on texts that the model has not seen: by the shop's own labels, fold by fold.

Near copies of one text are held back together, or a copied template would be tested on itself.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales.measures.causes import causes
from aftersales.stats.intervals import rate, wilson
from aftersales.stats.near_copies import near_copies
from aftersales.stats.text import UNSURE, train

FOLDS = 5
# With fewer labelled texts of a cause its own figure is little more than a coin or two.
FEW_TEXTS = 20


def held_out(labelled: pl.DataFrame, *, folds: int = FOLDS, seed: int = 0) -> pl.DataFrame:
    """Causes found by model and lexicon together, and by the lexicon alone, of texts held back in ``folds`` folds.

    ``labelled`` has text and cause (`read_labelled`). Columns out: cause (null: all together), texts,
    right, wrong, unsure, accuracy (right over right and wrong: of what it dares to say), accuracy_low, accuracy_high
    (90 %), said (share not unsure), and the same with ``words_`` for the lexicon alone. All together first, then most
    texts.

    >>> texts = pl.DataFrame({"text": ["还没发货", "一直不发货", "碎了", "全碎了", "杯子碎了", "不发货吗"],
    ...     "cause": ["late_ship", "late_ship", "damaged", "damaged", "damaged", "late_ship"]})
    >>> held_out(texts).select("cause", "texts", "wrong").rows()[0]
    (None, 6, 0)
    """
    fold = _folds(labelled, folds=folds, seed=seed)
    alone = causes(labelled["text"])["cause"]
    told = np.asarray(alone.to_list(), dtype=object)
    for held in np.unique(fold):
        seen = labelled.filter(pl.Series(fold != held)).filter(pl.len().over("cause") >= 2)
        if seen["cause"].n_unique() >= 2:
            back = labelled.filter(pl.Series(fold == held))
            model = train(seen["text"], seen["cause"], seed=seed)
            told[fold == held] = causes(back["text"], model=model)["cause"].to_list()
    frame = labelled.select("cause", truth="cause", told=pl.Series(told.tolist(), dtype=pl.String), words=alone)
    every = pl.concat(
        [
            _counted(frame.with_columns(cause=pl.lit(None, dtype=pl.String))),
            _counted(frame).sort("texts", "cause", descending=[True, False]),
        ]
    )
    for name in ("", "words_"):
        dared = pl.col(f"{name}right") + pl.col(f"{name}wrong")
        every = every.with_columns(
            rate(pl.col(f"{name}right"), dared).alias(f"{name}accuracy"),
            rate(dared, pl.col("texts")).alias(f"{name}said"),
        )
        low, high = wilson(pl.col(f"{name}accuracy"), dared)
        every = every.with_columns(low.alias(f"{name}accuracy_low"), high.alias(f"{name}accuracy_high"))
    return every


def _folds(labelled: pl.DataFrame, *, folds: int, seed: int) -> np.ndarray:
    """A fold a text: near copies together, causes spread evenly."""
    group = near_copies(labelled["text"])["group"]
    rows = labelled.with_columns(group=group).with_row_index("place")
    rows = rows.with_columns(group=pl.coalesce("group", pl.col("place").cast(pl.Int64)))
    heads = rows.unique("group", keep="first", maintain_order=True).sample(fraction=1, shuffle=True, seed=seed)
    turn = pl.int_range(pl.len()).over("cause")
    heads = heads.with_columns(fold=(turn + pl.col("cause").rank("dense").cast(pl.Int64)) % folds)
    joined = rows.join(heads.select("group", "fold"), on="group", how="left", maintain_order="left")
    return joined["fold"].to_numpy()


def _counted(frame: pl.DataFrame) -> pl.DataFrame:
    counts = [pl.len().cast(pl.Int64).alias("texts")]
    for name, by in (("", "told"), ("words_", "words")):
        unsure = (pl.col(by) == UNSURE).sum().cast(pl.Int64)
        right = (pl.col(by) == pl.col("truth")).sum().cast(pl.Int64)
        counts += [
            right.alias(f"{name}right"),
            (pl.len().cast(pl.Int64) - right - unsure).alias(f"{name}wrong"),
            unsure.alias(f"{name}unsure"),
        ]
    return frame.group_by("cause", maintain_order=True).agg(counts)
