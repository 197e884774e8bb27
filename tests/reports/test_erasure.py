"""A buyer planted in every table and text is gone from all that was made of them: pages, notebooks, mails, dossiers, hand-outs."""

from __future__ import annotations

import base64
import csv
import io
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import polars as pl
import pytest

from aftersales.sources.settings import load_settings
from aftersales.sources.storage import Folder
from aftersales.sources.store import ShopStore
from aftersales_app.erasure import made_of, pieces, quotes, quoting, unname
from aftersales_app.reports.explorer_data import Explored, packed, unpacked
from aftersales_demo.write import write_demo

NICK, NAME, PHONE, STREET = "星陨紫荆客", "欧阳紫荆", "13977788812", "紫荆花路918号"
SAID = ("拆箱一股榴莲炸药味儿把猫都熏晕了", "枕芯里钻出三根孔雀羽毛实在离谱", "别再拿彩虹独角兽当借口敷衍我")
SHOP = """[store]
path = "store"
[[shops]]
id = "demo"
name = "云栖家居旗舰店"
language = ["zh", "en"]
exports = "in/yunqi"
managers = ["boss@example.com"]
"""


def rows_of(file: Path) -> tuple[list[list[str]], str]:
    raw = file.read_bytes()
    try:
        text, encoding = raw.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        text, encoding = raw.decode("gb18030"), "gb18030"
    return list(csv.reader(io.StringIO(text, newline=""))), encoding


