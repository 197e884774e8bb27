"""Nobody gets in: what buyers write is shown harmless in a real browser, a real mail parser and in what is handed out."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import polars as pl
import pytest

from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import SetupError
from hostile_exports import HOSTILE, MARK, PRODUCT, SHOP_NAME, write_hostile_shop

pytestmark = pytest.mark.slow
BOSS = "boss@b.example"
HANDLERS = "|".join(("onload", "onerror", "onclick", "onmouseover", "onfocus", "onmouseenter", "onbegin", "ontoggle"))
# What must not be there once the page has been parsed, whatever its policy would stop.
FOUND = f"""() => [...document.querySelectorAll('.{MARK}, iframe, object, embed, base, form, meta[http-equiv=refresh]')]
  .map(e => e.outerHTML.slice(0, 200))
  .concat([...document.querySelectorAll('*')].flatMap(e => [...e.attributes]
    .filter(a => /^({HANDLERS})$/.test(a.name) || /^\\s*(javascript|vbscript|data:text)/i.test(a.value))
    .map(a => a.name + '=' + a.value.slice(0, 100))))
  .concat([...document.querySelectorAll('a[href], area[href], image, use')]
    .map(e => e.getAttribute('href') || e.getAttribute('xlink:href') || '').filter(h => /evil\\.example/.test(h)))"""


def run(folder, *words, code=(0,)):
    done = subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", *words, "--config", str(folder / "shops.toml")],
        capture_output=True, text=True, check=False, timeout=600, cwd=folder,
    )  # fmt: skip
    assert done.returncode in code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """The hostile shop, its weekly report, its queue, dossiers and dry mails; the folder, and what was said."""
    root = tmp_path_factory.mktemp("outside")
    folder = root / "a" / "b" / "house"
    folder.mkdir(parents=True)
    write_hostile_shop(folder, orders=2_500, weeks=40)
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n[mail]\nhost = "127.0.0.1"\nsender = "house@b.example"\n'
        f'[[shops]]\nid = "demo"\nname = "{SHOP_NAME}"\nlanguage = "en"\nexports = "in"\nmanagers = ["{BOSS}"]\n'
        "[shops.people]\nquality = '<img class=pwned src=x onerror=window.pwned=1>'\nservice = '=1+1'\n",
        "utf-8",
    )
    said = run(folder, "weekly", "--jobs", "1")
    said += run(folder, "today", "demo", "--csv", "queue.csv")
    week = max((folder / "reports" / "demo").iterdir()).name
    cases = [
        c
        for name in ("suspicious_orders", "suspicious_complaints")
        for c in pl.read_parquet(folder / "reports" / "demo" / week / "findings" / f"{name}.parquet")["case_id"]
        .unique()
        .sort()[:2]
    ]
    assert cases, "the hostile shop has suspects"
    for case in cases:
        said += run(folder, "case", "demo", case)
    said += run(folder, "mail", "--dry-run", "--week", week, code=(0, 1))
    return folder, said


def test_the_shop_is_hostile_and_was_read(house):
    folder, _ = house
    store = ShopStore(load_settings(folder / "shops.toml").store_path, "demo")
    stored = "\n".join(
        str(store.table(t).collect().to_dicts()) for t in ("orders", "refunds", "complaints", "messages", "evidence")
    )
    there = [h for h in HOSTILE if h.strip()[:18].splitlines()[0] in stored.replace("\\\\", "\\")]
    assert len(there) > 25, "too few of the hostile strings got into the store to prove anything"


def pages_of(folder):
    return sorted(p for p in (folder / "reports").rglob("*.html"))


@pytest.fixture(scope="module", params=["with its policy", "as if the policy were not there"])
def browser_page(request, chromium):
    context = chromium.new_context(bypass_csp=request.param != "with its policy")
    page = context.new_page()
    page.dialogs, page.asked = [], []
    page.on("dialog", lambda d: (page.dialogs.append(d.message), d.dismiss()))
    page.on("request", lambda r: page.asked.append(r.url))
    yield page
    context.close()


def harmless(page, url):
    page.goto(url, wait_until="load")
    page.wait_for_timeout(150)
    assert page.evaluate("window.pwned") is None, url
    assert page.dialogs == [], url
    assert page.evaluate(FOUND) == [], url
    assert [a for a in page.asked if not a.startswith(("file:", "data:", "about:", "cid:"))] == [], url
    text = page.evaluate("document.body.innerText")
    assert PRODUCT not in text.replace(",", ""), f"a template was evaluated on {url}"
    assert page.url == url
    return text


def harmless_when_touched(page):
    """Charts and tables under the pointer, one screen after another."""
    for at in range(4):
        page.mouse.move(200 + 200 * at, 300)
        page.mouse.wheel(0, 500)
    assert page.evaluate("window.pwned") is None
    assert page.evaluate(FOUND) == []


def test_every_page_shows_it_as_text_and_stays_harmless_when_touched(house, browser_page):
    folder, _ = house
    pages = pages_of(folder)
    assert len(pages) > 10
    shown = ""
    for page in pages:
        shown += harmless(browser_page, page.as_uri())
        harmless_when_touched(browser_page)
    for literal in ("<script>window.pwned=1", "onerror=", "{{1337*1337}}", "<img class=pwned"):
        assert literal in shown, f"{literal} is nowhere to be seen: nothing was proved"


def test_pages_carry_a_tight_policy(house):
    folder, _ = house
    for page in pages_of(folder):
        text = page.read_text("utf-8")
        policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)"', text)
        assert policy, f"{page} has no policy"
        rules = dict(part.strip().split(" ", 1) for part in policy[1].split(";") if part.strip())
        assert rules["default-src"] == "'none'"
        assert "unsafe" not in policy[1]
        assert not re.search(r"https?:|\*", policy[1])
        assert {"base-uri", "form-action"} <= rules.keys()
        assert text.index("Content-Security-Policy") < (text + "<script").index("<script"), "the policy comes first"


def test_mails_have_their_own_headers_only_and_their_bodies_are_text(house, browser_page, tmp_path):
    folder, _ = house
    mails = sorted((folder / "reports").rglob("*.eml"))
    assert mails
    for file in mails:
        mail = message_from_bytes(file.read_bytes(), policy=default)
        assert mail.defects == []
        assert mail["Bcc"] is None
        assert mail["Cc"] is None
        assert not [a for a in mail["To"].addresses if a.addr_spec != BOSS]
        for name, value in mail.items():
            assert not set(str(value)) & set("\r\n\x00\u202e\u2066"), name
            assert "victim@evil.example" not in str(value) or name == "Subject"
        html = mail.get_body(("html",)).get_content()
        (tmp_path / "mail.html").write_text(html, "utf-8")
        harmless(browser_page, (tmp_path / "mail.html").as_uri())
        assert PRODUCT not in mail.get_body(("plain",)).get_content().replace(",", "")
        for part in mail.iter_attachments():
            assert "/" not in (part.get_filename() or "")
            assert ".." not in (part.get_filename() or "")


def handed_out(folder):
    """Every file that leaves the house, those inside archives too: its name, its bytes."""
    yield from ((str(p.relative_to(folder)), p.read_bytes()) for p in [folder / "queue.csv"])
    for file in sorted((folder / "reports").rglob("*.zip")):
        with zipfile.ZipFile(file) as archive:
            yield from ((f"{file.name}/{name}", archive.read(name)) for name in archive.namelist())


def test_spreadsheets_get_no_formula(house):
    folder, _ = house
    seen = 0
    for name, content in handed_out(folder):
        if name.endswith(".csv"):
            for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")):
                for cell in row:
                    seen += 1
                    bare = cell.lstrip(" \t\r\n\u200b\ufeff")
                    is_number = re.fullmatch(r"[-+]?[\d,.]+%?", cell)
                    assert is_number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝")), (name, cell)
                    assert is_number or not bare.startswith(("=", "@")), (name, cell)
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(content)) as book:
                assert not any(b"<f>" in book.read(n) or b"<f " in book.read(n) for n in book.namelist()), name
                assert not any("external" in n.lower() for n in book.namelist()), name
    assert seen > 50


def test_no_file_is_written_or_fetched_outside_its_place(house):
    folder, _ = house
    outside = folder.parents[2]
    strays = [p for p in outside.rglob("*") if p.is_file() and not p.is_relative_to(folder)]
    assert strays == []
    top = {p.name for p in folder.iterdir()}
    assert top == {"clean", "in", "store", "reports", "shops.toml", "queue.csv", "aftersales.key"}
    passwd = Path("/etc/passwd").read_bytes().splitlines()[0]
    for file in sorted((folder / "reports").rglob("*.zip")):
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                assert not name.startswith(("/", "\\")), name
                assert ".." not in Path(name.replace("\\", "/")).parts, name
                assert passwd not in archive.read(name), name
    for file in folder.rglob("*"):
        assert not set(file.name) & set("<>\"'|*\x00\n\r\u202e"), file


def test_what_is_said_holds_no_control_characters_or_markup(house):
    _, said = house
    assert not set(said) & set("\x00\x07\x1b\u202e\u2066\u2028"), sorted(
        set(said) & set("\x00\x07\x1b\u202e\u2066\u2028")
    )
    assert "Traceback" not in said


def test_the_record_and_the_findings_are_plain_data(house):
    folder, _ = house
    for file in (folder / "reports" / "demo").rglob("run.json"):
        assert json.loads(file.read_text("utf-8"))["status"] == "ok"


@pytest.mark.parametrize("name", ["../x", "a/b", "/etc", "..", "A", "x\n", "con.", "<b>", "-x", "x" * 99, "é", ""])
def test_a_shop_id_that_could_leave_its_folder_is_refused(tmp_path, name):
    (tmp_path / "shops.toml").write_text(f"[[shops]]\nid = {json.dumps(name)}\nname = 'x'\nexports = 'x'\n", "utf-8")
    with pytest.raises(SetupError, match="id"):
        load_settings(tmp_path / "shops.toml")


def test_a_layout_file_cannot_do_more_than_name_headers(tmp_path):
    from aftersales.sources.layout import load_layouts

    for number, text in enumerate((
        '[[layout]]\nname = "x"\nkind = "../../etc"\nsignature = ["a"]\n', '[[layout]]\nname = "x"\nkind = "traffic"\nsignature = ["a"]\npath = "/etc/passwd"\n',
        '[[layout]]\nname = "x"\nkind = "traffic"\nsignature = ["a"]\n[[layout.set_aside]]\nheader = "a"\nmatches = "("\nreason = "r"\n', "{{7*7}}", "\x00",
    )):  # fmt: skip
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "utf-8")
        with pytest.raises(SetupError):
            load_layouts([path])
    with pytest.raises(SetupError, match="cannot be read"):
        load_layouts([tmp_path / ".." / "nowhere.toml"])
