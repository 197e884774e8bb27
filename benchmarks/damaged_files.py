"""Export files damaged in every way that we could think of: none may end in a traceback, hang, or lose a row.

    python benchmarks/damaged_files.py [--files 10000] [--seed 20261124] [--only 4711]

The made-up demo shops' real formats (GB18030 and UTF-8 text, xlsx) are damaged by a seeded mutator, one to three times
a file. Each is read in a process of its own limits: 10 seconds and 1 GiB. Then all are imported, fifty to a shop, and
of every file the rows read must be the rows taken, merged and set aside, with as many lines in the store's own books.
What counts as met: a file read, or refused in one sentence. ``--only`` damages and reads one file by its number.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import sys
import tempfile
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import polars as pl
from pebble import ProcessExpired, ProcessPool

from aftersales.sources.importing import import_files
from aftersales.sources.layout import load_layouts
from aftersales.sources.read import read_export
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore
from aftersales.words.errors import AftersalesError
from aftersales_app.reports.limits import PeakMemory
from aftersales_demo.write import write_demo

SEED, FILES, FILES_A_SHOP = 20_261_124, 10_000, 50
SECONDS, MEGABYTES = 10.0, 1024.0
LONGEST_SENTENCE = 1_500
_TRACE = re.compile(r'Traceback|File ".*", line|panicked|PanicException|object at 0x')

WRONG_CELLS = (
    "2026-02-30 10:00:00", "0000-00-00", "9999-99-99 99:99:99", "1970-01-01", "12/31/26", "2026年13月1日",
    "2262-04-12 00:00:00", "0001-01-01 00:00:00", "2026-11-09T10:00:00.123456789+99:99", "1e308", "-1e308", "1E400",
    "NaN", "inf", "-0", "1e-400", "99999999999999999999999999", "-5.00", "0x10", "１２．５", "12.345.678", "1,2,3",
    "1e18", "-9223372036854775808", "9223372036854775808", "٣٤", "½", "𝟙𝟚", "--", "null", "\u202e123", "\x00",
    "\ud7ff", "\U0010ffff", "'; DROP TABLE orders; --", "=cmd|' /C calc'!A0", "<script>alert(1)</script>",
)  # fmt: skip

# ---- what can happen to bytes ------------------------------------------------------------------------------------


def flipped(content: bytes, chance: random.Random) -> bytes:
    found = bytearray(content)
    for _ in range(chance.choice((1, 3, 20, 200))):
        found[chance.randrange(len(found))] ^= 1 << chance.randrange(8)
    return bytes(found)


def cut(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return chance.choice((content[:at], content[at:], content[:at] + content[at + chance.randrange(1, 5_000) :]))


def spliced(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    noise = chance.choice((
        b"\x00" * 50, b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n" * 300, b'"', b"\x1a", b",,,,", b"\xf0\x9f\x98\x80",
        bytes(chance.randrange(256) for _ in range(chance.randrange(1, 400))), content[: chance.randrange(1, 2_000)],
    ))  # fmt: skip
    return content[:at] + noise + content[at:]


# ---- what can happen to text -------------------------------------------------------------------------------------


@dataclass
class Table:
    """A delimited file taken apart."""

    rows: list[list[str]]
    encoding: str
    newline: str = "\r\n"
    delimiter: str = ","

    def written(self) -> bytes:
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=self.newline, delimiter=self.delimiter).writerows(self.rows)
        return out.getvalue().encode(self.encoding, "replace")


def reencoded(table: Table, chance: random.Random) -> None:
    table.encoding = chance.choice((
        "utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "big5", "shift-jis", "latin-1",
        "utf-7", "utf-32",
    ))  # fmt: skip


def columns_dropped(table: Table, chance: random.Random) -> None:
    gone = {chance.randrange(len(table.rows[0])) for _ in range(chance.choice((1, 2, 10)))}
    table.rows = [[c for i, c in enumerate(row) if i not in gone] for row in table.rows] or [[""]]


def columns_swapped(table: Table, chance: random.Random) -> None:
    a, b = chance.randrange(len(table.rows[0])), chance.randrange(len(table.rows[0]))
    for row in table.rows[chance.randrange(2) :]:  # with the header or below it only
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]


def headers_changed(table: Table, chance: random.Random) -> None:
    at = chance.randrange(len(table.rows[0]))
    table.rows[0][at] = chance.choice(("", table.rows[0][0], "订单编号", " ", "\n", "a" * 100_000, "＂", "=1+1"))


def fields_added(table: Table, chance: random.Random) -> None:
    for row in chance.sample(table.rows, min(len(table.rows), chance.choice((1, 5, 500)))):
        row[chance.randrange(len(row) + 1) : 0] = [""] * chance.choice((1, 3, 5_000))


def huge_cells(table: Table, chance: random.Random) -> None:
    row = chance.choice(table.rows)
    what, times = chance.choice(("长", "9", '"', "\n", ",", "=", "\x00")), chance.choice((10_000, 200_000, 2_000_000))
    row[chance.randrange(len(row))] = what * times


def cells_wrong(table: Table, chance: random.Random) -> None:
    for row in chance.sample(table.rows, min(len(table.rows), chance.choice((1, 10, 100)))):
        if row:
            row[chance.randrange(len(row))] = chance.choice(WRONG_CELLS)


def ids_doubled(table: Table, chance: random.Random) -> None:
    if chance.random() < 0.5:
        table.rows += [list(row) for row in chance.choices(table.rows, k=min(500, len(table.rows)))]
    else:
        at, same = chance.randrange(min(3, len(table.rows[0]))), chance.choice(table.rows)
        for row in table.rows[1:]:
            if at < min(len(row), len(same)):
                row[at] = same[at]


def rows_shuffled(table: Table, chance: random.Random) -> None:
    chance.shuffle(table.rows)


def line_ends(table: Table, chance: random.Random) -> None:
    table.newline = chance.choice(("\r", "\n", "\n\r", "\r\r\n", "\u2028", "\x0b"))


def other_delimiter(table: Table, chance: random.Random) -> None:
    table.delimiter = chance.choice((";", "\t", "|", " "))


def quotes_broken(content: bytes, chance: random.Random) -> bytes:
    found = bytearray(content)
    places = [i for i, byte in enumerate(found) if byte in b'",\n'] or [0]
    for at in sorted(chance.sample(places, min(len(places), chance.choice((1, 2, 30)))), reverse=True):
        found[at : at + chance.randrange(2)] = chance.choice((b'"', b"", b'""', b'"""', b'\\"', "”".encode()))
    return bytes(found)


