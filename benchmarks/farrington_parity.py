"""Alarms of R's farringtonFlexible on weekly salmonella counts, against ours: every one must be equal.

Run: python benchmarks/farrington_parity.py [folder of the published files]
Data: ../shared/data/farrington_parity (weekly counts 2004–2012, alarms by R's package surveillance; b = 3, w = 3,
re-weighting above 2.58, alpha .01, trend at p < .05, limit54 = (5, 4), powertrans 2/3, 26 past weeks left out, method
"delta", one period).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from aftersales.measures.count_verdicts import enough_events
from aftersales.stats.farrington import classic_upper_limits

FOLDER = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "farrington_parity"


def compared(folder: Path) -> pl.DataFrame:
    """One row a judged week: week, count, upper limit, our alarm, R's alarm."""
    train, test, published = (
        pl.read_csv(folder / name, try_parse_dates=True)
        for name in ("salmonella_train.csv", "salmonella_test.csv", "FarringtonFlexible_pred.csv")
    )
    counts = np.concatenate([train["n_cases"].to_numpy(), test["n_cases"].to_numpy()]).astype(float)
    mondays = [*train.to_series(0).to_list(), *test.to_series(0).to_list()]
    judged = list(range(len(train), len(mondays)))
    upper = classic_upper_limits(counts, mondays, judged=judged)
    ours = (counts[judged] > upper) & enough_events(counts[None, :])[0, judged]
    return pl.DataFrame(
        {
            "week": [mondays[i] for i in judged],
            "count": counts[judged],
            "upper": upper,
            "ours": ours.astype(int),
            "published": published["alarm"],
        }
    )


def main() -> int:
    """Print the comparison; 1 where any week differs."""
    table = compared(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    different = table.filter(pl.col("ours") != pl.col("published"))
    print(
        f"weeks {len(table)} · alarms published {table['published'].sum()}, ours {table['ours'].sum()} · "
        f"different {len(different)}"
    )
    if len(different):
        print(different)
    return int(len(different) > 0)


if __name__ == "__main__":
    sys.exit(main())
