"""How grown a cohort is: the two shares below which its figures are drawn hollow, or grey."""

from __future__ import annotations

import polars as pl

# At four fifths seen, the part still to come moves a rate by less than an ordinary week's own noise in a shop of some
# hundred orders a week (rate .08, 200 orders: noise .019; one fifth of .08 is .016).
MATURE_FROM = 0.8
# Below one fifth seen, more than four parts in five are expectation: such a week is never coloured good or bad.
SHOWN_FROM = 0.2
STAGES = ("mature", "young", "too_young")


def stage(column: str) -> pl.Expr:
    """The stage (text) of a maturity 0..1: "mature", "young" (drawn hollow), "too_young" (grey; also where null).

    >>> pl.DataFrame({"maturity": [0.95, 0.5, 0.1]}).select(stage("maturity")).to_series().to_list()
    ['mature', 'young', 'too_young']
    """
    share = pl.col(column)
    return (
        pl.when(share >= MATURE_FROM)
        .then(pl.lit("mature"))
        .when(share >= SHOWN_FROM)
        .then(pl.lit("young"))
        .otherwise(pl.lit("too_young"))
    )
