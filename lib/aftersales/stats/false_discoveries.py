"""The cut of a list of suspects: as long as it can be while about one name in ten turns out ordinary.

One budget for all that is looked at: a product that is tried by five views has five chances to look bad by luck, so
the views are stacked and cut together. Sources: Newton et al. 2004, Biostatistics 5(2); Sun and Cai 2007,
JASA 102 (best ranking); Basu, Cai, Das and Sun 2018, JASA 113 (unequal worth).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from aftersales.words.errors import DataError, UsageError

# About one in ten of a list may be ordinary: a manager who checks ten names forgives one.
TARGET = 0.10
# However well the rest of the list pays for it, a name that is more likely ordinary than not is not put on it.
LEAST_PROBABILITY = 0.5


def bayes_fdr(
    views: pl.DataFrame,
    *,
    probability: str = "probability_worse",
    target: float = TARGET,
    worth: str | None = None,
    eligible: str | None = "enough",
) -> pl.DataFrame:
    """Which rows to put on the list, so that of the list a share of ``target`` is expected to be ordinary.

    Rows are taken by falling probability while the mean of (1 - probability) over those taken is within the target: the
    longest such list. With ``worth`` (say, expected excess money) the list of greatest worth instead: all rows that are
    within the target by themselves, then those with most worth per share of the budget they use. Stack several views
    (overall, by reason, against the own past, by SKU) to cut them by one budget.

    Columns out: all that came in, ``false_share`` (expected share of ordinary rows in the list down to this row; null
    where not eligible), ``flagged`` (Bool). Rows as they came. Rows with a null probability, below one half, or whose
    ``eligible`` column is false are never flagged.

    >>> views = pl.DataFrame({"product_id": ["a", "b", "c"], "probability_worse": [0.99, 0.6, 0.84]})
    >>> bayes_fdr(views, eligible=None).select(
    ...     "product_id", pl.col("false_share").round(3), "flagged").rows()
    [('a', 0.01, True), ('b', 0.19, False), ('c', 0.085, True)]
    """
    if not 0 < target < 1:
        raise UsageError("The share of ordinary names on a list lies between 0 and 1", found=str(target))
    needed = [c for c in (probability, worth, eligible) if c is not None]
    absent = [c for c in needed if c not in views.columns]
    if absent:
        raise DataError(f"The views lack {', '.join(absent)}", found=", ".join(views.columns) or "no columns")
    chance = views[probability].cast(pl.Float64).to_numpy()
    open_ = np.nan_to_num(chance, nan=0.0) >= LEAST_PROBABILITY
    if eligible is not None:
        open_ &= views[eligible].fill_null(value=False).to_numpy()
    rows = np.flatnonzero(open_)
    wrong = 1 - chance[rows]
    order = np.argsort(wrong, kind="stable") if worth is None else _by_worth(wrong, _worth(views, worth)[rows], target)
    running = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    within = np.flatnonzero(running <= target)
    taken = order[: within[-1] + 1] if len(within) else order[:0]
    share, flagged = np.full(len(chance), np.nan), np.zeros(len(chance), dtype=bool)
    share[rows[order]] = running
    flagged[rows[taken]] = True
    return views.with_columns(pl.Series("false_share", share).fill_nan(None), pl.Series("flagged", flagged))


def _worth(views: pl.DataFrame, worth: str) -> np.ndarray:
    return np.maximum(views[worth].cast(pl.Float64).fill_null(0.0).to_numpy(), 0.0)


def _by_worth(wrong: np.ndarray, worth: np.ndarray, target: float) -> np.ndarray:
    """Surest first while they add to the budget; then by worth for each share of it used up."""
    over = wrong - target
    free = over <= 0
    paid = np.where(free, np.inf, worth / np.where(free, 1.0, over))
    return np.lexsort((wrong, -paid))
