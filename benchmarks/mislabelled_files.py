"""Files under a wrong name, with columns lost, renamed or swapped, or of another shop: none may give figures unsaid.

    python benchmarks/mislabelled_files.py [--files 3000] [--right 300] [--seed 20261130] [--only 4711]

Each file is made of a right one of a built-in kind and imported into its made-up shop together with the shop's right
files. What counts as met: the tables are those of the right files; or the file is refused, held back, has rows set
aside, or has a note that warns; or the only difference is a field that is now unknown, and a note names it. The right
files of ``--right`` other shops must give no warning at all. ``--only`` runs one file by its number.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
from platform_exports import LATIN, PLATFORMS, START, STATES, Export, shop

from aftersales.sources.account import ImportAccount
from aftersales.sources.crosschecks import GAP, facts_of, hardly_known, of_itself, with_strangers
from aftersales.sources.identity import KEY_NAME
from aftersales.sources.importing import import_files
from aftersales.sources.impossible_dates import without_impossible
from aftersales.sources.layout import load_layouts
from aftersales.sources.notes import warns
from aftersales.sources.odd_columns import columns_of_file, odd_columns
from aftersales.sources.read import Reading, read_export
from aftersales.sources.records import DIRECT, RECORDS
from aftersales.sources.settings import Settings, load_settings
from aftersales.sources.settings import Shop as Shop_
from aftersales.sources.store import ShopStore
from aftersales.sources.to_records import kept_rows
from aftersales.sources.versions import MADE, MARKS
from aftersales.words.errors import AftersalesError
from aftersales.words.periods import shop_time

SEED, FILES, RIGHT = 20_261_130, 3_000, 300
TABLES = {
    "orders": "line_id", "refunds": "refund_id", "complaints": "complaint_id", "messages": "message_id",
    "parcels": "event_id", "evidence": "path", "traffic": "day", "money": "entry_id", "products": "product_id",
}  # fmt: skip
_NO_FIGURE = ("note", "source")  # free text of evidence and refunds
_NAMING = ("lacking", "empty")
# What is made of a field: a buyer of a telephone number where the name is not there, net money of the refund.
_FOLLOWS = {"buyer": ("buyer_key", "buyer_key_quality"), "refunded": ("paid_net",), "goods_status": ("phase",)}
NOW = START + timedelta(days=75)


@dataclass(frozen=True)
class Case:
    """One file and the shop it is put into: ``beside`` are the right files there, ``right`` what its own should be."""

    number: int
    harm: str
    shop: str
    beside: tuple[Export, ...]
    right: tuple[Export, ...]
    bad: Export


# ---- what can happen to a file -----------------------------------------------------------------------------------


def _moved(file: Export, order: Sequence[int]) -> Export:
    rows = tuple(tuple(row[i] for i in order) for row in file.rows)
    return replace(file, header=tuple(file.header[i] for i in order), rows=rows)


def renamed_file(file: Export, chance: random.Random) -> Export:
    platform = chance.choice(sorted(PLATFORMS))
    other = chance.choice(PLATFORMS[platform][4]).kind
    return replace(file, name=f"{other}-{chance.choice(('1', '202611010900', '3'))}{Path(file.name).suffix}")


def columns_shuffled(file: Export, chance: random.Random) -> Export:
    order = list(range(len(file.header)))
    chance.shuffle(order)
    return _moved(file, order)


def column_dropped(file: Export, chance: random.Random) -> Export:
    gone = chance.randrange(len(file.header))
    return _moved(file, [i for i in range(len(file.header)) if i != gone])


def header_renamed(file: Export, chance: random.Random) -> Export:
    at = chance.randrange(len(file.header))
    name = chance.choice(("Column7", "列名", "", file.header[at] + "2", file.header[at][:-1] or "x", "未命名"))
    return replace(file, header=(*file.header[:at], name, *file.header[at + 1 :]))


def contents_swapped(file: Export, chance: random.Random) -> Export:
    a, b = chance.sample(range(len(file.header)), 2)
    order = list(range(len(file.header)))
    order[a], order[b] = order[b], order[a]
    return replace(_moved(file, order), header=file.header)


def other_platform(file: Export, chance: random.Random) -> Export:
    mine = next(p[0] for p in PLATFORMS.values() if any(r.kind == file.kind for r in p[4]))
    name = chance.choice([n for n, p in sorted(PLATFORMS.items()) if p[0] != mine])
    platform = PLATFORMS[name][0]
    strange = [f for f in shop(name, chance.randrange(50)).files if f.kind.startswith((platform, f"orders_{platform}"))]
    return _strange(chance.choice(strange or list(shop("shopify").files)))


def other_shop(file: Export, chance: random.Random) -> Export:
    titles = tuple(f"{chance.choice(('Deluxe', '新款'))} {n} {chance.randrange(10**6)}" for n in range(5))
    return _of(file, {"titles": titles, **_numbers(chance)}, chance)


def other_currency(file: Export, chance: random.Random) -> Export:
    scale = _sold(file).scale * chance.choice((8, 17, 83, 0.012, 0.1))
    return _of(file, {"scale": scale, **_numbers(chance)}, chance, others=("USD", "EUR", "GBP"))


def other_year(file: Export, chance: random.Random) -> Export:
    return _of(file, {"start": START - timedelta(days=364 * chance.choice((1, 2, 3))), "first": 500_000}, chance)


def _numbers(chance: random.Random) -> dict[str, object]:
    """Numbers of orders and products that are another shop's."""
    return {"prefix": f"{chance.randrange(10**4, 10**5)}", "first": chance.randrange(10**6, 10**7)}


