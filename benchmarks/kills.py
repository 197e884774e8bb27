"""Import, weekly run and mail killed at random moments: the next run completes by itself, and nothing tells of it.

    python benchmarks/kills.py [--verbs 100] [--import 70] [--weekly 70] [--mail 60] [--seed 20261124]

A small shop in the platforms' real formats; the program itself, in processes of its own; SIGKILL to the program alone
or with all its workers, at a moment drawn evenly over an undisturbed run (its imports done), mails half of the time
while the server is being spoken to. After each kill what readers see is a whole state, before or after; then the same
command is given again, and must end well. Then the store's tables equal those of an undisturbed run, row by row; every
page and index is byte by byte that of an undisturbed run, every finding to the ninth digit, and nothing unfinished lies
about; every mail has arrived once, or has not and is named as in doubt. Before that, every verb that writes to the
store (`verb_kills`) is killed at chosen file operations and at random moments, on a smaller shop.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import psutil
from aiosmtpd.controller import Controller
from polars.testing import assert_frame_equal
from verb_kills import run_verb_kills

from aftersales.sources.records import KEPT
from aftersales.sources.settings import load_settings
from aftersales.sources.store import Commit, ShopStore
from aftersales_app.reports.place import read_record
from aftersales_demo.write import write_demo

SEED = 20_261_124
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
SHOP, WEEK = "basic", "2026-W47"
MANAGERS = 8
# what a verb needs is imported before the clock starts, so that the moments fall into the work
NEEDS = {
    "import": "aftersales.sources.importing",
    "weekly": "aftersales_app.reports.weekly",
    "mail": "aftersales_app.mail.mailing",
}
PROGRAM = """
import sys
import aftersales_app.cli, {needs}
print("ready", flush=True)
sys.argv[0] = "aftersales"
aftersales_app.cli.main()
"""


class Post:
    """A mail server that takes its time over each mail, so that a kill can fall into it."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.first_at = 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.first_at = self.first_at or time.monotonic()
        await asyncio.sleep(0.02)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0.03)
        self.arrived += envelope.rcpt_tos
        await asyncio.sleep(0.03)  # it has arrived and is not answered yet: the doubtful moment
        return "250 taken"


@contextmanager
def post_office() -> Iterator[tuple[Post, int]]:
    post = Post()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Controller(post, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield post, port
    finally:
        server.stop()


def made_place(folder: Path, *, notebooks: tuple[str, ...]) -> None:
    """A shop with one half of its files imported and the other half new, and the notebooks to run."""
    write_demo(folder / "all", orders=300, weeks=16)
    (folder / "in").mkdir()
    (folder / "notebooks").mkdir()
    for name in notebooks:
        shutil.copy(NOTEBOOKS / f"{name}.ipynb", folder / "notebooks")
    configure(folder, port=1)
    halves = sorted((folder / "all" / "basic").glob("*.[cx]*"))
    for file in halves:
        if "202608" in file.name:
            shutil.copy(file, folder / "in")
    finished(folder, "import", SHOP)
    for file in halves:
        shutil.copy(file, folder / "in")
    shutil.rmtree(folder / "all")


def configure(folder: Path, *, port: int) -> None:
    managers = ", ".join(f'"m{n}@b.example"' for n in range(MANAGERS))
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        f'[mail]\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\nsender = "house@b.example"\n'
        f'[[shops]]\nid = "{SHOP}"\nname = "晴野女装店"\nlanguage = "zh"\nexports = "in"\nmanagers = [{managers}]\n'
        'analysts = ["ana@b.example"]\n',
        "utf-8",
    )


def copied(template: Path, folder: Path) -> Path:
    shutil.copytree(template, folder, symlinks=True)
    return folder


# ---- running and killing -----------------------------------------------------------------------------------------


def started(folder: Path, *words: str) -> subprocess.Popen:
    """The program at work, its imports done."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(needs=NEEDS[words[0]]), *words, "--config", str(folder / "shops.toml")],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finished(folder: Path, *words: str, code: int = 0) -> tuple[str, float]:
    """Run to the end; what it said, and the seconds it took."""
    process = started(folder, *words)
    since = time.monotonic()
    out, err = process.communicate(timeout=300)
    if process.returncode not in (0, code) or "Traceback" in out + err:
        raise AssertionError(f"{words} ended with {process.returncode}: {out}{err}")
    return out, time.monotonic() - since


def killed(process: subprocess.Popen, *, with_workers: bool) -> bool:
    """Kill it, and wait until nothing of it lives; whether it was still at work."""
    with_all = [*psutil.Process(process.pid).children(recursive=True)] if process.poll() is None else []
    at_work = process.poll() is None
    if with_workers and at_work:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(with_all, timeout=30)
    assert not alive, f"workers outlive the program: {alive}"
    return at_work


# ---- what must hold ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Store:
    """What readers see: the number of commits, and every table's rows."""

    commits: tuple[str, ...]
    tables: dict[str, pl.DataFrame] = field(repr=False)

    def same(self, other: Store) -> list[str]:
        """In which tables the two differ."""
        differing = [t for t, frame in self.tables.items() if not frame.equals(other.tables[t])]
        return [*differing, *(["commits"] if self.commits != other.commits else [])]