# ---- what can happen to workbooks --------------------------------------------------------------------------------


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        if sum(entry.file_size for entry in book.infolist()) > 50_000_000:
            raise ValueError("a bomb is left as it is")
        return {name: book.read(name) for name in book.namelist()}


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, part in parts.items():
            book.writestr(name, part)
    return out.getvalue()


def part_damaged(content: bytes, chance: random.Random) -> bytes:
    parts = parts_of(content)
    name = chance.choice(sorted(parts))
    if chance.random() < 0.15:
        del parts[name]
    elif parts[name]:
        parts[name] = chance.choice((flipped, cut, spliced))(parts[name], chance)
    return zipped(parts)


def cells_rewritten(content: bytes, chance: random.Random) -> bytes:
    """Cells of other types, at other places, with other values; rows out of order; entities that grow."""
    parts = parts_of(content)
    name = chance.choice([n for n in sorted(parts) if n.startswith("xl/worksheets/") and n.endswith(".xml")])
    text = parts[name].decode("utf-8")
    far = chance.choice(("A1048576", "XFD1", "XFD1048576", "ZZ9999", "A99999999", "AAAAA1", "A0", ""))
    kind = chance.choice(('t="e"', 't="b"', 't="d"', 't="n"', 't="s"', 't="?"'))
    value = chance.choice(("1E400", "-1", "99999999999999", "", "#N/A", "2958466"))
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><worksheet'
    before, after = chance.choice((
        (r'r="[A-Z]+\d+"', f'r="{far}"'), (r't="\w+"', kind), (r"<v>[^<]*</v>", f"<v>{value}</v>"),
        (r"<v>", "<f>WEBSERVICE(A1)</f><v>"), (r"<row [^>]*>", "<row>"), (r' r="[A-Z]+\d+"', ""),
        (r"<sheetData>", "<sheetData><sheetData>"), (r"<worksheet", entities),
        (r"<dimension ref=[^/]*/>", '<dimension ref="A1:XFD1048576"/>'),
    ))  # fmt: skip
    parts[name] = re.sub(before, lambda _: after, text, count=chance.choice((1, 1, 5, 0))).encode()
    return zipped(parts)


