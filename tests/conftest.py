"""What several tests share: where the real data lies, and small shops."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from once import made_once

# A busy machine is slow, not wrong: no example fails by the clock. `make test` and CI try the same examples every time;
# `make fuzz` (--hypothesis-profile=free) draws new ones, and each counterexample it finds becomes a named @example.
settings.register_profile("fixed", deadline=None, derandomize=True, database=None, print_blob=True)
settings.register_profile("free", deadline=None, derandomize=False, max_examples=1_000, print_blob=True)
settings.load_profile("fixed")

# By what they need, so that one kind can be run by itself: `make test-browser`, `make test-s3`.
_MARK_OF = {"chromium": "browser", "s3_server": "s3"}
_LONG = {"slow", "kills", "cluster", "wheel", *_MARK_OF.values()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture, mark in _MARK_OF.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
    # Files with long tests come first, those with the fewest tests before all, for theirs are the longest: so that in
    # the end no worker is left alone with minutes of work. A file stays together, for its fixtures.
    tests = Counter(item.path for item in items)
    long = {item.path for item in items if not _LONG.isdisjoint(m.name for m in item.iter_markers())}
    items.sort(key=lambda item: (item.path not in long, tests[item.path] if item.path in long else 0))


ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
S3_SERVER = Path(__file__).with_name("s3_server.py")


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the real data in ../shared/data is not here")
    return SHARED


@pytest.fixture(scope="session")
def demo_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo's export files, imported, its last week computed: for all workers, to be copied and not changed."""
    return made_once(tmp_path_factory, "demo", _make_demo)


def _make_demo(folder: Path) -> None:
    from aftersales.sources.importing import import_files
    from aftersales.sources.settings import load_settings
    from aftersales.week.findings import findings
    from aftersales.week.loading import load
    from aftersales_demo.write import write_demo

    write_demo(folder / "in", orders=6_000)
    (folder / "shops.toml").write_text(
        '[store]\npath = "store"\n[reports]\npath = "reports"\n'
        '[[shops]]\nid = "demo"\nname = "云栖家居旗舰店"\nlanguage = ["zh", "en"]\nexports = "in/yunqi"\n'
        '[[shops]]\nid = "basic"\nname = "晴野女装店"\nlanguage = "zh"\nexports = "in/basic"\n',
        "utf-8",
    )
    settings = load_settings(folder / "shops.toml")
    for shop in settings.shops:
        account = import_files(settings, shop)
        assert not account.failed
        for language in ("zh", "en"):
            findings(load(shop.id, language=language, config=str(folder / "shops.toml")))


@pytest.fixture(scope="session")
def demo(demo_made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This worker's own folder with a small demo: export files, store and shops.toml."""
    return Path(shutil.copytree(demo_made, tmp_path_factory.mktemp("demo"), dirs_exist_ok=True))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser: Debian's Chromium, driven by playwright; skipped with the reason where it cannot be had.

    One a module and no longer: while playwright runs, no other event loop can be started in this thread.
    """
    from playwright.sync_api import sync_playwright

    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("there is no Chromium here: apt-get install chromium, or name one in the variable CHROMIUM")
    with sync_playwright() as playwright:
        quiet = ("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync")
        browser = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.getuid() != 0, args=["--disable-gpu", *quiet]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server of its own process on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path_factory.mktemp("s3") / "server.log").open("w")
    server = subprocess.Popen([sys.executable, S3_SERVER, str(port)], stdout=log, stderr=log)
    try:
        for _ in range(1200):  # a busy machine takes its time
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "the S3 server did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()
        log.close()


_buckets = count(1)


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty bucket, with this process's environment set to reach it."""
    for name in [n for n in os.environ if n.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": s3_server, "AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "sesame-of-the-tests",
        "AWS_REGION": "us-east-1", "AFTERSALES_KEY": "the-tests-own-key-of-32-characters",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{os.getpid()}-{next(_buckets)}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/{bucket}", method="PUT"), timeout=30).close()
    return f"s3://{bucket}"
