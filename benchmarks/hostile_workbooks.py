"""Bombs and malformed workbooks and archives of every kind, each beside a good file: it may cost only itself.

    python benchmarks/hostile_workbooks.py [--only sst_count ...]

Each file is put into the exports folder of a shop that has one good report, and imported. What counts as met: no more
than 10 seconds and 1 GiB (this process and its children together), one sentence that names the file, no trace, and the
tables hold the good report's orders alone. `tests/sources/test_hostile_workbooks.py` runs a few.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import lzma
import random
import struct
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import xlsxwriter

sys.path.insert(0, str(Path(__file__).parent))
from damaged_files import parts_of, repacked, zipped

from aftersales.sources.account import ImportAccount
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore

SECONDS, MEGABYTES = 10.0, 1024.0
HEAD = ["订单编号", "总金额", "订单创建时间"]
GOOD = "\n".join([",".join(HEAD), "351531300000000001,12.50,2026-11-09 10:00:00", ""])
MARK = "99887766554433221100"  # an order number that only hostile files hold
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def book() -> dict[str, bytes]:
    """The parts of a small good workbook."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, [MARK, "12.50", "2026-11-09 10:00:00"])
    return parts_of(out.getvalue())


def changed(part: str, old: bytes, new: bytes) -> bytes:
    parts = book()
    assert old in parts[part], (part, old, parts[part][:300])
    return zipped(parts | {part: parts[part].replace(old, new)})


def replaced(**parts: bytes) -> bytes:
    return zipped(book() | {name.replace("__", "/").replace("_xml", ".xml"): body for name, body in parts.items()})


def blown(part: str, unit: bytes, times: int, *, lie: bool = False) -> bytes:
    """The book with one part blown up by units before its last closing tag."""
    parts = book()
    at = parts[part].rindex(b"</s")
    return repacked(parts, part, parts[part][:at], unit, times, parts[part][at:], lie=lie)


def entities(inside: str) -> bytes:
    names = [f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)]
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "{"x" * 100}">{"".join(names)}]>{inside}'.encode()


def far(row: int, column: int) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write(row, column, "x")
    return out.getvalue()


WORKSHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
BOOKS: dict[str, Callable[[], bytes]] = {
    "sst_count": lambda: changed(STRINGS, b'count="', b'count="4294967295" x="'),
    "sst_unique": lambda: changed(STRINGS, b'uniqueCount="', b'uniqueCount="4294967295" x="'),
    "sst_index": lambda: changed(SHEET, b"<v>0</v>", b"<v>4294967295</v>"),
    "dimension": lambda: changed(SHEET, b'ref="A1:C2"', b'ref="A1:XFD1048576"'),
    "dimension_beyond": lambda: changed(SHEET, b'ref="A1:C2"', b'ref="A1:ZZZZZZZ99999999999"'),
    "far_corner": lambda: far(1_048_575, 16_383),
    "far_cell": lambda: far(900_000, 500),
    "cell_beyond": lambda: changed(SHEET, b'r="C2"', b'r="ZZZZZ4294967295"'),
    "blanks": lambda: blown(SHEET, b" " * (1 << 20), 3_000),
    "rows": lambda: blown(SHEET, b"<row><c><v>1</v></c></row>" * 40_000, 2_500),
    "strings": lambda: blown(STRINGS, b"<si><t>" + b"x" * (1 << 20) + b"</t></si>", 3_000),
    "many_strings": lambda: blown(STRINGS, b"<si><t>x</t></si>" * 60_000, 2_000),
    "lying_size": lambda: blown(SHEET, b" " * (1 << 20), 3_000, lie=True),
    "one_cell": lambda: blown(SHEET, b'<row><c t="inlineStr"><is><t>' + b"x" * (1 << 20), 2_000),
    "wide_row": lambda: blown(SHEET, b"<c><v>1</v></c>" * 60_000, 400),
    "merges": lambda: blown(SHEET, b'<mergeCell ref="A1:XFD1048576"/>' * 30_000, 1_000),
    "styles": lambda: blown("xl/styles.xml", b'<xf numFmtId="14"/>' * 50_000, 1_000),
    "formulas": lambda: blown(SHEET, b'<row><c><f t="shared" ref="A1:XFD1048576" si="0">A1</f></c></row>' * 9_000, 900),
    "deep_sheet": lambda: replaced(xl__worksheets__sheet1_xml=b"<a>" * 3_000_000),
    "deep_strings": lambda: replaced(xl__sharedStrings_xml=b"<sst>" + b"<si>" * 3_000_000),
    "deep_workbook": lambda: replaced(xl__workbook_xml=b"<workbook>" + b"<sheets>" * 3_000_000),
    "attributes": lambda: changed(SHEET, b"<sheetData", b"<sheetData " + b"".join(b'a%d="1" ' % i for i in range(400_000))),
    "laughs_sheet": lambda: replaced(xl__worksheets__sheet1_xml=entities("<worksheet>&a9;</worksheet>")),
    "laughs_strings": lambda: replaced(xl__sharedStrings_xml=entities("<sst><si><t>&a9;</t></si></sst>")),
    "laughs_workbook": lambda: replaced(xl__workbook_xml=entities("<workbook>&a9;</workbook>")),
    "outside_entity": lambda: replaced(
        xl__sharedStrings_xml=b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>'
    ),
    "many_sheets": lambda: changed(
        "xl/workbook.xml", b"<sheets>", b"<sheets>" + b"".join(
            b'<sheet name="s%d" sheetId="%d" r:id="rId1"/>' % (i, i) for i in range(100_000))
    ),
    "many_names": lambda: changed(
        "xl/workbook.xml", b"</sheets>", b"</sheets><definedNames>" + b'<definedName name="a">S!$A$1</definedName>' * 900_000
        + b"</definedNames>"
    ),
    "many_parts": lambda: zipped(book() | {f"xl/x{i}.xml": b"" for i in range(60_000)}),
    "no_sheet": lambda: zipped({n: p for n, p in book().items() if n != SHEET}),
    "no_relations": lambda: zipped({n: p for n, p in book().items() if not n.endswith("workbook.xml.rels")}),
    "no_strings": lambda: zipped({n: p for n, p in book().items() if n != STRINGS}),
    "noise_sheet": lambda: replaced(xl__worksheets__sheet1_xml=random.Random(1).randbytes(100_000)),
    "noise_workbook": lambda: replaced(xl__workbook_xml=random.Random(2).randbytes(100_000)),
    "utf16_sheet": lambda: replaced(xl__worksheets__sheet1_xml=(WORKSHEET.decode() + "<row/>").encode("utf-16")),
    "cut_book": lambda: zipped(book())[:-40],
    "cut_early": lambda: zipped(book())[:400],
    "flagged_locked": lambda: _flagged(zipped(book())),
    "xlsb": lambda: zipped({"[Content_Types].xml": b"", "xl/workbook.bin": b"\x83\x01\xff\xff\xff\xff\x0f" * 1_000}),
    "ods_repeated": lambda: zipped({
        "mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml":
        b'<office:document-content><table:table><table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        b'table:number-columns-repeated="16384" office:value="1"/></table:table-row></table:table></office:document-content>',
    }),
    "docx": lambda: zipped({"[Content_Types].xml": b"", "word/document.xml": b"<w/>"}),
}  # fmt: skip


def _flagged(content: bytes) -> bytes:
    """The zip with every part marked as encrypted."""
    found = bytearray(content)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = found.find(mark)
        while place >= 0:
            found[place + at] |= 1
            place = found.find(mark, place + 4)
    return bytes(found)


