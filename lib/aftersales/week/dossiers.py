"""A case's dossier as one week of the shop knows it: its records, its evidence files, what the findings say of it."""

from __future__ import annotations

from datetime import datetime, time

import polars as pl

from aftersales.cases.case import Case
from aftersales.cases.dossier import Dossier, Suspicion, dossier
from aftersales.cases.evidence import FOLDER
from aftersales.cases.records import Records, case_records
from aftersales.sources.storage import Folder
from aftersales.week.loading import Report


def evidence_folder(report: Report) -> Folder:
    """Where the shop's evidence files lie: a folder of its exports."""
    settings, shop = report.data.settings, report.data.shop
    return Folder(Folder(settings.place(shop.exports)).join(FOLDER))


def gathered(report: Report, name: str) -> Dossier:
    """The dossier of the case that a name means, in the report's language, from the pinned tables."""
    case = report.data.case(name)
    if case.id not in report.data.case_material:
        report.data.case_material[case.id] = (
            case_records(report.data.tables, case), report.data.evidence_near(case.orders)
        )  # fmt: skip
    return dossier_of(report, case, report.data.case_material[case.id][0])


def dossier_of(report: Report, case: Case, records: Records) -> Dossier:
    """The dossier of a case from records given, which may hold the buyer's own words instead of masked ones."""
    data, outcomes, last = report.data, report.data.case_material[case.id][1], report.data.tables.last_day
    assert last is not None
    return dossier(
        data.tables,
        case,
        records=records,
        shop=data.shop.name,
        outcomes=outcomes,
        known_until=datetime.combine(last, time(23, 59), data.shop.tz),
        evidence_folder=evidence_folder(report),
        returns=data.contradicted_returns,
        suspicion=_suspicion(report, case),
        language=report.language,
        currency=data.shop.currency,
        platform=data.shop.platform,
        market=data.shop.market,
    )


def _suspicion(report: Report, case: Case) -> Suspicion:
    """What the findings say of the case; nothing where it is on no list."""
    data, language = report.data, report.language
    rows = data.suspicious_orders(language).filter(pl.col("case_id") == case.id)
    if rows.height:
        row = rows.row(0, named=True)
        return Suspicion(
            row["case_probability"], tuple(row["reasons"]), tuple(row["innocent_explanations"]), row["next_step"]
        )
    rows = data.suspicious_complaints(language).filter(pl.col("case_id") == case.id)
    if rows.is_empty():
        return Suspicion()
    reasons = dict.fromkeys(r for row in rows["contradictions"] for r in row)
    explained = dict.fromkeys(r for row in rows["innocent_explanations"] for r in row)
    row = rows.row(0, named=True)
    low, high = row["offer_low"], row["offer_high"]
    offer = (float(low), float(high)) if rows.height == 1 and low is not None and high is not None else None
    return Suspicion(row["probability"], tuple(reasons), tuple(explained), row["next_step"], offer)
