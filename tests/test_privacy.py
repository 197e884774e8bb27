"""Nothing that a run leaves or prints names a buyer: every name, nick, telephone and address of the demo shops is looked for."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from aftersales_app.reports.explorer_data import texts_of

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = ("买家会员名", "买家支付宝账号", "收货人姓名", "收货地址", "联系电话", "联系手机", "买家会员名称")
# What the house itself says: a word of these is no leak.
OWN = ("lib/aftersales/words/catalogue/*.toml", "notebooks/*.ipynb", "lib/**/*.py")
TEXTUAL = (".html", ".ipynb", ".json", ".txt", ".csv", ".md", ".svg")


def clear_words(exports: Path) -> set[str]:
    """Every unmasked cell of the export files that names a person, and of an address also the part behind the district."""
    found: set[str] = set()
    for file in exports.rglob("*.csv"):
        raw = file.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        for row in csv.DictReader(io.StringIO(text)):
            for name, cell in row.items():
                if name and name.strip() in PEOPLE and cell and "*" not in cell:
                    clean = re.sub(r"\(\d{6}\)$", "", cell.strip("'\t =\"")).strip()
                    found |= {clean, clean.rpartition(" ")[2]}
    return {word for word in found if len(word) >= 2}


def readable(folder: Path) -> dict[str, str]:
    """Every file below as text: pages, notebooks, findings, mails, records; our own assets and pictures left out."""
    texts = {}
    for file in sorted(f for f in folder.rglob("*") if f.is_file() and "_assets" not in f.parts):
        if file.suffix == ".parquet":
            frame = pl.read_parquet(file)
            lists = [pl.col(c).list.join(" ") for c, t in frame.schema.items() if t == pl.List(pl.String)]
            flat = frame.with_columns(lists)
            texts[file.name] = flat.select(pl.col(c).cast(pl.String, strict=False) for c, t in flat.schema.items()
                                           if not isinstance(t, pl.List)).write_csv()  # fmt: skip
        elif file.suffix == ".eml":
            message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            parts = [p.get_content() for p in message.walk() if p.get_content_maintype() == "text"]
            texts[file.name] = "\n".join([*(str(v) for v in message.values()), *parts])
        elif file.name == "explorer.data.js":
            texts[str(file)] = "\n".join(texts_of(file.read_bytes()))
        elif file.suffix in TEXTUAL:
            texts[file.name] = file.read_text("utf-8", errors="replace")
    # JSON in pages and notebooks writes Chinese as \uXXXX
    return {name: re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text) for name, text in texts.items()}


def named(text: str, words: set[str]) -> set[str]:
    hits = pl.Series([text]).str.extract_many(sorted(words), overlapping=True)
    return set(hits.explode().drop_nulls().to_list())


@pytest.fixture(scope="module")
def left(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All that a weekly run and the queue leave and print for both demo shops."""
    place = tmp_path_factory.mktemp("left")
    env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")}
    shutil.copytree(demo, place / "house", ignore=shutil.ignore_patterns("reports"))
    house = place / "house"
    said = {}

    def run(*words: object) -> None:
        done = subprocess.run([sys.executable, "-m", "aftersales_app.cli", *map(str, words), "--config", house / "shops.toml"],
                              capture_output=True, text=True, env=env, check=False, timeout=600)  # fmt: skip
        assert done.returncode == 0, done.stderr
        said[" ".join(map(str, words[:3]))] = done.stdout + done.stderr

    run("weekly", "--jobs", 1, "--no-import")
    for shop in ("demo", "basic"):
        run("today", shop, "--no-import", "--limit", 500, "--csv", place / f"{shop}.csv")
        run("today", shop, "--chat", "--no-import", "--language", "en")
        said[f"csv {shop}"] = (place / f"{shop}.csv").read_text("utf-8-sig")
    return readable(house / "reports") | said


@pytest.mark.slow
def test_no_page_log_findings_file_queue_or_csv_names_a_buyer(demo: Path, left: dict[str, str]) -> None:
    words = clear_words(demo / "in")
    assert len(words) > 10_000
    own = "\n".join(f.read_text("utf-8") for pattern in OWN for f in ROOT.glob(pattern))
    own += (demo / "shops.toml").read_text("utf-8")
    told_anyway = named(own, words)
    # a word of the house that is somebody's name cannot be told apart; there must be next to none of these
    assert len(told_anyway) < 0.005 * len(words), sorted(told_anyway)[:20]
    assert sum(name.endswith(".html") for name in left) >= 9
    assert {"suspicious_orders.parquet", "suspicious_complaints.parquet"} <= set(left)
    for name, text in left.items():
        assert not (named(text, words - told_anyway)), (name, sorted(named(text, words - told_anyway))[:5])


@pytest.mark.slow
def test_the_search_finds_a_name_where_there_is_one(demo: Path) -> None:
    words = clear_words(demo / "in")
    some = sorted(words)[:: max(len(words) // 50, 1)]
    for word in some:
        assert word in named(f"<p>前{word}后</p>", words)
