"""Every verb that writes to the store, killed after a number of its file operations or at a random moment.

Part of `kills.py`. This process imports the program and never runs a query, so that it may fork: each verb runs in a
child of its own, which kills itself (SIGKILL) right before its n-th operation on a file of the shop that Python sees
(opening, renaming, linking, removing: the audit hook counts them), or is killed after a part of the verb's own time.
What compiled code writes in between is reached by the random moments alone. `decide` is its writing part: the row of a
decision given to `record`; all the others are the functions behind the command line.
"""

from __future__ import annotations

import os
import pickle
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from small_shop import BUYER, NOW, ORDER, SHOP, figures, make, store_of

from aftersales.sources.identity import installation_key, keyed_hash
from aftersales.sources.importing import import_files, undo_import
from aftersales.sources.model_file import stored_model
from aftersales.sources.recording import record
from aftersales.sources.settings import load_settings
from aftersales.words.errors import UsageError
from aftersales_app.cases.recording import recorded
from aftersales_app.cases.writing import written
from aftersales_app.erasure import run_erase
from aftersales_app.reports.tidying import run_tidy
from aftersales_app.training import trained

LATER = NOW + timedelta(days=2)
_EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree"}
_DECISION = {
    "decision_id": "decision-1", "suggestion_id": "suggestion-1", "lever": "inspect", "scope": "shop", "owner": "Li",
    "decided_on": date(2026, 11, 22), "effective_from": date(2026, 11, 23), "measure": "refund_rate",
}  # fmt: skip


def _decide(settings: Any, shop: Any) -> None:
    record(settings, shop, "decisions", pl.DataFrame([_DECISION]), action="decide suggestion-1", now=LATER)


def _case_state(settings: Any, shop: Any) -> None:
    recorded(SHOP, f"order-{ORDER}", state="contacted", note="called", by="Li", config=settings.file, now=LATER)


def _train(settings: Any, shop: Any) -> None:
    file = settings.file.parent / "labelled.csv"
    texts = [f"{words}第{n}次" for n in range(8) for words in ("碎了一地", "破损严重", "尺码小了", "穿着偏大")]
    file.write_text("内容,原因\n" + "".join(f"{t},{'damaged' if t[0] in '碎破' else 'size'}\n" for t in texts), "utf-8")
    trained(file, force=True, config=settings.file)


VERBS: dict[str, Callable[[Any, Any], object]] = {
    "import": lambda settings, shop: import_files(settings, shop, now=LATER),
    "undo": lambda settings, shop: undo_import(settings, shop, now=LATER),
    "erase": lambda settings, shop: run_erase(settings, SHOP, buyer=BUYER, sure=True, now=LATER),
    "tidy": lambda settings, shop: run_tidy(settings, [shop], now=NOW + timedelta(days=30)),
    "decide": _decide,
    "case --state": _case_state,
    "case": lambda settings, shop: written(SHOP, f"order-{ORDER}", config=settings.file, now=LATER),
    "train": _train,
}


def in_child(work: Callable[[], Any], *, kill_at: int = 0, below: Path | None = None, seconds: float = 0.0) -> Any:
    """What the work gives, run in a fork of this process; None where it was killed. Its error is raised here."""
    into, out = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(into)
        if below is not None:
            _count(kill_at, str(below))
        try:
            answer = (True, work())
        except BaseException as error:
            kind = "question" if isinstance(error, UsageError) else "error"
            answer = (False, (kind, f"{type(error).__name__}: {error}\n{traceback.format_exc()[-1500:]}"))
        with os.fdopen(out, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
        os._exit(0)
    os.close(out)
    if seconds:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(into, "rb") as pipe:
        content = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) or not content:
        return None
    well, answer = pickle.loads(content)
    if not well:
        raise UsageError(answer[1]) if answer[0] == "question" else AssertionError(answer[1])
    return answer


_counted: list[str] = []


def _count(kill_at: int, below: str) -> None:
    def hook(event: str, args: tuple) -> None:
        if event in _EVENTS and args and isinstance(args[0], str | os.PathLike) and str(args[0]).startswith(below):
            _counted.append(event)
            if len(_counted) == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def run(folder: Path, verb: str, **kill: Any) -> Any:
    """The verb on the shop in ``folder``; how many file operations it made, None where it was killed."""

    def work() -> int:
        settings = load_settings(folder / "shops.toml")
        VERBS[verb](settings, settings.shop(SHOP))
        return len(_counted)

    return in_child(work, below=folder, **kill)