def seen(folder: Path) -> Store:
    settings = load_settings(folder / "shops.toml")
    store = ShopStore(settings.store_path, SHOP)
    commits = store.commits()
    head: Commit = commits[-1]
    tables = {name: store.table(name, head, with_month=True).collect() for name in KEPT}
    sorted_tables = {name: frame.sort(frame.columns) for name, frame in tables.items()}
    return Store(tuple(c.action for c in commits), sorted_tables)


def report_files(folder: Path) -> dict[str, bytes]:
    """The reports as they lie there, without what tells the time of the run or of the imports."""
    reports = folder / "reports"
    files = [p for p in sorted(reports.rglob("*")) if p.is_file() and not p.name.startswith((".", "run.json"))]
    found = {str(p.relative_to(reports)): p.read_bytes() for p in files if p.suffix != ".ipynb"}
    store = ShopStore(load_settings(folder / "shops.toml").store_path, SHOP)
    made = {c.made_at.astimezone(ZoneInfo(store.zone)) for c in store.commits()}
    for moment in made:
        found = {n: text.replace(f"{moment:%Y-%m-%d %H:%M}".encode(), b"then") for n, text in found.items()}
    return found


def differing(now: dict[str, bytes], then: dict[str, bytes]) -> list[str]:
    """The files that are not the same: pages to the byte, findings to the ninth digit.

    Delta writes merged rows in no fixed order, and the last digit of a sum of floats depends on it.
    """
    return [name for name in sorted(now.keys() | then.keys()) if not _alike(name, now.get(name), then.get(name))]


def _alike(name: str, now: bytes | None, then: bytes | None) -> bool:
    if now is None or then is None or now == then or not name.endswith(".parquet"):
        return now == then
    try:
        assert_frame_equal(pl.read_parquet(now), pl.read_parquet(then), check_exact=False, rel_tol=1e-9, abs_tol=1e-9)
    except AssertionError:
        return False
    return True


def unfinished(folder: Path) -> list[str]:
    """Attempts that were left lying about."""
    found = [
        p for p in (folder / "reports").rglob("*") if ".partial-" in p.name or ".old-" in p.name or p.suffix == ".part"
    ]
    return [str(p.relative_to(folder)) for p in found]


def check_report(folder: Path) -> None:
    """What a manager who looks right now sees: nothing yet, or a whole report."""
    report = folder / "reports" / SHOP / WEEK
    index = folder / "reports" / "index.html"
    assert not index.exists() or index.read_text("utf-8").rstrip().endswith("</html>"), "half an index"
    if not report.exists():
        return
    record = read_record(report)
    assert record.get("status") == "ok", f"a report without a good record: {record}"
    for notebook in record["notebooks"]:
        assert (report / notebook["page"]).read_text("utf-8").rstrip().endswith("</html>"), "half a page"
    for finding in (report / "findings").glob("*.parquet"):
        pl.read_parquet(finding)


# ---- the three verbs ---------------------------------------------------------------------------------------------


def kill_import(place: Path, whole: Store, seconds: float, chance: random.Random) -> bool:
    before = seen(place)
    process = started(place, "import", SHOP)
    time.sleep(chance.uniform(0, seconds))
    at_work = killed(process, with_workers=chance.random() < 0.5)
    after = seen(place)
    assert not after.same(before) or not after.same(whole), f"readers see half an import: {after.same(before)}"
    finished(place, "import", SHOP)
    assert not seen(place).same(whole), f"the store differs in {seen(place).same(whole)}"
    return at_work


def kill_weekly(place: Path, whole: Store, files: dict[str, bytes], seconds: float, chance: random.Random) -> bool:
    process = started(place, "weekly", "--jobs", "1")
    time.sleep(chance.uniform(0, seconds))
    at_work = killed(process, with_workers=chance.random() < 0.5)
    check_report(place)
    finished(place, "weekly", "--jobs", "1")
    check_report(place)
    assert not seen(place).same(whole), f"the store differs in {seen(place).same(whole)}"
    now = report_files(place)
    assert not differing(now, files), f"differing: {differing(now, files)}"
    assert not unfinished(place), unfinished(place)
    return at_work


