"""`aftersales case` and `verify` on the demo shops: two copies, clear values in the platform's alone, the same bytes twice."""

import io
import re
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from aftersales.sources.clear_values import own_words
from aftersales.sources.read import read_export
from aftersales.week.loading import load
from aftersales.words.errors import UsageError
from aftersales_app.cases.writing import written
from aftersales_app.cli import app

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)


def people(folder: Path):
    """Every clear member name, telephone and street address in the order files of a shop, by order."""
    found = {}
    for file in folder.glob("ExportOrderList*.csv"):
        for reading in read_export(file.name, content=file.read_bytes()):
            columns = [c for c in ("buyer", "mobile", "address") if c in reading.frame.columns]
            for row in reading.frame.select("order_id", *columns).iter_rows(named=True):
                values = {v for k, v in row.items() if k != "order_id" and v and "*" not in v}
                found.setdefault(row["order_id"], set()).update(values)
    return found


@pytest.fixture(scope="module")
def clear(demo):
    return people(demo / "in" / "yunqi")


@pytest.fixture(scope="module")
def receivers(demo):
    found = {}
    for file in (demo / "in" / "yunqi").glob("ExportOrderList*.csv"):
        for reading in read_export(file.name, content=file.read_bytes()):
            found |= dict(reading.frame.select("order_id", "receiver").iter_rows())
    return found


@pytest.fixture(scope="module")
def config(demo):
    return demo / "shops.toml"


@pytest.fixture(scope="module")
def cases(config):
    data = load("demo", config=str(config)).data
    orders, complaints = data.suspicious_orders("zh"), data.suspicious_complaints("zh")
    return [orders["case_id"][0], orders["case_id"][-1], complaints["case_id"][0], complaints["case_id"][-1],
            f"order-{orders['order_id'][0]}"]  # fmt: skip


def texts(folder):
    """Everything that a copy says outside its evidence files, by copy."""
    found = {}
    for copy in ("platform", "internal"):
        parts = [p.read_text("utf-8") for p in folder.glob(f"{copy}*.html")]
        for archive in folder.glob(f"*-{copy}*.zip"):
            with zipfile.ZipFile(archive) as opened:
                parts += [
                    opened.read(n).decode("utf-8-sig") for n in opened.namelist() if not n.startswith("evidence/")
                ]
        found[copy] = "\n".join(parts)
    return found


def test_only_the_platforms_copy_holds_clear_values_and_only_its_own_buyers(config, cases, clear, receivers, tmp_path):
    everybody = set().union(*clear.values())
    assert len(everybody) > 5_000
    for case in cases:
        said = "\n".join(written("demo", case, to=str(tmp_path), config=config, now=NOW))
        folder = next(p for p in tmp_path.iterdir() if p.name.startswith(case[:16]))
        shown = texts(folder)
        # one pass over the text, not one a person
        words = set(re.split(r"[\s<>,\"'|]+", said + shown["internal"]))
        assert not words & everybody
        assert not [v for v in everybody if len(v) > 15 and v in shown["internal"]]
        orders = load("demo", config=str(config)).data.case(case).orders
        assert not [o for o in orders if receivers[o] in shown["internal"]]
        own = set().union(*(clear[o] for o in orders))
        named = set(re.split(r"[\s<>,\"'|]+", shown["platform"])) & everybody
        assert named <= own
        assert named
        shutil.rmtree(folder)


def test_the_platform_reads_what_the_buyer_wrote_and_nobody_elses_number(demo, config, tmp_path):
    """The order's own buyer's words are verbatim in the platform's copy; in ours, and where files changed, masked."""
    [file] = (demo / "in" / "yunqi").glob("聊天记录.csv")
    [chats] = read_export(file.name, content=file.read_bytes())
    data = load("demo", config=str(config)).data
    stored = data.tables["messages"].filter(
        pl.col("sender") == "buyer", pl.col("text").str.contains("[手机号]", literal=True)
    )
    masked = stored.collect().drop_nulls("order_id").sort("message_id").row(0, named=True)
    wrote = chats.frame.filter(pl.col("row") == masked_row(data, masked))["text"].item()
    written("demo", f"order-{masked['order_id']}", to=str(tmp_path), config=config, now=NOW)
    shown = texts(next(tmp_path.iterdir()))
    assert wrote in shown["platform"]
    assert masked["text"] not in shown["platform"]
    assert masked["text"] in shown["internal"]
    assert wrote not in shown["internal"]
    asked = pl.DataFrame({"file": [file.name], "row": [masked_row(data, masked)], "text": [masked["text"]]})
    read, unread = own_words(data.settings, data.shop, asked, hashes={}, own=())
    assert (read.height, unread) == (0, (file.name,)), "a file whose hash is not the import's is not read"


