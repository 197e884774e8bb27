"""California's Proposition 99 against the published effects. One command:

    .venv/bin/python benchmarks/prop99.py

Cigarette packs a head, 39 states, 1970 to 2000, the tax from 1989. Published:
difference-in-differences -27.35, synthetic difference-in-differences -15.60 (Arkhangelsky et al. 2021, table 1).
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from aftersales.stats.synthetic import difference_in_differences, synthetic_effect

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "california_prop99.csv"
FIRST_YEAR = 1989


def effects(path: Path = DATA) -> tuple[float, float]:
    """The two estimates, in packs a head and year."""
    wide = pl.read_csv(path, separator=";").pivot("Year", index="State", values="PacksPerCapita").sort("State")
    years = sorted(c for c in wide.columns if c != "State")
    rows = wide.select(years).to_numpy().astype(float)
    treated = (wide["State"] == "California").to_numpy()
    before = sum(int(y) < FIRST_YEAR for y in years)
    one, others = rows[treated][0], rows[~treated]
    return (
        difference_in_differences(one, others, before=before),
        synthetic_effect(one, others, before=before).estimate,
    )


if __name__ == "__main__":
    did, sdid = effects()
    print(f"difference-in-differences {did:.3f} (published -27.35)")
    print(f"synthetic                 {sdid:.3f} (published -15.60)")
