"""Coverage-guided fuzzing of the cell cleaners: nothing raises, and a cell's value depends on no other cell.

    python benchmarks/fuzz_cells.py [--seconds 60] [--examples 3000]

With atheris (not among the requirements; `pip install atheris`) the inputs are steered by the coverage of the cleaners
and of the layouts' maps; without it hypothesis draws them. What must hold of each column of hostile cells: as many
values as cells, no error; the column read whole is the column read cell by cell; texts cleaned twice are texts cleaned
once.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

try:
    import atheris
except ImportError:
    atheris = None

from aftersales.sources import clean
from aftersales.sources.layout import load_layouts
from aftersales.sources.masking import masked_texts

MAPS = next(layout for layout in load_layouts() if layout.name == "taobao_refund_report").maps
CLEANERS: dict[str, Callable[[pl.Series], pl.Series]] = {
    "text": clean.text,
    "identifier": clean.identifier,
    "is_damaged": clean.is_damaged,
    "amount": clean.amount,
    "count": clean.count,
    "number": clean.number,
    "moment in China": lambda c: clean.moment(c, zone="Asia/Shanghai"),
    "moment in Berlin": lambda c: clean.moment(c, zone="Europe/Berlin"),
    "day": clean.day,
    "address": clean.address,
    "province": clean.province,
    "compared": clean.compared,
    "words": lambda c: clean.mapped(c, values=next(iter(MAPS.values()))),
    "free text": masked_texts,
}
# Pieces that real cells are made of; a fuzzer that had to find 年 by itself would find nothing else.
PIECES = (
    "2026", "-", "/", ".", "年", "月", "日", " ", "T", ":", "12", "00", "59", "Z", "+08:00", "UTC", "¥", "￥", "$", ",",
    "元", "件", "%", "E+", "e", "1", "9", "０", "９", "，", "。", "＝", '="', '"', "'", "\t", "\n", "\r", "\x00",
    "\u3000", "\u202e", "null", "--", "无", "无退款申请", "nan", "inf", "上海", "广东省", "市", "(510180)",
    "（510180）", "中国", "43512", ".5", "0", "-1", "13800138000", "@", "𝟙", "ß", "İ", "2026-11-09 10:00:00",
    "1970-01-01", "10:00:00.5", "2026/3/29 2:30",
)  # fmt: skip


def cell(data: bytes) -> str:
    """A cell out of bytes: known pieces for most of them, their own characters for the rest."""
    out = []
    for byte in data:
        out.append(PIECES[byte % 96 % len(PIECES)] if byte < 192 else chr(byte))
    return "".join(out)


def check(cells: list[str | None]) -> None:
    """Everything that must hold of a column."""
    column = pl.Series("c", cells, dtype=pl.String)
    for name, cleaner in CLEANERS.items():
        whole = cleaner(column)
        assert whole.len() == column.len(), name
        single = [cleaner(column[i : i + 1]) for i in range(column.len())]
        apart = pl.concat([s.cast(whole.dtype) for s in single]) if single else whole
        assert whole.rename("c").equals(apart.rename("c")), (
            f"{name}: {cells!r} gives {whole.to_list()}, cell by cell {apart.to_list()}"
        )
    for name in ("text", "identifier"):
        once = CLEANERS[name](column)
        assert once.equals(CLEANERS[name](once)), f"{name} twice: {cells!r}"


def by_coverage(seconds: int) -> None:
    atheris.instrument_func(check)
    for module in (clean,):
        for name in dir(module):
            part = getattr(module, name)
            if callable(part) and getattr(part, "__module__", "") == module.__name__ and hasattr(part, "__code__"):
                setattr(module, name, atheris.instrument_func(part))
    runs = 0

    def one(data: bytes) -> None:
        nonlocal runs
        runs += 1
        check([cell(part) for part in data.split(b"\xff")[:4]])

    atheris.Setup(
        [sys.argv[0], f"-max_total_time={seconds}", "-max_len=64", "-print_final_stats=1", "-verbosity=0"], one
    )
    print(f"steered by coverage for {seconds} s", flush=True)
    atheris.Fuzz()


def by_chance(examples: int) -> int:
    cells = st.lists(st.one_of(st.none(), st.text(max_size=20), st.binary(max_size=8).map(cell)), max_size=4)
    runs = 0

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(cells)
    def one(column: list[str | None]) -> None:
        nonlocal runs
        runs += 1
        check(column)

    one()
    return runs


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--examples", type=int, default=3_000)
    asked.add_argument("--without-atheris", action="store_true")
    given_ = asked.parse_args()
    started = time.perf_counter()
    runs = by_chance(given_.examples)
    print(f"{runs:,} columns drawn by hypothesis in {time.perf_counter() - started:.0f} s: every cleaner held")
    if atheris is None or given_.without_atheris:
        print("atheris is not installed: not steered by coverage")
        return
    by_coverage(given_.seconds)


if __name__ == "__main__":
    main()