def _sold(file: Export):
    return next(p[3] for p in PLATFORMS.values() if any(r.kind == file.kind for r in p[4]))


def _of(file: Export, goods: dict[str, object], chance: random.Random, *, others: Sequence[str] = ()) -> Export:
    """The same report of another made-up shop."""
    name = next(n for n, p in PLATFORMS.items() if any(r.kind == file.kind for r in p[4]))
    found = next(f for f in shop(name, chance.randrange(50, 99), goods=goods).files if f.kind == file.kind)
    for header in ("Currency", "currency", "Currency code"):
        if others and header in found.header:
            at, code = found.header.index(header), chance.choice([o for o in others if o != PLATFORMS[name][2]])
            rows = tuple((*r[:at], code if r[at] else "", *r[at + 1 :]) for r in found.rows)
            found = replace(found, rows=rows)
    return _strange(found)


def _strange(file: Export) -> Export:
    return replace(file, name=f"strange-{file.name}")


DAMAGES: Sequence[Callable[[Export, random.Random], Export]] = (
    renamed_file, columns_shuffled, column_dropped, column_dropped, header_renamed, header_renamed, contents_swapped,
    contents_swapped, contents_swapped,
)  # fmt: skip
STRANGERS: Sequence[Callable[[Export, random.Random], Export]] = (
    other_platform,
    other_shop,
    other_currency,
    other_year,
)


def _joined(halves: Sequence[Export]) -> Export:
    return replace(halves[0], rows=tuple(row for half in halves for row in half.rows))


def case_of(number: int, seed: int, shops: Sequence[str] = ()) -> Case:
    """The case of that number, in one of the ``shops`` (any)."""
    chance = random.Random(f"{seed} {number}")
    name = chance.choice(sorted(shops or PLATFORMS))
    files = shop(name).files
    file = chance.choice([f for f in files if f.rows])
    if chance.random() < 0.3 and file.kind != "template_products":
        harm = chance.choice(STRANGERS)
        own = [f for f in files if not f.kind.startswith(("template", "sycm"))]
        return Case(number, harm.__name__, name, files, (), harm(file if file in own else chance.choice(own), chance))
    harm = chance.choice(DAMAGES)
    halves = [f for f in files if f.kind == file.kind]
    alone = chance.random() < 0.4  # no other file of its kind to compare it with
    right = _joined(halves) if alone else file
    beside = tuple(f for f in files if (f.kind != file.kind if alone else f is not file))
    return Case(number, harm.__name__, name, beside, (right,), harm(right, chance))


# ---- and how it is met -------------------------------------------------------------------------------------------


