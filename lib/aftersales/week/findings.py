"""findings/*.parquet: what was found, for machines. Each file is written with its columns, also where nothing was."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from aftersales.findings.contract import CONTRACT, check, empty
from aftersales.findings.products import with_product_headlines
from aftersales.findings.signals import with_headlines
from aftersales.week.loading import Report, load


def findings(report: Report) -> dict[str, pl.DataFrame]:
    """Every findings file of the contract by name, its sentences in the report's language."""
    found = {name: empty(name) for name in CONTRACT}
    currency = report.data.shop.currency
    found["signals"] = with_headlines(report.data.signals, language=report.language, currency=currency)
    found["problem_products"] = with_product_headlines(
        report.data.problem_products, language=report.language, currency=currency
    )
    found["drivers"] = report.data.all_drivers(report.language)
    found["suspicious_orders"] = report.data.suspicious_orders(report.language)
    found["suspicious_complaints"] = report.data.suspicious_complaints(report.language)
    found["suggestions"] = report.data.suggestions(report.language)
    found["decisions"] = report.data.decisions(report.language)
    return {name: check(name, frame) for name, frame in found.items()}


def write_findings(*, folder: Path, shop: str, week: str, config: str | Path | None, commit: str = "") -> None:
    """Write the files of one shop's week into ``folder``/findings, in the shop's first language."""
    report = load(shop, week, config=str(config) if config else None)
    target = Path(folder) / "findings"
    target.mkdir(parents=True, exist_ok=True)
    for name, frame in findings(report).items():
        frame.write_parquet(target / f"{name}.parquet")
