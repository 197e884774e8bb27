"""Stores damaged in every way that we could think of: no verb may end well with a figure that is not right.

    python benchmarks/damaged_store.py [--stores 500] [--seed 20261129] [--only 17]

A small shop's store, copied and damaged once or twice: a data file, a log entry, a commit record, the head, the results
or the list of verified files is cut, emptied, removed, flipped by a bit, exchanged with another or put back from the
store of a commit earlier; or a whole table folder or the commits are. On each copy `status`, `today` and `import` of a
waiting file are run in this process, one after another, then every table is read and `doctor --deep` is asked. A verb
that ends with 0 must have said what it says of the whole store, and the tables must be those of the whole store. Every
refusal must be one sentence of the program's own.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from small_shop import SHOP, export, figures, make, store_of
from typer.testing import CliRunner

from aftersales.words.errors import AftersalesError
from aftersales_app.cli import app

SEED = 20_261_129
VERBS = (["status"], ["today", SHOP, "--at", "2026-11-21 12:00", "--chat", "--no-import"], ["import", SHOP])


@dataclass(frozen=True)
class Whole:
    """The store as it should be, the one of a commit earlier, and what each verb says of it."""

    folder: Path
    earlier: Path
    said: dict[str, str]
    figures: tuple[dict, ...]


def made(root: Path) -> Whole:
    """The store to damage, with results and verified files remembered."""
    folder, earlier = root / "whole", root / "earlier"
    make(folder)
    shutil.copytree(folder, earlier)
    run(folder, VERBS[2])
    export(folder / "in", "d.csv", range(65, 75))
    run(folder, VERBS[1])
    after = root / "after"
    shutil.copytree(folder, after)
    before = figures(store_of(after))
    said = {verb[0]: run(after, verb)[1] for verb in VERBS}
    return Whole(folder, earlier, said, (before, figures(store_of(after))))


def run(folder: Path, verb: list[str]) -> tuple[int, str]:
    """A verb in this process: its exit code and what it said."""
    done = CliRunner().invoke(app, [*verb, "--config", str(folder / "shops.toml")])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        if isinstance(done.exception, AftersalesError):
            return 2, str(done.exception)
        raise done.exception
    return done.exit_code, done.output.replace(str(folder), "PLACE")


# ---- damage ------------------------------------------------------------------------------------------------------


def damage(folder: Path, earlier: Path, chance: random.Random) -> str:
    """Damage the store of ``folder`` in one way; which."""
    store = folder / "store"
    if chance.random() < 0.15:
        return _of_folders(store, earlier / "store", chance)
    files = sorted(p for p in store.rglob("*") if p.is_file() and p.suffix != ".lock" and p.stat().st_size)
    kind = chance.choice(["parquet", "log", "commits", "head", "any"])
    chosen = [p for p in files if _kind(p, store) == kind] or files
    file = chance.choice(chosen)
    name, content = file.relative_to(store).as_posix(), file.read_bytes()
    harm = chance.choice(["cut", "emptied", "removed", "flipped", "exchanged", "zeros", "older", "appended"])
    if harm == "removed":
        file.unlink()
    elif harm == "exchanged":
        others = [p for p in files if p.suffix == file.suffix and p != file]
        shutil.copy2(chance.choice(others or [folder / "shops.toml"]), file)
    elif harm == "older":
        old = earlier / "store" / name
        shutil.copy2(old, file) if old.is_file() else file.unlink()
    else:
        at = chance.randrange(len(content))
        changed = {
            "cut": content[:at], "emptied": b"", "zeros": content[:at] + bytes(len(content) - at),
            "flipped": content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :],
            "appended": content + content[-9:],
        }[harm]  # fmt: skip
        file.write_bytes(changed)
    return f"{name} {harm}"


def _of_folders(store: Path, earlier: Path, chance: random.Random) -> str:
    shop = store / SHOP
    name = chance.choice(sorted(p.name for p in shop.iterdir() if p.is_dir() and p.name != "results"))
    harm = chance.choice(["folder removed", "folder of a commit earlier", "log removed", "folder of another table"])
    place = shop / name
    if harm == "log removed" and (place / "_delta_log").is_dir():
        shutil.rmtree(place / "_delta_log")
        return f"{name} {harm}"
    shutil.rmtree(place)
    if harm == "folder of a commit earlier":
        shutil.copytree(earlier / SHOP / name, place)
    elif harm == "folder of another table":
        shutil.copytree(shop / ("refunds" if name == "orders" else "orders"), place)
    return f"{name} {harm}"


def _kind(file: Path, store: Path) -> str:
    name = file.relative_to(store).as_posix()
    if name.count("/") == 0:
        return "head"
    return "log" if "_delta_log" in name else "commits" if "/commits/" in name else file.suffix[1:]


# ---- what must hold ----------------------------------------------------------------------------------------------


def met(whole: Whole, root: Path, number: int, seed: int) -> tuple[str, str, list[str]]:
    """Damage one copy and run the verbs: which damage, how it was met, and what was wrong about that."""
    chance = random.Random(f"{seed}-{number}")
    place = root / f"damaged-{number}"
    shutil.copytree(whole.folder, place)
    harm = " and ".join(damage(place, whole.earlier, chance) for _ in range(chance.choice([1, 1, 2])))
    wrong, codes = [], []
    try:
        for verb in VERBS:
            code, said = run(place, verb)
            codes.append(code)
            if code == 0 and said != whole.said[verb[0]]:
                wrong.append(f"{verb[0]} ends with 0 and says: {said[:300]}")
            if code == 3 or "unforeseen" in said or "Traceback" in said:
                wrong.append(f"{verb[0]} did not foresee it: {said[:300]}")
        try:
            if figures(store_of(place)) not in whole.figures:
                wrong.append("a table is read that is not the whole store's")
        except AftersalesError:
            codes.append(2)
        code, said = run(place, ["doctor", "--deep"])
        if any(codes) and code == 0:
            wrong.append(f"doctor finds nothing: {said[:200]}")
        codes.append(code)
    except BaseException as error:
        wrong.append(f"ended in {type(error).__name__}: {str(error)[:300]}")
    shutil.rmtree(place)
    return harm, "named" if any(codes) else "harmless", wrong


def run_damage(root: Path, numbers: range, *, seed: int = SEED) -> tuple[Counter, list[str]]:
    """How many of these damages were named or harmless, and what was met badly."""
    whole, counts, bad = made(root), Counter(), list[str]()
    for number in numbers:
        harm, how, wrong = met(whole, root, number, seed)
        counts[how] += 1
        bad += [f"{number} ({harm}): {one}" for one in wrong]
        for line in bad[-len(wrong) :] if wrong else ():
            print(line, flush=True)
        if number % 50 == 49:
            print(f"{number + 1}: {dict(counts)}", flush=True)
    return counts, bad


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--stores", type=int, default=500)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--only", type=int, help="damage this one store, and say how it was met")
    given = asked.parse_args()
    numbers = range(given.first, given.first + given.stores)
    if given.only is not None:
        numbers = range(given.only, given.only + 1)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as text:
        counts, bad = run_damage(Path(text), numbers, seed=given.seed)
    print(
        f"{sum(counts.values())} damaged stores in {time.perf_counter() - started:,.0f} s: {counts['named']} named, "
        f"{counts['harmless']} with every figure right, {len(bad)} met badly"
    )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