class Shops:
    """Shops with their right files imported, made once and copied for each file that is put into them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._made = folder, dict[tuple[str, tuple[Export, ...]], Path]()

    def standing(self, name: str, files: tuple[Export, ...]) -> Path:
        key = (name, files)
        if key not in self._made:
            place = self.folder / f"{len(self._made)}"
            put(place, name, files)
            if files:
                imported(place)
            self._made[key] = place
        return self._made[key]

    def with_file(self, name: str, files: tuple[Export, ...], more: Export) -> tuple[Path, ImportAccount]:
        place = self.folder / "tried"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.standing(name, files), place)
        (place / "in" / more.name).write_bytes(more.content())
        return place, imported(place)


def put(place: Path, name: str, files: Sequence[Export]) -> None:
    """Write a shop's shops.toml and files."""
    platform, zone, currency, *_ = PLATFORMS[name]
    (place / "in").mkdir(parents=True)
    (place / KEY_NAME).write_text(hashlib.sha256(b"one key for all").hexdigest(), "utf-8")
    for file in files:
        (place / "in" / file.name).write_bytes(file.content())
    (place / "shops.toml").write_text(
        '[store]\npath = "store"\n[[shops]]\nid = "s"\nname = "测试店铺"\nexports = "in"\n'
        f'platform = "{platform}"\nzone = "{zone}"\ncurrency = "{currency}"\n',
        "utf-8",
    )


def _settings(place: Path) -> Settings:
    return load_settings(place / "shops.toml")


def imported(place: Path) -> ImportAccount:
    """Import whatever is new in the shop."""
    settings = _settings(place)
    return import_files(settings, settings.shops[0], now=NOW)


def figures(place: Path) -> dict[str, pl.DataFrame]:
    """The tables that figures are made of."""
    shop = _settings(place).shops[0]
    store = ShopStore(_settings(place).store_path, shop.id, shop.zone)
    if not store.commits():
        return {}
    head = store.head()
    return {t: store.table(t, head).collect().sort(key, *_rest(t)) for t, key in TABLES.items() if t in head.versions}


def _rest(table: str) -> tuple[str, ...]:
    return {"evidence": ("order_id",), "products": ("merchant_code", "from_day")}.get(table, ())


def difference(right: dict[str, pl.DataFrame], found: dict[str, pl.DataFrame]) -> tuple[list[str], list[str]]:
    """What differs: columns with other values or rows; and columns that only became unknown."""
    other, unknown = [], []
    for table, frame in right.items():
        new = found[table].select(frame.columns)
        if frame.equals(new):
            continue
        key = [TABLES[table], *_rest(table)]
        if not frame.select(key).equals(new.select(key)):
            other.append(f"{table}: {frame.height} rows, now {new.height}")
            continue
        for column in frame.columns:
            if not frame[column].equals(new[column]):
                gone = (frame[column].eq_missing(new[column]) | new[column].is_null()).all()
                (unknown if gone else other).append(f"{table}.{column}")
    return other, unknown


def warnings(account: ImportAccount) -> list[str]:
    """Everything in an import's account that warns of its files."""
    said = [f"left out: {one.file}" for one in account.others]
    for f in account.files:
        said += [f"refused: {f.error}"] if f.error else []
        said += [f"held: {f.alarm['en']}"] if f.alarm else []
        said += [f"{f.rows_set_aside} rows set aside: {f.reasons}"] if f.rows_set_aside else []
        said += [note for note in f.notes if warns(note)]
    return said


@dataclass(frozen=True)
class Met:
    """How one file was met: ``miss`` says which figures changed without a word."""

    case: Case
    warned: tuple[str, ...]
    changed: tuple[str, ...]
    unknown: tuple[str, ...]
    miss: bool


def met(case: Case, shops: Shops) -> Met:
    """Import the file of a case beside the right files of its shop."""
    whole = shops.standing(case.shop, (*case.beside, *case.right))
    right = figures(whole)
    place, account = shops.with_file(case.shop, case.beside, case.bad)
    found = figures(place)
    changed, unknown = difference(right, found) if found else ([], [])
    warned = warnings(account)
    silent = not warned and _silent(changed, unknown, [n for f in account.files for n in f.notes])
    return Met(case, tuple(warned), tuple(changed), tuple(unknown), silent)


# ---- the same without a store: what was read, compared with what should have been --------------------------------

KEY = hashlib.sha256(b"one key for all").digest()
LAYOUTS = load_layouts()
PLATFORM_OF = {layout.name: layout.platform for layout in LAYOUTS}