def state(folder: Path) -> dict[str, Any]:
    """What readers see, and whether all of it is whole."""

    def look() -> dict[str, Any]:
        store = store_of(folder)
        commits = store.commits()
        cases = folder / "reports" / SHOP / "cases"
        model = stored_model(store.store_path)
        return {
            "figures": figures(store), "damage": [d for c in commits for d in store.verify(c)],
            "numbers": [c.number for c in commits], "model": None if model is None else len(model),
            "dossiers": sorted(p.name for p in cases.rglob("*") if p.is_file()) if cases.is_dir() else [],
        }  # fmt: skip

    return in_child(look)


def leftovers(folder: Path, verb: str) -> list[str]:
    """What must not be there any more after the verb was completed."""

    def look() -> list[str]:
        store = store_of(folder)
        settings = load_settings(folder / "shops.toml")
        files = [p for p in store.folder.local.rglob("*") if p.is_file()]
        found = [p.name for p in files if p.suffix == ".part" and "results" not in p.parts]
        if verb == "tidy":
            listed = {f"{c.number:06d}.json" for c in store.commits()}
            found += [p.name for p in files if p.parent.name == "commits" and p.name not in listed]
        if verb != "erase":
            return found
        key = keyed_hash(pl.Series([BUYER]), key=installation_key(settings.store_path), purpose="buyer")[0]
        for file in files:
            if file.suffix == ".parquet":
                texts = pl.read_parquet(file, hive_partitioning=False, glob=False)
                hit = key in str(texts.select(pl.col(pl.String)).to_dict(as_series=False))
                hit = hit or (file.parent.name == "_delta_log" and key in str(texts.to_dicts()))
            else:
                hit = key.encode() in file.read_bytes()
            found += [f"the buyer in {file.name}"] if hit else []
        return found

    return in_child(look)


def kill_verb(template: Path, folder: Path, verb: str, ends: dict[str, Any], **kill: Any) -> tuple[bool, list[str]]:
    """Whether the verb was still at work, and what was wrong after the kill or after it was given again."""
    shutil.copytree(template, folder)
    wrong: list[str] = []
    before = state(folder)
    try:
        killed = run(folder, verb, **kill) is None
        after = state(folder)
        if after["figures"] not in (before["figures"], ends["figures"]) or after["damage"]:
            wrong.append(f"readers see neither before nor after: {after['damage']}")
        done = False
        try:
            run(folder, verb)
        except UsageError as error:  # it was done; whoever takes the lock next completes what was left
            done = True
            if after["figures"] != ends["figures"]:
                wrong.append(f"cannot be given again: {error}")
        if verb == "erase" or done:
            run(folder, "tidy")
        again = state(folder)
        wrong += [f"{part} differs after it was given again" for part in ("figures", "model", "dossiers")
                  if again[part] != ends[part]]  # fmt: skip
        wrong += [*again["damage"], *leftovers(folder, verb)]
    except AssertionError as error:
        killed = True
        wrong.append(str(error)[:1500])
    shutil.rmtree(folder)
    return killed, wrong


def run_verb_kills(
    root: Path, kills: int, *, seed: int, verbs: tuple[str, ...] = tuple(VERBS), tell: Callable[[str], None] = print
) -> tuple[Counter, list[str]]:
    """Kills in turn over the verbs, three of four at a chosen operation; how many fell into the work, and faults."""
    chance, template = random.Random(seed), root / "small"
    in_child(lambda: make(template) and None)
    ends, counts, seconds = {}, {}, {}
    for verb in verbs:
        folder = root / "end"
        shutil.copytree(template, folder)
        state(folder)  # as before a kill: files are verified, so that both runs make the same operations
        started = time.monotonic()
        counts[verb] = run(folder, verb)
        seconds[verb] = time.monotonic() - started
        if verb == "erase":
            run(folder, "tidy")
        ends[verb] = state(folder)
        shutil.rmtree(folder)
    fell, bad = Counter(), list[str]()
    for number in range(kills):
        verb = verbs[number % len(verbs)]
        if number % 4 != 3 and counts[verb]:
            kill = {"kill_at": chance.randint(1, counts[verb])}
        else:
            kill = {"seconds": chance.uniform(0.01, seconds[verb])}
        killed, wrong = kill_verb(template, root / f"kill-{number}", verb, ends[verb], **kill)
        fell[verb] += killed
        bad += [f"{verb} {kill}: {one}" for one in wrong]
        for one in wrong:
            tell(f"{verb} {kill}: {one}")
        if number % 20 == 19:
            tell(f"{number + 1} of {kills} kills, {sum(fell.values())} fell into the work, {len(bad)} met badly")
    return fell, bad