def ole(stream: bytes, *, name: str = "Workbook", fat: Sequence[int] | None = None, mini: int = -2) -> bytes:
    """A compound file of 512-byte sectors: a FAT, a directory, one stream; a given FAT may lead anywhere."""
    stream = stream.ljust(4096, b"\0") + bytes(-len(stream.ljust(4096, b"\0")) % 512)
    sectors = len(stream) // 512
    chain = list(fat) if fat is not None else [-3, -2, *range(3, sectors + 2), -2]
    table = struct.pack(f"<{len(chain)}i", *chain).ljust(512, b"\xff")[:512]

    def entry(title: str, kind: int, start: int, size: int, child: int = -1) -> bytes:
        raw = (title + "\0").encode("utf-16-le")
        return raw.ljust(64, b"\0") + struct.pack("<HBBiii16sIQQiII", len(raw), kind, 1, -1, -1, child, b"", 0, 0, 0,
                                                  start, size & 0xFFFFFFFF, 0)  # fmt: skip

    directory = entry("Root Entry", 5, -2, 0, 1) + entry(name, 2, 2, len(stream))
    header = (
        OLE + bytes(16) + struct.pack("<HHHHH6sIIiIIiIiI", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, 1, 1, 0, 4096, mini, 0, -2, 0)
    )
    header += struct.pack("<109i", 0, *[-1] * 108)
    return header + table + directory.ljust(512, b"\0") + stream


def biff(*records: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("<HH", kind, len(body)) + body for kind, body in records)


BOF, EOF = (0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)), (10, b"")
SHEET_AT = (0x85, struct.pack("<IHBB", 200, 0, 1, 0) + b"s")
OLD: dict[str, Callable[[], bytes]] = {
    "ole_zeros": lambda: OLE + bytes(5_000),
    "ole_noise": lambda: OLE + random.Random(3).randbytes(50_000),
    "ole_fat_loop": lambda: ole(biff(BOF, EOF), fat=[-3, -2, 3, 2]),
    "ole_directory_loop": lambda: ole(biff(BOF, EOF), fat=[-3, 1, *range(3, 10), -2]),
    "ole_fat_beyond": lambda: ole(biff(BOF, EOF), fat=[-3, -2, 2_000_000_000]),
    "ole_mini_loop": lambda: ole(biff(BOF, EOF), mini=0),
    "ole_many_sectors": lambda: ole(biff(BOF, EOF)).replace(struct.pack("<II", 0, 1), struct.pack("<II", 0, 0x7FFFFFFF), 1),
    "ole_cut": lambda: ole(biff(BOF, EOF))[:900],
    "biff_sst": lambda: ole(biff(BOF, (0xFC, struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)), EOF)),
    "biff_string": lambda: ole(biff(BOF, (0xFC, struct.pack("<IIHB", 1, 1, 0xFFFF, 1)), EOF)),
    "biff_sheet_beyond": lambda: ole(biff(BOF, (0x85, struct.pack("<IHBB", 0xFFFFFFF0, 0, 1, 0) + b"s"), EOF)),
    "biff_rectangle": lambda: ole(biff(BOF, SHEET_AT, EOF).ljust(200, b"\0") + biff(
        BOF, (0x200, struct.pack("<IIHHH", 0, 0xFFFFFFFF, 0, 0xFFFF, 0)), (0x203, struct.pack("<HHHd", 65535, 65535, 0, 1.0)),
        (0x203, struct.pack("<HHHd", 0, 0, 0, 1.0)), EOF)),
    "biff_lengths": lambda: ole(biff(BOF, SHEET_AT, EOF).ljust(200, b"\0") + b"\x03\x02\xff\xff" * 900),
    "biff_noise": lambda: ole(biff(BOF, SHEET_AT) + random.Random(4).randbytes(20_000)),
    "biff_locked": lambda: ole(biff(BOF, (0x2F, bytes(54)), EOF)),
    "encrypted_package": lambda: ole(b"x" * 9_000, name="EncryptedPackage"),
    "web_page": lambda: b"<html><body><table><tr><td>" + MARK.encode() + b"</td></tr></table>",
    "spreadsheet_ml": lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
    "mhtml": lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n<table></table>",
}  # fmt: skip


def archive(*names: str, content: bytes = b"", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name in names:
            made.writestr(name, content)
    return out.getvalue()


def zeros(times: int, made: Callable[[], object]) -> bytes:
    """So many MiB of nothing, compressed piece by piece."""
    squeeze = made()
    body = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(times))  # type: ignore[attr-defined]
    return body + squeeze.flush()  # type: ignore[attr-defined, no-any-return]