@cache
def _read(name: str, file: Export) -> tuple[Reading, ...]:
    _, zone, currency, *_ = PLATFORMS[name]
    found = read_export(file.name, layouts=LAYOUTS, zone=zone, currency=currency, content=file.content())
    return tuple(without_impossible(one, now=shop_time(NOW, ZoneInfo(zone)), zone=zone) for one in found)


def _records(name: str, file: Export) -> dict[str, pl.DataFrame]:
    rows = kept_rows(_read(name, file), key=KEY, import_id="1", zone=PLATFORMS[name][1])
    marks = [*(m for m in MARKS if m != "row"), "month", "counted"]
    return {t: _sorted(t, r.drop(marks, strict=False)) for t, r in rows.items()}


def _sorted(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows as they stand in the file, without keys that are made of their content."""
    key = TABLES[table] if table in TABLES else (RECORDS | DIRECT)[table].key[-1]
    made = table in ("messages", "parcels", "money") or rows[key].cast(pl.String).str.contains(MADE).all()
    if "province" in rows.columns:  # a state's code is as good as its name, where no other file of the shop has that
        states = dict(zip(LATIN.provinces, STATES, strict=True))
        rows = rows.with_columns(pl.col("province").replace(states))
    return rows.sort("row", *_rest(table), maintain_order=True).drop(key if made else [])


def met_as_read(case: Case) -> Met:
    """As `met`, of the rows and notes that reading gives: a hundred times as fast, blind to what composing adds."""
    platform, zone, currency, *_ = PLATFORMS[case.shop]
    settings = Shop_(id="s", name="测试店铺", exports="in", platform=platform, zone=zone, currency=currency)
    try:
        bad = _read(case.shop, case.bad)
    except AftersalesError as error:
        return Met(case, (f"refused: {error}",), (), (), miss=False)
    stored = [replace(c, stored=True) for f in case.beside for c in columns_of_file(f.name, _read(case.shop, f))]
    odd = odd_columns(columns_of_file(case.bad.name, bad), stored)
    told = [n for r in bad for n in r.notes] + [n for o in odd for n in o.notes]
    warned = [n for n in told if warns(n)] + [str(r.set_aside["reason"][0]) for r in bad if r.set_aside.height]
    facts = [facts_of(f.name, "", _read(case.shop, f), layouts=PLATFORM_OF) for f in case.beside]
    [mine] = with_strangers([facts_of(case.bad.name, "", bad, layouts=PLATFORM_OF)], odd)
    warned += [h.reason for h in [of_itself(mine, settings)] if h]
    known = {i for f in facts for k in ("order_report", "item_report") for i in f.orders.get(k, ())}
    known |= {
        i for f in case.beside for r in _read(case.shop, f) if r.kind == "order_report" for i in r.frame["order_id"]
    }
    about = [ids for kind, ids in mine.orders.items() if kind != "item_report"]
    warned += ["orders_unknown" for ids in about if hardly_known(len(set(ids) - known), len(ids))]
    gaps = [max((mine.first - f.last).days, (f.first - mine.last).days) for f in facts if f.first and mine.first]  # type: ignore[operator]
    warned += ["days_apart"] if gaps and min(gaps) > GAP else []
    if not case.right:
        changed = [f"{sum(r.frame.height for r in bad)} rows"]
        return Met(case, tuple(warned), tuple(changed), (), miss=not warned)
    right, found = _records(case.shop, case.right[0]), _records(case.shop, case.bad)
    right |= {t: r.drop(_NO_FIGURE, strict=False) for t, r in right.items()}
    changed, unknown = [], []
    for table, frame in right.items():
        new = found.get(table, frame.clear())
        if frame.height != new.height:
            changed.append(f"{table}: {frame.height} rows, now {new.height}")
            continue
        for column in frame.columns:
            if column != "row" and column not in new.columns:
                changed.append(f"{table}.{column}")
            elif column != "row" and not frame[column].equals(new[column]):
                gone = (frame[column].eq_missing(new[column]) | new[column].is_null()).all()
                (unknown if gone else changed).append(f"{table}.{column}")
    return Met(case, tuple(warned), tuple(changed), tuple(unknown), not warned and _silent(changed, unknown, told))


def _silent(changed: Sequence[str], unknown: Sequence[str], notes: Sequence[str]) -> bool:
    """Whether figures changed, or became unknown, that no note on missing or empty columns names."""
    named = {f for n in notes for f in json.loads(n).get("fields", "").split(", ") if json.loads(n)["note"] in _NAMING}
    named |= {made for field, follow in _FOLLOWS.items() if field in named for made in follow}
    return any(c.split(".")[-1] not in named for c in changed) or bool(unknown and not named)


def false_alarms_as_read(number: int, seed: int) -> list[str]:
    """The warnings that reading the right files of a shop gives, each beside the others."""
    chance = random.Random(f"right {seed} {number}")
    name = sorted(PLATFORMS)[number % len(PLATFORMS)]
    files = shop(name, seed=chance.randrange(10**6), orders=chance.choice((20, 60, 90, 200))).files
    columns = [c for f in files for c in columns_of_file(f.name, _read(name, f))]
    odd = odd_columns(columns, []) + odd_columns(
        [c for c in columns if "-2" in c.file], [replace(c, stored=True) for c in columns if "-1" in c.file]
    )
    said = [n for o in odd for n in (*o.notes, *(["strange"] if o.strange else [])) if n == "strange" or warns(n)]
    said += [n for f in files for r in _read(name, f) for n in r.notes if warns(n)]
    said += [str(r.set_aside["reason"][0]) for f in files for r in _read(name, f) if r.set_aside.height]
    return [f"{name} {number}: {s}" for s in dict.fromkeys(said)]


def false_alarms(number: int, seed: int, folder: Path) -> list[str]:
    """The warnings that the right files of a shop give."""
    chance = random.Random(f"right {seed} {number}")
    names = sorted(PLATFORMS)
    name = names[number % len(names)]
    place = folder / "right"
    shutil.rmtree(place, ignore_errors=True)
    put(place, name, shop(name, seed=chance.randrange(10**6), orders=chance.choice((20, 60, 90, 200))).files)
    said = warnings(imported(place))
    if name == "kuaishou":  # refunds without any order of theirs: held, and rightly
        said = [s for s in said if not s.startswith("held: ")]
    return [f"{name} {number}: {s}" for s in said]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--files", type=int, default=FILES)
    asked.add_argument("--right", type=int, default=RIGHT, help="right shops, each of all its kinds of files")
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--only", type=int)
    asked.add_argument("--as-read", action="store_true", help="compare what is read, without a store")
    given = asked.parse_args()
    numbers = range(given.first, given.first + given.files) if given.only is None else [given.only]
    started, misses, harms, warned = time.perf_counter(), 0, Counter[str](), 0
    with tempfile.TemporaryDirectory() as text:
        shops = Shops(Path(text))
        for number in numbers:
            case = case_of(number, given.seed)
            one = met_as_read(case) if given.as_read else met(case, shops)
            harms[one.case.harm] += 1
            warned += bool(one.warned)
            misses += one.miss
            if one.miss or given.only is not None:
                bad = one.case.bad
                what = (
                    [(a, b) for a, b in zip(one.case.right[0].header, bad.header, strict=False) if a != b][:3]
                    if (one.case.right)
                    else []
                )
                swapped = [h for i, h in enumerate(bad.header) if one.case.right and one.case.harm == "contents_swapped"
                           and [r[i] for r in bad.rows] != [r[i] for r in one.case.right[0].rows]]  # fmt: skip
                print(f"{number} {one.case.harm} {bad.name} {what or swapped}: changed {one.changed}, unknown "
                      f"{one.unknown}, warned {one.warned}", flush=True)  # fmt: skip
        alarms = []
        for n in range(given.right if given.only is None else 0):
            alarms += false_alarms_as_read(n, given.seed) if given.as_read else false_alarms(n, given.seed, Path(text))
    for alarm in alarms:
        print("false alarm:", alarm)
    seconds = time.perf_counter() - started
    print(f"{sum(harms.values()):,} files in {seconds:,.0f} s: {warned:,} with a warning, {misses} silent misses; "
          f"{len(alarms)} false warnings in {given.right} right shops")  # fmt: skip
    print(", ".join(f"{harm} {times}" for harm, times in sorted(harms.items())))
    sys.exit(1 if misses or alarms else 0)


if __name__ == "__main__":
    main()