def bomb(content: bytes, chance: random.Random) -> bytes:
    """A few kilobytes that unpack to gigabytes: blanks, rows, shared strings, or a directory that lies about it."""
    parts = parts_of(content)
    sheet = next(n for n in sorted(parts) if n.startswith("xl/worksheets/"))
    kind = chance.choice(("blanks", "rows", "strings", "lying", "far corners"))
    if kind == "far corners":
        cell = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
        return zipped(parts | {sheet: parts[sheet].replace(b"</sheetData>", cell)})
    unit, times = {
        "blanks": (b" " * (1 << 20), 2_500), "lying": (b" " * (1 << 20), 2_500),
        "rows": (b'<row><c t="inlineStr"><is><t>1</t></is></c></row>' * 20_000, 1_500),
        "strings": (b"<si><t>" + b"x" * (1 << 20) + b"</t></si>", 2_500),
    }[kind]  # fmt: skip
    name = "xl/sharedStrings.xml" if kind == "strings" else sheet
    whole = parts.get(name, b'<?xml version="1.0"?><sst></sst>')
    end = re.search(rb"</(?:sheetData|sst)>", whole)
    at = end.start() if end else len(whole)
    return repacked(parts, name, whole[:at], unit, times, whole[at:], lie=kind == "lying")


def repacked(
    parts: dict[str, bytes], name: str, head: bytes, unit: bytes, times: int, tail: bytes, *, lie: bool
) -> bytes:
    """The archive with one part of ``times`` units, deflated without ever holding it; ``lie`` understates its size."""
    packed = zipped({n: p for n, p in parts.items() if n != name})
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = deflate.compress(head) + deflate.flush(zlib.Z_FULL_FLUSH)
    piece = deflate.compress(unit) + deflate.flush(zlib.Z_FULL_FLUSH)  # repeats as it is after a full flush
    body += piece * times + deflate.compress(tail) + deflate.flush()
    size = 1_000 if lie else min(len(head) + len(unit) * times + len(tail), (1 << 32) - 1)
    start, count = _directory(packed)
    local = b"PK\x03\x04" + _entry(0, size, len(body), name) + name.encode() + body
    central = b"PK\x01\x02\x14\x00" + _entry(0, size, len(body), name)
    central += b"\0" * 10 + start.to_bytes(4, "little") + name.encode()
    directory = packed[start : packed.rindex(b"PK\x05\x06")] + central
    number = (count + 1).to_bytes(2, "little")
    end = b"PK\x05\x06\0\0\0\0" + number * 2 + len(directory).to_bytes(4, "little")
    return packed[:start] + local + directory + end + (start + len(local)).to_bytes(4, "little") + b"\0\0"


def _entry(crc: int, size: int, packed: int, name: str) -> bytes:
    numbers = b"".join(n.to_bytes(4, "little") for n in (crc, packed, size))
    return b"\x14\x00\x00\x00\x08\x00\0\0!\x00" + numbers + len(name.encode()).to_bytes(2, "little") + b"\0\0"


def _directory(packed: bytes) -> tuple[int, int]:
    end = packed.rindex(b"PK\x05\x06")
    return int.from_bytes(packed[end + 16 : end + 20], "little"), int.from_bytes(packed[end + 10 : end + 12], "little")


# ---- one damaged file --------------------------------------------------------------------------------------------

