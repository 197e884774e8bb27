"""The chain ladder on two classic claims triangles, whose reserves are in every textbook. One command:

    .venv/bin/python benchmarks/chain_ladder.py

RAA: Mack 1994, Measuring the variability of chain ladder reserve estimates, CAS Forum. GenIns: Taylor and Ashe 1983,
Second moments of estimates of outstanding claims, Journal of Econometrics 23.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from aftersales.measures.delays import chain_ladder, developed

RAA = [
    [5012, 8269, 10907, 11805, 13539, 16181, 18009, 18608, 18662, 18834],
    [106, 4285, 5396, 10666, 13782, 15599, 15496, 16169, 16704],
    [3410, 8992, 13873, 16141, 18735, 22214, 22863, 23466],
    [5655, 11555, 15766, 21266, 23425, 26083, 27067],
    [1092, 9565, 15836, 22169, 25955, 26180],
    [1513, 6445, 11702, 12935, 15852],
    [557, 4020, 10946, 12314],
    [1351, 6947, 13112],
    [3133, 5395],
    [2063],
]
GENINS = [
    [357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    [352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    [290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    [310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    [443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    [396132, 1333217, 2180715, 2985752, 3691712],
    [440832, 1288463, 2419861, 3483130],
    [359480, 1421128, 2864498],
    [376686, 1363294],
    [344014],
]
PUBLISHED = {"RAA": (RAA, 52135), "GenIns": (GENINS, 18680856)}


def cells(cumulated: list[list[int]]) -> pl.DataFrame:
    """A published triangle of running sums as cohort, age and what came at that age; a year stands for a week."""
    first = date(2026, 1, 5)
    rows = [
        (first + timedelta(weeks=c), a, total - (row[a - 1] if a else 0))
        for c, row in enumerate(cumulated)
        for a, total in enumerate(row)
    ]
    return pl.DataFrame(rows, schema=["cohort", "age", "events"], orient="row")


def still_open(cumulated: list[list[int]]) -> float:
    triangle = cells(cumulated)
    return float(developed(triangle, chain_ladder(triangle))["to_come"].sum())


def main() -> None:
    for name, (cumulated, published) in PUBLISHED.items():
        print(f"{name}: still to come {still_open(cumulated):,.2f}, published {published:,}")


if __name__ == "__main__":
    main()