def kill_mail(place: Path, seconds: float, chance: random.Random) -> tuple[bool, int]:
    """Whether it was at work, and how many mails were in doubt afterwards."""
    with post_office() as (post, port):
        configure(place, port=port)
        process = started(place, "mail", "--week", WEEK)
        if chance.random() < 0.5:
            while not post.first_at and process.poll() is None:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, MANAGERS * 0.12))
        else:
            time.sleep(chance.uniform(0, seconds))
        at_work = killed(process, with_workers=True)
        time.sleep(0.2)  # the server finishes what it was handed
        said, _ = finished(place, "mail", "--week", WEEK, code=1)
        arrived = Counter(post.arrived)
        everybody = {f"m{n}@b.example" for n in range(MANAGERS)}
        named = [line for line in said.splitlines() if "--in-doubt" in line]
        doubtful = {one for one in everybody if any(one in line for line in named)}
        assert max(arrived.values(), default=1) == 1, f"a mail came twice: {arrived}"
        missing = everybody - arrived.keys()
        assert missing <= doubtful, f"lost and not named: {missing - doubtful}\n{said}"
        assert len(doubtful) <= 1, "more in doubt than can be under way at once"
        finished(place, "mail", "--week", WEEK, "--in-doubt", "sent")
        assert Counter(post.arrived) == arrived, "a settled mail was sent again"
    return at_work, len(doubtful)


def run_kills(
    root: Path, *, imports: int = 0, weeklies: int = 0, mails: int = 0, seed: int = SEED, notebooks: tuple[str, ...],
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:  # fmt: skip
    """All kills; how many fell into the work, by verb, and how many mails were left in doubt."""
    chance = random.Random(seed)
    fell = dict.fromkeys(("import", "weekly", "mail", "in doubt"), 0)
    template = root / "template"
    template.mkdir()
    made_place(template, notebooks=notebooks)
    undisturbed = copied(template, root / "undisturbed")
    _, import_seconds = finished(undisturbed, "import", SHOP)
    whole = seen(undisturbed)
    for number in range(imports):
        place = copied(template, root / f"import-{number}")
        fell["import"] += kill_import(place, whole, import_seconds, chance)
        shutil.rmtree(place)
        tell(f"import {number + 1} of {imports}")
    if weeklies or mails:
        reported = copied(template, root / "reported")
        _, weekly_seconds = finished(reported, "weekly", "--jobs", "1")
        files = report_files(reported)
    for number in range(weeklies):
        place = copied(template, root / f"weekly-{number}")
        fell["weekly"] += kill_weekly(place, whole, files, weekly_seconds, chance)
        shutil.rmtree(place)
        tell(f"weekly {number + 1} of {weeklies}")
    if mails:
        with post_office() as (_, port):
            mailed = copied(reported, root / "mailed")
            configure(mailed, port=port)
            _, mail_seconds = finished(mailed, "mail", "--week", WEEK)
    for number in range(mails):
        place = copied(reported, root / f"mail-{number}")
        at_work, doubtful = kill_mail(place, mail_seconds, chance)
        fell["mail"] += at_work
        fell["in doubt"] += doubtful
        shutil.rmtree(place)
        tell(f"mail {number + 1} of {mails}")
    return fell


def _kill_verbs(number: int, seed: int) -> None:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as text:
        fell, bad = run_verb_kills(Path(text), number, seed=seed)
    shown = ", ".join(f"{verb} {times}" for verb, times in fell.items())
    print(f"{number} kills of verbs in {time.monotonic() - started:,.0f} s, {fell.total()} while at work: {shown}")
    print(f"{len(bad)} faults after the verb was given again")
    if bad:
        sys.exit(1)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--verbs", type=int, default=100, help="kills in turn over every verb that writes to the store")
    asked.add_argument("--import", dest="imports", type=int, default=70)
    asked.add_argument("--weekly", dest="weeklies", type=int, default=70)
    asked.add_argument("--mail", dest="mails", type=int, default=60)
    asked.add_argument("--seed", type=int, default=SEED)
    given = asked.parse_args()
    if given.verbs:  # first of all: their processes are forks, and nothing that ran a query may fork
        _kill_verbs(given.verbs, given.seed)
    if not (given.imports or given.weeklies or given.mails):
        return
    with tempfile.TemporaryDirectory() as text:
        fell = run_kills(
            Path(text), imports=given.imports, weeklies=given.weeklies, mails=given.mails, seed=given.seed,
            notebooks=("01-data-health", "02-weekly-overview"),
            tell=lambda words: print(words, end="\r", flush=True),
        )  # fmt: skip
    total = given.imports + given.weeklies + given.mails
    at_work = fell["import"] + fell["weekly"] + fell["mail"]
    asked_for = {"import": given.imports, "weekly": given.weeklies, "mail": given.mails}
    shown = ", ".join(f"{verb} {fell[verb]} of {number}" for verb, number in asked_for.items())
    print(f"{total} kills, {at_work} while at work: {shown}")
    print(f"every next run completed; nothing lost, halved or doubled; mails in doubt, each named: {fell['in doubt']}")


if __name__ == "__main__":
    main()