RAW: Sequence[Callable[[bytes, random.Random], bytes]] = (flipped, cut, spliced, quotes_broken)
TEXT: Sequence[Callable[[Table, random.Random], None]] = (
    reencoded, columns_dropped, columns_swapped, headers_changed, fields_added, huge_cells, cells_wrong, cells_wrong,
    ids_doubled, rows_shuffled, line_ends, other_delimiter,
)  # fmt: skip
BOOK: Sequence[Callable[[bytes, random.Random], bytes]] = (
    part_damaged,
    part_damaged,
    cells_rewritten,
    cells_rewritten,
    bomb,
)


@cache
def originals(folder: Path) -> tuple[tuple[str, bytes], ...]:
    """The whole files, by name."""
    found = [p for p in sorted(folder.rglob("*")) if p.suffix in (".csv", ".xlsx")]
    return tuple((p.name, p.read_bytes()) for p in found)


def damaged(folder: Path, number: int, seed: int) -> tuple[str, bytes, str]:
    """The file of that number: its name, its bytes, and what was done to it."""
    chance = random.Random(f"{seed} {number}")
    name, content = chance.choice(originals(folder))
    done: list[str] = []
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        try:
            content, what = _damaged_once(content, name, chance)
        except (ValueError, KeyError, IndexError, StopIteration, zipfile.BadZipFile, zlib.error, csv.Error):
            content, what = spliced(content or b" ", chance), "spliced"  # too broken to be taken apart again
        done.append(what)
        content = content or b"\n"
    return f"{number:05}-{name}", content, ", ".join(done)


def _damaged_once(content: bytes, name: str, chance: random.Random) -> tuple[bytes, str]:
    book = name.endswith(".xlsx")
    if chance.random() < 0.35:
        change = chance.choice(RAW)
        return change(content, chance), change.__name__
    if book:
        harm = chance.choice(BOOK)
        return harm(content, chance), harm.__name__
    text, encoding = _read(content)
    table = Table([row for row in csv.reader(io.StringIO(text, newline="")) if row][:400], encoding)
    wrong = chance.choice(TEXT)
    wrong(table, chance)
    return table.written(), wrong.__name__