def big_zip(times: int = 3_000) -> bytes:
    return repacked({}, "orders.csv", b"", bytes(1 << 20), times, b"", lie=False)


def nested(depth: int) -> bytes:
    content = archive(*(f"{i}.csv" for i in range(10)), content=bytes(1 << 20))
    for level in range(depth):
        content = archive(*(f"{level}-{i}.zip" for i in range(10)), content=content, method=zipfile.ZIP_STORED)
    return content


def overlapping(count: int = 2_000) -> bytes:
    """Many directory entries that all mean the same packed bytes."""
    body = archive("orders.csv", content=bytes(8 << 20))
    start = body.rindex(b"PK\x01\x02")
    entry = body[start : body.rindex(b"PK\x05\x06")]
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(entry) * count, start, 0)
    return body[:start] + entry * count + end


def zip64() -> bytes:
    body = bytearray(archive("orders.csv", content=GOOD.encode()))
    at = body.rindex(b"PK\x01\x02")
    body[at + 20 : at + 28] = b"\xff" * 8
    return bytes(body)


def in_tar(size: int, content: bytes = b"") -> bytes:
    entry = tarfile.TarInfo("orders.csv")
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT) + content.ljust(1024, b"\0")


def damaged_crc() -> bytes:
    body = bytearray(archive("orders.csv", content=(GOOD * 50).encode(), method=zipfile.ZIP_STORED))
    body[60] ^= 0xFF
    return bytes(body)


ARCHIVES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "zip_bomb": ("zip", big_zip),
    "zip_nested": ("zip", lambda: nested(3)),
    "zip_deep": ("zip", lambda: archive("a.zip", content=archive("b.zip", content=archive("c.zip", content=archive("d.csv"))))),
    "zip_overlapping": ("zip", overlapping),
    "zip_forged": ("zip", lambda: repacked({}, "orders.csv", b"", bytes(1 << 20), 3_000, b"", lie=True)),
    "zip_zip64": ("zip", zip64),
    "zip_many": ("zip", lambda: archive(*(f"{i}.csv" for i in range(20_000)))),
    "zip_locked": ("zip", lambda: _flagged(archive("orders.csv", content=GOOD.encode()))),
    "zip_cut": ("zip", lambda: archive("orders.csv", content=random.Random(5).randbytes(9_000))[:5_000]),
    "zip_crc": ("zip", damaged_crc),
    "zip_method": ("zip", lambda: archive("orders.csv", content=GOOD.encode()).replace(b"\x08\x00", b"\x63\x00")),
    "zip_noise": ("zip", lambda: b"PK\x03\x04" + random.Random(6).randbytes(9_000)),
    "zip_of_book_bomb": ("zip", lambda: archive("orders.xlsx", content=BOOKS["sst_count"]())),
    "zip_in_zip_bomb": ("zip", lambda: archive("a.zip", content=big_zip(500))),
    "gz_bomb": ("csv.gz", lambda: zeros(3_000, lambda: zlib.compressobj(9, zlib.DEFLATED, 31))),
    "gz_cut": ("csv.gz", lambda: gzip.compress(random.Random(7).randbytes(9_000))[:5_000]),
    "gz_members": ("csv.gz", lambda: gzip.compress(b"") * 100_000),
    "gz_in_gz": ("csv.gz", lambda: gzip.compress(gzip.compress(gzip.compress(gzip.compress(GOOD.encode()))))),
    "bz2_bomb": ("csv.bz2", lambda: zeros(1_000, bz2.BZ2Compressor)),
    "xz_bomb": ("csv.xz", lambda: zeros(1_000, lzma.LZMACompressor)),
    "xz_memory": ("csv.xz", lambda: lzma.compress(GOOD.encode(), filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}])),
    "tar_bomb": ("tar.gz", lambda: zlib_tar(in_tar(3_000 << 20)[:512], 3_000)),
    "tar_size": ("tar", lambda: in_tar((1 << 33) - 1, b"a,b")),
    "tar_noise": ("tar", lambda: bytearray(random.Random(8).randbytes(257)) + b"ustar" + random.Random(9).randbytes(900)),
    "seven_zip": ("7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50)),
    "rar": ("rar", lambda: b"Rar!\x1a\x07\x00" + bytes(50)),
    "zst": ("csv.zst", lambda: b"\x28\xb5\x2f\xfd" + bytes(50)),
}  # fmt: skip


