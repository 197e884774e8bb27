"""Shops made ready to report: a look where nothing is new, an import where something is, a sentence for any trouble."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from aftersales.sources.settings import Settings, load_settings
from aftersales.sources.store import ShopStore
from aftersales_app.reports.weekly import prepare_shops
from aftersales_app.reports.workers import worker_pool

LIMITS = {"seconds": 300, "memory_mb": 2000, "runs": 1}


@pytest.fixture
def own_demo(demo: Path, tmp_path: Path) -> Settings:
    shutil.copytree(demo, tmp_path / "demo", ignore=shutil.ignore_patterns("results", "reports"))
    return load_settings(tmp_path / "demo" / "shops.toml")


def heads(settings: Settings) -> dict[str, int]:
    return {s.id: ShopStore(settings.store_path, s.id, s.zone).head().number for s in settings.shops}


def ready(settings: Settings, *, pool=None, week: str = "", workers: int = 2):
    given = {"week": week, "as_of": None, "with_import": True, "workers": workers, "screen": Console(quiet=True)}
    return prepare_shops(settings, settings.shops, pool=pool, **given)


@pytest.mark.slow
def test_without_news_nothing_is_imported_and_every_way_agrees(own_demo):
    before = heads(own_demo)
    with worker_pool(2, **LIMITS) as pool:
        looked, failed = ready(own_demo, pool=pool)
    assert not failed
    assert heads(own_demo) == before
    assert looked == ready(own_demo)[0] == ready(own_demo, workers=1)[0]
    assert [(p.shop.id, p.commit, p.week) for p in looked] == [("demo", before["demo"], "2026-W47"),
                                                               ("basic", before["basic"], "2026-W47")]  # fmt: skip


@pytest.mark.slow
def test_only_the_shop_with_a_new_file_is_imported_and_trouble_is_told(own_demo):
    before = heads(own_demo)
    exports = Path(own_demo.place(own_demo.shops[1].exports))
    (exports / "unknown.csv").write_text("nothing,of,the,kind\n1,2,3,4\n", "utf-8")
    with worker_pool(2, **LIMITS) as pool:
        good, bad = ready(own_demo, pool=pool)
    # a file that cannot be read costs itself: the shop is reported from the rest, and says so
    assert not bad
    assert [(p.shop.id, p.incomplete) for p in good] == [("demo", False), ("basic", True)]
    assert any("unknown.csv" in line for line in good[1].said)
    (exports / "unknown.csv").unlink()
    before = heads(own_demo)
    whole = sorted(exports.rglob("*.csv"))[0].read_bytes()
    (exports / "again.csv").write_bytes(b"\n".join(whole.split(b"\n")[:200]) + b"\n")
    with worker_pool(2, **LIMITS) as pool:
        good, bad = ready(own_demo, pool=pool)
    assert not bad
    assert heads(own_demo) == {"demo": before["demo"], "basic": before["basic"] + 1}
    assert good[1].commit == before["basic"] + 1
    assert any("again.csv" in line for line in good[1].said)


@pytest.mark.slow
def test_a_week_without_data_and_a_broken_store_are_told_by_the_import(own_demo):
    with worker_pool(2, **LIMITS) as pool:
        _, bad = ready(own_demo, pool=pool, week="2019-W01")
        assert all("没有 2019-W01 这一周的数据" in p.reason for p in bad)
    shutil.rmtree(ShopStore(own_demo.store_path, "demo").folder.local / "commits")
    with worker_pool(2, **LIMITS) as pool:
        good, _ = ready(own_demo, pool=pool)
    assert "basic" in [p.shop.id for p in good]
