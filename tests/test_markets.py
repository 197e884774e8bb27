"""Shops of other markets through the whole weekly run: their own money, places and sales, and nothing of China's."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

WEEKS, A_WEEK = 34, 60
HAN = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+")
CHINESE = re.compile(
    r"double (11|12)|\b618\b|spring festival|8 march|new year goods|provinc|taobao|tmall|qianniu|wangwang|alipay|douyin|"
    r"within seven days|(seven|7)[- ]day (no|return)|\(7 days\)|no[- ]reason return|freight insurance|anti-unfair|\bchina|chinese|[¥￥]|\bCNY\b|yuan|shentong|\bSTO\b",
    re.IGNORECASE,
)
INDIA = {
    "first": datetime(2026, 3, 23), "places": ("MAHARASHTRA", "KARNATAKA", "TAMIL NADU", "UTTAR PRADESH", "DELHI"),
    "shop": 'platform = "amazon"\nmarket = "in"', "sign": "₹", "place": "State", "title": "1 week after Diwali",
}  # fmt: skip
AMERICA = {
    "first": datetime(2026, 4, 6), "places": ("CA", "NY", "TX", "FL", "WA"),
    "shop": 'platform = "shopify"\nmarket = "us"', "sign": "$", "place": "State", "title": "the week of Black Friday",
}  # fmt: skip
GOODS = ("Cotton kurta", "Block-print bedsheet", "Brass lamp", "Steel bottle", "Table runner", "Cushion cover")


@pytest.mark.slow
def test_nothing_of_china_stands_in_an_indian_shops_report(tmp_path: Path):
    check(tmp_path, INDIA, amazon_files)


@pytest.mark.slow
def test_nothing_of_china_stands_in_an_american_shops_report(tmp_path: Path):
    check(tmp_path, AMERICA, shopify_files)


def check(tmp_path: Path, market: dict, files) -> None:
    config = write(tmp_path, market, files)
    last = market["first"] + timedelta(weeks=WEEKS, hours=9)
    words = ["weekly", "--config", config, "--jobs", "1", "--now", f"{last:%Y-%m-%d %H:%M}"]
    done = program(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    mailed = program("mail", "--config", config, "--dry-run", "--now", f"{last:%Y-%m-%d %H:%M}")
    queue = program("today", "s", "--config", config, "--now", f"{last:%Y-%m-%d %H:%M}")
    assert mailed.returncode == queue.returncode == 0, mailed.stdout + mailed.stderr + queue.stdout + queue.stderr
    told = {p.relative_to(tmp_path / "reports").as_posix(): seen_text(p) for p in shown(tmp_path / "reports")}
    assert len([name for name in told if name.endswith(".html")]) >= 12
    told |= {"weekly": done.stdout + done.stderr, "mail": mailed.stdout, "today": queue.stdout}
    foreign = {
        name: sorted(
            {text[max(0, m.start() - 50) : m.end() + 30] for m in (*HAN.finditer(text), *CHINESE.finditer(text))}
        )
        for name, text in told.items()
    }
    assert {name: found for name, found in foreign.items() if found} == {}
    pages = " ".join(text for name, text in told.items() if name.endswith(".html"))
    assert market["sign"] in pages
    assert market["place"] in pages
    assert market["title"].lower() in pages.lower()


def program(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def shown(reports: Path) -> list[Path]:
    """What a reader opens: pages, mails, texts for chat groups."""
    return [p for p in sorted(reports.rglob("*")) if p.suffix in (".html", ".eml", ".txt") and p.is_file()]


class _Text(HTMLParser):
    """The words of a page, those in titles, labels and charts' data included; style sheets and plotly itself left out."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag
        self.parts += [value for name, value in attrs if value and name not in ("style", "class", "href", "src", "d")]

    def handle_data(self, data: str) -> None:
        if self.inside != "style" and len(data) < 200_000:
            # keys of data are the script's own, not read by people
            self.parts.append(re.sub(r'"[a-z_]+":', "", data) if self.inside == "script" else data)


def seen_text(path: Path) -> str:
    if path.suffix == ".eml":
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        bodies = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
        return "\n".join([str(mail["subject"]), *(page_text(body) for body in bodies)])
    text = path.read_text("utf-8")
    return page_text(text) if path.suffix == ".html" else text


def page_text(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    text = "\n".join(reader.parts)
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)


def write(folder: Path, market: dict, files) -> Path:
    """The shop's files and its shops.toml."""
    (folder / "in").mkdir()
    for name, content in files(market, sales(market)).items():
        (folder / "in" / name).write_text(content, "utf-8")
    config = folder / "shops.toml"
    config.write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n[[shops]]\nid = "s"\nname = "Lotus & Loom"\nexports = "in"\n'
        f'{market["shop"]}\nmanagers = ["boss@example.com"]\nanalysts = ["ann@example.com"]\n',
        "utf-8",
    )
    return config


def sales(market: dict) -> list[dict]:
    """Lines sold: two products grow bad late, one buyer orders in bursts and sends all of it back."""
    rng = np.random.default_rng(7)
    rows = []
    for n in range(WEEKS * A_WEEK):
        at = market["first"] + timedelta(weeks=WEEKS) * (n / (WEEKS * A_WEEK)) + timedelta(minutes=7)
        goods = int(rng.integers(len(GOODS)))
        late = n > (WEEKS - 3) * A_WEEK
        burst = late and n % 6 == 0
        back = rng.random() < (0.6 if burst or (late and goods == 0) else 0.12)
        rows.append({
            "n": n, "at": at, "goods": goods, "place": "DELHI" if burst and "DELHI" in market["places"] else
            market["places"][int(rng.integers(len(market["places"])))], "back": back,
            "buyer": "burst@example.com" if burst else f"buyer{n % 700}@example.com", "price": 400 + 90 * goods,
            "returned": at + timedelta(days=float(rng.integers(2, 12))),
        })  # fmt: skip
    return rows


