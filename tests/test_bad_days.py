"""Mondays: a full disk, a folder that may not be written, a newer store, a clock set back, two runs at once, a lost key."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock

from aftersales.sources.history import record_name
from aftersales.sources.importing import import_files
from aftersales.sources.settings import load_settings
from aftersales.sources.store import ShopStore

sys.path.insert(0, str(Path(__file__).parent / "reports"))
from toy_notebooks import CHART, toy

HEAD = "订单编号,总金额,买家实际支付金额,订单状态,收货地址 ,订单创建时间,订单付款时间 ,店铺名称,退款金额\n"
ROW = '="35153130000000{n:05d}",100.00,{net},交易成功,浙江省 杭州市,2026-10-{day:02d} 10:00:00,2026-10-{day:02d} 10:01:00,{shop},{refund}\n'


def run(*words, cwd, **variables):
    env = {k: v for k, v in os.environ.items() if not k.startswith("AFTERSALES_")} | variables
    return subprocess.run(
        [sys.executable, "-m", "aftersales_app.cli", *map(str, words)],
        capture_output=True, text=True, cwd=cwd, env=env, check=False, timeout=300,
    )  # fmt: skip


def said(done):
    everything = done.stdout + done.stderr
    assert "Traceback" not in everything, everything
    assert "unforeseen" not in everything, everything
    return everything


def orders(shop, first=0, count=60):
    return HEAD + "".join(
        ROW.format(n=n, net="0.00" if n % 9 == 0 else "100.00", refund="100.00" if n % 9 == 0 else "0.00", day=1 + n % 25, shop=shop)
        for n in range(first, first + count)
    )  # fmt: skip


def house(folder, *shops, store="store", reports="reports"):
    """Shops with their export files and one quick notebook."""
    text = f'[store]\npath = "{store}"\n[reports]\npath = "{reports}"\n'
    for shop in shops:
        (folder / shop).mkdir(parents=True)
        (folder / shop / "a.csv").write_bytes(orders(f"{shop}店").encode("gb18030"))
        text += f'[[shops]]\nid = "{shop}"\nname = "{shop}店"\nlanguage = "en"\nexports = "{shop}"\n'
    (folder / "shops.toml").write_text(text, "utf-8")
    toy(folder / "notebooks", "02-weekly-overview", CHART)
    return load_settings(folder / "shops.toml")


@contextmanager
def mounted(folder, *options):
    """A small file system of its own; where that is not allowed, the test is skipped with the reason."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"no file system can be mounted here: {mount.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Take all the room that is left, but for a little."""
    with (folder / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass


def tables(settings, shop="one"):
    store = ShopStore(settings.store_path, shop)
    return {t: f.sort(f.columns) for t in ("orders", "order_records", "lineage") for f in [store.table(t).collect()]}


def test_a_full_disk_is_a_sentence_the_old_state_stands_and_with_room_the_next_run_completes(tmp_path):
    with mounted(tmp_path / "disk", "-o", "size=3m") as disk:
        settings = house(tmp_path, "one", store=str(disk / "store"))
        assert run("import", "one", cwd=tmp_path).returncode == 0
        before = tables(settings)
        (tmp_path / "one" / "b.csv").write_bytes(orders("one店", 60, 4_000).encode("gb18030"))
        fill(disk)
        full = run("import", "one", cwd=tmp_path)
        assert full.returncode == 2
        assert "The disk is full" in said(full)
        assert "make room" in said(full)
        now = tables(settings)
        assert all(now[t].equals(before[t]) for t in before)
        (disk / "filler").unlink()
        assert run("import", "one", cwd=tmp_path).returncode == 0
        assert tables(settings)["orders"].height == 4_060


def test_a_disk_that_fills_up_under_the_reports_keeps_the_good_report_and_says_why(tmp_path):
    with mounted(tmp_path / "disk", "-o", "size=16m") as disk:
        house(tmp_path, "one", reports=str(disk / "reports"))
        first = run("weekly", cwd=tmp_path)
        assert first.returncode == 0, first.stderr
        page = disk / "reports" / "one" / "2026-W43" / "index.html"
        good = page.read_bytes()
        (tmp_path / "one" / "b.csv").write_bytes(orders("one店", 60, 10).encode("gb18030"))
        fill(disk)
        full = run("weekly", cwd=tmp_path)
        assert full.returncode in (1, 2)
        assert "The disk is full" in said(full) or "No space left" in said(full)
        assert page.read_bytes() == good
        assert json.loads((page.parent / "run.json").read_text("utf-8"))["status"] == "ok"
        (disk / "filler").unlink()
        assert run("weekly", cwd=tmp_path).returncode == 0
        assert [p.name for p in page.parent.parent.iterdir()] == ["2026-W43"], "nothing unfinished is left"


def test_a_reports_folder_that_may_not_be_written_is_named_before_anything_is_made(tmp_path):
    with mounted(tmp_path / "disk", "-o", "size=1m,ro") as disk:
        house(tmp_path, "one", reports=str(disk))
        done = run("weekly", cwd=tmp_path)
    assert done.returncode == 2
    assert f"The reports folder {disk} cannot be written" in said(done)
    assert "Read-only file system" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become somebody else")
def test_somebody_without_rights_hears_which_folder_it_is():
    with tempfile.TemporaryDirectory() as text:
        os.chmod(text, 0o755)
        _without_rights(Path(text))


def _without_rights(tmp_path):
    settings = house(tmp_path, "one")
    import_files(settings, settings.shop("one"))
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_mode & 0o005 != 0o005:
            pytest.skip(f"{folder} is closed to others")
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "aftersales_app.cli", "weekly"],
        cwd=tmp_path, capture_output=True, text=True, check=False, env={**os.environ, "HOME": "/nonexistent"},
    )  # fmt: skip
    if "Permission denied" in done.stderr and "aftersales:" not in done.stderr:
        pytest.skip("the interpreter itself may not be used by others here")
    assert done.returncode == 2
    assert f"The reports folder {tmp_path / 'reports'} cannot be written" in said(done)


def test_a_store_of_a_newer_program_is_refused_and_left_alone(tmp_path):
    settings = house(tmp_path, "one")
    import_files(settings, settings.shop("one"))
    store = ShopStore(settings.store_path, "one")
    newest = store.folder.local / record_name(store.head().number)
    following = json.loads(newest.read_text("utf-8"))
    following |= {"commit": following["commit"] + 1, "store_format": 99, "tables": "told in another way"}
    (newest.parent / Path(record_name(following["commit"])).name).write_text(json.dumps(following), "utf-8")
    (tmp_path / "one" / "b.csv").write_bytes(orders("one店", 60, 10).encode("gb18030"))
    versions = {t: store.version(t) for t in ("orders", "order_records")}
    for words in (["import", "one"], ["weekly"], ["status"]):
        text = said(run(*words, cwd=tmp_path))
        assert "written by a newer version of this program" in text, words
        assert "format 99" in text
        assert "update the program" in text
    assert {t: store.version(t) for t in versions} == versions


def test_a_clock_set_back_is_said_and_harms_nothing(tmp_path):
    settings = house(tmp_path, "one")
    shop = settings.shop("one")
    ahead = datetime.now(UTC) + timedelta(days=200)
    import_files(settings, shop, now=ahead)
    (tmp_path / "one" / "b.csv").write_bytes(orders("one店", 60, 10).encode("gb18030"))
    done = run("import", "one", cwd=tmp_path)
    assert done.returncode == 0
    assert "clock is behind the shop's last import" in said(done)
    store = ShopStore(settings.store_path, "one")
    assert store.table("orders").collect().height == 70
    assert [c.number for c in store.commits()] == sorted(c.number for c in store.commits())
    assert store.as_of(datetime.now(UTC).date() + timedelta(days=1)).number == store.head().number
    assert run("weekly", cwd=tmp_path).returncode == 0


def test_of_two_weekly_runs_the_second_says_so_and_stops(tmp_path):
    house(tmp_path, "one")
    done = tmp_path / "second-has-ended"
    slow = (
        f"import time\nfrom pathlib import Path\nwhile not Path({str(done)!r}).exists():\n    time.sleep(0.1)\n" + CHART
    )
    toy(tmp_path / "notebooks", "02-weekly-overview", slow)
    program = [sys.executable, "-m", "aftersales_app.cli", "weekly"]
    first = subprocess.Popen(program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        held = FileLock(tmp_path / "reports" / ".weekly.lock")
        while not (tmp_path / "reports" / "one").exists():
            assert first.poll() is None
            time.sleep(0.1)
        second = run("weekly", cwd=tmp_path)
        done.touch()
        assert second.returncode == 2
        assert "Another weekly run is making reports in this folder" in said(second)
        out, err = first.communicate(timeout=600)
        assert first.returncode == 0, out + err
        held.acquire(timeout=60)
        held.release()
    finally:
        first.kill()


def test_a_lost_key_is_said_plainly_with_what_to_do(tmp_path):
    settings = house(tmp_path, "one")
    import_files(settings, settings.shop("one"))
    (tmp_path / "aftersales.key").unlink()
    done = run("import", "one", cwd=tmp_path)
    assert done.returncode == 2
    text = said(done)
    assert "The installation key is not the one this store was written with" in text
    assert "put the kept copy of aftersales.key back" in text
    assert "import all files again" in text
    # and what is said to do helps
    shutil.rmtree(tmp_path / "store")
    assert run("import", "one", cwd=tmp_path).returncode == 0


BAD = {
    "loops": ("while True:\n    pass", "limit of 25.0 seconds"),
    "hungry": ("held = []\nwhile True:\n    held.append(bytearray(20_000_000))", "limit of 900 MB"),
    "greedy": ("held = bytearray(40_000_000_000)", "MemoryError"),
    "aborts": ("import polars as pl\nheld = pl.repeat(1, 4_000_000_000, eager=True)", "aborted (signal SIGABRT)"),
    "dies": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
}


@pytest.mark.slow
def test_notebooks_that_loop_eat_memory_or_kill_their_process_cost_their_own_report_only(tmp_path):
    # one notebook, whose code asks which shop it is for and then does that shop's harm
    harm = "".join(f"if shop == {name!r}:\n    exec({code!r})\n" for name, (code, _) in BAD.items())
    # only what never ends waits for its time limit; the others have time enough on a busy machine
    rest = ["good", *(shop for shop in BAD if shop != "loops")]
    for shops, limit in ((["loops"], 25), (rest, 300)):
        place = tmp_path / str(limit)
        place.mkdir()
        settings = house(place, *shops)
        toy(place / "notebooks", "02-weekly-overview", harm + CHART)
        done = run("weekly", "--jobs", "2", "--time-limit", str(limit), "--memory-limit", "900", cwd=place)
        assert done.returncode == 1
        for shop in set(settings.ids) - {"good"}:
            [line] = [one for one in done.stdout.splitlines() if one.startswith(f"{shop} ")]
            assert BAD[shop][1] in line
            record = json.loads((place / "reports" / shop / "2026-W43" / "run.json").read_text("utf-8"))
            assert record["status"] == "failed"
    assert "1 done" in said(done)
    report = place / "reports" / "good" / "2026-W43"
    assert (report / "index.html").is_file()
    assert nbformat.read(report / "notebooks" / "02-weekly-overview.ipynb", 4)