def _read(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("gb18030"), "gb18030"


# ---- and how it is met -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Met:
    """How one file was met: ``fault`` says what was wrong with that; None where it was read or refused well."""

    number: int
    harm: str
    said: str
    seconds: float = 0.0
    megabytes: float = 0.0
    fault: str | None = None


def read_one(folder: Path, number: int, seed: int) -> Met:
    """Read one damaged file, within its limits."""
    name, content, harm = damaged(folder, number, seed)
    peak, started = PeakMemory(), time.perf_counter()
    try:
        readings = read_export(name, layouts=load_layouts(), content=content)
    except AftersalesError as error:
        said = str(error)
        fault = "no sentence" if "\n" in said or len(said) > LONGEST_SENTENCE or _TRACE.search(said) else None
    except BaseException as error:  # panics of compiled parts are no Exceptions
        said, fault = repr(error)[:500], "not met"
    else:
        said = "read"
        rows = [r.frame["row"].to_list() + r.set_aside["row"].to_list() for r in readings]
        lost = any(r.rows_read != r.frame.height + r.set_aside.height for r in readings)
        fault = "rows lost" if lost or any(len(set(row)) != len(row) for row in rows) else None
    seconds, megabytes = time.perf_counter() - started, peak.mb
    if fault is None and (seconds > SECONDS or megabytes > MEGABYTES):
        fault = f"took {seconds:.1f} s and {megabytes:,.0f} MB"
    return Met(number, harm, said, seconds, megabytes, fault)


def import_some(folder: Path, numbers: Sequence[int], seed: int) -> list[str]:
    """Import these files into a shop of their own; what did not add up."""
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        (place / "in").mkdir()
        for number in numbers:
            name, content, _ = damaged(folder, number, seed)
            (place / "in" / name).write_bytes(content)
            shop = '[[shops]]\nid = "d"\nname = "{}"\nexports = "in"\n'
        (place / "shops.toml").write_text('[store]\npath = "store"\n' + shop.format("云栖家居旗舰店"), "utf-8")
        settings = load_settings(place / "shops.toml")
        account = import_files(settings, settings.shops[0])
        faults = [f"{f.file}: {f}" for f in account.files if not f.error and not f.balanced]
        faults += [f"{f.file}: {f.error}" for f in account.files if f.error and _TRACE.search(f.error)]
        if account.commit is None:
            return faults
        store = ShopStore(settings.store_path, "d")
        counted = store.table("lineage").group_by("file").len().collect()
        taken = dict(counted.iter_rows())
        aside = dict(store.table("set_aside").group_by("file").len().collect().iter_rows())
        for f in account.files:
            in_books = (taken.get(f.file, 0), aside.get(f.file, 0))
            if not f.error and (f.rows_taken + f.rows_merged, f.rows_set_aside) != in_books:
                faults.append(f"{f.file}: the books tell other numbers than the account")
        orders = store.table("orders").select(pl.len(), n=pl.col("line_id").n_unique()).collect().row(0)
        if orders[0] != orders[1]:
            faults.append(f"{numbers[0]}: an order line stands twice")
        return faults


def met(
    folder: Path,
    numbers: Sequence[int],
    *,
    seed: int = SEED,
    workers: int = 1,
    tell: Callable[[Met], None] = lambda _: None,
) -> tuple[list[Met], list[str]]:
    """Read and import the files of those numbers; how each was met, and what the imports lost."""
    found: list[Met] = []
    faults: list[str] = []
    with ProcessPool(workers, max_tasks=500, context=get_context("spawn")) as pool:
        reading = [(n, pool.schedule(read_one, args=(folder, n, seed), timeout=6 * SECONDS)) for n in numbers]
        for number, future in reading:
            try:
                one = future.result()
            except (ProcessExpired, TimeoutError) as error:
                harm = damaged(folder, number, seed)[2]
                one = Met(number, harm, repr(error), fault="hung or died")
            found.append(one)
            tell(one)
        good = [m.number for m in found if m.fault is None]
        parts = [good[i : i + FILES_A_SHOP] for i in range(0, len(good), FILES_A_SHOP)]
        importing = [(p, pool.schedule(import_some, args=(folder, p, seed), timeout=600)) for p in parts]
        for part, future in importing:
            try:
                faults += future.result()
            except BaseException as error:  # whatever it was, it is what we look for
                faults.append(f"the import of files {part[0]} to {part[-1]} ended in {error!r}"[:1_000])
    return found, faults


def _kind_of(said: str) -> str:
    return re.sub(r"\S*(csv|xlsx)", "…", said.split(". ", maxsplit=1)[0])[:80]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--files", type=int, default=FILES)
    asked.add_argument("--first", type=int, default=0, help="the first file's number")
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--only", type=int, help="damage and read this one file, and say how it was met")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        write_demo(folder, orders=300, weeks=16)
        if given.only is not None:
            print(read_one(folder, given.only, given.seed))
            return
        started = time.perf_counter()

        def tell(one: Met) -> None:
            if one.fault:
                print(f"{one.number} ({one.harm}): {one.fault}: {one.said}", flush=True)

        numbers = range(given.first, given.first + given.files)
        found, faults = met(folder, numbers, seed=given.seed, workers=given.workers, tell=tell)
    read = sum(m.said == "read" for m in found)
    bad = sum(m.fault is not None for m in found)
    seconds, refused = time.perf_counter() - started, Counter(_kind_of(m.said) for m in found if m.said != "read")
    print(
        f"{len(found):,} damaged files in {seconds:,.0f} s: {read:,} read, "
        f"{len(found) - read - bad:,} refused in one sentence, {bad} met badly"
    )
    print(f"slowest {max(m.seconds for m in found):.1f} s, most memory {max(m.megabytes for m in found):,.0f} MB")
    print("refused most for:", "; ".join(f"{said} ({times})" for said, times in refused.most_common(5)))
    for fault in faults:
        print("import:", fault)
    print(f"imports: {len(faults)} accounts that do not add up")
    sys.exit(1 if bad or faults else 0)


if __name__ == "__main__":
    main()