def table(rows: list[dict], mark: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=mark, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def common(market: dict, rows: list[dict], number) -> dict[str, str]:
    """What every shop may keep beside its platform's files, in the package's own templates."""
    end = market["first"] + timedelta(weeks=WEEKS)
    back = [r for r in rows if r["back"] and r["returned"] < end]
    complaints = [
        {"complaint_id": f"c{r['n']}", "order_id": number(r), "filed_at": f"{r['returned']:%Y-%m-%d %H:%M:%S}",
         "kind": ("quality", "not_received", "damaged")[r["n"] % 3], "channel": "chat",
         "text": ("The stitching came apart after one wash", "I never received the parcel", "It arrived broken")[r["n"] % 3],
         "demand": "refund", "amount_demanded": r["price"], "first_response_at": f"{r['returned'] + timedelta(hours=5):%Y-%m-%d %H:%M:%S}"}
        for r in back if r["n"] % 4 == 0
    ]  # fmt: skip
    parcels = [
        {"tracking_no": f"TRK{r['n']:08d}", "courier": ("Delhivery", "Blue Dart")[r["n"] % 2],
         "at": f"{r['at'] + timedelta(days=4):%Y-%m-%d %H:%M:%S}", "event": "signed", "place": r["place"], "note": ""}
        for r in rows if r["at"] + timedelta(days=4) < end
    ]  # fmt: skip
    traffic = [
        {"day": f"{market['first'] + timedelta(days=d):%Y-%m-%d}", "visitors": 400 + 13 * (d % 7), "buyers": 9}
        for d in range(7 * WEEKS)
    ]
    return {"complaints.csv": table(complaints), "parcels.csv": table(parcels), "traffic.csv": table(traffic)}


def amazon_files(market: dict, rows: list[dict]) -> dict[str, str]:
    def number(row: dict) -> str:
        return f"405-{row['n']:07d}-0000000"

    end = market["first"] + timedelta(weeks=WEEKS)
    orders = [
        {"index": r["n"], "Order ID": number(r), "Date": f"{r['at']:%m-%d-%y}",
         "Status": "Shipped - Delivered to Buyer" if r["at"] < end - timedelta(days=6) else "Pending - Waiting for Pick Up",
         "Fulfilment": "Merchant", "Sales Channel ": "Amazon.in", "ship-service-level": "Standard",
         "Style": GOODS[r["goods"]], "SKU": f"SKU{r['goods']}", "Category": "Home", "Size": "M", "ASIN": f"B0MADEUP{r['goods']:02d}",
         "Courier Status": "Shipped", "Qty": 1, "currency": "INR", "Amount": r["price"], "ship-city": "X",
         "ship-state": r["place"], "ship-postal-code": "400001", "ship-country": "IN", "promotion-ids": "",
         "B2B": "False", "fulfilled-by": "Easy Ship", "Unnamed: 22": ""}
        for r in rows
    ]  # fmt: skip
    returns = [
        {"Order ID": number(r), "Order date": f"{r['at']:%Y-%m-%d}", "Return request date": f"{r['returned']:%Y-%m-%d}",
         "Return request status": "Completed", "Amazon RMA ID": f"RMA{r['n']}", "ASIN": f"B0MADEUP{r['goods']:02d}",
         "Item Name": GOODS[r["goods"]], "Currency code": "INR", "Refunded Amount": r["price"], "Merchant SKU": f"SKU{r['goods']}",
         "Return Reason": ("AMZ-PG-APP-TOO-SMALL", "CR-DEFECTIVE", "CR-UNWANTED_ITEM")[r["n"] % 3],
         "Return carrier": "Delhivery", "Tracking ID": f"RET{r['n']}"}
        for r in rows if r["back"] and r["returned"] < end
    ]  # fmt: skip
    return {"sales.csv": table(orders), "returns.txt": table(returns, "\t")} | common(market, rows, number)


def shopify_files(market: dict, rows: list[dict]) -> dict[str, str]:
    def number(row: dict) -> str:
        return f"#{1000 + row['n']}"

    end = market["first"] + timedelta(weeks=WEEKS)
    orders = [
        {"Name": number(r), "Email": r["buyer"], "Financial Status": "refunded" if r["back"] else "paid",
         "Paid at": f"{r['at']:%Y-%m-%d %H:%M:%S} -0400", "Fulfillment Status": "fulfilled", "Fulfilled at":
         f"{r['at'] + timedelta(days=1):%Y-%m-%d %H:%M:%S} -0400" if r["at"] + timedelta(days=1) < end else "",
         "Currency": "USD", "Subtotal": r["price"], "Shipping": 0, "Total": r["price"],
         "Created at": f"{r['at']:%Y-%m-%d %H:%M:%S} -0400", "Lineitem quantity": 1, "Lineitem name": GOODS[r["goods"]],
         "Lineitem price": r["price"], "Lineitem sku": f"SKU{r['goods']}", "Shipping Name": f"Pat {r['n'] % 700}",
         "Shipping Street": f"{r['n'] % 700} Elm Street", "Shipping Province": r["place"],
         "Refunded Amount": r["price"] if r["back"] else 0, "Source": "web"}
        for r in rows
    ]  # fmt: skip
    return {"orders_export_1.csv": table(orders)} | common(market, rows, number)
