"""The week after the verbs that write: every verb follows every other one in some shop, then all shops are reported."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aftersales.week.loading import load
from aftersales_app.cli import app
from small_shops import write_shop

ERASED, CASE = "351531300000000025", "351531300000000041"


def commanded(*words: str, unless: str | None = None) -> None:
    found = CliRunner().invoke(app, list(words))
    if unless is None or unless not in str(found.exception):
        assert found.exit_code == 0, f"{' '.join(words)}: {found.output[-600:]} {found.exception}"


def decide(shop: str, folder: Path) -> None:
    report = load(shop, config=str(folder / "shops.toml"))
    suggestion = report.data.suggestions("en")["suggestion_id"][0]
    commanded("decide", shop, suggestion, "--owner", "Li", "--from", "2026-11-16")


def train(shop: str, folder: Path) -> None:
    texts = [f"{words}第{n}次" for n in range(8) for words in ("碎了一地", "破损严重", "尺码小了", "穿着偏大")]
    labelled = folder / "labelled.csv"
    labelled.write_text(
        "text,cause\n" + "".join(f"{t},{'damaged' if t[0] in '碎破' else 'size'}\n" for t in texts), "utf-8"
    )
    commanded("train", str(labelled), "--force")


def import_another(shop: str, folder: Path) -> None:
    number = len(list((folder / shop).glob("more-*"))) + 1
    head = "统计日期,访客数,支付买家数\n"
    (folder / shop / f"more-{number}.csv").write_text(f"{head}2026-11-0{number},77,3\n", "utf-8")
    commanded("import", shop)


VERBS: dict[str, Callable[[str, Path], None]] = {
    "decide": decide,
    "case": lambda shop, folder: commanded("case", shop, f"order-{CASE}"),
    "case --state": lambda shop, folder: commanded("case", shop, f"order-{CASE}", "--state", "contacted"),
    "erase": lambda shop, folder: commanded("erase", shop, "--order", ERASED, "--yes"),
    "train": train,
    "tidy": lambda shop, folder: commanded("tidy"),
    "undo": lambda shop, folder: commanded("import", shop, "--undo", unless="is no import"),
    "import": import_another,
}


def orders_of(verbs: list[str]) -> list[list[str]]:
    """Orders of an even number of verbs in which each is followed at once by each other (Williams 1949)."""
    count = len(verbs)
    first = [(n + 1) // 2 if n % 2 else -(n // 2) % count for n in range(count)]
    return [[verbs[(place + shift) % count] for place in first] for shift in range(count)]


ORDERS = orders_of(list(VERBS))


def test_every_verb_follows_every_other_one():
    assert {pair for order in ORDERS for pair in pairwise(order)} == {(a, b) for a in VERBS for b in VERBS if a != b}


@pytest.mark.slow
def test_the_week_is_reported_after_every_pair_of_verbs(tmp_path, monkeypatch):
    folder = tmp_path / "店 铺"
    shops = [f"s{n}" for n in range(len(ORDERS))]
    for shop in shops:
        write_shop(folder / shop)
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        + "".join(f'[[shops]]\nid = "{s}"\nname = "小店"\nexports = "{s}"\nlanguage = "zh"\n' for s in shops),
        "utf-8",
    )
    monkeypatch.setenv("AFTERSALES_CONFIG", str(folder / "shops.toml"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    commanded("import", "--new")
    for shop, order in zip(shops, ORDERS, strict=True):
        for verb in order:
            VERBS[verb](shop, folder)
    commanded("weekly", "--jobs", "2")
    for shop in shops:
        assert len(list(folder.glob(f"reports/{shop}/2026-W*/*.html"))) >= 10, shop
    commanded("status")
    commanded("doctor", "--deep")