def rewrite(file: Path, rows: list[list[str]], encoding: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    file.write_bytes(out.getvalue().encode(encoding))


def bare(cell: str) -> str:
    return cell.strip("=\"' \t")


def plant(folder: Path) -> str:
    """Give one order with a complaint and a conversation another buyer with words of their own; the order's number."""
    complaints, encoding = rows_of(folder / "投诉登记.csv")
    chats, chat_encoding = rows_of(folder / "聊天记录.csv")
    talked = {row[1] for row in chats[1:]}
    order = max((row for row in complaints[1:] if row[1] in talked), key=lambda row: row[2])[1]
    for row in complaints[1:]:
        if row[1] == order:
            row[5], row[6] = SAID[0], SAID[1]
    for row in chats[1:]:
        if row[1] == order:
            row[2], row[5] = NICK, SAID[2] if row[3] == "买家" else row[5]
    rewrite(folder / "投诉登记.csv", complaints, encoding)
    rewrite(folder / "聊天记录.csv", chats, chat_encoding)
    for file in folder.glob("ExportOrderList*.csv"):
        orders, encoding = rows_of(file)
        place = {name.strip(): at for at, name in enumerate(orders[0])}
        for row in orders[1:]:
            if bare(row[place["订单编号"]]) == order:
                row[place["买家会员名"]], row[place["收货人姓名"]] = NICK, NAME
                row[place["收货地址"]] = f"浙江省 杭州市 西湖区 {STREET}3幢2单元501室(310000)"
                row[place["联系手机"]] = f"'{PHONE}"
                row[place["买家留言"]] = f"{NAME}收，{PHONE}，{SAID[1]}"
        rewrite(file, orders, encoding)
    return order


def run(house: Path, *words: str, ok: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", *words, "--config", str(house / "shops.toml")],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode in ok, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.slow
def test_nothing_of_a_buyer_is_left_where_the_program_writes(tmp_path):
    house = tmp_path / "the house"
    write_demo(house / "in", orders=500, weeks=16)
    (house / "shops.toml").write_text(SHOP, "utf-8")
    order = plant(house / "in" / "yunqi")
    said = run(house, "import", "demo")
    said += run(house, "weekly", "--no-import", "--jobs", "1")
    said += run(house, "mail", "--dry-run")
    said += run(house, "case", "demo", f"order-{order}")
    said += run(house, "case", "demo", f"order-{order}", "--to", str(tmp_path / "taken along"))
    said += run(
        house, "today", "demo", "--no-import", "--at", "data", "--limit", "500", "--csv", str(tmp_path / "queue.csv")
    )
    clear = (NICK, NAME, PHONE, STREET)
    assert not [word for word in clear if word in said]
    settings = load_settings(house / "shops.toml")
    store = ShopStore(settings.store_path, "demo")
    [key] = store.table("orders").filter(pl.col("order_id") == order).collect()["buyer_key"].unique().to_list()
    searched = [order, key, key[:8], *clear, *pieces(SAID)]

    def left(words: list[str]) -> list[str]:
        places = [Folder(str(house / "reports")), Folder(str(house / "store")), Folder(str(tmp_path))]
        names = {(p.path, n) for p in places for n in quoting(p, "", words)}
        return sorted(f"{p}/{n}" for p, n in names if "/in/" not in f"{p}/{n}" and not n.startswith("the house/"))

    before = left(searched)
    for part in (".html", ".ipynb", ".zip", ".parquet", "queue.csv", "cases/", "taken along", "explorer.data.js"):
        assert any(part in name for name in before), part
    only_clear = [name for name in left(list(clear)) if "/cases/" not in name and "taken along" not in name]
    assert only_clear == [], "clear names stand in the platform's dossier alone"
    for file in (
        *(house / "reports" / "demo" / "cases").rglob("*.*"),
        *(tmp_path / "taken along").rglob("*.*"),
        tmp_path / "queue.csv",
    ):
        if file.is_file():
            assert file.stat().st_mode & 0o077 == 0, file

    told = run(house, "erase", "demo", "--buyer", NICK)
    assert "尚未删除任何内容" in told
    assert left(searched) == before
    told = run(house, "erase", "demo", "--buyer", NICK, "--yes")
    # the number of an anonymous sale stays in the store, and a hash in its list of the erased
    assert [name for name in left(searched) if "/store/" not in name] == []
    assert left([key, *clear, *pieces(SAID)]) == []
    again = [shlex.split(line)[1:] for line in told.splitlines() if line.startswith("  aftersales weekly")]
    assert again
    run(house, "import", "demo", *(str(f) for f in (house / "in" / "yunqi").glob("*.csv")))
    for command in again:
        run(house, *(word for word in command if word != "--config" and not word.endswith(".toml")), "--jobs", "1")
    assert left([key, *clear, *pieces(SAID)]) == []


def test_every_kind_of_file_is_looked_into(tmp_path):
    words = sorted(pieces([SAID[0]]))
    page = f"<html><body><td>{SAID[0][:7]}<wbr>\n{SAID[0][7:]}</td></body></html>".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/page.html", page)
    cells = io.BytesIO()
    pl.DataFrame({"n": [1], "words": [[SAID[0]]]}).write_parquet(cells)
    notebook = f'{{"source": "{SAID[0].encode("unicode_escape").decode()}"}}'
    mail = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(
        page
    )
    for name, content in {
        "p.html": page,
        "z.zip": packed.getvalue(),
        "c.parquet": cells.getvalue(),
        "n.ipynb": notebook.encode(),
        "m.eml": mail,
        f"{SAID[0]}.csv": b"",
    }.items():
        assert quotes(name, content, words), name
        assert not quotes(name, content, ["someone else's words"]), name


def test_a_year_of_sales_in_other_weeks_explorers_stays_without_the_buyer(tmp_path):
    """A week that names the buyer in its explorer alone is not removed: the numbers and the key are."""
    (tmp_path / "shops.toml").write_text(SHOP, "utf-8")
    settings = load_settings(tmp_path / "shops.toml")
    told = Explored({"week": "2026-W46"}, {"order_ids": ["3515313000001", "3515313000002"], "buyers": ["f00dfeed"]})
    reports = Folder(settings.reports_path)
    for week in ("2026-W46", "2026-W47"):
        reports.write(f"demo/{week}/explorer.data.js", packed(told))
    reports.write("demo/2026-W47/index.html", b"<p>3515313000002</p>")
    words = ["3515313000002", "f00dfeed"]
    made, listed = made_of(settings, settings.shop("demo"), words)
    assert (list(made), listed) == (["demo/2026-W47"], ["demo/2026-W46/explorer.data.js"])
    unname(settings, listed, words)
    left = unpacked(reports.read(listed[0]))
    assert left.columns == {"order_ids": ["3515313000001", ""], "buyers": [""]}
