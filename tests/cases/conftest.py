"""The hostile shop and its fullest dossier, made once."""

from __future__ import annotations

import shutil
from pathlib import Path

import hostile_shop as hostile
import pytest

from aftersales.cases.case import Case
from aftersales.cases.dossier import Suspicion, dossier
from aftersales.cases.records import case_records
from aftersales.measures.order_evidence import order_evidence
from aftersales.sources.storage import Folder
from once import made_once


@pytest.fixture(scope="session")
def hostile_parts(tmp_path_factory):
    made = made_once(tmp_path_factory, "hostile", hostile.make_shop)
    root = Path(shutil.copytree(made, tmp_path_factory.mktemp("hostile"), dirs_exist_ok=True))
    settings, tables = hostile.hostile_shop(root)
    return settings, tables, Folder(str(root / "in" / "evidence"))


@pytest.fixture(scope="session")
def fullest(hostile_parts):
    """By language: a case with more of everything than a page has room for."""
    _, tables, folder = hostile_parts
    outcomes = order_evidence(tables["orders"], tables["refunds"], until=hostile.known_until().date())
    doubt = Suspicion(0.9, (*hostile.HOSTILE[:3], "{{7*7}}"), ("可能是送礼。",), "先联系买家。", (1.0, 9.0))
    case = Case("suspect-00000000", "orders", "burst", tuple(hostile.ORDERS))
    records = case_records(tables, case)
    return {
        language: dossier(tables, case, records=records, shop="敌意店", outcomes=outcomes, known_until=hostile.known_until(),
                          evidence_folder=folder, suspicion=doubt, language=language)
        for language in ("zh", "en")
    }  # fmt: skip


@pytest.fixture(scope="session")
def demo_report(demo):
    from aftersales.week.loading import load

    return load("demo", config=str(demo / "shops.toml"))


@pytest.fixture(scope="session")
def demo_dossiers(demo_report):
    """A case of each pattern on the small demo shop's lists."""
    from aftersales.week.dossiers import gathered

    data = demo_report.data
    lists = data.suspicious_orders("zh"), data.suspicious_complaints("zh")
    cases = [case for rows in lists for case in rows.unique("pattern", keep="first", maintain_order=True)["case_id"]]
    assert len(cases) >= 5
    return [gathered(demo_report, case) for case in cases]