def masked_row(data, message) -> int:
    rows = data.tables.scan("lineage").filter(pl.col("key") == message["message_id"]).collect()
    return int(rows["row"][0])


def test_evidence_lies_in_the_platforms_zip_alone(config, cases, tmp_path):
    held = {"platform": 0, "internal": 0}
    for case in cases:
        written("demo", case, to=str(tmp_path), config=config, now=NOW)
    for archive in tmp_path.rglob("*.zip"):
        with zipfile.ZipFile(archive) as opened:
            copy = "platform" if "platform" in archive.name else "internal"
            held[copy] += sum(n.startswith("evidence/") for n in opened.namelist())
    assert held["platform"] > 0
    assert held["internal"] == 0


def test_the_same_bytes_when_nothing_changed_and_verify_says_so(config, cases, tmp_path):
    for place in ("a", "b"):
        written("demo", cases[2], to=str(tmp_path / place), config=config, now=NOW)
    first = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(first) == 4
    for name in first:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    archive = next((tmp_path / "a").rglob("*platform*.zip"))
    done = CliRunner().invoke(app, ["verify", str(archive)])
    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(archive) as opened:
        kept = {n: opened.read(n) for n in opened.namelist()}
    name = next((n for n in kept if n.startswith("evidence/")), "timeline.csv")
    kept[name] = bytes([kept[name][0] ^ 1]) + kept[name][1:]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as changed:
        for n, content in kept.items():
            changed.writestr(n, content)
    archive.write_bytes(out.getvalue())
    done = CliRunner().invoke(app, ["verify", str(archive)])
    assert done.exit_code == 1
    assert name in done.output


def test_a_changed_export_file_is_not_read_for_its_people(demo, cases, tmp_path):
    shutil.copytree(demo, tmp_path / "demo")
    config = tmp_path / "demo" / "shops.toml"
    for file in (tmp_path / "demo" / "in" / "yunqi").glob("ExportOrderList*.csv"):
        file.write_bytes(file.read_bytes() + b"\r\n")
    written("demo", cases[0], to=str(tmp_path / "out"), config=config, now=NOW)
    html = next((tmp_path / "out").rglob("platform.html")).read_text("utf-8")
    assert "买家信息无法读取" in html
    assert "ExportOrderList" in html


def test_the_masked_shop_says_what_cannot_be_known(config, tmp_path):
    rows = load("basic", config=str(config)).data.tables["refunds"].select("order_id").collect()
    said = written("basic", rows["order_id"][0], to=str(tmp_path), config=config, now=NOW)
    assert any("缺" in line for line in said)
    html = next(tmp_path.rglob("internal.html")).read_text("utf-8")
    assert "没有物流轨迹" in html or "未发现明显的不足" in html or "缺" in html


def test_a_note_without_a_state_is_asked_about(config):
    done = CliRunner().invoke(app, ["case", "demo", "order-1", "--note", "x", "--config", str(config)])
    assert isinstance(done.exception, UsageError)


def test_every_open_case_is_listed_and_packed_by_its_deadline(config, demo, tmp_path):
    ran = CliRunner().invoke(app, ["case", "demo", "--config", str(config)])
    assert ran.exit_code == 0, ran.output
    told = [line.split()[0] for line in ran.output.splitlines() if line.startswith(("suspect-", "complaint-"))]
    data = load("demo", config=str(config)).data
    lists = (data.suspicious_orders("zh"), data.suspicious_complaints("zh"))
    waiting = {c for rows in map(data.with_state, lists) for c in rows.filter(~rows["decided"])["case_id"]}
    assert set(told) == waiting
    assert len(told) == len(waiting) > 3
    dues = re.findall(r"截止 (\d{4}-\d\d-\d\d \d\d:\d\d)", ran.output)
    assert dues == sorted(dues)
    assert "case demo --all" in ran.output
    packed = CliRunner().invoke(app, ["case", "demo", "--all", "--to", str(tmp_path), "--config", str(config)])
    assert packed.exit_code == 0, packed.output
    [archive] = tmp_path.glob("cases-*.zip")
    assert archive.stat().st_mode & 0o077 == 0
    names = zipfile.ZipFile(archive).namelist()
    assert {name.split("/")[0] for name in names if "/" in name} == waiting
    assert sum(name.endswith(".zip") for name in names) == 2 * len(waiting)
    rows = zipfile.ZipFile(archive).read("cases.csv").decode("utf-8-sig").splitlines()
    assert len(rows) == len(waiting) + 1
    wrong = CliRunner().invoke(app, ["case", "demo", told[0], "--all", "--config", str(config)])
    assert wrong.exit_code != 0