def zlib_tar(header: bytes, times: int) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = squeeze.compress(header) + b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(times))
    return body + squeeze.flush()


HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    **{name: ("xlsx", made) for name, made in BOOKS.items()}, **{name: ("xls", made) for name, made in OLD.items()},
    **ARCHIVES,
}  # fmt: skip
# Whatever only makes a workbook odd is read as what stands in it: these hold one order of their own.
HARMLESS = {
    "sst_count",
    "sst_unique",
    "dimension",
    "dimension_beyond",
    "merges",
    "styles",
    "many_names",
    "attributes",
    "zip_of_book_bomb",
}


@dataclass(frozen=True)
class Met:
    """How one file was met; ``fault`` says what was not as it should be."""

    name: str
    seconds: float
    megabytes: float
    said: str
    fault: str = ""


class _Watch:
    """The peak memory of this process and its children while it runs, above what this process held before."""

    def __enter__(self) -> _Watch:
        self.me, self.peak, self.running = psutil.Process(), 0.0, True
        self.before = self.me.memory_info().rss
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.running = False
        self.thread.join()

    def _look(self) -> None:
        while self.running:
            held = self.me.memory_info().rss - self.before
            for child in self.me.children():
                try:
                    held += child.memory_info().rss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, held / 2**20)
            time.sleep(0.02)


def met(names: Sequence[str]) -> list[Met]:
    """Every named hostile file imported into a shop of its own, beside a good report."""
    return [_met(name) for name in names]


def _met(name: str) -> Met:
    ending, made = HOSTILE[name]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "in").mkdir()
        (folder / "shops.toml").write_text(
            '[store]\npath = "store"\n[[shops]]\nid = "t"\nname = "t"\nexports = "in"\n', "utf-8"
        )
        settings = load_settings(folder / "shops.toml")
        (folder / "in" / "good.csv").write_text(GOOD, "utf-8")
        import_files(settings, settings.shop("t"))
        (folder / "in" / f"{name}.{ending}").write_bytes(made())
        with _Watch() as watch:
            started = time.perf_counter()
            account = import_files(settings, settings.shop("t"))
            seconds = time.perf_counter() - started
        orders = ShopStore(settings.store_path, "t").table("orders").collect()["order_id"].to_list()
    return Met(name, seconds, watch.peak, *_judged(name, account, orders, seconds, watch.peak))


def _judged(name: str, account: ImportAccount, orders: Sequence[str], seconds: float, peak: float) -> tuple[str, str]:
    lines = account.lines("en")
    said = next((line for line in lines if line.startswith(name) or name in line), "")
    wrong = [f"{seconds:.1f} s"] * (seconds > SECONDS) + [f"{peak:,.0f} MiB"] * (peak > MEGABYTES)
    wrong += ["not named"] * (not said) + ["a trace"] * ("panicked" in said or "Traceback" in said)
    strange = [o for o in orders if o != "351531300000000001"]
    if strange and name not in HARMLESS:
        wrong.append(f"orders {strange[:3]}")
    if "351531300000000001" not in orders:
        wrong.append("the good report is gone")
    return said[:160], ", ".join(wrong)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", nargs="*", choices=list(HOSTILE))
    found = []
    for name in asked.parse_args().only or HOSTILE:
        found.append(_met(name))
        one = found[-1]
        print(f"{name:<20}{one.seconds:6.1f} s {one.megabytes:7,.0f} MiB  {one.fault or 'met'}  {one.said}", flush=True)
    bad = [one.name for one in found if one.fault]
    print(f"{len(found)} files, {len(found) - len(bad)} met; not met: {', '.join(bad) or 'none'}")
    print(f"most: {max(o.seconds for o in found):.1f} s, {max(o.megabytes for o in found):,.0f} MiB")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
